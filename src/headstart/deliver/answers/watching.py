"""Answering files as they arrive in a folder, each once, until somebody ends it.

The folder is listed again and again: notices of the system do not come from network folders. A file is read when its
size and time of change have stood still for a while. One that cannot be read may still be on its way, so it is tried
again until a minute has passed without a change; only then it gets its row with the reason.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from headstart.base.errors import DataError
from headstart.deliver.answers.answering import TOGETHER, Answering
from headstart.deliver.answers.asked import Entry, parts
from headstart.records.answer_tables import Row
from headstart.records.progress import Silent
from headstart.table.kinds import printable
from headstart.table.walking import Level, levels

PAUSE = 1.0  # seconds between two looks
SETTLED = 2.0  # without a change: then a file is read
PATIENCE = 60.0  # without a change: then one that can't be read has its row
MOST = 10_000  # files that wait at once; the others wait unseen, so that a million take no memory
_LONGEST_PAUSE = 60.0
_BUSY = 4  # so many times as long as a look takes nobody looks: a folder of a million files may be on a network
# What browsers and copiers call a file before it is whole; then it gets another name.
_UNFINISHED = (".crdownload", ".download", ".filepart", ".part", ".partial", ".temp", ".tmp")


@dataclass
class _Arrival:
    """A file that has no row yet: how large it was and when it was changed, as it was seen since then."""

    stamp: tuple[int, int]
    since: float
    tried: bool = False


@dataclass
class _Spent:
    """How long answering has taken during a look."""

    seconds: float = 0.0


def nobody(rows: list[Row]) -> None:
    """Hear of rows and do nothing."""
    del rows


@dataclass(frozen=True)
class Watch:
    """How a folder is looked at; tests bring their own clock.

    Parameters
    ----------
    folder : Path
    work : Answering
    told : callable
        Hears of the rows as they are written.
    """

    folder: Path
    work: Answering
    told: Callable[[list[Row]], object] = nobody
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
    spent: _Spent = field(default_factory=_Spent)

    def until_stopped(self) -> None:
        """Answer what arrives until KeyboardInterrupt (Ctrl-C, SIGTERM), which ends it well.

        Raises
        ------
        StoreError
            If answers can't be written.
        """
        arrivals: dict[str, _Arrival] = {}
        lost = False
        try:
            while True:
                begun, self.spent.seconds = self.clock(), 0.0
                lost = self._look(arrivals, lost=lost)
                looked = self.clock() - begun - self.spent.seconds
                self.sleep(min(max(PAUSE, _BUSY * looked), _LONGEST_PAUSE))
        except KeyboardInterrupt:
            return

    def _look(self, arrivals: dict[str, _Arrival], *, lost: bool) -> bool:
        """Look once, and answer what has settled; return whether a folder could not be read."""
        errors = list[DataError]()
        there = set[str]()
        for level in levels(self.folder, self.work.passed.add, unread=errors.append):
            for together in parts(_candidates(level), TOGETHER):
                new = self.work.without_row(together)
                there |= {entry.place for entry in new}
                self._answer([entry for entry in new if self._has_settled(entry, arrivals)], arrivals)
        if errors and not lost:  # a network folder comes and goes
            self.work.progress.message(f"{errors[0].message} It is tried again.")
        if not errors:
            for gone in arrivals.keys() - there:
                del arrivals[gone]
        return bool(errors)

    def _has_settled(self, entry: Entry, arrivals: dict[str, _Arrival]) -> bool:
        """Return whether a file has stood still long enough, and is worth a try."""
        try:
            status = os.stat(entry.place)  # noqa: PTH116 - of every file, again and again
        except OSError:  # gone, or a link that leads nowhere yet
            return False
        stamp, now = (status.st_size, status.st_mtime_ns), self.clock()
        found = arrivals.get(entry.place)
        if found is None or found.stamp != stamp:
            if found is not None or len(arrivals) < MOST:
                arrivals[entry.place] = _Arrival(stamp, now)
            return False
        rested = now - found.since
        return rested >= PATIENCE if found.tried else rested >= SETTLED

    def _answer(self, entries: list[Entry], arrivals: dict[str, _Arrival]) -> None:
        if not entries:
            return

        def on_its_way(entry: Entry) -> bool:
            arrival = arrivals[entry.place]
            arrival.tried = True
            return self.clock() - arrival.since < PATIENCE

        begun = self.clock()
        rows = self.work.some(entries, Silent(), hold=on_its_way)
        self.work.shards.flush()
        self.told(rows)
        for entry in entries:
            if not arrivals[entry.place].tried:
                del arrivals[entry.place]
        self.spent.seconds += self.clock() - begun


def _candidates(level: Level) -> Iterator[Entry]:
    """Yield what lies in a folder and may be a picture, apart from what is not finished by its name."""
    for names, regular in ((level.files, True), (level.others, False)):
        for name in names:
            if not name.lower().endswith(_UNFINISHED):
                place = level.prefix + name
                yield Entry(place, printable(place), regular, named=False)
