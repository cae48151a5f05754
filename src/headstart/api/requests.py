"""From options to the request of an experiment, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from headstart.experiment import Request
from headstart.experiment.option_table import REQUEST
from headstart.records.record import Scalar
from headstart.strategies import choose_strategies


def request_of(options: Mapping[str, object]) -> Request:
    """Return the request that these options make; those that say how to work rather than what are left aside."""
    given = {name: options[name] for name in (*REQUEST, "fixed") if name in options}
    strategies, weights = given.pop("strategies", None), given.get("weights")
    given["weights"] = None if weights is None else str(weights)
    given["training"] = dict(cast(Mapping[str, Scalar], given.get("training") or {}))
    chosen = choose_strategies(cast("Sequence[str] | str | None", strategies))
    return Request(strategies=tuple(one.name for one in chosen), **cast(Any, given))


def asked_by(request: Request) -> dict[str, object]:
    """Return the options that a request holds."""
    return {name: getattr(request, name) for name in REQUEST}
