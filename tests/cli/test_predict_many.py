"""`headstart predict` with many pictures: what is typed, what is handed over, what is said."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cli.stand_in import Call, StandIn

from headstart.records.answers import Answered
from headstart.records.record import changed


def test_answers_go_into_a_folder(call: Call, verbs: StandIn) -> None:
    result = call("predict", "b", "new", "--out", "answers", "--format", "jsonl", "--all", "--engine", "torch")
    assert result.stdout == "Written: 12,345 rows in answers (answers-00001.csv to answers-00002.csv)\n"
    said = " ".join(result.stderr.split())
    assert "2 rows without an answer, with the reason in its place. First: new/x.jpg: the file is empty." in said
    assert "Named more than once: 3 times. Each file has one row." in said
    assert "Not read: 1 HEIC picture" in said
    assert result.exit_code == 10
    ((verb, given, options),) = verbs.calls
    assert (verb, given) == ("predict_many", ("b", ["new"]))
    assert options == {
        "lists": [], "stream": None, "watch": None, "out": Path("answers"), "form": "jsonl", "every_class": True,
        "mark": False, "engine": "torch",
    }  # fmt: skip


def test_lists_and_stdin_are_handed_over(
    call: Call, verbs: StandIn, own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("list.txt").write_text("a.jpg\n")
    stdin = SimpleNamespace(buffer=io.BytesIO(b"b c.jpg\0d\n.jpg\0"))
    monkeypatch.setattr("headstart.cli.predicting.sys", SimpleNamespace(stdin=stdin))
    call("predict", "b", "-", "new", "--list", "list.txt", "--out", "answers", "--bom")
    (_, given, options), *_ = verbs.calls
    assert given == ("b", ["new"])
    assert (options["lists"], options["stream"]) == ([Path("list.txt")], ["b c.jpg", "d\n.jpg"])
    assert options["mark"]


def test_a_list_of_few_is_answered_on_the_screen(call: Call, verbs: StandIn, own_folder: Path) -> None:
    Path("sub").mkdir()
    Path("sub/list.csv").write_text("path\na.jpg\nb.jpg\n")
    assert call("predict", "b", "one.jpg", "--list", "sub/list.csv").exit_code == 0
    assert verbs.calls[0][1] == ("b", ["one.jpg", "sub/a.jpg", "sub/b.jpg"])


def test_a_folder_is_watched(call: Call, verbs: StandIn) -> None:
    call("predict", "b", "--watch", "in", "--out", "answers")
    assert verbs.calls[0][2]["watch"] == Path("in")


def test_as_json(call: Call) -> None:
    result = call("predict", "b", "new", "--out", "answers", "--json")
    document = json.loads(result.stdout)
    assert (document["pictures"], document["unread"], result.exit_code) == (12_345, 2, 10)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"before": 7, "unread": 0}, "7 files had their row already."),
        ({"pictures": 0, "files": ()}, "Nothing new to answer. Answers: answers"),
        ({"files": ("answers-00009.csv",)}, "(answers-00009.csv)"),
    ],
)
def test_what_is_said_of_it(call: Call, found: dict[str, Any], said: str) -> None:
    class Other(StandIn):
        def predict_many(self, *given: Any, **options: Any) -> Answered:
            return changed(super().predict_many(*given, **options), **found)

    result = call("predict", "b", "new", "--out", "answers", verbs=Other())
    assert said in " ".join((result.stdout + result.stderr).split())
    assert result.exit_code == (10 if found.get("unread", 1) else 0)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["--watch", "in"], "--watch needs a folder for the answers."),
        (["new", "--format", "parquet"], "--format needs a folder for the answers."),
        (["new", "--all"], "--all needs a folder for the answers."),
        (["new", "--bom"], "--bom needs a folder for the answers."),
        ([], "No picture was named."),
        (["new", "--out", "answers", "--csv", "a.csv"], "--csv goes with few pictures, not with --out."),
        (["new", "--out", "answers", "--grid", "a.png"], "--grid goes with few pictures, not with --out."),
    ],
)
def test_options_that_say_nothing_together_are_refused(call: Call, verbs: StandIn, typed: list[str], said: str) -> None:
    result = call("predict", "b", *typed)
    assert result.exit_code == 2
    assert said in result.stderr
    assert verbs.calls == []


def test_it_says_whether_the_same_command_goes_on(call: Call) -> None:
    stopped = StandIn(KeyboardInterrupt())
    assert "the same command continues" in call("predict", "b", "new", "--out", "answers", verbs=stopped).stderr
    assert "continues" not in call("predict", "b", "new", verbs=stopped).stderr
