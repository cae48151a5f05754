"""An output never takes the place of what headstart did not write; what it wrote may be written again."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from drawing import draw_picture

from headstart.base.errors import ConfigError, StoreError
from headstart.base.files import sha256_of_file, write_json, write_text
from headstart.base.forms import DRAWN, PNG, form_of
from headstart.base.ours import CSV_HEADER, FETCHED
from headstart.base.outputs import BUNDLE, CSV, GRID, LOOK, ONNX, PACKED, PAGE, PICTURES, RUN, Output, claim
from headstart.base.seals import ZIP_COMMENT, is_sealed, remember, seal_zip, sealed, write_sealed

FILES = {"answers.csv": CSV, "grid.png": GRID, "runs.html": PAGE, "birds.zip": PACKED, "birds.onnx": ONNX}
FOLDERS = {"a.run": RUN, "a.bundle": BUNDLE, "photos": PICTURES}
# A PNG of one pixel up to its first text, which says who made it.
GRID_HEAD = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de00000012")
PNG_END = bytes.fromhex("0000000049454e44ae426082")
EXPORTED = b"\x08\x08\x12\x09headstart" + bytes(200)  # how an exported file begins


def proof(path: Path) -> Path:
    return path.with_suffix(".parity.json")


OURS: dict[str, Callable[[Path], object]] = {
    "answers.csv": lambda path: (write_text(path, f"\ufeff{CSV_HEADER},reason,p_a\n"), remember(path)),
    "grid.png": lambda path: path.write_bytes(sealed(GRID_HEAD + b"tEXtSoftware\0headstart" + PNG_END)),
    "runs.html": lambda path: write_sealed(path, '<meta name="generator" content="headstart compare-runs">'),
    "birds.onnx": lambda path: (path.write_bytes(EXPORTED), write_json(proof(path), {"sha256": sha256_of_file(path)})),
    "birds.zip": lambda path: (path.write_bytes(b"PK" + ZIP_COMMENT), seal_zip(path)),
    "a.run": lambda path: written(path / "plan.json", {"schema": 2, "fingerprint": "0"}),
    "a.bundle": lambda path: written(path / "bundle.json", {"format": 2}),
    "photos": lambda path: written(path / FETCHED, {"url": "https://example.org"}),
}
ALL = {**FILES, **FOLDERS}


def written(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content))


def state(folder: Path) -> dict[str, bytes]:
    """Return what lies in a folder, by name."""
    found = sorted(folder.rglob("*"))
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in found}


@pytest.mark.parametrize("name", ALL)
def test_what_is_ours_or_nothing_is_claimed(name: str, tmp_path: Path) -> None:
    place = tmp_path / name
    assert claim(place, ALL[name]) == place, "nothing is there"
    place.mkdir() if name in FOLDERS else place.touch()
    assert claim(place, ALL[name]) == place, "it is empty"
    place.rmdir() if name in FOLDERS else place.unlink()
    OURS[name](place)
    before = state(tmp_path)
    assert claim(str(place), ALL[name]) == place, "it is ours"
    assert state(tmp_path) == before


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("content", [b"\xff\xd8\xff\xe0JFIF", b"path,label\na.jpg,a\n", b"\0", b"<!doctype html>"])
def test_a_file_of_somebody_else_is_refused(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=f"'{tmp_path / name}' exists and is .* which headstart did not write"):
        claim(tmp_path / name, FILES[name])
    assert (tmp_path / name).read_bytes() == content


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize("inside", ["thesis.txt", "results.json", "plan.json", "bundle.json", "split.parquet", "sub/x"])
def test_a_folder_of_somebody_else_is_refused(name: str, inside: str, tmp_path: Path) -> None:
    """Also one with a file that only bears the name of one of ours."""
    written(tmp_path / name / inside, {"terraform_version": "1.9"})
    with pytest.raises(ConfigError, match=f"holds '{Path(inside).parts[0]}', which headstart did not write"):
        claim(tmp_path / name, FOLDERS[name])


@pytest.mark.parametrize("extra", ["notes.txt", ".git"])
def test_a_bundle_in_which_something_else_was_put_is_not_replaced(extra: str, tmp_path: Path) -> None:
    OURS["a.bundle"](tmp_path / "a.bundle")
    (tmp_path / "a.bundle" / extra).write_text("mine")
    with pytest.raises(ConfigError, match=extra):
        claim(tmp_path / "a.bundle", BUNDLE)


def test_a_damaged_bundle_is_ours_still(tmp_path: Path) -> None:
    """Its sealed card says so; without that anybody may have written it."""
    OURS["a.bundle"](tmp_path / "a.bundle")
    (tmp_path / "a.bundle" / "bundle.json").write_text("{")
    (tmp_path / "a.bundle" / "model.safetensors").touch()
    write_sealed(tmp_path / "a.bundle" / "README.md", "# Classifier\n")
    claim(tmp_path / "a.bundle", BUNDLE)
    (tmp_path / "a.bundle" / "README.md").write_text("# My weights\n")
    with pytest.raises(ConfigError, match="headstart did not write"):
        claim(tmp_path / "a.bundle", BUNDLE)


def test_a_run_that_was_killed_before_its_plan_goes_on(tmp_path: Path) -> None:
    (tmp_path / "split.parquet").touch()
    (tmp_path / "log.jsonl").write_text('{"time": 1, "message": "about 10 s"}\n')
    claim(tmp_path, RUN)
    (tmp_path / "log.jsonl").write_text('{"level": "info"}\n')
    with pytest.raises(ConfigError, match=r"log\.jsonl"):
        claim(tmp_path, RUN)


@pytest.mark.parametrize("name", FILES)
def test_a_picture_that_the_shell_put_there_is_named_with_the_way_out(name: str, tmp_path: Path) -> None:
    picture = draw_picture(tmp_path / "new" / "1.png")
    with pytest.raises(ConfigError, match=r"The shell puts the first file .*--\w+ \w+\.\w+ .*new/\*\.png"):
        claim(picture, FILES[name])


@pytest.mark.parametrize("name", FILES)
def test_no_file_has_a_name_that_lies(name: str, tmp_path: Path) -> None:
    """Nor is an empty picture taken for a free place."""
    (tmp_path / "1.JPG").touch()
    for other in ("1.JPG", "a.xlsx", "a.parquet", "a.tsv", "a.txt", "a.json", "a", f"{name}.gz"):
        with pytest.raises(ConfigError, match=rf"must end in \{FILES[name].suffix}.*such as {name}"):
            claim(tmp_path / other, FILES[name])
    claim(tmp_path / name.upper(), FILES[name])


@pytest.mark.parametrize("name", FOLDERS)
def test_no_folder_has_the_name_of_a_file(name: str, tmp_path: Path) -> None:
    for other in ("a.zip", "a.tar.gz", "a.PTH", "a.onnx", "a.html"):
        with pytest.raises(ConfigError, match=r"which is a folder and cannot end in"):
            claim(tmp_path / other, FOLDERS[name])
    claim(tmp_path / "birds-v1.2", FOLDERS[name])


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "a line more": lambda content: content + b"new.jpg,a\n",
    "a letter less": lambda content: content[:-1],
    "something in the middle": lambda content: content[:60] + b"x" + content[61:],
    "other line ends": lambda content: content[:40] + content[40:].replace(b"\n", b"\r\n"),
    "saved anew": lambda content: content.partition(b"\n<!-- headstart")[0].partition(b"tEXtheadstart")[0] + b" ",
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", [*FILES, "a.bundle/README.md"])
def test_what_was_changed_since_is_not_replaced(name: str, change: str, tmp_path: Path) -> None:
    file, place = tmp_path / name, tmp_path / Path(name).parts[0]
    OURS[place.name](place)
    if place != file:
        write_sealed(file, "# Classifier\n")
    claim(place, ALL[place.name])
    before = file.read_bytes()
    after = CHANGES[change](before)
    file.write_bytes(after)
    if after == before:  # a picture without line ends
        return
    with pytest.raises(ConfigError, match=f"'{file}' was changed since headstart wrote it.*Nothing was changed"):
        claim(place, ALL[place.name])
    assert file.read_bytes() == after
    file.write_bytes(before)
    claim(place, ALL[place.name])


def test_a_table_that_the_cache_has_forgotten_is_not_replaced(tmp_path: Path, cache: Path) -> None:
    OURS["answers.csv"](tmp_path / "answers.csv")
    (tmp_path / "answers.csv").rename(tmp_path / "other.csv")
    claim(tmp_path / "other.csv", CSV)
    for file in (cache / "outputs").iterdir():
        file.unlink()
    with pytest.raises(ConfigError, match="nothing is left to show that it was not"):
        claim(tmp_path / "other.csv", CSV)


@pytest.mark.parametrize("content", [b"", b"text", b"\n", PNG_END, GRID_HEAD + PNG_END])
def test_a_seal_shows_and_leaves_the_content(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    assert not is_sealed(tmp_path / "file")
    (tmp_path / "file").write_bytes(sealed(content))
    assert is_sealed(tmp_path / "file")
    assert sealed(content).startswith(content.removesuffix(PNG_END))


def test_a_usual_name_that_is_taken_is_called_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was typed, so that the shell has no part in it."""
    monkeypatch.chdir(tmp_path)
    draw_picture(Path("look.png"))
    with pytest.raises(ConfigError, match=r"used where none is typed.*--grid grid\.png") as error:
        claim("look.png", LOOK)
    assert "shell" not in str(error.value)


