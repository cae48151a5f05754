"""Every kind of picture that a folder may hold, and everything that only looks like one."""

from __future__ import annotations

import io
import struct
import threading
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, JpegImagePlugin

from headstart.base.errors import ConfigError, PictureError
from headstart.pixels import decode
from headstart.pixels.decode import MOST_ASPECT
from headstart.pixels.quiet import quiet_pillow
from headstart.records.preprocessing import BEFORE_RULES_WERE_KEPT


def scene(width: int = 90, height: int = 60) -> Image.Image:
    """A smooth picture without any symmetry."""
    y, x = np.mgrid[0:height, 0:width]
    channels = (255 * x / width, 255 * y / height, 128 + 100 * np.sin((2 * x + y) / 17))
    return Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8))


def content(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def reason(source: Path | bytes | np.ndarray, **options: Any) -> str:
    with pytest.raises(PictureError) as caught:
        decode(source, short_side=32, **options)
    assert caught.value.hint
    return caught.value.message


def furthest(a: np.ndarray, b: np.ndarray) -> int:
    return int(np.abs(a.astype(int) - b.astype(int)).max())


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "BMP", "TIFF"])
def test_the_short_side_is_the_wanted_one_up_and_down(form: str) -> None:
    data = content(scene(), form)
    for short_side in (16, 60, 200):
        picture = decode(data, short_side=short_side)
        assert picture.shape == (short_side, round(short_side * 1.5), 3)
        assert picture.dtype == np.uint8
        assert picture.flags.writeable
        assert picture.flags.c_contiguous


def test_a_picture_of_the_wanted_size_is_not_resampled() -> None:
    image = scene()
    np.testing.assert_array_equal(decode(content(image), short_side=60), np.asarray(image))


def test_the_name_of_a_file_plays_no_part(tmp_path: Path) -> None:
    path = tmp_path / "벌 زنبور a b.jpg"
    path.write_bytes(content(scene(), "PNG"))
    np.testing.assert_array_equal(decode(path, short_side=60), np.asarray(scene()))


def test_symbolic_links_are_followed_and_broken_ones_told(tmp_path: Path) -> None:
    (tmp_path / "real.png").write_bytes(content(scene()))
    link = tmp_path / "link.png"
    link.symlink_to("real.png")
    np.testing.assert_array_equal(decode(link, short_side=60), np.asarray(scene()))
    loop = tmp_path / "loop.png"
    loop.symlink_to("loop.png")
    assert reason(loop).startswith("cannot be read (")
    assert reason(tmp_path / "absent.png") == "cannot be read (No such file or directory)"
    assert reason(tmp_path) == "not a file"


def test_long_pictures_are_kept_whole_and_never_wider_than_the_bound() -> None:
    image = Image.new("RGB", (2000, 50), "red")
    image.paste((0, 0, 255), (1900, 0, 2000, 50))
    for turned in (image, image.transpose(Image.Transpose.ROTATE_90)):
        picture = decode(content(turned), short_side=50)
        assert sorted(picture.shape[:2]) == [20, 50 * MOST_ASPECT]
        assert sorted(map(tuple, picture.reshape(-1, 3)[[0, -1]].tolist())) == [(0, 0, 255), (255, 0, 0)]


def test_long_pictures_lose_their_ends_by_the_rule_of_older_bundles() -> None:
    image = Image.new("RGB", (1000, 50), "red")
    image.paste((0, 0, 255), (400, 0, 600, 50))
    for turned in (image, image.transpose(Image.Transpose.ROTATE_90)):
        picture = decode(content(turned), short_side=50, decoding=BEFORE_RULES_WERE_KEPT)
        assert sorted(picture.shape[:2]) == [50, 200]
        assert (picture == (0, 0, 255)).all()


def test_one_pixel_is_a_picture() -> None:
    picture = decode(content(Image.new("RGB", (1, 1), (9, 8, 7))), short_side=20)
    assert (picture == (9, 8, 7)).all()
    assert picture.shape == (20, 20, 3)


def test_jpeg_drafts_stay_close_to_full_decoding() -> None:
    image = scene(1600, 1200)
    data = content(image, "JPEG", quality=95)
    full = decode(content(Image.open(io.BytesIO(data)).convert("RGB")), short_side=64)
    drafted = decode(data, short_side=64)
    assert drafted.shape == full.shape
    assert np.abs(drafted.astype(int) - full).mean() < 1.0


