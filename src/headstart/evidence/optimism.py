"""How much too good the best of several looks on the pictures that chose it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.base.params import bad_parameter
from headstart.base.streams import stream
from headstart.evidence.units import Numbers

RESAMPLES = 1000

RightAnswers = NDArray[np.bool_]


@dataclass(frozen=True)
class Chosen:
    """The accuracy of the best of several, as it looks and as it is likely to be.

    Parameters
    ----------
    apparent : float
        On the pictures that chose it.
    expected : float
        On others.
    """

    apparent: float
    expected: float

    @property
    def optimism(self) -> float:
        """By how much it looks too good, 0 or more."""
        return max(0.0, self.apparent - self.expected)


def best_of(
    stages: Sequence[RightAnswers], *, units: Numbers | None = None, resamples: int = RESAMPLES, seed: int = 0
) -> Chosen:
    """Return what choosing by accuracy on the same pictures that measure makes of the figure.

    Parameters
    ----------
    stages : sequence of array of bool, each (candidates, n)
        Which of `n` pictures each candidate answered right. Of each stage (the epochs of a training) the best is
        taken, the first of equals, and then the best of those.
    units : array of int, (n,), optional
        The group of each picture; groups are drawn in the place of pictures.
    resamples : int
    seed : int

    Raises
    ------
    ConfigError
        If there is nothing to choose among, or numbers of pictures differ.

    Notes
    -----
    Tsamardinos, Greasidou, Borboudakis 2018, "Bootstrapping the out-of-sample predictions for efficient and accurate
    cross-validation", Machine Learning 107: the choice is made again on pictures drawn with replacement and measured on
    those that were not drawn.
    """
    sizes = {stage.shape[-1] for stage in stages}
    if len(sizes) != 1 or 0 in sizes or any(stage.ndim != 2 or not len(stage) for stage in stages):
        raise bad_parameter("stages", "best_of", "answers by candidate and picture", [stage.shape for stage in stages])
    n = sizes.pop()
    owners = np.arange(n) if units is None else units
    count = int(owners.max()) + 1
    generator, expected = stream(seed, "best of"), list[float]()
    for _ in range(resamples if count > 1 else 0):
        drawn = np.bincount(generator.integers(count, size=count), minlength=count)[owners].astype(np.float64)
        left = (drawn == 0).astype(np.float64)
        if left.any():
            expected.append(_chosen(stages, drawn, left))
    apparent = _chosen(stages, np.ones(n), np.ones(n))
    return Chosen(apparent, float(np.mean(expected)) if expected else apparent)


def _chosen(stages: Sequence[RightAnswers], drawn: NDArray[np.float64], asked: NDArray[np.float64]) -> float:
    """Return the accuracy on the `asked` pictures of what is best on the `drawn` ones."""
    bests = [stage[int(np.argmax(stage @ drawn))] for stage in stages]
    best = bests[int(np.argmax([answers @ drawn for answers in bests]))]
    return float(best @ asked / asked.sum())
