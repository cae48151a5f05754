"""How much of the feature maps is inactive, in words: for the terminal and for report.md."""

from __future__ import annotations

from headstart.records.activity import ActivityRecord, DepthActivity, Mean
from headstart.records.record import Interval
from headstart.records.results import Results
from headstart.report.cells import escaped, table
from headstart.report.lines import Line, Role, columns, wrap
from headstart.report.numbers import decimal

_HEADS = (
    "run",
    "stages trained",
    "inactive",
    "95 % interval",
    "against frozen",
    "dead channels",
    "dead units",
    "accuracy",
)
_RIGHT = (1, 2, 5, 6, 7)


def activity_lines(found: ActivityRecord, *, width: int = 100) -> list[Line]:
    """Return a table of the networks, and whether training more of a network leaves less of it inactive."""
    rows = columns([_HEADS, *map(_row, found.depths)], right=_RIGHT)
    said = [what_is_counted(found), *answer(found)]
    lines = [Line(rows[0], "heading"), *map(Line, rows[1:]), Line("")]
    for place, sentence in enumerate(said):
        role: Role = "winner" if place == 1 and found.trend is not None else "plain"
        lines += [Line(part, role) for part in wrap(sentence, width, rest="  ")]
    return lines


def activity(results: Results) -> list[str]:
    """Return the section of report.md; nothing where nothing was counted."""
    found = results.activity
    if found is None:
        return []
    said = " ".join([*answer(found)[:1], what_is_counted(found), *answer(found)[1:]])
    rows = [[escaped(cell) for cell in _row(depth)] for depth in found.depths]
    return [escaped(said), "", *table(_HEADS, rows, right=_RIGHT), "", *_stages(found)]


def answer(found: ActivityRecord) -> list[str]:
    """Return whether the inactive share falls with training, and what of that the pictures cannot say."""
    kept = [depth.run for depth in found.depths if depth.kept_solved_head]
    said = []
    if found.trend is not None:
        said.append(found.trend.text)
        said.append(
            "The intervals tell how far other pictures could move the shares. Each network was trained once: "
            "another seed could move them further."
        )
    if kept:
        said.append(
            f"{', '.join(kept)}: further training did not help, so the frozen network with a new head was counted."
        )
    return said


def what_is_counted(found: ActivityRecord) -> str:
    """Return what counts as inactive, of which layer, on which pictures."""
    layer, first = found.layer, found.depths[0].layers[-1]
    inactive = "exactly 0" if layer.exact else "below a twentieth of the layer's root mean square"
    told = (
        f"Counted after the last {layer.function} of {layer.stage}, on {found.pictures:,} {found.split} pictures: "
        f"{layer.channels * layer.places:,} units ({layer.channels:,} channels of {layer.places:,} places each). "
        f"A unit is inactive where its output is {inactive}."
    )
    if first.capped is not None:
        told += f" In the frozen network, {_percent(first.capped)} of the units were at the upper limit, 6."
    return told


def _row(depth: DepthActivity) -> list[str]:
    last = depth.layers[-1]
    return [
        depth.run,
        str(depth.unfrozen),
        _percent(last.share),
        _between(last.interval),
        _change(depth.difference),
        f"{last.dead_channels:,} of {last.channels:,}",
        f"{last.dead_units:,} of {last.channels * last.places:,}",
        decimal(depth.accuracy),
    ]


def _stages(found: ActivityRecord) -> list[str]:
    """Return the share at every stage, where more than the last was watched."""
    names = [layer.stage for layer in found.depths[0].layers]
    if len(names) < 2:
        return []
    rows = [[escaped(depth.run), *(_percent(layer.share) for layer in depth.layers)] for depth in found.depths]
    lines = table(["inactive after", *map(escaped, names)], rows, right=range(1, len(names) + 1))
    return [*lines, "", "Stages before the trained part are those of the frozen network, unit by unit."]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _between(ends: Interval | None) -> str:
    return "–" if ends is None else f"{100 * ends[0]:.1f} to {100 * ends[1]:.1f}"


def _change(difference: Mean | None) -> str:
    if difference is None:
        return "–"
    told = f"{100 * difference.value:+.1f}"
    if difference.interval is None:
        return told
    return f"{told} ({', '.join(f'{100 * end:+.1f}' for end in difference.interval)})"
