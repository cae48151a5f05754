"""An experiment as lines of text: what a terminal shows. Pure functions of its results, no torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container
from typing import NamedTuple

from rich.cells import cell_len

from headstart.records.results import Results
from headstart.report.lines import Line, Role, join_parts, shorten, wrap
from headstart.report.numbers import seconds_text
from headstart.report.skipped import skipped_lines
from headstart.report.standing import chance_accuracy
from headstart.report.strategies import strategy_table
from headstart.words.findings import KEPT_SOLVED_HEAD, NOT_JUDGED, out_of_time
from headstart.words.reading import is_reading_note, read_line

_MOST_NAMED = 6  # classes; more are only counted


class Typed(NamedTuple):
    """What a person types or opens next, as it is written on this machine: run folder, report, arguments, program."""

    folder: str = ""
    page: str = ""
    follow: str = ""
    program: str = "headstart"


_NOTHING_TYPED = Typed()


def summary(results: Results, *, width: int = 100, typed: Typed = _NOTHING_TYPED) -> list[Line]:
    """Return everything a person sees at the end of an experiment.

    Parameters
    ----------
    results : Results
    width : int
        Cells of the terminal.
    typed : Typed
        How folder, report and program are written here.
    """
    blocks = [
        header(results, width=width),
        strategy_table(results, width=width),
        verdict(results, width=width),
        notes(results, width=width, page=typed.page),
        pointers(results, width=width, typed=typed),
    ]
    lines: list[Line] = []
    for block in blocks:
        if block and lines:
            lines.append(Line(""))
        lines += block
    return lines


# ---------------------------------------------------------------------------------------------- header


def header(results: Results, *, width: int = 100) -> list[Line]:
    """Return what was compared on what: pictures and classes, network, processor."""
    parts = [describe_data(results), describe_backbone(results), describe_machine(results)]
    lines = [Line(text, "title") for text in join_parts([part for part in parts if part], width)]
    lines += [Line(text, "faint") for text in join_parts(_conditions(results), width)]
    return lines


def _conditions(results: Results) -> list[str]:
    """Return sizes of the splits, what guessing reaches, and how pictures were framed and varied."""
    counts, chance = results.data.counts, chance_accuracy(results)
    sizes = {split: sum((counts.get(split) or {}).values()) for split in ("train", "val", "test")}
    parts = [f"{split} {size:,}" for split, size in sizes.items() if size]
    if chance is not None:
        parts.append(f"baseline (always the most common class): {chance:.3f}")
    return [*parts, f"framing {results.chosen.framing}", f"augmentation {results.chosen.augment}"]


def describe_data(results: Results) -> str:
    """Return for example ``600 pictures, 2 classes (functional 409, defective 191)``."""
    data = results.data
    totals = Counter(dict.fromkeys(data.classes, 0))
    for counts in data.counts.values():
        totals.update(counts)
    if not totals:
        return ""
    ordered = totals.most_common()
    if len(ordered) <= _MOST_NAMED:
        detail = ", ".join(f"{name} {count:,}" for name, count in ordered)
    else:
        detail = f"{ordered[-1][1]:,} to {ordered[0][1]:,} pictures each"
    return f"{totals.total():,} {data.title or 'pictures'}, {len(totals):,} classes ({detail})"


def describe_backbone(results: Results) -> str:
    """Return for example ``EfficientNet-Lite0 (tf_efficientnet_lite0), packaged``."""
    backbone = results.backbone
    if backbone is None:
        return ""
    name = f"{backbone.title} ({backbone.name})" if backbone.title else backbone.name
    origin = "packaged" if backbone.source.startswith("package ") else shorten(backbone.source, 40)
    return f"{name}, {origin}" if origin else name


def describe_machine(results: Results) -> str:
    """Return for example ``2 cores``; with a graphics processor its name too."""
    threads, device = results.environment.threads, results.environment.device
    cores = f"{threads} core{'s' if threads != 1 else ''}"
    return cores if device == "cpu" else f"{device}, {cores}"


# ----------------------------------------------------------------------------------- words and pointers


def verdict(results: Results, *, width: int = 100) -> list[Line]:
    """Return the verdict and what belongs to it, wrapped; its first line as winner or warning."""
    found = results.verdict
    if not found.text:
        return []
    first: Role = "winner" if found.above_chance and found.decided else "warning"
    lines = wrap(found.text, width, first="Verdict: ")
    told = [Line(line, first if at == 0 else "plain") for at, line in enumerate(lines)]
    for sentence in found.details:
        told += [Line(part, "faint") for part in wrap(sentence, width, first="       - ")]
    return told


def notes(results: Results, *, width: int = 100, page: str = "") -> list[Line]:
    """Return the warnings, one line for the runs that share one, how pictures were read, and the skipped files."""
    lines: list[Line] = []
    for text in warnings(results, but=results.verdict.same_as):
        lines += [Line(part, "warning") for part in wrap(text, width, first="! ", rest="  ")]
    read = read_line(results.warnings)
    lines += [Line(part, "faint") for part in wrap(read, width, rest="  ")] if read else []
    return lines + skipped_lines(results.data.skipped, width=width, page=page)


def warnings(results: Results, *, but: Container[str] = ()) -> list[str]:
    """Return every warning once, with the runs that gave it; of the runs `but` the verdict says what they kept."""
    givers: dict[str, list[str]] = {found.text: [] for found in results.warnings if not is_reading_note(found)}
    givers |= {text: [] for text in _not_run(results)}
    for run in results.runs:
        for found in run.warnings:
            if run.id in but and found.code == KEPT_SOLVED_HEAD:
                continue
            given = givers.setdefault(found.text, [])
            given += [] if found.code == NOT_JUDGED else [run.id]  # which is about the pictures, not about a run
    return [f"{', '.join(runs)}: {text}" if runs else text for text, runs in givers.items()]


def _not_run(results: Results) -> list[str]:
    """Return the sentence about strategies for which the time was too short."""
    if not results.not_run:
        return []
    late = [f"{one.strategy} (about {seconds_text(one.estimated_seconds)})" for one in results.not_run]
    return [out_of_time(late).text]


def pointers(results: Results, *, width: int = 100, typed: Typed = _NOTHING_TYPED) -> list[Line]:
    """Return where to look, how to use the winner and what to type next; commands are never broken."""
    pairs = [("Report:", typed.page)] if typed.page else []
    winner = results.winner
    if winner is not None and typed.folder:
        pairs.append(("Use it:", f"{typed.program} predict {quoted(f'{typed.folder}/{winner.bundle}')} PICTURES"))
    if typed.follow:
        pairs.append(("Next:", f"{typed.program} {typed.follow}"))
    size = max((len(name) for name, _ in pairs), default=0)
    one = "    ".join(f"{name} {text}" for name, text in pairs)
    if pairs and cell_len(one) <= width:
        return [Line(one)]
    return [Line(f"{name.ljust(size)} {text}") for name, text in pairs]


def quoted(text: str) -> str:
    """Return `text` as it must be typed in a shell; letters of any script need no quotes."""
    if text and all(sign.isalnum() or sign in "-_./@:+=,%~" for sign in text):
        return text
    return "'" + text.replace("'", "'\"'\"'") + "'"
