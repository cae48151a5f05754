from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from headstart.base.errors import DataError, StoreError
from headstart.table import Skipped, apply_split_file, read_table, with_splits, write_split


@pytest.fixture
def table(single_folder):
    return with_splits(read_table(single_folder), seed=0)


@pytest.fixture
def fresh(table):
    return replace(table, splits=np.array([""] * len(table)))


def test_what_was_written_is_applied_again(table, fresh, tmp_path):
    grouped = replace(table, groups=np.array(["g", *[""] * (len(table) - 1)]))
    write_split(grouped, tmp_path / "run" / "split.parquet")
    written = pq.read_table(tmp_path / "run" / "split.parquet").to_pydict()
    assert list(written) == ["path", "label", "split", "group"]
    assert written["path"] == list(table.paths)
    assert written["label"][0] == "circle"
    applied = apply_split_file(fresh, tmp_path / "run" / "split.parquet")
    assert applied.splits.tolist() == table.splits.tolist()
    assert applied.groups.tolist() == grouped.groups.tolist()
    assert applied.fingerprint() == grouped.fingerprint()


def test_rows_are_matched_by_path_and_csv_will_do(table, fresh, tmp_path):
    rows = [
        f"{path},{table.classes[label]},{split}"
        for path, label, split in zip(table.paths, table.labels, table.splits, strict=True)
    ]
    (tmp_path / "split.csv").write_text("\n".join(["path,label,split", *reversed(rows)]))
    assert apply_split_file(fresh, tmp_path / "split.csv").splits.tolist() == table.splits.tolist()


def without_rows(table, rows):
    return table.without(dict.fromkeys(rows, "x"), trainable=False)


def test_missing_and_unknown_pictures_are_counted_and_named(table, fresh, tmp_path):
    fewer = replace(without_rows(table, [0]), skipped=())
    write_split(fewer, tmp_path / "fewer.parquet")
    with pytest.raises(DataError, match=r"1 picture of .* missing from .*: 'circle/circle_00.png'"):
        apply_split_file(fresh, tmp_path / "fewer.parquet")
    write_split(table, tmp_path / "all.parquet")
    with pytest.raises(DataError, match=r"names 1 picture that .* does not have: 'circle/circle_00.png'"):
        apply_split_file(replace(without_rows(fresh, [0]), skipped=()), tmp_path / "all.parquet")


def test_a_picture_that_is_skipped_now_may_stand_in_the_file(table, fresh, tmp_path):
    write_split(table, tmp_path / "all.parquet")
    assert len(apply_split_file(without_rows(fresh, [0]), tmp_path / "all.parquet")) == len(table) - 1


def test_other_labels_are_named(table, fresh, tmp_path):
    labels = table.labels.copy()
    labels[1] = 1
    write_split(replace(table, labels=labels), tmp_path / "other.parquet")
    with pytest.raises(DataError, match=r"'circle/circle_01.jpg' \('square' there, 'circle' here\)"):
        apply_split_file(fresh, tmp_path / "other.parquet")


def test_a_file_that_is_no_split_file(table, fresh, tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        apply_split_file(fresh, tmp_path / "none.parquet")
    write_split(fresh, tmp_path / "unsplit.parquet")
    with pytest.raises(DataError, match="no column 'split'"):
        apply_split_file(fresh, tmp_path / "unsplit.parquet")
    (tmp_path / "split.txt").write_text("x")
    with pytest.raises(DataError, match="not a split file"):
        apply_split_file(fresh, tmp_path / "split.txt")
    (tmp_path / "twice.csv").write_text("path,label,split\na.jpg,a,train\na.jpg,a,test\n")
    with pytest.raises(DataError, match="more than once"):
        apply_split_file(fresh, tmp_path / "twice.csv")


def test_a_failed_write_keeps_the_old_file(table, tmp_path, monkeypatch):
    file = tmp_path / "split.parquet"
    write_split(table, file)
    before = file.read_bytes()

    def full(content, target):
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(StoreError, match="disk is full"):
        write_split(table, file)
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_groups_of_the_table_come_before_those_of_the_file(table, fresh, tmp_path):
    write_split(replace(table, groups=np.array(["file"] * len(table))), tmp_path / "s.parquet")
    own = replace(fresh, groups=np.array(["own", *[""] * (len(table) - 1)]))
    assert apply_split_file(own, tmp_path / "s.parquet").groups[:2].tolist() == ["own", "file"]


def test_skipped_files_stay_listed(table, fresh, tmp_path):
    write_split(table, tmp_path / "s.parquet")
    known = replace(fresh, skipped=(Skipped("x.gif", "GIF", unreadable=False),))
    assert apply_split_file(known, tmp_path / "s.parquet").skipped == known.skipped
