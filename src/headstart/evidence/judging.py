"""What pictures can judge: one place that says it, for the verdict, warnings, the page and advice.

Nothing is concluded about a class of which no picture is there, or next to none, and nothing is called worse than
guessing where guessing can't be beaten: where one class alone is there, always naming it is always right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from headstart.records.metrics import Metrics
from headstart.records.record import Interval

LEAST_PER_CLASS = 5  # pictures of a class, with fewer of which a second draw may well say the opposite
_Z_SQUARED = 1.959963984540054**2

AgainstGuessing = Literal["better", "apart", "unclear", "no better", "unjudged"]


@dataclass(frozen=True, kw_only=True)
class Judges:
    """The pictures that judge.

    Parameters
    ----------
    pictures : int
    least : int
        Of the smallest class.
    chance : float
        The accuracy of always naming the most common class.
    absent, few : tuple of str
        Classes without a picture, and with fewer than five.
    only : str, optional
        The one class of which there are pictures, where there is but one.
    """

    pictures: int
    least: int
    chance: float
    absent: tuple[str, ...] = ()
    few: tuple[str, ...] = ()
    only: str | None = None

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> Judges:
        """Return what so many pictures of each class can judge; a class without any must be there with 0."""
        pictures, there = sum(counts.values()), [name for name, count in counts.items() if count]
        return cls(
            pictures=pictures,
            least=min(counts.values(), default=0),
            chance=max(counts.values(), default=0) / pictures if pictures else 1.0,
            absent=tuple(name for name, count in counts.items() if not count),
            few=tuple(name for name, count in counts.items() if 0 < count < LEAST_PER_CLASS),
            only=there[0] if len(there) == 1 else None,
        )

    @property
    def enough(self) -> bool:
        """Whether every class has so many pictures that something may be called better."""
        return self.least >= LEAST_PER_CLASS

    @property
    def smallest(self) -> tuple[str, ...]:
        """The classes of which there are too few pictures, those without any before the others."""
        return self.absent or self.few

    @property
    def beatable(self) -> bool:
        """Whether answers without one mistake could be told from guessing."""
        return can_be_beaten(self.pictures, self.chance)

    @property
    def others(self) -> int:
        """How many pictures show another class than the most common one."""
        return self.pictures - round(self.chance * self.pictures)

    def sure_of(self, name: str) -> bool:
        """Return whether anything may be concluded about one class."""
        return name not in self.absent and name not in self.few


@dataclass(frozen=True)
class Balanced:
    """The mean recall of the classes that are there, its interval, and how many these are."""

    value: float
    interval: Interval
    classes: int

    @classmethod
    def of(cls, measured: Metrics) -> Balanced:
        """Return what was measured; a class without a picture has no recall."""
        there = sum(recall is not None for recall in measured.per_class_recall)
        return cls(measured.balanced_accuracy, measured.balanced_accuracy_interval, there)

    @property
    def guessed(self) -> float:
        """What guessing gives, whichever class it names."""
        return 1 / max(self.classes, 1)


def can_be_beaten(pictures: int, chance: float) -> bool:
    """Return whether `pictures` that were all answered right would surely be better than guessing."""
    return pictures / (pictures + _Z_SQUARED) > chance  # Wilson's lower end of all right, without scipy, which is slow


def against_guessing(
    pictures: int, chance: float, accuracy: float, interval: Interval, balanced: Balanced | None = None
) -> AgainstGuessing:
    """Return what so many pictures say of an accuracy and of guessing.

    Parameters
    ----------
    pictures : int
    chance : float
        The accuracy of always naming the most common class.
    accuracy, interval
        What was reached, and the 95 % interval.
    balanced : Balanced, optional
        Where one class is common, an accuracy no higher than guessing gives may still come from telling the classes
        apart, which it alone does not show.

    Returns
    -------
    str
        "better" and "apart" (as often right as guessing at most, and yet the classes are told apart) are sure. "no
        better" is said only where the interval also rules out that half of what guessing gets wrong is right on other
        pictures: it makes readers doubt their labels. "unjudged": no answers could be told from guessing here.
    """
    if interval[0] > chance:
        return "better"
    if balanced is not None and balanced.interval[0] > balanced.guessed:
        return "apart"
    if not can_be_beaten(pictures, chance):
        return "unjudged"
    hopeless = accuracy <= chance + 1e-9 and interval[1] <= (1 + chance) / 2  # 83 / 153 * 153 is not 83
    return "no better" if hopeless and (balanced is None or _as_guessed(balanced)) else "unclear"


def _as_guessed(balanced: Balanced) -> bool:
    """Return whether it is within a standard error of what guessing gives, and surely far from what is good."""
    low, high = balanced.interval
    near = balanced.value - balanced.guessed <= (balanced.value - low) / 2 + 1e-9
    return near and high <= (1 + balanced.guessed) / 2


def hardest_class(measured: Metrics, classes: Sequence[str], judges: Judges | None = None) -> tuple[str, float] | None:
    """Return the class that is recognised worst, and its recall, if it is one alone and surely below the accuracy.

    Parameters
    ----------
    measured : Metrics
    classes : sequence of str
        In the order of its recalls.
    judges : Judges, optional
        Of a class with a handful of pictures nothing is said.
    """
    known = zip(measured.per_class_recall, classes, measured.per_class_recall_intervals, strict=False)
    found = sorted((recall, name, ends) for recall, name, ends in known if recall is not None and ends)
    if judges is not None:
        found = [one for one in found if judges.sure_of(one[1])]
    if len(found) < 2 or found[0][0] == found[1][0]:
        return None
    recall, name, (_, high) = found[0]
    return (name, recall) if high < measured.accuracy else None
