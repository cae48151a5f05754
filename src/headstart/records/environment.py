"""The machine, the versions and the network that numbers hang on."""

from __future__ import annotations

from headstart.records.preprocessing import Preprocessing
from headstart.records.record import Count, Record


class Environment(Record):
    """The machine and the versions; `versions` by package."""

    python: str
    platform: str
    versions: dict[str, str]
    cpu: str
    threads: Count
    cores: Count
    device: str


class NetworkRecord(Record):
    """A network and where its weights come from; random weights have neither checksum nor licence.

    `title` is how people write its name, where that is another.
    """

    name: str
    source: str
    sha256: str | None = None
    licence: str | None = None
    preprocessing: Preprocessing | None = None
    title: str | None = None
