"""The drawings of results.json: accuracy against time, curves by epoch, more pictures, reliability. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from headstart.records.forecast import Forecast, LearningRecord
from headstart.records.metrics import Metrics, ReliabilityBin
from headstart.records.record import Interval
from headstart.records.results import Results
from headstart.records.run import RunRecord
from headstart.records.training import Epoch
from headstart.report.numbers import quantity, seconds_text
from headstart.report.page import svg
from headstart.report.page.looks import run_look
from headstart.report.page.svg import NEUTRAL, Look, Scale, line, path, symbol, tag, text, tipped

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
    measured = [(run, found) for run in results.ranked if (found := results.measured(run)) and run.seconds.total]
    if not measured:
        return Markup("")
    times = [run.seconds.total for run, _ in measured]
    widen = max(1.5, 2.5 / (max(times) / min(times)) ** 0.5)  # at least a factor of 6 from end to end
    x = Scale(min(times) / widen, max(times) * widen, _LEFT, _RIGHT, log=True)
    y = svg.share_scale((end for _, found in measured for end in found.interval), _LOW, _TOP)
    below = [(value, seconds_text(value)) for value in svg.time_marks(x.low, x.high)]
    parts = [svg.frame(x, y, below, _percent_marks(y))]
    parts.append(text(_RIGHT, _HIGH - 4, "time from start to finish →", class_="name", anchor="end"))
    taken = [svg.box(x(run.seconds.total), y(found.accuracy), 18, 18) for run, found in measured]
    parts += [_timed_point(run, found, run_look(results, run), x, y) for run, found in measured]
    for run, found in measured:  # last, so that they stand above every line
        parts.append(svg.label(run.id, x(run.seconds.total), y(found.accuracy), taken, right=_RIGHT + 14))
    return svg.drawing(_WIDE, _HIGH, *parts, label=f"Accuracy against time of {len(measured)} strategies; table above.")


def _timed_point(run: RunRecord, found: Metrics, look: Look, x: Scale, y: Scale) -> Markup:
    here, (low, high) = x(run.seconds.total), found.interval
    told = f"{run.id}: {percent(found.accuracy)} (95 % interval {percent(low)} to {percent(high)})"
    tip = f"{told}, {seconds_text(run.seconds.total)}, {quantity(run.parameters.trained)} trained"
    whisker = line(here, y(low), here, y(high), f"whisker {look.stroke}")
    return tipped(tip, whisker, symbol(look, here, y(found.accuracy), 6))


# ----------------------------------------------------------------------------------------- epochs


@dataclass(frozen=True)
class Quantity:
    """What is drawn over the epochs: how it is read from one, how it is written, and whether it is a share."""

    of: Callable[[Epoch], float | None]
    told: Callable[[float], str]
    share: bool = False


@dataclass(frozen=True)
class Panel:
    """A drawing by epoch with its title and explanation."""

    title: str
    told: str
    drawing: Markup


@dataclass(frozen=True)
class _Curve:
    """One quantity of one run over its epochs; `main`: the thick line with signs."""

    run: RunRecord
    look: Look
    points: tuple[tuple[int, float], ...]
    main: bool


_CHOOSING_LOSS = Quantity(lambda epoch: epoch.choosing_loss, lambda value: f"{value:.3f}")
_TRAIN_LOSS = Quantity(lambda epoch: epoch.train_loss, lambda value: f"{value:.3f}")
_CHOOSING_ACCURACY = Quantity(lambda epoch: epoch.choosing_accuracy, percent, share=True)
_TRAIN_ACCURACY = Quantity(lambda epoch: epoch.train_accuracy, percent, share=True)
_RATE = Quantity(lambda epoch: epoch.learning_rate, lambda value: f"{value:.1e}")
_BOTH = "Thick: pictures set aside to choose the epoch. Thin: the pictures it learns from."
_OWN = "On the pictures it learns from: none were set aside to choose an epoch."


def epoch_panels(results: Results) -> tuple[Panel, ...]:
    """Return title, explanation and drawing of loss, accuracy and learning rate of all trained strategies."""
    held_back = any(epoch.choosing_loss is not None for run in results.runs for epoch in run.epochs)
    told = _BOTH if held_back else _OWN
    loss = (_CHOOSING_LOSS, _TRAIN_LOSS) if held_back else (_TRAIN_LOSS,)
    accuracy = (_CHOOSING_ACCURACY, _TRAIN_ACCURACY) if held_back else (_TRAIN_ACCURACY,)
    panels = (
        Panel("Loss", f"{told} Lower is better.", _epoch_panel(results, "Loss", loss)),
        Panel("Accuracy", told, _epoch_panel(results, "Accuracy", accuracy)),
        Panel("Learning rate", "How large the training steps are.", _epoch_panel(results, "Learning rate", (_RATE,))),
    )
    return tuple(panel for panel in panels if panel.drawing)


def _epoch_panel(results: Results, title: str, quantities: Sequence[Quantity]) -> Markup:
    main, curves = quantities[0], _curves(results, quantities)
    if not curves:
        return Markup("")
    values = [value for curve in curves for _, value in curve.points]
    last = max(epoch for curve in curves for epoch, _ in curve.points)
    x = Scale(1, max(last, 2), _LEFT, _RIGHT - 60)
    y = svg.share_scale(values, _LOW, _TOP) if main.share else Scale(0.0, 1.06 * max(values), _LOW, _TOP)
    above = _percent_marks(y) if main.share else [(mark, f"{mark:g}") for mark in svg.marks(y.low, y.high)]
    below = [(mark, f"{mark:g}") for mark in svg.marks(1, max(last, 2), 8) if mark == int(mark)]
    parts = [svg.frame(x, y, below, above), text(_RIGHT - 60, _HIGH - 4, "epoch →", class_="name", anchor="end")]
    for curve in curves:
        drawn = [(x(epoch), y(value)) for epoch, value in curve.points]
        parts.append(path(drawn, curve.look, class_="curve" if curve.main else "thin"))
    thick = [curve for curve in curves if curve.main]
    parts += [_marked(curve, main, x, y) for curve in thick]
    taken = [svg.box(x(epoch), y(value), 8, 8) for curve in thick for epoch, value in curve.points]
    taken.append((0.0, _LOW + 1, _WIDE, _HIGH))  # the axis and its numbers: rates end on it
    for curve in thick:
        epoch, value = curve.points[-1]
        parts.append(svg.label(curve.run.id, x(epoch), y(value), taken, right=_RIGHT + 14))
    names = ", ".join(dict.fromkeys(curve.run.id for curve in curves))
    return svg.drawing(_WIDE, _HIGH, *parts, label=f"{title} by epoch of {names}.")


def _curves(results: Results, quantities: Sequence[Quantity]) -> list[_Curve]:
    """Return the curves of all trained runs, the first quantity as the main one; empty ones are left out."""
    found = []
    for run in results.runs:
        for at, drawn_ in enumerate(quantities):
            told = [(epoch.epoch, drawn_.of(epoch)) for epoch in run.epochs]
            points = tuple((epoch, value) for epoch, value in told if value is not None)
            found.append(_Curve(run, run_look(results, run), points, main=at == 0))
    return [curve for curve in found if curve.points]


def _marked(curve: _Curve, main: Quantity, x: Scale, y: Scale) -> Markup:
    """Return a curve's signs, a ring around the epoch whose weights were kept, and what pointing at one tells."""
    chosen = None if curve.run.training is None else curve.run.training.epoch_chosen
    parts = []
    for epoch, value in curve.points:
        told = f"{curve.run.id}, epoch {epoch}: {main.told(value)}" + (" (kept)" if epoch == chosen else "")
        ring = [tag("circle", cx=x(epoch), cy=y(value), r=8, class_="ring")] if epoch == chosen else []
        parts.append(tipped(told, *ring, symbol(curve.look, x(epoch), y(value), 3), focus=False))
    return tag("g", *parts)


