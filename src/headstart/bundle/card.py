"""The model card: what a person should know before using a bundle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headstart.evidence.conformal import USUAL, least_units
from headstart.records.bundle import BundleCalibration, BundleManifest, BundleStrategy, SetThresholds
from headstart.records.environment import NetworkRecord
from headstart.records.metrics import Metrics, MetricsBySplit
from headstart.records.preprocessing import RULES, Decoding
from headstart.words.findings import not_judged


def model_card(manifest: BundleManifest) -> str:
    """Return the model card, Markdown, of what ``bundle.json`` holds."""
    info, preprocessing = manifest.info, manifest.preprocessing
    lines = [
        f"# Classifier of {len(manifest.classes)} classes",
        "",
        f"Made with headstart {manifest.headstart}. {_made(info.strategy)}",
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
        "It knows only the classes below. Whatever a picture shows, it names one of them; at most it adds that the "
        "picture is unlike all pictures that it was trained on.",
        "",
        "## Classes",
        "",
        *[f"- {name}" for name in manifest.classes],
        "",
        "## How accurate it is",
        "",
        *(measured_lines(info.measured, manifest.classes) or ["Not measured: no pictures were held out."]),
        "",
        "## How sure it is",
        "",
        *_sure(manifest.calibration, info.measured),
        "",
        "## How it sees a picture",
        "",
        f"As a square of {preprocessing.input_size} x {preprocessing.input_size} pixels (framing: "
        f"{preprocessing.framing}, interpolation: {preprocessing.interpolation}), with mean "
        f"{_numbers(preprocessing.mean)} and standard deviation {_numbers(preprocessing.std)} of red, green and blue. "
        "headstart does all this: give it the pictures as they are.",
        "",
        _reading(preprocessing.decoding),
        "",
        "## Where it comes from",
        "",
        *_origin(info.backbone),
        f"- Fingerprint of the training pictures: {info.data_fingerprint or 'unknown'}",
        "",
    ]
    return "\n".join(lines)


def _made(strategy: BundleStrategy | None) -> str:
    """Return how it was made, in one or two sentences."""
    if strategy is None:
        return "How it was trained is not known."
    start = "started from random weights" if strategy.weights == "random" else "was pretrained"
    kept = strategy.training is not None and strategy.training.kept_solved_head
    if kept or strategy.cut == "pool":
        further = ", and nothing of it was trained further"
    elif strategy.cut == "input":
        further = ", and all of it was trained"
    else:
        further = f", and it was trained from {strategy.cut} on"
    together = ""
    if strategy.training is not None and strategy.training.mix is not None and 0 < strategy.training.mix < 1:
        together = " The network as it was before answers beside it; both are in here."
    return (
        f"The strategy is **{strategy.strategy}**: the network {start}{further}.{together} Its head is {strategy.head}."
    )


def _splits(measured: MetricsBySplit) -> Iterator[tuple[str, Metrics]]:
    for name, metrics in (("val", measured.val), ("test", measured.test)):
        if metrics is not None:
            yield name, metrics


def measured_lines(measured: MetricsBySplit, classes: Sequence[str]) -> list[str]:
    """Return how accurate it was on held-out pictures, as items of a list; none where nothing was held out."""
    lines = []
    for split, metrics in _splits(measured):
        low, high = metrics.interval
        line = (
            f"- {split}: accuracy {metrics.accuracy:.3f} on {metrics.n} pictures (95 % interval {low:.3f} to "
            f"{high:.3f}), log loss {metrics.loss:.3f}."
        )
        optimistic = " These pictures also helped to choose, so the true accuracy is probably a little lower."
        recalls = zip(classes, metrics.per_class_recall, strict=False)
        absent = [name for name, recall in recalls if recall is None]
        unjudged = f" {not_judged(split, absent).text}" if absent else ""
        lines.append(line + unjudged + (optimistic if metrics.used_for_choosing else ""))
    return lines


def _sure(calibration: BundleCalibration, measured: MetricsBySplit) -> list[str]:
    """Return what is stated besides an answer, and how much of it came true on held-out pictures."""
    if calibration.sets is None:
        return ['It gives probabilities only: prediction sets and "none of these" were not learned for it.']
    return [_sets(calibration.sets), _none(calibration), *_came_true(measured)]


def _sets(sets: SetThresholds) -> str:
    able = [level for level, threshold in sets.thresholds.items() if threshold is not None]
    told = (
        f"- Prediction sets: for {', '.join(able)}, set with {sets.pictures} training pictures that it had not learned "
        "from."
        if able
        else "- Prediction sets: none."
    )
    if str(USUAL) in able:
        return told
    return f"{told} For {USUAL} at least {least_units(USUAL)} such pictures are needed; there were {sets.units}."


def _none(calibration: BundleCalibration) -> str:
    none = calibration.none_of_these
    if none is None:
        return "- None of these: not available, because there were too few training pictures."
    return (
        f"- None of these: the answer for a picture that is farther than {none.limit:.3f} (cosine distance) from all "
        f"training pictures. About {none.falsely:.0%} of the pictures that do show one of the classes are that far "
        "away."
    )


def _came_true(measured: MetricsBySplit) -> list[str]:
    lines = []
    for split, metrics in _splits(measured):
        stated = metrics.calibration
        if stated is None:
            continue
        told = f"- {split}: the calibration error is {stated.ece:.3f}; luck alone would give {stated.ece_if_true:.3f}."
        usual = metrics.sets.levels.get(str(USUAL)) if metrics.sets is not None else None
        if usual is not None:
            told += (
                f" The sets for {USUAL} held the true class of {usual.coverage:.1%} of the pictures, "
                f"with {usual.mean_size:.2f} classes on average."
            )
        if metrics.none_of_these is not None:
            told += f" {metrics.none_of_these.share:.1%} of the pictures were wrongly called none of these."
        lines.append(told)
    return lines


def _origin(network: NetworkRecord | None) -> list[str]:
    if network is None:
        return ["- Network: unknown"]
    lines = [f"- Network: {network.name}, {network.source}"]
    if network.licence is not None:
        lines.append(f"- Licence of its weights: {network.licence}")
    if network.sha256 is not None:
        lines.append(f"- SHA-256 of its weights: {network.sha256}")
    return lines


def _reading(decoding: Decoding) -> str:
    """Return by which rules a file becomes pixels."""
    if decoding.rule == 1:
        return "Files are read by older rules: without colour profiles, and of very long pictures only the middle."
    white = "" if decoding.white == RULES.white else f" In pictures of 16 bits the value {decoding.white:,} is white."
    return f"Files are turned upright (EXIF) and converted to sRGB, as viewers show them.{white}"


def _numbers(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)
