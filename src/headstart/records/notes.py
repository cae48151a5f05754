"""What is done to a picture beyond scaling it: nothing is cut, turned or converted without a note."""

from __future__ import annotations

from typing import Literal, get_args

Note = Literal[
    "beyond-white",
    "cmyk",
    "dim",
    "elongated",
    "fourth-channel",
    "gamma",
    "long",
    "negative",
    "opacity",
    "pages",
    "profile",
    "profile-ignored",
    "transparent",
    "turned",
    "white",
]
"""`elongated`: more than twice as long as wide, of which a crop shows less than half."""
NOTES: tuple[Note, ...] = get_args(Note)