@pytest.mark.parametrize(
    ("side", "kept"),
    [(127, 1), (128, 2), (255, 2), (256, 4), (512, 8), (4096, 8)],
)
def test_jpeg_drafts_leave_at_least_twice_the_side(side: int, kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []
    load = JpegImagePlugin.JpegImageFile.load
    monkeypatch.setattr(JpegImagePlugin.JpegImageFile, "load", lambda self: (seen.append(self.size), load(self))[1])
    decode(content(Image.new("L", (side, side + 40)), "JPEG"), short_side=32)
    assert min(seen[0]) == -(-side // kept)
    assert kept == 1 or min(seen[0]) >= 64


# --- modes


def test_greyscale_and_one_bit_become_equal_channels() -> None:
    grey = scene().convert("L")
    expected = np.repeat(np.asarray(grey)[:, :, None], 3, axis=2)
    np.testing.assert_array_equal(decode(content(grey), short_side=60), expected)
    bits = grey.convert("1")
    picture = decode(content(bits), short_side=60)
    np.testing.assert_array_equal(picture[..., 0], np.asarray(bits) * 255)


def test_palette_equals_the_colours_it_stands_for() -> None:
    palette = scene().quantize(32)
    np.testing.assert_array_equal(decode(content(palette), short_side=60), np.asarray(palette.convert("RGB")))


def test_transparent_pictures_lie_on_white() -> None:
    opaque = np.asarray(scene())
    alpha = np.zeros((60, 90, 1), np.uint8)
    alpha[:, :45] = 255
    alpha[:, 60:] = 128
    rgba = np.concatenate([opaque, alpha], axis=2)
    for source in (content(Image.fromarray(rgba)), rgba, content(Image.fromarray(rgba), "TIFF")):
        picture = decode(source, short_side=60)
        np.testing.assert_array_equal(picture[:, :45], opaque[:, :45])
        assert (picture[:, 45:60] == 255).all()
        assert furthest(picture[:, 60:], (opaque[:, 60:].astype(int) + 255) // 2) <= 2


def test_hidden_colours_do_not_bleed_when_scaled() -> None:
    rgba = np.zeros((40, 40, 4), np.uint8)  # transparent black ...
    rgba[:, :20] = (255, 255, 255, 255)  # ... beside opaque white: white everywhere on white
    assert decode(rgba, short_side=13).min() >= 254


def test_other_kinds_of_transparency_lie_on_white_too() -> None:
    grey_alpha = Image.merge("LA", [Image.new("L", (20, 20), 50), Image.new("L", (20, 20), 0)])
    assert decode(content(grey_alpha), short_side=20).min() == 255
    palette = Image.new("P", (20, 20), 3)
    palette.putpalette([10, 20, 30] * 4)
    assert decode(content(palette, transparency=3), short_side=20).min() == 255
    assert decode(content(Image.new("RGB", (20, 20), (1, 2, 3)), transparency=(1, 2, 3)), short_side=20).min() == 255
    assert decode(content(Image.new("L", (20, 20), 7), transparency=7), short_side=20).min() == 255


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cmyk_is_converted_as_pillow_does(form: str) -> None:
    data = content(scene().convert("CMYK"), form)
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    np.testing.assert_array_equal(decode(data, short_side=60), expected)
    assert furthest(expected, np.asarray(scene())) < 40  # not inverted


def test_ycbcr_and_lab_tiffs_are_read() -> None:
    for mode in ("YCbCr", "LAB"):
        image = scene().convert("YCbCr") if mode == "YCbCr" else Image.new("LAB", (90, 60), (128, 0, 0))
        assert decode(content(image, "TIFF"), short_side=60).shape == (60, 90, 3)


# --- deep grey


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
@pytest.mark.parametrize("top", [300, 20_000, 65_535])
def test_sixteen_bits_are_divided_by_257_never_by_their_own_range(form: str, top: int) -> None:
    values = np.linspace(0, top, 40 * 50).reshape(40, 50).astype(np.uint16)
    picture = decode(content(Image.fromarray(values), form), short_side=40)
    np.testing.assert_array_equal(picture[..., 1], np.rint(values / 257).astype(np.uint8))
    assert picture.max() == round(top / 257)


def test_big_endian_and_wide_whole_numbers_are_scaled_alike() -> None:
    values = np.linspace(0, 65_535, 900).reshape(30, 30)
    expected = np.rint(values.astype(np.uint16) / 257).astype(np.uint8)
    big = Image.frombytes("I;16B", (30, 30), values.astype(">u2").tobytes())
    wide = Image.fromarray(values.astype(np.int32))
    assert wide.mode == "I"
    for image in (big, wide):
        np.testing.assert_array_equal(decode(content(image, "TIFF"), short_side=30)[..., 0], expected)


def test_whole_numbers_beyond_sixteen_bits_are_refused() -> None:
    assert "values from 0 to 70000" in reason(content(Image.fromarray(np.array([[0, 70_000]], np.int32)), "TIFF"))
    assert "values from -1 to 5" in reason(content(Image.fromarray(np.array([[-1, 5]], np.int32)), "TIFF"))


def test_floating_point_is_refused() -> None:
    data = content(Image.fromarray(np.linspace(0, 1, 100, dtype=np.float32).reshape(10, 10)), "TIFF")
    assert reason(data) == "32-bit floating-point grey, whose range is not known"


# --- orientation

TURNS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_exif_rotation_equals_the_rotated_original(orientation: int, form: str) -> None:
    options: dict[str, Any] = {"lossless": True} if form == "WEBP" else {}
    tagged = content(scene(), form, exif=_exif(orientation), **options)
    plain = Image.open(io.BytesIO(content(scene(), form, **options))).convert("RGB")
    turn = TURNS[orientation]
    upright = plain if turn is None else plain.transpose(turn)
    for short_side in (25, 60):
        np.testing.assert_array_equal(
            decode(tagged, short_side=short_side), decode(content(upright), short_side=short_side)
        )


def _exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def test_broken_exif_neither_spoils_a_picture_nor_warns() -> None:
    # One entry that says it has a million values far beyond the end.
    broken = b"Exif\0\0II*\0\x08\0\0\0\x02\0" + struct.pack("<HHII", 0x010F, 2, 1 << 20, 1 << 30) * 2 + b"\0"
    data = content(scene(), "JPEG", exif=broken)
    with warnings.catch_warnings():
        warnings.simplefilter("always")  # the test can fail: Pillow does warn
        with pytest.warns(UserWarning, match="EXIF|tag"):
            Image.open(io.BytesIO(data)).getexif().get(1)
    assert decode(data, short_side=60).shape == (60, 90, 3)  # warnings are errors here


# --- frames


def test_the_first_frame_of_an_animation_is_the_picture() -> None:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "lime", "blue")]
    for form, options in {"WEBP": {"lossless": True}, "PNG": {}, "TIFF": {}}.items():
        data = content(frames[0], form, save_all=True, append_images=frames[1:], **options)
        assert (decode(data, short_side=30) == (255, 0, 0)).all(), form


# --- refused


def test_what_is_not_a_picture_is_told_with_its_reason(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jpg"
    empty.touch()
    assert reason(empty) == "file is empty"
    assert reason(b"\0\0\0\x0cjP  \r\n") == "a JPEG 2000, a form that is not read"
    assert "web page" in reason(b"\n<!DOCTYPE html><html>not found</html>")
    assert "Git LFS" in reason(b"version https://git-lfs.github.com/spec/v1\noid sha256:0")
    assert "PDF" in reason(b"%PDF-1.7")
    assert "video" in reason(b"\0\0\0\x1cftypisom\0\0\0\0")
    assert reason(b"hello world, no picture") == "not a picture: begins with 'hello world,'"
    assert reason(b"hello\n") == "not a picture: begins with 'hello'"
    assert reason(b"\0\1\2\3\xfe\xff\7") == "not a picture: begins with the bytes 00 01 02 03 fe ff"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "BMP", "TIFF", "WEBP"])
