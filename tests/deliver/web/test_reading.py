"""What the page's own reader makes of a file, against headstart's decoder: of a PNG the very same pixels."""

from __future__ import annotations

import base64
import io
import struct
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from odd_pictures import with_chunk
from PIL import Image

from headstart.deliver.web.facts import setup_for
from headstart.pixels import frame
from headstart.pixels.decode import decode_for, decode_noted
from headstart.pixels.drawn import draw_test_picture
from headstart.records.codec import plain
from headstart.records.preprocessing import Decoding, Preprocessing

READER = "".join(
    files("headstart.deliver.web").joinpath("page", name).read_text(encoding="utf-8")
    for name in ("framing.js", "reading.js")
)
READ = """async ([text, setup, preprocessing]) => {
  try {
    const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
    const picture = await readPicture(bytes, setup), { notes } = picture;
    const { width, height, pixels } = preprocessing ? framed(picture, preprocessing, setup.short) : picture;
    let told = "";
    for (const value of pixels) told += String.fromCharCode(value);
    return { width, height, notes, pixels: btoa(told) };
  } catch (error) {
    if (error instanceof Refused) return { refused: error.message };
    throw error;
  }
}"""
SIDE = 64
OPACITY = 1  # of 255: a browser keeps colours multiplied by it, and rounds once more


@pytest.fixture(scope="module")
def reader(browser: Any) -> Iterator[Any]:
    page = browser.new_page()
    page.add_script_tag(content=READER)
    yield page
    page.close()


def read(reader: Any, content: bytes, side: int = SIDE, white: int = 65535, framed: Preprocessing | None = None) -> Any:
    setup = {"side": side, "rule": 3, "white": white} if framed is None else plain(setup_for(framed))
    told = None if framed is None else plain(framed)
    found = reader.evaluate(READ, [base64.b64encode(content).decode(), setup, told])
    if "pixels" in found:
        shape = (found["height"], found["width"], 3)
        found["pixels"] = np.frombuffer(base64.b64decode(found["pixels"]), np.uint8).reshape(shape)
    return found


