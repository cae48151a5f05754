"""What every record is: frozen, typed, with no key that is not declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, TypeVar, dataclass_transform

import msgspec
from msgspec import Meta

# Every number of a record says what it can be: what reads and draws a record need not ask again. A record holds no bare
# `int` or `float`; tests/records/test_damaged.py looks.
_ROUNDED = 1e-6  # by so much a sum of rounded shares may pass 1
Share = Annotated[float, Meta(ge=-_ROUNDED, le=1 + _ROUNDED)]  # of pictures, of probability; a p value
Figure = Annotated[float, Meta(ge=-1e9, le=1e9)]  # a loss, a difference
Real = Annotated[float, Meta(ge=-1e300, le=1e300)]  # finite
Amount = Annotated[float, Meta(ge=0, le=1e24)]
Portion = Annotated[float, Meta(ge=0, le=1)]  # that somebody has set
Positive = Annotated[float, Meta(ge=1e-9, le=1e12)]
Duration = Annotated[float, Meta(ge=0, le=1e15)]  # seconds; a forecast may be absurd
Count = Annotated[int, Meta(ge=0, le=2**53)]
Times = Annotated[int, Meta(ge=1, le=2**53)]
Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Side = Annotated[int, Meta(ge=1, le=2**14)]  # of a picture, in pixels
Sample = Annotated[int, Meta(ge=1, le=2**16 - 1)]  # a value of 16 bits
Kept = Annotated[float, Meta(ge=0.01, le=1)]  # share of a side that a crop keeps
Spread = Annotated[float, Meta(ge=1e-6, le=1e6)]  # what numbers are divided by
Interval = tuple[Annotated[float, Meta(ge=-1e3, le=1e3)], Annotated[float, Meta(ge=-1e3, le=1e3)]]  # both ends, of 95 %
Scalar = str | Whole | Real | bool | None  # a setting
# What files are called after, so nothing that leads elsewhere; empty: nothing is named.
RunName = Annotated[str, Meta(max_length=250, pattern=r"^(?!\.\.?$)[^/\\\x00-\x1f]*$")]
# A file or folder inside the run folder: relative, and never above it.
Inside = Annotated[
    str, Meta(min_length=1, max_length=250, pattern=r"^(?!/|[A-Za-z]:)(?!(?:.*[/\\])?\.\.(?:[/\\]|$))[^\x00-\x1f]+$")
]


class _KeywordOnly(msgspec.StructMeta):
    """Makes records whose values are given by name: msgspec hands that option on to no subclass."""

    def __new__(cls, name: str, bases: tuple[type, ...], members: dict[str, Any], **options: Any) -> Any:
        options.setdefault("kw_only", True)
        return super().__new__(cls, name, bases, members, **options)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Record(msgspec.Struct, metaclass=_KeywordOnly, frozen=True, forbid_unknown_fields=True):
    """A frozen set of typed values that is written and read again by `headstart.records.codec`."""

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield each key that contradicts another one, and what is wrong with it; whoever reads a file asks."""
        yield from ()


AnyRecord = TypeVar("AnyRecord", bound=msgspec.Struct)


def changed(record: AnyRecord, **values: object) -> AnyRecord:
    """Return the same record with other `values`."""
    return msgspec.structs.replace(record, **values)


def named_values(record: msgspec.Struct) -> dict[str, object]:
    """Return the record's own values by name, in their order, for showing all of them."""
    return {name: getattr(record, name) for name in record.__struct_fields__}
