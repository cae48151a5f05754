"""The one error tree of headstart.

::

    HeadstartError          exit code 1
    ├── ConfigError         2   a parameter or a command that cannot be right
    ├── DataError           3   the user's pictures, folders, lists
    │   └── PictureError    3   one picture that cannot be used (carries its reason)
    │       └── PictureSizeError  3   it has more pixels than are allowed
    ├── WeightsError        4   pre-trained weights that cannot be had or do not fit
    ├── StoreError          5   disk: full, read-only, damaged
    ├── BundleError         6   a saved classifier that is missing, damaged or of another kind
    ├── DependencyError     7   an optional package that is not installed
    ├── EngineError         8   an exported network that cannot be made, read or run
    └── TrackerError        9   a tracker that cannot be reached or written

    10 is no error: an answer was given, but not for every picture, because some could not be read.

Every error names the thing and carries a ``hint`` that says what to do. The command line prints both
and leaves with the exit code; a traceback is a bug.
"""

from __future__ import annotations

from typing import ClassVar

PARTLY = 10  # the exit code of a command that answered, but not for every picture
_NO_MEMORY = ("not enough memory", "out of memory", "can't allocate memory")  # as Windows, CUDA and Linux put it


class HeadstartError(Exception):
    """Base of everything that headstart raises on purpose.

    Parameters
    ----------
    message : str
        One sentence that names the thing that is wrong.
    hint : str
        What to do or to type.
    """

    exit_code: ClassVar[int] = 1
    parameter: str = ""  # which option it is about, where that is known: `headstart.base.params.about`
    allowed: str = ""  # what may stand there, in a few words

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}"

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments do not survive the default protocol; worker processes send errors home.
        return _rebuild, (type(self), self.message, self.hint)


def _rebuild(kind: type[HeadstartError], message: str, hint: str) -> HeadstartError:
    return kind(message, hint=hint)


class ConfigError(HeadstartError):
    """A parameter, option or combination of them that cannot be right."""

    exit_code = 2


class DataError(HeadstartError):
    """The user's pictures, folders or lists cannot be used as they are."""

    exit_code = 3


class PictureError(DataError):
    """One picture cannot be used; ``message`` is its reason in a few words."""


class PictureSizeError(PictureError):
    """One picture has more pixels than are allowed."""


class WeightsError(HeadstartError):
    """Pre-trained weights cannot be had, or do not fit the network."""

    exit_code = 4


class StoreError(HeadstartError):
    """Something could not be written to or read from disk."""

    exit_code = 5


class BundleError(HeadstartError):
    """A saved classifier is missing, damaged or of a kind this version cannot read."""

    exit_code = 6


class DependencyError(HeadstartError):
    """An optional package is needed and not installed."""

    exit_code = 7


class EngineError(HeadstartError):
    """An exported network could not be made, read or run; the network itself still answers."""

    exit_code = 8


class TrackerError(HeadstartError):
    """A tracker (TensorBoard, MLflow, W&B) could not be reached or written; the results are saved."""

    exit_code = 9


def says_out_of_memory(error: BaseException) -> bool:
    """Return whether `error` says that memory ran out, on whatever device; torch's own are known by their words."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _NO_MEMORY)
