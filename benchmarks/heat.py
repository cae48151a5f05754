"""Check whether heat maps point at the evidence: in mosaics where one picture shows the class in question.

    python benchmarks/heat.py SHARED

A mosaic has 2 x 2 or 3 x 3 held-out pictures that were answered right; one is of the class, the others are of other
classes (the grid pointing game of Böhle, Fritz and Schiele 2021, "Convolutional Dynamic Alignment Networks for
Interpretable Classifications", section 5.1). The table shows which share of the evidence for the class lies in its
part, and how often the hottest cell does. It goes into docs/report.md and takes some minutes on two cores.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from measuring import write_section
from PIL import Image

import headstart as hs
from headstart.backbones.forward import normalise
from headstart.base.types import Affine
from headstart.bundle import Model
from headstart.pixels.covering import SPOTS, alone, covered, on_cells
from headstart.table import read_table, with_splits

PAGE = Path(__file__).resolve().parents[1] / "docs" / "report.md"
SETS = ("hymenoptera", "flowers5")
HEADS = ("linear", "svm", "knn")
MOSAICS, FINE = 12, 24  # cells of 8 x 8, parts of 2 x 2 and of 3 x 3 all fall on a raster of 24
SURE = 12  # pictures of each class to draw from

Mosaic = tuple[np.ndarray, int, int]


def mosaics(model: Model, squares: dict[int, list[np.ndarray]], parts: int) -> Iterator[Mosaic]:
    """Yield (picture, the class asked about, the part that shows it)."""
    generator, side = np.random.default_rng(parts), model.preprocessing.input_size
    edges = [round(side * at / parts) for at in range(parts + 1)]
    for number in range(MOSAICS):
        label, place = number % len(model.classes), int(generator.integers(parts * parts))
        picture = np.zeros((side, side, 3), np.uint8)
        for part in range(parts * parts):
            others = [k for k in range(len(model.classes)) if k != label]
            pool = squares[label if part == place else int(generator.choice(others))]
            row, column = divmod(part, parts)
            rows, columns = slice(*edges[row : row + 2]), slice(*edges[column : column + 2])
            size = (columns.stop - columns.start, rows.stop - rows.start)
            picture[rows, columns] = np.asarray(Image.fromarray(pool[generator.integers(len(pool))]).resize(size))
        yield picture, label, place


def opened(model: Model) -> Model:
    """Return a classifier as its bundle gives it: with its network, for Grad-CAM."""
    with tempfile.TemporaryDirectory() as place:
        return hs.load(model.save(Path(place) / "one.bundle"))


def sure_squares(model: Model, data: Path) -> dict[int, list[np.ndarray]]:
    """Return the surest right answers of each class among the pictures that were held out, framed."""
    table = with_splits(read_table(data), seed=0)
    rows = np.flatnonzero(table.splits != "train")
    squares = model.squares([table.file(int(row)) for row in rows])
    features, labels = model.features_of_squares(iter(squares)), table.labels[rows]
    probabilities = model.answers_of(features).probabilities
    found = {}
    for label in range(len(model.classes)):
        right = np.flatnonzero((labels == label) & (probabilities.argmax(axis=1) == label))
        found[label] = [squares[row] for row in right[np.argsort(-probabilities[right, label])][:SURE]]
    return found


def maps(models: list[Model], picture: np.ndarray, label: int) -> dict[str, np.ndarray]:
    """Return every way's map of what speaks for `label`, on the raster."""
    first = models[0]
    asked = [picture, *covered(picture, first.preprocessing), *alone(picture, first.preprocessing)]
    features = first.features_of_squares(iter(asked))
    found = {}
    for name, model in zip(HEADS, models, strict=True):
        said = model.answers_of(features).probabilities[:, label]
        takes, gives = said[0] - said[1 : 1 + SPOTS], said[1 + SPOTS :] - said[1 + SPOTS :].mean()
        found[f"{name}, covered and alone"] = on_cells((takes + gives) / 2)
        found[f"{name}, covered only"], found[f"{name}, alone only"] = on_cells(takes), on_cells(gives)
    found["linear, Grad-CAM"] = grad_cam(first, picture, label)
    return {name: raster(heat) for name, heat in found.items()}


def grad_cam(model: Model, picture: np.ndarray, label: int) -> np.ndarray:
    """Return Grad-CAM (Selvaraju et al. 2017) of the last convolution for the class's score against the others'."""
    assert isinstance(model.head, Affine)
    seen: list[torch.Tensor] = []
    convolutions = [part for part in model.network.modules() if isinstance(part, torch.nn.Conv2d)]
    hook = convolutions[-1].register_forward_hook(lambda *given: seen.append(given[2]))
    with torch.enable_grad():
        features = model.network(normalise(picture[None], model.preprocessing).requires_grad_())
        scores = (features @ torch.tensor(model.head.weight, dtype=torch.float32).T)[0]
        against = scores[[k for k in range(len(scores)) if k != label]].mean()
        (slope,) = torch.autograd.grad(scores[label] - against, seen[0])
    hook.remove()
    return torch.relu((slope.mean((2, 3), keepdim=True) * seen[0]).sum(1))[0].detach().numpy()


def raster(heat: np.ndarray) -> np.ndarray:
    """Return a map on 24 x 24 cells."""
    if FINE % len(heat) == 0:
        return np.kron(heat, np.ones((FINE // len(heat),) * 2))
    return np.asarray(Image.fromarray(heat.astype(np.float32)).resize((FINE, FINE), Image.Resampling.BILINEAR))


def judged(heat: np.ndarray, parts: int, place: int) -> tuple[float, float]:
    """Return the share of the positive heat in the part `place`, and whether the hottest cell lies there."""
    row, column = divmod(place, parts)
    wide = FINE // parts
    within = np.zeros((FINE, FINE), bool)
    within[row * wide : (row + 1) * wide, column * wide : (column + 1) * wide] = True
    positive = np.maximum(heat, 0.0)
    share = positive[within].sum() / positive.sum() if positive.any() else within.mean()
    return float(share), float(within.flat[heat.argmax()])


def main() -> None:
    """Print the table and write it into the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shared", type=Path)
    shared = parser.parse_args().shared
    found: dict[tuple[str, int], dict[str, list[tuple[float, float]]]] = {}
    for name in SETS:
        data = shared / "data" / name
        models = [
            opened(hs.fit(data, strategy=head, framing="squash", augment="none", readout="pool")) for head in HEADS
        ]
        squares = sure_squares(models[0], data)
        for parts in (2, 3):
            rows = found[name, parts] = defaultdict(list)
            for picture, label, place in mosaics(models[0], squares, parts):
                for way, heat in maps(models, picture, label).items():
                    rows[way].append(judged(heat, parts, place))
            for way, values in rows.items():
                print(name, parts, way, *np.mean(values, axis=0).round(3), flush=True)
    head = [f"{name}, {parts} x {parts}" for name, parts in found]
    lines = [
        f"`python benchmarks/heat.py SHARED`: {MOSAICS} mosaics of each kind; the share of the heat in the right part, "
        "and in brackets how often the hottest cell is there. Guessing gives 0.25 and 0.11.",
        "",
        f"| strategy, way | {' | '.join(head)} |",
        f"|---|{'---|' * len(head)}",
    ]
    for way in next(iter(found.values())):
        cells = [np.mean(rows[way], axis=0) for rows in found.values()]
        lines.append(f"| {way} | {' | '.join(f'{share:.2f} ({hit:.2f})' for share, hit in cells)} |")
    write_section("heat", "\n".join(lines), page=PAGE)


if __name__ == "__main__":
    main()
