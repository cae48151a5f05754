"""What every record is: frozen, typed, with no key that is not declared."""

from __future__ import annotations

from typing import Any, TypeVar, dataclass_transform

import msgspec

Interval = tuple[float, float]  # both ends of a 95 % interval
Scalar = str | int | float | bool | None  # a setting


class _KeywordOnly(msgspec.StructMeta):
    """Makes records whose values are given by name: msgspec hands that option on to no subclass."""

    def __new__(cls, name: str, bases: tuple[type, ...], members: dict[str, Any], **options: Any) -> Any:
        options.setdefault("kw_only", True)
        return super().__new__(cls, name, bases, members, **options)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Record(msgspec.Struct, metaclass=_KeywordOnly, frozen=True, forbid_unknown_fields=True):
    """A frozen set of typed values that is written and read again by `headstart.records.codec`."""


AnyRecord = TypeVar("AnyRecord", bound=msgspec.Struct)


def changed(record: AnyRecord, **values: object) -> AnyRecord:
    """Return the same record with other `values`."""
    return msgspec.structs.replace(record, **values)


def named_values(record: msgspec.Struct) -> dict[str, object]:
    """Return the record's own values by name, in their order, for showing all of them."""
    return {name: getattr(record, name) for name in record.__struct_fields__}