# ------------------------------------------------------------------------ more pictures, reliability


def learning_curve(learning: LearningRecord, look: Look) -> Markup:
    """Return accuracy over training pictures, measured and forecast, in the look of the strategy that it is of."""
    forecast, sizes, reached = learning.forecast, learning.sizes, learning.accuracy
    x = Scale(min(sizes) / 1.15, max(forecast.more, *sizes) * 1.15, _LEFT, _RIGHT, log=True)
    y = svg.share_scale([*reached, forecast.accuracy, *forecast.accuracy_interval], _LOW, _TOP)
    below = [(value, f"{value:,.0f}") for value in svg.log_marks(x.low, x.high, most=5)]
    parts = [svg.frame(x, y, below, _percent_marks(y))]
    parts.append(text(_RIGHT, _HIGH - 4, "training pictures →", class_="name", anchor="end"))
    points = [(x(size), y(share)) for size, share in zip(sizes, reached, strict=True)]
    parts.append(tag("path", d=_joined([points[-1], (x(forecast.more), y(forecast.accuracy))]), class_="foretold"))
    parts.append(path(points, look))
    for (across, up), size, share in zip(points, sizes, reached, strict=True):
        parts.append(tipped(f"{size:,.0f} training pictures: {percent(share)}", symbol(look, across, up, 5)))
    tip = _forecast_tip(forecast)
    parts.append(_forecast_point(forecast, tip, x, y))
    return svg.drawing(_WIDE, _HIGH, *parts, label=f"Accuracy of {learning.run} against training pictures; {tip}.")


