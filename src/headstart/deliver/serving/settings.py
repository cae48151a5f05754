"""What a server is told: where it listens, what it accepts, and who may ask."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from headstart.base.errors import ConfigError, StoreError
from headstart.base.files import store_error

TOKEN = "HEADSTART_TOKEN"  # noqa: S105 - the name of a variable
LEAST_TOKEN = 16  # characters
MEGA = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Limits of a server; who is beyond one is told which.

    Parameters
    ----------
    host : str
    port : int
        0: any that is free.
    token : bytes, optional
        What every request must bring along, except those that ask whether the server is well.
    body : int
        Bytes of one request.
    pixels : int
        Of one picture.
    pictures : int
        In one request.
    queue : int
        Pictures that wait for their answer at once.
    per_client : int, optional
        The same, of one address.
    seconds : float
        For the body to arrive, and again for the answer.
    wait : int
        Milliseconds that a picture waits at most for others to be answered with.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: bytes | None = None
    body: int = 32 * MEGA
    pixels: int = 65 * MEGA
    pictures: int = 32
    queue: int = 64
    per_client: int | None = None
    seconds: float = 30
    wait: int = 5

    @property
    def held(self) -> int:
        """Bytes of all bodies that are in memory at once."""
        return max(8 * self.body, 256 * MEGA)

    @property
    def is_local(self) -> bool:
        """Whether only this machine can ask."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")


def token_of(file: str | Path | None, environment: Mapping[str, str] = os.environ) -> bytes | None:
    """Return the token in a file, else in HEADSTART_TOKEN; None where neither is named.

    Raises
    ------
    ConfigError
        If it is empty, too short, or holds a blank.
    StoreError
        If the file cannot be read.
    """
    if file is None and TOKEN not in environment:
        return None
    where = TOKEN if file is None else f"'{file}'"
    text = environment[TOKEN] if file is None else _content(Path(file))
    token = text.strip()
    if len(token) < LEAST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError(
            f"The token in {where} must be at least {LEAST_TOKEN} letters and digits in one word.",
            hint="Make one: python -c 'import secrets; print(secrets.token_urlsafe())'",
        )
    return token.encode("ascii")


def _content(file: Path) -> str:
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise ConfigError(f"The token file '{file}' is not a file.", hint="Name a text file that holds the token.")
        with file.open("rb") as stream:
            return stream.read(4096).decode("utf-8", "replace")
    except FileNotFoundError as error:
        raise ConfigError(f"There is no token file '{file}'.", hint="Check the path of --token-file.") from error
    except OSError as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: OSError) -> StoreError:
    found = store_error(file, error)
    return StoreError(f"The token file '{file}' cannot be read ({error.strerror}).", hint=found.hint)
