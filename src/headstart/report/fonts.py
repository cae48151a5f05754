"""Fonts for drawn text: one that holds every letter is looked for on the machine; boxes are never drawn.

Right-to-left and joining scripts need Pillow's Raqm layout (bundled in its wheels; FriBiDi is loaded
from the system). A word that no font here can draw is replaced by a number in brackets, and `notes`
tells which word each number stands for.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path

from PIL import ImageFont, features

from headstart.base.files import home_folder

Font = ImageFont.FreeTypeFont

# By script: Latin, Greek and Cyrillic; Arabic and Persian; Hangul and other East Asian. First found, first asked.
_PREFERRED = (
    ("notosans-regular.ttf", "dejavusans.ttf", "liberationsans-regular.ttf", "segoeui.ttf", "arial.ttf"),
    (
        "vazirmatn-regular.ttf",
        "notosansarabic-regular.ttf",
        "notonaskharabic-regular.ttf",
        "geezapro.ttc",
        "tahoma.ttf",
    ),
    ("notosanskr-regular.otf", "notosanscjk-regular.ttc", "nanumgothic.ttf", "malgun.ttf", "applesdgothicneo.ttc"),
    ("arial unicode.ttf", "helvetica.ttc", "freesans.ttf", "unifont.ttf"),
)
_RANK = {name: place for place, name in enumerate(name for names in _PREFERRED for name in names)}
_SUFFIXES = (".ttf", ".ttc", ".otf")
_BOXES_ON_PURPOSE = ("lastresort", "adobeblank")
_MOST_TRIED = 500
_PROBE_SIZE = 24
_JOINERS = "\u200c\u200d"  # part of the spelling in Persian and others


class FontBook:
    """Finds fonts for texts, and remembers the words that have none.

    Parameters
    ----------
    folders : sequence of Path, optional
        Where to look; by default the system's and the user's font folders.
    """

    def __init__(self, folders: Sequence[Path] | None = None) -> None:
        self._files = list(_font_files(_system_folders() if folders is None else folders))
        self._numbers: dict[str, int] = {}
        self._raqm = bool(features.check("raqm"))

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence for every word that had to be replaced by a number."""
        return tuple(self._note(word, number) for word, number in self._numbers.items())

    def _note(self, word: str, number: int) -> str:
        if any(self._covers(file, word) for file in self._candidates()):
            why = "no single font found here has both this word and the words next to it"
        else:
            why = "no font found here can draw it"
        cure = "Install a font with its letters, such as Noto Sans"
        if not self._raqm:
            cure += ", and FriBiDi for right-to-left scripts"
        return f"'{word}' is shown as [{number}]: {why}. {cure}."

    def setting(self, text: str, size: int) -> tuple[str, Font]:
        """Return the text as it can be drawn, and the font for it, `size` pixels high."""
        text = _clean(text)
        for file in self._candidates():
            if self._covers(file, text):
                return text, _load(file, size)
        # No font has all of it: the one that has most words, and numbers for the others.
        words = text.split(" ")
        best = max(self._candidates(), key=lambda file: sum(self._covers(file, word) for word in words))
        drawn = (word if self._covers(best, word) else self._numbered(word) for word in words)
        return " ".join(drawn), _load(best, size)

    def _candidates(self) -> list[Path | None]:
        """Return the fonts found, and last Pillow's own (None), which has Latin letters."""
        return [*self._files[:_MOST_TRIED], None]

    def _covers(self, file: Path | None, text: str) -> bool:
        if not self._raqm and any(_needs_shaping(letter) for letter in text):
            return False
        return all(_has_glyph(file, letter) for letter in text)

    def _numbered(self, word: str) -> str:
        return f"[{self._numbers.setdefault(word, len(self._numbers) + 1)}]"


def is_right_to_left(text: str) -> bool:
    """Whether the first letter with a direction runs from right to left."""
    for letter in text:
        direction = unicodedata.bidirectional(letter)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


def _clean(text: str) -> str:
    """Return the text composed, on one line, without marks that would turn its direction."""
    text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))
    kept = (letter for letter in text if letter in _JOINERS or unicodedata.category(letter) != "Cf")
    return " ".join("".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in kept).split())


def _needs_shaping(letter: str) -> bool:
    return unicodedata.bidirectional(letter) in ("R", "AL") or unicodedata.category(letter) in ("Mn", "Mc")


@cache
def _has_glyph(file: Path | None, letter: str) -> bool:
    """Whether a font draws a letter otherwise than it draws a code point that can have no letter."""
    if letter in _JOINERS or letter.isspace():
        return True
    try:
        drawn, nothing = _shape(file, letter), _shape(file, "\U0010ffff")
    except OSError:  # not a font, or one without outlines of this size
        return False
    return drawn != nothing and drawn[1] != b""


def _shape(file: Path | None, letter: str) -> tuple[tuple[int, int], bytes]:
    mask = _load(file, _PROBE_SIZE, ImageFont.Layout.BASIC).getmask(letter)
    return mask.size, bytes(mask)


@lru_cache(maxsize=32)  # every font holds its file open
def _load(file: Path | None, size: int, layout: ImageFont.Layout | None = None) -> Font:
    if file is not None:
        return ImageFont.truetype(str(file), size, layout_engine=layout)
    font = ImageFont.load_default(size)
    if not isinstance(font, Font):  # Pillow built without FreeType: no wheel is
        raise OSError("Pillow lacks FreeType")
    return font


def _font_files(folders: Sequence[Path]) -> Iterator[Path]:
    """Yield the font files below `folders`: the preferred ones, then regular ones, then the rest."""
    found = (
        Path(folder, name)
        for top in folders
        for folder, _, names in os.walk(top)
        for name in names
        if name.lower().endswith(_SUFFIXES) and not name.lower().startswith(_BOXES_ON_PURPOSE)
    )
    yield from sorted(found, key=_order)


def _order(file: Path) -> tuple[int, bool, str]:
    name = file.name.lower()
    odd = any(word in name for word in ("bold", "italic", "oblique", "light", "thin", "black", "mono", "condensed"))
    return _RANK.get(name, len(_RANK)), odd, str(file)


def _system_folders() -> list[Path]:
    home = home_folder() or Path("/")
    if sys.platform == "win32":
        local = Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
        return [Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts", local / "Microsoft" / "Windows" / "Fonts"]
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts"]
    share = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), share / "fonts", home / ".fonts"]
