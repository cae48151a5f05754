"""Framings: what of the whole picture the network sees."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from headstart.base.errors import ConfigError
from headstart.pixels import frame, frame_batch
from headstart.pixels.framing import RESAMPLING
from headstart.records.preprocessing import FRAMINGS, Framing, Preprocessing


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_a_stored_picture_is_cropped_without_resampling() -> None:
    preprocessing = Preprocessing(input_size=56, crop=0.875)
    picture = noise(64, 90)
    square = frame(picture, preprocessing)
    np.testing.assert_array_equal(square, picture[4:60, 17:73])
    square[:] = 0
    assert picture.any()


@pytest.mark.slow  # importing torchvision is
def test_the_centre_is_where_torchvision_puts_it() -> None:
    functional = pytest.importorskip("torchvision.transforms.functional")
    preprocessing = Preprocessing(input_size=32, crop=0.8, interpolation="bilinear")
    for size in ((40, 53), (47, 40), (63, 80), (120, 81)):
        picture = noise(*size)
        image = functional.center_crop(functional.resize(Image.fromarray(picture), 40), 32)
        np.testing.assert_array_equal(frame(picture, preprocessing), np.asarray(image))


def test_squash_is_the_whole_picture_resized() -> None:
    picture = noise(50, 90)
    for name, resampling in RESAMPLING.items():
        preprocessing = Preprocessing(input_size=32, framing="squash", interpolation=name)
        expected = np.asarray(Image.fromarray(picture).resize((32, 32), resampling))
        np.testing.assert_array_equal(frame(picture, preprocessing), expected)


def test_pad_lays_the_whole_picture_on_the_mean_colour() -> None:
    preprocessing = Preprocessing(input_size=40, framing="pad", mean=(0.5, 0.2, 1.0))
    for height, width in ((60, 120), (120, 60)):
        square = frame(np.zeros((height, width, 3), np.uint8), preprocessing)
        upright = square if height < width else square.transpose(1, 0, 2)
        assert (upright[10:30] == 0).all()
        assert (upright[:10] == (128, 51, 255)).all()
        assert (upright[30:] == (128, 51, 255)).all()


@given(
    height=st.integers(1, 60),
    width=st.integers(1, 60),
    side=st.integers(1, 40),
    crop=st.floats(0.5, 1.0),
    framing=st.sampled_from(get_args(Framing)),
)
@settings(max_examples=100, deadline=None)
def test_every_picture_becomes_a_square_of_its_own(
    height: int, width: int, side: int, crop: float, framing: Framing
) -> None:
    preprocessing = Preprocessing(input_size=side, crop=crop, framing=framing)
    picture = noise(height, width)
    picture.flags.writeable = False
    square = frame(picture, preprocessing)
    assert square.shape == (side, side, 3)
    assert square.dtype == np.uint8
    assert square.flags.writeable
    assert square.flags.c_contiguous
    np.testing.assert_array_equal(square, frame(picture, preprocessing))


def test_a_batch_is_the_squares_one_after_another() -> None:
    preprocessing = Preprocessing(input_size=24)
    pictures = [noise(30, 40, 1), noise(50, 27, 2)]
    batch = frame_batch(pictures, preprocessing)
    np.testing.assert_array_equal(batch, [frame(picture, preprocessing) for picture in pictures])
    assert frame_batch([], preprocessing).shape == (0, 24, 24, 3)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"'framing'.*crop, pad, squash"):
        frame(noise(9, 9), Preprocessing(input_size=8, framing="cropp"))  # type: ignore[arg-type]
    for framing in FRAMINGS:
        with pytest.raises(ConfigError, match="Did you mean 'bicubic'"):
            frame(noise(20, 20), Preprocessing(input_size=8, framing=framing, interpolation="bicubik"))
