"""What all pages share: their colours and types, and data that ends no element."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from headstart.base.signs import displayed


@cache
def colours() -> str:
    """Return the part of a style sheet that names the colours, light and dark, and the families of type."""
    return files("headstart.base").joinpath("pages.css").read_text(encoding="utf-8")


def json_in_page(text: str) -> str:
    """Return JSON so that it can stand in a script element: nothing is left in it that could end the element."""
    told = displayed(text)
    for sign in "<>&":
        told = told.replace(sign, f"\\u{ord(sign):04x}")
    return told
