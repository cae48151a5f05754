"""Every odd picture of the corpus: what comes out of it, and what is said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from odd_pictures import READ, REFUSED, deep_png, scene, tiff

from headstart.base.errors import PictureError
from headstart.pixels import common_decoding, decode
from headstart.pixels.decode import decode_noted
from headstart.records.notes import NOTES
from headstart.records.preprocessing import BEFORE_RULES_WERE_KEPT, RULES, Decoding
from headstart.words.reading import read_findings, read_line, told_by_reading


@pytest.mark.parametrize("name", READ)
def test_an_odd_picture_comes_out_as_it_means_itself(name: str) -> None:
    odd = READ[name]
    found = decode_noted(odd.content, short_side=40)
    assert found.pixels.shape == (40, 60, 3)
    assert np.abs(found.pixels - odd.pixels.astype(float)).max() <= odd.off
    assert set(found.notes) == set(odd.notes)


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_says_why_and_what_to_do(name: str) -> None:
    content, reason = REFUSED[name]
    with pytest.raises(PictureError) as caught:
        decode(content, short_side=40)
    assert caught.value.message.startswith(reason)
    assert caught.value.hint


@pytest.mark.parametrize("name", READ)
def test_every_picture_is_read_at_other_sizes_too(name: str) -> None:
    for short_side in (8, 57):
        assert decode(READ[name].content, short_side=short_side).shape == (short_side, round(short_side * 1.5), 3)


def test_heic_is_read_where_its_package_is_installed() -> None:
    heif = pytest.importorskip("pillow_heif")
    import io

    from PIL import Image

    written = io.BytesIO()
    heif.from_pillow(Image.fromarray(scene())).save(written, quality=100)
    assert np.abs(decode(written.getvalue(), short_side=40) - scene().astype(float)).max() < 20


def test_heic_without_its_package_says_which_extra_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart.base.forms.find_spec", lambda name: None)
    with pytest.raises(PictureError, match="a HEIC picture, which needs another package") as caught:
        decode(b"\0\0\0\x18ftypheic" + bytes(40), short_side=40)
    assert caught.value.hint is not None
    assert 'pip install "headstart[heif]"' in caught.value.hint


# --- one white for a data set


def deep(most: int, channels: int = 1) -> np.ndarray:
    values = np.linspace(0, most, 40 * 60 * channels).reshape(40, 60, channels).astype(np.uint16)
    return values[..., 0] if channels == 1 else values


def written(folder: Path, *contents: bytes) -> list[Path]:
    paths = [folder / f"{number}.png" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths


@pytest.mark.parametrize(
    ("most", "white"),
    [(3, 255), (255, 255), (256, 1023), (1000, 1023), (1024, 4095), (4095, 4095), (9000, 16383), (16384, 65535)],
)
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_white_is_the_most_that_the_bits_in_use_can_hold(most: int, white: int, channels: int, tmp_path: Path) -> None:
    values = deep(most, channels)
    if channels in (2, 4):  # opacity always uses all of them
        values[..., :-1] = deep(most, channels - 1).reshape(40, 60, -1)
        values[..., -1] = 65535
    (path,) = written(tmp_path, deep_png(values))
    found = common_decoding([path])
    assert found == Decoding(white=white)
    colours = values[..., :-1] if channels in (2, 4) else values
    expected = np.rint(colours.reshape(40, 60, -1) * 255.0 / white)
    assert np.abs(decode(path, short_side=40, decoding=found) - expected).max() <= (1 if white == 65535 else 0)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("apart", [False, True])
def test_all_bits_of_a_tiff_are_read_whatever_the_order(order: str, apart: bool, tmp_path: Path) -> None:
    values = deep(4095, 3)
    (path,) = written(tmp_path, tiff(values, 2, order=order, apart=apart))
    found = common_decoding([path])
    assert found.white == 4095
    assert np.abs(decode(path, short_side=40, decoding=found) - np.rint(values * 255.0 / 4095)).max() == 0


@pytest.mark.parametrize("form", ["png", "tiff"])
def test_opacity_uses_the_bits_of_the_colours_or_all(form: str) -> None:
    for opaque in (4095, 65535):
        values = np.dstack([deep(4095, 3), np.full((40, 60), opaque, np.uint16)])
        content = deep_png(values) if form == "png" else tiff(values, 2, extra=[2])
        found = decode(content, short_side=40, decoding=Decoding(white=4095))
        assert np.abs(found - np.rint(values[..., :3] * 255.0 / 4095)).max() == 0
    multiplied = tiff(np.dstack([deep(4095, 3), np.full((40, 60), 4095, np.uint16)]), 2, extra=[1])
    with pytest.raises(PictureError, match="multiplied by their opacity"):
        decode(multiplied, short_side=40, decoding=Decoding(white=4095))


@pytest.mark.parametrize(("width", "said"), [(80, False), (81, True), (160, True)])
def test_more_than_twice_as_long_as_wide_is_noted(width: int, said: bool) -> None:
    assert ("elongated" in decode_noted(np.zeros((40, width, 3), np.uint8), short_side=40).notes) == said


def test_few_bits_beside_full_ones_are_said_to_be_dim() -> None:
    for content in (deep_png(deep(4000)), deep_png(deep(4000, 3)), tiff(deep(4000, 3), 2, apart=True)):
        assert decode_noted(content, short_side=40).notes == ("dim",)
        assert "dim" not in decode_noted(content, short_side=40, decoding=Decoding(white=4095)).notes
    assert decode_noted(deep_png(deep(60_000)), short_side=40).notes == ()
    assert decode_noted(deep_png(np.zeros((40, 60), np.uint16)), short_side=40).notes == ()  # black is black


@pytest.mark.parametrize("order", ["<", ">"])
def test_one_picture_that_uses_the_upper_bits_decides_for_all(order: str, tmp_path: Path) -> None:
    dark = [deep_png(deep(900)), tiff(deep(900), 1, order=order), tiff(deep(900, 3), 2, order=order)]
    assert common_decoding(written(tmp_path, *dark)).white == 1023
    assert common_decoding(written(tmp_path, *dark, deep_png(deep(65_000)))) == RULES
    assert common_decoding(written(tmp_path, *dark, tiff(deep(65_000), 1, order=order))) == RULES


def test_what_the_files_say_counts_if_all_say_it(tmp_path: Path) -> None:
    said, silent = deep_png(deep(900), significant=12), deep_png(deep(900))
    assert common_decoding(written(tmp_path, said)).white == 4095
    assert common_decoding(written(tmp_path, said, silent)).white == 1023
    assert common_decoding(written(tmp_path, tiff(deep(900), 1, most=4095))).white == 4095
    assert common_decoding(written(tmp_path, deep_png(deep(60_000), significant=12))) == RULES  # was scaled


def test_eight_bits_and_unreadable_files_have_no_say(tmp_path: Path) -> None:
    ordinary = [odd.content for name, odd in READ.items() if "deep" not in name]
    broken = [content for content, _ in REFUSED.values()]
    assert common_decoding(written(tmp_path, *ordinary, *broken)) == RULES
    assert (
        common_decoding([*written(tmp_path, *ordinary, deep_png(deep(900))), np.zeros((4, 4, 3), np.uint8)]).white
        == 1023
    )


def test_brighter_than_white_is_cut_and_said() -> None:
    found = decode_noted(deep_png(deep(9000)), short_side=40, decoding=Decoding(white=4095))
    assert found.pixels.max() == 255
    assert found.notes == ("beyond-white", "white")


# --- before the rules were kept


def test_older_bundles_see_what_they_saw() -> None:
    for name in ("p3.png", "linear.png", "inks-plain.jpg"):
        odd = READ[name]
        seen = decode_noted(odd.content, short_side=40, decoding=BEFORE_RULES_WERE_KEPT)
        assert not set(seen.notes) & {"profile", "gamma", "cmyk"}
    np.testing.assert_array_equal(
        decode(READ["p3.png"].content, short_side=40, decoding=BEFORE_RULES_WERE_KEPT), scene()
    )
    negative = decode(READ["deep-negative.tif"].content, short_side=40, decoding=BEFORE_RULES_WERE_KEPT)
    assert np.abs(negative[..., 0] - (255.0 - scene()[..., 0])).max() <= 1
    fourth = decode(READ["fourth.tif"].content, short_side=40, decoding=BEFORE_RULES_WERE_KEPT)
    assert np.abs(fourth - scene().astype(float)).max() > 100  # laid on white as if it were opacity


# --- what is said


def test_every_note_has_a_sentence() -> None:
    for note in NOTES:
        one, several = (
            read_findings([(f"{number}.png", (note,)) for number in range(count)], white=4095)[0].text
            for count in (1, 3)
        )
        assert one.startswith("1 picture ")
        assert several.startswith("3 pictures ")


def test_a_line_tells_how_the_pictures_were_read() -> None:
    notes = [("a.jpg", ("turned", "profile")), ("b.jpg", ("turned",)), ("c.tif", ("pages",))]
    found = read_findings(notes, white=65535)
    assert read_line(found) == (
        "How the pictures were read: 1 converted from a colour profile to sRGB and 2 turned upright (EXIF)."
    )
    warned = [finding for finding in found if finding.severity == "warning"]
    assert [finding.pictures for finding in warned] == [("c.tif",)]
    assert warned[0].text == (
        "1 picture holds several pages or frames: only the first one is read. For example 'c.tif'."
    )
    assert read_line([]) is None


def test_what_only_one_class_has_may_give_it_away() -> None:
    everything = ["ants"] * 10 + ["bees"] * 10
    all_ants = [("ants", ("turned",))] * 9
    (found,) = told_by_reading(all_ants, everything)
    assert found.text == (
        "9 of the 10 pictures of 'ants', and none of another class, were turned upright (EXIF). A classifier may know "
        "the class by that, and not by what the pictures show. Take or save the pictures of all classes in the "
        "same way."
    )
    assert told_by_reading(all_ants[:8], everything) == ()
    assert told_by_reading([*all_ants, ("bees", ("turned",))], everything) == ()
    assert told_by_reading(all_ants, ["ants"] * 10) == ()
    for note in NOTES:
        assert told_by_reading([("ants", (note,))] * 10, everything)[0].text.startswith(
            "10 of the 10 pictures of 'ants'"
        )


def test_opacity_in_parts_is_said() -> None:
    half = np.dstack([scene(), np.where(np.arange(60) < 20, 255, 0)[None].repeat(40, 0).astype(np.uint8)])
    assert decode_noted(half, short_side=40).notes == ("opacity",)


def test_libtiff_writes_nothing_to_the_terminal(tmp_path: Path) -> None:
    """From outside: it writes past Python, straight to the descriptor."""
    import io

    from PIL import Image

    written_out = io.BytesIO()
    Image.fromarray(scene()).save(written_out, "TIFF", compression="tiff_lzw")
    damaged = bytearray(written_out.getvalue())
    damaged[200:260] = b"\xff" * 60
    (tmp_path / "damaged.tif").write_bytes(bytes(damaged))
    loud = "from PIL import Image; import sys; Image.open(sys.argv[1]).load()"
    quiet = (
        "import sys, pathlib; from headstart.base.errors import PictureError; from headstart.pixels import decode\n"
        "try: decode(pathlib.Path(sys.argv[1]), short_side=40)\n"
        "except PictureError: pass\n"
    )
    path = str(tmp_path / "damaged.tif")
    said = [
        subprocess.run([sys.executable, "-c", code, path], capture_output=True, check=False).stderr
        for code in (loud, quiet)
    ]
    assert b"not yet in table" in said[0]  # the test can fail: libtiff does speak
    assert said[1] == b""
