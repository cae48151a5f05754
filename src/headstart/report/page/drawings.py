"""The drawings of results.json: accuracy against time, curves by epoch, more pictures, promises. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from headstart.report import standing
from headstart.report.numbers import quantity, seconds_text
from headstart.report.page import svg
from headstart.report.page.svg import Scale, line, path, symbol, tag, text, tipped

Results = Mapping[str, Any]
Run = Mapping[str, Any]

_WIDE, _HIGH = 440.0, 280.0
_LEFT, _RIGHT, _TOP, _LOW = 46.0, 424.0, 18.0, 240.0


def percent(share: float | None, digits: int = 1) -> str:
    """Return ``94.1 %``, a dash for nothing."""
    return "–" if share is None else f"{100 * share:.{digits}f}\u00a0%"


def points(share: float) -> str:
    """Return a difference of shares in points, with its sign."""
    told = f"{100 * share:+.1f}"
    return "0.0" if told in ("+0.0", "-0.0") else told.replace("-", "\u2212")


def _percent_marks(scale: Scale) -> list[tuple[float, str]]:
    return [(value, f"{100 * value:g} %") for value in svg.marks(scale.low, scale.high, 6)]


def accuracy_against_time(results: Results) -> Markup:
    """Return each strategy's accuracy with its interval over the time that it takes; empty without measured runs."""
    split = standing.measured_split(results)
    points = [
        (run, standing.metrics_of(run, split), float(seconds))
        for run in standing.ranked(results)
        if (seconds := (run.get("seconds") or {}).get("total")) and standing.metrics_of(run, split)
    ]
    if not points:
        return Markup("")
    times = [seconds for _, _, seconds in points]
    widen = max(1.5, 2.5 / (max(times) / min(times)) ** 0.5)  # at least a factor of 6 from end to end
    x = Scale(min(times) / widen, max(times) * widen, _LEFT, _RIGHT, log=True)
    y = svg.share_scale((end for _, found, _ in points for end in found["interval"]), _LOW, _TOP)
    below = [(value, seconds_text(value)) for value in svg.time_marks(x.low, x.high)]
    parts = [svg.frame(x, y, below, _percent_marks(y))]
    parts.append(text(_RIGHT, _HIGH - 4, "time alone, from nothing →", class_="name", anchor="end"))
    taken = [svg.box(x(seconds), y(found["accuracy"]), 18, 18) for _, found, seconds in points]
    for run, found, seconds in points:
        here, tip = x(seconds), _point_tip(run, found, seconds)
        low, high = found["interval"]
        whisker = line(here, y(low), here, y(high), f"whisker s{svg.place_of(run['strategy'])}")
        sign = symbol(run["strategy"], here, y(found["accuracy"]), 6)
        parts.append(tipped(tip, whisker, sign))
    for run, found, seconds in points:  # last, so that they stand above every line
        parts.append(svg.label(run["id"], x(seconds), y(found["accuracy"]), taken, right=_RIGHT + 14))
    return svg.drawing(_WIDE, _HIGH, *parts, label=f"Accuracy against time of {len(points)} strategies; table above.")


def _point_tip(run: Run, found: Mapping[str, Any], seconds: float) -> str:
    low, high = found["interval"]
    trained = quantity((run.get("parameters") or {}).get("trained"))
    told = f"{run['id']}: {percent(found['accuracy'])} (95 % interval {percent(low)} to {percent(high)})"
    return f"{told}, {seconds_text(seconds)}, {trained} trained"


# ----------------------------------------------------------------------------------------- epochs


