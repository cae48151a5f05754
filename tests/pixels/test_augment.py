"""Views: different each time, the same for the same stream, and never something else."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from headstart.base.errors import ConfigError
from headstart.base.streams import stream
from headstart.pixels import AUGMENTATIONS, augment, frame
from headstart.pixels.augment import _draw_box, _relight
from headstart.records.preprocessing import FRAMINGS, Framing, Preprocessing

RANDOM = [kind for kind, rule in AUGMENTATIONS.items() if rule.area is not None]


def gradient(height: int = 40, width: int = 60) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([255 * x / width, 255 * y / height, 0 * x + 90], axis=-1).astype(np.uint8)


@given(
    height=st.integers(1, 50),
    width=st.integers(1, 50),
    side=st.integers(1, 32),
    framing=st.sampled_from(get_args(Framing)),
    kind=st.sampled_from(sorted(AUGMENTATIONS)),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=150, deadline=None)
def test_a_view_depends_on_its_stream_alone(
    height: int, width: int, side: int, framing: Framing, kind: str, seed: int
) -> None:
    preprocessing = Preprocessing(input_size=side, framing=framing)
    picture = gradient(height, width)
    picture.flags.writeable = False
    first, second = stream(seed, "view"), stream(seed, "view")
    view = augment(picture, preprocessing, kind, first)
    assert view.shape == (side, side, 3)
    assert view.dtype == np.uint8
    assert view.flags.writeable
    assert view.flags.c_contiguous
    np.testing.assert_array_equal(view, augment(picture, preprocessing, kind, second))
    assert first.random() == second.random()


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("kind", RANDOM)
def test_views_differ_and_stay_near_the_picture(framing: Framing, kind: str) -> None:
    preprocessing = Preprocessing(input_size=32, framing=framing)
    picture = gradient()
    rng = np.random.default_rng(0)
    views = [augment(picture, preprocessing, kind, rng) for _ in range(300)]
    assert len({view.tobytes() for view in views}) > 290
    mean = np.mean(views, axis=(0, 1, 2))
    assert np.abs(mean - frame(picture, preprocessing).mean(axis=(0, 1))).max() < 12


def test_none_is_the_frame_itself() -> None:
    preprocessing = Preprocessing(input_size=28)
    picture = gradient()
    view = augment(picture, preprocessing, "none", np.random.default_rng(0))
    np.testing.assert_array_equal(view, frame(picture, preprocessing))


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("kind", RANDOM)
@pytest.mark.parametrize(("width", "height"), [(256, 341), (341, 256), (1024, 256), (256, 256), (3, 1)])
def test_boxes_lie_inside_and_keep_their_share_and_ratio(framing: Framing, kind: str, width: int, height: int) -> None:
    rule = AUGMENTATIONS[kind]
    assert rule.area is not None
    preprocessing = Preprocessing(input_size=224, framing=framing)
    if framing == "pad":
        width = height = max(width, height)
    rng = np.random.default_rng(1)
    shares = []
    for _ in range(500):
        left, top, right, bottom = _draw_box(width, height, preprocessing, rule, rng.random(4))
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        across, down = right - left, bottom - top
        if framing == "squash":
            across, down = across / width, down / height
        assert rule.ratio[0] - 1e-9 <= across / down <= rule.ratio[1] + 1e-9
        square = 1.0 if framing == "squash" else min(width, height) ** 2
        shares.append(across * down / square)
    assert max(shares) <= rule.area[1] + 1e-9
    # A box whose ratio does not fit is smaller: at least the largest of that ratio that fits.
    assert min(shares) >= min(rule.area[0], rule.ratio[0]) - 1e-9
    assert max(shares) - min(shares) > 0.5 * (rule.area[1] - rule.area[0])


def test_boxes_reach_every_edge() -> None:
    preprocessing = Preprocessing(input_size=224)
    rng = np.random.default_rng(2)
    boxes = [_draw_box(300, 200, preprocessing, AUGMENTATIONS["photo"], rng.random(4)) for _ in range(2000)]
    assert min(box[0] for box in boxes) < 2
    assert min(box[1] for box in boxes) < 2
    assert max(box[2] for box in boxes) > 298
    assert max(box[3] for box in boxes) > 198


def test_anyway_turns_all_eight_ways_and_photo_two() -> None:
    corner = np.zeros((64, 64, 3), np.uint8)
    corner[:24, :12] = 255  # tall, in the upper left
    preprocessing = Preprocessing(input_size=32, crop=1.0)
    for kind, ways in {"any-orientation": 8, "photo": 2, "gentle": 2, "upright": 1}.items():
        rng = np.random.default_rng(3)
        seen = set()
        for _ in range(200):
            light = augment(corner, preprocessing, kind, rng).sum(axis=2) > 380
            if not light.any():
                continue
            rows, columns = np.nonzero(light)
            upright = np.ptp(rows) > np.ptp(columns)
            seen.add((bool(rows.mean() < 16), bool(columns.mean() < 16), bool(upright)))
        if kind == "photo":
            seen = {way[1:2] for way in seen}
        assert len(seen) == ways, kind


def test_padding_is_seen_in_padded_views_only() -> None:
    picture = np.zeros((20, 60, 3), np.uint8)
    rng = np.random.default_rng(4)
    views = {
        framing: augment(picture, Preprocessing(input_size=32, framing=framing), "gentle", rng) for framing in FRAMINGS
    }
    assert views["crop"].max() == views["squash"].max() == 0
    assert tuple(views["pad"][0, 16]) == tuple(views["pad"][-1, 16]) == (124, 116, 104)  # never relit


# --- light


def relit(colour: tuple[int, int, int], draws: list[float], jitter: float = 0.2) -> np.ndarray:
    return np.asarray(_relight(Image.new("RGB", (4, 4), colour), jitter, np.array(draws)))[0, 0]


def test_light_changes_one_thing_at_a_time() -> None:
    middle = 0.5
    np.testing.assert_array_equal(relit((40, 90, 140), [middle] * 3), (40, 90, 140))
    np.testing.assert_array_equal(relit((40, 90, 140), [1.0, middle, middle]), (48, 108, 168))
    grey = 0.299 * 40 + 0.587 * 90 + 0.114 * 140
    for draw, factor in ((0.0, 0.8), (1.0, 1.2)):
        expected = np.rint(grey + factor * (np.array([40, 90, 140]) - grey))
        np.testing.assert_allclose(relit((40, 90, 140), [middle, middle, draw]), expected, atol=1)
        np.testing.assert_allclose(relit((40, 90, 140), [middle, draw, middle]), expected, atol=1)
    np.testing.assert_array_equal(relit((70, 70, 70), [middle, 1.0, 1.0]), (70, 70, 70))
    assert relit((250, 5, 128), [1.0, 1.0, 1.0])[0] == 255  # clipped, not wrapped round


def test_contrast_spreads_about_the_mean() -> None:
    image = Image.new("RGB", (10, 10), (100, 100, 100))
    image.paste((160, 160, 160), (0, 0, 10, 5))
    view = np.asarray(_relight(image, 0.2, np.array([0.5, 1.0, 0.5])))
    assert view[0, 0, 0] == 166
    assert view[9, 9, 0] == 94


def test_unknown_kinds_are_refused() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'photo'"):
        augment(gradient(), Preprocessing(input_size=8), "photos", np.random.default_rng(0))
