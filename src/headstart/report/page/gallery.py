"""Which pictures stand on the page, and what stands below each: mistakes, confused pairs, suspects, samples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from headstart.evidence.mistakes import confused_pairs, likely_label_errors, worst_mistakes
from headstart.records.held_out import HeldOutAnswers
from headstart.report.page.pictures import Thumbnails

MOST_WORST, MOST_PAIRS, MOST_OF_PAIR, MOST_SUSPECTS = 12, 6, 4, 8
MOST_SHOWN = 200  # of all held-out pictures
MOST_SAMPLES, MOST_CLASSES = 4, 12  # of each class, and so many classes
_OFTEN_WRONG = 0.25  # of all answers: from there on a suspected label is likely a mistake of the classifier


@dataclass(frozen=True)
class Shot:
    """A held-out picture and its answer; `src` is None where the picture is not there.

    `stated` is the probability of the answer, `truly` that of the label; `agreeing` runs name the same wrong class.
    """

    row: int
    path: str
    src: str | None
    truth: str
    answer: str
    right: bool
    stated: float
    truly: float
    agreeing: int = 0


@dataclass(frozen=True)
class Confused:
    """A class that was mistaken for another: how many of how many, some of them, and a right one of the other class."""

    truth: str
    answer: str
    count: int
    of: int
    shots: tuple[Shot, ...]
    typical: tuple[Shot, ...]


@dataclass(frozen=True)
class Sample:
    """Training pictures of a class, each with its path; `src` as in `Shot`."""

    name: str
    pictures: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class Shown:
    """Everything that the page shows in pictures.

    Parameters
    ----------
    worst : tuple of Shot
        The surest mistakes, of `wrong` in all.
    suspects : tuple of Shot
        Labels that may be wrong, of `suspected` in all; `runs` with answers of their own were asked, of which the
        `frozen` ones see the pictures through one and the same network.
    all : tuple of Shot
        All `n` held-out pictures, or those most worth showing.
    varied : tuple of (str, list of str)
        Augmented copies of a picture of some classes, as addresses.
    """

    worst: tuple[Shot, ...]
    wrong: int
    pairs: tuple[Confused, ...]
    suspects: tuple[Shot, ...]
    suspected: int
    runs: int
    frozen: tuple[str, ...]
    often_wrong: bool
    all: tuple[Shot, ...]
    n: int
    samples: tuple[Sample, ...]
    varied: tuple[tuple[str, list[str]], ...]


class Gallery:
    """The pictures of one page; all texts are there before any picture is read."""

    def __init__(
        self, answers: HeldOutAnswers, run: str, runs: Sequence[str], samples: Mapping[str, Sequence[str]]
    ) -> None:
        self._answers, self._run = answers, run
        mistakes = worst_mistakes(answers, run)
        self.worst = [int(row) for row in mistakes[:MOST_WORST]]
        self.wrong = len(mistakes)
        self.pairs = confused_pairs(answers, run, MOST_PAIRS)
        suspects = likely_label_errors(answers, run, runs)
        self.suspects, self.suspected = suspects[:MOST_SUSPECTS], len(suspects)
        self.runs = tuple(runs)
        self.samples = {name: list(paths)[:MOST_SAMPLES] for name, paths in list(samples.items())[:MOST_CLASSES]}
        self.all = _worth_showing(answers, run, mistakes)

    def paths(self) -> list[str]:
        """Return every picture of the page, the most telling first."""
        answers = self._answers
        rows = [*self.worst, *(row for row, _ in self.suspects)]
        rows += [row for pair in self.pairs for row in (*pair.rows[:MOST_OF_PAIR], *self._typical(pair.answer))]
        sampled = [path for paths in self.samples.values() for path in paths]
        return list(
            dict.fromkeys([*(answers.paths[row] for row in rows), *sampled, *(answers.paths[r] for r in self.all)])
        )

    def shown(
        self,
        thumbnails: Thumbnails,
        varied: Sequence[tuple[str, list[str]]] = (),
        *,
        frozen: Sequence[str] = (),
    ) -> Shown:
        """Return everything with its pictures; a picture that is not there is None."""
        names = self._answers.classes

        def shots(rows: Iterable[int]) -> tuple[Shot, ...]:
            return tuple(self._shot(row, thumbnails) for row in rows)

        return Shown(
            worst=shots(self.worst),
            wrong=self.wrong,
            pairs=tuple(
                Confused(
                    truth=names[pair.truth],
                    answer=names[pair.answer],
                    count=pair.count,
                    of=pair.of,
                    shots=shots(pair.rows[:MOST_OF_PAIR]),
                    typical=shots(self._typical(pair.answer)),
                )
                for pair in self.pairs
            ),
            suspects=tuple(self._shot(row, thumbnails, agreeing) for row, agreeing in self.suspects),
            suspected=self.suspected,
            runs=len(self.runs),
            frozen=tuple(frozen),
            often_wrong=self.wrong > _OFTEN_WRONG * len(self._answers),
            all=shots(self.all),
            n=len(self._answers),
            samples=self._sampled(thumbnails),
            varied=tuple(varied),
        )

    def _sampled(self, thumbnails: Thumbnails) -> tuple[Sample, ...]:
        """Return the training pictures of the classes of which one can be shown."""
        found = (
            Sample(name, tuple((path, thumbnails.of(path)) for path in paths)) for name, paths in self.samples.items()
        )
        return tuple(sample for sample in found if any(src for _, src in sample.pictures))

    def _shot(self, row: int, thumbnails: Thumbnails, agreeing: int = 0) -> Shot:
        answers, probabilities = self._answers, self._answers.probabilities[self._run][row]
        best, label = int(probabilities.argmax()), int(answers.labels[row])
        return Shot(
            row=row,
            path=answers.paths[row],
            src=thumbnails.of(answers.paths[row]),
            truth=answers.classes[label],
            answer=answers.classes[best],
            right=best == label,
            stated=float(probabilities[best]),
            truly=float(probabilities[label]),
            agreeing=agreeing,
        )

    def _typical(self, label: int) -> list[int]:
        """Return the row of the class's surest right answer: what the wrong answer was thinking of."""
        answers, probabilities = self._answers, self._answers.probabilities[self._run]
        rows = np.flatnonzero((answers.labels == label) & (answers.answered(self._run) == label))
        return [int(rows[probabilities[rows, label].argmax()])] if len(rows) else []


def _worth_showing(answers: HeldOutAnswers, run: str, mistakes: Iterable[int]) -> list[int]:
    """Return rows to show: all, the least sure of the truth first; of very many, the mistakes and the least sure."""
    truly = answers.probabilities[run][np.arange(len(answers)), answers.labels]
    order = np.argsort(truly, kind="stable")
    if len(order) <= MOST_SHOWN:
        return [int(row) for row in order]
    wrong = [int(row) for row in order if row in set(mistakes)][: MOST_SHOWN * 3 // 4]
    others = [int(row) for row in order if int(row) not in set(wrong)]
    return wrong + others[: MOST_SHOWN - len(wrong)]
