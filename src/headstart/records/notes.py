"""What is done to a picture beyond scaling it: nothing is cut, turned or converted without a note."""

from __future__ import annotations

from typing import Literal, get_args

Note = Literal[
    "beyond-white",
    "cmyk",
    "fourth-channel",
    "gamma",
    "long",
    "negative",
    "pages",
    "profile",
    "profile-ignored",
    "transparent",
    "turned",
    "white",
]
NOTES: tuple[Note, ...] = get_args(Note)
