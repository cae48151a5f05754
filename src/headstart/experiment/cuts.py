"""Where the trained part of each strategy starts: the one place where a cut is resolved."""

from __future__ import annotations

from headstart import backbones
from headstart.backbones import Backbone
from headstart.base.errors import ConfigError
from headstart.base.options import AUTO
from headstart.base.params import about
from headstart.experiment.request import Request
from headstart.strategies.resolved import ResolvedStrategy
from headstart.strategies.strategy import Strategy, strategy_of


def resolve_strategies(request: Request, backbone: Backbone | None) -> tuple[ResolvedStrategy, ...]:
    """Return the strategies of a request with their cuts and trainings.

    Raises
    ------
    ConfigError
        If there is no such stage, or nothing would be trained from it on, or a setting cannot be right.
    """
    return tuple(_resolved(request, row, backbone) for row in request.rows)


def _resolved(request: Request, row: Strategy, backbone: Backbone | None) -> ResolvedStrategy:
    if row.solves:
        return ResolvedStrategy(row, "pool")
    cut = "input" if row.trains == "all" or backbone is None else cut_of(request, backbone, row.cut)
    settings = request.settings_of(row)
    return ResolvedStrategy(row, cut, settings, row.steps if request.epochs_of(row) is None else None)


def cut_of(request: Request, backbone: Backbone, own: str | None = None) -> str:
    """Return where the trained part starts; `own` is a cut that the strategy's name says.

    Raises
    ------
    ConfigError
        If there is no such place, or nothing would be trained from it on.
    """
    with about("strategy" if own is not None else "cut" if request.unfreeze is None else "unfreeze"):
        cut = own if own is not None else usual_cut(request, backbone)
        backbones.check_cut(backbone, cut)
        if cut == "pool":
            raise ConfigError(
                "Nothing of the network would be trained: the cut is 'pool', its end.",
                hint="Name an earlier stage (headstart stages NETWORK lists them), or use the strategy linear.",
            )
    return cut


def usual_cut(request: Request, backbone: Backbone) -> str:
    """Return where the trained part starts if the strategy's name does not say; the network need not be made."""
    if request.unfreeze is not None:
        return backbones.cut_before(backbone, request.unfreeze)
    return request.cut if request.cut not in (None, AUTO) else default_cut(backbone)


def default_cut(backbone: Backbone) -> str:
    """Return the latest stage from which on the network holds at least half of its parameters."""
    held = 0
    for stage in reversed(backbone.stages):
        held += stage.parameters
        if 2 * held >= backbone.parameters and stage.name not in ("input", "pool"):
            return stage.name
    return "input"


def named(name: str, request: Request, backbone: Backbone | None) -> ResolvedStrategy:
    """Return one strategy of the table as this request would have it."""
    return _resolved(request, strategy_of(name), backbone)
