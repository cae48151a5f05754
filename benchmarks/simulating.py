"""Simulate held-out answers whose truth is known, to see how often intervals hold it.

Shared by `benchmarks/coverage.py` and the slow tests of `evidence`, which run the same with fewer simulations.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import binom

from headstart.base.types import Floats
from headstart.evidence.bootstrap import mean_intervals
from headstart.evidence.forecast import forecast, rising_class
from headstart.evidence.intervals import share_interval
from headstart.evidence.metrics import balanced_accuracy, macro_f1
from headstart.evidence.paired import compare_pairs
from headstart.evidence.resampled import corrected_resampled_t

ACCURACIES = np.arange(50, 100) / 100
CANDIDATES = 6
Interval = Callable[[int, int], tuple[float, float]]


def enumerated_coverage(interval: Interval, n: int, accuracies: Floats = ACCURACIES) -> Floats:
    """Return the exact chance that the interval of `n` pictures holds each true accuracy."""
    limits = np.array([interval(correct, n) for correct in range(n + 1)])
    holds = (limits[:, :1] <= accuracies) & (accuracies <= limits[:, 1:])
    return np.asarray(np.sum(holds * binom.pmf(np.arange(n + 1)[:, None], n, accuracies), axis=0))


def sizes_of_groups(pictures: int, mean: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the group of each picture: sizes vary as the tosses until a head, about `mean` pictures each."""
    if mean <= 1:
        return np.arange(pictures)
    return np.repeat(np.arange(pictures), rng.geometric(1 / mean, size=pictures))[:pictures]


def share_coverage(
    groups: int, size: float, accuracy: float, alike: float, *, simulations: int, plain: bool = False
) -> float:
    """Return how often the accuracy's interval holds the truth where pictures of a group are alike.

    Parameters
    ----------
    groups : int
    size : float
        Mean pictures of a group.
    accuracy : float
    alike : float
        Correlation of two answers within a group, above 0.
    simulations : int
    plain : bool
        Leave the groups out of the interval, for comparison.
    """
    rng, held = np.random.default_rng(1), 0
    for _ in range(simulations):
        units = np.repeat(np.arange(groups), rng.geometric(1 / size, size=groups))
        correct = rng.random(len(units)) < _chances(groups, accuracy, alike, rng)[units]
        low, high = share_interval(correct, groups=None if plain else units)
        held += low <= accuracy <= high
    return held / simulations


def mean_coverage(
    n: int, classes: int, accuracy: float, *, simulations: int, resamples: int = 500, groups: bool = False
) -> dict[str, float]:
    """Return how often the bootstrap intervals of macro F1 and balanced accuracy hold the truth.

    The classes' sizes rise to twice the first's and their recalls by up to a twentieth around `accuracy`. With
    `groups`, `n` is how many of them, each of one class and about four pictures, with answers that are alike (0.3).
    """
    rng = np.random.default_rng(2)
    weights = np.linspace(1, 2, classes)
    numbers = np.maximum(1, np.round(n * weights / weights.sum())).astype(int)
    recalls = np.clip(accuracy + np.linspace(-0.05, 0.05, classes), 0.02, 0.99)
    kinds = np.repeat(np.arange(classes), numbers)
    truth = _true_means(numbers, recalls)
    held = dict.fromkeys(truth, 0)
    for seed in range(simulations):
        units = np.repeat(np.arange(len(kinds)), rng.geometric(0.25, size=len(kinds)) if groups else 1)
        labels = kinds[units]
        chances = np.empty(len(kinds))
        for label in range(classes):
            own = kinds == label
            chances[own] = _chances(int(own.sum()), recalls[label], 0.3, rng) if groups else recalls[label]
        others = (labels + rng.integers(1, classes, size=len(labels))) % classes
        said = np.where(rng.random(len(labels)) < chances[units], labels, others)
        found = mean_intervals(labels, said, classes, groups=units, resamples=resamples, seed=seed)
        for name, (low, high) in found.items():
            held[name] += low <= truth[name] <= high
    return {name: count / simulations for name, count in held.items()}


