"""A strategy is data: which weights, where the trained part starts, which head. One row, one strategy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
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
    cut : str, optional
        The stage at which the trained part begins, where the name says it: ``"partial@layer3"``.
    """

    name: str
    weights: Literal["pretrained", "random"]
    trained: Literal["all", "part", "none"]
    head: str
    summary: str
    cut: str | None = None

    @property
    def kind(self) -> str:
        """Its row in the table: the name without a cut."""
        return self.name.partition(AT)[0]


AT = "@"  # between a row's name and a cut of its own
_STAGE = re.compile(r"\w[\w.-]*")  # it becomes part of a file's name


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
    wanted = [strategy_of(name.strip()) for name in listed if name.strip()]
    if not wanted:
        raise ConfigError("No strategy is named.", hint="Name some of: " + ", ".join(STRATEGIES) + ".")
    return tuple(map(strategy_of, in_order(strategy.name for strategy in wanted)))


def strategy_of(name: str) -> Strategy:
    """Return the strategy called `name`: a row of the table, or one with a cut of its own, such as ``partial@layer3``.

    Raises
    ------
    ConfigError
        If there is no such row, or it has no cut to choose.
    """
    kind, at, cut = name.partition(AT)
    row = STRATEGIES[check_choice("strategies", "compare", kind, STRATEGIES)]
    if not at:
        return row
    if row.trained != "part":
        able = " or ".join(one.name for one in STRATEGIES.values() if one.trained == "part")
        raise ConfigError(
            f"'{name}' names a cut, and that of {kind} is always the same.", hint=f"Only {able} can be cut elsewhere."
        )
    if not _STAGE.fullmatch(cut):
        raise ConfigError(
            f"'{name}' names no stage behind the '{AT}'.",
            hint=f"Write {kind}{AT}STAGE; headstart stages NETWORK lists them.",
        )
    return replace(row, name=name, cut=cut)


def is_strategy(name: str) -> bool:
    """Return whether a step of a plan is a strategy, with or without a cut of its own."""
    return name.partition(AT)[0] in STRATEGIES


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return names of strategies, each once, in the table's order; those of one row in the order given."""
    place = list(STRATEGIES).index
    return tuple(sorted(dict.fromkeys(names), key=lambda name: place(strategy_of(name).kind)))
