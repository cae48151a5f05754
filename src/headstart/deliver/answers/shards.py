"""A folder of answers: files of rows that are whole whenever somebody looks, and a record of what was asked.

``answers.json`` says what was asked, of which classifier. Rows lie in ``answers-00001.csv`` and so on; each file is
written beside its place and renamed. The newest may be replaced by itself with more rows; those before it never change.
Which pictures have a row is read from the files themselves, so nothing else can contradict them: what has no row is
answered when the same command runs again.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from headstart.base.errors import ConfigError, HeadstartError
from headstart.base.files import durable_writer, store_error
from headstart.base.locks import held
from headstart.base.ours import ANSWERS_LOCK, ANSWERS_RECORD
from headstart.base.outputs import ANSWERS, claim
from headstart.base.typed import as_typed
from headstart.deliver.answers.drafts import Draft, answered_in, draft
from headstart.deliver.answers.seen import Seen
from headstart.records.answer_tables import Columns, Row
from headstart.records.answers import AnswersAsked
from headstart.records.codec import read_record, write_record
from headstart.records.results import Skipped

SCHEMA = 1
ROWS = 10_000  # of a file
PAUSE = 60.0  # seconds after which rows are written though the file has room: more work is not lost
_CELLS = 2_000_000  # of a file: with a thousand classes it has fewer rows


class Shards:
    """The rows that stand in a folder, and those on their way.

    Parameters
    ----------
    folder : Path
    asked : AnswersAsked
    columns : Columns
    rows : int
        Most rows of a file.
    pause : float
        Seconds after which what waits is written.
    """

    def __init__(
        self, folder: Path, asked: AnswersAsked, columns: Columns, *, rows: int = ROWS, pause: float = PAUSE
    ) -> None:
        self.folder, self.seen = folder, Seen()
        self.before = self.unread = self.written = 0
        self.files: list[str] = []
        self._asked, self._columns = asked, columns
        self._most = max(1, min(rows, _CELLS // (len(columns.names) + 6)))
        self._pause, self._flushed = pause, time.monotonic()
        standing = numbered(folder, asked.form)
        self._number = max(standing, default=0)
        for file in standing.values():
            self._read(file)
        self._draft, self._rows, self._waiting = self._new(), 0, 0

    def add(self, rows: Sequence[Row]) -> None:
        """Take over rows; a file that is full is written. Raises StoreError."""
        left = list(rows)
        while left:
            some, left = left[: self._most - self._rows], left[self._most - self._rows :]
            self._draft.add(some)
            self.seen.add(row.path for row in some)
            self._rows += len(some)
            self._waiting += len(some)
            self.written += len(some)
            self.unread += sum(isinstance(row, Skipped) for row in some)
            if self._rows == self._most:
                self.flush()
                self._draft, self._rows = self._new(), 0
        if self._waiting and time.monotonic() - self._flushed >= self._pause:
            self.flush()

    def flush(self) -> None:
        """Write all rows that wait, each file whole. Raises StoreError."""
        self._flushed = time.monotonic()
        if self._waiting:
            name = f"answers-{self._number:05}.{self._asked.form}"
            with durable_writer(self.folder / name) as temporary:
                self._draft.write(temporary)
            self._waiting = 0
            if self.files[-1:] != [name]:
                self.files.append(name)

    def _new(self) -> Draft:
        self._number += 1
        return draft(self._asked.form, self._columns, mark=self._asked.mark)

    def _read(self, file: Path) -> None:
        """Note which pictures have their row in a file."""
        together = list[str]()
        for path, unread in answered_in(file, self._asked.form):
            together.append(path)
            self.unread += unread
            if len(together) >= ROWS:
                self.seen.add(together)
                together = []
        self.seen.add(together)
        self.before = len(self.seen)


def numbered(folder: Path, form: str) -> dict[int, Path]:
    """Return the files of answers in a folder by their numbers, in order."""
    ours = re.compile(rf"answers-(\d{{5,}})\.{form}")
    found = ((ours.fullmatch(entry.name), entry) for entry in folder.iterdir())
    return dict(sorted((int(match[1]), entry) for match, entry in found if match))


@contextmanager
def opened(folder: Path, asked: AnswersAsked, columns: Columns, *, rows: int = ROWS) -> Iterator[Shards]:
    """Yield the folder of answers at `folder`, new or to go on with; nobody else can write there meanwhile.

    What was answered stays whatever ends the work but a fault of the disk.

    Raises
    ------
    ConfigError
        If something else stands there, or answers to something else.
    StoreError
        If another process writes there, or nothing can be written.
    """
    claim(folder, ANSWERS)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise store_error(folder, error) from error
    taken = f"Another headstart is writing into '{folder}'."
    with held(folder / ANSWERS_LOCK, what=taken, hint="Wait until it ends, or choose another folder with --out."):
        new = _begin(folder, asked)
        shards = Shards(folder, asked, columns, rows=rows)
        try:
            yield shards
        except BaseException:  # Ctrl-C, or a network that fails: what was answered so far is worth keeping
            with suppress(HeadstartError):
                shards.flush()
            if new and not shards.written:  # such as a list that cannot be read: the folder is not taken by that
                (folder / ANSWERS_RECORD).unlink(missing_ok=True)
            raise
        shards.flush()


def current_folder(folder: Path) -> str:
    """Return the current folder as seen from that of the answers: it stays the same if both are moved together."""
    try:
        return Path(os.path.relpath(Path.cwd(), os.path.realpath(folder))).as_posix()
    except ValueError:  # another drive
        return Path.cwd().as_posix()


def _begin(folder: Path, asked: AnswersAsked) -> bool:
    """Write down what is asked, or compare it with what was asked here before; return whether it is new."""
    file = folder / ANSWERS_RECORD
    new = not file.exists()
    if new:
        write_record(file, asked)
    else:
        was = read_record(file, AnswersAsked, schema=SCHEMA, again="Choose another folder with --out.")
        if differs := _difference(was, asked):
            raise ConfigError(
                f"'{folder}' holds answers to something else: {differs}. Nothing was changed.",
                hint=f"Choose another folder with --out, e.g. {as_typed(folder.with_name(f'{folder.name}-2'))}.",
            )
    for left in folder.glob(".*.part"):  # of a process that was killed: only who holds the lock writes here
        left.unlink(missing_ok=True)
    return new


def _difference(was: AnswersAsked, now: AnswersAsked) -> str:
    """Return in a few words what was asked otherwise; empty where it is the same."""
    if was.classifier != now.classifier:
        same = " (of the same name, but with another content)" if was.bundle == now.bundle else ""
        return f"they are of the classifier '{was.bundle}'{same}"
    if was.form != now.form:
        return f"they were begun with --format {was.form}"
    if was.top != now.top:
        return f"they were begun {'without' if was.top else 'with'} --all"
    if was.mark != now.mark:
        return f"they were begun {'with' if was.mark else 'without'} --bom"
    if was.asked != now.asked:
        return f"they are for {', '.join(was.asked)}, not for {', '.join(now.asked)}"
    if was.where != now.where:
        return "paths are relative to the current folder, and it was another one"
    return ""
