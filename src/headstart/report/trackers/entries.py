"""What is logged of a run folder: an entry for the comparison, and one for each of its runs. No tracker is known here.

Names are those of results.json (docs/design.md), with a prefix that says where they come from: ``epoch/train_loss``,
``val/accuracy``, ``val/accuracy_low`` and ``val/accuracy_high`` (the ends of its 95 % interval), ``seconds/total``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headstart.base.files import fingerprint, sha256_of_file
from headstart.report import standing, text
from headstart.report.cells import escaped, table

Results = Mapping[str, Any]
Run = Mapping[str, Any]
Value = str | int | float | bool

COMPARISON = "comparison"
_MARKS = {standing.TAKEN: "winner", standing.DOUBTFUL: "in doubt", standing.TIED: "tied", standing.SAME: "same head"}
_INTERVALS = {
    "accuracy": "interval",
    "macro_f1": "macro_f1_interval",
    "balanced_accuracy": "balanced_accuracy_interval",
}
_LEVEL = "0.95"  # of the prediction sets that `predict` states


@dataclass(frozen=True)
class Table:
    """Rows under named columns; in one column all are texts, or numbers and None."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | float | None, ...], ...]

    def markdown(self) -> str:
        """Return it as Markdown."""
        return "\n".join(table(self.columns, [[_told(cell) for cell in row] for row in self.rows]))


@dataclass(frozen=True)
class Entry:
    """One run of a tracker.

    Parameters
    ----------
    id : str
        ``comparison``, or the run's id.
    run : bool
        Whether it is a run; else it is the comparison of all.
    settings : mapping
        What was asked for and chosen, names flat.
    tags : mapping
        By what one finds it.
    curves : tuple of (step, values)
        Of a run by epoch; of the comparison by the number of training pictures.
    metrics : mapping
        What came of it, one number each.
    texts : mapping
        Markdown.
    tables : mapping
    files : mapping of str to Path
        Files and folders to keep with it, by where they go.
    seconds : float
        What it took.
    """

    id: str
    run: bool
    settings: Mapping[str, Value]
    tags: Mapping[str, str]
    curves: tuple[tuple[int, Mapping[str, float]], ...]
    metrics: Mapping[str, float]
    texts: Mapping[str, str]
    tables: Mapping[str, Table]
    files: Mapping[str, Path] = field(default_factory=dict)
    seconds: float = 0.0

    def fingerprint(self) -> str:
        """Return a SHA-256 of all that is logged; of a folder of files only whether it is there."""
        tables = {name: (one.columns, one.rows) for name, one in self.tables.items()}
        files = {name: sha256_of_file(path) if path.is_file() else "folder" for name, path in self.files.items()}
        told = [self.id, self.settings, self.tags, self.curves, self.metrics, self.texts, tables, files]
        return fingerprint(told)


def entries_of(results: Results, folder: Path) -> list[Entry]:
    """Return the comparison and every run that stands in results.json, the most accurate first."""
    return [_comparison(results, folder), *(_run(results, run, folder) for run in standing.ranked(results))]


def _comparison(results: Results, folder: Path) -> Entry:
    data, verdict = results["data"], results.get("verdict") or {}
    doubt = standing.marks(results).get(str(verdict.get("winner"))) == standing.DOUBTFUL
    taken = {"in doubt" if doubt else "winner": verdict.get("winner")}
    counts = {f"pictures.{split}": sum(by.values()) for split, by in (data.get("counts") or {}).items() if by}
    chosen = {name: (results.get("chosen") or {}).get(name) for name in ("framing", "augment")}
    settings = {"classes": len(data["classes"]), **counts, **chosen, "seed": results.get("seed")}
    learning = results.get("learning") or {}
    learned = zip(learning.get("sizes") or (), learning.get("accuracy") or (), strict=True)
    chance = standing.chance_accuracy(results)
    metrics = {"winner": _metrics_by_name(results, verdict.get("winner")), "chance": {"accuracy": chance}}
    warnings = "\n".join(f"- {line}" for line in text.warnings(results))
    named = ("report.html", "report.md", "results.json", "split.parquet")
    return Entry(
        COMPARISON,
        run=False,
        settings=flat({**settings, "strategies": [run["id"] for run in results["runs"]]}),
        tags=_tags(results, {**taken, "command": results.get("command")}),
        curves=tuple((round(size), {"learning/accuracy": accuracy}) for size, accuracy in learned),
        metrics=_numbers(metrics),
        texts={name: told for name, told in (("verdict", verdict.get("text")), ("warnings", warnings)) if told},
        tables={
            "strategies": _strategies(results),
            **_pairs(results),
        },
        files={name: folder / name for name in named if (folder / name).is_file()},
        seconds=sum(step.get("seconds") or 0.0 for step in results.get("plan") or ()),
    )


def _run(results: Results, run: Run, folder: Path) -> Entry:
    plain = {name: run.get(name) for name in ("strategy", "weights", "cut", "head", "seed", "preprocessing")}
    settings = {**plain, **(run.get("settings") or {}), "backbone": (results.get("backbone") or {}).get("name")}
    mark = _MARKS.get(standing.marks(results).get(run["id"], ""))
    measured = {split: _measured(metrics) for split, metrics in (run.get("metrics") or {}).items() if metrics}
    costs = {name: run.get(name) for name in ("seconds", "parameters", "flops")}
    bundle, answers = (folder / str(run.get(name)) for name in ("bundle", "predictions"))
    return Entry(
        run["id"],
        run=True,
        settings=flat(settings),
        tags=_tags(results, {"strategy": run.get("strategy"), "verdict": mark}),
        curves=tuple(_curves(run)),
        metrics=_numbers({**measured, **costs, "over_splits": _measured(standing.over_splits(results).get(run["id"]))}),
        texts={"warnings": "\n".join(f"- {line}" for line in run["warnings"])} if run.get("warnings") else {},
        tables=_classes(results, run),
        files={
            **({"bundle": bundle} if (bundle / "bundle.json").is_file() else {}),
            **({"predictions.parquet": answers} if answers.is_file() else {}),
        },
        seconds=float((run.get("seconds") or {}).get("total") or 0.0),
    )


