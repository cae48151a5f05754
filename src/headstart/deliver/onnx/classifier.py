"""A classifier that was exported, as headstart itself asks it: without torch, and without its bundle."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.backbones.onnx import OnnxFile
from headstart.base.errors import BundleError, EngineError, StoreError
from headstart.base.files import sha256_of_bytes, store_error
from headstart.base.forms import HEAD, OTHER, form_of
from headstart.base.types import Floats
from headstart.base.version import __version__
from headstart.bundle import Answers, Classifier
from headstart.bundle.classifier import Pixels
from headstart.deliver.onnx.form import FACTS, FORMAT, LABEL, NONE, PICTURE, PROBABILITIES, SET, SQUARE, SQUARES
from headstart.deliver.onnx.seal import is_sealed
from headstart.evidence.conformal import USUAL
from headstart.pixels import frame
from headstart.records.bundle import BundleInfo
from headstart.records.codec import from_plain
from headstart.records.exported import ExportedFacts

_AT_ONCE = 8  # squares: what a layer says of them stays in the processor's cache
_AGAIN = "Export it again: headstart export BUNDLE --to onnx --out FILE.onnx"
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class ExportedAnswers(Answers):
    """Answers of an exported file, which itself says what is in a set and what is none of these."""

    members: Flags | None = None
    rejected: Flags | None = None
    labels: tuple[str, ...] = ()

    def sets(self, level: float = USUAL) -> Flags | None:
        """Return which classes are in the set of each picture, (n, classes); only of the level of the file."""
        return self.members if level == USUAL else None

    def none_of_these(self) -> Flags | None:
        """Return which pictures resemble nothing that was trained on, (n,)."""
        return self.rejected

    def part(self, rows: Flags) -> Answers:
        """Return the answers for some of the pictures."""
        kept = super().part(rows)
        members, rejected = (None if one is None else one[rows] for one in (self.members, self.rejected))
        return replace(kept, members=members, rejected=rejected)  # type: ignore[call-arg]


@dataclass(frozen=True, kw_only=True, eq=False)
class Exported(Classifier):
    """An exported file that was opened.

    Parameters
    ----------
    file : OnnxFile
    facts : ExportedFacts
        What it says of itself.
    sha256 : str
        Of the whole file.
    """

    file: OnnxFile
    facts: ExportedFacts
    sha256: str = ""

    def __repr__(self) -> str:
        """Return one line."""
        return f"<Exported {self.facts.strategy} on {self.facts.network}, {len(self.classes)} classes>"

    def answers_of_pictures(self, decoded: Iterator[Pixels]) -> Answers:
        """Return the answers for whole pictures."""
        if self.facts.input == "squares":
            return self.answers_of_squares(frame(one, self.preprocessing) for one in decoded)
        return self._answers([self.file.run(self._asked, {PICTURE: one}) for one in decoded], single=True)

    def answers_of_squares(self, squares: Iterator[Pixels]) -> Answers:
        """Return the answers for framed pictures; a file that takes whole pictures frames them once more."""
        if self.facts.input == "picture":
            return self.answers_of_pictures(squares)
        found, waiting = list[dict[str, NDArray[Any]]](), list[Pixels]()
        for square in squares:
            waiting.append(square)
            if len(waiting) == _AT_ONCE:
                found.append(self.file.run(self._asked, {SQUARES: np.stack(waiting)}))
                waiting = []
        if waiting:
            found.append(self.file.run(self._asked, {SQUARES: np.stack(waiting)}))
        return self._answers(found, single=False)

    def joined(self, parts: Sequence[Answers]) -> Answers:
        """Return answers that were given one after the other as one."""
        none = self._answers([], single=False)
        every = [none, *parts]
        members, rejected = ([of(one) for one in every] for of in (_members, _rejected))
        return ExportedAnswers(
            probabilities=np.concatenate([one.probabilities for one in every]),
            members=None if members[0] is None else np.concatenate([one for one in members if one is not None]),
            rejected=None if rejected[0] is None else np.concatenate([one for one in rejected if one is not None]),
            labels=tuple(label for one in every for label in getattr(one, "labels", ())),
        )

    def square_of(self, picture: Pixels) -> Pixels:
        """Return what the network sees of a picture, if the file itself frames it."""
        return np.asarray(self.file.run([SQUARE], {PICTURE: picture})[SQUARE])

    @property
    def _asked(self) -> tuple[str, ...]:
        return tuple(name for name in (PROBABILITIES, LABEL, SET, NONE) if name in self.file.outputs)

    def _answers(self, found: list[dict[str, NDArray[Any]]], *, single: bool) -> Answers:
        join = np.stack if single else np.concatenate

        def all_of(name: str, empty: NDArray[Any]) -> NDArray[Any] | None:
            if name not in self._asked:
                return None
            return np.asarray(join([one[name] for one in found])) if found else empty

        none = np.zeros((0, len(self.classes)))
        probabilities = all_of(PROBABILITIES, none)
        values: Floats = none if probabilities is None else probabilities.astype(np.float64)
        return ExportedAnswers(
            probabilities=values,
            members=all_of(SET, none.astype(bool)),
            rejected=all_of(NONE, np.zeros(0, bool)),
            labels=tuple(map(str, np.ravel(all_of(LABEL, np.zeros(0, object))))),  # type: ignore[arg-type]
        )


def _members(answers: Answers) -> Flags | None:
    return answers.sets()


def _rejected(answers: Answers) -> Flags | None:
    return answers.none_of_these()


def open_exported(place: Path, *, threads: int | None = None) -> Exported:
    """Return the classifier in an exported file.

    Raises
    ------
    StoreError
        If it cannot be read.
    BundleError
        If headstart has not written it, or a newer one has.
    EngineError
        If it is damaged.
    """
    if place.is_dir():
        raise BundleError(f"'{place}' is a folder, and no exported file (.onnx).", hint=_AGAIN)
    if not place.is_file():
        raise BundleError(f"'{place}' does not exist.", hint=_AGAIN)
    try:
        content = place.read_bytes()
    except OSError as error:
        raise store_error(place, error) from error
    return opened(content, str(place), threads=threads)


def opened(content: bytes, name: str, *, threads: int | None = None) -> Exported:
    """Return the classifier that is the content of an exported file; errors as `open_exported`."""
    try:
        file = OnnxFile(content, name, threads=threads)
    except EngineError as error:
        form = form_of(content[:HEAD])
        if form is not OTHER:
            raise BundleError(f"'{name}' is no exported file: it is {form.said}.", hint=_AGAIN) from error
        raise EngineError(error.message, hint=f"It may be damaged, or no ONNX file. {_AGAIN}") from error
    facts = _facts(file)
    if not is_sealed(content):
        raise EngineError(f"'{name}' is not as headstart has written it: its checksum is another one.", hint=_AGAIN)
    taken, needed = PICTURE if facts.input == "picture" else SQUARES, {PROBABILITIES, LABEL}
    if taken not in file.inputs or not needed <= set(file.outputs):
        raise BundleError(f"'{name}' takes or gives other values than it says of itself.", hint=_AGAIN)
    return Exported(
        file=file,
        facts=facts,
        sha256=sha256_of_bytes(content),
        preprocessing=facts.preprocessing,
        classes=facts.classes,
        info=BundleInfo(architecture=facts.network),
    )


def _facts(file: OnnxFile) -> ExportedFacts:
    told = file.metadata.get(FACTS)
    if told is None:
        raise BundleError(
            f"'{file.name}' is an ONNX file that headstart has not written: it says nothing of classes and framing.",
            hint="headstart answers with files that it has exported itself: headstart export BUNDLE --to onnx",
        )
    try:
        content = json.loads(told)
        found = content.get("format")
        if isinstance(found, int) and found > FORMAT:
            raise BundleError(
                f"'{file.name}' has format {found}; this headstart {__version__} reads up to {FORMAT}.",
                hint="Use it with a newer headstart, e.g. the one that wrote it.",
            )
        return from_plain(content, ExportedFacts, file.name)
    except (ValueError, AttributeError, StoreError) as error:
        raise BundleError(f"What '{file.name}' says of itself is damaged.", hint=_AGAIN) from error
