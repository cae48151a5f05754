"""Answers of the smaller commands as lines: evaluations, predictions, stages, weights, expectations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rich.cells import cell_len

from headstart.records.answers import Evaluation
from headstart.records.listing import StagePlace, WeightsEntry
from headstart.records.metrics import Metrics
from headstart.records.plan import DryRun, PlanStep
from headstart.records.record import Record
from headstart.records.results import Expectation, RecipeRecord
from headstart.report.calibration_tables import USUAL
from headstart.report.facts import facts, value_text
from headstart.report.lines import Line, Role, columns, fit, shorten, wrap
from headstart.report.numbers import decimal, file_size, quantity, seconds_text
from headstart.report.skipped import skipped_lines

_MOST_CLASSES = 10  # a larger confusion matrix is for a picture, not for a terminal
_MOST_CONFUSED = 5


def evaluation_lines(found: Evaluation, *, width: int) -> list[Line]:
    """Return what `evaluate` measured: figures, recall of each class, which classes are mistaken for which."""
    metrics = found.metrics
    low, high = map(decimal, metrics.interval)
    split = "" if found.split == "all" else f"{found.split} "
    title = f"accuracy {decimal(metrics.accuracy)} on {metrics.n:,} {split}pictures"
    spread = f"  (95 % interval {low} to {high})"
    lines = [Line(title + spread if cell_len(title + spread) <= width else title, "title")]
    others = {
        "macro F1": metrics.macro_f1, "balanced accuracy": metrics.balanced_accuracy, "log loss": metrics.loss
    }  # fmt: skip
    if len(found.classes) - sum(recall is None for recall in metrics.per_class_recall) < 2:
        others = {"log loss": metrics.loss}  # the other two are means over classes
    told = " · ".join(f"{name} {decimal(value)}" for name, value in others.items())
    for text in (told, _came_true(metrics), _left_out(found)):
        lines += [Line(part, "faint") for part in wrap(text, width)] if text else []
    for warning in found.warnings:
        lines += [Line(part, "warning") for part in wrap(warning.text, width, first="! ", rest="  ")]
    if found.trained_on:
        text = (
            f"! The classifier was trained on {found.trained_on:,} of these {metrics.n:,} pictures, so this does not "
            "say how it does on new ones."
        )
        lines += [Line(part, "warning") for part in wrap(text, width, rest="  ")]
    lines += [Line(""), *_class_table(found.classes, metrics.per_class_recall, found.confusion, width)]
    lines += _confused(found.classes, found.confusion, width)
    skipped = skipped_lines(found.skipped, width=width)
    return [*lines, Line(""), *skipped] if skipped else lines


def _left_out(found: Evaluation) -> str:
    if not found.left_out:
        return ""
    return f"Left out: {found.left_out:,} pictures that the classifier was trained on (--split all includes them)."


def _came_true(metrics: Metrics) -> str:
    """Return in one line how often came true what is stated besides an answer; empty where it was not measured."""
    if metrics.calibration is None:
        return ""
    usual = None if metrics.sets is None else metrics.sets.levels.get(USUAL)
    told = [f"calibration error {decimal(metrics.calibration.ece)}"]
    if usual is not None:
        told.append(f"true class in the 95 % set: {decimal(usual.coverage)}")
        told.append(f"classes in a set: {decimal(usual.mean_size, 2)}")
    if metrics.none_of_these is not None:
        told.append(f"called none of these: {decimal(metrics.none_of_these.share)}")
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
    """Return the pairs of classes that are mistaken for each other most, for more than two classes."""
    pairs = [
        (count, classes[true], classes[said])
        for true, row in enumerate(confusion)
        for said, count in enumerate(row)
        if count and true != said
    ]
    if len(classes) < 3 or not pairs:
        return []
    pairs.sort(key=lambda pair: -pair[0])
    told = ", ".join(f"{true} for {said} ({count:,})" for count, true, said in pairs[:_MOST_CONFUSED])
    return [Line(""), *(Line(part) for part in wrap(told, width, first="Most often mistaken: ", rest="  "))]


def stage_lines(stages: Sequence[StagePlace], *, width: int) -> list[Line]:
    """Return the places to cut: what enters there, what each stage holds and costs, what a cut would train."""
    heads = ["cut", "activation", "values", "parameters", "FLOPs", "trained from here"]
    rows = [
        [
            stage.name,
            " x ".join(map(str, stage.shape)),
            quantity(math.prod(stage.shape)),
            quantity(stage.parameters),
            quantity(stage.flops),
            quantity(stage.trained_after),
        ]
        for stage in stages
    ]
    keep = range(6) if width >= 72 else (0, 1, 3, 5)
    heads[5] = heads[5] if width >= 72 else "trained"
    table = columns([[row[at] for at in keep] for row in [heads, *rows]], right=range(2, len(keep)))
    return [Line(table[0], "heading"), *map(Line, table[1:])]


def weights_lines(entries: Sequence[WeightsEntry], *, width: int) -> list[Line]:
    """Return the weights that can be had: installed or not, licence, where they come from."""
    if not entries:
        return []
    rows = [["✓" if one.installed else "–", one.name, one.licence or "?", one.source] for one in entries]
    room = max(width - sum(max(cell_len(row[at]) for row in rows) + 2 for at in range(3)), 20)
    table = columns([["", "name", "licence", "source"], *([*row[:3], shorten(row[3], room)] for row in rows)])
    return [Line(table[0], "heading"), *map(Line, table[1:])]


def plan_lines(found: DryRun, *, width: int) -> list[Line]:
    """Return the steps of a plan: pictures, about how long, what stays on the disk; and the sums."""
    keep = range(5) if width >= 60 else (0, 2, 3)
    heads = ["step", "pictures", "time, about", "on disk", "FLOPs"]
    rows = [heads, *map(_plan_row, found.steps)]
    table = columns([[row[at] for at in keep] for row in rows], right=range(1, len(keep)))
    threads = f"{found.threads} thread{'s' if found.threads != 1 else ''}"
    total = (
        f"About {seconds_text(found.seconds)} on {threads} ({found.device}), and {file_size(found.bytes)} in the "
        "cache. Steps that are already done cost nothing."
    )
    if found.fits is not None:
        total += f" Within the time limit: {', '.join(found.fits) or 'nothing'}."
    return [Line(table[0], "heading"), *map(Line, table[1:]), Line(""), *map(Line, wrap(total, width))]


def _plan_row(step: PlanStep) -> list[str]:
    return [
        step.step,
        f"{step.pictures:,}",
        seconds_text(step.estimated_seconds),
        file_size(step.bytes) if step.bytes else "",
        quantity(step.flops) if step.flops else "",
    ]


def fact_lines(record: Record, *, width: int) -> list[Line]:  # noqa: ARG001 - as its neighbours
    """Return the names and values of a record in two columns, however wide: hashes are to be copied."""
    said = dict(facts(record))
    size = max((cell_len(name) for name in said), default=0)
    return [Line(f"{fit(name, size)}  {value_text(value)}") for name, value in said.items()]


def expectation_lines(recipe: RecipeRecord, accuracies: Mapping[str, float | None], *, width: int) -> list[Line]:
    """Return what the recipe's author expects beside what was measured, and whether it lies in the range."""
    if not recipe.expected:
        return []
    rows: list[list[str]] = []
    roles: list[Role] = []
    for name, said in recipe.expected.items():
        found = accuracies.get(name)
        verdict = _against(said, found, own_network=recipe.own_network)
        told = " to ".join(map(decimal, said.accuracy))
        rows.append([name, decimal(found), told, decimal(said.published), verdict])
        roles.append("warning" if verdict == "below" else "plain")
    heads = ["strategy", "here", "expected", "published", ""]
    keep = range(5) if width >= 62 else (0, 1, 2, 4)
    table = columns([[row[at] for at in keep] for row in [heads, *rows]])
    return [Line(table[0], "heading"), *(Line(t, r) for t, r in zip(table[1:], roles, strict=True))]


def _against(said: Expectation, found: float | None, *, own_network: bool) -> str:
    """Return where an accuracy lies, beside the range that was expected."""
    low, high = said.accuracy
    if found is None:
        return "not run"
    if not own_network:
        return "another network"
    return "below" if found < low else "above" if found > high else "as expected"
