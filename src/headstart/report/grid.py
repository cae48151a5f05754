"""Grids of pictures with captions, as one PNG: a batch as the training sees it, answers beside pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from headstart.base.files import durable_writer
from headstart.base.forms import MAKER
from headstart.base.outputs import GRID, claim
from headstart.base.params import bad_parameter, check_choice, check_integer
from headstart.base.seals import sealed
from headstart.report.fonts import Font, FontBook, is_right_to_left

Mark = Literal["right", "wrong"]

MOST_TILES = 200
_MOST_COLUMNS = 8
_SIDE = 224  # of a picture, pixels
_GAP, _MARGIN = 20, 28
_CAPTION_SIZE, _SECOND_SIZE, _TITLE_SIZE = 17, 14, 26
_CAPTION_LINES, _TITLE_LINES = 2, 3
_LEADING = 1.3
_BADGE = 18
_ABOVE_CAPTION = 8
_PAPER, _INK, _SOFT_INK, _MOUNT, _RULE = "#ffffff", "#1a1a1a", "#666666", "#f1f1ef", "#dcdcd8"
# Blue and vermilion of Okabe and Ito (2008): told apart with every kind of colour blindness.
_COLOURS: dict[str, str] = {"right": "#0072b2", "wrong": "#d55e00"}
# A tick and a cross in a unit square, so that the mark does not rest on colour.
_STROKES = {
    "right": (((0.26, 0.54), (0.43, 0.71), (0.75, 0.32)),),
    "wrong": (((0.31, 0.31), (0.69, 0.69)), ((0.69, 0.31), (0.31, 0.69))),
}


@dataclass(frozen=True, eq=False)
class Tile:
    """One picture of a grid.

    Parameters
    ----------
    picture : array of uint8, (H, W, 3) or (H, W)
    caption : str
        At most two lines are shown; what is longer ends in an ellipsis.
    second : str, optional
        One smaller line below.
    mark : {"right", "wrong"}, optional
        A tick or a cross, and a coloured frame.
    """

    picture: NDArray[np.uint8]
    caption: str
    second: str | None = None
    mark: Mark | None = None


@dataclass(frozen=True)
class _Line:
    """One line of text as it is drawn."""

    text: str
    font: Font
    colour: str
    size: int
    mirrored: bool  # the whole text, of which this may be a part, runs from right to left

    @property
    def height(self) -> int:
        return round(self.size * _LEADING)


def draw_grid(
    tiles: Sequence[Tile],
    path: Path,
    *,
    columns: int | None = None,
    title: str | None = None,
    fonts: FontBook | None = None,
) -> tuple[str, ...]:
    """Draw pictures with captions into one PNG; return what a person should be told about it.

    Parameters
    ----------
    tiles : sequence of Tile
        The first `MOST_TILES` are drawn.
    path : Path
        Ends in ``.png``; its folder is made if it is missing. A grid that stands there is replaced, nothing else.
    columns : int, optional
        By default what makes the grid nearly square, at most 8.
    title : str, optional
    fonts : FontBook, optional
        By default the machine's fonts.

    Returns
    -------
    tuple of str
        Words that no font on the machine can draw and what stands for them; tiles left out.

    Raises
    ------
    ConfigError
        If there is no tile, one is not a picture, the name does not end in .png, or something else stands there.
    StoreError
        If the file cannot be written; nothing is left behind.
    """
    claim(path, GRID)
    _check(tiles)
    shown = tiles[:MOST_TILES]
    across = _columns(len(shown)) if columns is None else check_integer("columns", "draw_grid", columns, least=1)
    book = fonts or FontBook()
    sheet = _draw(shown, min(across, len(shown)), title, book)
    maker = PngInfo()  # by which it is known as ours when it is drawn again
    maker.add_text(*MAKER)
    with durable_writer(path) as temporary:
        sheet.save(temporary, "PNG", optimize=False, pnginfo=maker)
        temporary.write_bytes(sealed(temporary.read_bytes()))
    left_out = len(tiles) - len(shown)
    cut = (f"'{path.name}' shows the first {len(shown)} pictures of {len(tiles)}.",) if left_out else ()
    return (*cut, *book.notes)


def _check(tiles: Sequence[Tile]) -> None:
    if not tiles:
        raise bad_parameter("tiles", "draw_grid", "at least one tile", [])
    for tile in tiles:
        shape, dtype = tile.picture.shape, tile.picture.dtype
        if dtype != np.uint8 or len(shape) not in (2, 3) or shape[2:] not in ((), (3,)) or 0 in shape:
            raise bad_parameter("picture", "Tile", "uint8 pixels, (H, W, 3) or (H, W)", f"{dtype} {shape}")
        if tile.mark is not None:
            check_choice("mark", "Tile", tile.mark, _COLOURS)


def _columns(count: int) -> int:
    return count if count <= 4 else min(_MOST_COLUMNS, math.ceil(math.sqrt(count)))


def _draw(tiles: Sequence[Tile], across: int, title: str | None, book: FontBook) -> Image.Image:
    width = 2 * _MARGIN + across * _SIDE + (across - 1) * _GAP
    heading = _lines(title, _TITLE_SIZE, _INK, width - 2 * _MARGIN, _TITLE_LINES, book) if title else []
    texts = [_texts(tile, book) for tile in tiles]
    rows = range(0, len(tiles), across)
    least = _BADGE + 4 if any(tile.mark for tile in tiles) else 0
    depths = [max(least, *(_height(lines) for lines in texts[row : row + across])) for row in rows]
    top = _MARGIN + (_height(heading) + _GAP if heading else 0)
    height = top + sum(_SIDE + _ABOVE_CAPTION + depth + _GAP for depth in depths) - _GAP + _MARGIN
    sheet = Image.new("RGB", (width, height), _PAPER)
    _write(sheet, heading, _MARGIN, _MARGIN, width - 2 * _MARGIN)
    for row, depth in zip(rows, depths, strict=True):
        for place, (tile, lines) in enumerate(zip(tiles[row : row + across], texts[row : row + across], strict=True)):
            _draw_tile(sheet, tile, lines, _MARGIN + place * (_SIDE + _GAP), top)
        top += _SIDE + _ABOVE_CAPTION + depth + _GAP
    return sheet


def _draw_tile(sheet: Image.Image, tile: Tile, lines: Sequence[_Line], left: int, top: int) -> None:
    sheet.paste(_mounted(tile.picture), (left, top))
    edge = _RULE if tile.mark is None else _COLOURS[tile.mark]
    thick = 1 if tile.mark is None else 4
    ImageDraw.Draw(sheet).rectangle((left, top, left + _SIDE - 1, top + _SIDE - 1), outline=edge, width=thick)
    below = top + _SIDE + _ABOVE_CAPTION
    if tile.mark is None:
        _write(sheet, lines, left, below, _SIDE)
        return
    badge = _badge(tile.mark)
    mirrored = bool(lines) and lines[0].mirrored
    sheet.paste(badge, (left + _SIDE - _BADGE if mirrored else left, below + 2), badge)
    indent = _BADGE + 7
    _write(sheet, lines, left if mirrored else left + indent, below, _SIDE - indent)


def _mounted(picture: NDArray[np.uint8]) -> Image.Image:
    """Return the whole picture, its aspect kept, on a square."""
    image = Image.fromarray(np.ascontiguousarray(picture)).convert("RGB")
    scale = _SIDE / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    mount = Image.new("RGB", (_SIDE, _SIDE), _MOUNT)
    scaled = image.resize(size, Image.Resampling.BICUBIC)
    mount.paste(scaled, ((_SIDE - size[0]) // 2, (_SIDE - size[1]) // 2))
    return mount


def _badge(mark: Mark) -> Image.Image:
    """Return a tick or a cross on a disc, drawn large and made small, for smooth edges."""
    side = 8 * _BADGE
    badge = Image.new("RGBA", (side, side), _COLOURS[mark] + "00")
    pen = ImageDraw.Draw(badge)
    pen.ellipse((0, 0, side - 1, side - 1), fill=_COLOURS[mark])
    for stroke in _STROKES[mark]:
        points = [(x * side, y * side) for x, y in stroke]
        pen.line(points, fill="white", width=side // 8, joint="curve")
        for x, y in (points[0], points[-1]):  # round ends
            pen.circle((x, y), side / 16, fill="white")
    return badge.resize((_BADGE, _BADGE), Image.Resampling.LANCZOS)


def _texts(tile: Tile, book: FontBook) -> list[_Line]:
    width = _SIDE if tile.mark is None else _SIDE - _BADGE - 7
    lines = _lines(tile.caption, _CAPTION_SIZE, _INK, width, _CAPTION_LINES, book)
    if tile.second:
        lines += _lines(tile.second, _SECOND_SIZE, _SOFT_INK, width, 1, book)
    return lines


def _height(lines: Sequence[_Line]) -> int:
    return sum(line.height for line in lines)


def _write(sheet: Image.Image, lines: Sequence[_Line], left: int, top: int, width: int) -> None:
    """Write lines one below the other, all from the side where the first one's script begins."""
    pen = ImageDraw.Draw(sheet)
    x, anchor = (left + width, "rs") if lines and lines[0].mirrored else (left, "ls")
    for line in lines:
        direction = "rtl" if line.mirrored else None  # only Raqm takes one, and only it sets such letters
        place = (x, top + round(line.size * 1.05))
        pen.text(place, line.text, fill=line.colour, font=line.font, anchor=anchor, direction=direction)
        top += line.height


