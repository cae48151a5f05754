"""Colours of the style sheet: what is written on them can be read, in light and in dark."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

SHEET = files("headstart.report.page").joinpath("templates/page.css").read_text(encoding="utf-8")
LIGHT = dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6});", SHEET.split("@media screen and (prefers")[0]))
DARK = {
    **LIGHT,
    **dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6});", SHEET.split("prefers-color-scheme: dark")[1].split("}")[0])),
}


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    shares = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_texts_and_marks_stand_out(colours: dict[str, str]) -> None:
    for ground in ("paper", "card"):
        for text in ("ink", "soft", "accent", "good", "bad"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
        for mark in range(6):
            assert contrast(colours[f"c{mark}"], colours[ground]) >= 3, (mark, ground)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("kind", ["hit", "miss"])
@pytest.mark.parametrize("level", range(1, 7))
def test_numbers_of_the_matrix_can_be_read(colours: dict[str, str], kind: str, level: int) -> None:
    text = "#10151a" if (kind, level) == ("miss", 5) else colours["ink"] if level < 3 else colours[f"on{level}"]
    assert contrast(text, colours[f"{kind}{level}"]) >= 4.5
