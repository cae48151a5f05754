"""The proof: an exported classifier beside its bundle, on the user's own pictures, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headstart.base.errors import DataError, PictureError
from headstart.base.types import Floats
from headstart.base.version import __version__
from headstart.bundle import Answers, Model
from headstart.bundle.classifier import Pixels
from headstart.deliver.onnx.classifier import Exported
from headstart.evidence.conformal import USUAL
from headstart.pixels.decode import upright
from headstart.pixels.given import Given
from headstart.records.exported import Agreement, Differing, Parity, judged
from headstart.records.progress import Progress
from headstart.words.numbers import counted

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

    def agreement(self, bound: float, *, limits: bool = False) -> Agreement:
        """Return how far they agree; with `limits` also whether sets and none of these are the same."""
        mine, its = self.bundle.probabilities, self.exported.probabilities
        apart = np.abs(mine - its).max(axis=1)
        said = np.array(getattr(self.exported, "labels", ()) or [self.classes[k] for k in its.argmax(axis=1)], object)
        another = np.array([self.classes[k] for k in mine.argmax(axis=1)], object) != said
        ties = another & (_lead(mine) <= 2 * bound)
        worst = [int(row) for row in np.lexsort((-apart, ~another))[:_SHOWN]]
        return Agreement(
            pictures=len(mine),
            worst=float(apart.max(initial=0.0)),
            median=float(np.median(apart)) if len(apart) else 0.0,
            same=int(np.sum(~another)),
            ties=int(np.sum(ties)),
            bound=bound,
            same_sets=_equal_rows(self.bundle.sets(), self.exported.sets()),
            same_none=_equal_rows(self.bundle.none_of_these(), self.exported.none_of_these()),
            other=int(np.sum(self._other(bound))) if limits else 0,
            worst_pictures=tuple(
                Differing(
                    path=self.names[row],
                    difference=float(apart[row]),
                    bundle=_said(mine[row], self.classes),
                    exported=_said(its[row], self.classes, str(said[row])),
                )
                for row in worst
            ),
        )

    def _other(self, bound: float) -> NDArray[np.bool_]:
        """Return for which pictures a set or a word on none of these differs though nothing lies near its limit."""
        found = np.zeros(len(self.bundle.probabilities), bool)
        mine, its, trust = self.bundle.sets(), self.exported.sets(), self.bundle.trust
        if (mine is None) != (its is None):
            return ~found
        if mine is not None and its is not None and trust is not None:
            near = np.abs(self.bundle.probabilities - (trust.sets.thresholds.get(USUAL) or 0.0)) <= bound
            tied = _lead(self.bundle.probabilities) <= 2 * bound  # where none reaches it, the set is the answer
            found |= ((mine != its) & ~near).any(axis=1) & ~tied
        none, other = self.bundle.none_of_these(), self.exported.none_of_these()
        if (none is None) != (other is None):
            return np.ones(len(found), bool)
        if none is not None and other is not None and self.bundle.distances is not None and trust and trust.familiar:
            found |= (none != other) & (np.abs(self.bundle.distances - trust.familiar.limit) > bound)
        return found


def prove(
    exported: Exported,
    model: Model,
    pictures: Sequence[Given],
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
    pictures : sequence of Given
    kinds : mapping of str to int, optional
        How many pictures of each kind there are.
    bounds : tuple of float
        On equal squares, and from file to answer.
    progress : Progress

    Raises
    ------
    DataError
        If none of them can be read.
    EngineError
        If the exported file fails.
    """
    read = _Reading(exported, model, bounds)
    with progress.step("proof", len(pictures)) as step:
        for picture in pictures:
            step.advance()
            read.take(picture)
    if not read.names:
        raise DataError(
            f"None of {counted(len(pictures), 'picture')} can be read, so nothing is proved: '{read.unread[0]}'.",
            hint="Give others: PICTURES of verify, --data of export.",
        )
    found = Parity(
        format=FORMAT,
        headstart=__version__,
        agrees=False,
        file=Path(exported.file.name).name,
        sha256=exported.sha256,
        facts=exported.facts,
        versions={name: version(name) for name in _PACKAGES},
        kinds=kinds or {},
        on_squares=read.on_squares(),
        from_files=read.from_files(),
        at_full_size=read.at_full_size(),
        unread=tuple(read.unread),
    )
    return judged(found)


class _Reading:
    """Answers of the two, picture by picture: of large ones no more than one is in memory."""

    def __init__(self, exported: Exported, model: Model, bounds: tuple[float, float]) -> None:
        self.exported, self.model, self.bounds = exported, model, bounds
        self.whole = exported.facts.input == "picture"
        self.names: list[str] = []
        self.unread: list[str] = []
        self.large: list[int] = []  # places of JPEGs that headstart's decoder makes smaller
        self.on_equal: list[tuple[Answers, Answers]] = []
        self.of_files: list[tuple[Answers, Answers]] = []
        self.of_large: list[tuple[Answers, Answers]] = []

    def take(self, given: Given) -> None:
        """Ask about one picture; only the answers are kept."""
        prepared = self.model.preprocessing
        squares = self.model.squares([given])
        try:
            picture = (
                upright(given.source, short_side=prepared.decode_side, decoding=prepared.decoding) if squares else None
            )
            full = upright(given.source, decoding=prepared.decoding) if squares and self.whole else picture
        except PictureError:
            picture = full = None
        if picture is None or full is None:
            self.unread.append(given.name)
            return
        self.names.append(given.name)
        own = self._own(squares)
        if not self.whole:
            self.on_equal.append((own, self.exported.answers_of_squares(iter(squares))))
            return
        found = self.exported.answers_of_pictures(iter([picture]))
        self.on_equal.append((self._own([self.exported.square_of(picture)]), found))
        self.of_files.append((own, found))
        if full.shape != picture.shape:
            self.large.append(len(self.names) - 1)
            self.of_large.append((own, self.exported.answers_of_pictures(iter([full]))))

    def on_squares(self) -> Agreement:
        """Return how far they agree on the very same squares."""
        return self._both(self.on_equal, self.names).agreement(self.bounds[0], limits=True)

    def from_files(self) -> Agreement | None:
        """Return how far they agree where either reads and frames in its own way."""
        return self._both(self.of_files, self.names).agreement(self.bounds[1]) if self.whole else None

    def at_full_size(self) -> Agreement | None:
        """Return the same of large JPEGs that are given at their full size; None where there are none."""
        names = [self.names[place] for place in self.large]
        return self._both(self.of_large, names).agreement(self.bounds[1]) if names else None

    def _own(self, squares: list[Pixels]) -> Answers:
        return self.model.answers_of(self.model.features_of_squares(iter(squares)))

    def _both(self, pairs: list[tuple[Answers, Answers]], names: list[str]) -> _Both:
        own = self.model.answers_of(np.zeros((0, 0), np.float32))
        mine = joined([own, *(one for one, _ in pairs)])
        return _Both(mine, self.exported.joined([its for _, its in pairs]), names, self.model.classes)


def joined(parts: Sequence[Answers]) -> Answers:
    """Return answers that were given one after the other as one."""
    distances = [one.distances for one in parts if one.distances is not None]
    return replace(
        parts[0],
        probabilities=np.concatenate([one.probabilities for one in parts]),
        distances=np.concatenate(distances) if distances else None,
    )


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


def _said(row: Floats, classes: Sequence[str], label: str = "") -> str:
    best = int(row.argmax())
    return f"{label or classes[best]} {row[best]:.4f}"
