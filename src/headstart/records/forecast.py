"""What is expected: of more training pictures, and of a strategy before it is tried."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from headstart.records.record import Amount, Count, Duration, Figure, Interval, Positive, Real, Record, RunName, Share

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

    pictures: Count
    more: Count
    accuracy: Share
    accuracy_interval: Interval
    gain: Figure
    interval: Interval
    curve: tuple[Real, Real, Real]


class RisingClass(Record):
    """The class whose recall still rises most with more pictures: its name, recall at the last two sizes, and p."""

    name: str
    recall: tuple[Share, Share]
    p: Share


class LearningRecord(Record):
    """How accuracy grew with the training pictures, and what more of them would bring.

    `run` is the one whose head was solved again, `winner` the one that it stands for.
    """

    run: RunName
    winner: RunName
    pictures: Count
    draws: Count
    sizes: tuple[Positive, ...]
    accuracy: tuple[Share, ...]
    forecast: Forecast
    rising: RisingClass | None
    seconds: Duration

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield what contradicts itself: each size has its accuracy, and sizes grow."""
        if not self.sizes or len(self.sizes) != len(self.accuracy):
            yield "accuracy", "it is not as long as sizes, or both are empty"
        elif list(self.sizes) != sorted(set(self.sizes)):
            yield "sizes", "they do not grow"


class Expected(Record):
    """What a strategy is expected to reach on new pictures, and what it costs in seconds."""

    strategy: str
    accuracy: Share
    interval: Interval
    seconds: Duration | None = None


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
    accuracy: Share
    interval: Interval
    seconds: Duration | None
    expected: tuple[Expected, ...]
    pictures: Count
    classes: Count
    per_class: Amount
    enough: Amount | None
    gain: Figure | None
    gain_interval: Interval | None
    factor: Amount | None
    told: Figure | None
    told_error: Figure
    linear: Share
    neighbours: Share
    ridge: Share
    chance: Share
    learnable: bool
    text: str
    command: str | None = None
