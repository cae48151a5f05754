"""What lies between the pictures and is none: one line each with the reason, in a file beside the answers."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from headstart.base.cells import harmless_path
from headstart.base.files import durable_writer, store_error
from headstart.deliver.answers.seen import Seen
from headstart.records.answer_tables import csv_line
from headstart.records.results import Skipped
from headstart.table.kinds import Skipped as Found

_NAME = re.compile(r"passed-over-(\d{5,})\.csv")


class PassedOver:
    """Things that are no pictures, each once.

    They are written as they come, so that a million of them take no memory. The file stands once the work has ended.
    """

    def __init__(self, folder: Path) -> None:
        self.counts: Counter[str] = Counter()
        self._folder, self.seen = folder, Seen()
        self._place = folder / ".passed-over.part"
        self._stream: IO[str] | None = None

    def add(self, one: Skipped | Found) -> None:
        """Note one thing. Raises StoreError."""
        if self.seen.known([one.path])[0]:
            return
        self.seen.add([one.path])
        self.counts[one.kind] += 1
        try:
            if self._stream is None:
                self._stream = self._place.open("w", encoding="utf-8", errors="backslashreplace", newline="")
                self._stream.write(csv_line(["path", "reason"]))
            self._stream.write(csv_line([harmless_path(one.path), one.reason]))
        except OSError as error:
            raise store_error(self._place, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *details: object) -> None:
        if kind is None:
            self._keep()
        elif self._stream is not None:  # the same command finds the same things again
            with suppress(OSError):
                self._stream.close()
            self._place.unlink(missing_ok=True)

    def _keep(self) -> None:
        """Let the file stand, under a name of its own. Raises StoreError."""
        if self._stream is None:
            return
        standing = [int(match[1]) for entry in self._folder.iterdir() if (match := _NAME.fullmatch(entry.name))]
        try:
            self._stream.close()
        except OSError as error:
            raise store_error(self._place, error) from error
        with durable_writer(self._folder / f"passed-over-{max(standing, default=0) + 1:05}.csv") as temporary:
            self._place.replace(temporary)
        self._stream = None
