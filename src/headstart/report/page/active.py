"""How much of the feature maps is inactive, and the maps themselves before and after training."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image
from safetensors import SafetensorError
from safetensors.numpy import load_file

from headstart.base.errors import DataError
from headstart.pixels.root import found_root
from headstart.records.activity import ActivityRecord, CountedLayer, DepthActivity, LayerShare
from headstart.records.preprocessing import Decoding
from headstart.records.record import Interval
from headstart.records.results import Results
from headstart.report.active import answer, what_is_counted
from headstart.report.page import svg
from headstart.report.page.drawings import percent, points
from headstart.report.page.looks import named_look
from headstart.report.page.pictures import thumbnail
from headstart.report.page.svg import NEUTRAL, Look, Scale, line, path, symbol, text, tipped

Maps = NDArray[np.float32]

MOST_SHEETS = 4  # networks whose maps stand beside each other, the frozen one among them
_WIDE, _HIGH, _LEFT, _RIGHT, _TOP, _LOW = 440.0, 280.0, 52.0, 424.0, 18.0, 240.0
_SMALL_WIDE, _SMALL_HIGH, _SMALL_LEFT, _SMALL_LOW = 200.0, 120.0, 40.0, 96.0
_GAP = (11, 95, 115)  # between maps: of another colour than any map
_DIM = 48  # the grey of what is active by the least


@dataclass(frozen=True)
class ActivityRow:
    """One network of the table: what was counted behind its last stage, and the difference in words."""

    depth: DepthActivity
    last: LayerShare
    difference: str
    ends: str

    @property
    def units(self) -> int:
        """How many units the layer has."""
        return self.last.channels * self.last.places


@dataclass(frozen=True)
class Sheet:
    """The maps of one network as one picture, and which share of them is black."""

    run: str
    unfrozen: int
    black: float
    src: str


@dataclass(frozen=True)
class Sheets:
    """A picture, where it is at hand, and its maps in several networks."""

    path: str
    src: str | None
    sheets: tuple[Sheet, ...]
    channels: int


@dataclass(frozen=True)
class Activity:
    """The section: what was found in words, drawings, the table, and the maps themselves."""

    said: str
    notes: tuple[str, ...]
    shares: Markup
    differences: Markup
    rows: tuple[ActivityRow, ...]
    stages: tuple[tuple[str, Markup], ...]
    layer: CountedLayer
    sheets: tuple[Sheets, ...]


def section(results: Results, folder: Path, pictures: Path | None) -> Activity | None:
    """Return the values of the section, None where nothing was counted.

    Parameters
    ----------
    results : Results
    folder : Path
        The run folder, which holds the maps.
    pictures : Path, optional
        The data folder, if it is no longer where it was.
    """
    found = results.activity
    if found is None:
        return None
    said, looks = answer(found), _looks(results, found)
    return Activity(
        said=said[0] if found.trend is not None else "",
        notes=(what_is_counted(found), *(said[1:] if found.trend is not None else said)),
        shares=shares(found, looks),
        differences=differences(found, looks),
        rows=tuple(_row(depth) for depth in found.depths),
        stages=stages(found, looks),
        layer=found.layer,
        sheets=_sheets(found, folder, _root(results, found, pictures), results.data.decoding),
    )


@dataclass(frozen=True)
class Looks:
    """How each run is drawn, and the line through all of them."""

    of: Callable[[str], Look]
    line: Look


def _looks(results: Results, found: ActivityRecord) -> Looks:
    """Return the looks; the line through the runs is drawn as the first that trains something."""
    trained = next((depth.run for depth in found.depths if depth.unfrozen), None)
    return Looks(
        of=lambda run: named_look(results, run), line=NEUTRAL if trained is None else named_look(results, trained)
    )


def shares(found: ActivityRecord, looks: Looks) -> Markup:
    """Return the share of inactive units of the last layer against the number of trained stages."""
    told = [(depth, depth.layers[-1]) for depth in found.depths]
    ends = [end for _, last in told for end in last.interval or (last.share,)]
    x, y = _across(found), _scale(ends, _LOW, _TOP)
    frozen = told[0][1].share
    parts = [
        svg.frame(x, y, _numbers(found), _marks(y)),
        _axis_name(),
        line(x.start, y(frozen), x.end, y(frozen), "diagonal"),
    ]
    parts.append(path([(x(depth.unfrozen), y(last.share)) for depth, last in told], looks.line))
    for depth, last in told:
        tip = f"{depth.run}: {percent(last.share)} inactive{_ends(last.interval)}"
        parts.append(_point(tip, x(depth.unfrozen), y, last.share, last.interval, looks.of(depth.run)))
    label = f"Share of inactive units by number of trained stages: {_spoken(told)}."
    return svg.drawing(_WIDE, _HIGH, *parts, label=label)


def differences(found: ActivityRecord, looks: Looks) -> Markup:
    """Return by how much the share of each picture differs from that in the frozen network; paired intervals."""
    told = [(depth, depth.difference) for depth in found.depths if depth.difference is not None]
    ends = [0.0, *(end for _, one in told for end in one.interval or (one.value,))]
    reach = (max(ends) - min(ends)) * 0.08 or 0.01
    x, y = _across(found), Scale(min(ends) - reach, max(ends) + reach, _LOW, _TOP)
    above = [(mark, points(mark)) for mark in svg.marks(y.low, y.high)]
    parts = [svg.frame(x, y, _numbers(found), above), _axis_name(), line(x.start, y(0.0), x.end, y(0.0), "axis")]
    for depth, one in told:
        between = f" (95 % interval {' to '.join(points(end) for end in one.interval)})" if one.interval else ""
        tip = f"{depth.run}: {points(one.value)} points against the frozen network{between}"
        parts.append(_point(tip, x(depth.unfrozen), y, one.value, one.interval, looks.of(depth.run)))
    label = "Difference of the share of inactive units from the frozen network, in points, by number of trained stages."
    return svg.drawing(_WIDE, _HIGH, *parts, label=label)


def stages(found: ActivityRecord, looks: Looks) -> tuple[tuple[str, Markup], ...]:
    """Return one small drawing of the share for each stage, all on one scale."""
    y = _scale([layer.share for depth in found.depths for layer in depth.layers], _SMALL_LOW, 10.0)
    first = found.depths[0].layers
    return tuple((layer.stage, _small(found, place, y, looks)) for place, layer in enumerate(first))


def _small(found: ActivityRecord, place: int, y: Scale, looks: Looks) -> Markup:
    x = _across(found, _SMALL_LEFT + 8, _SMALL_WIDE - 12)
    parts = [svg.frame(Scale(0, 1, _SMALL_LEFT, _SMALL_WIDE - 4), y, [], _marks(y, 3))]
    drawn = [(depth, depth.layers[place]) for depth in found.depths]
    parts += [text(x(at), _SMALL_LOW + 17, told, class_="mark", anchor="middle") for at, told in _numbers(found)]
    parts.append(path([(x(depth.unfrozen), y(one.share)) for depth, one in drawn], looks.line))
    for depth, one in drawn:
        tip = f"{depth.run}: {percent(one.share)} inactive after {one.stage}{_ends(one.interval)}"
        parts.append(_point(tip, x(depth.unfrozen), y, one.share, one.interval, looks.of(depth.run), size=4))
    label = f"Share of inactive units after {drawn[0][1].stage}: {_spoken(drawn)}."
    return svg.drawing(_SMALL_WIDE, _SMALL_HIGH, *parts, label=label)


def _point(
    tip: str, across: float, y: Scale, value: float, ends: Interval | None, look: Look, *, size: float = 6
) -> Markup:
    whisker = [line(across, y(ends[0]), across, y(ends[1]), f"whisker {look.stroke}")] if ends else []
    return tipped(tip, *whisker, symbol(look, across, y(value), size))


def _across(found: ActivityRecord, start: float = _LEFT + 20, end: float = _RIGHT - 10) -> Scale:
    return Scale(0, max(depth.unfrozen for depth in found.depths) or 1, start, end)


def _numbers(found: ActivityRecord) -> list[tuple[float, str]]:
    return [(at, str(at)) for at in sorted({depth.unfrozen for depth in found.depths})]


def _scale(values: Sequence[float], start: float, end: float) -> Scale:
    """Return a scale of shares that leaves a little room: they often lie within a point or two."""
    low, high = min(values), max(values)
    room = max((high - low) * 0.12, 0.002)
    return Scale(max(low - room, 0.0), min(high + room, 1.0), start, end)


def _marks(scale: Scale, most: int = 5) -> list[tuple[float, str]]:
    return [(mark, f"{100 * mark:g} %") for mark in svg.marks(scale.low, scale.high, most)]


def _axis_name() -> Markup:
    return text(_RIGHT, _HIGH - 4, "stages trained, from the end →", class_="name", anchor="end")


def _ends(ends: Interval | None) -> str:
    return f" (95 % interval {percent(ends[0])} to {percent(ends[1])})" if ends else ""


def _spoken(told: Sequence[tuple[DepthActivity, LayerShare]]) -> str:
    return ", ".join(f"{depth.unfrozen}: {percent(one.share)}" for depth, one in told)


def _row(depth: DepthActivity) -> ActivityRow:
    """Return one row of the table."""
    apart = depth.difference
    ends = () if apart is None else apart.interval or ()
    return ActivityRow(
        depth=depth,
        last=depth.layers[-1],
        difference="" if apart is None else points(apart.value),
        ends=" to ".join(map(points, ends)),
    )


# ------------------------------------------------------------------------------------------- maps


def _root(results: Results, found: ActivityRecord, pictures: Path | None) -> Path | None:
    try:
        return found_root(results.data.root, pictures, found.shown)
    except DataError:  # said already, of more pictures
        return None


def _sheets(found: ActivityRecord, folder: Path, root: Path | None, decoding: Decoding) -> tuple[Sheets, ...]:
    """Return for each shown picture its thumbnail and a sheet of maps of some networks, the frozen one first."""
    depths = [depth for depth in found.depths if not depth.kept_solved_head]
    if len(depths) > MOST_SHEETS:
        depths = [depths[round(at * (len(depths) - 1) / (MOST_SHEETS - 1))] for at in range(MOST_SHEETS)]
    kept = [(depth, maps) for depth in depths if (maps := _maps(folder, depth.run)) is not None]
    kept = [(depth, maps) for depth, maps in kept if len(maps) == len(found.shown)]
    if len(kept) < 2:
        return ()
    shown = []
    for at, name in enumerate(found.shown):
        bright = _brightest([maps[at] for _, maps in kept])
        sheets = tuple(
            Sheet(depth.run, depth.unfrozen, float((maps[at] == 0).mean()), sheet(maps[at], bright))
            for depth, maps in kept
        )
        shown.append(Sheets(name, thumbnail(root, name, decoding=decoding), sheets, len(kept[0][1][at])))
    return tuple(shown)


def _maps(folder: Path, run: str) -> Maps | None:
    """Return the kept maps of a run, (pictures, channels, H, W); None where there are none."""
    file = folder / "activity" / f"{run}.safetensors"
    try:
        found = np.asarray(load_file(file)["maps"], np.float32) if file.is_file() else np.zeros(0, np.float32)
    except (OSError, KeyError, TypeError, ValueError, SafetensorError):
        return None
    return found if found.ndim == 4 and found.size and np.isfinite(found).all() else None


def _brightest(maps: Sequence[Maps]) -> float:
    """Return what is drawn white in all networks alike: nearly the largest of a picture's active units."""
    sizes = np.abs(np.concatenate([one.reshape(-1) for one in maps]))
    return float(np.quantile(sizes[sizes > 0], 0.99)) if (sizes > 0).any() else 1.0


def sheet(maps: Maps, bright: float) -> str:
    """Return maps, (channels, H, W), as one picture, written out as an address: black is inactive, and only that."""
    count, high, wide = maps.shape
    across = math.ceil(math.sqrt(count))
    down = math.ceil(count / across)
    grey = np.where(maps == 0, 0, _DIM + (255 - _DIM) * np.sqrt(np.minimum(np.abs(maps) / bright, 1.0)))
    canvas = np.empty((down * (high + 1) + 1, across * (wide + 1) + 1, 3), np.uint8)
    canvas[:] = _GAP
    for at in range(count):
        top, left = 1 + at // across * (high + 1), 1 + at % across * (wide + 1)
        canvas[top : top + high, left : left + wide] = grey[at][:, :, None].round().astype(np.uint8)
    written = io.BytesIO()
    Image.fromarray(canvas).save(written, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(written.getvalue()).decode("ascii")