def tied_answers(units: NDArray[np.int64], accuracy: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return which pictures six candidates of equal accuracy answer right, (6, pictures).

    Each picture is as hard for all of them, plus something of each candidate's own: two of them differ on about 7 %
    of the pictures at an accuracy of 0.93, as strategies do (9 + 7 of 153 on ants and bees). Where groups have
    several pictures, groups are hard or easy too, for all and for each candidate.
    """
    count = int(units.max()) + 1
    grouped = count < len(units)
    spread = np.sqrt(1.0 + 4.0 + (1.64 if grouped else 0.0))
    shared = 2.0 * rng.normal(size=len(units)) + (rng.normal(size=count)[units] if grouped else 0.0)
    own = rng.normal(size=(CANDIDATES, len(units)))
    if grouped:
        own += 0.8 * rng.normal(size=(CANDIDATES, count))[:, units]
    return np.asarray(shared + own < ndtri(accuracy) * spread)


def false_claims(
    n: int, accuracy: float, *, simulations: int, size: float = 1, plain: bool = False
) -> tuple[float, float]:
    """Return how often any "A beats B" is claimed among six ties, and how often an interval misses 0.

    Parameters
    ----------
    n : int
        Pictures.
    accuracy : float
    simulations : int
    size : float
        Mean pictures of a group; 1: no groups.
    plain : bool
        Leave the groups out of the tests, for comparison.
    """
    rng, claimed, missed = np.random.default_rng(3), 0, 0
    for _ in range(simulations):
        units = sizes_of_groups(n, size, rng)
        answers = tied_answers(units, accuracy, rng)
        named = {str(place): right for place, right in enumerate(answers)}
        pairs = compare_pairs(named, split="test", groups=None if plain else units)
        claimed += any(pair.p_adjusted < 0.05 for pair in pairs)
        missed += sum(not pair.interval[0] <= 0 <= pair.interval[1] for pair in pairs)
    return claimed / simulations, missed / (simulations * CANDIDATES * (CANDIDATES - 1) / 2)


def false_resampled(n: int, folds: int, seeds: int, *, simulations: int, corrected: bool = True) -> float:
    """Return how often cross-validation of two equally good learners is called a difference at 5 %.

    Each learner sees one of two features that tell two classes apart equally well, and takes the middle between the
    classes' means as its border.
    """
    rng, claimed = np.random.default_rng(4), 0
    labels = np.arange(n) % 2
    for _ in range(simulations):
        features = rng.normal(size=(n, 2)) + labels[:, None]
        differences = []
        for _ in range(seeds):
            fold = np.argsort(rng.permutation(n)) % folds
            for held in range(folds):
                test = fold == held
                first, second = (features[~test & (labels == label)].mean(axis=0) for label in (0, 1))
                said = (features[test] > (first + second) / 2) == (second > first)
                right = (said == labels[test][:, None].astype(bool)).mean(axis=0)
                differences.append(right[0] - right[1])
        # The plain t test is the same with a training part beyond all measure.
        train = n - n // folds if corrected else 10**12
        claimed += corrected_resampled_t(differences, train=train, test=n // folds)[0] < 0.05
    return claimed / simulations


def _chances(groups: int, accuracy: float, alike: float, rng: np.random.Generator) -> Floats:
    """Return each group's chance of a right answer, so that two answers within it correlate by `alike`."""
    factor = 1 / alike - 1
    return rng.beta(accuracy * factor, (1 - accuracy) * factor, size=groups)


def _true_means(numbers: NDArray[np.int64], recalls: Floats) -> dict[str, float]:
    """Return macro F1 and balanced accuracy of answers without any luck: wrong ones name all other classes alike."""
    classes, scale = len(numbers), 10_000
    labels, said = [], []
    for label in range(classes):
        whole = int(numbers[label]) * scale
        wrong = np.delete(np.arange(classes), label)
        hits = round(whole * recalls[label])
        said.append(np.concatenate([np.full(hits, label), np.resize(wrong, whole - hits)]))
        labels.append(np.full(whole, label))
    truth, answers = np.concatenate(labels), np.concatenate(said)
    return {
        "macro_f1": macro_f1(truth, answers, classes),
        "balanced_accuracy": balanced_accuracy(truth, answers, classes),
    }


def forecast_coverage(n: int, a: float, b: float, c: float, *, simulations: int) -> tuple[float, float]:
    """Return how often the forecast's intervals of the gain and of the accuracy hold the truth of a power law.

    Pictures differ in how hard they are, and each draw sees them somewhat its own way.
    """
    rng, held = np.random.default_rng(5), np.zeros(2)
    sizes = 0.8 * n * np.array([1 / 8, 1 / 4, 1 / 2, 1])
    errors = a + b * sizes**-c
    now, later = (a + b * float(size) ** -c for size in (n, 2 * n))
    for one in range(simulations):
        difficulty = rng.normal(size=n) + 0.5 * rng.normal(size=(3, 1, n)) + 0.2 * rng.normal(size=(3, 4, n))
        right = difficulty < -ndtri(errors)[:, None] * np.sqrt(1.29)
        found = forecast(right, sizes, pictures=n, resamples=200, seed=one)
        held += [
            found.interval[0] <= now - later <= found.interval[1],
            found.accuracy_interval[0] <= 1 - later <= found.accuracy_interval[1],
        ]
    gain, accuracy = held / simulations
    return float(gain), float(accuracy)


def named_classes(n: int, *, simulations: int, classes: int = 4) -> float:
    """Return how often a class is said to gain most from more pictures where all rise alike."""
    rng, named = np.random.default_rng(6), 0
    labels = np.sort(rng.integers(classes, size=n))
    for _ in range(simulations):
        difficulty = rng.normal(size=n) + 0.5 * rng.normal(size=(3, 1, n)) + 0.2 * rng.normal(size=(3, 2, n))
        named += rising_class(difficulty < np.array([0.6, 0.9])[:, None], labels) is not None
    return named / simulations
