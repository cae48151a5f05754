"""Which pictures stand on the page, and what stands below each: mistakes, confused pairs, suspects, samples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from headstart.report.page.answers import confused_pairs, likely_label_errors, ranked_classes, worst_mistakes
from headstart.report.page.pictures import Thumbnails
from headstart.report.page.reading import HeldOutAnswers

Context = dict[str, Any]

MOST_WORST, MOST_PAIRS, MOST_OF_PAIR, MOST_SUSPECTS = 12, 6, 4, 8
MOST_SHOWN = 200  # of all held-out pictures
MOST_SAMPLES, MOST_CLASSES = 4, 12  # of each class, and so many classes


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
        self.runs = len(runs)
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

    def context(self, thumbnails: Thumbnails) -> Context:
        """Return everything with its pictures; a picture that is not there is None."""
        names = self._answers.classes
        pairs = [
            {
                "truth": names[pair.truth],
                "answer": names[pair.answer],
                "count": pair.count,
                "of": pair.of,
                "cards": [self._card(row, thumbnails) for row in pair.rows[:MOST_OF_PAIR]],
                "typical": [self._card(row, thumbnails) for row in self._typical(pair.answer)],
            }
            for pair in self.pairs
        ]
        shown = [self._card(row, thumbnails) for row in self.all]
        return {
            "worst": [self._card(row, thumbnails) for row in self.worst],
            "wrong": self.wrong,
            "pairs": pairs,
            "suspects": [{**self._card(row, thumbnails), "agreeing": count} for row, count in self.suspects],
            "suspected": self.suspected,
            "runs": self.runs,
            "often_wrong": self.wrong > 0.25 * len(self._answers),
            "all": shown,
            "n": len(self._answers),
            "samples": [
                (name, [{"path": path, "src": thumbnails.of(path)} for path in paths])
                for name, paths in self.samples.items()
                if any(thumbnails.of(path) for path in paths)
            ],
            "pictured": any(card["src"] for card in shown),
        }

    def _card(self, row: int, thumbnails: Thumbnails) -> Context:
        answers, probabilities = self._answers, self._answers.probabilities[self._run][row]
        best = ranked_classes(probabilities)
        return {
            "row": row,
            "path": answers.paths[row],
            "src": thumbnails.of(answers.paths[row]),
            "truth": answers.classes[answers.labels[row]],
            "answer": answers.classes[best[0]],
            "right": best[0] == answers.labels[row],
            "stated": float(probabilities[best[0]]),
            "truly": float(probabilities[answers.labels[row]]),
            "best": [(answers.classes[k], float(probabilities[k])) for k in best],
        }

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
