"""An experiment as one plain Markdown page: `report.md` in the run folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from headstart.base.files import write_text
from headstart.report import calibration_tables, standing, text
from headstart.report.active import activity
from headstart.report.cells import escaped, interval, table
from headstart.report.lines import clean
from headstart.report.numbers import decimal, quantity, seconds_text
from headstart.report.sections import advised, learning, over_splits, pairs_table

Results = Mapping[str, Any]
Run = Mapping[str, Any]

_MOST_CLASSES = 10

_WHOLE = "the whole picture, unless the crop is lower by more than its standard error"


def write_markdown(results: Results, path: Path) -> None:
    """Write the report of `results` to `path` durably.

    Parameters
    ----------
    results : dict
        Content of ``results.json``.
    path : Path

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    write_text(path, markdown(results))


def markdown(results: Results) -> str:
    """Return the report of `results` as Markdown, ending with one line end."""
    sections = [
        _opening(results),
        _section("Verdict", _verdict(results)),
        _section("Advised before anything was tried", advised(results)),
        _section("Strategies", _strategies(results)),
        _section("Compared in pairs", _comparisons(results)),
        _section("Over several splits", over_splits(results)),
        _section("The winner, class by class", _per_class(results)),
        _section("How sure it is", _how_sure(results)),
        _section("More training pictures", learning(results)),
        _section("How black the feature maps are", activity(results)),
        _section("Epochs", _epochs(results)),
        _section("Settings", _settings(results)),
        _section("Pictures", _pictures(results)),
        _section("Skipped files", _skipped(results)),
        _section("Backbone and preprocessing", _backbone(results)),
        _section("Plan and time", _plan(results)),
        _section("Warnings", [f"- {escaped(line)}" for line in text.warnings(results)]),
        _section("Environment", _environment(results)),
        _section("Make it again", _again(results)),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _section(title: str, lines: Sequence[str]) -> str:
    return "\n".join([f"## {title}", "", *lines]) if lines else ""


def _opening(results: Results) -> str:
    recipe = (results.get("recipe") or {}).get("title")
    parts = [text.describe_data(results), text.describe_backbone(results), text.describe_machine(results)]
    lines = [f"# {escaped(recipe)}" if recipe else "# What the comparison found", ""]
    lines.append(escaped(" · ".join(part for part in parts if part)) + ".")
    return "\n".join(lines)


def _verdict(results: Results) -> list[str]:
    said = (results.get("verdict") or {}).get("text")
    return [escaped(said)] if said else []


def _strategies(results: Results) -> list[str]:
    split, decision = standing.measured_split(results), results.get("verdict") or {}
    runs = standing.ranked(results)
    if not runs:
        return []
    marks = standing.marks(results)
    heads = ["", "run", "weights", "cut", "head", f"accuracy on {split}", "95 % interval", "macro F1", "log loss"]
    rows = []
    for run in runs:
        metrics = standing.metrics_of(run, split)
        mark = _marked(marks.get(run["id"]), (decision.get("same_as") or {}).get(run["id"]))
        names = [
            escaped(name or "") for name in (run.get("id"), run.get("weights"), standing.cut_of(run), run.get("head"))
        ]
        numbers = [decimal(metrics.get("accuracy")), interval(metrics.get("interval"))]
        numbers += [decimal(metrics.get("macro_f1")), decimal(metrics.get("loss"))]
        numbers.append(seconds_text((run.get("seconds") or {}).get("total")))
        held = run.get("parameters") or {}
        numbers += [quantity(count) for count in (held.get("trained"), held.get("total"), run.get("flops"))]
        rows.append([mark, *names, *numbers])
    lines = table([*heads, "time", "trained", "size", "FLOPs"], rows, right=range(5, 13))
    lines += ["", _how_measured(results, split, runs)]
    return lines


def _marked(mark: str | None, same: str | None) -> str:
    """Return what stands before a row: taken, tied, or whose head it kept."""
    if mark == standing.SAME:
        return f"head of {escaped(same)}"
    words = {standing.TAKEN: "**taken**", standing.DOUBTFUL: "**taken**, in doubt", standing.TIED: "tied"}
    return words.get(mark or "", "")


def _how_measured(results: Results, split: str, runs: Sequence[Run]) -> str:
    n = next((standing.metrics_of(run, split).get("n") for run in runs if standing.metrics_of(run, split)), None)
    chance = standing.chance_accuracy(results)
    parts = ["Nothing was measured." if n is None else f"Measured on {n:,} {split} pictures."]
    if chance is not None:
        parts.append(f"Always answering with the commonest class would reach {chance:.3f}.")
    if standing.over_splits(results):
        parts.append(f"What is taken and what is tied was decided over {standing.splits_text(results)}, below.")
    if any(standing.metrics_of(run, split).get("used_for_choosing") for run in runs):
        parts.append(f"The {split} pictures also chose the epoch or the settings, so these figures are optimistic.")
        parts += standing.optimism(results)
    else:
        parts.append("Epochs and settings were chosen without these pictures.")
    if any(standing.cut_of(run) == "stages" for run in runs):
        parts.append("Heads at 'stages' read several stages of the frozen network, not its last features alone.")
    parts.append(f"{_how_intervals(standing.metrics_of(runs[0], split))}.")
    parts.append("Time is what the strategy costs alone, shared steps counted in full.")
    parts.append("Trained: numbers fitted to these pictures; size: numbers it holds; FLOPs: operations for an answer.")
    return " ".join(parts)


def _how_intervals(metrics: Mapping[str, Any]) -> str:
    """Return how the intervals of shares were made; what was measured before there was a choice is Wilson's."""
    exact = metrics.get("interval_kind") == "clopper-pearson"
    kind = "Intervals are Clopper and Pearson's" if exact else "Intervals are Wilson's"
    return f"{kind}, with whole groups of pictures as units" if metrics.get("unit") == "group" else kind


def _comparisons(results: Results) -> list[str]:
    pairs = list(results.get("comparisons") or ())
    if not pairs:
        return []
    lines = pairs_table(pairs, (results.get("verdict") or {}).get("winner"))
    test = "McNemar's mid-p test"
    if any(pair.get("unit") == "group" for pair in pairs):
        test = "the sign-flip test over whole groups (mid-p), since pictures of one group are right and wrong together"
    note = f"Paired on the same pictures: {test}; the last column is adjusted for all pairs (Holm)."
    return [*lines, "", note]


def _per_class(results: Results) -> list[str]:
    winner, split = (results.get("verdict") or {}).get("winner"), standing.measured_split(results)
    run = next((run for run in results.get("runs", []) if run["id"] == winner), None)
    metrics = standing.metrics_of(run, split) if run else {}
    recalls = metrics.get("per_class_recall")
    if not recalls:
        return []
    names, counts = results["data"]["classes"], results["data"].get("counts", {}).get(split) or {}
    limits = metrics.get("per_class_recall_intervals") or [None] * len(recalls)
    entries = sorted(zip(names, recalls, limits, strict=False), key=lambda entry: (entry[1] is None, entry[1] or 0.0))
    rows = [
        [escaped(name), decimal(recall), interval(ends), f"{counts.get(name, 0):,}"] for name, recall, ends in entries
    ]
    heads = ["class", "recall", "95 % interval", f"{split} pictures"]
    lines = [f"How many of each class's pictures `{winner}` found, the hardest class first.", ""]
    lines += table(heads, rows[:_MOST_CLASSES], right=(1, 2, 3))
    if len(rows) > _MOST_CLASSES:
        lines += ["", f"{len(rows) - _MOST_CLASSES:,} easier classes are left out; `results.json` has them."]
    return [*lines, *_class_means(metrics)]


def _class_means(metrics: Mapping[str, Any]) -> list[str]:
    """Return the means over classes with their intervals, where they were measured."""
    told = [
        f"{name} {decimal(metrics[key])} ({interval(metrics[f'{key}_interval'])})"
        for key, name in (("balanced_accuracy", "Balanced accuracy"), ("macro_f1", "macro F1"))
        if metrics.get(f"{key}_interval")
    ]
    return ["", f"{', '.join(told)}; intervals by bootstrap within classes."] if told else []


def _how_sure(results: Results) -> list[str]:
    lines: list[str] = []
    for found in calibration_tables.tables(results):
        rows = [[escaped(cell) for cell in row] for row in found.rows]
        lines += ["", *table(found.heads, rows, right=range(1, len(found.heads))), "", *map(escaped, found.notes)]
    return lines[1:]


def _epochs(results: Results) -> list[str]:
    lines: list[str] = []
    heads = ["epoch", "train loss", "train accuracy", "held-out loss", "held-out accuracy", "rate", "s", "pictures/s"]
    for run in results.get("runs", []):
        if not run.get("epochs"):
            continue
        rows = [_epoch_row(record) for record in run["epochs"]]
        lines += ["", f"### {escaped(run['id'])}", "", *table(heads, rows, right=range(8))]
    return lines[1:]


def _epoch_row(record: Mapping[str, Any]) -> list[str]:
    numbers = [decimal(record.get(key)) for key in ("train_loss", "train_accuracy", "val_loss", "val_accuracy")]
    rate = record.get("learning_rate")
    speed = decimal(record.get("images_per_second"), 0)
    return [
        str(record["epoch"]),
        *numbers,
        "–" if rate is None else f"{rate:.1e}",
        decimal(record.get("seconds"), 1),
        speed,
    ]


def _settings(results: Results) -> list[str]:
    lines = []
    for run in results.get("runs", []):
        told = ", ".join(f"{key} {escaped(_plain(value))}" for key, value in (run.get("settings") or {}).items())
        if told:
            lines.append(f"- **{escaped(run['id'])}**: {told}")
    chosen = results.get("chosen") or {}
    for what in ("framing", "augment"):
        losses = (chosen.get("by") or {}).get(what)
        if losses:
            told = ", ".join(f"{name} {decimal(loss)}" for name, loss in losses.items())
            rule = f"; {_WHOLE}" if what == "framing" else ""
            how = f"chosen inside train by out-of-fold log loss, lower is better ({told}{rule})"
            lines.append(f"- {what}: {chosen[what]}, {how}")
        elif chosen.get(what):
            lines.append(f"- {what}: {chosen[what]}")
    return lines


def _pictures(results: Results) -> list[str]:
    data = results.get("data", {})
    counts, names = data.get("counts", {}), data.get("classes", [])
    splits = [split for split in ("train", "val", "test") if sum((counts.get(split) or {}).values())]
    if not splits:
        return []
    rows = [[escaped(name), *(f"{counts[split].get(name, 0):,}" for split in splits)] for name in names]
    rows.append(["**all**", *(f"**{sum(counts[split].values()):,}**" for split in splits)])
    lines = table(["class", *splits], rows, right=range(1, len(splits) + 1))
    if data.get("ignored"):
        lines += ["", f"{data['ignored']:,} hidden files and files of other kinds were passed over."]
    return [*lines, "", f"Fingerprint of the data: `{data['fingerprint']}`"] if data.get("fingerprint") else lines


def _skipped(results: Results) -> list[str]:
    skipped = results.get("data", {}).get("skipped") or []
    rows = [[escaped(entry["path"]), escaped(entry["reason"])] for entry in skipped]
    note = "These files stayed as they are and took no part in training or measuring."
    return [note, "", *table(["file", "reason"], rows)] if rows else []


def _backbone(results: Results) -> list[str]:
    backbone = results.get("backbone") or {}
    lines = _facts(backbone)
    owners: dict[str, list[str]] = {}  # runs that prepare pictures alike share a line
    for run in results.get("runs", []):
        values = run.get("preprocessing") or {}
        told = ", ".join(f"{key} {escaped(_plain(value))}" for key, value in values.items())
        if any(backbone.get(key) != value for key, value in values.items()):
            owners.setdefault(told, []).append(escaped(run["id"]))
    return lines + [f"- preprocessing of {', '.join(runs)}: {told}" for told, runs in owners.items()]


def _plan(results: Results) -> list[str]:
    plan = results.get("plan") or []
    rows = [
        [
            escaped(step["step"]),
            seconds_text(step.get("estimated_seconds")),
            seconds_text(step.get("seconds")),
        ]
        for step in plan
    ]
    earlier = [escaped(run["id"]) for run in results.get("runs", []) if (run.get("seconds") or {}).get("earlier")]
    told = (
        f"{', '.join(earlier)}: trained earlier on this machine, for another run folder; the seconds are those it took."
    )
    lines = table(["step", "estimated", "taken"], rows, right=(1, 2)) if rows else []
    return [*lines, *(["", told] if earlier else [])]


def _environment(results: Results) -> list[str]:
    return _facts({"headstart": results.get("headstart"), **(results.get("environment") or {})})


def _again(results: Results) -> list[str]:
    command = results.get("command")
    if not command:
        return []
    lines = ["```console", f"$ {clean(str(command))}", "```", ""]
    return [
        *lines,
        f"Seed {results.get('seed')}; the split of every picture stands in `split.parquet` (`--split FILE`).",
    ]


def _facts(values: Mapping[str, Any]) -> list[str]:
    return [f"- {escaped(key)}: {escaped(_plain(value))}" for key, value in values.items() if value is not None]


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return " ".join(f"{key} {_plain(item)}" for key, item in value.items())
    return " ".join(_plain(item) for item in value) if isinstance(value, list | tuple) else str(value)