@pytest.mark.parametrize("name", ALL)
def test_another_name_is_another(name: str, tmp_path: Path) -> None:
    place = tmp_path / ALL[name].example
    place.mkdir() if name in FOLDERS else place.write_text("mine")
    (place / "thesis.txt").write_text("mine") if name in FOLDERS else None
    with pytest.raises(ConfigError, match=f"e\\.g\\. {place.stem}-2{place.suffix}"):
        claim(place, ALL[name])


@pytest.mark.parametrize("link", ["same", "hard", "soft"])
@pytest.mark.parametrize("name", FILES)
def test_an_input_is_no_output_by_whatever_name(name: str, link: str, tmp_path: Path) -> None:
    OURS[name](tmp_path / name)  # which could be replaced else
    other = tmp_path / name if link == "same" else tmp_path / f"other.{name}"
    if link == "hard":
        other.hardlink_to(tmp_path / name)
    if link == "soft":
        other.symlink_to(tmp_path / name)
    claim(tmp_path / name, FILES[name], inputs=[tmp_path, None, tmp_path / "missing"])
    with pytest.raises(ConfigError, match="is to be read for it"):
        claim(tmp_path / name, FILES[name], inputs=[str(other)])


def test_a_folder_that_is_replaced_holds_no_input(tmp_path: Path) -> None:
    OURS["a.bundle"](tmp_path / "a.bundle")
    weights = tmp_path / "a.bundle" / "model.safetensors"
    weights.touch()
    with pytest.raises(ConfigError, match="is to be read for it"):
        claim(tmp_path / "a.bundle", BUNDLE, inputs=[weights])


