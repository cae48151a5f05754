"""Answers as a table: for spreadsheets, for pandas, and for headstart again."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from drawing import draw_picture

from headstart.base.files import write_text
from headstart.base.outputs import CSV, claim
from headstart.base.seals import remember
from headstart.records.answers import Prediction, Predictions
from headstart.records.results import Skipped
from headstart.report.answers import answers_csv
from headstart.table import read_table

CLASSES = ("=cmd|' /C calc'!A0", "-1", 'Bär, "groß"\n2', "@x")


def answers(paths: list[str], *, unread: tuple[Skipped, ...] = ()) -> Predictions:
    rows = tuple(
        Prediction(
            path=path,
            label=CLASSES[number % 4],
            probability=0.7,
            set=(CLASSES[number % 4], CLASSES[0]),
            none_of_these=None,
            probabilities=dict(zip(CLASSES, (0.7, 0.1, 0.1, 1e-7), strict=True)),
        )
        for number, path in enumerate(paths)
    )
    return Predictions(rows=rows, skipped=unread, classes=CLASSES, unread=unread)


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_no_cell_is_a_formula() -> None:
    paths = ["=1+1.jpg", "-x.jpg", "+x.jpg", "@x.jpg", "\tx.jpg", "a\n=b.jpg", 'q"u,o.jpg', "\rx.jpg"]
    table = cells(answers_csv(answers(paths, unread=(Skipped(path="=2.jpg", reason="-damaged"),))))
    assert not [cell for row in table for cell in row if cell.startswith(tuple("=+-@\t\r\n"))]
    assert [Path(row[0]) for row in table[1:-1]] == [Path(path) for path in paths], "each still leads to its file"
    assert {len(row) for row in table} == {len(table[0])}


def test_excel_knows_the_letters() -> None:
    assert answers_csv(answers(["a.jpg"])).encode("utf-8").startswith(b"\xef\xbb\xbfpath,label,probability,")


def test_a_picture_that_was_not_read_has_a_row_with_its_reason() -> None:
    unread = (Skipped(path="broken.jpg", reason="the file ends too early"),)
    head, _, last = cells(answers_csv(answers(["a.jpg"], unread=unread)))
    told = dict(zip(head, last, strict=True))
    assert (told["path"], told["label"], told["reason"]) == ("broken.jpg", "", "the file ends too early")


def test_without_any_answer_the_table_still_has_its_columns() -> None:
    assert cells(answers_csv(answers([])))[0][:6] == [
        *("path", "label", "probability", "set", "none_of_these", "reason")
    ]


def test_it_is_known_as_ours_and_pandas_and_headstart_read_it(tmp_path: Path) -> None:
    """As a list it is read once its labels are those of a person: with the columns path and label alone."""
    for name in ("-a", "b", "c", "d"):
        for number in range(2):
            draw_picture(tmp_path / f"{name}{number}.png", seed=number)
    paths = [f"{name}{number}.png" for name in ("-a", "b", "c", "d") for number in range(2)]
    file = tmp_path / "answers.csv"
    write_text(file, answers_csv(answers(paths)))
    remember(file)
    claim(file, CSV)
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = [row[:2] for row in csv.reader(stream)]
    corrected = io.StringIO(newline="")
    csv.writer(corrected).writerows(rows)
    write_text(tmp_path / "list.csv", "\ufeff" + corrected.getvalue())
    table = read_table(tmp_path / "list.csv")
    assert set(table.classes) == set(CLASSES)
    assert sorted(table.paths) == sorted(paths)
