"""Small classifiers with everything that an export must carry: sets, none of these, every kind of head."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from headstart import backbones
from headstart.backbones.engine import TorchEngine
from headstart.base.types import Affine, Head, Kernel, Neighbours, unit_rows
from headstart.bundle import Model, Trust
from headstart.evidence.conformal import PredictionSets
from headstart.evidence.novelty import Familiar
from headstart.records.bundle import BundleInfo
from headstart.records.preprocessing import Preprocessing
from headstart.records.record import changed

CLASSES = ("=ant", "bee, wild", "쐐기벌레")  # names that some format could spoil


def head_of_kind(kind: str, features: NDArray[np.float32], classes: int = 3) -> Head:
    """Return a head of one kind for features, (n, d), of some pictures."""
    rng = np.random.default_rng(3)
    width = features.shape[1]
    mean, scale = features.mean(axis=0), features.std(axis=0) + 0.1
    if kind == "affine":
        weight = rng.normal(size=(classes, width)).astype(np.float32)
        return Affine(weight=weight, bias=np.zeros(classes, np.float32), temperature=1.7)
    standard = (features - mean) / scale
    if kind == "kernel":
        return Kernel(
            support=standard,
            coefficients=rng.normal(size=(len(features), classes)),
            bias=np.zeros(classes),
            mean=mean,
            scale=scale,
            gamma=0.3 / width,
            temperature=0.6,
        )
    labels = np.arange(len(features)) % classes
    return Neighbours(examples=unit_rows(standard), labels=labels, mean=mean, scale=scale, k=3, classes=classes)


def small_model(kind: str = "affine", *, trust: bool = True, **preprocessing: object) -> Model:
    """Return a classifier on a small random network that knows sets and none of these."""
    backbone = backbones.load("convnet64", random=True, seed=0)
    prepared = changed(Preprocessing(input_size=backbone.preprocessing.input_size), **preprocessing)
    engine = TorchEngine(backbone.network.eval(), prepared.input_size)
    rough = Affine(weight=np.zeros((3, backbone.features), np.float32), bias=np.zeros(3, np.float32))
    model = Model(
        engine=engine, head=rough, preprocessing=prepared, classes=CLASSES, info=BundleInfo(architecture="convnet64")
    )
    rng = np.random.default_rng(1)
    side = prepared.input_size
    squares = rng.integers(0, 255, (9, 1, 1, 3)) + rng.integers(-40, 40, (9, side, side, 3))
    features = model.features_of_squares(iter(np.clip(squares, 0, 255).astype(np.uint8)))
    sets = PredictionSets(thresholds={0.8: 0.4, 0.9: 0.3, 0.95: 0.2, 0.99: None}, pictures=40, units=40)
    near = Familiar(examples=unit_rows(features[:5]).astype(np.float16), limit=0.02, pictures=40)
    own = Trust(sets=sets, familiar=near) if trust else None
    return replace(model, head=head_of_kind(kind, features), trust=own)


def scenes(count: int = 6) -> list[NDArray[np.uint8]]:
    """Return pictures of many sizes, smooth with some edges, as photographs are."""
    rng = np.random.default_rng(7)
    sizes = [(90, 130), (200, 120), (64, 64), (20, 31), (500, 333), (70, 900), (640, 480), (1, 1)][:count]
    return [scene(size, rng) for size in sizes]


def scene(size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return one picture of this height and width."""
    height, width = size
    y, x = np.mgrid[0:height, 0:width]
    waves = rng.uniform(0.02, 0.3, (3, 2))
    colours = [120 + 90 * np.sin(a * x + b * y) for a, b in waves]
    picture = np.stack(colours, axis=-1)
    picture[height // 3 : height // 2, width // 4 : width // 2] = rng.integers(0, 255, 3)
    return np.asarray(np.clip(picture + rng.normal(0, 4, picture.shape), 0, 255), np.uint8)