def test_a_link_is_judged_by_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    (tmp_path / "answers.csv").symlink_to(tmp_path / "thesis.txt")
    with pytest.raises(ConfigError, match="headstart did not write"):
        claim(tmp_path / "answers.csv", CSV)
    (tmp_path / "nowhere").symlink_to(tmp_path / "missing")
    with pytest.raises(ConfigError, match="leads nowhere"):
        claim(tmp_path / "nowhere", RUN)


@pytest.mark.skipif(sys.platform == "win32", reason="devices and pipes of Unix")
@pytest.mark.parametrize("output", FILES.values(), ids=FILES)
def test_neither_a_device_nor_a_pipe_nor_a_folder_is_a_file(output: Output, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in ("/dev/null", "/dev/stdout", "-", ".", tmp_path, tmp_path / "pipe"):
        with pytest.raises(ConfigError, match=rf"Give {output.option} a file name|did not write"):
            claim(place, output)


@pytest.mark.parametrize("name", FOLDERS)
def test_a_file_is_no_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    with pytest.raises(ConfigError, match="is a file"):
        claim(tmp_path / name, FOLDERS[name])


@pytest.mark.parametrize("name", ALL)
def test_a_place_where_nothing_can_be_written_is_told_before_the_work(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="is a file"):
        claim(tmp_path / "file" / name, ALL[name])
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(StoreError, match="could not be written"):
        claim(tmp_path / name, ALL[name])


@pytest.mark.parametrize("name", ["a.bundle", "photos"])
def test_what_is_replaced_as_a_whole_needs_a_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for place in (".", "x/.."):
        with pytest.raises(ConfigError, match="cannot be the name"):
            claim(place, FOLDERS[name])


def test_a_grid_of_ours_is_told_from_a_picture() -> None:
    assert form_of(GRID_HEAD + b"tEXtSoftware\0headstart") is DRAWN
    assert form_of(GRID_HEAD + b"tEXtSoftware\0gimp") is PNG
    assert not DRAWN.picture, "it shows pictures again that lie beside it"
