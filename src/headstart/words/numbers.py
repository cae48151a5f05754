"""Numbers and lists inside sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_SPLITS = {
    "val": "validation picture",
    "test": "test picture",
    "train": "training picture",
    "training": "training picture",
}


def joined(names: Sequence[str]) -> str:
    """Return for example "knn, linear and svm"."""
    return " and ".join([part for part in (", ".join(names[:-1]), names[-1]) if part])


def number_text(count: int) -> str:
    """Return a small number as a word."""
    return _NUMBERS[count] if count < len(_NUMBERS) else f"{count:,}"


def counted(count: int, name: str) -> str:
    """Return for example "153 pictures" or "1 picture"."""
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def picture_of(split: str) -> str:
    """Return for example "validation picture"."""
    return _SPLITS.get(split, "picture")


def pictures_of(split: str, count: int) -> str:
    """Return for example "153 validation pictures"."""
    return counted(count, picture_of(split))


def percent(share: float) -> str:
    """Return a share as a whole percentage; 0 and 100 are only what is exactly so."""
    whole = round(100 * share)
    if whole == 100 and share < 1:
        return "over 99 %"
    if whole == 0 and share > 0:
        return "under 1 %"
    return f"{whole} %"


def percent_text(share: float) -> str:
    """Return an accuracy as tables have it, for example "86.7 %"."""
    return f"{100 * share:.1f} %" if 0 < share < 1 else f"{100 * share:.0f} %"


def percents(interval: Sequence[float]) -> str:
    """Return an interval of shares, for example "85 to 94 %"."""
    low, high = interval
    return f"{100 * low:.0f} to {100 * high:.0f} %"


def p_text(p: float) -> str:
    """Return "p = 0.63", with two significant figures where it is small."""
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.2f}" if p >= 0.1 else f"p = {p:.2g}"


def rounded(pictures: int) -> int:
    """Return the number with one figure, two if it begins with 1: it is a forecast, not a count."""
    digits = str(pictures)
    size = int(10 ** max(0, len(digits) - (2 if digits[0] == "1" else 1)))
    return math.ceil(pictures / size) * size
