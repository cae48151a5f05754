"""What a command has at hand: a tuned process, the API (imported late), progress, and a screen."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from headstart.base.process import tune_process

if TYPE_CHECKING:
    from headstart.cli.screen import Screen
    from headstart.records.progress import Progress
    from headstart.report.lines import Line


@dataclass(frozen=True)
class Session:
    """One command under way.

    Parameters
    ----------
    verbs : module or object
        What offers `compare`, `fit`, `predict` and the others: ``headstart.api``, or a test's stand-in.
    screen : Screen
        Where the answer goes: stdout.
    aside : Screen
        Where remarks go that are no part of an answer: stderr.
    quiet : bool
        No progress. It goes to stderr, so that ``headstart compare … > answer.txt`` holds the answer alone.
    """

    verbs: Any
    screen: Screen
    aside: Screen
    quiet: bool

    def tell(
        self, found: object, lines: Callable[..., list[Line]], *, as_json: bool, after: Sequence[Line] = ()
    ) -> None:
        """Print an answer: as JSON, or as the lines that `lines` makes of it in the screen's width."""
        if as_json:
            self.screen.json(found)
        else:
            self.screen.show([*lines(found, width=self.screen.width), *after])

    @contextmanager
    def working(self) -> Iterator[Progress]:
        """Yield the listener for a long job; what it draws is gone when the job ends."""
        from headstart.cli.live import listener

        with listener(quiet=self.quiet) as progress:
            yield progress

    def afterwards(self, work: Callable[[Progress], object]) -> None:
        """Do something for the next time, after the answer stands: whatever becomes of it takes nothing from that."""
        from headstart.base.errors import HeadstartError
        from headstart.report.lines import Line

        sys.stdout.flush()
        try:
            with self.working() as progress:
                work(progress)
        except HeadstartError as error:  # such as a cache that cannot be written
            self.aside.show([Line(f"The next run will be no faster: {error.message}")])
        except Exception as error:  # noqa: BLE001 - the answer was given: whatever stumbles here must not look like it
            self.aside.show([Line(f"The next run will be no faster: {error}")])
        except KeyboardInterrupt:  # as good as done: the answer stands
            return


def open_session(
    ctx: typer.Context,
    *,
    threads: int | None = None,
    quiet: bool = False,
) -> Session:
    """Set the process up, then import what is heavy; the one place where both happen.

    Threads and allocator must be told before torch is imported, so nothing above this line may import it.
    """
    tune_process(threads=threads)
    verbs = ctx.obj if ctx.obj is not None and hasattr(ctx.obj, "compare") else _api()
    from headstart.cli.screen import Screen

    return Session(verbs, Screen.on_stdout(), Screen.on_stderr(), quiet)


def _api() -> Any:
    from headstart import api

    return api
