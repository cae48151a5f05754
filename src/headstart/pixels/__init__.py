"""Pictures as numbers: decoded once into a store, framed into squares, varied for the training."""

from headstart.pixels.augment import AUGMENTATIONS, Augmentation, augment
from headstart.pixels.decode import common_decoding, decode, decode_for, decoder
from headstart.pixels.framing import frame, frame_batch
from headstart.pixels.store import PixelStore

__all__ = [
    "AUGMENTATIONS",
    "Augmentation",
    "PixelStore",
    "augment",
    "common_decoding",
    "decode",
    "decode_for",
    "decoder",
    "frame",
    "frame_batch",
]