def written(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def noise(width: int, height: int, mode: str = "RGB", seed: int = 0) -> Image.Image:
    """Return a picture in which neighbours differ, so that a fault in scaling shows."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 9, 4), np.uint8), "RGBA").resize((width, height))
    return Image.fromarray(np.asarray(coarse) ^ rng.integers(0, 32, (height, width, 4), np.uint8)).convert(mode)


@pytest.mark.parametrize(
    ("width", "height"),
    [(300, 200), (201, 333), (64, 64), (65, 64), (40, 30), (3, 900), (700, 90), (1, 1), (513, 800), (1203, 709)],
)
def test_a_png_becomes_the_very_pixels_that_python_makes(reader: Any, width: int, height: int) -> None:
    content = written(noise(width, height))
    ours, theirs = read(reader, content), decode_noted(content, short_side=SIDE)
    np.testing.assert_array_equal(ours["pixels"], theirs.pixels)
    assert tuple(ours["notes"]) == theirs.notes


@pytest.mark.parametrize("size", [(300, 200), (120, 333), (3, 700), (640, 9), (64, 64), (9, 9)])
@pytest.mark.parametrize(
    "preprocessing",
    [
        Preprocessing(input_size=56),
        Preprocessing(input_size=57, stored_side=90, interpolation="bilinear"),
        Preprocessing(input_size=48, crop=1.0, stored_side=40, interpolation="lanczos"),
        Preprocessing(input_size=56, framing="squash"),
        Preprocessing(input_size=56, framing="squash", interpolation="nearest"),
        Preprocessing(input_size=56, framing="pad", mean=(0.5, 0.4, 0.3)),
        Preprocessing(input_size=56, framing="pad", interpolation="bilinear", decoding=Decoding(rule=2)),
    ],
    ids=lambda one: f"{one.framing}-{one.interpolation}-{one.input_size}",
)
def test_the_square_is_the_very_one_that_the_network_sees_in_python(
    reader: Any, preprocessing: Preprocessing, size: tuple[int, int]
) -> None:
    content = written(noise(*size))
    theirs = frame(decode_for(content, preprocessing), preprocessing)
    np.testing.assert_array_equal(read(reader, content, framed=preprocessing)["pixels"], theirs)


@pytest.mark.parametrize("mode", ["L", "P", "1", "LA"])
def test_so_do_other_forms_of_pngs(reader: Any, mode: str) -> None:
    content = written(noise(150, 130, "RGB" if mode == "P" else "RGBA").convert(mode))
    ours, theirs = read(reader, content), decode_noted(content, short_side=SIDE)
    assert apart(ours["pixels"], theirs.pixels).max() <= (OPACITY if mode == "LA" else 0)
    assert tuple(ours["notes"]) == theirs.notes


def apart(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.int64]:
    assert one.shape == other.shape
    return np.abs(one.astype(np.int64) - other)


def test_transparent_parts_lie_on_white(reader: Any) -> None:
    picture = noise(120, 100, "RGBA")
    picture.putalpha(Image.linear_gradient("L").resize((120, 100)))
    content = written(picture)
    ours, theirs = read(reader, content), decode_noted(content, short_side=SIDE)
    assert apart(ours["pixels"], theirs.pixels).max() <= OPACITY
    assert tuple(ours["notes"]) == theirs.notes == ("opacity",)
    nothing = written(Image.new("RGBA", (80, 80), (255, 0, 0, 0)))
    assert read(reader, nothing)["notes"] == ["transparent"]
    assert read(reader, nothing)["pixels"].min() == 255


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_jpeg_is_turned_upright(reader: Any, turn: int) -> None:
    notes = Image.Exif()
    notes[0x0112] = turn
    content = written(
        Image.open(io.BytesIO(draw_test_picture(0, "png"))).convert("RGB"), "JPEG", quality=95, exif=notes
    )
    ours, theirs = read(reader, content), decode_noted(content, short_side=SIDE)
    assert apart(ours["pixels"], theirs.pixels).mean() < 0.5
    assert tuple(ours["notes"]) == theirs.notes == (("turned",) if turn > 1 else ())


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_so_are_other_forms_with_exif(reader: Any, kind: str, turn: int) -> None:
    """Some browsers leave the EXIF of a WebP out."""
    notes = Image.Exif()
    notes[0x0112] = turn
    options = {"lossless": True} if kind == "WEBP" else {}
    content = written(noise(130, 90, "RGB"), kind, exif=notes, **options)
    ours, theirs = read(reader, content), decode_noted(content, short_side=SIDE)
    np.testing.assert_array_equal(ours["pixels"], theirs.pixels)
    assert tuple(ours["notes"]) == theirs.notes == (("turned",) if turn > 1 else ())


@pytest.mark.parametrize("turn", [1, 6])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_several_frames_are_told(reader: Any, kind: str, count: int, turn: int) -> None:
    notes = Image.Exif()
    notes[0x0112] = turn
    options = {"lossless": True} if kind == "WEBP" else {}
    first, *others = (noise(60 + place, 90, "RGB").resize((60, 90)) for place in range(count))
    content = written(first, kind, save_all=True, append_images=others, exif=notes, **options)
    ours, theirs = read(reader, content), decode_noted(content, short_side=SIDE)
    assert tuple(ours["notes"]) == theirs.notes
    assert ("pages" in theirs.notes) == (count > 1)


P3 = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
SRGB = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)


def colours_of_a_png() -> dict[str, tuple[bytes, bytes]]:
    """Return chunks by which a PNG says how its colours are meant; browsers read them in their own way."""
    found = {f"gamma-{value}": (b"gAMA", struct.pack(">I", value)) for value in (45_455, 55_556, 100_000, 30_000)}
    return {**found, "p3": (b"cHRM", P3), "srgb": (b"cHRM", SRGB), "codes": (b"cICP", bytes((12, 13, 0, 1)))}


@pytest.mark.parametrize("also", ["", "places", "srgb"])
@pytest.mark.parametrize("name", colours_of_a_png())
def test_a_png_that_states_its_colours_is_read_as_in_python(reader: Any, name: str, also: str) -> None:
    kind, stated = colours_of_a_png()[name]
    content = with_chunk(written(noise(120, 90)), kind, stated)
    if also == "places" and kind != b"cHRM":
        content = with_chunk(content, b"cHRM", SRGB)
    if also == "srgb":
        content = with_chunk(content, b"sRGB", b"\0")
    ours, theirs = read(reader, content), decode_noted(content, short_side=SIDE)
    np.testing.assert_array_equal(ours["pixels"], theirs.pixels)
    assert tuple(ours["notes"]) == theirs.notes


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("side", [16, 20, 40, 80, 160])
def test_large_pngs_are_made_smaller_by_two_four_and_eight(reader: Any, side: int, mode: str) -> None:
    content = written(noise(515, 333, mode))
    ours, theirs = read(reader, content, side=side), decode_noted(content, short_side=side)
    assert apart(ours["pixels"], theirs.pixels).max() <= (OPACITY if mode == "RGBA" else 0)


@pytest.mark.parametrize("side", [128, 224, 600])
def test_a_large_jpeg_is_shrunk_as_libjpeg_does(reader: Any, side: int) -> None:
    content = draw_test_picture(3, "jpeg", (1560, 1170))
    ours, theirs = read(reader, content, side=side), decode_noted(content, short_side=side)
    assert apart(ours["pixels"], theirs.pixels).mean() < 1
    assert ours["notes"] == ["turned"]


@pytest.mark.parametrize("kind", ["BMP", "WEBP", "AVIF"])
def test_other_forms_are_read(reader: Any, kind: str) -> None:
    content = written(Image.open(io.BytesIO(draw_test_picture(1, "png"))).convert("RGB"), kind)
    ours, theirs = read(reader, content), decode_noted(content, short_side=SIDE)
    assert apart(ours["pixels"], theirs.pixels).mean() < 1


def test_sixteen_bits_are_read_by_their_upper_half_or_refused(reader: Any) -> None:
    rng = np.random.default_rng(0)
    content = written(Image.fromarray(rng.integers(0, 65536, (70, 64), np.uint16)))
    ours, theirs = read(reader, content), decode_noted(content, short_side=SIDE)
    assert apart(ours["pixels"], theirs.pixels).max() <= 2
    assert ours["notes"] == ["sixteen"]
    assert "4095 is white" in read(reader, content, white=4095)["refused"]
    assert decode_noted(content, short_side=SIDE, decoding=Decoding(white=4095)).pixels.max() == 255


PICTURE = noise(40, 40)
REFUSED = {
    "cmyk": (written(PICTURE.convert("CMYK"), "JPEG"), "CMYK"),
    "gif": (written(PICTURE, "GIF"), "GIF"),
    "tiff": (written(PICTURE, "TIFF"), "TIFF"),
    "heic": (b"\0\0\0\x18ftypheic" + bytes(40), "HEIC"),
    "jxl": (b"\xff\x0a" + bytes(40), "JPEG XL"),
    "pdf": (b"%PDF-1.7 ...", "PDF"),
    "zip": (b"PK\x03\x04" + bytes(40), "zip"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "drawing"),
    "text": (b"these are words", "not a picture"),
    "empty": (b"", "empty"),
    "cut png": (written(PICTURE)[:200], "damaged"),
    "cut jpeg": (written(PICTURE, "JPEG")[:30], "damaged"),
    "one byte": (b"\xff", "not a picture"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_not_read_is_refused_with_the_reason(reader: Any, kind: str) -> None:
    content, reason = REFUSED[kind]
    assert reason in read(reader, content).get("refused", "it was read")


def test_every_kind_of_damage_is_refused_and_never_a_fault(reader: Any) -> None:
    rng = np.random.default_rng(7)
    whole = [written(noise(50, 40), "JPEG", exif=_turned()), written(noise(50, 40))]
    for number in range(60):
        content = bytearray(whole[number % 2])
        for place in rng.integers(2, len(content), 6):
            content[place] = rng.integers(0, 256)
        found = read(reader, bytes(content[: rng.integers(4, len(content))] if number % 3 == 0 else content))
        assert "refused" in found or found["pixels"].size


def _turned() -> Image.Exif:
    notes = Image.Exif()
    notes[0x0112] = 6
    return notes


def test_drawings_are_the_same_each_time() -> None:
    assert draw_test_picture(1, "png") == draw_test_picture(1, "png") != draw_test_picture(2, "png")
    assert decode_noted(draw_test_picture(1, "jpeg"), short_side=50).notes == ("turned",)


def test_the_reader_names_no_address() -> None:
    for name in ("framing.js", "reading.js", "answering.js", "alone.js", "page.js"):
        text = Path(str(files("headstart.deliver.web").joinpath("page", name))).read_text(encoding="utf-8")
        assert "http" not in text
        assert "</script" not in text
