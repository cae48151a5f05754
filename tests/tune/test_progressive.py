"""Small pictures first: the side never shrinks, ends where the network answers, and each epoch sees its own."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.base.errors import ConfigError
from headstart.base.streams import stream
from headstart.pixels import augment
from headstart.records.preprocessing import Preprocessing
from headstart.records.training import TrainingSettings
from headstart.tune import PixelSource
from headstart.tune.progressive import sides


@given(st.integers(1, 700), st.integers(1, 60))
def test_it_grows_to_the_final_side(final: int, epochs: int) -> None:
    found = sides(final, epochs)
    assert len(found) == epochs
    assert list(found) == sorted(found)
    assert found[-1] == final
    assert found[0] >= min(final, 96)
    assert all(side == final or side % 32 == 0 for side in found)


def test_small_networks_are_left_alone() -> None:
    assert set(sides(64, 25)) == {64}


def test_no_epoch_is_refused() -> None:
    with pytest.raises(ConfigError, match="epochs"):
        sides(224, 0)


def test_each_epoch_sees_its_own_side() -> None:
    rng = np.random.default_rng(0)
    pictures: list[Any] = [rng.integers(0, 256, (140, 160, 3), dtype=np.uint8) for _ in range(2)]
    whole = Preprocessing(input_size=128, framing="squash")
    source = PixelSource(pictures, np.arange(2), np.zeros(2, int), whole, "photo", seed=3, sides=(96, 128))
    assert [source.load(np.array([1]), epoch).shape[1] for epoch in (0, 1, 2, None)] == [96, 96, 128, 128]
    last = source.load(np.array([1]), 2)[0]
    assert np.array_equal(last, augment(pictures[1], whole, "photo", stream(3, "augment", 2, 1)))
    assert source.describe()["sides"] == [96, 128], "part of a checkpoint's fingerprint"


def test_only_true_or_false_will_do() -> None:
    with pytest.raises(ConfigError, match="progressive"):
        TrainingSettings(progressive=1)  # type: ignore[arg-type]
