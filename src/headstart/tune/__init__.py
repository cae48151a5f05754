"""The only training loop: scratch, full and partial are the same code on other modules and sources."""

from headstart.tune.device import choose_device
from headstart.tune.heads import PoolBatchNormHead, linear_head, pool_bn_head, to_affine
from headstart.tune.loop import Trained, train
from headstart.tune.schedule import steps_per_epoch
from headstart.tune.settings import TrainingSettings
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
    "TrainingSettings",
    "choose_device",
    "features_in_training",
    "linear_head",
    "pool_bn_head",
    "predict",
    "steps_per_epoch",
    "to_affine",
    "train",
]
