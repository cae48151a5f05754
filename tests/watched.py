"""A command seen from outside, by the kernel: which internet sockets it asks for, and where it writes.

A filter (seccomp) is put before the command; all that it starts inherits it, native threads and other programs too.
Whoever wants an internet socket is refused, and noted. Whoever wants to write is let through, and noted where the
place is none of those allowed. Blocks in Python see nothing of what native code does.

    python watched.py NOTES.json ALLOWED,ALLOWED -- COMMAND …
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import platform
import select
import socket
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

IMPOSSIBLE = 97  # exit code: no filter can be set up here
_FAMILIES = {2: "AF_INET", 10: "AF_INET6"}
# Devices, and semaphores between processes (joblib tries one when it is imported, and takes it away again).
_HARMLESS = ("/dev/null", "/dev/tty", "/dev/pts/", "/dev/shm/sem.", "/proc/")
_PATIENCE = 15.0  # seconds for what the command leaves running behind it
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT

# By machine: its name in a filter, and the system calls by number, each with the arguments that hold what is asked:
# the flags (None: it always writes), the folder (None: the current one) and the path.
_Call = tuple[int | None, int | None, int]
_COMMON: dict[str, _Call] = {
    "openat": (2, 0, 1),
    "openat2": (None, 0, 1),
    "mkdirat": (None, 0, 1),
    "mknodat": (None, 0, 1),
    "renameat": (None, 2, 3),
    "renameat2": (None, 2, 3),
    "linkat": (None, 2, 3),
    "symlinkat": (None, 1, 2),
}
_OLDER: dict[str, _Call] = {
    "open": (1, None, 0),
    "creat": (None, None, 0),
    "mkdir": (None, None, 0),
    "mknod": (None, None, 0),
    "rename": (None, None, 1),
    "link": (None, None, 1),
    "symlink": (None, None, 1),
}
_NUMBERS = {
    "x86_64": {
        **{"socket": 41, "seccomp": 317, "openat": 257, "openat2": 437, "mkdirat": 258, "mknodat": 259},
        **{"renameat": 264, "renameat2": 316, "linkat": 265, "symlinkat": 266, "open": 2, "creat": 85, "mkdir": 83},
        **{"mknod": 133, "rename": 82, "link": 86, "symlink": 88},
    },
    "aarch64": {
        **{"socket": 198, "seccomp": 277, "openat": 56, "openat2": 437, "mkdirat": 34, "mknodat": 33},
        **{"renameat": 38, "renameat2": 276, "linkat": 37, "symlinkat": 36},
    },
}
_MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_RING = 425  # io_uring_setup, which would go past the filter

_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06  # linux/bpf_common.h
_ALLOW, _ASK, _REFUSE = 0x7FFF0000, 0x7FC00000, 0x00050000  # linux/seccomp.h
_RECEIVE, _ANSWER, _GO_ON = 0xC0502100, 0xC0182101, 1
_NOTICE, _REPLY = struct.Struct("=QIIiIQ6Q"), struct.Struct("=QqiI")


def _filter() -> bytes:
    """Return the filter: ask for internet sockets and for writing, allow the rest."""
    numbers = _NUMBERS[platform.machine()]
    lines = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, _MACHINES[platform.machine()]), (_RETURN, 0, 0, _ALLOW)]
    lines += [(_LOAD, 0, 0, 0), (_EQUAL, 0, 1, _RING), (_RETURN, 0, 0, _REFUSE | errno.ENOSYS)]
    lines += [(_EQUAL, 0, 5, numbers["socket"]), (_LOAD, 0, 0, 16)]
    lines += [(_EQUAL, 1, 0, 2), (_EQUAL, 0, 1, 10), (_RETURN, 0, 0, _ASK), (_RETURN, 0, 0, _ALLOW)]
    for name, (flags, _, _) in (_COMMON | _OLDER).items():
        if name not in numbers:
            continue
        if flags is None:
            lines += [(_EQUAL, 0, 1, numbers[name]), (_RETURN, 0, 0, _ASK)]
        else:
            lines += [(_EQUAL, 0, 4, numbers[name]), (_LOAD, 0, 0, 16 + 8 * flags)]
            lines += [(_ANY_BIT, 0, 1, _WRITING), (_RETURN, 0, 0, _ASK), (_RETURN, 0, 0, _ALLOW)]
    lines.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


def _set_up() -> int:
    """Put the filter before this process and all that it starts; return where its questions arrive."""
    libc = ctypes.CDLL(None, use_errno=True)
    content = _filter()
    held = ctypes.create_string_buffer(content, len(content))
    program = struct.pack("@HP", len(content) // 8, ctypes.addressof(held))
    if libc.prctl(38, 1, 0, 0, 0):  # PR_SET_NO_NEW_PRIVS, without which only root may
        raise OSError(ctypes.get_errno(), "prctl")
    # 1: SECCOMP_SET_MODE_FILTER, 8: SECCOMP_FILTER_FLAG_NEW_LISTENER
    listener = int(libc.syscall(_NUMBERS[platform.machine()]["seccomp"], 1, 8, program))
    if listener < 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    return listener


class _Watch:
    """Answers the filter's questions and notes them."""

    def __init__(self, listener: int, allowed: Sequence[str]) -> None:
        self._listener = listener
        self._allowed = tuple(os.path.realpath(place) for place in allowed)
        self._calls = {
            number: (_COMMON | _OLDER)[name]
            for name, number in _NUMBERS[platform.machine()].items()
            if name in _COMMON | _OLDER
        }
        self.sockets: list[str] = []
        self.writes: set[str] = set()

    def answer(self) -> None:
        """Take one question, note it, answer it."""
        notice = bytearray(_NOTICE.size)
        try:
            fcntl.ioctl(self._listener, _RECEIVE, notice)
        except OSError:  # who asked is gone
            return
        number, thread, _, call, _, _, *arguments = _NOTICE.unpack(notice)
        if call in self._calls:
            self._note_write(thread, self._calls[call], arguments)
            reply = _REPLY.pack(number, 0, 0, _GO_ON)
        else:
            family = _FAMILIES[arguments[0] & 0xFFFFFFFF]
            self.sockets.append(f"{family} {arguments[1] & 0xF} {_name(thread)}")
            reply = _REPLY.pack(number, 0, -errno.EACCES, 0)
        try:
            fcntl.ioctl(self._listener, _ANSWER, bytearray(reply))
        except OSError:
            return

    def _note_write(self, thread: int, call: _Call, arguments: Sequence[int]) -> None:
        _, folder, path = call
        try:
            name = _text(thread, arguments[path])
            if not name.startswith("/"):
                at = -100 if folder is None else ctypes.c_int(arguments[folder] & 0xFFFFFFFF).value
                begin = f"/proc/{thread}/cwd" if at == -100 else f"/proc/{thread}/fd/{at}"
                name = f"{Path(begin).readlink()}/{name}"
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ESRCH, errno.EIO):  # who asked is gone, or asked for nonsense
                return
            raise
        whole = Path(os.path.normpath(name))
        place = f"{os.path.realpath(whole.parent).rstrip('/')}/{whole.name}"
        inside = any(place == root or place.startswith(f"{root}/") for root in self._allowed)
        if not inside and not place.startswith(_HARMLESS):
            self.writes.add(place)


