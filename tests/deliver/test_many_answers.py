"""Answers for many pictures: one row for each file, whatever is asked, in whatever form, however it ends."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from answering import answering
from PIL import Image

import headstart as hs
from headstart.api import predicting_many
from headstart.base.errors import ConfigError, DataError, EngineError, StoreError
from headstart.base.files import fingerprint
from headstart.base.locks import held
from headstart.base.ours import ANSWERS_LOCK, ANSWERS_RECORD
from headstart.bundle import Answers
from headstart.deliver.answers.seen import Seen
from headstart.deliver.answers.shards import Shards, numbered
from headstart.pixels.given import given_pictures
from headstart.records.answer_tables import Columns, csv_header, csv_row
from headstart.records.answers import Answered, Prediction
from headstart.records.progress import Silent
from headstart.table.kinds import is_own

COLOURS = {"red": (200, 10, 10), "green": (10, 200, 10), "blue": (10, 10, 200)}


def colour(path: Path, name: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (12, 10), COLOURS[name]).save(path)
    return path


class Counting:
    """A classifier that remembers what it was asked; it can be told to fail at a picture."""

    def __init__(self, *classes: str, fails_at: int | None = None, error: BaseException | None = None) -> None:
        self.made, self.asked, self.most = answering(*classes), list[str](), 0
        self.fails_at, self.error = fails_at, error
        self.classes, self.preprocessing, self.trust = self.made.classes, self.made.preprocessing, None

    def examine(self, pictures: Any, *, progress: Any = None) -> tuple[Answers, dict[int, str]]:
        given = given_pictures(pictures)
        self.asked += [one.name for one in given]
        self.most = max(self.most, len(given))
        if self.fails_at is not None and len(self.asked) > self.fails_at:
            self.fails_at = None
            raise self.error or KeyboardInterrupt
        return self.made.examine(given, progress=progress)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Counting:
    """The classifier that answers, whatever bundle is named."""
    made = Counting()
    answers_by(made, monkeypatch)
    return made


def answers_by(model: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predicting_many, "opened", lambda place, engine: model)
    monkeypatch.setattr(predicting_many, "_fingerprint", lambda place: fingerprint(place.name))
    monkeypatch.setattr(predicting_many, "_WORTH", 10**9)


@pytest.fixture
def new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twelve pictures in three folders, and what else lies there."""
    monkeypatch.chdir(tmp_path)
    for number in range(12):
        colour(Path(f"new/{'abc'[number % 3]}/{number:02}.png"), list(COLOURS)[number % 3])
    Path("new/a/notes.txt").write_text("nothing")
    Path("new/a/.hidden.png").write_text("nothing")
    Path("new/b/broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    return Path("new")


def rows_in(folder: Path, form: str = "csv") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for file in numbered(folder, form).values():
        if form == "csv":
            found += csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines())
        elif form == "jsonl":
            found += map(json.loads, file.read_text(encoding="utf-8").splitlines())
        else:
            found += pq.read_table(file).to_pylist()
    return found


def paths_in(folder: Path, form: str = "csv") -> list[str]:
    return [row["path"] for row in rows_in(folder, form)]


# ------------------------------------------------------------------------------------------------ rows and forms


def test_a_folder_of_pictures_becomes_rows(model: Counting, new: Path) -> None:
    found = hs.predict_many("b", new, out="answers", rows=5)
    assert found == Answered(
        folder="answers", pictures=13, unread=1, before=0, repeated=0, passed={"text": 1, "hidden": 1},
        files=("answers-00001.csv", "answers-00002.csv", "answers-00003.csv"),
        examples=found.examples,
    )  # fmt: skip
    rows = rows_in(Path("answers"))
    assert {row["path"]: row["label"] for row in rows if not row["reason"]} == {
        f"new/{'abc'[n % 3]}/{n:02}.png": list(COLOURS)[n % 3] for n in range(12)
    }
    (broken,) = (row for row in rows if row["reason"])
    assert (broken["path"], broken["label"], broken["p_red"]) == ("new/b/broken.jpg", "", "")
    assert found.examples[0].path == "new/b/broken.jpg"
    passed = list(csv.DictReader(Path("answers/passed-over-00001.csv").read_text().splitlines()))
    assert {row["path"]: row["reason"] for row in passed} == {
        "new/a/.hidden.png": "hidden: its name begins with a dot",
        "new/a/notes.txt": "a text file, not a picture",
    }


