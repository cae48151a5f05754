"""Where batches come from: which picture, which view, and always the same one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from headstart.backbones.forward import normalise
from headstart.base.errors import ConfigError
from headstart.base.streams import stream
from headstart.pixels import augment, frame
from headstart.records.preprocessing import Preprocessing
from headstart.tune import ActivationSource, PixelSource, PrefixSource, steps_per_epoch
from headstart.tune.sources import in_batches, loaded_batches

SQUARE = Preprocessing(input_size=6, framing="squash")


@pytest.fixture
def pictures() -> list[Any]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (rng.integers(8, 20), 10, 3), dtype=np.uint8) for _ in range(7)]


def test_pixels_are_framed_or_augmented_by_their_own_stream(pictures: list[Any]) -> None:
    source = PixelSource(pictures, np.array([5, 2, 6]), np.array([1, 0, 1]), SQUARE, "photo", seed=3)
    plain = source.batch(np.array([2, 0]), None)
    assert torch.equal(plain, normalise(np.stack([frame(pictures[row], SQUARE) for row in (6, 5)]), SQUARE))
    seen = source.load(np.array([1]), 4)
    assert np.array_equal(seen[0], augment(pictures[2], SQUARE, "photo", stream(3, "augment", 4, 2)))
    assert not np.array_equal(seen, source.load(np.array([1]), 5)), "another epoch, another view"
    assert len(source) == 3


def test_threads_change_nothing(pictures: list[Any]) -> None:
    batches = in_batches(np.arange(7), 2)
    loaded = []
    for threads in (1, 2):
        source = PixelSource(pictures, np.arange(7), np.zeros(7, int), SQUARE, "photo", 0, threads=threads)
        loaded.append([values for _, values in loaded_batches(source, batches, 1)])
    assert all(np.array_equal(one, two) for one, two in zip(*loaded, strict=True))


def test_activations_take_turns(tmp_path: Any) -> None:
    views = []
    for number in range(3):
        np.save(tmp_path / f"{number}.npy", np.full((4, 2, 3, 3), number, np.float16))
        views.append(np.load(tmp_path / f"{number}.npy", mmap_mode="r"))
    source = ActivationSource(views, np.full((5, 2, 3, 3), 9, np.float16), np.arange(5))
    rows = np.array([3, 1])
    assert [float(source.batch(rows, epoch)[0, 0, 0, 0]) for epoch in (1, 2, 3, 4)] == [1, 2, 0, 1]
    batch = source.batch(rows, None)
    assert float(batch.min()) == 9
    assert batch.dtype == torch.float32
    assert batch.shape == (2, 2, 3, 3)
    assert batch.is_contiguous(memory_format=torch.channels_last)


def test_the_frozen_part_works_on_the_device(pictures: list[Any]) -> None:
    prefix = torch.nn.Conv2d(3, 2, 1)
    arguments = (pictures, np.arange(2), np.zeros(2, np.int64), SQUARE, "none", 0)
    here, elsewhere = PrefixSource(prefix, *arguments), PrefixSource(prefix, *arguments, device="meta")
    loaded = here.load(np.arange(2), None)
    said = here.tensor(loaded)
    torch.testing.assert_close(said, prefix(PixelSource(*arguments).tensor(loaded)))
    assert not said.requires_grad
    assert elsewhere.tensor(loaded).device.type == "meta"


def test_without_views_every_epoch_is_plain() -> None:
    source = ActivationSource([], np.arange(6, dtype=np.float16).reshape(3, 2), np.zeros(3, int))
    assert torch.equal(source.batch(np.array([1]), 7), source.batch(np.array([1]), None))


@pytest.mark.parametrize(
    "make",
    [
        lambda: PixelSource([], np.arange(3), np.arange(2), SQUARE, "none", 0),
        lambda: ActivationSource([], np.zeros((3, 2), np.float16), np.arange(2)),
    ],
)
def test_labels_must_fit(make: Callable[[], object]) -> None:
    with pytest.raises(ConfigError):
        make()


@given(st.integers(0, 200), st.integers(1, 40))
def test_batches_hold_every_row_once_and_none_is_single(count: int, size: int) -> None:
    batches = in_batches(np.arange(count), size)
    assert np.concatenate([*batches, np.arange(0)]).tolist() == list(range(count))
    if count > 1 and size > 1:
        assert min(len(batch) for batch in batches) > 1
        assert max(len(batch) for batch in batches) <= size + 1
        assert len(batches) == steps_per_epoch(count, size)
