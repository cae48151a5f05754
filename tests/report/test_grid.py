"""Drawn grids: everything shown, nothing written over its neighbour, no letter as a box."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from headstart.base.errors import ConfigError, StoreError
from headstart.base.forms import MAKER
from headstart.report import fonts
from headstart.report.fonts import FontBook, is_right_to_left
from headstart.report.grid import _GAP, _MARGIN, _SIDE, MOST_TILES, Mark, Tile, _wrapped, draw_grid

PERSIAN, KOREAN = "زنبور قهوه‌ای", "개미와 벌"
NO_FONTS = FontBook([])


def picture(seed: int = 0, height: int = 30, width: int = 40) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 200, (height, width, 3), dtype=np.uint8)


def drawn(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def ink(sheet: np.ndarray) -> np.ndarray:
    return (sheet < 250).any(axis=2)


def test_a_grid_holds_every_picture_whole(tmp_path: Path) -> None:
    colours = [(200, 0, 0), (0, 200, 0), (0, 0, 200), (200, 200, 0), (0, 200, 200)]
    tiles = [Tile(np.full((30, 60, 3), colour, np.uint8), f"picture {row}") for row, colour in enumerate(colours)]
    path = tmp_path / "new folder" / "그림.png"
    assert draw_grid(tiles, path, title="Five") == ()
    sheet = drawn(path)
    assert sheet.shape[1] == 2 * _MARGIN + 3 * _SIDE + 2 * _GAP
    for colour in colours:
        area = (sheet == colour).all(axis=2).sum()
        assert area == pytest.approx(_SIDE * _SIDE / 2, rel=0.02)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_the_same_tiles_give_the_same_file(tmp_path: Path) -> None:
    tiles = [Tile(picture(row), "a", "b", "wrong") for row in range(3)]
    for name in ("a.png", "b.png"):
        draw_grid(tiles, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize(("count", "across"), [(1, 1), (4, 4), (5, 3), (16, 4), (100, 8)])
def test_columns_follow_the_number_of_tiles(tmp_path: Path, count: int, across: int) -> None:
    draw_grid([Tile(picture(), "")] * count, tmp_path / "grid.png")
    assert drawn(tmp_path / "grid.png").shape[1] == 2 * _MARGIN + across * _SIDE + (across - 1) * _GAP


def test_a_grid_that_somebody_drew_on_is_not_replaced(tmp_path: Path) -> None:
    draw_grid([Tile(picture=picture(), caption="a")], tmp_path / "a.png")
    draw_grid([Tile(picture=picture(), caption="b")], tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        maker = PngInfo()
        maker.add_text(*MAKER)
        for name, text in image.text.items():  # type: ignore[attr-defined] # an editor that keeps all texts
            maker.add_text(name, text)
        image.transpose(Image.Transpose.ROTATE_180).save(tmp_path / "a.png", pnginfo=maker)
    with pytest.raises(ConfigError, match="was changed since"):
        draw_grid([Tile(picture=picture(), caption="a")], tmp_path / "a.png")


def test_columns_can_be_chosen(tmp_path: Path) -> None:
    for columns, across in ((2, 2), (9, 3)):
        draw_grid([Tile(picture(), "")] * 3, tmp_path / "grid.png", columns=columns)
        assert drawn(tmp_path / "grid.png").shape[1] == 2 * _MARGIN + across * _SIDE + (across - 1) * _GAP


@pytest.mark.parametrize("mark", ["right", "wrong", None])
@pytest.mark.parametrize("caption", ["word " * 60, "W" * 400, "ا" * 400, PERSIAN * 20, "", " ", "a\nb\tc"])
def test_no_text_leaves_its_tile(tmp_path: Path, mark: Mark | None, caption: str) -> None:
    tiles = [Tile(picture(), caption, caption, mark)] * 2
    draw_grid(tiles, tmp_path / "grid.png", title=caption)
    marked = ink(drawn(tmp_path / "grid.png"))
    assert not marked[:, :_MARGIN].any()
    assert not marked[:, -_MARGIN:].any()
    assert not marked[-_MARGIN + 2 :].any()
    below = marked.shape[0] - _MARGIN - _SIDE // 2  # the title may cross the gap, the tiles may not
    assert not marked[below:, _MARGIN + _SIDE : _MARGIN + _SIDE + _GAP].any()


def test_long_captions_end_in_an_ellipsis_and_short_ones_do_not() -> None:
    text, font = NO_FONTS.setting("Ram C-V Cargo Van Minivan 2012 with a long name", 17)
    lines = _wrapped(text, font, 160, 2)
    assert len(lines) == 2
    assert lines[0] == "Ram C-V Cargo Van"
    assert lines[1].endswith("…")
    assert all(font.getlength(line) <= 160 for line in lines)
    assert _wrapped("bees 0.97", font, 160, 2) == ["bees 0.97"]
    assert "".join(_wrapped("x" * 40, font, 160, 9)) == "x" * 40


def test_right_and_wrong_differ_without_colour(tmp_path: Path) -> None:
    flat = np.full((50, 50, 3), 120, np.uint8)
    greys = {}
    marks: tuple[Mark | None, ...] = ("right", "wrong", None)
    for mark in marks:
        draw_grid([Tile(flat, "", None, mark)], tmp_path / "grid.png")
        greys[mark] = drawn(tmp_path / "grid.png")[_MARGIN + _SIDE :, :, :]
    white_inside = {mark: (sheet > 200).all(axis=2) for mark, sheet in greys.items()}
    assert (white_inside["right"] ^ white_inside["wrong"]).sum() > 20
    assert white_inside[None].all()


def test_right_to_left_captions_stand_on_the_right(tmp_path: Path) -> None:
    book = FontBook()
    book.setting(PERSIAN, 17)
    if book.notes:
        pytest.skip("no font with Persian letters on this machine, or Pillow without Raqm")
    for caption, right in ((PERSIAN, True), ("bees", False)):
        assert draw_grid([Tile(picture(), caption)], tmp_path / "grid.png") == ()
        columns = np.nonzero(ink(drawn(tmp_path / "grid.png"))[_MARGIN + _SIDE + 2 :].any(axis=0))[0]
        assert (columns.mean() > _MARGIN + _SIDE / 2) == right


def test_persian_letters_are_joined() -> None:
    book = FontBook()
    text, font = book.setting("مورچه", 30)
    if book.notes:
        pytest.skip("no font with Persian letters on this machine, or Pillow without Raqm")
    assert font.getlength(text) < sum(font.getlength(letter) for letter in text)


def test_words_without_a_font_become_numbers_that_are_told(tmp_path: Path) -> None:
    book = FontBook([])
    tiles = [Tile(picture(), "개미 0.97", "bees"), Tile(picture(), "벌 0.51", "is 개미")]
    notes = draw_grid(tiles, tmp_path / "grid.png", fonts=book)
    assert [note.split(":")[0] for note in notes] == ["'개미' is shown as [1]", "'벌' is shown as [2]"]
    assert "Noto Sans" in notes[0]
    assert book.setting("벌 and 개미", 17)[0] == "[2] and [1]"


def test_without_raqm_joining_scripts_are_not_drawn_wrongly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts.features, "check", lambda name: False)
    book = FontBook()
    assert book.setting(f"{PERSIAN} 0.97", 17)[0] == "[1] [2] 0.97"
    assert "FriBiDi" in book.notes[0]


def test_files_that_are_no_fonts_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "DejaVuSans.ttf").write_bytes(b"not a font")
    (tmp_path / "empty.otf").touch()
    book = FontBook([tmp_path, tmp_path / "absent"])
    assert book.setting("bees", 17)[0] == "bees"
    assert book.notes == ()


def test_decomposed_names_are_drawn_composed() -> None:
    book = FontBook()
    shown, _ = book.setting("cafe\u0301", 17)  # as macOS hands out file names
    assert "café" in (shown, *(note.split("'")[1] for note in book.notes))


def test_marks_that_turn_the_direction_are_left_out() -> None:
    assert NO_FONTS.setting("a\u202egpj.exe", 17)[0] == "agpj.exe"


@given(text=st.text(st.characters(max_codepoint=0x2FFF), max_size=12))
@settings(max_examples=60, deadline=None)
def test_whatever_is_set_has_a_glyph_for_every_letter(text: str) -> None:
    book = FontBook([])
    shown, font = book.setting(text, 17)
    nothing = bytes(font.getmask("\U0010ffff"))
    for letter in shown:
        assert letter == " " or bytes(font.getmask(letter)) != nothing


def test_undecodable_names_are_drawn(tmp_path: Path) -> None:
    draw_grid([Tile(picture(), b"caf\xe9.jpg".decode("utf-8", "surrogateescape"))], tmp_path / "grid.png")
    assert (tmp_path / "grid.png").is_file()


def test_direction_is_that_of_the_first_letter_with_one() -> None:
    assert is_right_to_left("1. " + PERSIAN)
    assert not is_right_to_left("bees " + PERSIAN)
    assert not is_right_to_left("0.97")


def test_too_many_tiles_are_cut_and_that_is_told(tmp_path: Path) -> None:
    notes = draw_grid([Tile(picture(), "")] * (MOST_TILES + 3), tmp_path / "grid.png")
    assert notes == (f"'grid.png' shows the first {MOST_TILES} pictures of {MOST_TILES + 3}.",)


def test_grey_pictures_and_single_pixels_are_drawn(tmp_path: Path) -> None:
    tiles = [Tile(np.full((9, 9), 77, np.uint8), ""), Tile(np.zeros((1, 1, 3), np.uint8), "")]
    draw_grid(tiles, tmp_path / "grid.png")
    assert ((drawn(tmp_path / "grid.png") == 77).all(axis=2)).sum() > 0.9 * _SIDE * _SIDE


@pytest.mark.parametrize(
    ("tiles", "name", "columns", "said"),
    [
        ([], "grid.png", None, "at least one tile"),
        ([Tile(picture(), "")], "grid.jpg", None, r"must end in \.png"),
        ([Tile(picture(), "")], "grid.png", 0, "columns"),
        ([Tile(picture().astype(np.float32), "")], "grid.png", None, "uint8"),  # type: ignore[arg-type]
        ([Tile(picture()[:0], "")], "grid.png", None, "uint8"),
        ([Tile(picture(), "", None, "maybe")], "grid.png", None, "right, wrong"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_drawn_is_refused(
    tmp_path: Path, tiles: list[Tile], name: str, columns: int | None, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        draw_grid(tiles, tmp_path / name, columns=columns)
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"grid\.png"):
        draw_grid([Tile(picture(), "")], tmp_path / "file" / "grid.png")
