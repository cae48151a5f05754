"""Answers of the smaller commands as lines: evaluations, predictions, stages, weights, expectations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len

from headstart.report.lines import Line, Role, columns, fit, shorten, wrap
from headstart.report.numbers import decimal, file_size, quantity, seconds_text
from headstart.report.text import skipped_lines

_MOST_CLASSES = 10  # a larger confusion matrix is for a picture, not for a terminal
_MOST_CONFUSED = 5


def evaluation_lines(evaluation: Mapping[str, Any], *, width: int) -> list[Line]:
    """Return what `evaluate` measured: figures, recall of each class, which classes are taken for which."""
    metrics, classes = evaluation["metrics"], list(evaluation["classes"])
    low, high = metrics.get("interval") or (None, None)
    spread = "" if low is None else f"  (95 % interval {decimal(low)} to {decimal(high)})"
    split = evaluation.get("split") or "all"
    where = f" on {metrics['n']:,} {'' if split == 'all' else split + ' '}pictures"
    lines = [Line(f"accuracy {decimal(metrics['accuracy'])}{where}", "title")]
    lines[0] = Line(lines[0].text + spread, "title") if cell_len(lines[0].text + spread) <= width else lines[0]
    others = (("macro F1", "macro_f1"), ("balanced accuracy", "balanced_accuracy"), ("log loss", "loss"))
    told = " · ".join(f"{name} {decimal(metrics[key])}" for name, key in others if metrics.get(key) is not None)
    lines += [Line(part, "faint") for part in wrap(told, width)] if told else []
    lines += [Line(part, "faint") for part in wrap(_came_true(metrics), width)] if metrics.get("calibration") else []
    if evaluation.get("left_out"):
        text = f"{evaluation['left_out']:,} pictures from which it learned are left out (--split all takes them too)."
        lines += [Line(part, "faint") for part in wrap(text, width)]
    seen = evaluation.get("trained_on")
    if seen:
        text = f"! {seen} of these {metrics['n']:,} pictures were trained on: they say nothing about new ones."
        lines += [Line(part, "warning") for part in wrap(text, width, rest="  ")]
    recalls = metrics.get("per_class_recall") or [None] * len(classes)
    lines += [Line(""), *_class_table(classes, recalls, evaluation["confusion"], width)]
    lines += _confused(classes, evaluation["confusion"], width)
    skipped = skipped_lines(evaluation.get("skipped") or [], width=width)
    return [*lines, Line(""), *skipped] if skipped else lines


def _came_true(metrics: Mapping[str, Any]) -> str:
    """Return in one line how often came true what is stated beside an answer."""
    usual, none = (metrics.get("sets") or {}).get("0.95"), metrics.get("none_of_these")
    told = [f"calibration error {decimal(metrics['calibration']['ece'])}"]
    if usual:
        told.append(f"in the 95 % sets {decimal(usual['coverage'])}, {decimal(usual['mean_size'], 2)} classes each")
    if none:
        told.append(f"called none of these {decimal(none['share'])}")
    return " · ".join(told)


def _class_table(
    classes: Sequence[str], recalls: Sequence[float | None], confusion: Sequence[Sequence[int]], width: int
) -> list[Line]:
    """Return recall by class, with the confusion matrix beside it where it fits."""
    rows = [
        [shorten(name, 28), decimal(recall), f"{sum(counts):,}"]
        for name, recall, counts in zip(classes, recalls, confusion, strict=True)
    ]
    heads = ["class", "recall", "pictures"]
    if len(classes) <= _MOST_CLASSES:
        wide = [[*row, *(f"{count:,}" for count in counts)] for row, counts in zip(rows, confusion, strict=True)]
        said = [*heads, *(_short_name(name) for name in classes)]
        table = columns([said, *wide], right=range(1, len(said)))
        if max(cell_len(line) for line in table) <= width:
            lead = cell_len(columns([heads, *rows], right=(1, 2))[0]) + 2
            return [Line(" " * lead + "answered as", "faint"), Line(table[0], "heading"), *map(Line, table[1:])]
    order = sorted(range(len(rows)), key=lambda at: (recalls[at] is None, recalls[at] or 0.0))
    table = columns([heads, *(rows[at] for at in order)], right=(1, 2))
    return [Line(table[0], "heading"), *map(Line, table[1:])]


def _short_name(name: str) -> str:
    return fit(name, 12).rstrip() if cell_len(name) > 12 else name


def _confused(classes: Sequence[str], confusion: Sequence[Sequence[int]], width: int) -> list[Line]:
    """Return the pairs of classes that are mixed up most, for more than two classes."""
    pairs = [
        (count, classes[true], classes[said])
        for true, row in enumerate(confusion)
        for said, count in enumerate(row)
        if count and true != said
    ]
    if len(classes) < 3 or not pairs:
        return []
    pairs.sort(key=lambda pair: -pair[0])
    told = ", ".join(f"{true} as {said} ({count:,})" for count, true, said in pairs[:_MOST_CONFUSED])
    return [Line(""), *(Line(part) for part in wrap(told, width, first="Most often mixed up: ", rest="  "))]


def prediction_lines(rows: Sequence[Mapping[str, Any]], *, width: int) -> list[Line]:
    """Return one line per picture: path, answer, its probability as number and bar, and where it is not sure.

    Not sure: the 95 % set holds other classes too, or the picture is like none that was trained on.
    """
    if not rows:
        return []
    label = min(max(cell_len(row["label"]) for row in rows), 30)
    bar = 10 if 80 <= width < 1000 else 0  # a program that reads the lines needs no picture
    doubts = [_doubt(row) for row in rows]
    room = min(max(map(cell_len, doubts)), max(width // 4, 14))
    path = min(
        max(cell_len(row["path"]) for row in rows), max(width - label - bar - 11 - (room + 2 if room else 0), 12)
    )
    lines = []
    for row, doubt in zip(rows, doubts, strict=True):
        filled = round(row["probability"] * bar)
        drawn = "  " + "━" * filled + "─" * (bar - filled) if bar else ""
        name = fit(shorten(row["path"], path), path)
        said = f"{name}  {fit(shorten(row['label'], label), label)}  {row['probability']:.3f}{drawn}"
        lines.append(Line(f"{said}  {shorten(doubt, room)}" if doubt else said))
    return lines


def _doubt(row: Mapping[str, Any]) -> str:
    """Return "none of these?", "or wasp, fly", or nothing where the answer is sure."""
    if row.get("none_of_these"):
        return "none of these?"
    others = [name for name in row.get("set") or () if name != row["label"]]
    return f"or {', '.join(others)}" if others else ""


def stage_lines(stages: Sequence[Mapping[str, Any]], *, width: int) -> list[Line]:
    """Return the places to cut: what enters there, what each stage holds and costs, what a cut would train."""
    heads = ["cut", "activation", "values", "parameters", "FLOPs", "trained from here"]
    rows = [
        [
            str(stage["name"]),
            " x ".join(str(side) for side in stage["shape"]),
            quantity(_product(stage["shape"])),
            quantity(stage["parameters"]),
            quantity(stage["flops"]),
            quantity(stage["trained_after"]),
        ]
        for stage in stages
    ]
    keep = range(6) if width >= 72 else (0, 1, 3, 5)
    heads[5] = heads[5] if width >= 72 else "trained"
    table = columns([[row[at] for at in keep] for row in [heads, *rows]], right=range(2, len(keep)))
    return [Line(table[0], "heading"), *map(Line, table[1:])]


def _product(sides: Sequence[int]) -> int:
    total = 1
    for side in sides:
        total *= side
    return total


def weights_lines(entries: Sequence[Mapping[str, Any]], *, width: int) -> list[Line]:
    """Return the weights that can be had: installed or not, licence, where they come from."""
    rows = []
    for entry in entries:
        where = entry.get("source") or entry.get("where") or entry.get("path") or ""
        state = "✓" if entry.get("installed") else "–"
        rows.append([state, str(entry["name"]), str(entry.get("licence") or "?"), str(where)])
    if not rows:
        return []
    room = max(width - sum(max(cell_len(row[at]) for row in rows) + 2 for at in range(3)), 20)
    table = columns([["", "name", "licence", "where"], *([*row[:3], shorten(row[3], room)] for row in rows)])
    return [Line(table[0], "heading"), *map(Line, table[1:])]


def plan_lines(found: Mapping[str, Any], *, width: int) -> list[Line]:
    """Return the steps of a plan: pictures, about how long, what stays on the disk; and the sums."""
    rows = [
        [
            str(step["step"]),
            f"{step['pictures']:,}",
            seconds_text(step["estimated_seconds"]),
            file_size(step["bytes"]) if step.get("bytes") else "",
            quantity(step.get("flops")) if step.get("flops") else "",
        ]
        for step in found["steps"]
    ]
    keep = range(5) if width >= 60 else (0, 2, 3)
    heads = ["step", "pictures", "about", "on disk", "FLOPs"]
    table = columns([[row[at] for at in keep] for row in [heads, *rows]], right=range(1, len(keep)))
    threads = f"{found['threads']} thread{'s' if found['threads'] != 1 else ''}"
    total = (
        f"About {seconds_text(found['seconds'])} on {threads} ({found['device']}), "
        f"{file_size(found['bytes'])} in the cache. What is there already costs nothing."
    )
    if found.get("fits") is not None:
        total += f" Within the budget: {', '.join(found['fits'])}."
    return [Line(table[0], "heading"), *map(Line, table[1:]), Line(""), *map(Line, wrap(total, width))]


def cache_lines(found: Mapping[str, Any], *, width: int) -> list[Line]:
    """Return what the cache holds: kind, size, last use, what it is; and the total against the limit."""
    total = f"{file_size(found['bytes'])} of at most {file_size(found['limit'])} in {found['folder']}"
    if not found["entries"]:
        return [Line(part) for part in wrap(f"Nothing yet: {total}", width)]
    rows = [
        [entry["kind"], file_size(entry["bytes"]), entry["used"][:16].replace("T", " "), _told(entry["about"])]
        for entry in found["entries"]
    ]
    heads = ["kind", "size", "last used (UTC)", "what"]
    room = max(width - sum(max(cell_len(row[at]) for row in [heads, *rows]) + 2 for at in range(3)), 20)
    table = columns([[*row[:3], shorten(row[3], room)] for row in [heads, *rows]], right=(1,))
    return [Line(table[0], "heading"), *map(Line, table[1:]), Line(""), *map(Line, wrap(total, width))]


def _told(about: Mapping[str, Any]) -> str:
    """Return in a few words which entry it is."""
    if about.get("backbone") and "cut" not in about:
        return f"{about['backbone']} as a graph"
    if about.get("backbone"):
        view = "" if about.get("view") in (None, "none") else f", augmented ({about['view']})"
        return f"{about['backbone']} at {about['cut']}, {about['framing']}{view}"
    if about.get("bundle"):
        return f"exported network of {about['bundle']}"
    if about.get("strategy"):
        cut = f" from {about['cut']}" if about.get("cut") else ""
        return f"{about['strategy']}{cut}, trained on {about['data']} ({about['pictures']:,} pictures)"
    if about.get("pictures") is not None:
        return f"{about['pictures']:,} pictures, short side {about['short_side']}"
    return "?"


def fact_lines(facts: Mapping[str, Any], *, width: int) -> list[Line]:  # noqa: ARG001 - as its neighbours
    """Return names and values in two columns, however wide: hashes are to be copied."""
    said = {str(name): value for name, value in facts.items() if value is not None}
    size = max((cell_len(name) for name in said), default=0)
    return [Line(f"{fit(name, size)}  {value}") for name, value in said.items()]


def expectation_lines(recipe: Mapping[str, Any], accuracies: Mapping[str, float | None], *, width: int) -> list[Line]:
    """Return what the recipe's author expects beside what was measured, and whether it lies in the range."""
    rows: list[list[str]] = []
    roles: list[Role] = []
    for name, said in (recipe.get("expected") or {}).items():
        entry = said if isinstance(said, Mapping) else {"accuracy": said}
        span, found = entry.get("accuracy"), accuracies.get(name)
        ends = span if isinstance(span, list | tuple) else (span, span)
        inside = found is not None and ends[0] is not None and ends[0] <= found <= ends[1]
        verdict = "not run" if found is None else "as expected" if inside else "below" if found < ends[0] else "above"
        if found is not None and not recipe.get("own_network", True):
            verdict = "another network"
        told = f"{decimal(ends[0])} to {decimal(ends[1])}"
        rows.append([str(name), decimal(found), told, decimal(entry.get("published")), verdict])
        roles.append("warning" if verdict == "below" else "plain")
    if not rows:
        return []
    heads = ["strategy", "here", "expected", "published", ""]
    keep = range(5) if width >= 62 else (0, 1, 2, 4)
    table = columns([[row[at] for at in keep] for row in [heads, *rows]])
    return [Line(table[0], "heading"), *(Line(t, r) for t, r in zip(table[1:], roles, strict=True))]
