"""What a reader must know of a result or of the data: a code for programs, and a sentence for people."""

from __future__ import annotations

from typing import Literal

import msgspec

from headstart.records.record import Real, Record


class Finding(Record):
    """Something that was found.

    Parameters
    ----------
    code : str
        What it is, such as ``"near-chance"``; `headstart.words.findings` lists them.
    severity : str
        ``"note"``, ``"warning"`` or ``"error"``.
    subject : str
        The run, split or class that it is about; empty: all of it.
    numbers : mapping of str to float
        The figures in the sentence.
    pictures : tuple of str
        Paths of the pictures that it is about.
    text : str
        The sentence.
    """

    code: str
    text: str
    severity: Literal["note", "warning", "error"] = "warning"
    subject: str = ""
    numbers: dict[str, Real] = msgspec.field(default_factory=dict)
    pictures: tuple[str, ...] = ()
