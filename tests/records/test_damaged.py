"""Whatever stands in a file that is read: it is refused by its key, or all that people open is safe and comes soon.

Nothing here names a field. Records are found and filled by their types, so a new field is tried like all others.
"""

from __future__ import annotations

import copy
import faulthandler
import html.parser
import json
import math
import os
import random
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from markdown_it import MarkdownIt
from records.examples import all_records, at_place, bare_numbers, example, hints_of, leaves

from headstart.base.errors import StoreError
from headstart.base.files import read_json
from headstart.records.codec import from_plain, read_record
from headstart.records.columns import MapFile, PredictionsFile
from headstart.records.record import Record
from headstart.records.results import Results
from headstart.report.markdown import markdown
from headstart.report.page.building import build
from headstart.report.page.runs import runs_page
from headstart.report.side_by_side import side_by_side
from headstart.report.text import summary

KINDS = all_records()
SCRIPT = (
    "<script>alert(1)</script>\"'](javascript:alert(1)) | cell | b |\n# title\n\n- x `y` ![i](x://y) <http://x> ~~s~~"
)
STEERING = "\x1b[2J\x1b]0;x\x07\x00\x9b\u202e\u2066\u2028"
OTHERS: tuple[Any, ...] = (
    None, "text", -1, 0, 1.5, 1e308, -1e308, 10**30, True, [], {}, [[]], math.nan, math.inf,
)  # fmt: skip
TRIED, DRAWN = 500, 30  # of some thousand; the seed says which. benchmarks/damaged.py tries all of them
GONE = object()
Place = tuple[str | int, ...]


def made(content: Any) -> Results:
    return from_plain(content, Results, "results.json")


def damages(content: Any, seed: int, most: int) -> Iterator[tuple[str, Any]]:
    """Yield some of the places with some of the other values, drawn by `seed`, and what came of the content."""
    tries = [(place, other) for place in leaves(content) for other in (*OTHERS, GONE)]
    for place, other in random.Random(seed).sample(tries, min(most, len(tries))):
        found = copy.deepcopy(content)
        above = at_place(found, place[:-1])
        if other is GONE:
            del above[place[-1]]
        else:
            above[place[-1]] = other
        yield f"{'.'.join(map(str, place))} = {other!r}", found


# --------------------------------------------------------------------------------------------- what is read


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_every_number_of_a_record_says_what_it_can_be(kind: type[Record]) -> None:
    assert [name for name, hint in hints_of(kind).items() if bare_numbers(hint)] == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_a_record_with_a_damaged_value_is_read_or_refused_by_its_file(kind: type[Record]) -> None:
    told: list[tuple[str, str, str]] = []
    for name, content in damages(example(kind), 0, 40):
        try:
            from_plain(content, kind, "some.json")
        except StoreError as error:
            told.append((name, error.message, error.hint))
    assert [entry for entry in told if not entry[1].startswith("'some.json' is damaged") or not entry[2]] == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": 1, "a": 2}',
        b"1" * 5000,
    ],
    ids=["empty", "not UTF-8", "deep", "NaN", "infinite", "beyond", "a key twice", "many digits"],
)
def test_what_is_no_json_is_refused_by_its_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "some.json").write_bytes(content)
    with pytest.raises(StoreError, match=r"some\.json' cannot be read as JSON"):
        read_json(tmp_path / "some.json")


@pytest.fixture
def soon() -> Iterator[None]:
    """End a test that reads for ever."""

    def ended(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, ended)
    signal.alarm(10)
    faulthandler.dump_traceback_later(20, exit=True)  # where a library waits, no signal is heard
    yield
    faulthandler.cancel_dump_traceback_later()
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(sys.platform == "win32", reason="no such files there")
@pytest.mark.usefixtures("soon")
def test_what_is_no_file_is_refused_and_not_read_for_ever(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "device.json").symlink_to("/dev/zero")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "circle.json").symlink_to("circle.json")
    for name in ("pipe", "device", "folder", "circle"):
        with pytest.raises(StoreError, match=name):
            read_record(tmp_path / f"{name}.json", Results)
        with pytest.raises(StoreError, match=name):
            PredictionsFile(tmp_path / f"{name}.json").read(("ants",), "val")
        assert MapFile(tmp_path / f"{name}.json").read() is None


COLUMNS = {
    "text": ["x"], "nothing": [None], "not a number": [math.nan], "whole": [7], "huge": [1e308], "below": [-0.5],
    "infinite": [math.inf], "lists": [[1.0]], "truth": [True], "bytes": [b"\xff"], "twice": None, "gone": None,
}  # fmt: skip


