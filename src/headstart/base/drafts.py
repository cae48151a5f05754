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


def draft_name(name: str) -> str:
    """Return the hidden name under which this process builds the folder `name`."""
    return f".{name}.{_host()}.{os.getpid()}.{uuid.uuid4().hex[:8]}.part"


def clean_drafts(home: Path) -> None:
    """Delete what killed builds left: their process is gone, or nothing was written for a day."""
    for draft in home.glob(".*.part"):
        with suppress(OSError):  # another process cleans too
            _, _, host, pid, *_ = draft.name.split(".")
            newest = max(entry.stat().st_mtime for entry in (draft, *draft.iterdir()))
            if time.time() - newest > _DAY or (host == _host() and _is_gone(pid)):
                shutil.rmtree(draft, ignore_errors=True)


def _host() -> str:
    """Return a short name of this machine; process numbers mean nothing on another that shares the disk."""
    return hashlib.sha256(socket.gethostname().encode("utf-8")).hexdigest()[:8]


def _is_gone(pid: str) -> bool:
    if sys.platform == "win32":  # signal 0 would be Ctrl-C there
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError, OverflowError):
        return False
    return False
