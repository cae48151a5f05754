"""Whatever answers for pictures: how it is asked, and how files become the pixels that it answers for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from headstart.base.errors import DataError, PictureError
from headstart.base.executors import ordered_map
from headstart.base.process import thread_budget
from headstart.base.types import Floats
from headstart.bundle.trust import Answers, Trust
from headstart.pixels import frame
from headstart.pixels.decode import Decoded, decode_noted
from headstart.pixels.given import Given, Pictures, given_pictures
from headstart.records.bundle import BundleInfo
from headstart.records.notes import Note
from headstart.records.preprocessing import RULES, Preprocessing
from headstart.records.progress import Progress, Silent
from headstart.words.reading import apart_from_cropping, made_with_older_rules, read_findings, tell_reading

NOTHING_KNOWN = BundleInfo(architecture="?")  # of a classifier that was just made: see `Model.told`

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False, kw_only=True)
class Classifier(ABC):
    """A classifier, kept in whatever form: a bundle's `headstart.bundle.Model`, or a file that was exported.

    Parameters
    ----------
    preprocessing : Preprocessing
    classes : tuple of str
        Sorted names; column k of every probability belongs to ``classes[k]``.
    info : BundleInfo
        What else is known, as it is kept in ``bundle.json``.
    trust : Trust, optional
        Thresholds of prediction sets, and what the trained pictures look like to the network.
    """

    preprocessing: Preprocessing
    classes: tuple[str, ...]
    info: BundleInfo = NOTHING_KNOWN
    trust: Trust | None = None

    @abstractmethod
    def answers_of_pictures(self, decoded: Iterator[Pixels]) -> Answers:
        """Return the answers for whole pictures, as `headstart.pixels.decode` gives them."""

    def predict(self, pictures: Pictures) -> list[str]:
        """Return the most probable class of each picture.

        Parameters
        ----------
        pictures : path, bytes, open file, PIL image, uint8 array, or many of them
            See `headstart.pixels.given`. One alone will do.

        Raises
        ------
        DataError
            If a picture cannot be read; it is named.
        """
        return [self.classes[k] for k in self.predict_proba(pictures).argmax(axis=1)]

    def predict_proba(self, pictures: Pictures, *, progress: Progress | None = None) -> Floats:
        """Return probabilities, (n, classes) float64, one column per class in the order of `classes`.

        Parameters
        ----------
        pictures
            As for `predict`.
        progress : Progress, optional
            A listener.

        Raises
        ------
        DataError
            If a picture cannot be read; it is named.
        """
        given = given_pictures(pictures)
        rows, faulty = self.answer(given, progress=progress)
        if faulty:
            row, reason = next(iter(faulty.items()))
            raise DataError(
                f"'{given[row].name}' cannot be used: {reason}.",
                hint="Leave that picture out, or use `headstart predict`, which lists such pictures and continues.",
            )
        return rows

    def answer(self, pictures: Pictures, *, progress: Progress | None = None) -> tuple[Floats, dict[int, str]]:
        """Return (probabilities of the readable pictures in order, {row: reason} of the others)."""
        answers, faulty = self.examine(pictures, progress=progress)
        return answers.probabilities, faulty

    def examine(self, pictures: Pictures, *, progress: Progress | None = None) -> tuple[Answers, dict[int, str]]:
        """Return (answers for the readable pictures and how sure they are, {row: reason} of the others)."""
        faulty: dict[int, str] = {}
        notes: list[tuple[Note, ...]] = []
        given, listener = given_pictures(pictures), progress or Silent()

        def readable() -> Iterator[Pixels]:
            decoded = ordered_map(self._decoded, given, threads=thread_budget())
            for row, picture in enumerate(decoded):
                step.advance()
                if isinstance(picture, str):
                    faulty[row] = picture
                else:
                    notes.append(picture.notes)
                    yield picture.pixels

        with listener.step("predict", len(given)) as step:
            answers = self.answers_of_pictures(readable())
        names = [one.name for row, one in enumerate(given) if row not in faulty]
        self._tell_reading(zip(names, notes, strict=True), listener)
        return replace(answers, notes=tuple(notes)), faulty

    def _tell_reading(self, notes: Iterable[tuple[str, tuple[Note, ...]]], progress: Progress) -> None:
        """Say how these pictures were read, and if they were read by rules that no longer hold."""
        decoding, framing = self.preprocessing.decoding, self.preprocessing.framing
        if decoding.rule < RULES.rule:
            progress.message(made_with_older_rules(decoding.rule))
        tell_reading(apart_from_cropping(read_findings(notes, white=decoding.white), framing), progress)

    def squares(self, pictures: Pictures) -> list[NDArray[np.uint8]]:
        """Return the framed pictures, (side, side, 3) each, of those that can be read."""
        decoded = map(self._decoded, given_pictures(pictures))
        return [frame(one.pixels, self.preprocessing) for one in decoded if not isinstance(one, str)]

    def _decoded(self, picture: Given) -> Decoded | str:
        """Return the whole picture, or why there is none."""
        if picture.fault:
            return picture.fault
        prepared = self.preprocessing
        try:
            return decode_noted(picture.source, short_side=prepared.decode_side, decoding=prepared.decoding)
        except PictureError as error:
            return error.message
