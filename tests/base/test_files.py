import errno
import json
import math
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.base.errors import StoreError
from headstart.base.files import (
    cache_folder,
    durable_writer,
    fingerprint,
    read_json,
    sha256_of_bytes,
    sha256_of_file,
    store_error,
    to_json,
    write_bytes,
    write_json,
    write_text,
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write_half(path: Path, error: Exception) -> None:
    with durable_writer(path) as temporary:
        temporary.write_text("half of the n")
        raise error


def test_content_arrives_and_nothing_else_stays(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "a.txt"
    write_text(path, "개미\nمورچه\n")
    assert path.read_bytes() == "개미\nمورچه\n".encode()
    write_bytes(path, b"second")
    assert path.read_bytes() == b"second"
    assert names(path.parent) == ["a.txt"]


def test_an_error_inside_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(ZeroDivisionError):
        write_half(path, ZeroDivisionError())
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_readers_see_the_old_file_until_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with durable_writer(path) as temporary:
        temporary.write_text("new")
        assert temporary.parent == path.parent, "a rename is only atomic within one file system"
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_a_full_disk_is_a_store_error_with_a_way_out(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(StoreError, match="full") as caught:
        write_half(path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert str(path) in caught.value.message
    assert "free some space" in caught.value.hint
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_content_is_flushed_before_the_rename_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    seen: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def watched_fsync(descriptor: int) -> None:
        seen.append("fsync folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "fsync file")  # noqa: PTH112
        fsync(descriptor)

    def watched_replace(source: Path, target: Path) -> Path:
        seen.append("rename")
        return replace(source, target)

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("tells files from folders by /proc, which this system lacks")
    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(Path, "replace", watched_replace)
    write_text(path, "new")
    assert seen == ["fsync file", "rename", "fsync folder"]


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (errno.EROFS, "another place"),
        (errno.EACCES, "another place"),
        (errno.EDQUOT, "quota"),
        (errno.EIO, "Check the path"),
    ],
)
def test_each_failure_of_the_disk_says_what_to_do(number: int, word: str) -> None:
    assert word in store_error(Path("x"), OSError(number, os.strerror(number))).hint


def test_a_file_where_a_folder_is_needed_is_a_store_error(tmp_path: Path) -> None:
    write_text(tmp_path / "file", "x")
    with pytest.raises(StoreError, match="could not be written"):
        write_text(tmp_path / "file" / "below.txt", "y")


WRITE_FOREVER = """
import sys
from pathlib import Path
from headstart.base.files import write_text
path = Path(sys.argv[1])
for number in range(10**9):
    write_text(path, f"{number}\\n" * 20_000)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal")
def test_killed_at_any_moment_the_file_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for delay in (0.003, 0.011, 0.017, 0.029, 0.041):
        path.unlink(missing_ok=True)
        writer = subprocess.Popen([sys.executable, "-c", WRITE_FOREVER, str(path)])
        try:
            deadline = time.monotonic() + 30
            while not path.exists():
                assert time.monotonic() < deadline, "the writer never wrote"
                time.sleep(0.001)
            time.sleep(delay)
        finally:
            writer.send_signal(signal.SIGKILL)
            writer.wait()
        lines = path.read_text().splitlines()
        assert len(lines) == 20_000
        assert len(set(lines)) == 1


def test_json_is_plain_unrounded_and_valid(tmp_path: Path) -> None:
    content = {
        "accuracy": np.float32(0.1),
        "third": 1 / 3,
        "loss": math.nan,
        "rates": np.array([1.0, np.inf, -np.inf]),
        "count": np.int64(3),
        "flag": np.bool_(True),
        "names": ("개미", "b"),
        "path": Path("a") / "b",
        7: {"classes": {"b", "a"}},
    }
    write_json(tmp_path / "a.json", content)
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert "NaN" not in text
    assert "Infinity" not in text
    assert "개미" in text, "people read these files"
    back = read_json(tmp_path / "a.json")
    assert back == {
        "accuracy": float(np.float32(0.1)),
        "third": 1 / 3,
        "loss": None,
        "rates": [1.0, None, None],
        "count": 3,
        "flag": True,
        "names": ["개미", "b"],
        "path": "a/b",
        "7": {"classes": ["a", "b"]},
    }


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_survive_json_to_the_last_bit(value: float) -> None:
    assert json.loads(to_json([value])) == [value]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", None])
def test_json_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StoreError, match=r"a\.json"):
        read_json(path)


def test_sha256_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    content = b"headstart" * 300_000  # more than one chunk
    (tmp_path / "a").write_bytes(content)
    assert sha256_of_file(tmp_path / "a") == sha256_of_bytes(content)
    assert sha256_of_bytes(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_fingerprints_follow_the_value_not_its_form() -> None:
    assert fingerprint({"a": 1, "b": (1.5, 2)}) == fingerprint({"b": [1.5, np.int64(2)], "a": np.int32(1)})
    different = [{"a": 1}, {"a": 2}, {"a": "1"}, {"b": 1}, {"a": [1]}, {"a": 1.5}, {"a": None}, "é", "e\u0301"]
    assert len({fingerprint(value) for value in different}) == len(different)


def test_the_cache_folder_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
    monkeypatch.delenv("HEADSTART_CACHE")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "headstart"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "headstart"


def test_a_name_that_is_no_unicode_can_be_written(tmp_path: Path) -> None:
    write_text(tmp_path / "a.csv", b"caf\xe9.jpg".decode("utf-8", "surrogateescape"))
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == r"caf\udce9.jpg"


@pytest.mark.skipif(sys.platform == "win32", reason="rights of Unix")
@pytest.mark.parametrize(("umask", "rights"), [(0o022, 0o644), (0o027, 0o640), (0o002, 0o664), (0o077, 0o600)])
def test_whatever_writes_a_file_it_has_the_rights_that_the_umask_gives(umask: int, rights: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        with durable_writer(tmp_path / "a") as temporary:  # as safetensors does
            os.close(os.open(temporary, os.O_CREAT | os.O_WRONLY, 0o600))
        with durable_writer(tmp_path / "b") as temporary:
            temporary.write_bytes(b"b")
            temporary.chmod(0o666)
    finally:
        os.umask(before)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in "ab"] == [rights, rights]


def test_a_writer_that_writes_nothing_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreError), durable_writer(tmp_path / "a"):
        pass
    assert not list(tmp_path.iterdir())


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there" / "file")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there" / "file").read_text() == "new"
