"""Lists of paths, in whatever form they come."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from drawing import draw_picture

from headstart.base.errors import DataError
from headstart.table.parquet import write_text_columns
from headstart.table.paths import paths_in, paths_of


@pytest.mark.parametrize(
    ("content", "paths"),
    [
        (b"a.jpg\nb c.jpg\n", ["a.jpg", "b c.jpg"]),
        (b"\xef\xbb\xbfa.jpg\r\n\r\nb.jpg", ["a.jpg", "b.jpg"]),
        (b"a\nb.jpg\0c.jpg\0", ["a\nb.jpg", "c.jpg"]),
        (b"only.jpg", ["only.jpg"]),
        (b"", []),
        ("ä.jpg\n写.jpg\n".encode(), ["ä.jpg", "写.jpg"]),
        (b"\xff.jpg\n", [os.fsdecode(b"\xff.jpg")]),
    ],
)
def test_paths_of_a_stream(content: bytes, paths: list[str]) -> None:
    assert list(paths_of(io.BytesIO(content), "stdin")) == paths


def test_paths_are_the_same_wherever_the_stream_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    content = "".join(f"folder ü/{number}.jpg\n" for number in range(50)).encode()
    whole = list(paths_of(io.BytesIO(content), "stdin"))
    for piece in range(1, 40):
        monkeypatch.setattr("headstart.table.paths._PIECE", piece)
        assert list(paths_of(io.BytesIO(content), "stdin")) == whole


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.txt", "a.jpg\n=b.jpg\n"),
        ("list", "a.jpg\n=b.jpg\n"),
        ("list.csv", "path,label\na.jpg,x\n=b.jpg,y\n"),
        ("list.csv", "\ufeffsep=;\nlabel;Path\nx;a.jpg\n\ny;=b.jpg\n"),
        ("list.tsv", "label\tpath\nx\ta.jpg\ny\t=b.jpg\n"),
    ],
)
def test_paths_in_a_file(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert list(paths_in(tmp_path / name)) == ["a.jpg", "=b.jpg"]


def test_paths_in_parquet(tmp_path: Path) -> None:
    write_text_columns(tmp_path / "list.parquet", {"label": ["x", "y"], "path": ["a.jpg", "b.jpg"]})
    assert list(paths_in(tmp_path / "list.parquet")) == ["a.jpg", "b.jpg"]
    write_text_columns(tmp_path / "list.parquet", {"file": ["x"]})
    with pytest.raises(DataError, match="no column 'path'"):
        list(paths_in(tmp_path / "list.parquet"))


def test_what_is_no_list_is_told(tmp_path: Path) -> None:
    picture = draw_picture(tmp_path / "a.png")
    (tmp_path / "list.csv").write_text("file\na.jpg\n")
    (tmp_path / "short.csv").write_text("label,path\nx\n")
    (tmp_path / "broken.parquet").write_text("no")
    (tmp_path / "long.txt").write_text("x" * 200_000)
    for place, said in {
        picture: "is a PNG, not a list",
        tmp_path: "is a folder",
        tmp_path / "none.txt": "does not exist",
        tmp_path / "list.csv": "no column 'path'; its columns are 'file'",
        tmp_path / "short.csv": "no cell for the column 'path'",
        tmp_path / "broken.parquet": "cannot be read as Parquet",
        tmp_path / "long.txt": "too long for a path",
    }.items():
        with pytest.raises(DataError, match=said):
            list(paths_in(place))
