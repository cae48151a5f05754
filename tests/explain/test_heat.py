"""Heat maps of classifiers whose evidence is in a known place."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from headstart.backbones.engine import TorchEngine
from headstart.base.types import Affine, Kernel, Neighbours
from headstart.bundle import Model
from headstart.explain.heat import Heat, alike, heat_of
from headstart.pixels.covering import SPOTS
from headstart.records.bundle import BundleInfo
from headstart.records.codec import encoded, from_plain
from headstart.records.heat import HeatRecord
from headstart.records.preprocessing import Preprocessing
from headstart.records.record import changed

SIDE = 64
PREPROCESSING = Preprocessing(
    input_size=SIDE, crop=1.0, interpolation="bilinear", mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), framing="squash"
)
QUARTERS = {"upper left": (0, 0), "upper right": (0, 1), "lower left": (1, 0), "lower right": (1, 1)}


class Looks(nn.Module):
    """Says how bright one quarter of a picture is, and nothing of the rest."""

    def __init__(self, row: int, column: int) -> None:
        super().__init__()
        half = SIDE // 2
        window = torch.zeros(SIDE, SIDE)
        window[row * half : (row + 1) * half, column * half : (column + 1) * half] = 1 / half**2
        self.window = nn.Parameter(window)

    def forward(self, pictures: Tensor) -> Tensor:
        return (pictures.mean(1) * self.window).sum((1, 2))[:, None]


def model(row: int = 0, column: int = 0, slope: float = 6.0) -> Model:
    head = Affine(weight=np.array([[0.0], [slope]]), bias=np.array([0.0, -1.0]))
    return Model(
        engine=TorchEngine(Looks(row, column), SIDE, decided=False),
        head=head,
        preprocessing=PREPROCESSING,
        classes=("dark", "bright"),
        info=BundleInfo(architecture="looks"),
    )


def white() -> np.ndarray:
    return np.full((SIDE, SIDE, 3), 255, np.uint8)


@pytest.mark.parametrize("name", QUARTERS)
def test_the_heat_lies_where_the_network_looks(name: str) -> None:
    from headstart.report.page.heat import told

    row, column = QUARTERS[name]
    (heat,) = heat_of([model(row, column)], white())
    assert heat.answer == "bright"
    positive = np.maximum(heat.cells(), 0.0)
    mine = positive[4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
    assert mine.sum() > 0.85 * positive.sum()  # spots of three cells straddle the border
    assert divmod(int(heat.cells().argmax()), 8)[0] // 4 == row
    assert told(heat).startswith(f"Mostly the {name}; covering a spot there takes away ")


def test_its_numbers_are_those_of_the_classifier() -> None:
    one, square = model(), white()
    (heat,) = heat_of([one], square)
    hidden = square.copy()
    hidden[:24, :24] = 128  # the first spot, under the mean colour
    whole, changed = one.answers_of(one.features_of_squares(iter([square, hidden]))).probabilities[:, 1]
    assert heat.stated == pytest.approx(whole, abs=1e-6)
    assert heat.falls[0] == pytest.approx(whole - changed, abs=1e-6)
    assert heat.falls[0] > 0.05
    assert heat.falls[-1] == pytest.approx(0.0, abs=1e-6)  # far from where it looks
    assert heat.named[0] == "bright"


def test_a_cell_is_worth_what_covering_takes_and_what_it_gives_alone() -> None:
    rng = np.random.default_rng(0)
    covered, alone = rng.random(SPOTS), rng.random(SPOTS)
    heat = Heat("bright", 0.7, covered, alone, ("bright",) * SPOTS)
    assert heat.cells()[0, 0] == pytest.approx((0.7 - covered[0] + alone[0] - alone.mean()) / 2)  # in one spot alone
    assert heat.cells()[7, 7] == pytest.approx((0.7 - covered[-1] + alone[-1] - alone.mean()) / 2)


def test_a_spot_that_speaks_against_the_answer_is_below_zero() -> None:
    square = white()
    square[SIDE // 2 :] = 0  # a network that looks everywhere: the dark half speaks against "bright"
    one = model(slope=3.0)
    network = one.engine.network
    assert isinstance(network, Looks)
    network.window.data.fill_(1 / SIDE**2 * 2)
    one.head.bias[:] = (0.0, 0.2)
    (heat,) = heat_of([one], square)
    assert heat.answer == "bright"
    assert heat.cells()[:3].min() > 0
    assert heat.cells()[5:].max() < 0


def test_heads_that_share_a_network_share_its_passes_and_answer_as_alone() -> None:
    first = model()
    numbers = {"mean": np.zeros(1), "scale": np.ones(1)}
    kernel = Kernel(
        support=np.array([[0.0], [1.0]]),
        coefficients=np.eye(2),
        bias=np.zeros(2),
        gamma=1.0,
        temperature=0.5,
        **numbers,
    )
    near = Neighbours(examples=np.array([[-1.0], [1.0]]), labels=np.array([0, 1]), k=2, classes=2, **numbers)
    models = {"linear": first, "svm": replace(first, head=kernel), "knn": replace(first, head=near)}
    other = model(1, 1)
    assert alike({**models, "partial": other}) == [["linear", "svm", "knn"], ["partial"]]
    together = heat_of(list(models.values()), white())
    for heat, one in zip(together, models.values(), strict=True):
        (alone,) = heat_of([one], white())
        assert heat.record("") == alone.record("")
    assert together[0].stated != together[1].stated


def test_it_is_read_as_it_was_written() -> None:
    (heat,) = heat_of([model()], white())
    written = heat.record("of the picture")
    read = from_plain(json.loads(encoded(written)), HeatRecord, "heat.json")
    assert read == written
    assert Heat.from_record(read).record("of the picture") == written
    with pytest.raises(ValueError, match="another number"):
        Heat.from_record(changed(written, alone=(0.1,)))
