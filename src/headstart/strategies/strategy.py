"""A strategy is data: which weights, where the trained part starts, which head. One row, one strategy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from headstart.base.errors import ConfigError
from headstart.base.params import check_choice


@dataclass(frozen=True)
class Strategy:
    """One way of transferring.

    Parameters
    ----------
    name : str
    weights : str
        ``"pretrained"`` or ``"random"``.
    trained : str
        What of the backbone is trained: ``"all"`` (the cut is ``input``), ``"part"`` (a stage in between)
        or ``"none"`` (the cut is ``pool``; the head is solved, not trained).
    head : str
        ``"logistic"``, ``"svm"``, ``"knn"`` where nothing of the backbone is trained; else ``"linear"``
        or ``"pool-bn"``, trained by gradients.
    summary : str
    """

    name: str
    weights: Literal["pretrained", "random"]
    trained: Literal["all", "part", "none"]
    head: str
    summary: str


# The order is the last tie-break of the verdict: cheaper to obtain first.
STRATEGIES = {
    strategy.name: strategy
    for strategy in (
        Strategy("knn", "pretrained", "none", "knn", "frozen network, nearest neighbours (the cheap preview)"),
        Strategy("linear", "pretrained", "none", "logistic", "frozen network, logistic regression"),
        Strategy("svm", "pretrained", "none", "svm", "frozen network, support vector machine"),
        Strategy("partial", "pretrained", "part", "linear", "early stages frozen, the last ones fine-tuned"),
        Strategy("scratch", "random", "all", "linear", "an own network from random weights"),
        Strategy("full", "pretrained", "all", "linear", "the whole network fine-tuned"),
    )
}
TRAINED_HEADS = ("linear", "pool-bn")


def choose_strategies(names: Sequence[str] | str | None) -> tuple[Strategy, ...]:
    """Return the named strategies (a sequence, or one comma-separated string) in the table's order; None is all.

    Raises
    ------
    ConfigError
        If a name is unknown or none is given.
    """
    if names is None:
        return tuple(STRATEGIES.values())
    listed = names.split(",") if isinstance(names, str) else list(names)
    wanted = {check_choice("strategies", "compare", name.strip(), STRATEGIES) for name in listed if name.strip()}
    if not wanted:
        raise ConfigError("No strategy is named.", hint="Name some of: " + ", ".join(STRATEGIES) + ".")
    return tuple(strategy for strategy in STRATEGIES.values() if strategy.name in wanted)
