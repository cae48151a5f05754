"""Parts of the report that stand beside the one split: the advice, several splits, and more training pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headstart.report.cells import escaped, interval, probability, table, with_sign
from headstart.report.numbers import decimal
from headstart.report.standing import measured_split, metrics_of

Results = Mapping[str, Any]

_MOST_PAIRS = 45


def advised(results: Results) -> list[str]:
    """Return what was advised before anything was tried, and beside what was expected what came."""
    advice = results.get("advice")
    if not advice:
        return []
    split = measured_split(results)
    found: dict[str, Mapping[str, Any]] = {}
    for run in results.get("runs", []):  # of several depths the first
        found.setdefault(run["strategy"], metrics_of(run, split))
    rows = [
        [
            escaped(one["strategy"]),
            decimal(one["accuracy"]),
            interval(one["interval"]),
            decimal(found.get(one["strategy"], {}).get("accuracy")),
            interval(found.get(one["strategy"], {}).get("interval")),
        ]
        for one in advice["expected"]
    ]
    heads = ["strategy", "expected", "95 % interval", f"on {split}", "95 % interval"]
    return [escaped(advice["text"]), "", *table(heads, rows, right=range(1, 5))]


def over_splits(results: Results) -> list[str]:
    """Return what every strategy reached over folds and seeds, and the pairs."""
    found = results.get("resampling")
    if not found:
        return []
    rows = [
        [
            escaped(entry["strategy"]),
            decimal(entry["accuracy"]),
            interval(entry["interval"]),
            *(decimal(entry[key]) for key in ("spread_over_splits", "spread_over_seeds", "lowest", "highest")),
        ]
        for entry in sorted(found["strategies"], key=lambda entry: -entry["accuracy"])
    ]
    heads = ["run", "mean accuracy", "95 % interval", "spread over splits", "over seeds", "lowest", "highest"]
    how = (
        f"{found['folds']} folds, {found['seeds']} times over" if found["folds"] else f"{found['seeds']} random splits"
    )
    lines = [
        f"{found['pictures']:,} pictures, {how}: {found['train']:,} to learn from, {found['test']:,} held out.",
        "",
    ]
    lines += table(heads, rows, right=range(1, 7))
    if found["comparisons"]:
        lines += ["", *pairs_table(found["comparisons"], (results.get("verdict") or {}).get("winner"))]
    note = (
        "Paired over the same splits: Nadeau and Bengio's corrected t test; the last column is adjusted for all pairs."
    )
    return [
        *lines,
        "",
        f"{note} Framing and augmentation were chosen once, on the training pictures of the first split.",
    ]


def learning(results: Results) -> list[str]:
    """Return how accuracy grew with the training pictures, and what is expected of more."""
    entry = results.get("learning")
    if not entry:
        return []
    told, by = entry["forecast"], "" if entry["run"] == entry["for"] else f", in the place of `{entry['for']}`"
    rows = [
        [f"{size:,.0f}", decimal(share), "–"] for size, share in zip(entry["sizes"], entry["accuracy"], strict=True)
    ]
    rows.append([f"{told['pictures']:,} (forecast)", decimal(told["accuracy"]), interval(told["accuracy_interval"])])
    lines = [f"`{entry['run']}`{by}, solved again on parts of train and judged on the rest of it.", ""]
    lines += table(["training pictures", "accuracy", "95 % interval"], rows, right=range(3))
    gain = f"{with_sign(told['gain'])} ({interval(told['interval'], signed=True)})"
    lines += ["", f"From {entry['pictures']:,} to {told['pictures']:,} training pictures: {gain}, by a power law."]
    rising = entry.get("class")
    if rising:
        before, after = map(decimal, rising["recall"])
        lines.append(f"Recall of {escaped(rising['class'])} rose most with the last doubling: {before} to {after}.")
    return lines


def pairs_table(pairs: Sequence[Mapping[str, Any]], winner: str | None) -> list[str]:
    """Return the compared pairs as a table, the winner's first."""
    pairs = sorted(pairs, key=lambda pair: winner not in (pair["a"], pair["b"]))
    rows = [
        [
            escaped(pair["a"]),
            escaped(pair["b"]),
            with_sign(pair.get("difference")),
            interval(pair.get("interval"), signed=True),
            probability(pair.get("p")),
            probability(pair.get("p_adjusted")),
        ]
        for pair in pairs[:_MOST_PAIRS]
    ]
    heads = ["a", "b", "a minus b", "95 % interval", "p", "p, all pairs"]
    lines = table(heads, rows, right=range(2, 6))
    if len(pairs) > _MOST_PAIRS:
        lines += ["", f"{len(pairs) - _MOST_PAIRS:,} more pairs stand in `results.json`."]
    return lines
