"""Which verb takes which options; the groups of `headstart.experiment.option_groups` and what only one verb has.

The command line, the signatures of the library, recipes, the command that gives a result again, the checks of a
`Request` and the documentation all read these tables; `headstart.base.options` says how.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from headstart.base.options import Option, options_of
from headstart.base.outputs import BUNDLE, RUN
from headstart.experiment.option_groups import (
    AugmentOption,
    BudgetOption,
    DeviceOptions,
    IntervalOption,
    NetworkOptions,
    PartsOptions,
    PictureOptions,
    RepeatOptions,
    SeedOption,
    SelectOption,
    SplitOption,
    StrategiesOption,
    StrategyOption,
    ThreadsOption,
    TrackerOptions,
    TrainingOptions,
    ViewsOption,
)


def _run_folder(usual: str) -> Option:
    text = "The run folder. The same command continues it."
    return Option(help=text, kind="file", metavar="RUN", usual=usual, marks=RUN)


class LearningOptions(
    NetworkOptions,
    PartsOptions,
    TrainingOptions,
    SelectOption,
    SeedOption,
    PictureOptions,
    AugmentOption,
    ViewsOption,
    DeviceOptions,
    IntervalOption,
    total=False,
):
    """What bears on one classifier."""


class RequestOptions(StrategiesOption, LearningOptions, RepeatOptions, total=False):
    """What a `Request` holds: the same values on the same pictures are the same experiment."""


class ExperimentOptions(RequestOptions, SplitOption, ThreadsOption, BudgetOption, TrackerOptions, total=False):
    """What every comparison takes."""


class CompareOptions(ExperimentOptions, total=False):
    """What `compare` and `plan` take."""

    out: Annotated[str | Path | None, _run_folder("DATA.run")]


class DemoOptions(ExperimentOptions, total=False):
    """What `demo` takes."""

    pictures: Annotated[
        int | None,
        Option(
            help="How many of the 2,624 photographs to use.", more="None: all.", default=360, kind="number", metavar="N"
        ),
    ]
    out: Annotated[str | Path | None, _run_folder("headstart.run")]


class RecipeOptions(ExperimentOptions, total=False):
    """What `run_recipe` takes: what is given replaces what the recipe says."""

    out: Annotated[str | Path | None, _run_folder("RECIPE.run")]


class FitOptions(StrategyOption, LearningOptions, SplitOption, ThreadsOption, total=False):
    """What `fit` takes."""

    out: Annotated[
        str | Path | None,
        Option(
            help="Where the classifier is saved.",
            kind="file",
            metavar="BUNDLE",
            usual="DATA.bundle",
            marks=BUNDLE,
        ),
    ]


class FrozenPassOptions(NetworkOptions, SeedOption, PictureOptions, total=False):
    """What one pass through the frozen network takes."""


class AdviseOptions(FrozenPassOptions, SplitOption, DeviceOptions, ThreadsOption, total=False):
    """What `advise` takes."""

    backbones: Annotated[
        Sequence[str] | str | None,
        Option(
            help="Rank these networks instead: names or weights files, separated by commas.",
            more="Or a list of them.",
            metavar="LIST",
        ),
    ]


class ActivityOptions(
    NetworkOptions,
    TrainingOptions,
    SeedOption,
    PictureOptions,
    AugmentOption,
    ViewsOption,
    SplitOption,
    DeviceOptions,
    ThreadsOption,
    IntervalOption,
    total=False,
):
    """What `activity` takes."""

    unfreeze: Annotated[
        str | int | Iterable[int],
        Option(
            help="How many of the last stages are trained: none, one, … up to N.",
            more="Or the highest number, or a list of numbers.",
            default="0..3",
            metavar="0..N",
        ),
    ]
    out: Annotated[str | Path | None, _run_folder("DATA.activity.run")]


class LookOptions(FrozenPassOptions, AugmentOption, total=False):
    """What `look` takes."""

    pictures: Annotated[
        int, Option(help="How many pictures to draw.", default=16, kind="number", metavar="N", least=1, most=64)
    ]


REQUEST = tuple(options_of(RequestOptions))  # the names of what a `Request` holds


@dataclass(frozen=True, kw_only=True)
class Verb:
    """A verb of the library, its command, and the options that it takes.

    Parameters
    ----------
    table : type
    command : str
        What is typed, where that is not the name of the verb.
    shown : tuple of str, optional
        The options that the command has; None: every option that has a flag.
    own_defaults : str, optional
        Who sets the defaults, where the table does not.
    because : str
        Why it does without the options of other verbs.
    """

    table: type
    command: str = ""
    shown: tuple[str, ...] | None = None
    own_defaults: str = ""
    because: str = ""

    def on_command_line(self) -> dict[str, Option]:
        """Return the options that its command has."""
        rows = options_of(self.table).items()
        return {name: row for name, row in rows if row.typed and (self.shown is None or name in self.shown)}


VERBS: Mapping[str, Verb] = {
    "demo": Verb(table=DemoOptions, shown=("pictures", "seed", "device", "threads", "trackers", "out")),
    "compare": Verb(table=CompareOptions),
    "advise": Verb(table=AdviseOptions, because="advise passes the pictures through the network once."),
    "plan": Verb(table=CompareOptions),
    "activity": Verb(
        table=ActivityOptions, because="In activity only the number of trained stages differs between trainings."
    ),
    "run_recipe": Verb(
        table=RecipeOptions,
        command="run",
        shown=(
            *("backbone", "weights", "epochs", "training", "seed"),
            *("device", "threads", "offline", "trackers", "out"),
        ),
        own_defaults="the recipe's",
    ),
    "fit": Verb(table=FitOptions, because="fit trains once, on one split."),
    "look": Verb(table=LookOptions),
}


def elsewhere(verb: str) -> dict[str, str]:
    """Return hints for the options that a verb does without and another takes, `compare` before all others."""
    own, hints = VERBS[verb], dict[str, str]()
    for other in ("compare", *VERBS):
        for name in options_of(VERBS[other].table).keys() - options_of(own.table).keys():
            hints.setdefault(name, f"{own.because} {other}() takes '{name}'.".strip())
    return hints


def takers(name: str) -> list[str]:
    """Return the verbs that take an option."""
    return [verb for verb, row in VERBS.items() if name in options_of(row.table)]
