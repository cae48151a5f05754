"""Folders under construction: named after machine and process, so that those of the dead can be removed."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import sys
import time
import uuid
from contextlib import suppress
from pathlib import Path

_DAY = 86400.0
_NOBODY = "0"  # in place of a process's number
_OLD = ".old.part"  # the end of a name that is only there to be deleted


def draft_name(name: str) -> str:
    """Return the hidden name under which this process builds the folder `name`."""
    return f".{name}.{_host()}.{os.getpid()}.{uuid.uuid4().hex[:8]}.part"


def clean_drafts(home: Path) -> None:
    """Delete what killed builds left: their process is gone, or nothing was written for a day."""
    for draft in home.glob(".*.part"):
        with suppress(OSError):  # another process cleans too
            if not _is_left(draft):
                continue
            if not draft.name.endswith(_OLD):  # out of the way at once, so that nobody goes on with half of it
                draft = draft.rename(draft.with_name(f"{draft.name.removesuffix('.part')}{_OLD}"))
            shutil.rmtree(draft, ignore_errors=True)


def adopt(home: Path, name: str, draft: Path) -> bool:
    """Make `draft` of what a killed build of the folder `name` left; False: nothing, or another process was faster."""
    for left in sorted(home.glob(f".{name}.*.part")):
        with suppress(OSError, ValueError):
            if not left.name.endswith(_OLD) and _is_left(left):
                left.rename(draft)
                return True
    return False


def abandon(draft: Path, name: str) -> None:
    """Leave a draft of this process for whoever builds the folder `name` next."""
    with suppress(OSError):
        draft.rename(draft.with_name(f".{name}.{_host()}.{_NOBODY}.{uuid.uuid4().hex[:8]}.part"))


def _is_left(draft: Path) -> bool:
    """Whether nobody works on a draft any more; OSError if it is gone."""
    _, _, host, pid, *_ = draft.name.split(".")
    newest = max(entry.stat().st_mtime for entry in (draft, *draft.iterdir()))
    return time.time() - newest > _DAY or (host == _host() and _is_gone(pid))


def _host() -> str:
    """Return a short name of this machine; process numbers mean nothing on another that shares the disk.

    Nor in another container that bears the same name.
    """
    name = socket.gethostname()
    with suppress(OSError):
        name += str(Path("/proc/self/ns/pid").readlink())
    return hashlib.sha256(name.encode("utf-8")).hexdigest()[:8]


def _is_gone(pid: str) -> bool:
    if pid == _NOBODY:
        return True
    if sys.platform == "win32":  # signal 0 would be Ctrl-C there
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError, OverflowError):
        return False
    return False
