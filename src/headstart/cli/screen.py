"""Printing: lines with roles become coloured text, answers become one JSON document."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from headstart.base.signs import clean
from headstart.records.codec import encoded
from headstart.report.lines import Line, Role, in_ascii

STYLES: dict[Role, str] = {
    "plain": "",
    "title": "bold",
    "heading": "bold",
    "winner": "bold green",
    "tied": "green",
    "faint": "bright_black",
    "warning": "yellow",
}
_STEERING = re.compile("[\x7f-\x9f]")  # JSON itself escapes only what stands before the blank
_WIDEST = 110  # a longer line is hard to read, however wide the window


@dataclass(frozen=True)
class Screen:
    """A console and the width that tables may take on it."""

    console: Console

    @classmethod
    def on_stdout(cls) -> Screen:
        """Return the screen on which answers are printed."""
        return cls(make_console(on_stderr=False))

    @classmethod
    def on_stderr(cls) -> Screen:
        """Return the screen for remarks beside an answer."""
        return cls(make_console(on_stderr=True))

    @property
    def width(self) -> int:
        """Cells that a table may take."""
        return min(self.console.width, _WIDEST)

    @property
    def answer_width(self) -> int:
        """Cells for lines that another program may read: without a bound where nobody looks."""
        return self.width if self.console.is_terminal else 100_000

    def show(self, lines: Iterable[Line]) -> None:
        """Print lines; one that is too long is left to the terminal, so that it can be copied whole."""
        for line in lines:
            self.console.print(styled(line, self.console), soft_wrap=True)

    def json(self, content: object) -> None:
        """Print a record, or plain values that may hold some, as one JSON document in UTF-8 on every terminal."""
        sys.stdout.flush()
        # A name of undecodable bytes becomes its escape, which JSON knows too; so does what steers a terminal.
        text = _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", encoded(content))
        sys.stdout.buffer.write((text + "\n").encode("utf-8", "backslashreplace"))


class QuietPipe(Console):
    """A console that leaves a closed pipe to the edge, instead of ending the process by itself."""

    def on_broken_pipe(self) -> None:
        """Raise BrokenPipeError."""
        raise BrokenPipeError


def make_console(*, on_stderr: bool) -> Console:
    """Return a console that prints text as it is: no markup, no emoji, no guessing what to highlight."""
    return QuietPipe(stderr=on_stderr, markup=False, emoji=False, highlight=False)


def styled(line: Line, console: Console) -> Text:
    """Return a line as text for `console`, in ASCII where its encoding has nothing else."""
    text = clean(line.text)
    if console.options.ascii_only:
        text = in_ascii(text)
    return Text(text, style=STYLES[line.role], no_wrap=True, overflow="ignore", end="")
