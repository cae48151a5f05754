"""Framing inside the graph: the squares that headstart makes with Pillow, of whatever size and shape a picture is."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from deliver_models import scene
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.base.errors import EngineError
from headstart.deliver.onnx.framing import check_interpolation, square_of
from headstart.deliver.onnx.sketch import Sketch
from headstart.pixels import decode_for, frame
from headstart.records.preprocessing import Decoding, Preprocessing

SIDE = 32


def session_of(preprocessing: Preprocessing) -> onnxruntime.InferenceSession:
    sketch = Sketch()
    picture = sketch.input("picture", "uint8", ("height", "width", 3))
    square = square_of(sketch, picture, preprocessing)
    sketch.output(square, "square", "uint8", (1, 3, SIDE, SIDE))
    model = sketch.model("framing")
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def apart(preprocessing: Preprocessing, size: tuple[int, int], session: onnxruntime.InferenceSession) -> np.ndarray:
    picture = scene(size, np.random.default_rng(size[0] * 1000 + size[1]))
    wanted = frame(decode_for(picture, preprocessing), preprocessing).astype(int)
    found = session.run(None, {"picture": picture})[0][0].transpose(1, 2, 0)
    return np.abs(found - wanted)


SIZES = [(100, 160), (160, 100), (40, 40), (9, 14), (1, 1), (33, 31), (35, 900), (900, 35), (20, 700), (640, 417)]


@pytest.mark.parametrize("framing", ["crop", "squash", "pad"])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear", "nearest"])
def test_squares_are_pillows_but_for_rounding(framing: str, interpolation: str) -> None:
    preprocessing = Preprocessing(input_size=SIDE, framing=framing, interpolation=interpolation)
    session = session_of(preprocessing)
    for size in SIZES:
        off = apart(preprocessing, size, session)
        assert off.max() <= 2, size  # rounded at most twice: scaled to be stored, and framed
        assert off.mean() < 0.1, size


@settings(max_examples=60, deadline=None)
@given(height=st.integers(1, 400), width=st.integers(1, 400))
def test_whatever_the_size(height: int, width: int) -> None:
    preprocessing = Preprocessing(input_size=SIDE, framing="crop")
    assert apart(preprocessing, (height, width), CROP).max() <= 2


CROP = session_of(Preprocessing(input_size=SIDE, framing="crop"))


@pytest.mark.parametrize("rule", [1, 2])
@pytest.mark.parametrize("framing", ["crop", "squash", "pad"])
def test_bundles_of_older_rules(rule: int, framing: str) -> None:
    preprocessing = Preprocessing(input_size=SIDE, framing=framing, decoding=Decoding(rule=rule))
    session = session_of(preprocessing)
    for size in [(60, 70), (40, 100), (35, 32), (33, 300)]:  # of larger ones JPEGs come out alike, other forms softer
        assert apart(preprocessing, size, session).max() <= 2, size


def test_a_store_of_another_size() -> None:
    preprocessing = Preprocessing(input_size=SIDE, stored_side=57)
    session = session_of(preprocessing)
    for size in SIZES:
        assert apart(preprocessing, size, session).max() <= 2, size


def test_large_pictures_are_halved_as_pillow_does() -> None:
    preprocessing = Preprocessing(input_size=SIDE)
    for size in [(147, 150), (149, 301), (293, 2000), (600, 601), (1201, 1200)]:  # 2 x 37 = 74 are wanted
        off = apart(preprocessing, size, CROP)
        assert off.max() <= 2, size
        assert off.mean() < 0.1, size


def test_an_interpolation_without_a_node_is_refused() -> None:
    with pytest.raises(EngineError, match="lanczos") as refused:
        check_interpolation("lanczos")
    assert "--input squares" in refused.value.hint
