from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from headstart.features.store import Beside, FeatureStore, Shape, Writer


class Store(FeatureStore):
    """A store whose remarks are printed."""

    def get_or_make(self, *given, tell=print, beside=()):
        return super().get_or_make(*given, tell, beside=beside)


SHAPES = {"pooled": Shape((3,), "float32")}


def fill(value: float, calls: list[float]):
    def make(writer: Writer) -> None:
        calls.append(value)
        writer.put(slice(2, 4), pooled=np.full((2, 3), value + 1, np.float32))
        writer.put(slice(0, 2), pooled=np.full((2, 3), value, np.float32))

    return make


def test_rows_are_written_by_index_and_made_once(tmp_path: Path) -> None:
    store, calls = Store(tmp_path), []
    first = store.get_or_make({"a": 1}, 4, SHAPES, fill(5.0, calls))
    again = store.get_or_make({"a": 1}, 4, SHAPES, fill(9.0, calls))
    assert calls == [5.0]
    assert first["pooled"][:, 0].tolist() == again["pooled"][:, 0].tolist() == [5, 5, 6, 6]
    assert first.key == again.key
    assert again.seconds == first.seconds


def test_another_key_is_another_entry(tmp_path: Path) -> None:
    store, calls = Store(tmp_path), []
    store.get_or_make({"a": 1}, 4, SHAPES, fill(5.0, calls))
    other = store.get_or_make({"a": 2}, 4, SHAPES, fill(9.0, calls))
    assert calls == [5.0, 9.0]
    assert other["pooled"][0, 0] == 9


def test_missing_rows_are_an_error_and_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="2 of 4 rows"):
        Store(tmp_path).get_or_make(
            {}, 4, SHAPES, lambda writer: writer.put(slice(0, 2), pooled=np.zeros((2, 3), np.float32))
        )
    assert list(tmp_path.iterdir()) == []


def test_a_flipped_byte_is_found_and_made_anew(tmp_path: Path) -> None:
    store, calls = Store(tmp_path), []
    store.get_or_make({}, 4, SHAPES, fill(5.0, calls))
    (file,) = tmp_path.glob("*/pooled.npy")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(bytes(content))
    rows = store.get_or_make({}, 4, SHAPES, fill(7.0, calls))
    assert calls == [5.0, 7.0]
    assert rows["pooled"][3, 2] == 8


def test_a_killed_writer_leaves_no_entry(tmp_path: Path) -> None:
    def killed(writer: Writer) -> None:
        writer.put(slice(0, 4), pooled=np.zeros((4, 3), np.float32))
        raise KeyboardInterrupt

    store, calls = Store(tmp_path), []
    with pytest.raises(KeyboardInterrupt):
        store.get_or_make({}, 4, SHAPES, killed)
    store.get_or_make({}, 4, SHAPES, fill(1.0, calls))
    assert calls == [1.0]


def test_a_cache_that_may_not_be_written_keeps_rows_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart.features.store.os.access", lambda *_: False)
    heard: list[str] = []
    rows = Store(tmp_path).get_or_make({}, 4, SHAPES, fill(5.0, []), tell=heard.append)
    assert rows["pooled"][:, 0].tolist() == [5, 5, 6, 6]
    assert list(tmp_path.iterdir()) == []
    assert "stay in memory" in heard[0]


def test_who_comes_second_with_the_same_numbers_leaves_the_first_alone(tmp_path: Path) -> None:
    store, calls = Store(tmp_path), []

    def slow(writer: Writer) -> None:
        store.get_or_make({}, 4, SHAPES, fill(5.0, calls))  # another process, quicker
        fill(5.0, calls)(writer)

    rows = store.get_or_make({}, 4, SHAPES, slow)
    assert calls == [5.0, 5.0]
    assert rows["pooled"][:, 0].tolist() == [5, 5, 6, 6]
    (entry,) = tmp_path.iterdir()
    assert sorted(file.name for file in entry.iterdir()) == ["manifest.json", "pooled.npy"]


def fill_both(calls: list[int], *, second: bool = True):
    def make(writer: Writer) -> None:
        calls.append(len(writer.beside))
        for number, one in enumerate((writer, *writer.beside)):
            if second or not number:
                one.put(slice(0, 4), pooled=np.full((4, 3), number, np.float32))

    return make


def test_another_entry_comes_from_the_same_pass_and_its_seconds_count_once(tmp_path: Path) -> None:
    store, calls = Store(tmp_path), []
    first = store.get_or_make({"a": 1}, 4, SHAPES, fill_both(calls), beside=[Beside({"a": 2}, SHAPES)])
    other = store.get_or_make({"a": 2}, 4, SHAPES, fill_both(calls))
    assert calls == [1]
    assert (first["pooled"][0, 0], other["pooled"][0, 0]) == (0, 1)
    assert first.made == other.made
    assert first.key != other.key
    alone = store.get_or_make({"a": 3}, 4, SHAPES, fill_both(calls))
    assert alone.made == alone.key


def test_if_one_of_them_lacks_rows_none_is_kept(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="4 of 4 rows"):
        Store(tmp_path).get_or_make({"a": 1}, 4, SHAPES, fill_both([], second=False), beside=[Beside({}, SHAPES)])
    assert list(tmp_path.iterdir()) == []


def test_in_memory_nothing_is_made_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart.features.store.os.access", lambda *_: False)
    calls: list[int] = []
    rows = Store(tmp_path).get_or_make({"a": 1}, 4, SHAPES, fill_both(calls), beside=[Beside({}, SHAPES)])
    assert calls == [0]
    assert rows["pooled"].shape == (4, 3)
