"""Colours of the style sheet: what is written on them can be read, in light and in dark."""

from __future__ import annotations

import itertools
import re
from importlib.resources import files

import numpy as np
import pytest

from headstart.report.page.svg import COLOURS

SHEET = "".join(
    files(package).joinpath(name).read_text(encoding="utf-8")
    for package, name in (("headstart.base", "pages.css"), ("headstart.report.page", "templates/page.css"))
)
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
        for mark in range(COLOURS):
            assert contrast(colours[f"c{mark}"], colours[ground]) >= 3, (mark, ground)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("kind", ["hit", "miss"])
@pytest.mark.parametrize("level", range(1, 7))
def test_numbers_of_the_matrix_can_be_read(colours: dict[str, str], kind: str, level: int) -> None:
    text = "#10151a" if (kind, level) == ("miss", 5) else colours["ink"] if level < 3 else colours[f"on{level}"]
    assert contrast(text, colours[f"{kind}{level}"]) >= 4.5


# Machado, Oliveira, Fernandes 2009, "A Physiologically-based Model for Simulation of Color Vision Deficiency", for who
# lacks one kind of cone, on linear red, green and blue.
SEEN = {
    "all cones": np.eye(3),
    "no long": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "no middle": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    ),
    "no short": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]]
    ),
}
# Ottosson 2020, "A perceptual color space for image processing" (Oklab).
CONES = np.array(
    [[0.41222147, 0.53633254, 0.05144599], [0.2119035, 0.68069955, 0.10739696], [0.08830246, 0.28171884, 0.6299787]]
)
OKLAB = np.array(
    [[0.21045426, 0.79361779, -0.00407205], [1.9779985, -2.42859221, 0.45059371], [0.02590404, 0.78277177, -0.80867577]]
)


def oklab(colour: str, seen: np.ndarray) -> np.ndarray:
    """Return a colour as it is seen, in a space where equal distances look equal."""
    shares = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    return OKLAB @ np.cbrt(CONES @ np.clip(seen @ linear, 0, 1))


@pytest.mark.parametrize("kind", SEEN)
@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_the_two_newest_colours_are_told_from_all_others_also_by_the_colour_blind(
    colours: dict[str, str], kind: str
) -> None:
    marks = [colours[f"c{at}"] for at in range(COLOURS)]
    for one, other in itertools.combinations(marks, 2):
        if other in marks[-2:]:
            assert np.linalg.norm(oklab(one, SEEN[kind]) - oklab(other, SEEN[kind])) > 0.1, (one, other)


def test_the_sheet_has_every_colour_for_signs_and_lines() -> None:
    assert {int(at) for at in re.findall(r"\.c(\d) \{", SHEET)} == set(range(COLOURS))
    assert {int(at) for at in re.findall(r"\.s(\d) \{", SHEET)} == set(range(COLOURS))
