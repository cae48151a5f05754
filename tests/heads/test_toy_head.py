"""A new head is a class, two functions and one line: fitted, kept in a bundle and read again by what stands already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from headstart import backbones, bundle
from headstart.backbones.engine import TorchEngine
from headstart.base.errors import BundleError
from headstart.base.types import HEAD_KINDS, Floats, Head, squared_distances
from headstart.bundle import Model
from headstart.heads import HEADS, Fitted, HeadMethod
from headstart.heads.training import number_among
from headstart.pixels import decode, frame
from headstart.records.bundle import BundleInfo
from headstart.records.record import Scalar


@dataclass(frozen=True, kw_only=True, eq=False)
class NearestMean(Head, kind="nearest-mean"):
    """The nearer the mean of a class, the likelier it is."""

    means: Floats
    power: int

    def scores(self, features: Floats) -> Floats:
        return -(squared_distances(np.asarray(features, np.float64), self.means) ** (self.power / 2))

    def flops(self) -> float:
        return 2.0 * self.means.size

    @property
    def numbers(self) -> int:
        return self.means.size

    @property
    def fitted_numbers(self) -> int:
        return self.means.size


def fit(X: Floats, y, classes: int, *, folds, seed: int = 0, blocks: Sequence[int] = ()) -> Fitted:
    unseen, chosen = np.zeros((len(y), classes)), {"power": 1}
    for fold in np.unique(folds):
        unseen[folds == fold] = solve(X[folds != fold], y[folds != fold], classes, chosen).scores(X[folds == fold])
    return Fitted(solve(X, y, classes, chosen), chosen, unseen, converged=True)


def solve(X: Floats, y, classes: int, chosen: Mapping[str, Scalar], *, blocks: Sequence[int] = ()) -> NearestMean:
    means = np.stack([X[y == one].mean(axis=0) for one in range(classes)]).astype(np.float64)
    return NearestMean(means=means, power=int(number_among(chosen, "power")), temperature=2.0)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(HEADS, "nearest-mean", HeadMethod(fit, solve))  # the one line


@pytest.fixture
def pictures(picture_folder: Path) -> list[Path]:
    return sorted(picture_folder.rglob("*.png"))


@pytest.fixture
def model(pictures: list[Path]) -> Model:
    backbone = backbones.load("convnet64", random=True, seed=0)
    prepared = backbone.preprocessing
    engine = TorchEngine(backbone.network, prepared.input_size)
    squares = np.stack([frame(decode(file, short_side=prepared.decode_side), prepared) for file in pictures])
    (features,) = engine.features_of(iter([squares]), prepared)
    labels, folds = np.arange(len(pictures)) % 2, np.arange(len(pictures)) // 2 % 3
    fitted = HEADS["nearest-mean"].fit(features, labels, 2, folds=folds)
    info = BundleInfo(architecture="convnet64")
    return Model(engine=engine, head=fitted.head, preprocessing=prepared, classes=("a", "b"), info=info)


def test_it_is_kept_and_read_again_to_the_bit(model: Model, pictures: list[Path], tmp_path: Path) -> None:
    again = bundle.load(model.save(tmp_path / "toy.bundle"))
    assert isinstance(again.head, NearestMean)
    assert (again.head.power, again.head.temperature) == (1, 2.0)
    assert type(again.head.power) is int
    assert np.array_equal(again.predict_proba(pictures), model.predict_proba(pictures))


def test_where_its_class_was_not_imported_the_bundle_says_so(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = model.save(tmp_path / "toy.bundle")
    monkeypatch.delitem(HEAD_KINDS, "nearest-mean")
    with pytest.raises(BundleError, match=r"'nearest-mean', which this headstart .* Import the module"):
        bundle.load(kept)