def epoch_panels(results: Results) -> list[tuple[str, str, Markup]]:
    """Return title, explanation and drawing of loss, accuracy and learning rate of all trained strategies."""
    runs = [run for run in results["runs"] if run.get("epochs")]
    panels = [
        (
            "Loss",
            "Thick: held-out pictures. Thin: the pictures it learns from. Lower is better.",
            ("val_loss", "train_loss"),
        ),
        (
            "Accuracy",
            "Thick: held-out pictures. Thin: the pictures it learns from.",
            ("val_accuracy", "train_accuracy"),
        ),
        ("Learning rate", "How large the steps of the training are.", ("learning_rate",)),
    ]
    if not any(entry.get("val_loss") is not None for run in runs for entry in run["epochs"]):
        own = "On the pictures it learns from: none were held back to choose an epoch."
        panels[0], panels[1] = (
            ("Loss", f"{own} Lower is better.", ("train_loss",)),
            ("Accuracy", own, ("train_accuracy",)),
        )
    drawn = [(title, told, _epoch_panel(title, runs, keys)) for title, told, keys in panels]
    return [panel for panel in drawn if panel[2]]


def _epoch_panel(title: str, runs: Sequence[Run], keys: Sequence[str]) -> Markup:
    series = [
        (run, key, [(e["epoch"], e[key]) for e in run["epochs"] if e.get(key) is not None])
        for run in runs
        for key in keys
    ]
    series = [one for one in series if one[2]]
    if not series:
        return Markup("")
    values = [value for _, _, points in series for _, value in points]
    last = max(epoch for _, _, points in series for epoch, _ in points)
    x = Scale(1, max(last, 2), _LEFT, _RIGHT - 60)
    y = svg.share_scale(values, _LOW, _TOP) if title == "Accuracy" else Scale(0.0, 1.06 * max(values), _LOW, _TOP)
    above = _percent_marks(y) if title == "Accuracy" else [(mark, f"{mark:g}") for mark in svg.marks(y.low, y.high)]
    below = [(mark, f"{mark:g}") for mark in svg.marks(1, max(last, 2), 8) if mark == int(mark)]
    parts = [svg.frame(x, y, below, above), text(_RIGHT - 60, _HIGH - 4, "epoch →", class_="name", anchor="end")]
    main = [one for one in series if one[1] == keys[0]]
    for run, key, points in series:
        drawn = [(x(epoch), y(value)) for epoch, value in points]
        parts.append(path(drawn, run["strategy"], class_="curve" if key == keys[0] else "thin"))
    parts += [_marked(run, key, points, x, y) for run, key, points in main]
    taken = [svg.box(x(epoch), y(value), 8, 8) for _, _, points in main for epoch, value in points]
    taken.append((0.0, _LOW + 1, _WIDE, _HIGH))  # the axis and its numbers: rates end on it
    for run, _, points in main:
        epoch, value = points[-1]
        parts.append(svg.label(run["id"], x(epoch), y(value), taken, right=_RIGHT + 14))
    return svg.drawing(_WIDE, _HIGH, *parts, label=f"{title} by epoch of {', '.join(run['id'] for run in runs)}.")


def _marked(run: Run, key: str, points: Sequence[tuple[int, float]], x: Scale, y: Scale) -> Markup:
    """Return a curve's signs, a ring around the epoch whose weights were taken, and what pointing at one tells."""
    chosen = (run.get("settings") or {}).get("epoch_chosen")
    parts = []
    for epoch, value in points:
        told = f"{run['id']}, epoch {epoch}: {_plain(key, value)}" + (" (taken)" if epoch == chosen else "")
        ring = [tag("circle", cx=x(epoch), cy=y(value), r=8, class_="ring")] if epoch == chosen else []
        parts.append(tipped(told, *ring, symbol(run["strategy"], x(epoch), y(value), 3), focus=False))
    return tag("g", *parts)


def _plain(key: str, value: float) -> str:
    if key.endswith("accuracy"):
        return percent(value)
    return f"{value:.1e}" if key == "learning_rate" else f"{value:.3f}"


# --------------------------------------------------------------------------- more pictures, promises


