"""How the runs stand: their order, which figures decide it, over how many splits, and what marks each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from headstart.evidence.judging import Judges
from headstart.records.metrics import Metrics, SplitName
from headstart.records.results import RepeatedSplits, Results, Weighed, best_first
from headstart.records.run import RunRecord
from headstart.records.verdict import VerdictRecord
from headstart.report.numbers import decimal
from headstart.words.findings import not_judged
from headstart.words.judging import holds

TAKEN, DOUBTFUL, TIED, SAME = "✓", "?", "≈", "="


@dataclass(frozen=True)
class Standing:
    """Runs in their order, and by what they are put in order.

    Parameters
    ----------
    runs : tuple of RunRecord
        The most accurate first, the cheaper first among equals, the unmeasured last.
    measuring : str
        The split that measures.
    marks : mapping of str to str
        The sign of each run that has one.
    splits : RepeatedSplits, optional
        Where several splits decide, what they gave.
    """

    runs: tuple[RunRecord, ...]
    measuring: SplitName
    marks: Mapping[str, str] = field(default_factory=dict)
    splits: RepeatedSplits | None = None

    @classmethod
    def of(cls, results: Results) -> Standing:
        """Return how the runs of a comparison stand."""
        return cls(results.ranked, results.measuring, marks(results.verdict), results.deciding_splits)

    @classmethod
    def so_far(cls, runs: Sequence[RunRecord]) -> Standing:
        """Return how runs stand while a comparison is under way: nothing is decided yet."""
        split: SplitName = "test" if any(run.metrics.test for run in runs) else "val"
        return cls(best_first(runs, lambda run: run.metrics.of(split)), split)

    def measured(self, run: RunRecord) -> Metrics | None:
        """Return what a run reached on the pictures that measure."""
        return run.metrics.of(self.measuring)

    def deciding(self, run: RunRecord) -> Weighed | None:
        """Return accuracy and interval by which the verdict weighs a run: over splits, or of the one."""
        return self.measured(run) if self.splits is None else self.splits.of(run.id)

    @property
    def pictures(self) -> int | None:
        """How many pictures measured; None where nothing was."""
        return next((found.n for run in self.runs if (found := self.measured(run))), None)


def judges(results: Results) -> Judges:
    """Return what the pictures that measure can judge."""
    counts = results.data.counts.get(results.measuring) or {}
    return Judges.of({name: counts.get(name, 0) for name in results.data.classes})


def chance_accuracy(results: Results) -> float | None:
    """Return the accuracy of always answering with the most common class of the pictures that measure.

    None where they are all of one class: always naming that one is no feat.
    """
    found = judges(results)
    return found.chance if found.pictures and found.only is None else None


def unjudged(results: Results) -> str:
    """Return which classes can't be judged by the pictures that measure, and why; empty where all can."""
    absent = judges(results).absent if any(map(results.measured, results.runs)) else ()
    return not_judged(results.measuring, absent).text if absent else ""


def unjudged_at_all(results: Results) -> str:
    """Return why nothing of the classifiers as a whole can be judged; empty where more than one class is there."""
    found = judges(results)
    return "" if found.only is None else f"That can't be judged: {holds(results.measuring, found.absent, 0)}."


def cut_of(run: RunRecord) -> str:
    """Return where the trained part starts: at ``pool`` also where training was no better than the solved head.

    ``stages`` is a head that reads several of them, not the end alone.
    """
    if run.training is not None and not run.kept_solved_head:
        return run.cut
    return "stages" if run.readout == "stages" else "pool" if run.kept_solved_head else run.cut


class LearnedFrom(NamedTuple):
    """Runs that learned from fewer `pictures` than the `train` there are, as the rest chose epochs; and the others."""

    fewer: tuple[str, ...]
    others: tuple[str, ...]
    pictures: int
    train: int


def learned_from(results: Results) -> LearnedFrom | None:
    """Return which runs learned from only a part of the training pictures; None where all learned from all of them."""
    train = sum((results.data.counts.get("train") or {}).values())
    found = {run.id: run.training.pictures for run in results.runs if run.training is not None}
    fewer = tuple(name for name, pictures in found.items() if pictures < train)
    if not fewer:
        return None
    others = tuple(run.id for run in results.runs if run.id not in fewer)
    return LearnedFrom(fewer, others, min(found[name] for name in fewer), train)


def reads_frozen(run: RunRecord) -> bool:
    """Return whether a run answers from the features of the pretrained network as it is."""
    return run.weights == "pretrained" and (run.solved is not None or run.kept_solved_head)


def marks(verdict: VerdictRecord) -> dict[str, str]:
    """Return the sign of each run that has one."""
    found = {**dict.fromkeys(verdict.tied_with, TIED), **dict.fromkeys(verdict.same_as, SAME)}
    found[verdict.winner] = TAKEN if verdict.above_chance and verdict.decided else DOUBTFUL
    return found


def chose_too(results: Results) -> bool:
    """Return whether the pictures that measure also chose an epoch or a setting."""
    return any(found is not None and found.used_for_choosing for found in map(results.measured, results.runs))


def chosen_on(results: Results) -> str:
    """Return what it means that these pictures also chose."""
    return (
        f"The {results.measuring} pictures also chose the epoch or the settings, "
        "so the figures are probably a bit too high."
    )


def optimism(results: Results) -> list[str]:
    """Return by how much the best figure is likely to be too high, where that was estimated."""
    found = results.optimism
    if found is None:
        return []
    looks = f"{found.runs} run{'s' if found.runs != 1 else ''} and {found.epochs} epochs"
    return [
        f"The best accuracy, {decimal(found.apparent)}, is probably about {100 * found.optimism:.1f} points too high "
        f"(estimated by repeating the choice among {looks})."
    ]
