"""The proof: an exported classifier beside its bundle, on the user's own pictures, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headstart.base.errors import PictureError
from headstart.base.types import Floats
from headstart.base.version import __version__
from headstart.bundle import Answers, Model
from headstart.bundle.classifier import Pixels
from headstart.deliver.onnx.classifier import Exported
from headstart.pixels.decode import upright
from headstart.pixels.given import given_pictures
from headstart.records.exported import Agreement, Differing, Parity
from headstart.records.progress import Progress

FORMAT = 1
ON_SQUARES = 1e-4  # of a probability: the same squares, so only the arithmetic differs
FROM_FILES = 1e-2  # scaled by Pillow and by the graph
_SHOWN = 5
_PACKAGES = ("onnx", "onnxruntime", "torch", "pillow", "numpy")


@dataclass(frozen=True, eq=False)
class _Both:
    """What the two say of the same pictures."""

    bundle: Answers
    exported: Answers
    names: Sequence[str]
    classes: Sequence[str]

    def agreement(self, bound: float) -> Agreement:
        """Return how far they agree."""
        mine, its = self.bundle.probabilities, self.exported.probabilities
        apart = np.abs(mine - its).max(axis=1)
        other = mine.argmax(axis=1) != its.argmax(axis=1)
        ties = other & (_lead(mine) <= 2 * bound)
        worst = [int(row) for row in np.argsort(-apart, kind="stable")[:_SHOWN]]
        return Agreement(
            pictures=len(mine),
            worst=float(apart.max(initial=0.0)),
            median=float(np.median(apart)) if len(apart) else 0.0,
            same=int(np.sum(~other)),
            ties=int(np.sum(ties)),
            bound=bound,
            same_sets=_equal_rows(self.bundle.sets(), self.exported.sets()),
            same_none=_equal_rows(self.bundle.none_of_these(), self.exported.none_of_these()),
            worst_pictures=tuple(
                Differing(
                    path=self.names[row],
                    difference=float(apart[row]),
                    bundle=_said(mine[row], self.classes),
                    exported=_said(its[row], self.classes),
                )
                for row in worst
            ),
        )


def prove(
    exported: Exported,
    model: Model,
    pictures: Sequence[Path],
    *,
    kinds: dict[str, int] | None = None,
    bounds: tuple[float, float] = (ON_SQUARES, FROM_FILES),
    progress: Progress,
) -> Parity:
    """Return how far an exported classifier and its bundle agree on these pictures.

    Parameters
    ----------
    exported : Exported
    model : Model
        The bundle's, on its own network.
    pictures : sequence of Path
    kinds : mapping of str to int, optional
        How many pictures of each kind there are.
    bounds : tuple of float
        On equal squares, and from file to answer.
    progress : Progress

    Raises
    ------
    EngineError
        If the exported file fails.
    """
    read = _Reading(exported, model, bounds)
    with progress.step("proof", len(pictures)) as step:
        for path in pictures:
            step.advance()
            read.take(path)
    return Parity(
        format=FORMAT,
        headstart=__version__,
        file=Path(exported.file.name).name,
        sha256=exported.sha256,
        facts=exported.facts,
        versions={name: version(name) for name in _PACKAGES},
        kinds=kinds or {},
        on_squares=read.on_squares(),
        from_files=read.from_files(),
        unread=tuple(read.unread),
    )


class _Reading:
    """Answers of the two, picture by picture: of large ones no more than one is in memory."""

    def __init__(self, exported: Exported, model: Model, bounds: tuple[float, float]) -> None:
        self.exported, self.model, self.bounds = exported, model, bounds
        self.whole = exported.facts.input == "picture"
        self.names: list[str] = []
        self.unread: list[str] = []
        self.squares: list[Pixels] = []  # as the exported file frames them
        self.own_squares: list[Pixels] = []  # as the bundle does
        self.answers: list[Answers] = []

    def take(self, path: Path) -> None:
        """Ask about one picture."""
        own = self.model.squares(given_pictures([path]))
        try:
            picture = upright(path, decoding=self.model.preprocessing.decoding) if own and self.whole else None
        except PictureError:
            own, picture = [], None
        if not own:
            self.unread.append(str(path))
            return
        self.names.append(str(path))
        self.own_squares += own
        if picture is not None:
            self.answers.append(self.exported.answers_of_pictures(iter([picture])))
            self.squares.append(self.exported.square_of(picture))

    def on_squares(self) -> Agreement:
        """Return how far they agree on the very same squares."""
        if self.whole:
            return self._both(self.squares, self._found()).agreement(self.bounds[0])
        return self._both(self.own_squares, self.exported.answers_of_squares(iter(self.own_squares))).agreement(
            self.bounds[0]
        )

    def from_files(self) -> Agreement | None:
        """Return how far they agree where either reads and frames in its own way."""
        return self._both(self.own_squares, self._found()).agreement(self.bounds[1]) if self.whole else None

    def _both(self, squares: list[Pixels], said: Answers) -> _Both:
        own = self.model.answers_of(self.model.features_of_squares(iter(squares)))
        return _Both(own, said, self.names, self.model.classes)

    def _found(self) -> Answers:
        return self.exported.joined(self.answers)


def _lead(probabilities: Floats) -> Floats:
    """Return by how much the most probable class leads, (n,)."""
    if probabilities.shape[1] < 2:
        return np.ones(len(probabilities))
    top = np.sort(probabilities, axis=1)
    lead: Floats = top[:, -1] - top[:, -2]
    return lead


def _equal_rows(mine: NDArray[np.bool_] | None, its: NDArray[np.bool_] | None) -> int | None:
    if mine is None or its is None:
        return None
    return int(np.sum((mine == its).reshape(len(mine), -1).all(axis=1)))


def _said(row: Floats, classes: Sequence[str]) -> str:
    best = int(row.argmax())
    return f"{classes[best]} {row[best]:.4f}"
