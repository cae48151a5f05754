"""The running mean of the weights: what is in it, that it stands in for them only for a while, and that it resumes."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from headstart.tune.averaging import Average


def set_to(trainee: Any, value: float) -> None:
    for tensor in trainee.state_dict().values():
        tensor.fill_(int(value) if not tensor.is_floating_point() else value)


def values(tensors: dict[str, torch.Tensor]) -> set[float]:
    return {float(value.flatten()[0]) for value in tensors.values() if value.is_floating_point()}


def test_the_first_steps_count_alike_and_later_ones_fade(make_trainee: Any) -> None:
    trainee = make_trainee()
    average = Average(trainee, 2.0)
    means = []
    for value in (1.0, 2.0, 4.0, 8.0):
        set_to(trainee, value)
        average.update()
        means.append(values(average.tensors))
    assert means == [{1.0}, {1.5}, {2.75}, {5.375}]
    counter = next(name for name in average.tensors if name.endswith("num_batches_tracked"))
    assert int(average.tensors[counter]) == 8  # a count is not averaged


@pytest.mark.parametrize("steps", [0.5, 1.0])
def test_a_mean_over_one_step_or_less_is_that_step(make_trainee: Any, steps: float) -> None:
    trainee = make_trainee()
    average = Average(trainee, steps)
    for value in (1.0, 3.0):
        set_to(trainee, value)
        average.update()
    assert values(average.tensors) == {3.0}


def test_none_is_kept_where_none_is_asked_for(make_trainee: Any) -> None:
    trainee = make_trainee()
    average = Average(trainee, 0.0)
    set_to(trainee, 1.0)
    average.update()
    with average.in_place():
        assert values(trainee.state_dict()) == {1.0}
    assert average.tensors == {}


def test_it_stands_in_for_the_weights_even_if_something_fails(make_trainee: Any) -> None:
    trainee = make_trainee()
    average = Average(trainee, 10.0)
    for value in (1.0, 3.0):
        set_to(trainee, value)
        average.update()
    with average.in_place():
        assert values(trainee.state_dict()) == {2.0}
    with pytest.raises(KeyError), average.in_place():
        raise KeyError
    assert values(trainee.state_dict()) == {3.0}


def test_it_goes_on_where_it_was(make_trainee: Any) -> None:
    trainee = make_trainee()
    whole, begun = Average(trainee, 3.0), Average(trainee, 3.0)
    for value in (1.0, 5.0, 2.0, 7.0):
        set_to(trainee, value)
        whole.update()
        begun.update()
        again = Average(trainee, 3.0)
        again.restore(begun.tensors, begun.seen, torch.device("cpu"))
        begun = again
    assert values(begun.tensors) == values(whole.tensors)
