"""A folder is walked one folder at a time, by the rules of the listing."""

from __future__ import annotations

from pathlib import Path

import pytest
from drawing import draw_picture

from headstart.base.errors import DataError
from headstart.table.kinds import Skipped
from headstart.table.listing import walk
from headstart.table.walking import levels


def found(folder: Path) -> tuple[list[str], list[Skipped]]:
    passed = list[Skipped]()
    names = [level.prefix + name for level in levels(folder, passed.append) for name in (*level.files, *level.others)]
    return names, passed


def test_it_finds_what_the_listing_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("b.png", "a/1.png", "a/deep/2.png", "z/3.png"):
        draw_picture(Path("in") / name)
    Path("in/.hidden").mkdir()
    Path("in/a.run").mkdir()
    Path("in/a.run/log.jsonl").touch()
    Path("in/link").symlink_to("a")
    Path("in/round").symlink_to(".")
    Path("in/one.png").symlink_to("b.png")
    names, passed = found(Path("in"))
    whole = walk(Path("in"), "in/")
    assert sorted(names) == whole.files
    assert {(one.path, one.reason) for one in passed} == {(one.path, one.reason) for one in whole.skipped}
    assert names[:2] == ["in/b.png", "in/one.png"], "a folder's own files come first"


def test_a_folder_that_cannot_be_read_is_an_error_or_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        list(levels(tmp_path / "gone", lambda _: None))
    told = list[DataError]()
    assert list(levels(tmp_path / "gone", lambda _: None, unread=told.append)) == []
    assert len(told) == 1
