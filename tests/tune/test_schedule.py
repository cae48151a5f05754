"""The rate as a function of the step, against torch's own schedulers."""

import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from headstart.records.training import SCHEDULES, TrainingSettings
from headstart.tune import steps_per_epoch
from headstart.tune.schedule import cosine, one_cycle, rate_factor


def torch_rates(make: object, steps: int) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = make(optimizer)  # type: ignore[operator]
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the last step() goes beyond the end
            try:
                scheduler.step()
            except ValueError:
                break
    return rates


@pytest.mark.parametrize("warmup", [0.1, 0.3, 0.55])
def test_one_cycle_is_torchs(warmup: float) -> None:
    expected = torch_rates(
        lambda optimizer: torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=1.0, total_steps=40, pct_start=warmup, cycle_momentum=False
        ),
        40,
    )
    assert [one_cycle(step, total=40, warmup=warmup) for step in range(40)] == pytest.approx(expected, abs=1e-9)


def test_step_is_torchs_by_epoch() -> None:
    settings = TrainingSettings(schedule="step", step_size=7, gamma=0.1)
    expected = torch_rates(lambda optimizer: torch.optim.lr_scheduler.StepLR(optimizer, 7, 0.1), 25)
    found = [rate_factor(3 * epoch + 2, total=75, per_epoch=3, settings=settings) for epoch in range(25)]
    assert found == pytest.approx(expected)


def test_cosine_rises_straight_and_falls_to_nothing() -> None:
    factors = [cosine(step, total=100, warmup=0.1) for step in range(100)]
    assert factors[:10] == pytest.approx([(step + 1) / 11 for step in range(10)])
    assert factors[10] == 1.0
    assert factors[55] == pytest.approx(0.5)
    assert factors[99] < 0.001


@given(st.sampled_from(SCHEDULES), st.integers(1, 50), st.integers(1, 20), st.floats(0, 1), st.integers(0, 1000))
def test_every_factor_lies_between_nothing_and_the_peak(
    schedule: str, epochs: int, per_epoch: int, warmup: float, step: int
) -> None:
    settings = TrainingSettings(schedule=schedule, warmup=warmup)  # type: ignore[arg-type]
    total = epochs * per_epoch
    factor = rate_factor(step % total, total=total, per_epoch=per_epoch, settings=settings)
    assert 0 <= factor <= 1 + 1e-12


@pytest.mark.parametrize(
    ("pictures", "size", "steps"), [(1, 4, 1), (4, 4, 1), (5, 4, 1), (6, 4, 2), (8, 4, 2), (9, 4, 2), (244, 32, 8)]
)
def test_a_single_last_picture_is_no_step(pictures: int, size: int, steps: int) -> None:
    assert steps_per_epoch(pictures, size) == steps
