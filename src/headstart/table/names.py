"""Names as people read them: compared in one Unicode form, and told apart where they only look alike."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from contextlib import suppress

# What programs write where a value is missing. The first are never names of classes; the others may be.
# The signs of an error are those of spreadsheets.
_ERRORS = ("#n/a", "#div/0!", "#ref!", "#value!", "#name?", "#num!", "#null!", "#error!", "#spill!", "#calc!")
MISSING = frozenset(("nan", "-nan", "null", "<na>", "nat", "#na", "#n/a n/a", "1.#qnan", "-1.#ind", *_ERRORS))
PERHAPS_MISSING = frozenset(("none", "na", "n/a", "nil", "undefined", "missing", "?", "??", "-", "--"))
# Signs of which nothing is seen although Unicode counts them as letters, marks or symbols: joiners, fillers, selectors
# of a variant, the braille blank. The ranges are those of the property Default_Ignorable_Code_Point.
_IGNORABLE = (
    (0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2800, 0x2800), (0x2065, 0x2065),
    (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0xE0000, 0xE0FFF),
)  # fmt: skip


def composed(name: str) -> str:
    """Return a name in NFC: macOS writes the same name in another form."""
    return unicodedata.normalize("NFC", name)


def as_read(name: str) -> str:
    """Return what a person takes a name for: no capitals, blanks, signs without width or full-width letters.

    Whole numbers are equal to themselves with a decimal point.
    """
    plain = unicodedata.normalize("NFKC", name).casefold()
    plain = "".join(sign for sign in plain if sign != "_" and not _unseen(sign))
    with suppress(ValueError, OverflowError):
        return repr(float(plain))
    return unicodedata.normalize("NFC", plain)


def is_blank(name: str) -> bool:
    """Return whether nothing of a name can be seen."""
    return all(_unseen(sign) for sign in name)


def visible(name: str) -> str:
    """Return a name with its unseen signs written out, blanks inside it apart."""
    inside = range(len(name) - len(name.lstrip(" ")), len(name.rstrip(" ")))
    return "".join(
        sign if _shows(sign) or (sign == " " and at in inside) else f"<U+{ord(sign):04X}>"
        for at, sign in enumerate(name)
    )


def look_alikes(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the names that differ only in what a person does not see, together, sorted."""
    alike: dict[str, list[str]] = {}
    for name in sorted(set(names)):
        alike.setdefault(as_read(name), []).append(name)
    return [tuple(same) for same in alike.values() if len(same) > 1]


def look_alike(name: str, names: Iterable[str]) -> str | None:
    """Return the first of `names` that a person would take `name` for, if it is none of them."""
    wanted = as_read(name)
    return next((other for other in sorted(names) if other != name and as_read(other) == wanted), None)


def _unseen(sign: str) -> bool:
    if sign.isspace() or unicodedata.category(sign) in ("Cf", "Cc", "Zs"):
        return True
    return sign > "\u0300" and any(first <= ord(sign) <= last for first, last in _IGNORABLE)


def _shows(sign: str) -> bool:
    return sign.isprintable() and not _unseen(sign)
