"""Cells of tables that a spreadsheet opens: what it would take for a formula is made plain text, and read back."""

from __future__ import annotations

import re

_FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")  # the wide ones: a spreadsheet that is set to Japanese takes them too


def harmless(text: str) -> str:
    """Return `text` so that a spreadsheet shows it and runs nothing: after an apostrophe, which stands for "text"."""
    return f"'{text}" if _FORMULA.match(text) else text


def harmless_path(path: str) -> str:
    """Return a path so that a spreadsheet runs nothing and it still leads to the same file."""
    return f"./{path}" if _FORMULA.match(path) else path


def as_meant(cell: str) -> str:
    """Return the text that `harmless` has written."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
