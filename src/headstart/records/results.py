"""Content of `results.json`: everything that an experiment found."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from headstart.records.activity import ActivityRecord
from headstart.records.comparison import Comparison, SplitsComparison
from headstart.records.environment import Environment, NetworkRecord
from headstart.records.findings import Finding
from headstart.records.forecast import AdviceRecord, LearningRecord
from headstart.records.metrics import Metrics, SplitName
from headstart.records.plan import Chosen, Engine, PlanStep
from headstart.records.preprocessing import BEFORE_RULES_WERE_KEPT, Decoding
from headstart.records.record import Count, Duration, Figure, Inside, Interval, Record, RunName, Scalar, Share, Whole
from headstart.records.run import Readout, RunRecord
from headstart.records.strategy import StrategyRecord
from headstart.records.verdict import Optimism, VerdictRecord

SCHEMA = 2


class Skipped(Record, frozen=True, omit_defaults=True):
    """A file that was not used, and why.

    Parameters
    ----------
    kind : str
        What it is, such as ``"heif"``, ``"text"`` or ``"hidden"``; `headstart.words.skipped` lists them. Empty: a
        picture, or what was named as one, that could not be read.
    picture : bool
        Whether it is a picture, or was meant to be one.
    """

    path: str
    reason: str
    kind: str = ""
    picture: bool = True


class Data(Record):
    """The pictures: where they were, their classes, how many by split and class, and what was not used.

    `decoding`: by which rules they were read.
    `ignored` says how many of the skipped are no pictures; an older headstart counted them only.
    """

    name: str
    root: str
    title: str | None
    fingerprint: str
    classes: tuple[str, ...]
    counts: dict[str, dict[str, Count]]
    skipped: tuple[Skipped, ...] = ()
    ignored: Count = 0
    decoding: Decoding = BEFORE_RULES_WERE_KEPT

    @property
    def unnamed(self) -> int:
        """How many files an older headstart passed over without their names."""
        return self.ignored - min(self.ignored, sum(not one.picture for one in self.skipped))

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield what contradicts itself: classes differ, and only they are counted."""
        if not self.classes or len(set(self.classes)) < len(self.classes):
            yield "classes", "there are none, or one of them stands there twice"
        for split, counts in self.counts.items():
            yield from ((f"counts.{split}", f"'{name}' is no class") for name in counts if name not in self.classes)


class NotRun(Record):
    """A strategy for which the time was too short: what it was expected to take, and whether it was begun."""

    strategy: str
    estimated_seconds: Duration | None
    begun: bool


class Expectation(Record):
    """The range in which a recipe expects an accuracy, the published figure, and where both come from."""

    accuracy: Interval
    published: Share | None = None
    note: str = ""


class RecipeRecord(Record):
    """The recipe that was run; what it expects holds for its own network."""

    name: str
    title: str
    source: str
    expected: dict[str, Expectation]
    own_network: bool


class FeatureMapRecord(Record):
    """The map of the features: its file, how many pictures it shows, and which shares of the variance."""

    file: Inside
    pictures: Count
    explained: tuple[Share, ...]


class StrategyOverSplits(Record):
    """What one strategy reached over several splits; intervals and spreads are None for a single split."""

    strategy: RunName
    accuracy: Share
    interval: Interval | None
    lowest: Share
    highest: Share
    spread_over_splits: Figure | None
    spread_over_seeds: Figure | None
    seconds: Duration


class SplitRun(Record):
    """One strategy in one split."""

    strategy: str
    seed: Whole
    fold: Count
    train: Count
    test: Count
    accuracy: Share
    loss: Figure
    readout: Readout
    settings: dict[str, Scalar]
    epoch_chosen: Count | None
    kept_solved_head: bool
    seconds: Duration


class RepeatedSplits(Record):
    """What several splits say: `folds` folds, `seeds` times over, or `seeds` random splits."""

    folds: Count | None
    seeds: Count
    pictures: Count
    least_per_class: Count
    chance: Share
    train: Count
    test: Count
    strategies: tuple[StrategyOverSplits, ...]
    runs: tuple[SplitRun, ...]
    same_as: dict[RunName, RunName]
    comparisons: tuple[SplitsComparison, ...]

    @property
    def decides(self) -> bool:
        """Whether every strategy has an interval over the splits, so that these decide the verdict."""
        return bool(self.strategies) and all(one.interval is not None for one in self.strategies)

    def of(self, strategy: str) -> StrategyOverSplits | None:
        """Return what one strategy reached."""
        return next((one for one in self.strategies if one.strategy == strategy), None)