def _text(thread: int, address: int) -> str:
    """Return the text that ends in a zero at an address of another process."""
    with Path(f"/proc/{thread}/mem").open("rb", buffering=0) as memory:
        memory.seek(address)
        found = memory.read(min(4096, 4096 - address % 4096))
        if b"\0" not in found:
            found += memory.read(4096)
    return found.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _name(thread: int) -> str:
    """Return which program a thread belongs to, and what the thread calls itself."""
    try:
        words = Path(f"/proc/{thread}/cmdline").read_bytes().split(b"\0")
        own = Path(f"/proc/{thread}/comm").read_text().strip()
    except OSError:
        return "?"
    return f"{Path(words[0].decode(errors='replace')).name}/{own}"


def _questions(listener: int, child: int) -> Iterator[None]:
    """Yield at every question, until the command and all that it started have ended; then the exit code is left."""
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    ended: float | None = None
    while ended is None or time.monotonic() < ended + _PATIENCE:
        for _, event in poll.poll(200):
            if event & select.POLLIN:
                yield
            elif event & select.POLLHUP and ended is not None:
                return
            else:
                time.sleep(0.05)
        if ended is None and os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            ended = time.monotonic()


def watch(command: Sequence[str], allowed: Sequence[str]) -> dict[str, object]:
    """Run a command and return its exit code, the internet sockets it wanted and its writes outside `allowed`."""
    here, there = socket.socketpair()
    child = os.fork()
    if child == 0:
        here.close()
        try:
            socket.send_fds(there, [b"x"], [_set_up()])
        except (OSError, KeyError) as error:
            sys.stderr.write(f"{error!r}\n")
            sys.stderr.flush()
            os._exit(IMPOSSIBLE)
        os.execvp(command[0], command)
    there.close()
    _, found, _, _ = socket.recv_fds(here, 1, 1)
    notes = _Watch(found[0], allowed) if found else None
    if notes is not None:
        for _ in _questions(found[0], child):
            notes.answer()
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    seen = {} if notes is None else {"sockets": notes.sockets, "writes": sorted(notes.writes)}
    return {"code": code, **seen}


if __name__ == "__main__":
    place, allowed, _, *command = sys.argv[1:]
    notes = watch(command, allowed.split(","))
    Path(place).write_text(json.dumps(notes))
    sys.exit(0 if notes["code"] != IMPOSSIBLE or "sockets" in notes else IMPOSSIBLE)
