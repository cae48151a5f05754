"""What a page knows of its classifier, as it stands in it."""

from __future__ import annotations

import msgspec

from headstart.records.bundle import BundleInfo
from headstart.records.exported import Parity
from headstart.records.metrics import Metrics, MetricsBySplit
from headstart.records.preprocessing import Preprocessing
from headstart.records.record import Count, Record, Sample, Share, Side
from headstart.words.numbers import counted, percent_text, percents, pictures_of

_TINY = 1e-5  # of a probability


class Check(Record):
    """A drawing that the page answers when it is opened, and what Python answered; beyond `most` it gives no answers.

    `picture` is the file in base64.
    """

    name: str
    picture: str
    probabilities: tuple[Share, ...]
    most: Share


class Setup(Record):
    """How the page makes a square of a picture.

    Parameters
    ----------
    side : int
        Short side of the whole picture.
    short : int
        Short side of the picture out of which a crop is cut.
    rule, white : int
        As in `headstart.records.preprocessing.Decoding`.
    """

    preprocessing: Preprocessing
    side: Side
    short: Side
    rule: Count
    white: Sample


class PageData(Record):
    """What the scripts of a page read; a page that a server shows asks for its classes.

    Parameters
    ----------
    notes : mapping of str to str
        What is said of a picture, by the note of it.
    """

    classes: tuple[str, ...] = ()
    setup: Setup | None = None
    checks: tuple[Check, ...] = ()
    notes: dict[str, str] = msgspec.field(default_factory=dict)


def setup_for(preprocessing: Preprocessing) -> Setup:
    """Return what the page needs to know of a classifier's preprocessing."""
    return Setup(
        preprocessing=preprocessing,
        side=preprocessing.decode_side,
        short=preprocessing.short_side,
        rule=preprocessing.decoding.rule,
        white=preprocessing.decoding.white,
    )


class About(Record):
    """What people are told of a classifier; a value that is not known is None.

    Parameters
    ----------
    made : str
        How it was made, such as ``"linear on EfficientNet-Lite0"``.
    measured : str
        What it reached on held-out pictures.
    licence : str
        Of the weights that it started from.
    proven : str
        How it was run beside the bundle.
    fingerprint : str
        What tells this classifier from others.
    """

    made: str | None = None
    measured: str | None = None
    licence: str | None = None
    proven: str | None = None
    fingerprint: str | None = None


def about(info: BundleInfo, parity: Parity) -> About:
    """Return what people are told of a classifier that was proven."""
    network = info.backbone
    title = info.architecture if network is None else network.title or network.name
    strategy = None if info.strategy is None else info.strategy.strategy
    return About(
        made=title if strategy is None else f"{strategy} on {title}",
        measured=_measured(info.measured),
        licence=None if network is None else network.licence,
        proven=_proven(parity),
        fingerprint=parity.facts.bundle[:12],
    )


def _proven(parity: Parity) -> str:
    """Return on how many pictures the graph was run beside its bundle, and how far they were apart."""
    found, drop = parity.on_squares, parity.drop
    if drop is not None:
        pictures = pictures_of(drop.split, drop.pictures)
        told = f"It computes in 8 bits: right on {drop.exported_right:,} of {pictures}"
        return f"{told}, in full precision on {drop.bundle_right:,}."
    apart = "0.00001" if found.worst <= _TINY else f"{found.worst:.5f}"
    return (
        f"Its graph gave the same answer as the bundle in Python on {found.same:,} of "
        f"{counted(found.pictures, 'picture')}; no probability was more than {apart} apart."
    )


def _measured(measured: MetricsBySplit) -> str | None:
    """Return what was reached on the pictures that were opened last."""
    for split, metrics in (("test", measured.test), ("val", measured.val)):
        if metrics is not None:
            return _right(split, metrics)
    return None


def _right(split: str, metrics: Metrics) -> str:
    right = round(metrics.accuracy * metrics.n)
    return (
        f"Right on {right:,} of {pictures_of(split, metrics.n)} ({percent_text(metrics.accuracy)}). "
        f"Expect {percents(metrics.interval)} on many new pictures of the same kind."
    )