def test_truncated_files_are_refused(form: str) -> None:
    data = content(scene(300, 200), form)
    for kept in (0.3, 0.6, 0.95):
        assert "truncated" in reason(data[: int(len(data) * kept)])


def test_a_header_alone_is_refused() -> None:
    for magic in (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"II*\0", b"RIFF\0\0\0\0WEBP", b"RIFF1234WEBPVP8X"):
        assert "truncated" in reason(magic)


def test_huge_pictures_are_refused_before_they_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    chunk = b"IHDR" + struct.pack(">IIBBBBB", 30_000, 20_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    bomb += struct.pack(">I", 4) + b"IDAT" + b"\0" * 8
    assert reason(bomb) == "30000 x 20000 pixels, over the limit of 200 megapixels"
    assert reason(content(scene()), max_pixels=5000) == "90 x 60 pixels, over the limit of 0.005 megapixels"
    monkeypatch.setenv("HEADSTART_MAX_PIXELS", "5399")
    assert "over the limit" in reason(content(scene()))
    assert "over the limit" in reason(np.asarray(scene()))
    monkeypatch.setenv("HEADSTART_MAX_PIXELS", "5400")
    assert decode(content(scene()), short_side=8).shape == (8, 12, 3)
    monkeypatch.setenv("HEADSTART_MAX_PIXELS", "plenty")
    with pytest.raises(ConfigError, match=r"HEADSTART_MAX_PIXELS.*'plenty'"):
        decode(content(scene()), short_side=8)


def test_between_pillows_limit_and_ours_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in (2000, 4000):  # Pillow's own would refuse, or warn
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        assert decode(content(scene()), short_side=60).shape == (60, 90, 3)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((5, 5), np.float32),
        np.zeros((5, 5, 2), np.uint8),
        np.zeros(5, np.uint8),
        np.zeros((0, 5, 3), np.uint8),
    ],
)
def test_arrays_that_are_no_pictures_are_refused(pixels: np.ndarray) -> None:
    assert reason(pixels)