Weighed = StrategyOverSplits | Metrics


def best_first(runs: Sequence[RunRecord], weighed: Callable[[RunRecord], Weighed | None]) -> tuple[RunRecord, ...]:
    """Return runs by their accuracy, the cheaper first among equals, the unmeasured last."""

    def order(run: RunRecord) -> tuple[float, float, int]:
        found = weighed(run)
        return (math.inf if found is None else -found.accuracy, run.flops, run.parameters.trained)

    return tuple(sorted(runs, key=order))


class Results(Record):
    """Content of `results.json`.

    Parameters
    ----------
    measuring : str
        The split that measures: ``"test"``, or ``"val"`` where there is none.
    plan : tuple of PlanStep
        With the seconds that they took.
    complete : bool
        Whether every strategy that was ever asked for in this folder has ended.
    strategies : tuple of StrategyRecord
        The rows of the table that occur among the runs, in its order.
    runs : tuple of RunRecord
        In the order of that table.
    warnings : tuple of Finding
        What holds for all figures.
    """

    schema: Count = SCHEMA
    headstart: str
    command: str
    seed: Whole
    data: Data
    measuring: SplitName
    backbone: NetworkRecord | None
    environment: Environment
    engine: Engine
    plan: tuple[PlanStep, ...]
    advice: AdviceRecord | None
    chosen: Chosen
    strategies: tuple[StrategyRecord, ...]
    runs: tuple[RunRecord, ...]
    not_run: tuple[NotRun, ...]
    comparisons: tuple[Comparison, ...]
    verdict: VerdictRecord
    learning: LearningRecord | None
    optimism: Optimism | None
    repeated_splits: RepeatedSplits | None
    map: FeatureMapRecord | None
    activity: ActivityRecord | None
    complete: bool
    recipe: RecipeRecord | None = None
    warnings: tuple[Finding, ...] = ()

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield what contradicts itself: names that nothing has, and figures of other classes."""
        names = [run.id for run in self.runs]
        if len(set(names)) < len(names):
            yield "runs", "two of them have the same id"
        told = {"winner": [self.verdict.winner], "tied_with": self.verdict.tied_with, "same_as": self.verdict.same_as}
        for key, found in told.items():
            yield from (
                (f"verdict.{key}", f"'{name}' is no run") for name in found if names and name not in ["", *names]
            )
        for place, run in enumerate(self.runs):
            if self.strategy(run.strategy) is None:
                yield f"runs[{place}].strategy", f"'{run.strategy}' is not among the strategies"
            yield from run.metrics.of_other_classes(self.data.classes, f"runs[{place}].metrics")

    def run(self, name: str) -> RunRecord | None:
        """Return the run called `name`."""
        return next((one for one in self.runs if one.id == name), None)

    @property
    def winner(self) -> RunRecord | None:
        """The run that the verdict recommends."""
        return self.run(self.verdict.winner)

    @property
    def deciding_splits(self) -> RepeatedSplits | None:
        """What several splits say, where these decided the verdict."""
        return self.repeated_splits if self.repeated_splits is not None and self.repeated_splits.decides else None

    def deciding(self, run: RunRecord) -> Weighed | None:
        """Return accuracy and interval by which the verdict weighed a run: over several splits, or of the one."""
        splits = self.deciding_splits
        return self.measured(run) if splits is None else splits.of(run.id)

    @property
    def ranked(self) -> tuple[RunRecord, ...]:
        """The runs by the accuracy that decides, the cheaper first among equals, the unmeasured last."""
        return best_first(self.runs, self.deciding)

    def strategy(self, name: str) -> StrategyRecord | None:
        """Return the row of the table of strategies called `name`."""
        return next((one for one in self.strategies if one.name == name), None)

    def measured(self, run: RunRecord) -> Metrics | None:
        """Return what a run reached on the pictures that measure."""
        return run.metrics.of(self.measuring)
