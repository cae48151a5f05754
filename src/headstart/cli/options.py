"""The arguments and options that several commands share, each described once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from headstart.base.errors import ConfigError

DEFAULT_BACKBONE = "tf_efficientnet_lite0"  # of headstart.backbones.names, which help must not import
_NETWORK, _TRAINING, _PICTURES, _MACHINE, _TRACKERS = "Network", "Training", "Pictures", "Machine", "Trackers"

Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="Folder with train/ val/ [test/], folder of class folders, or CSV/Parquet list.",
        show_default=False,
    ),
]
Bundle = Annotated[str, typer.Argument(metavar="BUNDLE", help="A saved classifier (a folder).", show_default=False)]

Strategies = Annotated[
    str | None,
    typer.Option(
        "--strategies",
        metavar="A,B,…",
        help="Which to compare: scratch, full, partial, linear, svm, knn.  [default: all six]",
        show_default=False,
    ),
]

Backbone = Annotated[
    str | None,
    typer.Option(
        "--backbone",
        metavar="NAME",
        help="A network of timm, or torchvision/NAME.  [default: tf_efficientnet_lite0, packaged]",
        rich_help_panel=_NETWORK,
        show_default=False,
    ),
]
Weights = Annotated[
    Path | None,
    typer.Option(
        "--weights",
        metavar="FILE",
        help="Its weights: safetensors, or a .pth of plain tensors.",
        rich_help_panel=_NETWORK,
        show_default=False,
    ),
]
Scratch = Annotated[
    str,
    typer.Option(
        "--scratch",
        metavar="NAME",
        help="The network trained from nothing: convnet4, convnet64 or any backbone.",
        rich_help_panel=_NETWORK,
    ),
]
Cut = Annotated[
    str | None,
    typer.Option(
        "--cut",
        metavar="STAGE|auto",
        help="Where partial begins to train (`headstart stages` names the places); auto: compare several.",
        rich_help_panel=_NETWORK,
        show_default=False,
    ),
]
Unfreeze = Annotated[
    int | None,
    typer.Option(
        "--unfreeze",
        metavar="N",
        help="The same, as a number: train the last N stages.",
        rich_help_panel=_NETWORK,
        show_default=False,
    ),
]
Head = Annotated[
    str,
    typer.Option(
        "--head",
        metavar="linear|pool-bn",
        help="Head of trained networks; pool-bn: batch norm before it.",
        rich_help_panel=_NETWORK,
    ),
]
Readout = Annotated[
    str,
    typer.Option(
        "--readout",
        metavar="pool|stages|auto",
        help="What linear, svm and knn read: the network's last features, or several stages.",
        rich_help_panel=_NETWORK,
    ),
]
ImageSize = Annotated[
    int | None,
    typer.Option(
        "--image-size",
        metavar="N",
        help="Side of the square the network sees, in pixels.  [default: as its weights say]",
        rich_help_panel=_PICTURES,
        show_default=False,
    ),
]
Framing = Annotated[
    str,
    typer.Option(
        "--framing",
        metavar="auto|crop|squash|pad",
        help="How a picture becomes a square.",
        rich_help_panel=_PICTURES,
    ),
]
Augment = Annotated[
    str,
    typer.Option(
        "--augment",
        metavar="auto|photo|gentle|any-orientation|none",
        help="How training pictures are varied.",
        rich_help_panel=_PICTURES,
    ),
]
SplitFile = Annotated[
    Path | None,
    typer.Option(
        "--split",
        metavar="FILE",
        help="Reuse the split.parquet of another run.",
        rich_help_panel=_PICTURES,
        show_default=False,
    ),
]
Epochs = Annotated[
    int | None,
    typer.Option(
        "--epochs",
        metavar="N",
        help="Passes over the training pictures.",
        rich_help_panel=_TRAINING,
        show_default=False,
    ),
]
Select = Annotated[
    str,
    typer.Option(
        "--select",
        metavar="train|val",
        help="Where epochs are chosen; val is optimistic, and the report says so.",
        rich_help_panel=_TRAINING,
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Any other setting of training, e.g. optimizer=sgd or batch_size=16; repeatable.",
        rich_help_panel=_TRAINING,
        show_default=False,
    ),
]
Interval = Annotated[
    str,
    typer.Option(
        "--interval",
        metavar="wilson|clopper-pearson",
        help="How accuracies get their intervals; clopper-pearson is wider and holds 95 % everywhere.",
    ),
]
Folds = Annotated[
    int | None,
    typer.Option(
        "--folds",
        metavar="K",
        help="Also hold out every picture once, in K folds: these decide the verdict.",
        show_default=False,
    ),
]
Seeds = Annotated[
    int | None,
    typer.Option(
        "--seeds",
        metavar="N",
        help="The folds N times over; without --folds, N random splits.",
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Same seed, same result.", rich_help_panel=_TRAINING)]
Device = Annotated[
    str,
    typer.Option("--device", metavar="auto|cpu|cuda|mps", help="Where to compute.", rich_help_panel=_MACHINE),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        metavar="N",
        help="At most so many processor threads.  [default: all that are allowed]",
        rich_help_panel=_MACHINE,
        show_default=False,
    ),
]
Offline = Annotated[
    bool,
    typer.Option("--offline", help="Never touch the network.", rich_help_panel=_MACHINE, show_default=False),
]
TensorBoard = Annotated[
    bool,
    typer.Option(
        "--tensorboard",
        help="Also tell TensorBoard: RUN/trackers/tensorboard.",
        rich_help_panel=_TRACKERS,
        show_default=False,
    ),
]
MLflow = Annotated[
    bool,
    typer.Option(
        "--mlflow",
        help="Also tell MLflow: RUN/trackers/mlflow.db, or where MLFLOW_TRACKING_URI says.",
        rich_help_panel=_TRACKERS,
        show_default=False,
    ),
]
WandB = Annotated[
    bool,
    typer.Option(
        "--wandb",
        help="Also tell Weights & Biases: offline, in RUN/trackers/wandb, unless WANDB_MODE says otherwise.",
        rich_help_panel=_TRACKERS,
        show_default=False,
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only the result.", show_default=False)]
AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON document on stdout, nothing else there.", show_default=False)
]


def names(text: str | None) -> list[str] | None:
    """Return the names in ``a,b``, or None where nothing was said."""
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def asked(**flags: bool) -> list[str] | None:
    """Return the names of the flags that were given, or None where none was."""
    return [name for name, given in flags.items() if given] or None


def settings(pairs: list[str] | None) -> dict[str, Any]:
    """Return ``NAME=VALUE`` pairs as a dict; numbers, true, false and null are read as such.

    Raises
    ------
    ConfigError
        If one has no ``=``.
    """
    chosen: dict[str, Any] = {}
    for pair in pairs or ():
        name, sign, value = pair.partition("=")
        if not sign or not name.strip():
            raise ConfigError(
                f"'--set {pair}' does not say which setting gets which value.", hint="Write --set NAME=VALUE."
            )
        try:
            chosen[name.strip().replace("-", "_")] = json.loads(value)
        except json.JSONDecodeError:  # a word, as in optimizer=sgd
            chosen[name.strip().replace("-", "_")] = value.strip()
    return chosen
