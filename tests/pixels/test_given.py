"""What callers may give as pictures, and what they are told about all else."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings
from hypothesis import given as drawn
from hypothesis import strategies as st
from PIL import Image, ImageOps

from headstart.base.errors import DataError, HeadstartError
from headstart.pixels import decode
from headstart.pixels.given import Given, given_pictures

pandas = pytest.importorskip("pandas")
pyarrow = pytest.importorskip("pyarrow")


@pytest.fixture
def file(draw, tmp_path: Path) -> Path:
    return draw(tmp_path / "circle.png", "circle", 3)


def pixels(one: Given) -> np.ndarray:
    assert not one.fault
    return decode(one.source, short_side=16)


def test_a_path_may_begin_at_the_home_folder_or_be_a_file_address(file, monkeypatch):
    monkeypatch.setenv("HOME", str(file.parent))
    monkeypatch.setenv("USERPROFILE", str(file.parent))
    for typed in (f"~/{file.name}", file.as_uri()):
        (one,) = given_pictures(typed)
        assert (one.name, one.source) == (typed, file)
        assert pixels(one).shape[2] == 3
    (gone,) = given_pictures("~/gone.png")
    assert gone.name == "~/gone.png"


def forms(file: Path) -> Iterator[tuple[str, Any]]:
    """Yield every form of one and the same picture: what it is called, and the thing."""
    content, array = file.read_bytes(), np.asarray(Image.open(file).convert("RGB"))
    yield str(file), str(file)
    yield str(file), file
    yield "picture 1 (bytes)", content
    yield "picture 1 (bytes)", bytearray(content)
    yield "picture 1 (bytes)", memoryview(content)
    yield "picture 1 (an open file)", io.BytesIO(content)
    yield f"picture 1 ('{file}')", file.open("rb")
    yield "picture 1 (a PIL image)", Image.open(io.BytesIO(content))
    yield "picture 1 (a PIL image)", Image.fromarray(array)
    yield "picture 1 (an array)", array
    yield "picture 1 (an array)", torch.from_numpy(array.copy()).requires_grad_(requires_grad=False)
    with zipfile.ZipFile(io.BytesIO(), "w") as archive:
        archive.writestr("in/circle.png", content)
        yield "picture 1 ('circle.png')", zipfile.Path(archive, "in/circle.png")
    with zipfile.ZipFile(archive_of(content)) as archive:
        yield "picture 1 ('circle.png')", archive.open("circle.png")


def archive_of(content: bytes) -> io.BytesIO:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("circle.png", content)
    return stream


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_every_form_of_a_picture_is_the_same_picture_alone_and_in_a_list(file: Path) -> None:
    expected = decode(file, short_side=16)
    for name, thing in forms(file):
        (alone,) = given_pictures(thing)
        (listed,) = given_pictures([thing])
        assert (alone.name, listed.name) == (name, name)
        assert np.array_equal(pixels(alone), expected), name
        assert np.array_equal(pixels(listed), expected), name


def test_whatever_holds_several_is_gone_through_in_order(file: Path, draw, tmp_path: Path) -> None:
    other = draw(tmp_path / "square.png", "square", 4)
    paths = [str(file), str(other)]
    frame = pandas.DataFrame({"Path": paths, "label": ["a", "b"]}, index=[7, 5])
    for several in (
        paths,
        tuple(paths),
        iter(paths),
        (path for path in paths),
        np.array(paths),
        np.array(paths)[:, None],
        np.array([paths]),
        np.array(paths, object),
        np.array(paths, "S"),
        pandas.Series(paths),
        pandas.Series(paths, dtype="string"),
        pandas.Series(paths, dtype="category"),
        frame,
        frame[["Path"]],
        frame.rename(columns={"Path": "file"})[["file"]],
        pyarrow.table({"path": paths, "label": ["a", "b"]}),
        pyarrow.chunked_array([paths]),
        dict.fromkeys(paths).keys(),
    ):
        assert [one.name for one in given_pictures(several)] == paths
    mixed = [paths[0], np.zeros((4, 4), np.uint8), file.read_bytes()]
    assert [one.name for one in given_pictures(mixed)] == [paths[0], "picture 2 (an array)", "picture 3 (bytes)"]
    assert given_pictures([]) == given_pictures(np.array([])) == []


@pytest.mark.parametrize(
    ("shape", "count"),
    [
        *(((20, 30), 1), ((20, 30, 1), 1), ((20, 30, 3), 1), ((20, 30, 4), 1)),
        *(
            ((5, 20, 30, 3), 5),
            ((5, 20, 30, 1), 5),
            ((5, 20, 30), 5),
            ((100, 8, 8), 100),
            ((50, 28, 16), 50),
            ((0, 20, 30, 3), 0),
        ),
    ],
)
def test_shapes_of_one_picture_and_of_several(shape: tuple[int, ...], count: int) -> None:
    found = given_pictures(np.zeros(shape, np.uint8))
    assert len(found) == count
    assert all(pixels(one).shape[2] == 3 for one in found)


_ROW = [[0, 1], [1, 0]]
WRONG: dict[str, tuple[Any, str]] = {
    "floats from 0 to 1": (np.full((8, 8, 3), 0.5), r"float64.*\(array \* 255\)"),
    "floats to 255": (np.full((8, 8, 3), 200.0), r"array\.round\(\)"),
    "normalised floats": (np.full((8, 8, 3), -1.5, np.float32), "normalisation"),
    "a batch of floats": (np.full((5, 8, 8, 3), 0.5), r"\(array \* 255\)"),
    "uint16": (np.full((8, 8), 60000, np.uint16), "16 bits"),
    "int64 from 0 to 255": (np.full((8, 8, 3), 7), r"astype\('uint8'\)"),
    "truth values": (np.ones((8, 8), bool), r"\(array \* 255\)"),
    "colours first": (np.zeros((3, 8, 9), np.uint8), r"transpose\(1, 2, 0\).*list\(array\)"),
    "grey with alpha": (np.zeros((50, 40, 2), np.uint8), r"RGBA.*list\(array\)"),
    "five channels": (np.zeros((50, 40, 5), np.uint8), r"three of the channels"),
    "a batch with colours first": (np.zeros((5, 3, 8, 9), np.uint8), r"transpose\(0, 2, 3, 1\)"),
    "a tensor of torch": (torch.zeros(3, 8, 9), r"transpose\(1, 2, 0\)"),
    "masked": (np.ma.masked_equal(np.zeros((8, 8), np.uint8), 0), "filled"),
    "numbers in a row": (np.zeros(64, np.uint8), "one array"),
    "five dimensions": (np.zeros((2, 2, 8, 8, 3), np.uint8), "Pictures are"),
    "paths in two columns": (np.array([["a.png", "b.png"], ["c.png", "d.png"]]), r"\(n,\)"),
    "dates": (np.array(["2026-01-01"], "M8[D]"), "datetime64"),
    "None": (None, "NoneType"),
    "a number": (3, "int"),
    "a gap": ([Path("a.png"), float("nan")], r"Picture 2 is a float \(nan\)"),
    "a missing value": (pandas.Series(["a.png", None], dtype="string"), "Picture 2"),
    "a row of a data set": ([{"image": 1, "label": 0}], r"row\['image'\]"),
    "a mapping": ({"a": "a.png"}, r"list\(pictures\.values\(\)\)"),
    "a set": ({"a.png"}, "list"),
    "a pair with its label": ([(np.zeros((8, 8), np.uint8), 1)], "tuple"),
    "lists of numbers": ([_ROW], r"np\.asarray\(picture, dtype='uint8'\)"),
    "a table without path": (pandas.DataFrame({"file": ["a"], "label": ["b"]}), r"frame\['file'\]"),
    "an Arrow table": (pyarrow.table({"file": ["a"], "label": ["b"]}), r"frame\['file'\]"),
    "a text file": (io.StringIO("a.png"), r"open\(path, 'rb'\)"),
    "an object": (object(), "object"),
    "a class": (Path, "type"),
    "complex numbers": (np.zeros((8, 8), complex), "complex128"),
}


@pytest.mark.parametrize("what", WRONG)
def test_all_else_is_refused_with_what_to_give(what: str) -> None:
    thing, said = WRONG[what]
    with pytest.raises(DataError, match=f"(?s){said}") as caught:
        given_pictures(thing)
    assert caught.value.hint


def test_a_closed_file_is_named(file: Path) -> None:
    with file.open("rb") as stream:
        pass
    with pytest.raises(DataError, match=r"Picture 1.*circle\.png.*closed"):
        given_pictures([stream])
    with Image.open(file) as picture:
        pass
    (found,) = given_pictures(picture)
    assert "load()" in found.fault


@pytest.mark.parametrize(
    ("path", "said"),
    [
        *(("", "empty"), (" ", "empty"), ("https://a.org/b.jpg", "web address")),
        *(("data:image/png;base64,iVBORw0KGgo=", "base64"), ("a\0b.png", "null byte"), (".", "folder")),
    ],
)
def test_a_path_that_leads_nowhere_is_one_pictures_fault(path: str, said: str, file: Path) -> None:
    first, second = given_pictures([path, file])
    assert said in first.fault
    assert not second.fault


def test_a_file_is_read_from_its_beginning_and_left_where_it_stood(file: Path) -> None:
    stream = io.BytesIO()
    Image.open(file).save(stream, "PNG")  # which leaves it at its end
    stood = stream.tell()
    for _ in range(2):
        (found,) = given_pictures(stream)
        assert pixels(found).any()
        assert stream.tell() == stood


def test_a_jpeg_that_is_not_read_yet_answers_as_its_file_and_stays_as_it_is(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (300, 400, 3), np.uint8)).save(tmp_path / "large.jpg")
    with Image.open(tmp_path / "large.jpg") as picture:
        (found,) = given_pictures(picture)
        assert np.array_equal(pixels(found), decode(tmp_path / "large.jpg", short_side=16))
        assert picture.size == (400, 300)
        assert np.asarray(picture).shape == (300, 400, 3)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I;16", "I"])
def test_a_pil_image_of_any_mode_is_taken_and_not_changed(mode: str) -> None:
    made = Image.effect_mandelbrot((40, 30), (-2, -1, 1, 1), 20)
    picture = made.convert("RGB").convert(mode) if mode not in ("LAB", "I;16") else Image.new(mode, (40, 30))
    before = picture.mode, picture.size, picture.tobytes()
    (found,) = given_pictures(picture)
    assert pixels(found).shape == (16, 21, 3)
    assert (picture.mode, picture.size, picture.tobytes()) == before


def test_a_pil_image_is_turned_as_its_own_notes_say(file: Path) -> None:
    picture = Image.open(file).convert("RGB")
    picture.getexif()[274] = 6
    (found,) = given_pictures(picture)
    (upright,) = given_pictures(ImageOps.exif_transpose(picture))
    assert np.array_equal(pixels(found), pixels(upright))


def test_equal_pictures_have_equal_digests_and_others_have_not(file: Path) -> None:
    array = np.asarray(Image.open(file).convert("RGB"))
    turned = Image.fromarray(array)
    turned.getexif()[274] = 6
    other = array.copy()
    other[0, 0, 0] ^= 1
    things = [file, array, other, array.transpose(1, 0, 2), Image.fromarray(array), turned, Image.fromarray(other)]
    digests = [given_pictures([thing])[0].digest() for thing in things]
    assert len(set(digests)) == len(things)
    assert digests == [given_pictures([thing])[0].digest() for thing in things]
    assert given_pictures(file.read_bytes())[0].digest() == digests[0]


def test_a_missing_file_has_no_digest(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no\.png"):
        given_pictures(tmp_path / "no.png")[0].digest()


_KINDS = ("?", "u1", "i1", "u2", "i8", "f2", "f4", "f8", "c16", "O", "U3", "S3", "M8[D]", "m8[s]", "V3")
_SHAPES = st.lists(st.sampled_from((0, 1, 2, 3, 4, 5)), max_size=5)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@drawn(
    st.one_of(
        st.builds(np.zeros, _SHAPES, st.sampled_from(_KINDS)),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=3) | st.binary(max_size=3),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
            max_leaves=5,
        ),
    )
)
def test_whatever_comes_is_taken_or_refused_in_our_own_words(thing: Any) -> None:
    try:
        found = given_pictures(thing)
    except HeadstartError as error:
        assert (bool(error.message), bool(error.hint)) == (True, True)  # noqa: PT017 - what it says is tested above
    else:
        assert all(isinstance(one, Given) for one in found)
