"""Several splits beside the one: which pictures each holds out, what is fitted in it, and what all say together."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import CHOICES, GIVEN, prepared_of, separable, table_of

from headstart.base.errors import ConfigError
from headstart.experiment import repeated_splits as module
from headstart.experiment.folder import RunFolder
from headstart.experiment.prepare import Prepared
from headstart.experiment.repeated_splits import (
    StoredSplitRun,
    asked_for,
    part_of,
    repeat,
    same_head,
    splits_of,
)
from headstart.experiment.request import Request
from headstart.records.codec import read_record, write_record
from headstart.records.plan import SplitsAsked
from headstart.strategies.passes import FakePasses
from headstart.table import group_ids

FOLDS = SplitsAsked(folds=4, seeds=2, strategies=("linear",))
RANDOM = SplitsAsked(folds=None, seeds=3, strategies=("linear",))


def prepared(*, drawn: bool = True, strategies: tuple[str, ...] = ("linear",), **options: Any) -> Prepared:
    table = options.pop("table", None) or table_of(each=16)
    return prepared_of(table, request=Request(strategies=strategies, **{**GIVEN, **options}), drawn=drawn)


def test_folds_hold_every_picture_out_once_for_each_seed() -> None:
    found = splits_of(prepared(), FOLDS)
    assert [(one.seed, one.fold) for one in found] == [(seed, fold) for seed in range(2) for fold in range(4)]
    for seed in range(2):
        held = np.concatenate([one.held for one in found if one.seed == seed])
        assert sorted(held) == list(range(64))
    for one in found:
        assert not set(one.train) & set(one.held)
        assert len(one.train) + len(one.held) == 64
        assert np.bincount(one.held % 2).tolist() == [8, 8]
    assert found[0].held.tolist() != found[4].held.tolist(), "each seed folds anew"
    assert len({one.root for one in found}) == 2


def test_without_folds_a_quarter_is_held_out_at_random() -> None:
    found = splits_of(prepared(), RANDOM)
    assert [(one.seed, one.fold, len(one.held)) for one in found] == [(0, 0, 16), (1, 0, 16), (2, 0, 16)]
    assert len({tuple(one.held) for one in found}) == 3


def test_a_test_split_that_was_given_stays_closed() -> None:
    own = prepared(drawn=False, table=table_of("train val test", each=16))
    rows = set(np.concatenate([np.concatenate([one.train, one.held]) for one in splits_of(own, FOLDS)]))
    assert rows == set(range(64))
    assert set(own.table.splits[list(rows)]) == {"train", "val"}


def test_groups_stay_together() -> None:
    table = table_of(each=16)
    groups = np.array([f"{row % 2}{row // 8}" for row in range(64)])
    own = prepared(table=replace(table, groups=groups))
    for asked in (FOLDS, RANDOM):
        for one in splits_of(own, asked):
            assert not set(group_ids(own.table, one.train)) & set(group_ids(own.table, one.held))


@pytest.mark.parametrize(
    ("each", "asked", "said"),
    [
        (2, SplitsAsked(folds=5, seeds=1), "The smallest class has 4 pictures, too few for 5 folds"),
        (1, SplitsAsked(folds=2, seeds=1), "only 1 pictures of 'a' are left"),
        (1, SplitsAsked(folds=None, seeds=1), "cannot be held out"),
    ],
)
def test_what_cannot_be_divided_is_said_before_the_work(each: int, asked: SplitsAsked, said: str) -> None:
    table = table_of(each=max(each, 2))
    if each == 1:  # two pictures of each class
        own = prepared(table=table)
        own = replace(own, context=replace(own.context, division=replace(own.division, table=table.only(np.arange(4)))))
    else:
        own = prepared(table=table)
    with pytest.raises(ConfigError, match=said):
        splits_of(own, asked)


def test_a_fit_in_one_split_sees_its_own_pictures_only() -> None:
    own = prepared(drawn=False, table=table_of("train test val", each=16))  # the pool is not the first rows
    split = splits_of(own, FOLDS)[1]
    context, rows = part_of(own, split, own.resolved.strategies[0])
    division = context.division
    assert sorted(rows) == sorted([*split.train, *split.held])
    assert rows[division.train].tolist() == split.train.tolist()
    assert rows[division.held_out].tolist() == split.held.tolist()
    assert (division.measuring, division.seed, context.resolved.seed) == ("test", split.root, split.root)
    assert context.resolved.pictures == len(rows)
    whole = own.passes
    assert isinstance(whole, FakePasses)
    said = context.passes.features("train", CHOICES.preprocessing)
    np.testing.assert_array_equal(said, whole.values[split.train])
    held = context.passes.features("held out", CHOICES.preprocessing)
    np.testing.assert_array_equal(held, whole.values[split.held])


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def test_heads_in_every_split_and_what_they_say_together(folder: RunFolder) -> None:
    own = prepared(strategies=("linear", "svm"))
    asked = SplitsAsked(folds=4, seeds=2, strategies=("linear", "svm"))
    found = repeat(own, CHOICES, folder, asked, own.resolved.strategies)
    assert [(run.strategy, run.seed, run.fold) for run in found.runs] == [
        (name, seed, fold) for name in ("linear", "svm") for seed in range(2) for fold in range(4)
    ]
    assert (found.pictures, found.train, found.test, found.least_per_class, found.chance) == (64, 48, 16, 32, 0.5)
    linear = found.of("linear")
    assert linear is not None
    own_runs = [run for run in found.runs if run.strategy == "linear"]
    assert linear.accuracy == pytest.approx(np.mean([run.accuracy for run in own_runs]))
    assert linear.seconds == pytest.approx(sum(run.seconds for run in own_runs))
    assert linear.accuracy > 0.7
    assert found.decides
    assert [(pair.a, pair.b) for pair in found.comparisons] in ([("linear", "svm")], [("svm", "linear")])
    assert found.same_as == {}
    assert all(run.settings and run.epoch_chosen is None and not run.kept_solved_head for run in found.runs)


def test_one_split_alone_compares_nothing(folder: RunFolder) -> None:
    own = prepared()
    found = repeat(own, CHOICES, folder, SplitsAsked(folds=None, seeds=1), own.resolved.strategies)
    assert found.comparisons == ()
    assert not found.decides


def test_what_stands_is_not_done_again(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    own = prepared()
    first = repeat(own, CHOICES, folder, FOLDS, own.resolved.strategies)
    fitted: list[str] = []
    usual = module.fit_one

    def fit(context: Any, choices: Any, strategy: Any, *, checkpoint: Path) -> Any:
        fitted.append(checkpoint.name)
        return usual(context, choices, strategy, checkpoint=checkpoint)

    monkeypatch.setattr(module, "fit_one", fit)
    assert repeat(own, CHOICES, folder, FOLDS, own.resolved.strategies) == first
    assert fitted == []
    (folder.path / "repeated_splits" / "linear-s1-f2.json").unlink()
    (folder.path / "repeated_splits" / "linear-s0-f0.json").write_text("{}")
    again = repeat(own, CHOICES, folder, FOLDS, own.resolved.strategies)
    assert fitted == ["linear-s0-f0", "linear-s1-f2"]
    assert [run.accuracy for run in again.runs] == [run.accuracy for run in first.runs]
    repeat(own, CHOICES, folder, SplitsAsked(folds=2, seeds=1), own.resolved.strategies)
    assert fitted[2:] == ["linear-s0-f0", "linear-s0-f1"], "other splits"


def test_wrong_answers_are_named_by_their_pictures(folder: RunFolder) -> None:
    table = table_of(each=16)
    values = separable(table.labels, distance=20.0)
    values[[5, 40]] = separable(1 - table.labels, distance=20.0)[[5, 40]]  # these look like the other class
    own = prepared_of(table, values=values, drawn=True)
    repeat(own, CHOICES, folder, FOLDS, own.resolved.strategies)
    files = sorted((folder.path / "repeated_splits").iterdir())
    runs = [read_record(file, StoredSplitRun) for file in files]
    wrong = Counter(path for run in runs for path in run.wrong)
    assert wrong["0005.png"] == wrong["0040.png"] == 2, "once for each seed"
    assert sum(wrong.values()) < 8
    assert [run.accuracy for run in runs] == [pytest.approx(1 - len(run.wrong) / run.test) for run in runs]


def split_run(name: str, wrong: list[str], *, kept: bool | None = None, fold: int = 0) -> StoredSplitRun:
    """Return how a strategy did in one split; `kept`: the solved head answers (None: nothing was trained)."""
    return StoredSplitRun(
        folds=2,
        seeds=1,
        strategy=name,
        seed=0,
        fold=fold,
        train=20,
        test=20,
        accuracy=1 - len(wrong) / 20,
        loss=0.1,
        readout="pool",
        settings={},
        epoch_chosen=None if kept is None or kept else 4,
        kept_solved_head=bool(kept),
        seconds=1.0,
        wrong=tuple(wrong),
    )


def test_over_splits_only_a_head_kept_in_every_split_is_no_other() -> None:
    linear = [split_run("linear", ["1"]), split_run("linear", ["7"])]
    svm = [split_run("svm", ["1"]), split_run("svm", ["7"])]
    kept = [split_run("full", ["1"], kept=True), split_run("full", ["7"], kept=True)]
    once = [split_run("partial", ["1"], kept=True), split_run("partial", ["7"], kept=False)]
    assert same_head([*linear, *svm, *once, *kept]) == {"full": "linear"}
    assert same_head([*once, *kept]) == {}
    other = [split_run("full", ["1"], kept=True), split_run("full", ["8"], kept=True)]
    assert same_head([*linear, *other]) == {}


def test_what_results_tell_of_a_split_is_what_was_kept_without_the_pictures() -> None:
    told = split_run("full", ["1"], kept=True).told()
    assert (told.strategy, told.kept_solved_head, told.epoch_chosen) == ("full", True, None)
    assert "wrong" not in told.__struct_fields__


class Standing:
    """A run folder that was asked for splits before."""

    path = Path("x.run")

    def __init__(self, asked: SplitsAsked | None) -> None:
        self.asked = asked

    def plan(self) -> Any:
        return self if self.asked else None

    @property
    def repeated_splits(self) -> SplitsAsked | None:
        return self.asked


def asked(standing: SplitsAsked | None, **options: Any) -> SplitsAsked | None:
    return asked_for(Request(strategies=("svm",), **options), Standing(standing))  # type: ignore[arg-type]


def test_how_often_is_asked_once_for_a_folder() -> None:
    assert asked(None) is None
    assert asked(None, folds=4, seeds=2) == SplitsAsked(folds=4, seeds=2, strategies=("svm",))
    assert asked(None, folds=4) == SplitsAsked(folds=4, seeds=1, strategies=("svm",))
    assert asked(FOLDS) == FOLDS, "they stay without being asked for again"
    assert asked(FOLDS, folds=4, seeds=2) == SplitsAsked(folds=4, seeds=2, strategies=("linear", "svm"))


def test_who_tries_until_a_strategy_wins_is_refused() -> None:
    with pytest.raises(ConfigError, match="holds results of 4 x 2 splits, not of 5 x 2 splits"):
        asked(FOLDS, folds=5, seeds=2)


def test_a_damaged_file_of_a_split_does_not_stand(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    assert module._standing(file, FOLDS) is None
    write_record(file, split_run("linear", []))
    assert module._standing(file, SplitsAsked(folds=2, seeds=1)) == split_run("linear", [])
    assert module._standing(file, FOLDS) is None
