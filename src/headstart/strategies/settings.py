"""How each trained strategy trains where nobody says otherwise, and where the trained part of `partial` begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from headstart import backbones
from headstart.backbones import Backbone
from headstart.base.errors import ConfigError
from headstart.records.record import changed
from headstart.strategies.strategy import strategy_of
from headstart.tune import TrainingSettings

if TYPE_CHECKING:
    from headstart.experiment.request import Request

# Chosen on inner hold-outs of train; docs/decisions.md ("Ten epochs") says what was seen.
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "scratch": {"epochs": 25, "head_rate": 3e-3, "backbone_rate": 3e-3, "weight_decay": 0.05},
    "partial": {"epochs": 10},
    "full": {"epochs": 10},
}
# How far a pre-trained layer may move hangs on how far it has to: the more the solved head errs on training
# pictures it has not seen, the higher the rate.
HIGHEST_RATE, ENOUGH_ERROR, LOWEST_SHARE = 5e-4, 0.15, 0.2


def training_settings(request: Request, strategy: str) -> TrainingSettings:
    """Return the strategy's defaults with what the request overrides; its cut makes no difference.

    Raises
    ------
    ConfigError
        If a setting cannot be right.
    """
    kind = strategy_of(strategy).kind
    values: dict[str, Any] = {**DEFAULTS[kind], **request.training}
    asked = request.epochs.get(kind) if isinstance(request.epochs, Mapping) else request.epochs
    if asked is not None:
        values["epochs"] = asked
    return TrainingSettings(**values)


def with_rates(settings: TrainingSettings, error: float, *, given: Mapping[str, Any]) -> TrainingSettings:
    """Return the settings with rates for a network whose solved head errs so often; given ones stay."""
    rate = HIGHEST_RATE * min(max(error / ENOUGH_ERROR, LOWEST_SHARE), 1.0)
    return changed(
        settings,
        backbone_rate=settings.backbone_rate if "backbone_rate" in given else rate,
        head_rate=settings.head_rate if "head_rate" in given else 2 * rate,
    )


def check_cut(request: Request, backbone: Backbone, own: str | None = None) -> str:
    """Return where the trained part of `partial` starts; `own` is a cut that its name says.

    Raises
    ------
    ConfigError
        If there is no such place, or nothing would be trained from it on.
    """
    if own is not None:
        cut = own
    elif request.unfreeze is not None:
        cut = backbones.cut_before(backbone, request.unfreeze)
    else:
        cut = request.cut or default_cut(backbone)
    backbones.split(backbone, cut)
    if cut == "pool":
        raise ConfigError(
            "'partial' has nothing to train when the cut is 'pool'.",
            hint="Name an earlier stage (headstart stages NETWORK lists them), or use the strategy linear.",
        )
    return cut


def default_cut(backbone: Backbone) -> str:
    """Return the latest stage from which on the network holds at least half of its parameters."""
    held = 0
    for stage in reversed(backbone.stages):
        held += stage.parameters
        if 2 * held >= backbone.parameters and stage.name not in ("input", "pool"):
            return stage.name
    return "input"
