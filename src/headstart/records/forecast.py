"""What is expected: of more training pictures, and of a strategy before it is tried."""

from __future__ import annotations

from typing import Literal

from headstart.records.record import Interval, Record

Size = Literal["small", "large"]
Similarity = Literal["similar", "dissimilar"]


class Forecast(Record):
    """How accurate a classifier is expected to be with more training pictures.

    Parameters
    ----------
    pictures, more : int
        As many as there are, and as many as are asked about.
    accuracy, accuracy_interval
        With `more`.
    gain, interval
        What they add to the accuracy with `pictures`.
    curve : tuple of float
        a, b and c of the best fit: an error of ``a + b n^-c`` with n pictures.
    """

    pictures: int
    more: int
    accuracy: float
    accuracy_interval: Interval
    gain: float
    interval: Interval
    curve: tuple[float, float, float]


class RisingClass(Record):
    """The class whose recall still rises most with more pictures: its name, recall at the last two sizes, and p."""

    name: str
    recall: tuple[float, float]
    p: float


class LearningRecord(Record):
    """How accuracy grew with the training pictures, and what more of them would bring.

    `run` is the one whose head was solved again, `winner` the one that it stands for.
    """

    run: str
    winner: str
    pictures: int
    draws: int
    sizes: tuple[float, ...]
    accuracy: tuple[float, ...]
    forecast: Forecast
    rising: RisingClass | None
    seconds: float


class Expected(Record):
    """What a strategy is expected to reach on new pictures, and what it costs in seconds."""

    strategy: str
    accuracy: float
    interval: Interval
    seconds: float | None = None


class AdviceRecord(Record):
    """What was advised before anything was tried, and what was measured for it.

    Parameters
    ----------
    strategy, cut, accuracy, interval, seconds
        What to use, and what to expect of it.
    chart : str
        What the chart of size and similarity names.
    per_class, enough : float
        Training pictures of a class, and about how many a head can use (None: cannot be said).
    gain, gain_interval
        Of twice as many pictures.
    factor : float, optional
        By what factor the spread of late channels differs from the network's first training.
    told, told_error : float
        Of what guessing gets wrong, the share that a head gets right after five pictures of a class.
    linear, neighbours, ridge : float
        Accuracy of three heads on training pictures that they had not learned from.
    chance : float
        Accuracy of always naming the most common class.
    """

    strategy: str
    cut: str
    chart: str
    size: Size
    similarity: Similarity
    accuracy: float
    interval: Interval
    seconds: float | None
    expected: tuple[Expected, ...]
    pictures: int
    classes: int
    per_class: float
    enough: float | None
    gain: float | None
    gain_interval: Interval | None
    factor: float | None
    told: float | None
    told_error: float
    linear: float
    neighbours: float
    ridge: float
    chance: float
    learnable: bool
    text: str
    command: str | None = None
