"""An experiment as lines of text: what a terminal shows. Pure functions of a results dict, no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rich.cells import cell_len

from headstart.report.lines import Line, Role, join_parts, shorten, wrap
from headstart.report.numbers import seconds_text
from headstart.report.standing import above_chance, chance_accuracy, decided
from headstart.report.strategies import strategy_table

Results = Mapping[str, Any]
Run = Mapping[str, Any]

_NETWORKS = {"tf_efficientnet_lite0": "EfficientNet-Lite0", "tf_efficientnet_lite2": "EfficientNet-Lite2"}


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
    results : dict
        Content of ``results.json``.
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
    """Return what was compared on what: pictures and classes, backbone, processor."""
    parts = [describe_data(results), describe_backbone(results), describe_machine(results)]
    lines = [Line(text, "title") for text in join_parts([part for part in parts if part], width)]
    lines += [Line(text, "faint") for text in join_parts(_conditions(results), width)]
    return lines


def _conditions(results: Results) -> list[str]:
    """Return sizes of the splits, what guessing reaches, and how pictures were framed and varied."""
    counts = results.get("data", {}).get("counts", {})
    sizes = {split: sum((counts.get(split) or {}).values()) for split in ("train", "val", "test")}
    parts = [f"{split} {size:,}" for split, size in sizes.items() if size]
    chance = chance_accuracy(results)
    if chance is not None:
        parts.append(f"always the commonest class: {chance:.3f}")
    chosen = results.get("chosen") or {}
    return parts + [f"{what} {chosen[what]}" for what in ("framing", "augment") if chosen.get(what)]


def describe_data(results: Results) -> str:
    """Return for example ``600 pictures, 2 classes (functional 409, defective 191)``."""
    data = results.get("data", {})
    totals: dict[str, int] = dict.fromkeys(data.get("classes", []), 0)
    for classes in data.get("counts", {}).values():
        for name, count in classes.items():
            totals[name] = totals.get(name, 0) + count
    if not totals:
        return ""
    ordered = sorted(totals.items(), key=lambda item: -item[1])
    if len(ordered) <= 6:
        detail = ", ".join(f"{name} {count:,}" for name, count in ordered)
    else:
        detail = f"{ordered[-1][1]:,} to {ordered[0][1]:,} pictures each"
    what = data.get("title") or "pictures"
    return f"{sum(totals.values()):,} {what}, {len(totals):,} classes ({detail})"


def describe_backbone(results: Results) -> str:
    """Return for example ``EfficientNet-Lite0 (tf_efficientnet_lite0), packaged``."""
    backbone = results.get("backbone") or {}
    name = backbone.get("name", "")
    if not name:
        return ""
    title = f"{_NETWORKS[name]} ({name})" if name in _NETWORKS else name
    source = str(backbone.get("source") or "")
    origin = "packaged" if source.startswith("package ") else shorten(source, 40)
    return f"{title}, {origin}" if origin else title


def describe_machine(results: Results) -> str:
    """Return for example ``2 cores``; with a graphics processor its name too."""
    environment = results.get("environment", {})
    threads, device = environment.get("threads"), environment.get("device") or "cpu"
    cores = "" if threads is None else f"{threads} core{'s' if threads != 1 else ''}"
    return cores if device == "cpu" else ", ".join(part for part in (str(device), cores) if part)


# ----------------------------------------------------------------------------------- words and pointers


def verdict(results: Results, *, width: int = 100) -> list[Line]:
    """Return the verdict, wrapped; its first line carries the winner's role, or that of a warning."""
    text = (results.get("verdict") or {}).get("text")
    if not text:
        return []
    lines = wrap(text, width, first="Verdict: ")
    first: Role = "winner" if above_chance(results) and decided(results) else "warning"
    return [Line(line, first if at == 0 else "plain") for at, line in enumerate(lines)]


def notes(results: Results, *, width: int = 100, page: str = "") -> list[Line]:
    """Return the warnings, one line for the runs that share one, and the skipped files."""
    lines: list[Line] = []
    for text in warnings(results):
        lines += [Line(part, "warning") for part in wrap(text, width, first="! ", rest="  ")]
    skipped = results.get("data", {}).get("skipped") or []
    return lines + skipped_lines(skipped, width=width, page=page)


def warnings(results: Results) -> list[str]:
    """Return every warning once, with the runs that gave it."""
    givers: dict[str, list[str]] = {text: [] for text in [*(results.get("warnings") or ()), *_not_run(results)]}
    for run in results.get("runs", []):
        for text in run.get("warnings") or ():
            givers.setdefault(text, []).append(str(run["id"]))
    return [f"{', '.join(runs)}: {text}" if runs else text for text, runs in givers.items()]


def _not_run(results: Results) -> list[str]:
    """Return the sentence about strategies for which the time was too short."""
    late = results.get("not_run") or []
    if not late:
        return []
    names = ", ".join(f"{entry['strategy']} (about {seconds_text(entry.get('estimated_seconds'))})" for entry in late)
    return [f"not run within the budget: {names}. The same command without --budget goes on with it."]


def skipped_lines(skipped: Sequence[Mapping[str, Any]], *, width: int = 100, page: str = "") -> list[Line]:
    """Return how many files were skipped, and the first three with their reasons."""
    if not skipped:
        return []
    count = f"{len(skipped):,} file{'s' if len(skipped) != 1 else ''} skipped"
    why = f" ({page} says why)" if page and len(skipped) > 3 else ""
    lines = [Line(text) for text in wrap(f"{count}{why}:", width)]
    for entry in skipped[:3]:
        text = f"{shorten(entry['path'], max(width // 2, 20))}: {entry['reason']}"
        lines += [Line(part, "faint") for part in wrap(text, width, first="  ", rest="    ")]
    if len(skipped) > 3:
        lines.append(Line(f"  … and {len(skipped) - 3:,} more", "faint"))
    return lines


def pointers(results: Results, *, width: int = 100, typed: Typed = _NOTHING_TYPED) -> list[Line]:
    """Return where to look, how to use the winner and what to type next; commands are never broken."""
    pairs = [("Look:", typed.page)] if typed.page else []
    winner = (results.get("verdict") or {}).get("winner")
    bundle = next((run.get("bundle") for run in results.get("runs", []) if run["id"] == winner), None)
    if bundle and typed.folder:
        pairs.append(("Use it:", f"{typed.program} predict {quoted(f'{typed.folder}/{bundle}')} PICTURES"))
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
