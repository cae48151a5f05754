"""The head that a training starts from: solved on its own rows, whatever their order, with the folds of those rows."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from headstart import heads
from headstart.base.types import Affine
from headstart.heads import Fitted
from headstart.strategies import fit_network


def test_each_row_keeps_its_fold_and_label_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    train = np.array([2, 3, 5, 8, 9, 11])
    ground: Any = SimpleNamespace(
        train=train,
        folds=np.array([0, 1, 2, 0, 1, 2]),
        table=SimpleNamespace(labels=np.arange(12) % 2),
        classes=("a", "b"),
        request=SimpleNamespace(seed=7),
    )
    seen: dict[str, Any] = {}

    def fitter(X: Any, y: Any, classes: int, *, folds: Any, seed: int, blocks: Any) -> Fitted:
        seen.update(X=X, y=y, folds=folds)
        return Fitted(Affine(weight=np.zeros((2, 1)), bias=np.zeros(2)), {}, converged=True, out_of_fold=np.eye(2)[y])

    monkeypatch.setitem(heads.HEADS, "logistic", replace(heads.HEADS["logistic"], fit=fitter))
    rows = np.array([9, 2, 11, 8])
    _, unseen = fit_network._logistic(ground, rows[:, None].astype(np.float32), rows)
    assert seen["folds"].tolist() == [1, 0, 2, 0]
    assert seen["y"].tolist() == [1, 0, 1, 0]
    assert unseen.argmax(axis=1).tolist() == [1, 0, 1, 0]
