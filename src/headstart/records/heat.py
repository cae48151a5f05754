"""What classifiers answer when spots of a picture are covered or shown alone: content of `heat.json`."""

from __future__ import annotations

import msgspec

from headstart.records.record import Count, Record, Share

HEAT_FORMAT = 2


class HeatRecord(Record):
    """Answers of one run for one picture.

    Parameters
    ----------
    sha256 : str
        Of the picture.
    answer : str
        The class that is named for the whole picture; all probabilities are of this class.
    stated : float
        For the whole picture.
    covered, alone : tuple of float, (spots,)
        With each spot covered, and of each spot alone.
    named : tuple of str, (spots,)
        The class that is named with each spot covered.
    """

    sha256: str
    answer: str
    stated: Share
    covered: tuple[Share, ...]
    alone: tuple[Share, ...]
    named: tuple[str, ...]


class HeatOfRun(Record):
    """What one classifier answered, by the picture's path; `bundle` is the checksum of its tensors."""

    bundle: str
    pictures: dict[str, HeatRecord]


class HeatFile(Record):
    """Content of `heat.json`, by run."""

    format: Count = HEAT_FORMAT
    runs: dict[str, HeatOfRun] = msgspec.field(default_factory=dict)
