"""The only training loop: scratch, full and partial are the same code on other modules and sources.

Each name is imported when it is first used: what describes a training needs no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.base.lazy import lazily

if TYPE_CHECKING:
    from headstart.tune.device import choose_device
    from headstart.tune.heads import PoolBatchNormHead, linear_head, pool_bn_head, to_affine
    from headstart.tune.loop import Trained, train
    from headstart.tune.schedule import steps_per_epoch
    from headstart.tune.sources import ActivationSource, PixelSource, PrefixSource, Source
    from headstart.tune.start import features_in_training
    from headstart.tune.trainee import Trainee, predict

__all__ = [
    "ActivationSource",
    "PixelSource",
    "PoolBatchNormHead",
    "PrefixSource",
    "Source",
    "Trained",
    "Trainee",
    "choose_device",
    "features_in_training",
    "linear_head",
    "pool_bn_head",
    "predict",
    "steps_per_epoch",
    "to_affine",
    "train",
]

_HOMES = {
    "choose_device": "device",
    **dict.fromkeys(("PoolBatchNormHead", "linear_head", "pool_bn_head", "to_affine"), "heads"),
    **dict.fromkeys(("Trained", "train"), "loop"),
    "steps_per_epoch": "schedule",
    **dict.fromkeys(("ActivationSource", "PixelSource", "PrefixSource", "Source"), "sources"),
    "features_in_training": "start",
    **dict.fromkeys(("Trainee", "predict"), "trainee"),
}

__getattr__, __dir__ = lazily(__name__, {name: f"{__name__}.{home}" for name, home in _HOMES.items()})