def flat(values: Mapping[str, Any], before: str = "") -> dict[str, Value]:
    """Return nested settings under names with dots; lists are written with commas, null is left out."""
    found: dict[str, Value] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{before}{name}.")
        elif isinstance(value, list | tuple):
            found[f"{before}{name}"] = ",".join(str(one) for one in value)
        elif value is not None:
            found[f"{before}{name}"] = value
    return found


def _tags(results: Results, own: Mapping[str, str | None]) -> dict[str, str]:
    backbone = (results.get("backbone") or {}).get("name")
    every = {"backbone": backbone, "headstart": results.get("headstart"), "data": results["data"].get("fingerprint")}
    return {name: str(value) for name, value in {**own, **every}.items() if value}


def _curves(run: Run) -> Iterator[tuple[int, dict[str, float]]]:
    for key, prefix in (("epochs", "epoch"), ("epochs_on_all", "epoch_on_all")):
        for record in run.get(key) or ():
            values = {name: value for name, value in record.items() if name != "epoch"}
            yield int(record["epoch"]), _numbers({prefix: values})


def _measured(metrics: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the numbers of one split by which people compare: intervals by their ends, of the sets those of 95 %."""
    if not metrics:
        return {}
    found: dict[str, Any] = {}  # what decides comes first: trackers show their first columns
    for name, interval in _INTERVALS.items():
        low, high = metrics.get(interval) or (None, None)
        found |= {name: metrics.get(name), f"{name}_low": low, f"{name}_high": high}
    found |= {name: value for name, value in metrics.items() if isinstance(value, int | float)}
    found["calibration_error"] = (metrics.get("calibration") or {}).get("ece")
    sets = (metrics.get("sets") or {}).get(_LEVEL) or {}
    found |= {f"sets_{name}": sets.get(name) for name in ("coverage", "mean_size")}
    found["none_of_these"] = (metrics.get("none_of_these") or {}).get("share")
    return found


def _metrics_by_name(results: Results, run: str | None) -> dict[str, Any]:
    """Return accuracy and ends of the interval that decided, for one run."""
    return next((_measured(standing.deciding(results, each)) for each in results["runs"] if each["id"] == run), {})


def _numbers(values: Mapping[str, Any], before: str = "") -> dict[str, float]:
    """Return finite numbers under names with slashes; what is no number is left out."""
    found: dict[str, float] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= _numbers(value, f"{before}{name}/")
        elif isinstance(value, int | float) and math.isfinite(value):
            found[f"{before}{name}"] = float(value)
    return found


def _strategies(results: Results) -> Table:
    """Return the table of strategies, best first, with the accuracy that decided."""
    signs = standing.marks(results)
    columns = (
        "run",
        "verdict",
        "cut",
        "accuracy",
        "low",
        "high",
        "log loss",
        "macro F1",
        "seconds",
        "trained",
        "flops",
    )
    rows = []
    for run in standing.ranked(results):
        decided, measured = standing.deciding(results, run), standing.metrics_of(run, standing.measured_split(results))
        low, high = decided.get("interval") or (None, None)
        numbers = [decided.get("accuracy"), low, high, measured.get("loss"), measured.get("macro_f1")]
        costs = [run["seconds"].get("total"), run["parameters"].get("trained"), run.get("flops")]
        mark = _MARKS.get(signs.get(run["id"], ""), "")
        rows.append((str(run["id"]), mark, standing.cut_of(run), *(_number(each) for each in [*numbers, *costs])))
    return Table(columns, tuple(rows))


def _pairs(results: Results) -> dict[str, Table]:
    """Return the comparisons in pairs; nothing where there was one run."""
    columns = ("a", "b", "difference", "low", "high", "p", "p adjusted")
    rows = []
    for pair in results.get("comparisons") or ():
        ends = pair.get("interval") or (None, None)
        numbers = [pair.get("difference"), *ends, pair.get("p"), pair.get("p_adjusted")]
        rows.append((str(pair["a"]), str(pair["b"]), *(_number(each) for each in numbers)))
    return {"pairs": Table(columns, tuple(rows))} if rows else {}


def _classes(results: Results, run: Run) -> dict[str, Table]:
    """Return the recall of each class on the split that measures; nothing where it was not kept."""
    split = standing.measured_split(results)
    metrics = standing.metrics_of(run, split)
    recalls = metrics.get("per_class_recall")
    if not recalls:
        return {}
    counts, names = results["data"]["counts"].get(split) or {}, results["data"]["classes"]
    ends: Sequence[Any] = metrics.get("per_class_recall_intervals") or [None] * len(names)
    rows = [
        (str(name), _number(counts.get(name)), _number(recall), *(_number(end) for end in (each or (None, None))))
        for name, recall, each in zip(names, recalls, ends, strict=True)
    ]
    return {"classes": Table(("class", "pictures", "recall", "low", "high"), tuple(rows))}


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _told(cell: str | float | None) -> str:
    if cell is None:
        return "–"
    return escaped(cell) if isinstance(cell, str) else f"{cell:.4g}" if abs(cell) < 1e4 else f"{cell:,.0f}"
