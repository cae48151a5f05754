"""Signs that steer: names and texts are shown without them, on a terminal and on a page."""

from __future__ import annotations

import unicodedata

_STEERING = ("Cc", "Cs", "Zl", "Zp")
_OPENS, _CLOSES = "\u2068", "\u2069"  # around names in our own sentences: they turn nothing outside
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # "gpj.exe" would read "exe.jpg"


def clean(text: str) -> str:
    """Return `text` without what steers a terminal or turns its order: control signs, lone surrogates, line breaks."""
    return "".join("?" if unicodedata.category(sign) in _STEERING or sign in _TURNING else sign for sign in text)


def displayed(text: str, *, lines: bool = False) -> str:
    """Return `text` as `clean` does, for pages: what isolates a name from its sentence stays, if it is in pairs.

    `lines`: line breaks stay too.
    """
    kept = {_OPENS, _CLOSES} if _in_pairs(text) else set()
    kept |= {"\n"} if lines else set()
    return "".join(sign if sign in kept else clean(sign) for sign in text)


def _in_pairs(text: str) -> bool:
    depth = 0
    for sign in text:
        depth += (sign == _OPENS) - (sign == _CLOSES)
        if depth not in (0, 1):
            return False
    return depth == 0
