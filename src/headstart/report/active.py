"""How much of the feature maps is inactive, in words: for the terminal and for report.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headstart.report.cells import escaped, table
from headstart.report.lines import Line, columns, wrap
from headstart.report.numbers import decimal

Entry = Mapping[str, Any]
Results = Mapping[str, Any]

_HEADS = ["run", "unfrozen", "inactive", "95 % interval", "against frozen", "dead channels", "dead units", "accuracy"]


def activity_lines(entry: Entry, *, width: int = 100) -> list[Line]:
    """Return a table of the networks, and whether the guess holds."""
    rows = columns([_HEADS, *_rows(entry)], right=(1, 2, 5, 6, 7))
    said = [what_is_counted(entry), *answer(entry)]
    lines = [Line(rows[0], "heading"), *map(Line, rows[1:]), Line("")]
    for place, sentence in enumerate(said):
        lines += [Line(part, "winner" if place == 1 else "plain") for part in wrap(sentence, width, rest="  ")]
    return lines


def activity(results: Results) -> list[str]:
    """Return the section of report.md; nothing where nothing was counted."""
    entry = results.get("activity")
    if not entry:
        return []
    said = " ".join([*answer(entry)[:1], what_is_counted(entry), *answer(entry)[1:]])
    rows = [[escaped(cell) for cell in row] for row in _rows(entry)]
    return [escaped(said), "", *table(_HEADS, rows, right=(1, 2, 5, 6, 7)), "", *_stages(entry)]


def answer(entry: Entry) -> list[str]:
    """Return whether the guess holds, and what of that the pictures cannot say."""
    told = (entry.get("trend") or {}).get("text")
    kept = [depth["run"] for depth in entry["depths"] if depth["kept_head"]]
    said = [told] if told else []
    if told:
        said.append(
            "The intervals are over pictures; each number of stages was trained once, and another seed may move the "
            "shares by more than that."
        )
    if kept:
        said.append(f"{', '.join(kept)} kept the head solved on the frozen network, which is what was counted there.")
    return said


def what_is_counted(entry: Entry) -> str:
    """Return what counts as inactive, of which layer, on which pictures."""
    layer, first = entry["layer"], entry["depths"][0]["layers"][-1]
    units = layer["channels"] * layer["places"]
    inactive = "exactly 0" if layer["exact"] else "below a twentieth of the layer's root mean square"
    told = (
        f"Counted behind the last {layer['function']} of {layer['stage']}: {units:,} units "
        f"({layer['channels']:,} channels at {layer['places']:,} places), inactive where {inactive}, "
        f"on {entry['pictures']:,} {entry['split']} pictures."
    )
    if first["capped"] is not None:
        told += f" At the upper end, 6, stood {_percent(first['capped'])} of them in the frozen network."
    return told


def _rows(entry: Entry) -> list[list[str]]:
    rows = []
    for depth in entry["depths"]:
        last = depth["layers"][-1]
        units = last["channels"] * last["places"]
        rows.append(
            [
                depth["run"],
                str(depth["unfrozen"]),
                _percent(last["share"]),
                _between(last["interval"]),
                _change(depth["difference"]),
                f"{last['dead_channels']:,} of {last['channels']:,}",
                f"{last['dead_units']:,} of {units:,}",
                decimal(depth["accuracy"]),
            ]
        )
    return rows


def _stages(entry: Entry) -> list[str]:
    """Return the share at every stage, where more than the last was watched."""
    names = [layer["stage"] for layer in entry["depths"][0]["layers"]]
    if len(names) < 2:
        return []
    rows = [
        [escaped(depth["run"]), *(_percent(layer["share"]) for layer in depth["layers"])] for depth in entry["depths"]
    ]
    lines = table(["inactive behind", *map(escaped, names)], rows, right=range(1, len(names) + 1))
    return [*lines, "", "What lies before the trained part is the frozen network, unit by unit."]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _between(ends: Sequence[float] | None) -> str:
    return "–" if not ends else f"{100 * ends[0]:.1f} to {100 * ends[1]:.1f}"


def _change(difference: Mapping[str, Any] | None) -> str:
    if difference is None:
        return "–"
    told = f"{100 * difference['value']:+.1f}"
    return (
        told
        if not difference["interval"]
        else f"{told} ({', '.join(f'{100 * e:+.1f}' for e in difference['interval'])})"
    )
