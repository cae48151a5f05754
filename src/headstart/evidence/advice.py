"""Which strategy to use before trying all: the chart of size and similarity, made of measurements.

The chart is the one that courses draw (for example Marcelino 2018, "Transfer learning from pre-trained models"): with
many pictures unlike those of the first training, train everything; many and like, a part; few and unlike, the hard
case, a part as well; few and like, only a head. Its axes have no numbers there. Here pictures are many when twice as
many would bring a head on the frozen network less than a point. They are like those of the first training when five
pictures of a class are enough for such a head to tell nearly half of what chance does not, by more than the standard
error of that (in doubt they are not: training where it was not needed costs little). That is what similarity is good
for, and it does not grow with the number of pictures. Training is advised where they are not, and also where they are
and a head still errs often, as on fine classes. How the pictures look to the network (`backbones.shift`) is said
besides; it did not tell where training pays (`benchmarks/advice.py`), nor did the size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from headstart.evidence.intervals import two_sided_z, wilson
from headstart.records.forecast import Expected, Forecast, Similarity, Size
from headstart.records.strategy import Trains

USED_UP = 0.01  # gain of a doubling, below which more pictures are of no use to a head
LIKE = 0.45  # of what chance does not tell, told after five pictures of a class
WORTH = 0.1  # where a head is expected to err on more than this share of pictures, training is worth its time
FEW = 20  # pictures of the smallest class, of which folds take too many
MENDED = (0.2, 0.25)  # share of a head's errors that training mends where it is advised: mean, deviation
CHART: Mapping[tuple[Size, Similarity], Trains] = {  # what of the network to train
    ("large", "dissimilar"): "all",
    ("large", "similar"): "part",
    ("small", "dissimilar"): "part",
    ("small", "similar"): "none",
}
Z = two_sided_z(0.95, owner="advise")
_DRAWN = 1.2  # of a handful it matters which were drawn: intervals of those asked about alone held 0.87 to 0.92
_FARTHEST = 100.0  # times the pictures there are, beyond which nothing is said


@dataclass(frozen=True)
class Profile:
    """What one frozen pass tells of the training pictures, before anything is trained.

    Parameters
    ----------
    classes : int
    pictures : int
        To learn from.
    least : int
        Of the smallest class.
    chance : float
        The accuracy of always naming the most common class.
    linear, neighbours, ridge : float
        How many training pictures each answered right that it had not learned from: logistic regression by folds,
        five nearest neighbours and ridge regression one by one.
    told, told_error : float, optional
        How much of what chance does not tell a head tells after five pictures of a class, and the standard error; see
        `heads.preview.few_shot`.
    now, doubled : Forecast, optional
        What the learning curve of the logistic regression expects with these pictures, and with twice as many; None
        where there are too few for a curve.
    linear_interval, ridge_interval : tuple of float, optional
        The 95 % intervals of `linear` and `ridge`, with groups as units; by default each picture stands for itself.
    shift : float, optional
        How far the pictures are from those of the network's first training; see `headstart.backbones.shift`.
    """

    classes: int
    pictures: int
    least: int
    chance: float
    linear: float
    neighbours: float
    ridge: float
    told: float | None
    told_error: float
    now: Forecast | None = None
    doubled: Forecast | None = None
    shift: float | None = None
    linear_interval: tuple[float, float] | None = None
    ridge_interval: tuple[float, float] | None = None

    @property
    def factor(self) -> float | None:
        """By what factor the spread of late channels differs from that on the pictures of the first training."""
        return None if self.shift is None else float(np.exp(self.shift))

    @property
    def size(self) -> Size:
        """Large where a head has had enough."""
        return "large" if self.doubled is not None and self.doubled.gain < USED_UP else "small"

    @property
    def similarity(self) -> Similarity:
        """Similar where the frozen network's features surely tell the classes after a handful of pictures.

        In doubt they are not: training where it was not needed costs little accuracy, and a head where it was needed
        costs much.
        """
        return "similar" if self.told is not None and self.told - self.told_error >= LIKE else "dissimilar"

    @property
    def trains(self) -> bool:
        """Whether training is worth its time: the features do not tell the classes, or a head still errs often."""
        return self.similarity == "dissimilar" or self.accuracy[0] < 1 - WORTH

    @property
    def enough(self) -> float | None:
        """About how many pictures of a class a head can use, None where that cannot be said."""
        if self.doubled is None or self.doubled.curve[2] < 0:  # below 0 each doubling brings more than the one before
            return None
        exponent = max(self.doubled.curve[2], 0.1)
        times = (max(self.doubled.gain, 1e-9) / USED_UP) ** (1 / exponent)
        if times > _FARTHEST:
            return None
        return float(max(times, 1 / _FARTHEST) * self.pictures / self.classes)

    @property
    def accuracy(self) -> tuple[float, tuple[float, float]]:
        """What a head on the frozen network is expected to answer right of new pictures, and the 95 % interval."""
        if self.now is not None:
            return self.now.accuracy, self.now.accuracy_interval
        by_folds = self.linear_interval or wilson(round(self.linear * self.pictures), self.pictures)
        if self.least > FEW:  # so many that a curve would take minutes
            return self.linear, by_folds
        # With so few pictures folds leave too few to learn from, and what leaves out one at a time is another head,
        # which does better with a handful: what comes lies between.
        one_by_one = self.ridge_interval or wilson(round(self.ridge * self.pictures), self.pictures)
        share = (self.linear + self.ridge) / 2
        low, high = np.mean([by_folds, one_by_one], axis=0)
        return share, (max(0.0, share - _DRAWN * float(share - low)), min(1.0, share + _DRAWN * float(high - share)))

    @property
    def learnable(self) -> bool:
        """Whether a head surely does better than guessing, or tells more of a handful than luck."""
        surely_told = self.told is not None and self.told > 2 * self.told_error
        return surely_told or self.accuracy[1][0] > self.chance


@dataclass(frozen=True)
class Advice:
    """What to take, and what to expect.

    Parameters
    ----------
    profile : Profile
    chart : str
        The strategy that the chart names for this size and similarity.
    strategy : str
        The one that is advised.
    expected : tuple of Expected
        The advised strategy first.
    """

    profile: Profile
    chart: str
    strategy: str
    expected: tuple[Expected, ...]


def advise(profile: Profile, named: Mapping[Trains, str], seconds: Mapping[str, float | None]) -> Advice:
    """Return the advice for pictures of this profile.

    Parameters
    ----------
    profile : Profile
    named : mapping of str to str
        The strategy that trains nothing of a pretrained network, the one that trains a part, and the one that trains
        all of it.
    seconds : mapping of str to float or None
        What each strategy is expected to take.
    """
    head = _expected_of_head(profile, named["none"], seconds)
    part = _expected_of_training(profile, named["part"], seconds)
    expected = (part, head) if profile.trains else (head,)
    chart = named[CHART[profile.size, profile.similarity]]
    return Advice(profile, chart, expected[0].strategy, expected)


def _expected_of_head(profile: Profile, name: str, seconds: Mapping[str, float | None]) -> Expected:
    accuracy, interval = profile.accuracy
    return Expected(strategy=name, accuracy=accuracy, interval=interval, seconds=seconds.get(name))


def _expected_of_training(profile: Profile, name: str, seconds: Mapping[str, float | None]) -> Expected:
    """Return what training is expected to reach: of the head's errors it mends about the share it did elsewhere."""
    accuracy, (low, high) = profile.accuracy
    share, deviation = MENDED if profile.learnable else (0.0, MENDED[1])
    reached = accuracy + share * (1 - accuracy)
    spread = np.hypot((high - low) / 2 * (1 - share), Z * deviation * (1 - accuracy))
    interval = float(max(0.0, reached - spread)), float(min(1.0, reached + spread))
    return Expected(strategy=name, accuracy=reached, interval=interval, seconds=seconds.get(name))
