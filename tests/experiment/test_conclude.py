"""Runs that answer with one and the same head are one candidate of the verdict."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headstart.evidence.intervals import wilson
from headstart.experiment.conclude import conclude
from headstart.experiment.repeated_splits import same_head
from headstart.table import Table

N = 120
LABELS = np.arange(N) % 2


def record(name: str, wrong: int, *, kept: bool = False, trained: int = 2562, remembered: int = 0) -> dict[str, Any]:
    """Return a run that errs on the first so many pictures."""
    return {
        "id": name,
        "strategy": name,
        "flops": 8e8,
        "parameters": {"total": 3_371_000 + trained % 1_000_000, "trained": trained, "remembered": remembered},
        "settings": {"epoch_chosen": 0 if kept else 3},
        "metrics": {
            "test": {
                "accuracy": 1 - wrong / N,
                "interval": list(wilson(N - wrong, N)),
                "used_for_choosing": False,
            }
        },
        "predictions": f"{name}.parquet",
        "wrong": wrong,
    }


@pytest.fixture
def concluded(tmp_path):
    """Return what `conclude` says of some runs."""

    def conclude_them(*runs: dict[str, Any], resampling: Any = None) -> dict[str, Any]:
        for run in runs:
            answered = np.where(np.arange(N) < run["wrong"], 1 - LABELS, LABELS)
            columns = {"path": [str(row) for row in range(N)], "label": [["a", "b"][one] for one in LABELS]}
            columns |= {"split": ["test"] * N, "p_a": 1.0 - answered, "p_b": answered.astype(float)}
            pq.write_table(pa.table(columns), tmp_path / run["predictions"])
        table = Table(
            root=tmp_path,
            paths=tuple(f"{row:03d}" for row in range(N)),
            labels=LABELS,
            classes=("a", "b"),
            splits=np.full(N, "test"),
            groups=np.full(N, "", dtype="<U1"),
            digests=tuple(map(str, range(N))),
        )
        ground: Any = SimpleNamespace(
            measured="test", classes=("a", "b"), table=table, request=SimpleNamespace(seed=0), progress=None
        )
        found = conclude(ground, SimpleNamespace(path=tmp_path), list(runs), resampling=resampling)  # type: ignore[arg-type]
        return json.loads(json.dumps(found))

    return conclude_them


def test_a_kept_head_is_no_other_strategy(concluded):
    found = concluded(
        record("linear", 20), record("svm", 22), record("partial", 20, kept=True), record("full", 20, kept=True)
    )
    assert found["verdict"]["same_as"] == {"partial": "linear", "full": "linear"}
    assert (found["verdict"]["winner"], found["verdict"]["tied_with"]) == ("linear", ["svm"])
    assert [(pair["a"], pair["b"]) for pair in found["comparisons"]] == [("linear", "svm")]
    assert found["comparisons"][0]["p"] == found["comparisons"][0]["p_adjusted"]
    assert "and svm, tied with it, does not come close." in found["verdict"]["text"]
    assert "partial and full answer with the head of linear and count as one" in found["verdict"]["text"]


def test_equal_answers_of_a_trained_network_are_its_own(concluded):
    found = concluded(record("linear", 20), record("partial", 20), record("full", 20))
    assert found["verdict"]["same_as"] == {}
    assert len(found["comparisons"]) == 3


def test_a_kept_head_that_answers_otherwise_is_another(concluded):
    found = concluded(record("linear", 20), record("partial", 21, kept=True), record("full", 21, kept=True))
    assert found["verdict"]["same_as"] == {"full": "partial"}
    assert len(found["comparisons"]) == 1


def test_what_a_head_remembers_counts_as_learned(concluded):
    found = concluded(record("knn", 20, trained=0, remembered=15 * 1280), record("linear", 20))
    assert found["verdict"]["winner"] == "linear"


def split_record(name: str, wrong: list[str], epoch: int | None) -> dict[str, Any]:
    return {"strategy": name, "wrong": wrong, "settings": {} if epoch is None else {"epoch_chosen": epoch}}


def test_over_splits_only_a_head_kept_in_every_split_is_no_other():
    linear = [split_record("linear", ["1"], None), split_record("linear", ["7"], None)]
    svm = [split_record("svm", ["1"], None), split_record("svm", ["7"], None)]
    kept = [split_record("full", ["1"], 0), split_record("full", ["7"], 0)]
    once = [split_record("partial", ["1"], 0), split_record("partial", ["7"], 4)]
    assert same_head([*linear, *svm, *once, *kept]) == {"full": "linear"}
    assert same_head([*once, *kept]) == {}
    other = [split_record("full", ["1"], 0), split_record("full", ["8"], 0)]
    assert same_head([*linear, *other]) == {}
