"""The table of strategies, and the differences between them: rows with bars on one scale."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from headstart.records.comparison import Comparison
from headstart.records.metrics import SplitName
from headstart.records.record import Interval, changed
from headstart.records.results import NotRun, Results
from headstart.records.run import RunRecord
from headstart.report import standing
from headstart.report.cells import probability
from headstart.report.page import svg
from headstart.report.page.drawings import points
from headstart.report.page.looks import named_look, run_look
from headstart.report.page.svg import Look, Scale
from headstart.words.measured import not_on_all

MOST_PAIRS = 15
SURE = 0.05  # adjusted p below which two runs are told apart


@dataclass(frozen=True)
class Row:
    """One run in the table of strategies; `mark` is what the verdict makes of it, in a word or two."""

    id: str
    strategy: str
    plain: str
    sign: Markup
    cut: str
    mark: str
    accuracy: float | None
    interval: Interval | None
    bar: Markup
    loss: float | None
    macro_f1: float | None
    seconds: float
    trained: int
    size: int
    flops: float


@dataclass(frozen=True)
class Ranking:
    """The rows, best first; on how many pictures of which split; the scale of the bars; what guessing reaches.

    `by_splits`: the verdict, and so the order, goes by means over several splits; `learned`: who learned from fewer
    pictures than others; `plain`: what each strategy does.
    """

    rows: tuple[Row, ...]
    n: int | None
    split: SplitName
    low: float
    high: float
    chance: float | None
    late: tuple[NotRun, ...]
    by_splits: bool
    learned: str
    plain: tuple[tuple[str, str], ...]


def ranking(results: Results) -> Ranking:
    """Return the rows of the table of strategies, best first, with bars on one scale."""
    measured = [found for run in results.runs if (found := results.measured(run)) is not None]
    learned = standing.learned_from(results)
    scale = svg.share_scale((end for found in measured for end in found.interval), 0.0, 100.0)
    return Ranking(
        rows=tuple(_row(results, run, scale) for run in results.ranked),
        n=measured[0].n if measured else None,
        split=results.measuring,
        low=scale.low,
        high=scale.high,
        chance=standing.chance_accuracy(results),
        late=results.not_run,
        by_splits=results.deciding_splits is not None,
        learned="" if learned is None else not_on_all(*learned),
        plain=tuple((row.name, row.plain) for row in results.strategies),
    )


def _row(results: Results, run: RunRecord, scale: Scale) -> Row:
    found, row, look = results.measured(run), results.strategy(run.strategy), run_look(results, run)
    accuracy, interval = (None, None) if found is None else (found.accuracy, found.interval)
    return Row(
        id=run.id,
        strategy=run.strategy,
        plain="" if row is None else row.plain,
        sign=key(look),
        cut=standing.cut_of(run),
        mark=_mark(run.id, results),
        accuracy=accuracy,
        interval=interval,
        bar=svg.interval_bar(accuracy, interval, scale, look),
        loss=None if found is None else found.loss,
        macro_f1=None if found is None else found.macro_f1,
        seconds=run.seconds.total,
        trained=run.parameters.trained,
        size=run.parameters.total,
        flops=run.flops,
    )


def _mark(name: str, results: Results) -> str:
    """Return what the verdict makes of a run, in a word or two."""
    verdict = results.verdict
    if name == verdict.winner:
        return "in doubt" if standing.marks(verdict)[name] == standing.DOUBTFUL else "recommended"
    if name in verdict.same_as:
        return f"same as {verdict.same_as[name]}"
    return "tied" if name in verdict.tied_with else ""


def key(look: Look) -> Markup:
    """Return a sign that stands before a name."""
    return svg.tag("svg", svg.symbol(look, 8, 8, 5), viewBox="0 0 16 16", class_="key", aria_hidden="true")


@dataclass(frozen=True)
class Difference:
    """How much more accurate run `a` is than run `b`; `told`: by more than luck explains, all pairs counted."""

    a: str
    b: str
    points: str
    ends: str
    bar: Markup
    adjusted: str
    told: bool


@dataclass(frozen=True)
class Differences:
    """Differences of the winner, those of the other pairs, how many more there are, and whether groups were tested."""

    rows: tuple[Difference, ...]
    others: tuple[Difference, ...]
    left: int
    group: bool


def differences(results: Results) -> Differences | None:
    """Return the differences between strategies with their intervals, the winner's first, on one scale around zero."""
    winner = results.verdict.winner
    found = sorted(results.comparisons, key=lambda pair: winner not in (pair.a, pair.b))
    if not found or standing.unjudged_at_all(results):  # who always names that one class would look better
        return None
    shown = [_turned(pair, winner) for pair in found[:MOST_PAIRS]]
    reach = max(0.01, *(abs(end) for pair in shown for end in pair.interval))
    scale = Scale(-reach * 1.05, reach * 1.05, 0.0, 100.0)
    rows = [_difference(pair, scale, named_look(results, pair.a)) for pair in shown]
    first = [row for row in rows if winner in (row.a, row.b)] or rows[:5]
    return Differences(
        rows=tuple(first),
        others=tuple(row for row in rows if row not in first),
        left=len(found) - len(shown),
        group=any(pair.unit == "group" for pair in found),
    )


def _difference(pair: Comparison, scale: Scale, look: Look) -> Difference:
    return Difference(
        a=pair.a,
        b=pair.b,
        points=points(pair.difference),
        ends=" to ".join(points(end) for end in pair.interval),
        bar=svg.interval_bar(pair.difference, pair.interval, scale, look, zero=True),
        adjusted=probability(pair.p_adjusted),
        told=pair.p_adjusted < SURE,
    )


def _turned(pair: Comparison, winner: str) -> Comparison:
    """Return a pair with the winner first, or the more accurate one."""
    if pair.b != winner and (pair.a == winner or pair.difference >= 0):
        return pair
    low, high = pair.interval
    return changed(pair, a=pair.b, b=pair.a, difference=-pair.difference, interval=(-high, -low))


def told_apart(results: Results, one: str, other: str) -> bool:
    """Return whether the paired test, adjusted for all pairs, tells two runs apart."""
    return any({pair.a, pair.b} == {one, other} and pair.p_adjusted < SURE for pair in results.comparisons)
