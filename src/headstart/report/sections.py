"""Parts of the report besides the one split: the advice, several splits, pairs, and more training pictures."""

from __future__ import annotations

from collections.abc import Sequence

from headstart.records.comparison import Comparison, SplitsComparison
from headstart.records.metrics import Metrics
from headstart.records.results import RepeatedSplits, Results
from headstart.report.cells import Marked, code, escaped, interval, marked, probability, table, with_sign
from headstart.report.numbers import decimal
from headstart.words.learning import learning_text

_MOST_PAIRS = 45


def advised(results: Results) -> list[str]:
    """Return what was advised before anything was tried, and beside what was expected what came."""
    advice = results.advice
    if advice is None:
        return []
    found: dict[str, Metrics | None] = {}
    for run in results.runs:  # of several depths the first
        found.setdefault(run.strategy, results.measured(run))
    rows = []
    for one in advice.expected:
        came = found.get(one.strategy)
        reached = ["–", "–"] if came is None else [decimal(came.accuracy), interval(came.interval)]
        rows.append([escaped(one.strategy), decimal(one.accuracy), interval(one.interval), *reached])
    heads = ["strategy", "expected", "95 % interval", f"on {results.measuring}", "95 % interval"]
    return [escaped(advice.text), "", *table(heads, rows, right=range(1, 5))]


def over_splits(results: Results) -> list[str]:
    """Return what every strategy reached over folds and seeds, and the pairs."""
    found = results.repeated_splits
    if found is None:
        return []
    rows = []
    for one in sorted(found.strategies, key=lambda one: -one.accuracy):
        spreads = [one.spread_over_splits, one.spread_over_seeds, one.lowest, one.highest]
        rows.append([escaped(one.strategy), decimal(one.accuracy), interval(one.interval), *map(decimal, spreads)])
    heads = ["run", "mean accuracy", "95 % interval", "spread over splits", "over seeds", "lowest", "highest"]
    lines = [
        f"{_how_divided(found)} Each time, {found.train:,} pictures were for learning and {found.test:,} for measuring."
    ]
    lines += ["", *table(heads, rows, right=range(1, 7))]
    if found.comparisons:
        lines += ["", *pairs_table(found.comparisons, results.verdict.winner)]
    note = (
        "Every pair was compared on the same splits, with Nadeau and Bengio's corrected t test; the last column allows "
        "for the number of pairs. Framing and augmentation were chosen once, on the training pictures of the first "
        "split."
    )
    return [*lines, "", note]


def _how_divided(found: RepeatedSplits) -> str:
    if found.folds:
        return f"The {found.pictures:,} pictures were divided into {found.folds} folds, {found.seeds} times."
    return f"The {found.pictures:,} pictures were divided at random, {found.seeds} times."


def learning(results: Results) -> list[str]:
    """Return how accuracy grew with the training pictures, and what is expected of more."""
    found = results.learning
    if found is None:
        return []
    told = found.forecast
    stands = "" if found.run == found.winner else marked(" (it stands in for {})", code(found.winner))
    how = "{}{} was fitted again to parts of the training pictures, and measured on the others."
    rows = [[f"{size:,.0f}", decimal(share), "–"] for size, share in zip(found.sizes, found.accuracy, strict=True)]
    rows.append([f"{told.more:,} (forecast)", decimal(told.accuracy), interval(told.accuracy_interval)])
    lines = [
        escaped(learning_text(found)),
        "",
        marked(how, code(found.run), stands),
        "",
        *table(["training pictures", "accuracy", "95 % interval"], rows, right=range(3)),
    ]
    gain = f"{with_sign(told.gain)} ({interval(told.interval, signed=True)})"
    lines += ["", f"From {found.pictures:,} to {told.more:,} training pictures: {gain}, forecast by a power law."]
    if found.rising is not None:
        before, after = map(decimal, found.rising.recall)
        told_of = "{} gained most from the last doubling: its recall rose from {} to {}."
        lines.append(marked(told_of, found.rising.name, before, after))
    return lines


def pairs_table(pairs: Sequence[Comparison | SplitsComparison], winner: str) -> list[Marked]:
    """Return the compared pairs as a table, the winner's first."""
    ordered = sorted(pairs, key=lambda pair: winner not in (pair.a, pair.b))
    rows = [
        [
            escaped(pair.a),
            escaped(pair.b),
            with_sign(pair.difference),
            interval(pair.interval, signed=True),
            probability(pair.p),
            probability(pair.p_adjusted),
        ]
        for pair in ordered[:_MOST_PAIRS]
    ]
    heads = ["a", "b", "a minus b", "95 % interval", "p", "p, all pairs"]
    lines = table(heads, rows, right=range(2, 6))
    if len(pairs) > _MOST_PAIRS:
        lines += [Marked(), marked("`results.json` has {} more pairs.", f"{len(pairs) - _MOST_PAIRS:,}")]
    return lines