def test_a_folder_in_a_list_is_told_for_what_it_is(model: Counting, new: Path) -> None:
    Path("list.txt").write_text("new/a/00.png\nnew/a\n", encoding="utf-8")
    hs.predict_many("b", lists=["list.txt"], out="answers")
    assert [row["reason"] for row in rows_in(Path("answers"))] == ["", "a folder, not a picture"]


def test_every_form_says_the_same(model: Counting, new: Path) -> None:
    for form in ("csv", "jsonl", "parquet"):
        hs.predict_many("b", new, out=form, form=form)
        assert hs.predict_many("b", new, out=form, form=form).pictures == 0, "it reads what it has written"
    lines, table = rows_in(Path("jsonl"), "jsonl"), rows_in(Path("parquet"), "parquet")
    for said, line, row in zip(rows_in(Path("csv")), lines, table, strict=True):
        assert said["path"] == line["path"] == row["path"]
        if said["reason"]:
            assert line == {"path": said["path"], "reason": said["reason"]}
            assert (row["reason"], row["label"], row["p_red"]) == (said["reason"], None, None)
        else:
            assert said["label"] == line["label"] == row["label"]
            assert float(said["p_red"]) == line["probabilities"]["red"] == row["p_red"]
            assert list(line) == [
                "path", "label", "probability", "set", "none_of_these", "probabilities", "notes"
            ]  # fmt: skip


