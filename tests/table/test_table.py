from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from headstart.base.errors import DataError
from headstart.table import Row, Skipped, Table, build_table, check_trainable


def table_of(*rows):
    """A table in memory of (path, class, split) triples."""
    rows = sorted(rows)
    classes = tuple(sorted({name for _, name, _ in rows}))
    return Table(
        root=Path("data"),
        paths=tuple(path for path, _, _ in rows),
        labels=np.array([classes.index(name) for _, name, _ in rows]),
        classes=classes,
        splits=np.array([split for _, _, split in rows]),
        groups=np.array([""] * len(rows)),
        digests=tuple(f"bytes of {path}" for path, _, _ in rows),
    )


def many(number, name, split):
    return [(f"{split}/{name}/{place:03d}.jpg", name, split) for place in range(number)]


@pytest.fixture
def table():
    return table_of(*many(20, "a", "train"), *many(20, "b", "train"), *many(10, "b", "val"))


def test_rows_counts_files_and_what_measures(table):
    assert len(table) == 50
    assert table.counts() == {"train": {"a": 20, "b": 20}, "val": {"a": 0, "b": 10}, "test": {}}
    assert table.rows("val").tolist() == list(range(40, 50))
    assert table.file(0) == Path("data/train/a/000.jpg")
    assert table.measured == "val"
    assert replace(table, splits=np.where(table.splits == "val", "test", "train")).measured == "test"


def test_pictures_without_a_split_are_counted_as_such(table):
    assert replace(table, splits=np.array([""] * 50)).counts()[""] == {"a": 20, "b": 30}


def test_columns_cannot_be_written(table):
    with pytest.raises(ValueError, match="read-only"):
        table.labels[0] = 1


@pytest.mark.parametrize(
    "change",
    [
        {"paths": ("x.jpg",)},
        {"classes": ("b", "a")},
        {"classes": ("a",)},
        {"splits": np.array(["train"] * 49 + ["dev"])},
        {"paths": tuple(["same.jpg"] * 50)},
    ],
)
def test_columns_that_contradict_each_other_are_refused(table, change):
    with pytest.raises(ValueError, match="table"):
        replace(table, **change)


def test_the_fingerprint_sees_every_column_and_not_the_place(table):
    whole = table.fingerprint()
    assert replace(table, root=Path("elsewhere"), skipped=(Skipped("x", "y"),)).fingerprint() == whole
    for change in (
        {"labels": 1 - table.labels},
        {"classes": ("a", "c")},
        {"splits": np.array(["train"] * 50)},
        {"groups": np.array(["g"] * 50)},
        {"digests": ("other", *table.digests[1:])},
        {"paths": ("a.jpg", *table.paths[1:])},
    ):
        assert replace(table, **change).fingerprint() != whole


def test_without_moves_pictures_to_the_skipped(table):
    left = table.without({45: "no picture", 3: "truncated"})
    assert len(left) == 48
    assert [(skipped.path, skipped.reason) for skipped in left.skipped] == [
        ("train/a/003.jpg", "truncated"),
        ("val/b/005.jpg", "no picture"),
    ]
    assert left.paths[3] == "train/a/004.jpg"
    assert left.digests[3] == "bytes of train/a/004.jpg"
    assert left.counts()["train"] == {"a": 19, "b": 20}
    assert table.without({}) is table


def test_only_keeps_rows_and_does_not_speak_of_the_others(table):
    left = table.only(np.array([3, 45]))
    assert left.paths == ("train/a/003.jpg", "val/b/005.jpg")
    assert left.classes == table.classes
    assert left.skipped == ()


def test_exactly_five_percent_may_be_unreadable_and_not_one_more():
    table = table_of(*many(50, "a", ""), *many(50, "b", ""))
    five = table.without(dict.fromkeys(range(5), "truncated"))
    assert len(five) == 95
    with pytest.raises(DataError, match="6 of 100 pictures cannot be read, more than 5 %") as caught:
        five.without({0: "also truncated"})
    assert "'/a/000.jpg' (truncated)" in str(caught.value)
    assert "and 1 more" in str(caught.value)


def test_gifs_do_not_count_for_the_five_percent(table):
    skipped = tuple(Skipped(f"{number}.gif", "GIF", unreadable=False) for number in range(50))
    assert len(replace(table, skipped=skipped).without({0: "truncated"})) == 49


def test_without_sees_that_a_class_is_left_with_too_few():
    table = table_of(*many(40, "a", "train"), *many(2, "b", "train"))
    with pytest.raises(DataError, match="Class 'b' has only one picture"):
        table.without({40: "truncated"})
    assert len(table.without({40: "truncated"}, trainable=False)) == 41


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (many(4, "a", "train"), "only one class, 'a'"),
        (many(4, "a", "val") + many(4, "b", "val"), "no picture to train on"),
        (many(4, "a", "train") + many(4, "b", "train") + many(1, "c", "val"), "'c' has pictures in val but not in"),
        (many(4, "a", "train") + many(1, "b", "train"), "'b' has only one picture"),
        (many(1, "a", "") + many(1, "b", ""), "Classes 'a', 'b' have only one picture"),
    ],
)
def test_what_cannot_be_trained_on_is_named(rows, message):
    with pytest.raises(DataError, match=message):
        check_trainable(table_of(*rows))


def test_an_empty_class_is_named_with_what_was_skipped(table):
    empty = replace(table, classes=("a", "b", "bees"))
    with pytest.raises(DataError, match="Class 'bees' has no readable picture"):
        check_trainable(empty)
    skipped = replace(empty, skipped=(Skipped("train/bees/x.gif", "GIF is not read", unreadable=False),))
    with pytest.raises(
        DataError, match=r"its folder holds 1 that cannot be read, first 'train/bees/x.gif': GIF is not read"
    ):
        check_trainable(skipped)
    others = replace(empty, skipped=tuple(Skipped.of(f"train/bees/{n}.jxl", "jxl") for n in range(12)))
    with pytest.raises(DataError, match=r"its folder holds 12 JPEG XL pictures \(convert them to PNG or JPEG\)"):
        check_trainable(others)


def test_class_folders_one_level_deeper_are_pointed_at():
    deeper = [(f"set/{name}/{number}.jpg", "set", "") for name in ("a", "b") for number in range(3)]
    with pytest.raises(DataError, match="one level deeper, give 'data/set'"):
        check_trainable(table_of(*deeper))


def test_build_table_sorts_and_tells_apart_what_cannot_be_read(tmp_path):
    for number in range(40):
        (tmp_path / f"{number:02d}.jpg").write_bytes(bytes([number]))
    (tmp_path / "07.jpg").write_bytes(b"")
    rows = [Row(f"{number:02d}.jpg", "ab"[number % 2]) for number in reversed(range(40))]
    table = build_table(tmp_path, rows, threads=3)
    assert len(table) == 39
    assert list(table.paths) == sorted(table.paths)
    assert table.skipped == (Skipped("07.jpg", "the file is empty (0 bytes)"),)
    assert table.digests == build_table(tmp_path, rows).digests
    assert [table.classes[label] for label in table.labels[:3]] == ["a", "b", "a"]


def test_a_file_that_cannot_be_opened_is_skipped(tmp_path):
    for number in range(40):
        (tmp_path / f"{number:02d}.jpg").write_bytes(bytes([number]))
    rows = [Row(f"{number:02d}.jpg", "a") for number in range(40)] + [Row("gone.jpg", "a")]
    (skipped,) = build_table(tmp_path, rows).skipped
    assert skipped.path == "gone.jpg"
    assert skipped.reason.startswith("it cannot be opened")
