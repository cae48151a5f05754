"""Weights on the straight way between the start of a training and its end.

A pre-trained network that is trained a little stays so near its start that all networks between the two answer well,
and some of them better than either: what was learned is mixed with what was known (Wortsman et al. 2022, "Robust
fine-tuning of zero-shot models", WiSE-FT). Trying them costs a look at the hold-out each, and answers cost nothing
more.
"""

from __future__ import annotations

from headstart.records.training import Choose
from headstart.tune.checkpoint import Tensors, copied
from headstart.tune.choosing import Judged, judge
from headstart.tune.sources import RowNumbers, Source
from headstart.tune.trainee import Trainee, predict

SHARES = (1.0, 0.75, 0.5, 0.25)  # of the way; the end first, which stays among equals


def best_between(
    trainee: Trainee, start: Tensors, source: Source, rows: RowNumbers, *, choose: Choose, end: Judged
) -> tuple[float, Judged]:
    """Leave in `trainee` the best weights on the way from `start` to those it has; return how far, and how good.

    Parameters
    ----------
    trainee : Trainee
        At the end of its training.
    start : dict of str to Tensor
        Its state before.
    source : Source
    rows : array of int, (n,)
        Positions in `source` that judge.
    choose : str
        By what, as the epoch.
    end : Judged
        What they say of the end.
    """
    last, best = copied(trainee.state_dict()), (SHARES[0], end)
    for share in SHARES[1:]:
        move(trainee, start, last, share)
        judged = judge(predict(trainee, source, rows), source.labels[rows], choose)
        if judged.rank < best[1].rank:
            best = share, judged
    move(trainee, start, last, best[0])
    return best


def move(trainee: Trainee, start: Tensors, end: Tensors, share: float) -> None:
    """Give `trainee` the weights that are so far on the way from `start` to `end`; what is no weight is the end's."""
    trainee.load_state_dict(
        {
            name: start[name].lerp(value, share) if value.is_floating_point() and share < 1 else value
            for name, value in end.items()
        }
    )