@pytest.mark.parametrize("values", COLUMNS)
@pytest.mark.parametrize("name", ["path", "label", "split", "p_ants"])
def test_a_column_of_anything_else_is_refused_by_its_file(tmp_path: Path, name: str, values: str) -> None:
    columns = {"path": ["a.png"] * 2, "label": ["ants"] * 2, "split": ["val"] * 2, "p_ants": [1.0] * 2}
    columns["path"] = ["a.png", "b.png"]
    content = pa.table(columns)
    if values == "gone":
        content = content.drop_columns([name])
    elif values == "twice":
        content = pa.table([*content.columns, content[name]], names=[*content.column_names, name])
    else:
        content = content.set_column(content.column_names.index(name), name, pa.array(COLUMNS[values] * 2))
    file = tmp_path / "some.parquet"
    pq.write_table(content, file)
    if (name, values) == ("split", "text"):  # of a split that nobody asks for
        assert PredictionsFile(file).read(("ants",), "val").paths == ()
        return
    with pytest.raises(StoreError, match=r"some\.parquet"):
        PredictionsFile(file).read(("ants",), "val")


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        (("verdict", "winner"), "another", r"at verdict\.winner: 'another' is no run"),
        (("verdict", "tied_with"), ["another"], r"at verdict\.tied_with: 'another' is no run"),
        (("data", "classes"), ["name", "name"], r"at data\.classes"),
        (("data", "classes"), ["name", "more"], r"at runs\[0\]\.metrics\.val\.per_class_recall: there are 2 classes"),
        (("data", "counts"), {"val": {"another": 1}}, r"at data\.counts\.val: 'another' is no class"),
        (("runs", 0, "strategy"), "another", r"at runs\[0\]\.strategy: 'another' is not among"),
        (("runs", 0, "predictions"), "../../secret.parquet", r"at runs\[0\]\.predictions: expected `str` matching"),
        (("runs", 0, "bundle"), "/etc", r"at runs\[0\]\.bundle: expected `str` matching"),
        (("map", "file"), "a/../../b", r"at map\.file: expected `str` matching"),
        (("runs", 0, "metrics", "val", "interval"), [0.5, 0.25], r"at runs\[0\]\.metrics\.val\.interval: its ends"),
        (("runs", 0, "metrics", "val", "accuracy"), 1.5, r"at runs\[0\]\.metrics\.val\.accuracy: expected `float` <="),
        (("learning", "accuracy"), [], r"at learning\.accuracy: it is not as long as sizes"),
        (("activity", "depths"), [], r"at activity\.depths"),
    ],
)
def test_values_that_contradict_each_other_are_named(place: Place, value: object, says: str) -> None:
    content = example(Results)
    at_place(content, place[:-1])[place[-1]] = value
    with pytest.raises(StoreError, match=says):
        made(content)


# -------------------------------------------------------------------------------------- what people open


class Tags(html.parser.HTMLParser):
    """The tags of a page, its scripts, and what leads elsewhere."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.calls: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.calls += [name for name, told in attrs if name.startswith("on") or (told or "").startswith("javascript")]

    def handle_data(self, data: str) -> None:
        if data.startswith("alert"):
            self.calls.append(data)


def check_page(page: str) -> None:
    found = Tags(page)
    assert found.calls == []
    assert not found.tags & {"http:", "title1", "i"}
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066\u2067\u2028\u2029]", page)


def check_markdown(text: str) -> None:
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text):
        assert token.type not in ("html_block", "hr", "blockquote_open"), token.content
        assert token.content not in ("title", "cell"), "a name made a title or a cell"
        assert not {each.type for each in token.children or ()} & {"html_inline", "link_open", "image", "s_open"}
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]", text)


def opened(results: Results, folder: Path, *, page: bool = True) -> None:
    """Make everything that people open of these results, and look at it."""
    check_markdown(markdown(results))
    assert summary(results, width=80)
    if page:
        check_page(build(results, folder)[0])
        check_page(runs_page(side_by_side({folder.name: results})))


@pytest.mark.parametrize("text", [SCRIPT, STEERING, "- x", "1. x", "---", "&lt;b&gt;", "`" * 5, "{x}", "x" * 20_000])
@pytest.mark.parametrize("end", ["ge", "le"])
def test_no_text_of_any_field_becomes_markup_and_no_number_stops_a_report(tmp_path: Path, text: str, end: str) -> None:
    results = made(example(Results, text, end))
    folder = tmp_path / "some.run"
    name = results.data.classes[0]
    PredictionsFile(folder / results.runs[0].predictions[:100]).write(
        [name], paths=[text], labels=np.zeros(1, np.int64), splits=["val"], probabilities=np.ones((1, 1))
    )
    opened(results, folder)


def test_what_is_read_of_damaged_results_can_be_shown(tmp_path: Path) -> None:
    """Whatever value of any field the codec lets pass: reports come of it, quickly, and no error."""
    drawn = 0
    for name, content in damages(example(Results), 1, TRIED):
        try:
            results = made(content)
        except StoreError:
            continue
        drawn += 1
        try:
            opened(results, tmp_path, page=drawn <= DRAWN)
        except Exception as error:
            raise AssertionError(f"with {name}") from error
    assert drawn > DRAWN


def test_texts_in_json_stay_in_their_script() -> None:
    from headstart.report.page.rendering import as_data

    told = str(as_data({SCRIPT: [STEERING]}))
    assert "<" not in told
    assert list(json.loads(told)) == [SCRIPT]
