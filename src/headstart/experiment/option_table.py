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
from headstart.base.outputs import BUNDLE, READ, RUN
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


class ServeOptions(ThreadsOption, total=False):
    """What `serve` takes."""

    host: Annotated[
        str,
        Option(
            help="The address to listen at. 0.0.0.0: every one of this machine, so that others can ask, too.",
            default="127.0.0.1",
            metavar="ADDRESS",
        ),
    ]
    port: Annotated[
        int,
        Option(help="0: any that is free.", default=8000, kind="number", metavar="N", least=0, most=65535),
    ]
    token_file: Annotated[
        str | Path | None,
        Option(
            help="A file with a token, without which nobody is answered; or set HEADSTART_TOKEN.",
            kind="file",
            metavar="FILE",
            marks=READ,
        ),
    ]
    queue: Annotated[
        int,
        Option(
            help="How many pictures may wait for their answer; more are refused (503).",
            default=64,
            kind="number",
            metavar="N",
            least=1,
            most=100_000,
            panel="Limits",
        ),
    ]
    per_client: Annotated[
        int | None,
        Option(
            help="How many of them may be from one address; more are refused (429).",
            usual="no limit",
            kind="number",
            metavar="N",
            least=1,
            most=100_000,
            panel="Limits",
        ),
    ]
    most_pictures: Annotated[
        int,
        Option(
            help="How many pictures one request may hold.",
            default=32,
            kind="number",
            metavar="N",
            least=1,
            most=1000,
            panel="Limits",
        ),
    ]
    most_megabytes: Annotated[
        int,
        Option(
            help="How large one request may be.",
            default=32,
            kind="number",
            metavar="N",
            least=1,
            most=2000,
            panel="Limits",
        ),
    ]
    most_megapixels: Annotated[
        int,
        Option(
            help="How large one picture may be.",
            default=65,
            kind="number",
            metavar="N",
            least=1,
            most=2000,
            panel="Limits",
        ),
    ]
    seconds: Annotated[
        int,
        Option(
            help="In how many seconds a request must have arrived, and then be answered.",
            default=30,
            kind="number",
            metavar="N",
            least=1,
            most=3600,
            panel="Limits",
        ),
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
    "serve": Verb(table=ServeOptions),
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
