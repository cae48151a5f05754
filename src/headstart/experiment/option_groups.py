"""Options that several verbs take, in groups, each declared once: name, type, default, help and limits.

`headstart.experiment.option_table` says which verb takes which groups. To add an option, add one entry here: tests say
what else must know of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, TypedDict

from headstart.base.options import Option
from headstart.base.outputs import READ
from headstart.records.preprocessing import FRAMINGS, Framing
from headstart.records.record import Scalar
from headstart.records.run import READOUTS
from headstart.strategies.strategy import REFERENCE, STRATEGIES, TRAINED_HEADS

DEFAULT_BACKBONE = "tf_efficientnet_lite0"  # of headstart.backbones.names, which help must not import
NETWORK, TRAINING, PICTURES, MACHINE, TRACKERS = "Network", "Training", "Pictures", "Machine", "Trackers"
LISTED = ", ".join(STRATEGIES)
EXPLAINED = "; ".join(f"{name}: {row.summary}" for name, row in STRATEGIES.items())


class StrategiesOption(TypedDict, total=False):
    """Which strategies."""

    strategies: Annotated[
        Sequence[str] | str | None,
        Option(
            help=f"Strategies to compare, separated by commas. {EXPLAINED}.",
            more="Or a list of them. 'partial@layer3' also says where it is cut.",
            usual="all",
            kind="names",
            metavar="A,B,…",
            choices=STRATEGIES,
        ),
    ]


class StrategyOption(TypedDict, total=False):
    """One strategy."""

    strategy: Annotated[str, Option(help=f"The strategy. {EXPLAINED}.", default=REFERENCE.name, metavar="NAME")]


class NetworkOptions(TypedDict, total=False):
    """The pretrained network."""

    backbone: Annotated[
        str | None,
        Option(
            help="The pretrained network: a name from timm, or torchvision/NAME.",
            usual=f"{DEFAULT_BACKBONE}, which is included",
            metavar="NAME",
            panel=NETWORK,
        ),
    ]
    weights: Annotated[
        str | Path | None,
        Option(
            help="Your own weights for it: a .safetensors file, or a .pth file of plain tensors.",
            kind="file",
            metavar="FILE",
            marks=READ,
            panel=NETWORK,
        ),
    ]


class PartsOptions(TypedDict, total=False):
    """Which parts of networks are trained, and what is read from them."""

    scratch: Annotated[
        str,
        Option(
            help="The network that is trained from random weights: convnet4, convnet64 or any backbone.",
            default="convnet64",
            metavar="NAME",
            panel=NETWORK,
        ),
    ]
    cut: Annotated[
        str | None,
        Option(
            help="The stage where partial training starts (`headstart stages` lists them). auto compares several.",
            usual="near the end",
            metavar="STAGE|auto",
            panel=NETWORK,
        ),
    ]
    unfreeze: Annotated[
        int | None,
        Option(
            help="The same as a number: train the last N stages.", kind="number", metavar="N", least=0, panel=NETWORK
        ),
    ]
    head: Annotated[
        str,
        Option(
            help="The head of trained networks. pool-bn puts batch normalisation before it.",
            default=TRAINED_HEADS[0],
            choices=TRAINED_HEADS,
            panel=NETWORK,
        ),
    ]
    readout: Annotated[
        str,
        Option(
            help="What the classifier on a frozen network reads: the last features, or those of several stages.",
            more="'auto' chooses for each, inside the training pictures.",
            default="auto",
            choices=READOUTS,
            auto=True,
            panel=NETWORK,
        ),
    ]


class TrainingOptions(TypedDict, total=False):
    """How networks are trained."""

    epochs: Annotated[
        int | Mapping[str, int] | None,
        Option(
            help="How often training goes through the pictures.",
            more="Or a number for each strategy: {'full': 3}.",
            usual="each strategy's own",
            kind="number",
            metavar="N",
            least=1,
            panel=TRAINING,
        ),
    ]
    training: Annotated[
        Mapping[str, Scalar] | None,
        Option(
            help="Any other setting of training, e.g. optimizer=sgd or batch_size=16. Can be repeated.",
            more="As a mapping; `headstart.records.training.TrainingSettings` lists them.",
            kind="settings",
            flag="--set",
            metavar="NAME=VALUE",
            panel=TRAINING,
        ),
    ]


class SelectOption(TypedDict, total=False):
    """Where the best epoch is chosen."""

    select: Annotated[
        str,
        Option(
            help="Pictures that choose the best epoch. With val the result is too optimistic; the report says so.",
            default="train",
            choices=("train", "val"),
            panel=TRAINING,
        ),
    ]


class SeedOption(TypedDict, total=False):
    """The seed."""

    seed: Annotated[
        int,
        Option(
            help="The same seed gives the same result.", default=0, kind="number", metavar="N", least=0, panel=TRAINING
        ),
    ]


class PictureOptions(TypedDict, total=False):
    """How pictures reach the network."""

    image_size: Annotated[
        int | None,
        Option(
            help="Side of the square that the network sees, in pixels.",
            usual="what the network was made for",
            kind="number",
            metavar="N",
            least=16,
            panel=PICTURES,
        ),
    ]
    framing: Annotated[
        Framing | Literal["auto"],
        Option(
            help="How a picture becomes a square.",
            more="'auto' chooses inside the training pictures.",
            default="auto",
            choices=FRAMINGS,
            auto=True,
            panel=PICTURES,
        ),
    ]


class AugmentOption(TypedDict, total=False):
    """How training pictures are varied."""

    augment: Annotated[
        str,
        Option(
            help="How training pictures are varied.",
            more="'auto' chooses among 'photo', 'gentle' and 'any-orientation' inside the training pictures. 'upright' "
            "flips nothing: take it for letters, digits and signs.",
            default="auto",
            choices=("photo", "gentle", "upright", "any-orientation", "none"),
            auto=True,
            panel=PICTURES,
        ),
    ]


class ViewsOption(TypedDict, total=False):
    """How many varied copies are kept."""

    views: Annotated[
        int,
        Option(
            help="How many varied copies of each picture partial training keeps.",
            default=8,
            kind="number",
            flag=None,
            least=1,
            most=64,
        ),
    ]


class SplitOption(TypedDict, total=False):
    """A given split."""

    split: Annotated[
        str | Path | None,
        Option(
            help="Divide the pictures as an earlier run did: its split.parquet.",
            kind="file",
            metavar="FILE",
            marks=READ,
            panel=PICTURES,
        ),
    ]


class IntervalOption(TypedDict, total=False):
    """How sure a measured share is."""

    interval: Annotated[
        str,
        Option(
            help="How 95 % intervals are computed. clopper-pearson gives wider, safer ones.",
            default="wilson",
            choices=("wilson", "clopper-pearson"),
        ),
    ]


class RepeatOptions(TypedDict, total=False):
    """How often the pictures are divided."""

    folds: Annotated[
        int | None,
        Option(
            help="Also hold out every picture once, in K folds. These then decide the verdict.",
            kind="number",
            metavar="K",
            least=2,
        ),
    ]
    seeds: Annotated[
        int | None,
        Option(help="Repeat the folds N times. Without --folds: N random splits.", kind="number", metavar="N", least=1),
    ]


class DeviceOptions(TypedDict, total=False):
    """Where to compute, and whether the internet may be used."""

    device: Annotated[
        str,
        Option(help="Where to compute.", default="auto", choices=("cpu", "cuda", "mps"), auto=True, panel=MACHINE),
    ]
    offline: Annotated[
        bool,
        Option(help="Never use the internet.", default=False, kind="flag", panel=MACHINE, reproduces=False),
    ]


class ThreadsOption(TypedDict, total=False):
    """How many threads."""

    threads: Annotated[
        int | None,
        Option(
            help="Use at most N processor threads.",
            usual="all",
            kind="number",
            metavar="N",
            panel=MACHINE,
            reproduces=False,
        ),
    ]


class BudgetOption(TypedDict, total=False):
    """A limit of time."""

    budget: Annotated[
        str | float | None,
        Option(
            help="Time limit, e.g. 90s, 10m or 2h. The cheapest strategies run first; the rest can be run later.",
            more="Or seconds. results.not_run names what did not fit; the same call without a limit goes on with it.",
            metavar="TIME",
            reproduces=False,
        ),
    ]


class TrackerOptions(TypedDict, total=False):
    """Who else is told of the results."""

    trackers: Annotated[
        Sequence[str] | str | None,
        Option(
            help="Trackers to log the results to: tensorboard, mlflow, wandb.",
            more="If one cannot be reached, the results are kept all the same; `tracked` of the experiment says so.",
            kind="flags",
            choices=("tensorboard", "mlflow", "wandb"),
            panel=TRACKERS,
            flags={
                "tensorboard": "Also log to TensorBoard, in RUN/trackers/tensorboard.",
                "mlflow": "Also log to MLflow, in RUN/trackers/mlflow.db or where MLFLOW_TRACKING_URI says.",
                "wandb": "Also log to Weights & Biases: in RUN/trackers/wandb, unless WANDB_MODE says otherwise.",
            },
            reproduces=False,
        ),
    ]
