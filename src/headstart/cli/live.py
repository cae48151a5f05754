"""Listeners to long jobs: a live view on a terminal, plain lines elsewhere, silence on request."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from headstart.cli.rows import Track, bar_line, epoch_heads, epoch_line, result_line, score_text, step_line
from headstart.cli.screen import make_console, styled
from headstart.records.progress import Progress
from headstart.records.run import RunRecord
from headstart.records.training import Epoch
from headstart.report.lines import Line, Role, wrap

Clock = Callable[[], float]


def listener(*, quiet: bool) -> AbstractContextManager[Progress]:
    """Return the listener that suits stderr: live on a terminal, plain lines in a file or a pipe."""
    console = make_console(on_stderr=True)
    if quiet:
        return QuietProgress(console)
    if console.is_terminal and not console.is_dumb_terminal:
        return LiveProgress(console)
    return PlainProgress(console)


class Opened:
    """A step under way, as working code holds it; it counts under the listener's lock."""

    def __init__(self, listener: _Listener, track: Track) -> None:
        self._listener, self._track = listener, track

    def __enter__(self) -> Self:
        self._listener.opened(self._track)
        return self

    def __exit__(self, *details: object) -> None:
        self._listener.closed(self._track, well=details[0] is None)

    def advance(self, count: int = 1) -> None:
        """Say that `count` more units are done."""
        self._listener.advanced(self._track, count)


class _Listener:
    """What both listeners share: open steps, the run whose epochs are shown, finished runs."""

    def __init__(self, console: Console, *, clock: Clock = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._lock = threading.RLock()
        self._open: list[Track] = []
        self._runs: list[RunRecord] = []
        self._run = ""

    def step(self, name: str, total: int, unit: str = "pictures") -> Opened:
        """Open a step of `total` units."""
        return Opened(self, Track(name, total, unit, self._clock()))

    def opened(self, track: Track) -> None:
        """Show a step from now on."""
        with self._lock:
            track.began = track.shown = self._clock()
            self._open.append(track)

    def advanced(self, track: Track, count: int) -> None:
        """Count on."""
        with self._lock:
            track.done += count
            self._went_on(track)

    def closed(self, track: Track, *, well: bool) -> None:
        """Take a step from view; one that ended well and stands on its own leaves a line.

        A step called ``run: …`` is part of a run, whose epochs and result tell about it.
        """
        with self._lock:
            self._open.remove(track)
            if well and not self._open and ": " not in track.name:
                track.done = track.done or track.total
                self._say(step_line(track, self._clock()), "faint")

    def message(self, text: str) -> None:
        """Say one line."""
        with self._lock:
            for part in text.splitlines():
                for line in wrap(part, self._width, rest="  "):
                    self._say(line)

    def epoch(self, run: str, record: Epoch) -> None:
        """Print the epoch's line, under the run's name and titles when it is the run's first."""
        with self._lock:
            if run != self._run:
                self._run = run
                self._say(run, "heading")
                self._say(epoch_heads(self._width), "faint")
            self._say(epoch_line(record, self._width))

    def result(self, record: RunRecord) -> None:
        """Remember a finished run; the same run told again takes its old place."""
        with self._lock:
            self._runs = [run for run in self._runs if run.id != record.id] + [record]
            self._finished(record)

    @property
    def _width(self) -> int:
        return min(self._console.width, 110)

    def _say(self, text: str, role: Role = "plain") -> None:
        self._console.print(styled(Line(text, role), self._console), soft_wrap=True)

    def _went_on(self, track: Track) -> None:
        """Hear that a step went on."""

    def _finished(self, record: RunRecord) -> None:
        """Hear that a run ended."""


class QuietProgress(_Listener):
    """Nobody listens."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        return None

    def _say(self, text: str, role: Role = "plain") -> None:
        """Say nothing."""


class LiveProgress(_Listener):
    """The live view: finished runs so far, and below them the step under way.

    Finished steps and epochs scroll away above it and stay; the view itself is gone at the end.
    """

    def __enter__(self) -> Self:
        self._live = Live(
            get_renderable=self.render, console=self._console, refresh_per_second=8, transient=True, screen=False
        )
        self._live.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._live.stop()

    def render(self) -> RenderableType:
        """Return what stands below the scrolled lines at this moment."""
        with self._lock:
            parts = [styled(line, self._console) for line in self._table()]
            now = self._clock()
            parts += [self._bar(track, now) for track in self._open[-3:]]
        for part in parts:
            part.end = "\n"
        return Group(*parts)

    def _table(self) -> list[Line]:
        if not self._runs:
            return []
        from headstart.report.standing import Standing  # of comparisons, which one picture does not wait for
        from headstart.report.strategies import table_of

        room = max(self._console.height - 8, 3)
        order = Standing.so_far(self._runs)
        rows = table_of(order, width=self._width)[: len(self._runs) + 1]
        lines = [Line(""), *rows[:room]]
        if len(rows) > room:
            lines.append(Line(f"  … and {len(rows) - room} more", "faint"))
        return [*lines, Line(f"  best so far: {score_text(order.runs[0], order)}", "winner"), Line("")]

    def _bar(self, track: Track, now: float) -> Text:
        line = styled(Line(bar_line(track, now, self._width), "plain"), self._console)
        line.highlight_regex("━+|#+", "cyan")
        return line


class PlainProgress(_Listener):
    """Plain lines: every step at its end, every epoch, and a sign of life at least every ten seconds."""

    def __init__(self, console: Console, *, clock: Clock = time.monotonic, pause: float = 10.0) -> None:
        super().__init__(console, clock=clock)
        self._pause = pause
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._stay_alive, name="headstart progress", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._over.set()
        self._thread.join()

    def _say(self, text: str, role: Role = "plain") -> None:
        super()._say(text, role)
        self._console.file.flush()  # a log that is followed shows each line at once
        for track in self._open:
            track.shown = self._clock()

    def _went_on(self, track: Track) -> None:
        now = self._clock()
        if now - track.shown >= self._pause and track is self._open[-1]:
            self._say(bar_line(track, now, self._width), "faint")

    def _finished(self, record: RunRecord) -> None:
        from headstart.report.standing import Standing

        for line in wrap(result_line(record, Standing.so_far(self._runs)), self._width, rest="  "):
            self._say(line, "heading")

    def _stay_alive(self) -> None:
        """Speak for steps that count nothing for a long time."""
        while not self._over.wait(self._pause / 4):
            with self._lock:
                if self._open:
                    with suppress(BrokenPipeError):  # the working thread will meet it too
                        self._went_on(self._open[-1])
