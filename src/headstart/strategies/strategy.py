"""A strategy is data: which weights, where the trained part starts, which head, and how it is told.

One row, one strategy: all that it needs stands there, also defaults of its training, plain words, sign and colour.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from headstart.base.errors import ConfigError
from headstart.records.record import Scalar
from headstart.records.run import AT, RunId, Weights
from headstart.records.strategy import Sign, StrategyRecord, Trains

_STAGE = re.compile(r"\w[\w.-]*")  # it becomes part of a file's name


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """One way of transferring.

    Parameters
    ----------
    name : str
    weights : str
        ``"pretrained"`` or ``"random"``.
    trains : str
        What of the backbone is trained: ``"all"`` (the cut is ``input``), ``"part"`` (a stage in between)
        or ``"none"`` (the cut is ``pool``; the head is solved, not trained).
    head : str
        Where nothing of the backbone is trained, a name of `headstart.heads.HEADS`; else ``"linear"``, which the
        request may change, trained by gradients.
    summary, plain : str
        For the table and for who has never heard its name.
    sign : str
        The shape that stands for it.
    dash : str
        The dashes of its lines.
    colour : int
        Its place among the page's colours.
    training : mapping
        Its own defaults of `TrainingSettings`.
    steps : int, optional
        Steps of the optimiser from which the number of epochs follows, if nobody gives it; None: it stands in
        `training`.
    demo_epochs : int, optional
        Where a minute must do for all strategies; None where nothing is trained in epochs.
    cut : str, optional
        The stage at which the trained part begins, where the name says it: ``"partial@layer3"``.
    """

    name: str
    weights: Weights
    trains: Trains
    head: str
    summary: str
    plain: str
    sign: Sign
    dash: str
    colour: int
    training: Mapping[str, Scalar] = field(default_factory=dict)
    steps: int | None = None
    demo_epochs: int | None = None
    cut: str | None = None

    @property
    def kind(self) -> str:
        """Its row in the table: the name without a cut."""
        return self.name.partition(AT)[0]

    @property
    def solves(self) -> bool:
        """Whether a head is solved on the frozen network, and nothing of that is trained."""
        return self.trains == "none"

    def record(self) -> StrategyRecord:
        """Return what a reader of results needs of it."""
        return StrategyRecord(
            name=self.kind,
            weights=self.weights,
            trains=self.trains,
            summary=self.summary,
            plain=self.plain,
            sign=self.sign,
            dash=self.dash,
            colour=self.colour,
        )


# The order is the last tie-break of the verdict: cheaper to obtain first. Defaults of training were chosen on inner
# hold-outs of train; docs/training.md says what was seen.
_FINE_TUNING: Mapping[str, Scalar] = {
    "batch_size": 16,
    "batch_norm": "frozen",
    "keep": "last",
    "refit": True,
    "label_smoothing": 0.1,
}
_ROWS = (
    Strategy(
        name="knn",
        weights="pretrained",
        trains="none",
        head="knn",
        summary="frozen network, nearest neighbours (the quick preview)",
        plain="The pretrained network stays as it is. A picture gets the class of the most similar training pictures.",
        sign="triangle",
        dash="2 3",
        colour=2,
    ),
    Strategy(
        name="linear",
        weights="pretrained",
        trains="none",
        head="logistic",
        summary="frozen network, logistic regression",
        plain="The pretrained network stays as it is. Only a small linear classifier on top learns from your pictures.",
        sign="circle",
        dash="",
        colour=0,
    ),
    Strategy(
        name="lda",
        weights="pretrained",
        trains="none",
        head="lda",
        summary="frozen network, discriminant analysis",
        plain="The pretrained network stays as it is. A picture gets the class whose average it resembles most. What "
        "varies within every class counts less.",
        sign="star",
        dash="8 3",
        colour=6,
    ),
    Strategy(
        name="svm",
        weights="pretrained",
        trains="none",
        head="svm",
        summary="frozen network, support vector machine",
        plain="The pretrained network stays as it is. A support vector machine on top learns from your pictures.",
        sign="square",
        dash="6 3",
        colour=1,
    ),
    Strategy(
        name="partial",
        weights="pretrained",
        trains="part",
        head="linear",
        summary="early stages frozen, the last ones fine-tuned",
        plain="The last part of the pretrained network is trained further on your pictures. The rest stays as it is.",
        sign="diamond",
        dash="",
        colour=3,
        training=_FINE_TUNING,
        steps=250,
        demo_epochs=5,
    ),
    Strategy(
        name="scratch",
        weights="random",
        trains="all",
        head="linear",
        summary="a small network trained from random weights",
        plain="A network that knows nothing yet is trained on your pictures alone.",
        sign="ring",
        dash="4 4",
        colour=5,
        training={"epochs": 25, "head_rate": 3e-3, "backbone_rate": 3e-3, "weight_decay": 0.05},
        demo_epochs=12,
    ),
    Strategy(
        name="full",
        weights="pretrained",
        trains="all",
        head="linear",
        summary="the whole network fine-tuned",
        plain="The whole pretrained network is trained further on your pictures.",
        sign="cross",
        dash="8 3 2 3",
        colour=4,
        training=_FINE_TUNING,
        steps=250,
        demo_epochs=3,
    ),
)
STRATEGIES = {row.name: row for row in _ROWS}
TRAINED_HEADS = ("linear", "pool-bn")
REFERENCE = STRATEGIES["linear"]  # the head by which the frozen network is read
RIVALS = (REFERENCE, STRATEGIES["lda"])  # heads of which a training starts from the best, and is judged against it
PART = STRATEGIES["partial"]  # whose cut may be asked for
WHOLE = STRATEGIES["full"]
FROM_SCRATCH = STRATEGIES["scratch"]  # the option that names its network is called as it is
BY_WHAT_IS_TRAINED: Mapping[Trains, str] = {"none": REFERENCE.name, "part": PART.name, "all": WHOLE.name}


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
    row = STRATEGIES.get(kind)
    if row is None:
        near = get_close_matches(kind, STRATEGIES, n=1)
        hint = f"Did you mean '{near[0]}'?" if near else f"Choose from {', '.join(STRATEGIES)}."
        raise ConfigError(f"There is no strategy '{kind}'.", hint=hint)
    if not at:
        return row
    if row.trains != "part":
        able = " or ".join(one.name for one in STRATEGIES.values() if one.trains == "part")
        raise ConfigError(
            f"'{name}' names a cut, but the cut of {kind} is always the same.",
            hint=f"Only {able} can be cut elsewhere.",
        )
    if not _STAGE.fullmatch(cut):
        raise ConfigError(
            f"'{name}' names no stage after the '{AT}'.",
            hint=f"Write {kind}{AT}STAGE; headstart stages NETWORK lists them.",
        )
    return replace(row, name=name, cut=cut)


def name_at(row: Strategy, cut: str) -> str:
    """Return the name of a strategy with a cut of its own."""
    return str(RunId(strategy=row.kind, cut=cut))


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return names of strategies, each once, in the table's order; those of one row in the order given."""
    place = list(STRATEGIES).index
    return tuple(sorted(dict.fromkeys(names), key=lambda name: place(strategy_of(name).kind)))


def table_order(name: str) -> int:
    """Return the place of a run's strategy in the table: the simpler, the earlier."""
    return list(STRATEGIES).index(strategy_of(name).kind)
