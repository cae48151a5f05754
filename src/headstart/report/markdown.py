"""An experiment as one plain Markdown page: `report.md` in the run folder.

What to use comes first, then the figures behind it, then how everything was made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from headstart.base.files import write_text
from headstart.records.metrics import Metrics
from headstart.records.results import Results
from headstart.records.run import RunRecord
from headstart.records.training import Epoch
from headstart.report import calibration_tables, text
from headstart.report.active import activity
from headstart.report.cells import Marked, code, code_block, escaped, interval, joined, listed, marked, table
from headstart.report.facts import facts, settings_of, value_text
from headstart.report.numbers import decimal, quantity, seconds_text
from headstart.report.sections import advised, learning, over_splits, pairs_table
from headstart.report.standing import (
    DOUBTFUL,
    SAME,
    TAKEN,
    TIED,
    Standing,
    chance_accuracy,
    chose_too,
    chosen_on,
    cut_of,
    learned_from,
    optimism,
    unjudged,
    unjudged_at_all,
)
from headstart.words.measured import not_on_all, splits_text
from headstart.words.reading import is_reading_note
from headstart.words.skipped import not_read

_MOST_CLASSES = 10
_MOST_SKIPPED = 1000  # files by name; results.json has all of them
_WHOLE = "the whole picture, unless the crop is lower by more than its standard error"
_MARKS = {TAKEN: "**recommended**", DOUBTFUL: "**recommended**, in doubt", TIED: "tied"}


def write_markdown(results: Results, path: Path) -> None:
    """Write the report of `results` to `path` durably.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    write_text(path, markdown(results))


