"""Whether more pictures would help, and what every strategy reached over several splits."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from headstart.records.forecast import LearningRecord
from headstart.records.record import Interval
from headstart.records.results import Results, StrategyOverSplits
from headstart.report.page import drawings, svg
from headstart.report.page.looks import named_look
from headstart.report.page.svg import Scale
from headstart.words.learning import learning_text


@dataclass(frozen=True)
class Learning:
    """How accuracy grew with the training pictures: the record, its drawing, and what it means in a sentence."""

    record: LearningRecord
    drawing: Markup
    said: str


def learning(results: Results) -> Learning | None:
    """Return the learning curve, drawn in the look of the run that it is of."""
    record = results.learning
    if record is None:
        return None
    look = named_look(results, record.run)
    return Learning(record, drawings.learning_curve(record, look), learning_text(record))


@dataclass(frozen=True)
class SplitsRow:
    """What one strategy reached over several splits."""

    strategy: str
    accuracy: float
    interval: Interval | None
    lowest: float
    highest: float
    bar: Markup


@dataclass(frozen=True)
class OverSplits:
    """All strategies over several splits, the best first; `decides`: the verdict goes by them."""

    rows: tuple[SplitsRow, ...]
    how: str
    train: int
    test: int
    decides: bool


def over_splits(results: Results) -> OverSplits | None:
    """Return what every strategy reached over folds and seeds, on one scale."""
    found = results.repeated_splits
    if found is None:
        return None
    entries = sorted(found.strategies, key=lambda entry: -entry.accuracy)
    scale = svg.share_scale((end for entry in entries for end in (*(entry.interval or ()), entry.lowest)), 0.0, 100.0)
    how = f"{found.folds} folds, repeated {found.seeds} times" if found.folds else f"{found.seeds} random splits"
    return OverSplits(
        rows=tuple(_splits_row(results, entry, scale) for entry in entries),
        how=how,
        train=found.train,
        test=found.test,
        decides=found.decides,
    )


def _splits_row(results: Results, entry: StrategyOverSplits, scale: Scale) -> SplitsRow:
    return SplitsRow(
        strategy=entry.strategy,
        accuracy=entry.accuracy,
        interval=entry.interval,
        lowest=entry.lowest,
        highest=entry.highest,
        bar=svg.interval_bar(entry.accuracy, entry.interval, scale, named_look(results, entry.strategy)),
    )
