"""An experiment as lines of text: what a terminal shows. Pure functions of a results dict, no torch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rich.cells import cell_len

from headstart.report.lines import Line, Role, fit, shorten, wrap
from headstart.report.numbers import decimal, quantity, seconds_text

Results = Mapping[str, Any]
Run = Mapping[str, Any]

_NETWORKS = {"tf_efficientnet_lite0": "EfficientNet-Lite0", "tf_efficientnet_lite2": "EfficientNet-Lite2"}
_NARROWEST_BAR, _WIDEST_BAR = 10, 33


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
    lines = [Line(text, "title") for text in _join_parts([part for part in parts if part], width)]
    lines += [Line(text, "faint") for text in _join_parts(_conditions(results), width)]
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


def chance_accuracy(results: Results) -> float | None:
    """Return the accuracy of always answering with the commonest class of the measured split."""
    counts = results.get("data", {}).get("counts", {}).get(measured_split(results)) or {}
    total = sum(counts.values())
    return max(counts.values()) / total if total else None


# --------------------------------------------------------------------------------------------- numbers


def measured_split(results: Results) -> str:
    """Return ``"test"`` if any run was measured on it, else ``"val"``."""
    return "test" if any((run.get("metrics") or {}).get("test") for run in results.get("runs", [])) else "val"


def metrics_of(run: Run, split: str) -> Mapping[str, Any]:
    """Return a run's metrics on `split`, empty where it has none."""
    return (run.get("metrics") or {}).get(split) or {}


def ranked(results: Results) -> list[Run]:
    """Return the runs by accuracy, the cheaper first among equals, the unmeasured last."""
    split = measured_split(results)

    def order(run: Run) -> tuple[float, float, float]:
        accuracy = metrics_of(run, split).get("accuracy")
        trained = (run.get("parameters") or {}).get("trained") or 0
        return (math.inf if accuracy is None else -accuracy, run.get("flops") or 0.0, trained)

    return sorted(results.get("runs", []), key=order)


def cut_of(run: Run) -> str:
    """Return where the trained part starts: at ``pool`` also where training was not better than the solved head.

    ``stages`` is a head that reads several of them, not the end alone.
    """
    settings = run.get("settings") or {}
    if settings.get("readout") == "stages":
        return "stages"
    return "pool" if settings.get("epoch_chosen") == 0 else str(run.get("cut") or "")


# ----------------------------------------------------------------------------------------------- table


def strategy_table(results: Results, *, width: int = 100) -> list[Line]:
    """Return one row per run, best first: accuracy, its interval as a bar, seconds, what was trained.

    All bars stand on one scale, whose ends are written under them.
    """
    split, runs = measured_split(results), ranked(results)
    if not runs:
        return []
    marks = _marks(results)
    cells = [_cells(run, split, marks.get(run["id"], " ")) for run in runs]
    heads = [" ", "strategy", "cut", "", "seconds", "trained"]
    sizes = [max(cell_len(row[at]) for row in [*cells, heads]) for at in range(6)]
    sizes[1], sizes[2] = min(sizes[1], 28), min(sizes[2], 16)
    bar = min(width - sum(sizes) - 11, _WIDEST_BAR)
    if bar < _NARROWEST_BAR:  # a very narrow terminal: the names give way first, then the bar
        sizes[1] = max(8, sizes[1] - (_NARROWEST_BAR - bar))
        bar = max(0, width - sum(sizes) - 11)
    low, high = _scale(runs, split)
    lines = [Line(_row([*heads[:3], _title(runs, split, sizes[3] + 2 + bar), *heads[4:]], sizes, bar), "heading")]
    for run, row in zip(runs, cells, strict=True):
        drawn = interval_bar(metrics_of(run, split), low, high, bar)
        lines.append(Line(_row([*row[:3], f"{row[3]}  {drawn}", *row[4:]], sizes, bar), _role(row[0])))
    if bar >= _NARROWEST_BAR:
        lead = " " * (sum(sizes[:4]) + 7)
        lines.append(Line(f"{lead}{low:.2f}{f'{high:.2f}'.rjust(bar - 4)}", "faint"))
    return lines + _legend(results, split, marks, width)


def interval_bar(metrics: Mapping[str, Any], low: float, high: float, cells: int) -> str:
    """Return ``├──●──┤`` on a scale from `low` to `high`, in so many cells."""
    accuracy = metrics.get("accuracy")
    if accuracy is None or cells < 1:
        return " " * max(cells, 0)
    ends = metrics.get("interval") or (accuracy, accuracy)

    def place(value: float) -> int:
        return min(max(round((value - low) / (high - low) * (cells - 1)), 0), cells - 1)

    left, right = place(ends[0]), place(ends[1])
    signs = [" "] * left + ["─"] * (right - left + 1) + [" "] * (cells - right - 1)
    signs[left], signs[right], signs[place(accuracy)] = "├", "┤", "●"
    return "".join(signs)