def _lines(text: str, size: int, colour: str, width: int, most: int, book: FontBook) -> list[_Line]:
    drawn, font = book.setting(text, size)
    mirrored = is_right_to_left(drawn)
    return [_Line(line, font, colour, size, mirrored) for line in _wrapped(drawn, font, width, most)]


def _wrapped(text: str, font: Font, width: int, most: int) -> list[str]:
    """Break a text into at most `most` lines: between words, within a word that is too long by itself."""
    lines: list[str] = []
    rest = text
    while rest and len(lines) < most:
        fits = _fitting(rest, font, width)
        if len(lines) == most - 1 and fits < len(rest):
            return [*lines, _shortened(rest, font, width)]
        space = rest.rfind(" ", 0, fits + 1)
        at = fits if fits == len(rest) or space <= 0 else space
        lines.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return lines


def _fitting(text: str, font: Font, width: int) -> int:
    """Return how many letters of `text`, at least one, fit into `width` pixels."""
    if font.getlength(text) <= width:
        return len(text)
    least, most = 1, len(text)
    while least < most - 1:
        middle = (least + most) // 2
        if font.getlength(text[:middle]) <= width:
            least = middle
        else:
            most = middle
    return least


def _shortened(text: str, font: Font, width: int) -> str:
    end = "…"
    fits = _fitting(text, font, round(width - font.getlength(end)))
    return text[:fits].rstrip() + end
