"""The edge of the command line: whatever goes wrong below becomes one line, one hint and an exit code."""

from __future__ import annotations

import errno
import io
import os
import signal
import stat
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import typer

from headstart.base.errors import DataError, HeadstartError, StoreError, says_out_of_memory
from headstart.base.files import store_error

# 128 + the number of SIGINT, SIGTERM, SIGHUP and SIGPIPE, as shells say it
INTERRUPTED, TERMINATED, HUNG_UP, PIPE_CLOSED, BUG = 130, 143, 129, 141, 1

_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
_RIGHTS = "Ask for permission to read (or write) there, or name another place."
_REPORT = (
    "This is a bug in headstart. HEADSTART_DEBUG=1 before the same command shows where it happened; "
    "please report what it says."
)


class Stopped(KeyboardInterrupt):
    """A command was asked to end in another way than by Ctrl-C; `code` is its exit code."""

    code = INTERRUPTED


class Terminated(Stopped):
    """The process was asked to end (SIGTERM): a scheduler's or a service's Ctrl-C."""

    code = TERMINATED


class HungUp(Stopped):
    """The terminal was closed (SIGHUP), or a connection to another machine broke."""

    code = HUNG_UP


def end_when_asked() -> None:
    """Let SIGTERM and SIGHUP end a command as Ctrl-C does: what it was writing is dropped; it says if it continues.

    Whoever started it with ``nohup`` wants it to go on when the terminal is closed: then SIGHUP stays ignored.
    """

    def ended(_number: int, _frame: FrameType | None) -> None:
        raise Terminated

    def hung_up(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)  # the shell and the system may both send one
        _silence_closed_terminals()
        raise HungUp

    signal.signal(signal.SIGTERM, ended)
    hangup = getattr(signal, "SIGHUP", None)  # Windows has none
    if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:
        signal.signal(hangup, hung_up)


@contextmanager
def errors_shown(*, continues: bool = False) -> Iterator[None]:
    """Turn every error inside into its message on stderr and an exit code; a traceback only for debugging.

    Parameters
    ----------
    continues : bool
        Whether the same command would go on where it was stopped.

    Raises
    ------
    typer.Exit
        With the error's exit code.
    """
    try:
        yield
        sys.stdout.flush()  # a pipe that was closed early shows here, not when Python ends
    except (typer.Exit, typer.Abort):
        raise
    except HeadstartError as error:
        complain(error.message, error.hint)
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt as error:
        complain("Stopped; the same command continues." if continues else "Stopped.", colour=typer.colors.YELLOW)
        raise typer.Exit(error.code if isinstance(error, Stopped) else INTERRUPTED) from error
    except BrokenPipeError as error:
        _silence_stdout()
        raise typer.Exit(PIPE_CLOSED) from error
    except Exception as error:
        message, hint, code = _explain(error)
        complain(message, hint)
        raise typer.Exit(code) from error


def complain(message: str, hint: str = "", *, colour: str = typer.colors.RED) -> None:
    """Say on stderr what is wrong, in one line, and below it what to do; names in it cannot steer the terminal."""
    if os.environ.get("HEADSTART_DEBUG") == "1" and sys.exc_info()[0] is not None:
        traceback.print_exc()
    lead = "" if colour == typer.colors.YELLOW else "Error: "
    line = f"{lead}{_plain(message)}"
    typer.echo(typer.style(line, fg=colour, bold=True) if _coloured() else line, err=True)
    if hint:
        typer.echo(f"  {_plain(hint)}", err=True)


def _plain(text: str) -> str:
    from headstart.base.signs import clean

    return clean(" ".join(text.split()))


def speak_utf8_where_possible() -> None:
    """Let a name that the terminal's encoding lacks become a question mark instead of an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _explain(error: Exception) -> tuple[str, str, int]:
    if isinstance(error, PermissionError):  # of the user's files as often as of ours
        return f"'{error.filename}' cannot be opened ({error.strerror}).", _RIGHTS, StoreError.exit_code
    if isinstance(error, OSError) and error.errno in _DISK:
        known = store_error(Path(str(error.filename or "a file")), error)
        return known.message, known.hint, known.exit_code
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        told = str(error.filename)
        return f"'{told[:40]}…' is no name of a file: it is too long.", "Name a file or a folder.", DataError.exit_code
    if says_out_of_memory(error):
        return "There is not enough memory.", "Try a smaller --image-size, or --set batch_size=8.", BUG
    first = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__, _REPORT, BUG


def _coloured() -> bool:
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _silence_stdout() -> None:
    """Point stdout nowhere, so that Python's own flush at the end cannot fail again."""
    with suppress(OSError, ValueError):  # a stdout without a descriptor has nothing to silence
        _point_nowhere(sys.stdout.fileno())


def _silence_closed_terminals() -> None:
    """Point nowhere what was a terminal and is none any more: whatever is written there would be an error."""
    for number in (1, 2):
        with suppress(OSError):
            if stat.S_ISCHR(os.fstat(number).st_mode) and not os.isatty(number):
                _point_nowhere(number)


def _point_nowhere(number: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