def learning_curve(entry: Mapping[str, Any]) -> Markup:
    """Return accuracy over training pictures, measured and foretold, of `learning` of results.json."""
    told, run = entry["forecast"], str(entry["run"])
    sizes, reached = list(entry["sizes"]), list(entry["accuracy"])
    x = Scale(min(sizes) / 1.15, max(told["pictures"], *sizes) * 1.15, _LEFT, _RIGHT, log=True)
    y = svg.share_scale([*reached, told["accuracy"], *told["accuracy_interval"]], _LOW, _TOP)
    below = [(value, f"{value:,.0f}") for value in svg.log_marks(x.low, x.high, most=5)]
    parts = [svg.frame(x, y, below, _percent_marks(y))]
    parts.append(text(_RIGHT, _HIGH - 4, "training pictures →", class_="name", anchor="end"))
    points = [(x(size), y(share)) for size, share in zip(sizes, reached, strict=True)]
    end = (x(told["pictures"]), y(told["accuracy"]))
    parts.append(tag("path", d=_joined([points[-1], end]), class_="foretold"))
    parts.append(path(points, run))
    for (across, up), size, share in zip(points, sizes, reached, strict=True):
        parts.append(tipped(f"{size:,.0f} training pictures: {percent(share)}", symbol(run, across, up, 5)))
    low, high = (y(limit) for limit in told["accuracy_interval"])
    tip = f"foretold for {told['pictures']:,} training pictures: {percent(told['accuracy'])}"
    tip += f" (between {percent(told['accuracy_interval'][0])} and {percent(told['accuracy_interval'][1])})"
    ring = tag("circle", cx=end[0], cy=end[1], r=6, class_="expected")
    parts.append(tipped(tip, line(end[0], low, end[0], high, "whisker faint"), ring))
    parts.append(text(end[0] - 10, end[1] - 10, "foretold", class_="label", anchor="end"))
    return svg.drawing(_WIDE, _HIGH, *parts, label=f"Accuracy of {run} against training pictures; {tip}.")


def _joined(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{svg.short(x)} {svg.short(y)}" for x, y in points)


def promises(after: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]] | None) -> Markup:
    """Return stated probability against how often it came true, after and (where it differs) before the temperature.

    Parameters
    ----------
    after, before : sequence of mapping
        Bins of `evidence.reliability`, each with ``n``, ``stated``, ``right`` and, after, ``interval``.
    """
    low = min([entry["stated"] for entry in (*after, *(before or ()))] + [entry["right"] for entry in after])
    side = Scale(max(0.0, min(0.9, int(low * 10 - 0.5) / 10)), 1.0, _LOW, _TOP)
    x = Scale(side.low, side.high, _LEFT, _RIGHT)
    shares = _percent_marks(side)
    parts = [svg.frame(x, side, shares, shares)]
    parts.append(line(x(side.low), side(side.low), x(1.0), side(1.0), "diagonal"))
    parts.append(text(_RIGHT, _HIGH - 4, "stated probability →", class_="name", anchor="end"))
    parts.append(text(_LEFT + 8, _TOP + 18, "↑ came true", class_="name"))
    for entry in before or ():
        tip = f"before: {entry['n']} answers stated {percent(entry['stated'])}, {percent(entry['right'])} right"
        ring = tag("circle", cx=x(entry["stated"]), cy=side(max(entry["right"], side.low)), r=4, class_="before")
        parts.append(tipped(tip, ring, focus=False))
    for entry in after:
        tip = f"{entry['n']} answers stated {percent(entry['stated'])} on average, {percent(entry['right'])} were right"
        ends = [side(max(limit, side.low)) for limit in entry["interval"]]
        here = x(entry["stated"])
        dot = tag("circle", cx=here, cy=side(max(entry["right"], side.low)), r=5, class_="sign c0")
        parts.append(tipped(tip, line(here, ends[0], here, ends[1], "whisker s0"), dot))
    return svg.drawing(
        _WIDE, _HIGH, *parts, label="Stated probability against the share of right answers; on the line is honest."
    )
