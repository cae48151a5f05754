"""`--folds` and `--seeds`: what is divided, what stands, how it goes on, what it decides."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from drawing import draw_classes
from experiments import PLAIN, Interrupting, read_results, without_times
from hypothesis import given, settings
from hypothesis import strategies as st

import headstart as hs
from headstart.base.errors import ConfigError
from headstart.experiment.repeated_splits import splits_of
from headstart.records.plan import SplitsAsked
from headstart.records.progress import Silent
from headstart.records.training import Epoch
from headstart.strategies.division import Division
from headstart.table import Table, read_table

HEADS: dict[str, Any] = {
    "image_size": 64, "strategies": "linear,knn", "framing": "squash", "augment": "none", "readout": "pool",
}  # fmt: skip


def prepared(labels: Any, groups: Any = None, *, splits: Any = None, drawn: bool = False, seed: int = 0) -> Any:
    """Return what `splits_of` needs of an experiment."""
    labels = np.asarray(labels)
    n = len(labels)
    table = Table(
        root=Path("data"),
        paths=tuple(f"p{row:04d}" for row in range(n)),
        labels=labels,
        classes=tuple("abcdef"[: labels.max() + 1]),
        splits=np.array(["train"] * n if splits is None else splits),
        groups=np.array([""] * n if groups is None else groups),
        digests=tuple(f"d{row}" for row in range(n)),
    )
    return SimpleNamespace(division=Division.of(table, seed=seed, drawn=drawn))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 99), st.integers(2, 3), st.integers(12, 30), st.integers(2, 5), st.integers(1, 3), st.booleans())
def test_each_picture_is_held_out_once_for_each_seed(
    seed: int, classes: int, each: int, folds: int, seeds: int, grouped: bool
) -> None:
    labels = np.repeat(np.arange(classes), each)
    groups = np.array([f"g{row // 2}" for row in range(len(labels))]) if grouped and each % 2 == 0 else None
    asked = SplitsAsked(folds=folds, seeds=seeds)
    here = prepared(labels, groups, seed=seed)
    found = splits_of(here, asked)
    assert len(found) == folds * seeds
    for number in range(seeds):
        held = np.concatenate([one.held for one in found if one.seed == number])
        assert sorted(held) == list(range(len(labels)))
    for one in found:
        assert not set(one.train) & set(one.held)
        assert len(one.train) + len(one.held) == len(labels)
        counts = np.bincount(labels[one.held], minlength=classes)
        assert np.abs(counts - each / folds).max() <= (2 if groups is not None else 1)
        if groups is not None:
            assert not set(groups[one.train]) & set(groups[one.held])
    for one, other in zip(found, splits_of(here, asked), strict=True):
        np.testing.assert_array_equal(one.held, other.held)


def test_a_given_test_split_stays_closed_and_one_that_was_drawn_does_not() -> None:
    splits = ["train"] * 20 + ["test"] * 10
    labels = [0, 1] * 15
    given = splits_of(prepared(labels, splits=splits), SplitsAsked(folds=2, seeds=1))
    assert max(row for one in given for row in one.held) == 19
    drawn = splits_of(prepared(labels, splits=splits, drawn=True), SplitsAsked(folds=None, seeds=3))
    assert len(drawn) == 3
    assert {len(one.train) for one in drawn} == {22}
    assert len({tuple(one.held) for one in drawn}) == 3


@pytest.mark.parametrize(
    ("labels", "groups", "words"),
    [([0] * 20 + [1] * 3, None, "too few for 5 folds"), ([0, 1] * 10, ["a", "b"] * 10, "left to learn from")],
)
def test_what_cannot_be_divided_is_said(labels: Any, groups: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        splits_of(prepared(labels, groups), SplitsAsked(folds=5, seeds=1))


def test_folds_come_beside_the_runs_and_decide(single_folder: Path, tmp_path: Path) -> None:
    plain = hs.compare(single_folder, out=tmp_path / "a.run", **HEADS)
    grown = hs.compare(single_folder, out=tmp_path / "a.run", folds=3, seeds=2, **HEADS)
    assert without_times(grown.results.runs) == without_times(plain.results.runs)
    found = grown.results.repeated_splits
    assert (found.folds, found.seeds, found.pictures) == (3, 2, 36)
    assert len(found.runs) == 12
    assert {run.test for run in found.runs} == {12}
    assert "on average over 6 splits" in grown.verdict.text
    assert "The 36 pictures were split into 3 folds, 2 times over" in " ".join(grown.verdict.details)
    assert "Over several splits" in (tmp_path / "a.run" / "report.md").read_text(encoding="utf-8")
    again = hs.compare(single_folder, out=tmp_path / "a.run", **HEADS)
    assert again.results == grown.results
    with pytest.raises(ConfigError, match="results of 3 x 2 splits, not of 4 x 2 splits"):
        hs.compare(single_folder, out=tmp_path / "a.run", folds=4, seeds=2, **HEADS)


def test_stopped_anywhere_folds_go_on_to_the_same_results(single_folder: Path, tmp_path: Path, cache: Path) -> None:
    asked = {**HEADS, "folds": 3, "seeds": 2}
    whole = hs.compare(single_folder, out=tmp_path / "whole.run", **asked)
    table, stops = read_table(single_folder), 0
    while True:
        try:
            progress = Interrupting(4 * 3**stops)
            results = hs.compare(table, out=tmp_path / "stopped.run", progress=progress, **asked).results
            break
        except KeyboardInterrupt:
            stops += 1
    assert stops >= 2
    assert without_times(results) == without_times(whole.results)


@pytest.mark.parametrize("option", ["folds", "seeds"])
def test_one_classifier_has_no_use_for_several_splits(single_folder: Path, option: str) -> None:
    says = rf"fit\(\) has no option '{option}'.*one split\. compare\(\) takes '{option}'"
    with pytest.raises(ConfigError, match=says):
        hs.fit(single_folder, strategy="linear", **{option: 3})


@pytest.mark.slow
def test_a_training_over_splits_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    """Killed inside a training of the second split, it neither repeats the first nor begins the second anew."""
    folder = tmp_path / "shapes"
    draw_classes(folder, 12, 200)
    asked = {**PLAIN, "epochs": 3, "strategies": "partial"}
    hs.compare(folder, out=tmp_path / "whole.run", **asked)
    shutil.copytree(tmp_path / "whole.run", tmp_path / "killed.run")
    whole = hs.compare(folder, out=tmp_path / "whole.run", seeds=2, **asked)

    trained: list[tuple[str, int]] = []

    class Killing(Silent):
        def __init__(self, after: int) -> None:
            self.left = after

        def epoch(self, run: str, record: Epoch) -> None:
            trained.append((run, record.epoch))
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hs.compare(folder, out=tmp_path / "killed.run", progress=Killing(5), seeds=2, **asked)
    assert [epoch for _, epoch in trained] == [1, 2, 3, 1, 2]
    records, checkpoints = (tmp_path / "killed.run" / name for name in ("repeated_splits", "checkpoints"))
    assert [file.name for file in records.iterdir()] == ["partial-s0-f0.json"]
    first, kept = (records / "partial-s0-f0.json").read_bytes(), [file.name for file in checkpoints.iterdir()]
    assert kept == ["partial-s1-f0"]
    trained.clear()
    again = hs.compare(folder, out=tmp_path / "killed.run", progress=Killing(99), seeds=2, **asked)
    assert [epoch for _, epoch in trained] in ([2, 3], [3]), "from the last whole epoch"
    assert (records / "partial-s0-f0.json").read_bytes() == first
    assert not checkpoints.exists()
    assert without_times(again.results) == without_times(whole.results)


@pytest.mark.slow
def test_trained_strategies_are_tried_over_splits_too(tmp_path: Path) -> None:
    folder = tmp_path / "shapes"
    draw_classes(folder, 12, 200)
    asked = {**PLAIN, "epochs": 1, "strategies": "linear,partial,scratch", "seeds": 2}
    found = hs.compare(folder, out=tmp_path / "a.run", **asked).results.repeated_splits
    assert [entry.strategy for entry in found.strategies] == ["linear", "partial", "scratch"]
    assert not (tmp_path / "a.run" / "checkpoints").exists()
    assert read_results(tmp_path / "a.run").repeated_splits == found
