"""What is logged of a run folder: an entry for the comparison, and one for each of its runs. No tracker is known here.

Names are those of results.json (docs/design.md), with a prefix that says where they come from: ``epoch/train_loss``,
``val/accuracy``, ``val/accuracy_low`` and ``val/accuracy_high`` (the ends of its 95 % interval), ``seconds/total``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from headstart.base.files import fingerprint, sha256_of_file
from headstart.records.codec import plain
from headstart.records.metrics import Metrics, SetCoverage
from headstart.records.record import Interval, named_values
from headstart.records.results import Results, StrategyOverSplits
from headstart.records.run import RunRecord
from headstart.records.training import Epoch
from headstart.report import standing, text
from headstart.report.cells import escaped, table
from headstart.report.facts import settings_of
from headstart.report.standing import Standing

Value = str | int | float | bool

COMPARISON = "comparison"
_MARKS = {standing.TAKEN: "winner", standing.DOUBTFUL: "in doubt", standing.TIED: "tied", standing.SAME: "same result"}
_LEVEL = "0.95"  # of the prediction sets that `predict` states


@dataclass(frozen=True)
class FigureTable:
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
    tables: Mapping[str, FigureTable]
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
    order = Standing.of(results)
    return [_comparison(results, order, folder), *(_run(results, order, run, folder) for run in order.runs)]


def _comparison(results: Results, order: Standing, folder: Path) -> Entry:
    verdict, winner = results.verdict, results.winner
    taken = _MARKS[order.marks[verdict.winner]]
    warnings = "\n".join(f"- {line}" for line in text.warnings(results))
    learned = () if results.learning is None else zip(results.learning.sizes, results.learning.accuracy, strict=True)
    metrics = {
        "winner": {} if winner is None else _measured(order.deciding(winner)),
        "chance": {"accuracy": standing.chance_accuracy(results)},
    }
    named = ("report.html", "report.md", "results.json", "split.parquet")
    return Entry(
        COMPARISON,
        run=False,
        settings=_settings_of_all(results),
        tags=_tags(results, {taken: verdict.winner, "command": results.command}),
        curves=tuple((round(size), {"learning/accuracy": accuracy}) for size, accuracy in learned),
        metrics=_numbers(metrics),
        texts={name: told for name, told in (("verdict", _said(results)), ("warnings", warnings)) if told},
        tables={"strategies": _strategies(order), **_pairs(results)},
        files={name: folder / name for name in named if (folder / name).is_file()},
        seconds=sum(step.seconds or 0.0 for step in results.plan),
    )


def _settings_of_all(results: Results) -> dict[str, Value]:
    counts = {f"pictures.{split}": sum(by.values()) for split, by in results.data.counts.items() if by}
    chosen = {"framing": results.chosen.framing, "augment": results.chosen.augment, "seed": results.seed}
    runs = {"strategies": [run.id for run in results.runs]}
    return flat({"classes": len(results.data.classes), **counts, **chosen, **runs})


def _said(results: Results) -> str:
    found = results.verdict
    return " ".join([found.text, *found.details, *found.figures]).strip()


def _run(results: Results, order: Standing, run: RunRecord, folder: Path) -> Entry:
    own = {"strategy": run.strategy, "weights": run.weights, "cut": run.cut, "head": run.head, "seed": run.seed}
    network = None if results.backbone is None else results.backbone.name
    settings = {**own, "preprocessing": plain(run.preprocessing), **settings_of(run), "backbone": network}
    measured = {"val": _measured(run.metrics.val), "test": _measured(run.metrics.test)}
    costs = {"seconds": plain(run.seconds), "parameters": plain(run.parameters), "flops": run.flops}
    means = None if order.splits is None else order.splits.of(run.id)
    bundle, answers = folder / run.bundle, folder / run.predictions
    return Entry(
        run.id,
        run=True,
        settings=flat(settings),
        tags=_tags(results, {"strategy": run.strategy, "verdict": _MARKS.get(order.marks.get(run.id, ""))}),
        curves=(*_curves(run.epochs, "epoch"), *_curves(run.epochs_on_all, "epoch_on_all")),
        metrics=_numbers({**measured, **costs, "over_splits": _measured(means)}),
        texts={"warnings": "\n".join(f"- {found.text}" for found in run.warnings)} if run.warnings else {},
        tables=_classes(results, run),
        files={
            **({"bundle": bundle} if (bundle / "bundle.json").is_file() else {}),
            **({"predictions.parquet": answers} if answers.is_file() else {}),
        },
        seconds=run.seconds.total,
    )


def flat(values: Mapping[str, object], before: str = "") -> dict[str, Value]:
    """Return nested settings under names with dots; lists are written with commas, None is left out."""
    found: dict[str, Value] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{before}{name}.")
        elif isinstance(value, list | tuple):
            found[f"{before}{name}"] = ",".join(str(one) for one in value)
        elif isinstance(value, str | int | float):
            found[f"{before}{name}"] = value
    return found


def _tags(results: Results, own: Mapping[str, str | None]) -> dict[str, str]:
    network = None if results.backbone is None else results.backbone.name
    every = {"backbone": network, "headstart": results.headstart, "data": results.data.fingerprint}
    return {name: value for name, value in {**own, **every}.items() if value}


def _curves(epochs: Sequence[Epoch], prefix: str) -> Iterator[tuple[int, dict[str, float]]]:
    for one in epochs:
        values = {name: value for name, value in named_values(one).items() if name != "epoch"}
        yield one.epoch, _numbers({prefix: values})


def _measured(found: Metrics | StrategyOverSplits | None) -> dict[str, object]:
    """Return the numbers by which people compare: intervals by their ends, of prediction sets those of 95 %."""
    if found is None:
        return {}
    low, high = _ends(found.interval)
    values: dict[str, object] = {"accuracy": found.accuracy, "accuracy_low": low, "accuracy_high": high}
    if isinstance(found, Metrics):  # what decides comes first: trackers show their first columns
        values |= _of_classes(found) | named_values(found) | _of_trust(found)
    else:
        values |= named_values(found)
    return values


def _of_classes(found: Metrics) -> dict[str, object]:
    macro, balanced = found.macro_f1_interval, found.balanced_accuracy_interval
    return {
        "macro_f1": found.macro_f1,
        "macro_f1_low": macro[0],
        "macro_f1_high": macro[1],
        "balanced_accuracy": found.balanced_accuracy,
        "balanced_accuracy_low": balanced[0],
        "balanced_accuracy_high": balanced[1],
    }


def _of_trust(found: Metrics) -> dict[str, object]:
    """Return how far stated probabilities and sets came true; None replaces the records they come from."""
    sets: SetCoverage | None = None if found.sets is None else found.sets.levels.get(_LEVEL)
    return {
        "calibration_error": None if found.calibration is None else found.calibration.ece,
        "sets_coverage": None if sets is None else sets.coverage,
        "sets_mean_size": None if sets is None else sets.mean_size,
        "none_of_these": None if found.none_of_these is None else found.none_of_these.share,
    }


def _numbers(values: Mapping[str, object], before: str = "") -> dict[str, float]:
    """Return finite numbers under names with slashes; what is no number is left out."""
    found: dict[str, float] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= _numbers(value, f"{before}{name}/")
        elif isinstance(value, int | float) and math.isfinite(value):
            found[f"{before}{name}"] = float(value)
    return found


def _strategies(order: Standing) -> FigureTable:
    """Return the table of strategies, best first, with the accuracy that decided."""
    names = ("run", "verdict", "cut")
    numbers = ("accuracy", "low", "high", "log loss", "macro F1", "seconds", "trained", "flops")
    rows = []
    for run in order.runs:
        decided, found = order.deciding(run), order.measured(run)
        reached = (None, None, None) if decided is None else (decided.accuracy, *_ends(decided.interval))
        besides = (None, None) if found is None else (found.loss, found.macro_f1)
        costs = (run.seconds.total, float(run.parameters.trained), run.flops)
        mark = _MARKS.get(order.marks.get(run.id, ""), "")
        rows.append((run.id, mark, standing.cut_of(run), *reached, *besides, *costs))
    return FigureTable((*names, *numbers), tuple(rows))


def _pairs(results: Results) -> dict[str, FigureTable]:
    """Return the comparisons in pairs; nothing where there was one run."""
    columns = ("a", "b", "difference", "low", "high", "p", "p adjusted")
    rows = [(pair.a, pair.b, pair.difference, *pair.interval, pair.p, pair.p_adjusted) for pair in results.comparisons]
    return {"pairs": FigureTable(columns, tuple(rows))} if rows else {}


def _classes(results: Results, run: RunRecord) -> dict[str, FigureTable]:
    """Return the recall of each class on the pictures that measure; nothing where none did."""
    found, counts = results.measured(run), results.data.counts.get(results.measuring) or {}
    if found is None:
        return {}
    rows = [
        (name, float(counts.get(name, 0)), recall, *_ends(ends))
        for name, recall, ends in zip(
            results.data.classes, found.per_class_recall, found.per_class_recall_intervals, strict=True
        )
    ]
    return {"classes": FigureTable(("class", "pictures", "recall", "low", "high"), tuple(rows))}


def _ends(interval: Interval | None) -> tuple[float | None, float | None]:
    return (None, None) if interval is None else interval


def _told(cell: str | float | None) -> str:
    if cell is None:
        return "–"
    return escaped(cell) if isinstance(cell, str) else f"{cell:.4g}" if abs(cell) < 1e4 else f"{cell:,.0f}"