def markdown(results: Results) -> str:
    """Return the report of `results` as Markdown, ending with one line end."""
    standing = Standing.of(results)
    sections = [
        _opening(results),
        _section("Verdict", _verdict(results)),
        _section("Strategies", _strategies(results, standing)),
        _section("Warnings", _bullets(text.warnings(results))),
        _section(
            "More about the verdict",
            _bullets([*results.verdict.details, *results.verdict.figures]),
        ),
        _section("The recommended strategy, class by class", _per_class(results)),
        _section("Can its probabilities be trusted?", _how_sure(results)),
        _section("Would more training pictures help?", learning(results)),
        _section("The advice before anything was tried", advised(results)),
        _section("All figures", _figures(results, standing)),
        _section("Strategies compared in pairs", _comparisons(results)),
        _section("Over several splits", over_splits(results)),
        _section("How much of the feature maps is inactive", activity(results)),
        _section("Epochs", _epochs(results)),
        _section("Settings", _settings(results)),
        _section("Pictures", _pictures(results)),
        _section("Skipped files", _skipped(results)),
        _section("Network and preprocessing", _network(results)),
        _section("Plan and time", _plan(results)),
        _section("Environment", _environment(results)),
        _section("How to reproduce it", _again(results)),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _section(title: str, lines: Sequence[str]) -> Marked:
    """Return a section; whatever was not marked on its way here is escaped."""
    return joined([marked("## {}", title), "", *lines]) if lines else Marked()


# --------------------------------------------------------------------------------------- what to use


def _bullets(lines: Sequence[str]) -> list[Marked]:
    return [marked("- {}", line) for line in lines]


def _opening(results: Results) -> Marked:
    title = "What the comparison found" if results.recipe is None else results.recipe.title
    parts = [text.describe_data(results), text.describe_backbone(results), text.describe_machine(results)]
    return joined([marked("# {}", title), "", " · ".join(part for part in parts if part) + "."])


def _verdict(results: Results) -> list[str]:
    lines: list[str] = [escaped(results.verdict.text)] if results.verdict.text else []
    if results.winner is None:
        return lines
    command = f"headstart predict {text.quoted(results.winner.bundle)} PICTURES"
    return [*lines, "", marked("To classify new pictures, type in this folder: {}", code(command))]


def _strategies(results: Results, standing: Standing) -> list[str]:
    """Return the short table, by the accuracy that decides, and what a reader must know of it."""
    if not standing.runs:
        return []
    what = f"accuracy on {results.measuring}"
    if standing.splits:
        what = f"mean accuracy over {splits_text(standing.splits)}"
    rows = []
    for run in standing.runs:
        found = standing.deciding(run)
        reached = ["–", "–"] if found is None else [decimal(found.accuracy), interval(found.interval)]
        mark = _marked(standing.marks.get(run.id), results.verdict.same_as.get(run.id, ""))
        rows.append([mark, escaped(run.id), *reached, seconds_text(run.seconds.total)])
    lines = table(["", "strategy", what, "95 % interval", "time"], rows, right=(2, 3, 4))
    return [*lines, "", _what_it_says(results, standing)]


def _marked(mark: str | None, same: str) -> Marked:
    """Return what stands before a row: recommended, tied, or whose result it has."""
    return marked("same result as {}", same) if mark == SAME else Marked(_MARKS.get(mark or "", ""))


def _what_it_says(results: Results, standing: Standing) -> str:
    """Return what was measured, what guessing gives, and how far the figures can be trusted."""
    n, chance = standing.pictures, chance_accuracy(results)
    parts = ["Nothing was measured." if n is None else f"Measured on {n:,} {results.measuring} pictures."]
    if standing.splits:
        parts = [f"Measured over {splits_text(standing.splits)}; more about them below."]
    if chance is not None:
        parts.append(f"The baseline, always answering with the most common class, reaches {chance:.3f}.")
    if TIED in standing.marks.values():
        parts.append("Tied: the difference to the most accurate one may be luck.")
    if chose_too(results):
        parts += [chosen_on(results), *optimism(results)]
    else:
        parts.append("Epochs and settings were chosen without these pictures.")
    if (found := learned_from(results)) is not None:
        parts.append(not_on_all(*found))
    return " ".join([*parts, "Time is what the strategy would take alone."])


# -------------------------------------------------------------------------------- figures behind it


def _per_class(results: Results) -> list[str]:
    winner = results.winner
    found = None if winner is None else results.measured(winner)
    if winner is None or found is None:
        return []
    names, counts = results.data.classes, results.data.counts.get(results.measuring) or {}
    entries = sorted(
        zip(names, found.per_class_recall, found.per_class_recall_intervals, strict=True),
        key=lambda entry: (entry[1] is None, entry[1] or 0.0),
    )
    rows = [
        [escaped(name), decimal(recall), interval(ends), f"{counts.get(name, 0):,}"] for name, recall, ends in entries
    ]
    heads = ["class", "recall", "95 % interval", f"{results.measuring} pictures"]
    lines = [
        marked(
            "Recall: the share of a class's pictures that {} got right. The lowest comes first.",
            code(winner.id),
        ),
        "",
    ]
    lines += table(heads, rows[:_MOST_CLASSES], right=(1, 2, 3))
    if len(rows) > _MOST_CLASSES:
        lines += ["", _left_out(len(rows) - _MOST_CLASSES)]
    if said := unjudged(results):
        lines += ["", said]
    return lines if unjudged_at_all(results) else [*lines, "", _class_means(found)]


def _left_out(count: int) -> Marked:
    return marked("{} classes with a higher recall are left out; `results.json` has them.", f"{count:,}")


def _class_means(found: Metrics) -> str:
    """Return the means over classes with their intervals."""
    balanced = f"Balanced accuracy {decimal(found.balanced_accuracy)} ({interval(found.balanced_accuracy_interval)})"
    macro = f"macro F1 {decimal(found.macro_f1)} ({interval(found.macro_f1_interval)})"
    return f"{balanced}, {macro}; intervals by bootstrap within classes."


def _how_sure(results: Results) -> list[str]:
    if why := unjudged_at_all(results):
        return [escaped(why)]
    lines: list[str] = []
    for found in calibration_tables.tables(results):
        rows = [[escaped(cell) for cell in row] for row in found.rows]
        lines += ["", *table(found.heads, rows, right=range(1, len(found.heads))), "", *map(escaped, found.notes)]
    return lines[1:]


def _figures(results: Results, standing: Standing) -> list[str]:
    """Return everything that was measured of each run, and what its columns mean."""
    if not standing.runs:
        return []
    heads = [
        "run",
        "weights",
        "cut",
        "head",
        f"accuracy on {results.measuring}",
        "95 % interval",
        "macro F1",
        "log loss",
    ]
    rows = [_figures_of(run, results.measured(run)) for run in standing.runs]
    lines = table([*heads, "trained", "size", "FLOPs"], rows, right=range(4, 11))
    notes = [_how_intervals(results, standing)]
    if any(cut_of(run) == "stages" for run in standing.runs):
        notes.append("Heads at 'stages' read several stages of the frozen network, not only its last features.")
    notes.append("Cut: where the trained part of the network starts; trained: numbers learned from these pictures;")
    notes.append("size: numbers that the classifier holds; FLOPs: operations for one answer.")
    return [*lines, "", " ".join(note for note in notes if note)]


def _figures_of(run: RunRecord, found: Metrics | None) -> list[str]:
    names = [escaped(name) for name in (run.id, run.weights, cut_of(run), run.head)]
    measured = ["–"] * 4
    if found is not None:
        measured = [decimal(found.accuracy), interval(found.interval), decimal(found.macro_f1), decimal(found.loss)]
    return [*names, *measured, *map(quantity, (run.parameters.trained, run.parameters.total, run.flops))]


def _how_intervals(results: Results, standing: Standing) -> str:
    """Return how the intervals of shares were made."""
    found = next((metrics for run in standing.runs if (metrics := results.measured(run))), None)
    if found is None:
        return ""
    kind = "Clopper and Pearson's" if found.interval_kind == "clopper-pearson" else "Wilson's"
    unit = ", with whole groups of pictures as units" if found.unit == "group" else ""
    return f"Intervals are {kind}{unit}."


def _comparisons(results: Results) -> list[str]:
    pairs = results.comparisons
    if not pairs or unjudged_at_all(results):
        return []
    test = "McNemar's mid-p test"
    if any(pair.unit == "group" for pair in pairs):
        test = "the sign-flip test over whole groups (mid-p), as pictures of a group tend to be right or wrong together"
    note = (
        f"Every pair was compared on the same pictures: {test}. The last column allows for the number of pairs (Holm)."
    )
    return [*pairs_table(pairs, results.verdict.winner), "", note]


# ------------------------------------------------------------------------------------ how it was made


def _epochs(results: Results) -> list[str]:
    lines: list[str] = []
    heads = ["epoch", "train loss", "train accuracy", "choosing loss", "choosing accuracy", "rate", "s", "pictures/s"]
    for run in results.runs:
        if run.epochs:
            rows = map(_epoch_row, run.epochs)
            lines += ["", marked("### {}", run.id), "", *table(heads, rows, right=range(8))]
    note = "Choosing: on pictures set aside to choose the epoch."
    return [*lines[1:], "", note] if lines else []


def _epoch_row(one: Epoch) -> list[str]:
    losses = [one.train_loss, one.train_accuracy, one.choosing_loss, one.choosing_accuracy]
    speed = [f"{one.learning_rate:.1e}", decimal(one.seconds, 1), decimal(one.images_per_second, 0)]
    return [str(one.epoch), *map(decimal, losses), *speed]


def _settings(results: Results) -> list[str]:
    lines = [marked("- **{}**: {}", run.id, told) for run in results.runs if (told := _listed(settings_of(run)))]
    chosen = results.chosen
    return [
        *lines,
        _choice("framing", chosen.framing, chosen.by.framing, f"; {_WHOLE}"),
        _choice("augmentation", chosen.augment, chosen.by.augment, ""),
    ]


def _choice(what: str, taken: str, losses: Mapping[str, float], rule: str) -> Marked:
    if not losses:
        return marked("- {}: {}", what, taken)
    told = ", ".join(f"{name} {decimal(loss)}" for name, loss in losses.items())
    how = "chosen on the training pictures by out-of-fold log loss; lower is better"
    return marked("- {}: {}, {} ({}{})", what, taken, how, told, rule)


def _pictures(results: Results) -> list[str]:
    data = results.data
    splits = [split for split in ("train", "val", "test") if sum((data.counts.get(split) or {}).values())]
    if not splits:
        return []
    rows = [[escaped(name), *(f"{data.counts[split].get(name, 0):,}" for split in splits)] for name in data.classes]
    totals = [f"{sum(data.counts[split].values()):,}" for split in splits]
    rows.append([marked("**{}**", cell) for cell in ("all", *totals)])
    lines: list[str] = [*table(["class", *splits], rows, right=range(1, len(splits) + 1))]
    if data.unnamed:
        told = "hidden files and files of other kinds were ignored; the version that read them did not list their names"
        lines += ["", f"{data.unnamed:,} {told}."]
    read = [marked("- {}", found.text) for found in results.warnings if is_reading_note(found)]
    lines += ["", "How they were read:", "", *read] if read else []
    return [*lines, "", marked("Fingerprint of the data: {}", code(data.fingerprint))]


def _skipped(results: Results) -> list[str]:
    skipped = sorted(results.data.skipped, key=lambda one: bool(one.kind))  # pictures that could not be read first
    rows = [[escaped(one.path), escaped(one.reason)] for one in skipped[:_MOST_SKIPPED]]
    note = "These files were left as they are and not used."
    told = not_read(one.kind for one in skipped)
    lines = [f"{note} {told}".strip(), "", *table(["file", "reason"], rows)] if rows else []
    more = len(skipped) - len(rows)
    return [*lines, "", f"The other {more:,} are in results.json, each with its reason."] if more else lines


def _network(results: Results) -> list[str]:
    network = results.backbone
    lines = [] if network is None else _facts(dict(facts(network)))
    usual = {} if network is None or network.preprocessing is None else dict(facts(network.preprocessing))
    owners: dict[Marked, list[str]] = {}  # runs that prepare pictures alike share a line
    for run in results.runs:
        values = dict(facts(run.preprocessing))
        if values != usual:
            owners.setdefault(_listed(values), []).append(run.id)
    return [*lines, *(marked("- preprocessing of {}: {}", listed(runs), told) for told, runs in owners.items())]


def _plan(results: Results) -> list[str]:
    rows = [
        [escaped(step.step), seconds_text(step.estimated_seconds), seconds_text(step.seconds)] for step in results.plan
    ]
    lines: list[str] = [*table(["step", "estimated", "taken"], rows, right=(1, 2))] if rows else []
    earlier = [run.id for run in results.runs if run.seconds.earlier]
    if earlier:
        told = "was trained earlier on this machine, for another run folder; the time is what it took then."
        lines += ["", f"{', '.join(earlier)} {told}"]
    return lines


def _environment(results: Results) -> list[Marked]:
    return _facts({"headstart": results.headstart, **dict(facts(results.environment))})


def _again(results: Results) -> list[str]:
    if not results.command:
        return []
    lines = [*code_block(f"$ {results.command}", "console"), Marked()]
    told = "Seed {}. `split.parquet` says which picture was in which split; `--split FILE` uses it again."
    return [*lines, marked(told, results.seed)]


def _facts(values: Mapping[str, object]) -> list[Marked]:
    return [marked("- {}: {}", name, value_text(value)) for name, value in values.items()]


def _listed(values: Mapping[str, object]) -> Marked:
    return listed(marked("{} {}", name, value_text(value)) for name, value in values.items() if value is not None)