def _forecast_tip(forecast: Forecast) -> str:
    low, high = forecast.accuracy_interval
    told = f"forecast for {forecast.more:,} training pictures: {percent(forecast.accuracy)}"
    return f"{told} (between {percent(low)} and {percent(high)})"


def _forecast_point(forecast: Forecast, tip: str, x: Scale, y: Scale) -> Markup:
    across, up = x(forecast.more), y(forecast.accuracy)
    low, high = (y(limit) for limit in forecast.accuracy_interval)
    ring = tag("circle", cx=across, cy=up, r=6, class_="expected")
    marked = tipped(tip, line(across, low, across, high, "whisker faint"), ring)
    return tag("g", marked, text(across - 10, up - 10, "forecast", class_="label", anchor="end"))


def _joined(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{svg.short(x)} {svg.short(y)}" for x, y in points)


def reliability_diagram(after: Sequence[tuple[ReliabilityBin, Interval]], before: Sequence[ReliabilityBin]) -> Markup:
    """Return stated probability against how often it came true.

    Parameters
    ----------
    after : sequence of (ReliabilityBin, Interval)
        As answered, with the interval of the share that is right.
    before : sequence of ReliabilityBin
        Without the temperature; empty where that changes nothing.
    """
    stated = [each.stated for each in (*(one for one, _ in after), *before)]
    low = min(stated + [each.right for each, _ in after])
    side = Scale(max(0.0, min(0.9, int(low * 10 - 0.5) / 10)), 1.0, _LOW, _TOP)
    x = Scale(side.low, side.high, _LEFT, _RIGHT)
    shares = _percent_marks(side)
    parts = [svg.frame(x, side, shares, shares)]
    parts.append(line(x(side.low), side(side.low), x(1.0), side(1.0), "diagonal"))
    parts.append(text(_RIGHT, _HIGH - 4, "stated probability →", class_="name", anchor="end"))
    parts.append(text(_LEFT + 8, _TOP + 18, "↑ share that is right", class_="name"))
    for each in before:
        tip = f"before: {each.n} answers stated {percent(each.stated)}, {percent(each.right)} right"
        ring = tag("circle", cx=x(each.stated), cy=side(max(each.right, side.low)), r=4, class_="before")
        parts.append(tipped(tip, ring, focus=False))
    parts += [_reliability_point(each, interval, x, side) for each, interval in after]
    return svg.drawing(
        _WIDE,
        _HIGH,
        *parts,
        label="Stated probability against the share of right answers; a point on the line is honest.",
    )


def _reliability_point(each: ReliabilityBin, interval: Interval, x: Scale, y: Scale) -> Markup:
    tip = f"{each.n} answers stated {percent(each.stated)} on average, {percent(each.right)} were right"
    low, high = (y(max(limit, y.low)) for limit in interval)
    here = x(each.stated)
    dot = tag("circle", cx=here, cy=y(max(each.right, y.low)), r=5, class_=f"sign {NEUTRAL.fill}")
    return tipped(tip, line(here, low, here, high, f"whisker {NEUTRAL.stroke}"), dot)
