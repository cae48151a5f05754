"""The model card: what a person should know before using a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def model_card(info: Mapping[str, Any]) -> str:
    """Return the model card, Markdown, of what ``bundle.json`` holds."""
    preprocessing, classes = info["preprocessing"], info["classes"]
    strategy, backbone = info.get("strategy", {}), info.get("backbone", {})
    lines = [
        f"# Classifier of {len(classes)} classes",
        "",
        f"Made by headstart {info['headstart']}, strategy **{strategy.get('strategy', 'unknown')}**: "
        f"weights {strategy.get('weights', 'unknown')}, {_trained(strategy)}, "
        f"head {strategy.get('head', 'unknown')}.",
        "",
        "## Use",
        "",
        "```console",
        "$ headstart predict THIS_FOLDER PICTURES",
        "```",
        "",
        "```python",
        "import headstart as hs",
        'hs.load("THIS_FOLDER").predict(["new.jpg"])',
        "```",
        "",
        "## Classes",
        "",
        *[f"- {name}" for name in classes],
        "",
        "## Measured",
        "",
        *_measured(info.get("measured", {})),
        "",
        "## How sure it is",
        "",
        *_sure(info),
        "",
        "## Preprocessing",
        "",
        f"{preprocessing['input_size']} x {preprocessing['input_size']} pixels, framing {preprocessing['framing']}, "
        f"{preprocessing['interpolation']}, mean {_numbers(preprocessing['mean'])}, "
        f"standard deviation {_numbers(preprocessing['std'])}. It is applied by headstart; do not apply it twice.",
        "",
        "## Where it comes from",
        "",
        f"- Backbone: {backbone.get('name')}, {backbone.get('source')}",
        f"- Licence of the weights: {backbone.get('licence')}",
        f"- SHA-256 of the weights: {backbone.get('sha256')}",
        f"- Pictures: fingerprint {info.get('data_fingerprint')}",
        "",
        "It knows only the classes above: whatever it is shown, it names one of them, and at most adds that the "
        "picture is like none it was trained on.",
        "",
    ]
    return "\n".join(lines)


def _trained(strategy: Mapping[str, Any]) -> str:
    kept = strategy.get("settings", {}).get("epoch_chosen") == 0
    if kept or strategy.get("cut") == "pool":
        return "nothing of the network trained"
    return f"trained from {strategy.get('cut', 'unknown')} on"


def _measured(measured: Mapping[str, Any]) -> list[str]:
    lines = []
    for split, metrics in measured.items():
        if metrics is None:
            continue
        low, high = metrics["interval"]
        used = ", used for choosing and therefore optimistic" if metrics.get("used_for_choosing") else ""
        lines.append(
            f"- {split}: accuracy {metrics['accuracy']:.3f} (95 % interval {low:.3f} to {high:.3f}) "
            f"on {metrics['n']} pictures{used}; log loss {metrics['loss']:.3f}"
        )
    return lines or ["Nothing: no pictures were held out."]


def _sure(info: Mapping[str, Any]) -> list[str]:
    """Return what is stated beside an answer, and what of it came true on held-out pictures."""
    calibration = info.get("calibration") or {}
    sets, none = calibration.get("sets"), calibration.get("none_of_these")
    if not sets:
        return ["Nothing is stated beside the shares: it is older than that, or was not fitted by headstart."]
    able = [level for level, threshold in sets["thresholds"].items() if threshold is not None]
    lines = [f"- Prediction sets at {', '.join(able)}, from {sets['pictures']} training pictures held out in turn"]
    if "0.95" not in able:
        lines = [f"{lines[0] if able else '- No prediction sets'}; 0.95 needs 19, and there were {sets['units']}"]
    lines.append(
        "- None of these: unknown, for too few pictures were held out"
        if none is None
        else f"- None of these: beyond a distance of {none['limit']:.3f}, as {none['falsely']:.0%} of its own kind are"
    )
    return [*lines, *_came_true(info.get("measured", {}))]


def _came_true(measured: Mapping[str, Any]) -> list[str]:
    lines = []
    for split, metrics in measured.items():
        stated = metrics and metrics.get("calibration")
        if not stated:
            continue
        told = f"- {split}: calibration error {stated['ece']:.3f} ({stated['ece_if_true']:.3f} would be luck)"
        usual, none = (metrics.get("sets") or {}).get("0.95"), metrics.get("none_of_these")
        if usual:
            told += f"; the 0.95 sets held {usual['coverage']:.3f}, with {usual['mean_size']:.2f} classes on average"
        lines.append(told + (f"; called none of these: {none['share']:.3f}" if none else ""))
    return lines


def _numbers(values: object) -> str:
    return ", ".join(f"{value:g}" for value in values) if isinstance(values, list | tuple) else str(values)
