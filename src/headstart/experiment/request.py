"""What was asked for: the options of one experiment, checked once and remembered by fingerprint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from headstart.base.errors import ConfigError, DataError
from headstart.base.files import fingerprint, sha256_of_file
from headstart.base.options import AUTO, options_of
from headstart.base.params import check_choice
from headstart.base.version import __version__
from headstart.experiment.option_table import RequestOptions
from headstart.records.codec import plain
from headstart.records.record import Scalar, changed
from headstart.records.request import RequestRecord
from headstart.records.training import TrainingSettings
from headstart.strategies.strategy import PART, STRATEGIES, TRAINED_HEADS, Strategy, in_order, strategy_of


class Request(RequestRecord):
    """The options of one experiment; the same request on the same pictures is the same experiment.

    Parameters
    ----------
    strategies : tuple of str
        Names from `STRATEGIES`; `partial` also with a cut of its own, ``"partial@layer3"``.
    backbone : str, optional
        Name of the pre-trained network; None: the packaged default, or what the weights file names.
    weights : str, optional
        A weights file in place of the network's published weights.
    scratch : str
        The network that `scratch` trains from random weights.
    cut, unfreeze
        Where the trained part of `partial` starts: a stage's name, or how many of the last stages; ``"auto"``
        stands for several candidates (`headstart.experiment.depths`).
    head : str
        Head of the trained strategies: ``"linear"`` or ``"pool-bn"``.
    epochs : int or mapping of strategy to int, optional
        For every trained strategy, or for those named; None: each strategy's own default.
    framing, augment : str
        ``"auto"`` chooses inside the training split.
    readout : str
        What heads on the frozen network read: ``"pool"``, ``"stages"``, or ``"auto"``, each by its own out-of-fold
        loss.
    views : int
        How many augmented copies `partial` keeps; epoch e uses copy e mod `views`.
    select : str
        ``"train"`` chooses inside the training split; ``"val"`` on val, as the tutorials do.
    interval : str
        How accuracy and recall get their intervals: ``"wilson"`` or ``"clopper-pearson"``.
    folds, seeds : int, optional
        Divide the pictures into so many folds, so many times over, beside the one split; `seeds` alone: so many splits.
    fixed : bool
        Nothing is chosen among the epochs: every training goes through all of them on all of train, and its last
        weights answer, also where a head solved on the frozen network would answer better.
    training : mapping
        Overrides of `TrainingSettings` for every trained strategy.
    """

    strategies: tuple[str, ...] = tuple(STRATEGIES)
    backbone: str | None = None
    weights: str | None = None
    scratch: str = "convnet64"
    cut: str | None = None
    unfreeze: int | None = None
    head: str = TRAINED_HEADS[0]
    epochs: int | dict[str, int] | None = None
    seed: int = 0
    image_size: int | None = None
    framing: str = AUTO
    augment: str = AUTO
    readout: str = AUTO
    views: int = 8
    select: str = "train"
    device: str = AUTO
    offline: bool = False
    interval: str = "wilson"
    folds: int | None = None
    seeds: int | None = None
    fixed: bool = False
    training: dict[str, Scalar] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.strategies:
            strategy_of(name)
        for name, option in options_of(RequestOptions).items():
            option.check(getattr(self, name))
        for name in self.epochs if isinstance(self.epochs, Mapping) else ():
            check_choice("epochs", "compare", name, _trained())
        if self.cut is not None and self.unfreeze is not None:
            raise ConfigError("Both 'cut' and 'unfreeze' are given.", hint="Give one of them: they say the same.")
        if self.cut == AUTO and not any(_open(name) for name in self.strategies):
            raise ConfigError(
                f"'cut' is 'auto', which is about {PART.name}, and {PART.name} is not among the strategies.",
                hint=f"Add it (--strategies linear,{PART.name}), or leave --cut out.",
            )
        if self.weights is not None and not Path(self.weights).is_file():
            raise ConfigError(f"The weights file '{self.weights}' does not exist.", hint="Check the path.")
        known = set(TrainingSettings.__struct_fields__)
        for name in self.training:
            check_choice(name, "training", name, known)
        for row in self.rows:  # a setting that cannot be right is said before any work
            if not row.solves:
                self.settings_of(row)

    @property
    def rows(self) -> tuple[Strategy, ...]:
        """The strategies themselves."""
        return tuple(map(strategy_of, self.strategies))

    @property
    def trained(self) -> tuple[str, ...]:
        """The names of those that are trained by gradients."""
        return tuple(row.name for row in self.rows if not row.solves)

    def settings_of(self, row: Strategy) -> TrainingSettings:
        """Return the row's own defaults of training with what is asked for in their place; its cut makes no difference.

        Raises
        ------
        ConfigError
            If a setting cannot be right.
        """
        asked = self.epochs_of(row)
        own = dict(row.training)
        if self.fixed:
            own["together"] = False  # the network as it is after its last epoch
        if self.select == "val":
            own |= {"keep": "best", "together": False}  # as tutorials do: val chooses an epoch, and nothing else
        values = {**own, **self.training, **({} if asked is None else {"epochs": asked})}
        return changed(TrainingSettings(), **values)  # which checks them

    def epochs_of(self, row: Strategy) -> Scalar | None:
        """Return how many epochs are asked for, if any."""
        asked = self.epochs.get(row.kind) if isinstance(self.epochs, Mapping) else self.epochs
        return self.training.get("epochs") if asked is None else asked

    def joined(self, others: Iterable[str]) -> Request:
        """Return the same request for these strategies too, in their usual order, `others` first among equals."""
        return changed(self, strategies=in_order([*others, *self.strategies]))

    def fingerprint(self, data: str) -> str:
        """Return what makes this experiment itself: options and what follows from them, pictures, version.

        Not the device: which one it was is in the plan, and a finished run can be printed on any. Not the
        strategies, nor how often pictures are divided: others can come beside those that stand. A cut that is
        left open names strategies, no more.
        """
        options = {**plain(self), "cut": None if self.cut == AUTO else self.cut}
        del options["offline"]  # it says how weights are looked for, not which
        del options["device"], options["strategies"], options["folds"], options["seeds"]
        options["training"] = {name: plain(self.settings_of(STRATEGIES[name])) for name in _trained()}
        options["rates"] = sorted({"backbone_rate", "head_rate"} & set(self.training))  # these stay as given
        if self.weights is not None:  # what the file holds, wherever it lies
            file = Path(self.weights)
            card = file.with_suffix(".json")
            options["weights"] = [sha256_of_file(one) for one in (file, card) if one.is_file()]
        return fingerprint({"request": options, "data": data, "headstart": __version__})


def _open(name: str) -> bool:
    row = strategy_of(name)
    return row.trains == "part" and row.cut is None


def _trained() -> tuple[str, ...]:
    return tuple(name for name, strategy in STRATEGIES.items() if not strategy.solves)


def default_run_folder(data: str | Path) -> Path:
    """Return ``NAME.run`` in the current folder, NAME being the data folder's (or list's) name."""
    return Path(f"{name_of(data)}.run")


def name_of(data: str | Path) -> str:
    """Return the name of data for what is made of them: as it was typed, also that of a link; of ``.`` the folder's.

    Raises
    ------
    DataError
        If they have none: the root of a disk.
    """
    path = Path(data)
    plain = path.name if path.name not in ("", "..") else path.resolve().name
    name = plain if path.is_dir() else path.stem
    if not name:
        raise DataError(f"'{data}' has no name that the result could take.", hint="Name one with --out.")
    return name