def test_few_of_many_classes_are_told(new: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = tuple(f"class{number:02}" for number in range(60))

    class Many(Counting):
        def examine(self, pictures: Any, *, progress: Any = None) -> tuple[Answers, dict[int, str]]:
            shares = np.arange(1.0, 61.0)[None].repeat(len(given_pictures(pictures)), 0) / 1830
            return Answers(probabilities=shares, notes=((),) * len(shares)), {}

    model = Many()
    model.classes = names
    answers_by(model, monkeypatch)
    for form in ("csv", "jsonl", "parquet"):
        hs.predict_many("b", new, out=form, form=form)
    first = rows_in(Path("csv"))[0]
    assert [first[f"label_{place}"] for place in range(2, 6)] == ["class58", "class57", "class56", "class55"]
    assert list(rows_in(Path("jsonl"), "jsonl")[0]["probabilities"]) == list(reversed(names))[:5]
    assert rows_in(Path("parquet"), "parquet")[0]["probability_5"] == pytest.approx(56 / 1830)
    assert len(first) == 14
    hs.predict_many("b", new, out="all", every_class=True)
    assert len(rows_in(Path("all"))[0]) == 66
    with pytest.raises(ConfigError, match="begun without --all"):
        hs.predict_many("b", new, out="csv", every_class=True)


def test_a_spreadsheet_runs_nothing_and_knows_its_letters(model: Counting, new: Path) -> None:
    colour(Path("new/=cmd.png"), "red")
    hs.predict_many("b", [*sorted(map(str, new.glob("*.png"))), "=cmd.png"], out="answers", mark=True)
    content = Path("answers/answers-00001.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfpath,")
    assert b"\n./=cmd.png," in content
    assert hs.predict_many("b", [*map(str, new.glob("*.png")), "=cmd.png"], out="answers", mark=True).pictures == 0


# ------------------------------------------------------------------------------------------------ once, and again


def test_a_class_whose_name_holds_the_sign_between_classes_stays_one() -> None:
    names = ("a|b", "c", "d\\")
    row = Prediction(
        path="1.png",
        label="c",
        probability=0.5,
        set=names,
        none_of_these=False,
        probabilities=dict.fromkeys(names, 1 / 3),
    )
    text = csv_header(Columns(names)) + csv_row(row, Columns(names))
    assert next(csv.DictReader(text.splitlines()))["set"] == r"a\|b|c|d\\"


def test_what_has_its_row_is_not_read_again(model: Counting, new: Path) -> None:
    hs.predict_many("b", new, out="answers")
    model.asked.clear()
    colour(Path("new/d/late.png"), "blue")
    found = hs.predict_many("b", new, out="answers")
    assert (found.pictures, found.before, found.unread) == (1, 13, 1)
    assert model.asked == ["new/d/late.png"]
    assert sorted(paths_in(Path("answers"))) == sorted({*paths_in(Path("answers"))})


@pytest.mark.parametrize("error", [KeyboardInterrupt(), EngineError("It failed.", hint="Try."), MemoryError()])
def test_what_was_answered_stays_whatever_ends_the_work(
    error: BaseException, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Counting(fails_at=6, error=error)
    answers_by(model, monkeypatch)
    monkeypatch.setattr("headstart.deliver.answers.answering.TOGETHER", 2)
    monkeypatch.setattr(predicting_many.bundle, "load", lambda place: failing(error))
    with pytest.raises(type(error)):
        hs.predict_many("b", new, out="answers")
    before = len(rows_in(Path("answers")))
    assert 0 < before < 13
    found = hs.predict_many("b", new, out="answers")
    assert (found.before, found.pictures) == (before, 13 - before)
    assert len(set(paths_in(Path("answers")))) == len(paths_in(Path("answers"))) == 13


def failing(error: BaseException) -> Any:
    def examine(*given: Any, **options: Any) -> None:
        raise error

    return SimpleNamespace(examine=examine)


def test_the_network_answers_where_its_graph_fails(new: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Counting(fails_at=3, error=EngineError("The exported network failed.", hint="Use --engine torch."))
    answers_by(model, monkeypatch)
    monkeypatch.setattr(predicting_many.bundle, "load", lambda place: answering())
    assert hs.predict_many("b", new, out="answers").pictures == 13


def test_memory_holds_some_pictures_and_no_rows(model: Counting, new: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart.deliver.answers.answering.TOGETHER", 4)
    hs.predict_many("b", new, out="answers")
    assert model.most <= 4


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from answering import answering
from headstart.api import predicting_many
import headstart as hs
from headstart.deliver.answers import shards
predicting_many.opened = lambda place, engine: answering()
predicting_many._fingerprint = lambda place: "one"
left = int(sys.argv[2])
steps = [0]
def trace(frame, event, argument):
    file = frame.f_code.co_filename
    if event == "call" and ("deliver/answers" in file or "base/files" in file):
        steps[0] += 1
        if steps[0] == left:
            os.kill(os.getpid(), signal.SIGKILL)
sys.setprofile(trace)
hs.predict_many("b", "new", out="answers", rows=3)
"""


@pytest.mark.skipif(not hasattr(os, "kill") or sys.platform == "win32", reason="SIGKILL")
def test_each_file_has_one_row_after_kills_at_any_step(new: Path) -> None:
    """The moments are steps of the program, so that some of them fall between writing a file and renaming it."""
    codes = []
    for step in (40, 130, 170, 250, 10**9):
        command = [sys.executable, "-c", KILLED, str(Path(__file__).parents[1]), str(step)]
        codes.append(subprocess.run(command, check=False, capture_output=True).returncode)
    assert codes[-1] == 0
    assert -9 in codes
    assert len(paths_in(Path("answers"))) == len(set(paths_in(Path("answers")))) == 13
    assert not list(Path("answers").glob(".*.part"))


def test_a_file_named_twice_has_one_row(model: Counting, new: Path) -> None:
    Path("list.txt").write_text("new/a/00.png\n./new/a/00.png\nnew//a/00.png\n")
    found = hs.predict_many("b", ["new/a", "new/a/00.png"], lists=["list.txt"], out="answers")
    assert (found.pictures, found.repeated) == (4, 4)


def test_a_file_that_went_between_listing_and_reading_is_a_row(model: Counting, new: Path) -> None:
    given = model.examine

    def examine(pictures: Sequence[Any], *, progress: Any = None) -> tuple[Answers, dict[int, str]]:
        Path("new/a/03.png").unlink(missing_ok=True)
        return given(pictures, progress=progress)

    model.examine = examine  # type: ignore[method-assign]
    hs.predict_many("b", new, out="answers")
    gone = next(row for row in rows_in(Path("answers")) if row["path"] == "new/a/03.png")
    assert gone["reason"].startswith("cannot be read")


# ------------------------------------------------------------------------------------------------ where it goes


def test_answers_inside_the_pictures_are_not_walked(model: Counting, new: Path) -> None:
    for _ in range(2):
        found = hs.predict_many("b", new, out="new/answers", form="jsonl")
    assert (found.before, found.pictures) == (13, 0)
    assert not any("answers" in path for path in paths_in(Path("new/answers"), "jsonl"))
    assert is_own(Path("new/answers"))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"source": "other"}, "they are of the classifier 'b'"),
        ({"form": "jsonl"}, "begun with --format csv"),
        ({"mark": True}, "begun without --bom"),
        ({"pictures": "new/a"}, "for folder new, not for folder new/a"),
    ],
)
def test_only_the_same_question_goes_on(model: Counting, new: Path, changed: dict[str, Any], said: str) -> None:
    asked: dict[str, Any] = {"source": "b", "pictures": "new", "out": "answers"}
    hs.predict_many(**asked)
    before = {file: file.read_bytes() for file in Path("answers").iterdir()}
    with pytest.raises(ConfigError, match=said) as caught:
        hs.predict_many(**{**asked, **changed})
    assert "--out, e.g. answers-2" in caught.value.hint
    assert {file: file.read_bytes() for file in Path("answers").iterdir()} == before


def test_another_current_folder_is_another_question(
    model: Counting, new: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hs.predict_many("b", new, out="answers")
    (tmp_path / "elsewhere/new").mkdir(parents=True)
    monkeypatch.chdir("elsewhere")
    with pytest.raises(ConfigError, match="paths are relative"):
        hs.predict_many("b", new, out=tmp_path / "answers")


def test_two_processes_do_not_write_into_one_folder(model: Counting, new: Path) -> None:
    hs.predict_many("b", new, out="answers")
    with held(Path("answers") / ANSWERS_LOCK, what="", hint=""), pytest.raises(StoreError, match="Another headstart"):
        hs.predict_many("b", new, out="answers")
    assert hs.predict_many("b", new, out="answers").pictures == 0


@pytest.mark.parametrize(
    ("form", "damage"), [("csv", b"path,label,reason\n1.png,a\n"), ("jsonl", b"{"), ("parquet", b"PAR1")]
)
def test_a_damaged_file_is_named(model: Counting, new: Path, form: str, damage: bytes) -> None:
    hs.predict_many("b", new, out="answers", form=form)
    (Path("answers") / f"answers-00001.{form}").write_bytes(damage)
    with pytest.raises(StoreError, match="answers-00001") as caught:
        hs.predict_many("b", new, out="answers", form=form)
    assert "answers its pictures again" in caught.value.hint


def test_a_full_disk_leaves_whole_files(model: Counting, new: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from headstart.deliver.answers import drafts

    written = drafts._Text.write

    def full(self: Any, file: Path) -> None:
        if "answers-00002" in file.name:
            file.write_bytes(b"half")
            raise OSError(28, "No space left on device", str(file))
        written(self, file)

    monkeypatch.setattr(drafts._Text, "write", full)
    with pytest.raises(StoreError, match="No space left"):
        hs.predict_many("b", new, out="answers", rows=5)
    assert len(rows_in(Path("answers"))) == 5
    assert {file.name for file in Path("answers").iterdir()} >= {ANSWERS_RECORD, "answers-00001.csv"}
    monkeypatch.setattr(drafts._Text, "write", written)
    hs.predict_many("b", new, out="answers", rows=5)
    assert len(set(paths_in(Path("answers")))) == 13


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"pictures": "nowhere"}, DataError, "'nowhere' does not exist"),
        ({}, ConfigError, "No picture was named"),
        ({"lists": ["nowhere.txt"]}, DataError, "list 'nowhere.txt' does not exist"),
        ({"watch": "nowhere"}, DataError, "'nowhere' does not exist"),
        ({"watch": "new", "pictures": "new"}, ConfigError, "With --watch nothing else"),
        ({"watch": "new/a/00.png"}, ConfigError, "is a file; --watch needs a folder"),
        ({"pictures": "new", "form": "xlsx"}, ConfigError, "form"),
    ],
)
def test_what_cannot_be_answered_is_refused_before_anything_is_made(
    model: Counting, new: Path, options: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        hs.predict_many("b", out="answers", **options)
    assert not Path("answers").exists()


def test_a_place_without_a_picture_is_an_error(model: Counting, new: Path) -> None:
    Path("texts").mkdir()
    Path("texts/a.txt").write_text("a")
    with pytest.raises(DataError, match="no picture in 'texts'") as caught:
        hs.predict_many("b", "texts", out="answers")
    assert "1 text file" in caught.value.hint


# ------------------------------------------------------------------------------------------------ what was met


def test_paths_that_were_met_are_known() -> None:
    seen = Seen()
    paths = [f"folder/{number}.jpg" for number in range(120_000)]
    for begin in range(0, len(paths), 7000):
        part = paths[begin : begin + 7000]
        assert not any(seen.known(part))
        seen.add(part)
        seen.add(part[:10])
    assert len(seen) == len(paths)
    assert all(seen.known(paths))
    assert not any(seen.known([f"{path}x" for path in paths[:100]]))


def test_files_with_many_columns_have_fewer_rows(tmp_path: Path) -> None:
    from headstart.records.answer_tables import Columns
    from headstart.records.answers import AnswersAsked

    asked = AnswersAsked(
        schema=1, headstart="", classifier="", bundle="", form="csv", top=0, mark=False, asked=(), where=""
    )
    assert Shards(tmp_path, asked, Columns(tuple(map(str, range(1000)))))._most < 2000
    assert Shards(tmp_path, asked, Columns(("a", "b")))._most == 10_000


def test_stdin_is_read_as_paths(model: Counting, new: Path) -> None:
    def stream() -> Iterator[str]:
        yield from ("new/a/00.png", "new/nowhere.png", "https://example.org/a.png")

    found = hs.predict_many("b", stream=stream(), out="answers")
    assert (found.pictures, found.unread) == (3, 2)
    reasons = {row["path"]: row["reason"] for row in rows_in(Path("answers"))}
    assert reasons["new/nowhere.png"] == "no such file"
    assert reasons["https://example.org/a.png"] == "no such file here: it is a web address"


def test_a_faster_engine_is_made_before_many_are_answered(
    model: Counting, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, heard = list[str](), list[str]()

    def prepare(place: Path, files: list[str], *, progress: Any) -> bool:
        made.extend(files)
        raise StoreError("The cache is full.", hint="Free some space.")

    monkeypatch.setattr(predicting_many, "_WORTH", 5)
    monkeypatch.setattr(predicting_many.bundle, "tried", lambda place: False)
    monkeypatch.setattr(predicting_many, "prepare_engine", prepare)
    progress = Silent()
    progress.message = heard.append  # type: ignore[method-assign, assignment]
    assert hs.predict_many("b", new, out="answers", progress=progress).pictures == 13
    assert "new/a/00.png" in made
    assert heard == ["Answers will come no faster: The cache is full."]