def _cells(run: Run, split: str, mark: str) -> list[str]:
    return [
        mark,
        str(run["id"]),
        cut_of(run),
        decimal(metrics_of(run, split).get("accuracy")),
        seconds_text((run.get("seconds") or {}).get("total")),
        quantity((run.get("parameters") or {}).get("trained")),
    ]


def _row(cells: Sequence[str], sizes: Sequence[int], bar: int) -> str:
    mark, name, cut, accuracy, seconds, trained = cells
    wide = sizes[3] + 2 + bar
    parts = [fit(shorten(name, sizes[1]), sizes[1]), fit(cut, sizes[2]), fit(accuracy, wide)]
    parts += [fit(seconds, sizes[4], right=True), fit(trained, sizes[5], right=True)]
    return f"{mark} {'  '.join(parts)}".rstrip()


def _title(runs: Sequence[Run], split: str, cells: int) -> str:
    n = next((metrics_of(run, split)["n"] for run in runs if "n" in metrics_of(run, split)), None)
    choices = ["accuracy"] if n is None else [f"accuracy on {n:,} {split} pictures", f"on {n:,} {split} pictures"]
    return next((text for text in choices if cell_len(text) <= cells), "accuracy")


def _scale(runs: Sequence[Run], split: str) -> tuple[float, float]:
    """Return the common scale of the bars: steps of 0.05 around all intervals, inside 0 and 1."""
    ends = [end for run in runs for end in metrics_of(run, split).get("interval") or ()]
    if not ends:
        return 0.0, 1.0
    low, high = math.floor(min(ends) * 20 + 1e-9) / 20, math.ceil(max(ends) * 20 - 1e-9) / 20
    return (low, high) if high > low else (max(0.0, low - 0.05), min(1.0, high + 0.05))


def _marks(results: Results) -> dict[str, str]:
    decision = results.get("verdict") or {}
    marks = dict.fromkeys(decision.get("tied_with") or (), "≈")
    if decision.get("winner"):
        marks[decision["winner"]] = "✓"
    return marks


def _role(mark: str) -> Role:
    return "winner" if mark == "✓" else "tied" if mark == "≈" else "plain"


def _legend(results: Results, split: str, marks: Mapping[str, str], width: int) -> list[Line]:
    parts = ["✓ the verdict's choice"] if "✓" in marks.values() else []
    if "≈" in marks.values():
        parts.append("≈ tied with it")
    parts.append("bars: 95 % intervals")
    if any(cut_of(run) == "stages" for run in results.get("runs", [])):
        parts.append("stages: the head reads several stages, not only the last features")
    lines = [Line(text, "faint") for text in _join_parts(parts, width, indent="  ")]
    if any(metrics_of(run, split).get("used_for_choosing") for run in results.get("runs", [])):
        caution = f"These {split} pictures also chose the epoch or the settings: the accuracies are optimistic."
        caution = " ".join([caution, *optimism(results)])
        lines += [Line(text, "warning") for text in wrap(caution, width, first="! ", rest="  ")]
    return lines


def optimism(results: Results) -> list[str]:
    """Return by how much the best figure is likely to be too good, where that was estimated."""
    found = results.get("optimism")
    if not found:
        return []
    looks = f"{found['runs']} run{'s' if found['runs'] != 1 else ''} and {found['epochs']} epochs"
    return [
        f"The best one, {decimal(found['apparent'])}, by about {100 * found['optimism']:.1f} points (the choice among "
        f"{looks} repeated by bootstrap)."
    ]


# ----------------------------------------------------------------------------------- words and pointers


def verdict(results: Results, *, width: int = 100) -> list[Line]:
    """Return the verdict, wrapped; its first line carries the winner's role."""
    text = (results.get("verdict") or {}).get("text")
    if not text:
        return []
    lines = wrap(text, width, first="Verdict: ")
    return [Line(line, "winner" if at == 0 else "plain") for at, line in enumerate(lines)]


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


def _join_parts(parts: Sequence[str], width: int, *, indent: str = "") -> list[str]:
    """Return parts joined by a middle dot, as many to a line as fit; a part that is too long is wrapped."""
    lines, rest = [indent], " " * cell_len(indent)
    for part in parts:
        fresh = lines[-1] in (indent, rest)
        joined = lines[-1] + part if fresh else f"{lines[-1]} · {part}"
        if cell_len(joined) <= width:
            lines[-1] = joined
        elif fresh:
            lines[-1:] = wrap(part, width, first=lines[-1], rest=rest)
        else:
            lines += wrap(part, width, first=rest)
    return lines if parts else []
