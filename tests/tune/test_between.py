"""Weights between the start of a training and its end: which are kept, by which pictures, and what they are."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch
from torch import nn

from headstart.base.types import Floats
from headstart.records.training import Choose
from headstart.tune import ActivationSource, Trainee, predict
from headstart.tune.between import SHARES, best_between, move
from headstart.tune.checkpoint import Tensors, copied
from headstart.tune.choosing import Judged, judge

ROWS = np.array([5, 0, 3, 2, 7, 6])
NEVER = Judged(9.0, 0.0, (9.0,))


class Constant(nn.Module):
    """Answers every picture with the same scores: none for the first class, `bias` for the second."""

    def __init__(self, bias: float) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.tensor([bias], dtype=torch.float32))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return scores, (n, 2)."""
        return torch.stack([x[:, 0] * 0, x[:, 0] * 0 + self.bias], dim=1)


def constant(bias: float) -> Trainee:
    return Trainee(nn.Identity(), Constant(bias))


def source(labels: list[int], features: int = 1) -> ActivationSource:
    values = np.random.default_rng(0).normal(size=(len(labels), features)).astype(np.float32)
    return ActivationSource([values + 5], values, np.array(labels))


HALVES = source([0, 0, 0, 1, 0, 1, 1, 0])  # of the rows that judge, three of each class: no score is the best of all


@pytest.mark.parametrize("best", SHARES)
def test_the_best_weights_on_the_way_are_kept(best: float) -> None:
    trainee, start = constant(4 * (1 - best)), copied(constant(-4 * best).state_dict())
    end = judge(predict(trainee, HALVES, ROWS), HALVES.labels[ROWS], "loss")
    share, judged = best_between(trainee, start, HALVES, ROWS, choose="loss", end=end)
    assert share == best
    assert trainee.head.bias.item() == pytest.approx(0.0, abs=1e-6)
    assert judged.loss == pytest.approx(np.log(2))


def test_the_start_itself_is_no_candidate() -> None:
    trainee, start = constant(4.0), copied(constant(0.0).state_dict())
    end = judge(predict(trainee, HALVES, ROWS), HALVES.labels[ROWS], "loss")
    share, _ = best_between(trainee, start, HALVES, ROWS, choose="loss", end=end)
    assert (share, trainee.head.bias.item()) == (0.25, 1.0)


def test_among_equals_the_end_stays_to_the_bit() -> None:
    trainee = constant(0.1)
    start, last = copied(trainee.state_dict()), copied(trainee.state_dict())
    end = judge(predict(trainee, HALVES, ROWS), HALVES.labels[ROWS], "loss")
    share, judged = best_between(trainee, start, HALVES, ROWS, choose="loss", end=end)
    assert share == 1.0
    assert judged is end
    assert torch.equal(trainee.state_dict()["head.bias"], last["head.bias"])


def test_of_equals_before_the_end_the_later_stays() -> None:
    trainee, start = constant(0.1), copied(constant(0.1).state_dict())
    share, _ = best_between(trainee, start, HALVES, ROWS, choose="loss", end=NEVER)
    assert share == 0.75


def test_only_the_rows_that_judge_do() -> None:
    told = source([1, 0, 1, 1, 0, 1, 1, 1])  # the others are of the first class
    trainee, start = constant(3.0), copied(constant(-3.0).state_dict())
    rows = np.array([0, 2, 3, 5])
    end = judge(predict(trainee, told, rows), told.labels[rows], "loss")
    assert best_between(trainee, start, told, rows, choose="loss", end=end)[0] == 1.0


def test_what_was_said_of_the_end_counts() -> None:
    trainee, start = constant(4.0), copied(constant(-4.0).state_dict())
    said = Judged(0.0, 1.0, (-1.0,))
    assert best_between(trainee, start, HALVES, ROWS, choose="loss", end=said) == (1.0, said)
    assert trainee.head.bias.item() == 4.0


def network(seed: int) -> Trainee:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        suffix = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.ReLU())
        trainee = Trainee(suffix, nn.Linear(5, 3))
        trainee.train()(torch.randn(6 + seed, 4))  # statistics and a counter of its own
        for _ in range(seed):
            trainee(torch.randn(4, 4))
    return trainee.eval()


def by_hand(start: Tensors, end: Tensors, share: float) -> dict[str, Floats]:
    """Return the weights so far on the way, each by itself, in float64."""
    way = {}
    for name, value in end.items():
        begin, last = start[name].double().numpy(), value.double().numpy()
        way[name] = begin + share * (last - begin) if value.is_floating_point() else last
    return way


@pytest.mark.parametrize("share", [0.0, 0.25, 0.6, 1.0])
def test_moved_weights_are_so_far_on_the_way(share: float) -> None:
    start, end = (copied(network(seed).state_dict()) for seed in (1, 3))
    kept = {name: value.clone() for name, value in (*start.items(), *((f"end {k}", v) for k, v in end.items()))}
    trainee = network(2)
    move(trainee, start, end, share)
    expected = by_hand(start, end, share)
    for name, value in trainee.state_dict().items():
        np.testing.assert_allclose(value.numpy(), expected[name], rtol=1e-6, atol=1e-6)
        if share == 1:
            assert torch.equal(value, end[name])
    assert int(trainee.suffix[1].num_batches_tracked) == 4, "a counter is the end's"
    assert all(torch.equal(value, kept[name]) for name, value in start.items())
    assert all(torch.equal(value, kept[f"end {name}"]) for name, value in end.items())


@pytest.mark.parametrize("choose", get_args(Choose))
@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_best_by_what_chooses(choose: Choose, seed: int) -> None:
    trainee, start = network(seed + 4), copied(network(seed).state_dict())
    told = source(np.random.default_rng(seed).integers(0, 3, 40).tolist(), features=4)
    rows = np.arange(3, 33)
    last = copied(trainee.state_dict())
    judges = []
    for share in SHARES:
        weights = {name: torch.from_numpy(value) for name, value in by_hand(start, last, share).items()}
        trainee.load_state_dict(weights)
        judges.append(judge(predict(trainee, told, rows), told.labels[rows], choose))
    trainee.load_state_dict(last)
    share, judged = best_between(trainee, start, told, rows, choose=choose, end=judges[0])
    place = min(range(len(SHARES)), key=lambda number: (judges[number].rank, number))
    assert share == SHARES[place]
    assert judged.rank == pytest.approx(judges[place].rank, rel=1e-4)
    assert judged.temperature == pytest.approx(judges[place].temperature, rel=1e-3)
    again = judge(predict(trainee, told, rows), told.labels[rows], choose)
    assert again == judged, "what it says is of the weights that it leaves"
    assert not trainee.training
