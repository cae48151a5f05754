"""What a strategy that trains ends with: the trained network and the solved head together, or one of the two.

The two err on different pictures, so their mean is hardly ever worse than the better one, and one half beats a share
that few pictures chose (docs/training.md). Training pictures that neither had seen only say whether the head alone is
better.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from headstart.base.types import Affine, Floats, softmax
from headstart.evidence.metrics import bounded_log_losses
from headstart.records.training import TrainingSettings
from headstart.strategies.rival import Rival
from headstart.strategies.training_input import TrainingInput
from headstart.tune import Trained, Trainee, predict
from headstart.tune.choosing import judge

HALF = 0.5
BENEFIT = 1.0  # of the doubt: both are seldom worse than the head alone (docs/training.md)


@dataclass(frozen=True)
class Ending:
    """What a training ends with.

    Parameters
    ----------
    mix : float
        How much of the answer is the trained network's, the rest is the solved head's: 1 alone, 0 not at all.
    own : float
        The temperature of the trained network's scores, before they are mixed.
    temperature : float
        That of what answers in the end.
    unseen : array, (choosing, classes), optional
        Scores of the pictures that judge, by the trained network and a solved head that had not seen them. The head
        that answers has learned from these pictures, so it can't say how sure it is of new ones.
    """

    mix: float = 1.0
    own: float = 1.0
    temperature: float = 1.0
    unseen: Floats | None = field(default=None, compare=False)

    @property
    def both(self) -> bool:
        """Whether the trained network and the solved head answer together."""
        return 0 < self.mix < 1

    def head(self, trained: Affine, rival: Rival | None) -> Affine:
        """Return the head that answers: of what the trained network says, then of what the frozen one does."""
        if rival is None or not self.both:
            return replace(trained, temperature=self.temperature)
        parts = ((trained, self.mix / self.own), (rival.head, (1 - self.mix) / rival.head.temperature))
        weight = np.hstack([np.asarray(head.weight, np.float64) * factor for head, factor in parts])
        bias = np.sum([np.asarray(head.bias, np.float64) * factor for head, factor in parts], axis=0)
        return Affine(weight=weight, bias=bias, temperature=self.temperature)


def ending_of(
    trainee: Trainee,
    inputs: TrainingInput,
    settings: TrainingSettings,
    trained: Trained,
    rival: Rival | None,
    unseen: Floats | None,
) -> Ending:
    """Return what the training ends with.

    Parameters
    ----------
    trainee : Trainee
        At the end of the training, on the device where it is to be asked.
    inputs : TrainingInput
    settings : TrainingSettings
    trained : Trained
    rival : Rival, optional
        None for random weights: there is nothing to be held against.
    unseen : array, (choosing, classes), optional
        The rival's scores of the pictures that choose, which it had not seen; None where nobody chooses.
    """
    end, together = trained.chosen, settings.together and rival is not None
    mix = HALF if together else 1.0
    if end is None or unseen is None or rival is None:
        return Ending(mix=mix, temperature=1.0 if end is None else end.temperature)
    labels = inputs.source.labels[inputs.choosing_rows]
    own = predict(trainee, inputs.source, inputs.choosing_rows) / end.temperature
    temperature = 1.0
    if together:
        own = mix * own + (1 - mix) * unseen
        temperature = judge(own, labels, settings.choose).temperature
    head = unseen / judge(unseen, labels, settings.choose).temperature
    if not better(own / temperature, head, labels, doubt=BENEFIT if together else 0.0):
        return Ending(mix=0.0)
    if not together:
        return Ending(mix, end.temperature, end.temperature)
    return Ending(mix, end.temperature, temperature, own / temperature)


def better(trained: Floats, head: Floats, labels: NDArray[np.int64], *, doubt: float) -> bool:
    """Return whether what a training ends with answers better than the head alone, by the pictures that choose.

    By accuracy, as the verdict will judge, where one is clearly more often right than the other; by the loss where they
    are about equal.

    Parameters
    ----------
    trained, head : arrays, (n, classes)
        Scores, divided by their temperatures.
    labels : array of int, (n,)
    doubt : float
        How much `trained` is given the benefit of it, in standard errors: by so many its loss may be higher, and by one
        more the accuracies must differ to be clear.
    """
    ones, others = (np.argmax(scores, axis=1) == labels for scores in (trained, head))
    gain, apart = int(ones.sum()) - int(others.sum()), int((ones != others).sum())
    if abs(gain) > (1 + doubt) * apart**0.5:
        return gain > 0
    first, second = (bounded_log_losses(labels, softmax(scores)) for scores in (trained, head))
    lost = first - second
    error = float(lost.std()) / len(labels) ** 0.5
    return bool(float(lost.mean()) < doubt * error)