def test_a_bad_short_side_is_refused() -> None:
    with pytest.raises(ConfigError, match="short_side"):
        decode(content(scene()), short_side=0)


# --- properties


@given(
    pixels=arrays.arrays(
        np.uint8,
        st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3, 4])),
    ),
    short_side=st.integers(1, 50),
)
@settings(max_examples=60, deadline=None)
def test_any_array_becomes_a_whole_picture(pixels: np.ndarray, short_side: int) -> None:
    before = pixels.copy()
    picture = decode(pixels, short_side=short_side)
    assert short_side in (min(picture.shape[:2]), max(picture.shape[:2]) / MOST_ASPECT)
    assert max(picture.shape[:2]) <= MOST_ASPECT * short_side
    assert picture.shape[2] == 3
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture, decode(pixels, short_side=short_side))
    np.testing.assert_array_equal(before, pixels)
    if pixels.shape[2] == 1:
        np.testing.assert_array_equal(picture, decode(pixels[:, :, 0], short_side=short_side))


SAMPLES = [
    content(scene(30, 20), form, **options)
    for form, options in [
        ("JPEG", {"exif": _exif(6)}),
        ("PNG", {}),
        ("BMP", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {}),
        ("WEBP", {}),
    ]
]


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_damaged_bytes_give_a_picture_or_a_picture_error(data: st.DataObject) -> None:
    sample = bytearray(data.draw(st.sampled_from(SAMPLES)))
    for _ in range(data.draw(st.integers(1, 8))):
        sample[data.draw(st.integers(0, len(sample) - 1))] = data.draw(st.integers(0, 255))
    del sample[data.draw(st.integers(len(sample) // 2, len(sample))) :]
    try:
        picture = decode(bytes(sample), short_side=16, max_pixels=1_000_000)
    except PictureError:
        return
    assert 16 in (min(picture.shape[:2]), max(picture.shape[:2]) / MOST_ASPECT)


# --- threads and settings


def test_many_threads_decode_alike_and_leave_the_filters_alone() -> None:
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        pictures = list(pool.map(lambda data: decode(data, short_side=24), SAMPLES * 20))
    for sample, picture in zip(SAMPLES * 20, pictures, strict=True):
        np.testing.assert_array_equal(picture, decode(sample, short_side=24))
    assert warnings.filters == before


def test_only_pillow_is_silenced_and_only_meanwhile() -> None:
    entered, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with quiet_pillow():
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=stay)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        before = list(warnings.filters)
        thread.start()
        entered.wait(10)
        with quiet_pillow():
            _warn_as("PIL.Image")
        _warn_as("PIL.Image")  # the other thread is still inside
        _warn_as("elsewhere")
        leave.set()
        thread.join()
        _warn_as("PIL.Image")
        assert warnings.filters == before
    assert [str(warning.message) for warning in heard] == ["from elsewhere", "from PIL.Image"]


def _warn_as(module: str) -> None:
    warnings.warn_explicit(f"from {module}", UserWarning, "file.py", 1, module=module)
