"""The fake of the frozen network answers as the real one is asked, and cannot be asked for a network."""

from __future__ import annotations

import numpy as np
import pytest
from builders import PREPROCESSING, context_of

from headstart.experiment.passes import PartPasses, PixelPasses
from headstart.features import PLAIN, View
from headstart.strategies.division import Division
from headstart.strategies.passes import HELD_OUT, FakePasses, FrozenPasses, Look, fake_backbone


def fake() -> tuple[Division, FakePasses]:
    context = context_of()
    division, values = context.division, np.arange(160, dtype=np.float32).reshape(80, 2)
    stored = {"late": np.arange(80, dtype=np.float16)[:, None]}
    return division, FakePasses(division, values, stored)


def test_what_is_said_of_a_part_is_that_of_its_rows() -> None:
    division, passes = fake()
    held = passes.features("held out", PREPROCESSING, look=HELD_OUT)
    assert held[:, 0].tolist() == (2 * division.held_out).tolist()
    view = View("photo", 1, 0)
    late = passes.activations("learning", PREPROCESSING, cut="late", look=Look("activations", "x"), view=view)
    assert late[:, 0].tolist() == division.learning.tolist()
    assert passes.asked == [("held out", "features, held out", PLAIN), ("learning", "x", view)]


def test_it_costs_nothing() -> None:
    _, passes = fake()
    assert (passes.spent, passes.seconds) == (0.0, {})


@pytest.mark.parametrize("kind", [FakePasses, PixelPasses, PartPasses])
def test_all_passes_offer_what_fits_ask_for(kind: type) -> None:
    for name in ("features", "activations", "network", "spent", "seconds"):
        assert name in vars(FrozenPasses)
        assert hasattr(kind, name) or name in kind.__annotations__, name


def test_a_fake_backbone_has_numbers_and_no_network() -> None:
    backbone = fake_backbone(7, side=48, stages=("input", "late"))
    assert (backbone.features, backbone.blocks, backbone.readout) == (7, (7,), "pool")
    assert [stage.name for stage in backbone.stages] == ["input", "late", "pool"]
    assert backbone.preprocessing.input_size == 48
    with pytest.raises(RuntimeError, match="has no network"):
        _ = backbone.network
