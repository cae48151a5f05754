"""Several run folders beside each other: data sets or backbones in rows, strategies in columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headstart.report import standing
from headstart.report.lines import Line, columns, shorten, wrap
from headstart.report.numbers import decimal

Results = Mapping[str, Any]

_ORDER = ("scratch", "full", "partial", "linear", "svm", "knn")


def side_by_side(runs: Mapping[str, Results]) -> dict[str, Any]:
    """Return what several experiments found, by the name of their run folder.

    Returns
    -------
    dict
        ``strategies`` (those that occur, in the order of the table) and ``runs``: for each folder ``run``, ``data``,
        ``classes``, ``pictures`` (held out), ``backbone``, ``winner``, ``sign`` (in front of the winner: ``?`` in
        doubt), ``tied_with``, ``chance``, and ``measured`` (accuracy, interval, loss and seconds by strategy).
    """
    rows = [_row(name, results) for name, results in runs.items()]
    met = {strategy for row in rows for strategy in row["measured"]}
    known = [name for name in _ORDER if name in met]
    return {"strategies": [*known, *sorted(met - set(known))], "runs": rows}


def _row(name: str, results: Results) -> dict[str, Any]:
    split, decision = standing.measured_split(results), results.get("verdict") or {}
    measured, n = {}, None
    for run in results["runs"]:
        found = standing.metrics_of(run, split)
        if found:
            n = found["n"]
            seconds = (run.get("seconds") or {}).get("total")
            told = {key: found.get(key) for key in ("accuracy", "interval", "loss")}
            measured[str(run["id"])] = {**told, "seconds": seconds}
    return {
        "run": name,
        "data": results["data"].get("title") or results["data"].get("name") or "",
        "fingerprint": results["data"].get("fingerprint"),
        "classes": len(results["data"].get("classes") or ()),
        "pictures": n,
        "split": split,
        "backbone": (results.get("backbone") or {}).get("name"),
        "winner": decision.get("winner"),
        "sign": standing.marks(results).get(str(decision.get("winner"))),
        "tied_with": list(decision.get("tied_with") or ()),
        "chance": standing.chance_accuracy(results),
        "measured": measured,
    }


def side_lines(found: Mapping[str, Any], *, width: int = 100) -> list[Line]:
    """Return the comparison as a table: the winner of each row in front of a tick, those tied with it of a wave."""
    heads = ["run", "pictures", "backbone", *found["strategies"]]
    rows = [
        [
            shorten(row["run"], 24),
            "–" if row["pictures"] is None else f"{row['pictures']:,}",
            shorten(row["backbone"] or "–", 22),
            *(_cell(row, strategy) for strategy in found["strategies"]),
        ]
        for row in found["runs"]
    ]
    table = columns([heads, *rows], right=(1,))
    doubt = " (? in doubt)" if any(row["sign"] == standing.DOUBTFUL for row in found["runs"]) else ""
    notes = f"✓ the verdict's choice{doubt} · ≈ tied with it · accuracies on held-out pictures"
    lines = [Line(table[0], "heading"), *map(Line, table[1:]), Line("")]
    return lines + [Line(part, "faint") for part in wrap(f"{notes}. {_alike(found['runs'])}", width)]


def _cell(row: Mapping[str, Any], strategy: str) -> str:
    found = row["measured"].get(strategy)
    if found is None:
        return "–"
    mark = row["sign"] if strategy == row["winner"] else standing.TIED if strategy in row["tied_with"] else " "
    return f"{mark} {decimal(found['accuracy'])}"


def _alike(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return whether the accuracies can be held against each other."""
    if len({row["fingerprint"] for row in rows}) <= 1:
        return "All of the same pictures and split."
    return "The pictures differ from run to run: hold the strategies of a row against each other, not the rows."
