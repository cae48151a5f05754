"""A folder is watched: files are answered as they arrive, each once, when they are whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from answering import answering, green

import headstart as hs
from headstart.api import predicting_many
from headstart.base.files import fingerprint
from headstart.deliver.answers import Watch
from headstart.records.answer_tables import Row


class Clock:
    """Time that goes on while somebody sleeps; at some moments something happens."""

    def __init__(self, moments: dict[int, Callable[[], object]], end: int) -> None:
        self.now, self._moments, self._end = 0.0, moments, end

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        for moment in [moment for moment in self._moments if moment <= self.now]:
            self._moments.pop(moment)()
        if self.now >= self._end:
            raise KeyboardInterrupt


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, float]]:
    """The function ``watched(moments, end)`` that watches ``in`` and returns when each row was written."""
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    monkeypatch.setattr(predicting_many, "opened", lambda place, engine: answering())
    monkeypatch.setattr(predicting_many, "_fingerprint", lambda place: fingerprint(place.name))
    monkeypatch.setattr(predicting_many.bundle, "tried", lambda place: True)

    def run(moments: dict[int, Callable[[], object]], end: int = 100) -> dict[str, float]:
        clock, written = Clock(moments, end), dict[str, float]()

        def on_a_clock(folder: Path, work: object, *, told: Callable[[list[Row]], object]) -> Watch:
            def noted(rows: list[Row]) -> None:
                assert not written.keys() & {row.path for row in rows}
                written.update({row.path: clock.now for row in rows})
                told(rows)

            return Watch(folder, work, told=noted, clock=clock.time, sleep=clock.sleep)  # type: ignore[arg-type]

        monkeypatch.setattr(predicting_many, "Watch", on_a_clock)
        found = hs.predict_many("b", watch="in", out="out")
        assert found.pictures == len(written)
        return written

    return run


def test_files_are_answered_as_they_arrive(watched: Callable[..., dict[str, float]]) -> None:
    picture = green(Path("drawn"))
    found = watched(
        {
            5: lambda: shutil.copy(picture, "in/first.png"),
            20: lambda: (Path("in/deeper").mkdir(), shutil.copy(picture, "in/deeper/second.png")),
        }
    )
    assert list(found) == ["in/first.png", "in/deeper/second.png"]
    assert found["in/first.png"] < 10, "soon after it stands still"
    assert watched({}) == {}, "each once, also when the watch begins anew"


def test_a_file_that_grows_is_waited_for(watched: Callable[..., dict[str, float]]) -> None:
    picture = green(Path("drawn"))
    content = picture.read_bytes()

    def grow(size: int) -> Callable[[], object]:
        return lambda: Path("in/slow.png").write_bytes(content[:size])

    found = watched({second: grow(second) for second in range(1, 30)} | {30: grow(len(content))})
    assert list(found) == ["in/slow.png"]
    assert found["in/slow.png"] >= 32
    assert ",green," in Path("out/answers-00001.csv").read_text()


def test_a_file_that_pauses_on_its_way_gets_no_row_before_its_time(watched: Callable[..., dict[str, float]]) -> None:
    content = green(Path("drawn")).read_bytes()
    found = watched(
        {
            1: lambda: Path("in/a.png").write_bytes(content[: len(content) // 2]),
            40: lambda: Path("in/a.png").write_bytes(content),
        },
        60,
    )
    assert 40 < found["in/a.png"] < 50
    assert ",green," in Path("out/answers-00001.csv").read_text()


def test_what_stays_unreadable_has_its_row_after_a_minute(watched: Callable[..., dict[str, float]]) -> None:
    found = watched({1: lambda: Path("in/a.png").write_bytes(b"no picture")}, 100)
    assert 60 <= found["in/a.png"] <= 65


def test_unfinished_names_and_other_files_have_no_row(watched: Callable[..., dict[str, float]]) -> None:
    picture = green(Path("drawn"))
    for name in ("a.jpg.part", "b.png.crdownload", ".hidden.png"):
        shutil.copy(picture, f"in/{name}")
    Path("in/notes.txt").write_text("text")
    assert watched({50: lambda: Path("in/b.png.crdownload").rename("in/b.png")}) == {
        "in/b.png": pytest.approx(54, abs=3)
    }
    assert "notes.txt" in Path("out/passed-over-00001.csv").read_text()


def test_a_folder_that_goes_and_comes_again_is_waited_for(watched: Callable[..., dict[str, float]]) -> None:
    picture = green(Path("drawn"))
    found = watched(
        {
            5: lambda: Path("in").rename("away"),
            20: lambda: (Path("away").rename("in"), shutil.copy(picture, "in/late.png")),
        }
    )
    assert list(found) == ["in/late.png"]


def test_rows_go_on_in_one_file(watched: Callable[..., dict[str, float]]) -> None:
    picture = green(Path("drawn"))
    watched({second: lambda second=second: shutil.copy(picture, f"in/{second}.png") for second in range(1, 60, 7)})  # type: ignore[misc]
    assert len(list(Path("out").glob("answers-*"))) == 1
