"""Which pictures learn, which choose and which measure; and what belongs together stays together."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from builders import table_of

from headstart.base.errors import DataError
from headstart.records.training import TrainingSettings
from headstart.strategies import division as module
from headstart.strategies.division import Division, Part
from headstart.table import Table

MANY = 60  # of each class: then a fifth of them is enough to choose
EACH_OF_MANY = 100


def test_every_part_has_its_rows_by_name() -> None:
    division = Division.of(table_of("train val test", each=MANY), seed=0)
    rows = {part: division.rows(part) for part in get_args(Part)}
    splits = division.table.splits
    assert set(splits[rows["train"]]) == set(splits[rows["looked at"]]) == {"train"}
    assert set(splits[rows["choosing"]]) == {"val"}
    assert splits[rows["held out"]].tolist() == ["val"] * 2 * MANY + ["test"] * 2 * MANY
    assert rows["learning"].tolist() == rows["train"].tolist(), "those that choose are others"
    assert rows["learning and choosing"].tolist() == [*rows["learning"], *rows["choosing"]]
    assert division.measured_rows().tolist() == division.table.rows("test").tolist()


@pytest.mark.parametrize(
    ("splits", "each", "options", "source", "count"),
    [
        ("train val test", MANY, {}, "val", 2 * MANY),  # test measures, so val is free to choose
        ("train test", MANY, {}, "train", 24),
        ("train val", MANY, {}, "train", 24),  # val measures
        ("train val", MANY, {"choose_on_val": True}, "val", 2 * MANY),
        ("train test", MANY, {"choose_on_val": True}, "train", 24),
        ("train test", 50, {}, "train", 20),
        ("train test", 47, {}, "none", 0),  # 19 would tell too little
        ("train test", 20, {}, "none", 0),
        ("train val test", 9, {}, "val", 18),  # those that were given choose, however few they are
        ("train val test", MANY, {"choose": False}, "none", 0),
        ("train val", MANY, {"choose": False, "choose_on_val": True}, "none", 0),
    ],
)
def test_who_chooses(splits: str, each: int, options: dict[str, bool], source: str, count: int) -> None:
    division = Division.of(table_of(splits, each=each), seed=0, **options)
    assert (division.choosing_in, len(division.choosing)) == (source, count)
    assert not set(division.learning) & set(division.choosing)
    if source == "train":
        assert sorted(division.rows("learning and choosing")) == division.train.tolist()
        assert np.bincount(division.labels[division.choosing]).tolist() == [count // 2, count // 2]


@pytest.mark.parametrize(("rare", "held"), [(2, 0), (3, 1), (12, 2)])
def test_a_rare_class_chooses_too_or_nobody_does(rare: int, held: int) -> None:
    """Of a class with two pictures none can be spared: then an epoch would be chosen by the others alone."""
    table = table_of("train test", each=EACH_OF_MANY)
    labels = table.labels.copy()
    train = np.flatnonzero(table.splits == "train")
    labels[train] = np.r_[np.zeros(rare, np.int64), np.ones(len(train) - rare, np.int64)]
    division = Division.of(replace(table, labels=labels), seed=0)
    counts = np.bincount(division.labels[division.choosing], minlength=2)
    assert division.choosing_in == ("train" if held else "none")
    assert counts[0] == held
    assert counts.sum() == (40 if held else 0)


@pytest.mark.parametrize("options", [{}, {"choose_on_val": True}, {"choose": False}])
@pytest.mark.parametrize("splits", ["train test", "train val", "train val test"])
def test_a_training_is_done_again_where_pictures_of_train_chose(
    splits: str, options: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    division = Division.of(table_of(splits, each=MANY), seed=0, **options)
    again, once = TrainingSettings(refit=True), TrainingSettings(refit=False)
    held_out = bool(set(division.choosing) & set(division.train))
    assert division.refits(again) == held_out == (division.choosing_in == "train")
    assert not division.refits(once)
    monkeypatch.setattr(module, "REFIT_MOST", 2 * MANY)
    assert division.refits(again) == held_out
    monkeypatch.setattr(module, "REFIT_MOST", 2 * MANY - 1)
    assert not division.refits(again), "of more, those that chose would add little"
    assert not division.refits(once)


@pytest.mark.parametrize(("splits", "measuring"), [("train val", "val"), ("train test", "test")])
def test_what_measures(splits: str, measuring: str) -> None:
    division = Division.of(table_of(splits), seed=0)
    assert division.measuring == measuring
    assert division.measured_rows().tolist() == division.held_out.tolist()


def grouped(each: int = MANY, size: int = 3) -> Table:
    """Return pictures of train in groups of one class."""
    table = table_of("train test", each=each)
    names = [f"{table.labels[row]} {row // (2 * size)}" for row in range(len(table))]
    return replace(table, groups=np.array(names))


@pytest.mark.parametrize("seed", range(5))
def test_groups_stay_together(seed: int) -> None:
    division = Division.of(grouped(), seed=seed)
    assert len(division.choosing)
    folds = dict[str, set[int]]()
    for name, fold in zip(division.groups, division.folds, strict=True):
        folds.setdefault(str(name), set()).add(int(fold))
    assert len(folds) == 2 * MANY / 3
    assert all(len(found) == 1 for found in folds.values())
    assert not set(division.groups_of(division.choosing)) & set(division.groups_of(division.learning))


def test_copies_belong_together_without_being_named() -> None:
    table = table_of("train test", each=MANY)
    digests = list(table.digests)
    digests[10] = digests[12] = digests[14]
    division = Division.of(replace(table, digests=tuple(digests)), seed=0)
    assert len(set(division.groups_of(np.array([10, 12, 14])))) == 1
    assert len(set(division.folds_of(np.array([10, 12, 14])))) == 1


def test_folds_and_groups_of_some_rows_in_any_order() -> None:
    table = table_of("test train", each=10)  # train does not begin with row 0
    division = Division.of(table, seed=0)
    rows = division.train[[7, 2, 9]]
    assert division.folds_of(rows).tolist() == division.folds[[7, 2, 9]].tolist()
    assert division.groups_of(rows).tolist() == [table.paths[row] for row in rows]


def test_of_many_pictures_some_of_each_class_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    table = table_of("train test", each=50)
    whole = Division.of(table, seed=0)
    monkeypatch.setattr(module, "LOOKS", 30)
    some = Division.of(table, seed=0)
    assert whole.looked_at.tolist() == whole.train.tolist()
    assert np.bincount(some.labels[some.looked_at]).tolist() == [15, 15]
    assert set(some.looked_at) < set(some.train)
    assert (np.diff(some.looked_at) > 0).all()
    assert some.train.tolist() == whole.train.tolist()


def test_where_what_is_looked_at_would_be_of_one_fold_all_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOKS", 2)
    table = table_of("train test", each=20)
    groups = np.where(table.splits == "test", "", np.where(np.arange(len(table)) < 34, "large", "small"))
    found = [Division.of(replace(table, groups=groups), seed=seed) for seed in range(20)]
    assert {len(one.looked_at) for one in found} == {4, 40}
    for one in found:
        assert len(np.unique(one.folds_of(one.looked_at))) > 1


def test_a_single_group_cannot_be_divided() -> None:
    table = table_of("train test")
    groups = np.where(table.splits == "train", "all", "")
    with pytest.raises(DataError, match="belong to one group") as caught:
        Division.of(replace(table, groups=groups), seed=0)
    assert "two groups or more" in str(caught.value.hint)


def test_a_hold_out_that_leaves_one_fold_to_learn_from_is_none() -> None:
    table = table_of("train test", each=60)
    rows = np.arange(len(table))
    groups = np.where(table.splits == "test", "", np.where(rows < 36, "small", "large"))  # 36 and 84 pictures
    division = Division.of(replace(table, groups=groups), seed=0)
    assert (division.choosing_in, len(division.choosing)) == ("none", 0)


def test_the_same_seed_gives_the_same_division_and_another_another() -> None:
    table = table_of("train test", each=MANY)
    one, same, other = (Division.of(table, seed=seed) for seed in (1, 1, 2))
    assert one.folds.tolist() == same.folds.tolist()
    assert one.choosing.tolist() == same.choosing.tolist()
    assert one.folds.tolist() != other.folds.tolist()
    assert one.choosing.tolist() != other.choosing.tolist()


def test_some_are_of_each_class_its_share_in_ascending_order() -> None:
    division = Division.of(table_of("train test", each=50), seed=0)
    some = division.some(division.train, 20)
    assert np.bincount(division.labels[some]).tolist() == [10, 10]
    assert (np.diff(some) > 0).all()
    assert division.some(division.train, 1000).tolist() == division.train.tolist()
