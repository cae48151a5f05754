"""How black the feature maps are: the share of inactive units, and the maps themselves before and after training."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image
from safetensors import SafetensorError
from safetensors.numpy import load_file

from headstart.base.errors import DataError, PictureError
from headstart.pixels import decode
from headstart.report.active import answer, what_is_counted
from headstart.report.page import svg
from headstart.report.page.drawings import percent, points
from headstart.report.page.pictures import as_address, found_root
from headstart.report.page.svg import Scale, line, path, symbol, text, tipped

Entry = Mapping[str, Any]
Maps = NDArray[np.float32]

MOST_SHEETS = 4  # networks whose maps stand beside each other, the frozen one among them
_WIDE, _HIGH, _LEFT, _RIGHT, _TOP, _LOW = 440.0, 280.0, 52.0, 424.0, 18.0, 240.0
_SMALL_WIDE, _SMALL_HIGH, _SMALL_LEFT, _SMALL_LOW = 200.0, 120.0, 40.0, 96.0
_GAP = (11, 95, 115)  # between maps: of another colour than any map
_DIM = 48  # the grey of what is active by the least


def section(results: Mapping[str, Any], folder: Path, pictures: Path | None) -> dict[str, Any] | None:
    """Return the values of the section, None where nothing was counted.

    Parameters
    ----------
    results : mapping
        Content of results.json.
    folder : Path
        The run folder, which holds the maps.
    pictures : Path, optional
        The data folder, if it is no longer where it was.
    """
    entry = results.get("activity")
    if not entry:
        return None
    said = answer(entry)
    return {
        "said": said[0] if entry["trend"] else None,
        "notes": [what_is_counted(entry), *(said[1:] if entry["trend"] else said)],
        "shares": shares(entry),
        "differences": differences(entry),
        "rows": [_row(depth) for depth in entry["depths"]],
        "stages": stages(entry),
        "names": [layer["stage"] for layer in entry["depths"][0]["layers"]],
        "layer": entry["layer"],
        "sheets": _sheets(entry, folder, _root(results, entry, pictures)),
    }


def shares(entry: Entry) -> Markup:
    """Return the share of inactive units of the last layer against the number of unfrozen stages."""
    told = [(depth, depth["layers"][-1]) for depth in entry["depths"]]
    ends = [end for _, last in told for end in last["interval"] or (last["share"],)]
    x, y = _across(entry), _scale(ends, _LOW, _TOP)
    parts = [svg.frame(x, y, _numbers(entry), _marks(y)), _axis_name()]
    frozen = told[0][1]["share"]
    parts.append(line(x.start, y(frozen), x.end, y(frozen), "diagonal"))
    parts.append(path([(x(depth["unfrozen"]), y(last["share"])) for depth, last in told], "partial"))
    for depth, last in told:
        tip = f"{depth['run']}: {percent(last['share'])} inactive{_ends(last['interval'])}"
        parts.append(_point(tip, x(depth["unfrozen"]), y, last["share"], last["interval"], depth["run"]))
    label = f"Share of inactive units by number of unfrozen stages: {_spoken(told)}."
    return svg.drawing(_WIDE, _HIGH, *parts, label=label)


def differences(entry: Entry) -> Markup:
    """Return by how much the share of each picture differs from that in the frozen network; paired intervals."""
    told = [(depth, depth["difference"]) for depth in entry["depths"] if depth["difference"]]
    ends = [0.0, *(end for _, one in told for end in one["interval"] or (one["value"],))]
    reach = (max(ends) - min(ends)) * 0.08 or 0.01
    x, y = _across(entry), Scale(min(ends) - reach, max(ends) + reach, _LOW, _TOP)
    above = [(mark, points(mark)) for mark in svg.marks(y.low, y.high)]
    parts = [svg.frame(x, y, _numbers(entry), above), _axis_name()]
    parts.append(line(x.start, y(0.0), x.end, y(0.0), "axis"))
    for depth, one in told:
        ends_told = f" (95 % interval {' to '.join(points(end) for end in one['interval'])})" if one["interval"] else ""
        tip = f"{depth['run']}: {points(one['value'])} points against the frozen network{ends_told}"
        parts.append(_point(tip, x(depth["unfrozen"]), y, one["value"], one["interval"], depth["run"]))
    label = (
        "Difference of the share of inactive units from the frozen network, in points, by number of unfrozen stages."
    )
    return svg.drawing(_WIDE, _HIGH, *parts, label=label)


def stages(entry: Entry) -> list[tuple[str, Markup]]:
    """Return one small drawing of the share for each stage, all on one scale."""
    count = len(entry["depths"][0]["layers"])
    found = [depth["layers"][place]["share"] for depth in entry["depths"] for place in range(count)]
    y = _scale(found, _SMALL_LOW, 10.0)
    return [(entry["depths"][0]["layers"][place]["stage"], _small(entry, place, y)) for place in range(count)]


def _small(entry: Entry, place: int, y: Scale) -> Markup:
    x = _across(entry, _SMALL_LEFT + 8, _SMALL_WIDE - 12)
    parts = [svg.frame(Scale(0, 1, _SMALL_LEFT, _SMALL_WIDE - 4), y, [], _marks(y, 3))]
    drawn = [(depth, depth["layers"][place]) for depth in entry["depths"]]
    parts += [text(x(at), _SMALL_LOW + 17, told, class_="mark", anchor="middle") for at, told in _numbers(entry)]
    parts.append(path([(x(depth["unfrozen"]), y(one["share"])) for depth, one in drawn], "partial"))
    for depth, one in drawn:
        tip = f"{depth['run']}: {percent(one['share'])} inactive behind {one['stage']}{_ends(one['interval'])}"
        parts.append(_point(tip, x(depth["unfrozen"]), y, one["share"], one["interval"], depth["run"], size=4))
    label = f"Share of inactive units behind {drawn[0][1]['stage']}: {_spoken(drawn)}."
    return svg.drawing(_SMALL_WIDE, _SMALL_HIGH, *parts, label=label)


def _point(
    tip: str, across: float, y: Scale, value: float, ends: Sequence[float] | None, run: str, *, size: float = 6
) -> Markup:
    kind = run.partition("@")[0]
    whisker = [line(across, y(ends[0]), across, y(ends[1]), f"whisker s{svg.place_of(kind)}")] if ends else []
    return tipped(tip, *whisker, symbol(kind, across, y(value), size))


def _across(entry: Entry, start: float = _LEFT + 20, end: float = _RIGHT - 10) -> Scale:
    return Scale(0, max(depth["unfrozen"] for depth in entry["depths"]) or 1, start, end)


def _numbers(entry: Entry) -> list[tuple[float, str]]:
    return [(at, str(at)) for at in sorted({depth["unfrozen"] for depth in entry["depths"]})]


def _scale(values: Sequence[float], start: float, end: float) -> Scale:
    """Return a scale of shares that leaves a little room: they often lie within a point or two."""
    low, high = min(values), max(values)
    room = max((high - low) * 0.12, 0.002)
    return Scale(max(low - room, 0.0), min(high + room, 1.0), start, end)


def _marks(scale: Scale, most: int = 5) -> list[tuple[float, str]]:
    return [(mark, f"{100 * mark:g} %") for mark in svg.marks(scale.low, scale.high, most)]


def _axis_name() -> Markup:
    return text(_RIGHT, _HIGH - 4, "unfrozen stages, from the end →", class_="name", anchor="end")


def _ends(ends: Sequence[float] | None) -> str:
    return f" (95 % interval {percent(ends[0])} to {percent(ends[1])})" if ends else ""


def _spoken(told: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> str:
    return ", ".join(f"{depth['unfrozen']}: {percent(one['share'])}" for depth, one in told)


def _row(depth: Mapping[str, Any]) -> dict[str, Any]:
    """Return one row of the table."""
    last, apart = depth["layers"][-1], depth["difference"]
    return {
        **{name: depth[name] for name in ("run", "unfrozen", "kept_head", "epochs", "accuracy", "accuracy_interval")},
        **{name: last[name] for name in ("share", "interval", "capped", "dead_units", "dead_channels", "channels")},
        "units": last["channels"] * last["places"],
        "difference": None if apart is None else points(apart["value"]),
        "ends": None if apart is None or not apart["interval"] else " to ".join(map(points, apart["interval"])),
    }


# ------------------------------------------------------------------------------------------- maps


def _root(results: Mapping[str, Any], entry: Entry, pictures: Path | None) -> Path | None:
    try:
        return found_root(results["data"].get("root"), pictures, entry["shown"])
    except DataError:  # said already, of more pictures
        return None


def _sheets(entry: Entry, folder: Path, root: Path | None) -> list[dict[str, Any]]:
    """Return for each shown picture its thumbnail and a sheet of maps of some networks, the frozen one first."""
    depths = [depth for depth in entry["depths"] if not depth["kept_head"]]
    if len(depths) > MOST_SHEETS:
        depths = [depths[round(at * (len(depths) - 1) / (MOST_SHEETS - 1))] for at in range(MOST_SHEETS)]
    found = [(depth, maps) for depth in depths if (maps := _maps(folder, depth["run"])) is not None]
    if len(found) < 2:
        return []
    shown = []
    for at, name in enumerate(entry["shown"]):
        bright = _brightest([maps[at] for _, maps in found])
        sheets = [
            {"run": depth["run"], "unfrozen": depth["unfrozen"], "black": float((maps[at] == 0).mean()),
             "src": sheet(maps[at], bright)}
            for depth, maps in found
        ]  # fmt: skip
        shown.append({"path": name, "src": _thumbnail(root, name), "sheets": sheets, "channels": len(found[0][1][at])})
    return shown


def _maps(folder: Path, run: str) -> Maps | None:
    """Return the kept maps of a run, (pictures, channels, H, W); None where there are none."""
    try:
        found = np.asarray(load_file(folder / "activity" / f"{run}.safetensors")["maps"], np.float32)
    except (OSError, KeyError, SafetensorError):
        return None
    return found if found.ndim == 4 else None


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


def _thumbnail(root: Path | None, name: str) -> str | None:
    if root is None:
        return None
    try:
        return as_address(decode(root / name, short_side=144))
    except (PictureError, OSError):
        return None
