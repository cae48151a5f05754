"""The store: decoded once, opened again, made anew when damaged, never half there."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headstart.base.errors import ConfigError, PictureError, StoreError
from headstart.base.files import sha256_of_file, write_json
from headstart.pixels import PixelStore, decode, shelf
from headstart.pixels import store as store_module
from headstart.pixels.decode import Decoded, decode_noted
from headstart.records.codec import from_plain
from headstart.records.progress import Silent, Step

Draw = Callable[..., Path]


class Listener(Silent):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.decoded = 0

    @contextmanager
    def step(self, name: str, total: int, unit: str = "pictures") -> Iterator[Step]:
        assert (name, unit) == ("decode", "pictures")
        yield self

    def advance(self, count: int = 1) -> None:
        self.decoded += count

    def message(self, text: str) -> None:
        self.messages.append(text)


@pytest.fixture
def files(tmp_path: Path, draw: Draw) -> list[Path]:
    """Six pictures, of which row 2 is empty and row 4 truncated."""
    paths = [draw(tmp_path / "data" / f"사진 {number}.png", seed=number) for number in range(6)]
    paths[2].write_bytes(b"")
    paths[4].write_bytes(paths[4].read_bytes()[:300])
    return paths


@pytest.fixture
def home(cache: Path) -> Path:
    return cache / "pixels"


def build(
    files: Sequence[Path | np.ndarray], listener: Listener | None = None, **options: Any
) -> tuple[PixelStore, Listener]:
    listener = listener or Listener()
    digests = options.pop("digests", None) or [
        sha256_of_file(file) if isinstance(file, Path) else str(file.sum()) for file in files
    ]
    store = PixelStore.build(files, digests, short_side=32, progress=listener, **options)
    return store, listener


def check(store: PixelStore, files: Sequence[Path | np.ndarray], faulty: Mapping[int, str]) -> None:
    assert len(store) == len(files)
    assert store.faulty == faulty
    for row, file in enumerate(files):
        if row not in faulty:
            picture = store[row]
            np.testing.assert_array_equal(picture, decode(file, short_side=32))
            assert not picture.flags.writeable


FAULTY = {2: "file is empty", 4: "truncated"}


@pytest.mark.parametrize("threads", [1, 3])
def test_a_store_holds_what_decode_gives(files: list[Path], home: Path, threads: int) -> None:
    store, listener = build(files, threads=threads)
    check(store, files, FAULTY)
    assert listener.decoded == 6
    assert store.folder is not None
    assert store.folder.parent == home
    assert sorted(path.name for path in store.folder.iterdir()) == ["index.bin", "manifest.json", "pixels.bin"]
    assert store.nbytes == (store.folder / "pixels.bin").stat().st_size
    store.verify()


def test_a_faulty_row_raises_its_reason(files: list[Path]) -> None:
    store, _ = build(files)
    with pytest.raises(PictureError, match="picture 4: truncated"):
        store[4]
    with pytest.raises(PictureError, match="picture 4: truncated"):
        store[np.int64(-2)]  # type: ignore[call-overload]
    with pytest.raises(IndexError):
        store[6]


def test_the_same_pictures_are_decoded_once(files: list[Path], home: Path) -> None:
    build(files)
    store, listener = build(files)
    assert listener.decoded == 0
    assert not listener.messages
    check(store, files, FAULTY)
    build(files, digests=list("abcdef"))
    build(files[:5])
    assert len(list(home.iterdir())) == 3


def test_another_limit_is_another_store(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADSTART_MAX_PIXELS", "100")
    store, _ = build(files)
    assert set(store.faulty) == {0, 1, 2, 3, 4, 5}
    assert store.nbytes == 0
    monkeypatch.delenv("HEADSTART_MAX_PIXELS")
    store, _ = build(files)
    check(store, files, FAULTY)


def test_a_store_of_faulty_pictures_alone_opens_again(files: list[Path]) -> None:
    bad = [files[2], files[4]]
    for decoded in (2, 0):
        store, listener = build(bad)
        assert store.faulty == {0: "file is empty", 1: "truncated"}
        assert listener.decoded == decoded


def test_a_fault_of_the_disk_is_not_remembered(files: list[Path]) -> None:
    digests = [sha256_of_file(file) for file in files]
    content = files[0].read_bytes()
    files[0].unlink()
    store, _ = build(files, digests=digests)
    assert store.faulty[0] == "cannot be read (No such file or directory)"
    files[0].write_bytes(content)
    for decoded in (6, 0):
        store, listener = build(files, digests=digests)
        assert listener.decoded == decoded
        check(store, files, FAULTY)


def test_arrays_are_sources_too() -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.integers(0, 256, (40, 50, 3), dtype=np.uint8), rng.integers(0, 256, (8, 9), dtype=np.uint8)]
    store, _ = build(arrays)
    check(store, arrays, {})


def test_no_picture_at_all_is_an_empty_store() -> None:
    store, _ = build([])
    assert len(store) == 0


def test_every_picture_needs_its_digest(files: list[Path]) -> None:
    with pytest.raises(ConfigError, match="digests"):
        PixelStore.build(files, ["a"], short_side=32)


# --- damage


@pytest.mark.parametrize("part", ["pixels.bin", "index.bin", "manifest.json"])
@pytest.mark.parametrize("damage", ["shorter", "gone", "longer"])
def test_a_damaged_store_is_made_anew_and_said(files: list[Path], home: Path, part: str, damage: str) -> None:
    store, _ = build(files)
    assert store.folder is not None
    path = store.folder / part
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(content[:-7] if damage == "shorter" else content + b"}")
    store, listener = build(files)
    assert listener.decoded == 6
    assert len(listener.messages) == 1
    assert listener.messages[0].endswith("It is made again.")
    check(store, files, FAULTY)
    assert [path.name for path in home.iterdir()] == [path.parent.name]


@pytest.mark.parametrize("content", ["[]", "{}", '{"format": 1, "facts": 3}', "null"])
def test_a_manifest_of_nonsense_is_damage(files: list[Path], content: str) -> None:
    store, _ = build(files)
    assert store.folder is not None
    (store.folder / "manifest.json").write_text(content)
    with pytest.raises(StoreError):
        store.verify()
    store, listener = build(files)
    assert listener.decoded == 6
    check(store, files, FAULTY)


def test_verify_finds_a_single_wrong_bit(files: list[Path]) -> None:
    store, _ = build(files)
    assert store.folder is not None
    path = store.folder / "pixels.bin"
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"pixels\.bin is not what was written"):
        store.verify()


def test_the_manifest_names_its_format(files: list[Path]) -> None:
    store, _ = build(files)
    assert store.folder is not None
    manifest = json.loads((store.folder / "manifest.json").read_text())
    assert manifest["format"] == shelf.FORMAT
    assert manifest["facts"]["short_side"] == 32
    assert manifest["faulty"] == {"2": "file is empty", "4": "truncated"}


# --- disks


def test_a_full_disk_is_an_error_and_leaves_nothing(
    files: list[Path], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FullDisk:
        """Takes one picture, then is full."""

        def __init__(self, stream: Any) -> None:
            self.stream, self.written = stream, 0

        def __enter__(self) -> FullDisk:
            return self

        def __exit__(self, *details: object) -> None:
            self.stream.close()

        def flush(self) -> None:
            pass

        def write(self, content: memoryview) -> None:
            if self.written:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self.written += self.stream.write(content)

    original = Path.open

    def fake_open(self: Path, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        stream = original(self, mode, *arguments, **options)
        return FullDisk(stream) if mode == "ab" else stream

    monkeypatch.setattr(Path, "open", fake_open)
    with pytest.raises(StoreError, match=r"No space left on device.*free some space"):
        build(files)
    assert list(home.iterdir()) == []
    monkeypatch.undo()


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_cache_that_may_not_be_written_is_told_and_done_without(
    files: list[Path], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "mkdir", refuse)
    store, listener = build(files)
    monkeypatch.undo()
    assert store.folder is None
    check(store, files, FAULTY)
    assert len(listener.messages) == 1
    assert "stay in memory" in listener.messages[0]
    assert "HEADSTART_CACHE" in listener.messages[0]
    store.verify()


def test_a_cache_that_is_a_file_is_an_error(files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"):
        build(files, folder=tmp_path / "file")


def test_a_read_only_store_is_opened(files: list[Path]) -> None:
    store, _ = build(files)
    assert store.folder is not None
    for path in (*store.folder.iterdir(), store.folder, store.folder.parent):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        again, listener = build(files)
        assert listener.decoded == 0
        check(again, files, FAULTY)
    finally:
        for path in (store.folder.parent, store.folder):
            path.chmod(0o755)


def test_the_users_files_are_left_alone(files: list[Path]) -> None:
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}
    folder = sorted(files[0].parent.iterdir())
    build(files)
    assert before == {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}
    assert sorted(files[0].parent.iterdir()) == folder


# --- other processes


def _build_in_process(files: list[Path], home: Path, gate: Any, answers: Any) -> None:
    gate.wait(20)
    store = PixelStore.build(files, [str(number) for number in range(len(files))], short_side=32, folder=home)
    answers.put(int(sum(int(store[row].sum()) for row in range(len(store)) if row not in store.faulty)))


def test_processes_that_build_the_same_store_do_not_meet(files: list[Path], home: Path) -> None:
    context = multiprocessing.get_context("spawn")
    gate, answers = context.Barrier(2), context.Queue()
    workers = [context.Process(target=_build_in_process, args=(files, home, gate, answers)) for _ in range(2)]
    for worker in workers:
        worker.start()
    sums = {answers.get(timeout=30) for _ in workers}
    for worker in workers:
        worker.join(20)
        assert worker.exitcode == 0
    assert len(sums) == 1
    assert len(list(home.iterdir())) == 1


def test_the_second_of_two_builders_keeps_the_first_ones_store(files: list[Path], home: Path) -> None:
    store, _ = build(files)
    assert store.folder is not None
    node = store.folder.stat().st_ino
    facts = from_plain(json.loads((store.folder / "manifest.json").read_text())["facts"], shelf.StoreFacts, "here")
    pictures = [
        PictureError(FAULTY[row], hint="") if row in FAULTY else decode_noted(file, short_side=32)
        for row, file in enumerate(files)
    ]
    assert shelf.write(home, facts, lambda begin: pictures[begin:]) == store.folder
    assert store.folder.stat().st_ino == node
    assert len(list(home.iterdir())) == 1


def test_what_a_killed_build_left_is_cleaned_up(files: list[Path], home: Path) -> None:
    script = (
        "import sys, pathlib, itertools, numpy as np\n"
        "from headstart.pixels import shelf\n"
        "from headstart.pixels.decode import Decoded\n"
        "def pictures(begin):\n"
        "    yield Decoded(np.zeros((40, 40, 3), np.uint8))\n"
        "    print('begun', flush=True)\n"
        "    sys.stdin.read()\n"
        "facts = shelf.StoreFacts(decoder='', short_side=40, max_pixels=1, pictures=1, digests='')\n"
        "shelf.write(pathlib.Path(sys.argv[1]), facts, pictures)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        (draft,) = home.iterdir()
        build(files)
        assert draft.is_dir()  # its process still works on it
        process.send_signal(signal.SIGKILL)
        process.wait(20)
    assert draft.is_dir()
    build(files)  # opened, not built: nothing is cleaned
    assert draft.is_dir()
    build(files[:1])
    assert not draft.exists()
    assert all(not path.name.startswith(".") for path in home.iterdir())


KILLED = """
import os, signal, sys
from pathlib import Path
from headstart.pixels import PixelStore, store
decode, count = store.decode_noted, 0
def counted(*arguments, **options):
    global count
    if count == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    count += 1
    return decode(*arguments, **options)
store.decode_noted = counted
files = [Path(name) for name in sys.argv[3:]]
PixelStore.build(files, [str(row) for row in range(len(files))], short_side=32, folder=Path(sys.argv[1]))
"""


@pytest.mark.parametrize("after", [0, 1, 3, 5])
def test_a_killed_build_is_gone_on_with_where_it_was(files: list[Path], home: Path, after: int) -> None:
    """Every picture is decoded exactly once, the faulty ones too, over both processes."""
    digests = [str(row) for row in range(len(files))]
    command = [sys.executable, "-c", KILLED, str(home), str(after), *map(str, files)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    store, listener = build(files, digests=digests)
    assert listener.decoded == len(files) - after
    assert [f"{after} of 6 pictures were already decoded" in message for message in listener.messages] == [True] * (
        after > 0
    )
    check(store, files, FAULTY)
    store.verify()
    assert store.folder is not None
    assert sorted(path.name for path in store.folder.iterdir()) == ["index.bin", "manifest.json", "pixels.bin"]
    assert list(home.iterdir()) == [store.folder]


def interrupted(files: list[Path], *, at: int) -> None:
    decoder, seen = store_module.decode_noted, iter(range(len(files)))

    def interrupt(*arguments: Any, **options: Any) -> Any:
        if next(seen) == at:
            raise KeyboardInterrupt
        return decoder(*arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_module, "decode_noted", interrupt)
        with pytest.raises(KeyboardInterrupt):
            build(files)


def test_an_interrupted_build_is_gone_on_with_in_the_same_process(files: list[Path]) -> None:
    interrupted(files, at=4)
    store, listener = build(files)
    assert listener.decoded == 2
    check(store, files, FAULTY)


@pytest.mark.parametrize("damage", ["pixels shorter", "pixels changed", "journal torn", "journal gone", "nonsense"])
def test_a_begun_build_is_trusted_as_far_as_its_bytes_are_those_of_its_journal(
    files: list[Path], home: Path, damage: str
) -> None:
    interrupted(files, at=4)
    (draft,) = home.iterdir()
    pixels, journal = draft / "pixels.bin", draft / "journal.jsonl"
    content = pixels.read_bytes()
    if damage == "pixels shorter":
        pixels.write_bytes(content[:-1])
    elif damage == "pixels changed":
        pixels.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
    elif damage == "journal torn":
        journal.write_bytes(journal.read_bytes()[:-9])
    elif damage == "journal gone":
        journal.unlink()
    else:
        journal.write_text('{"at": [0, 8, 8], "bytes": 0, "sha256": "' + "0" * 64 + '"}\n[3]\n')
    store, listener = build(files)
    assert listener.decoded == (3 if damage == "journal torn" else 6)
    check(store, files, FAULTY)
    store.verify()


def test_a_begun_build_under_another_limit_begins_again(cache: Path, files: list[Path]) -> None:
    limited(cache, 10)
    interrupted(files, at=4)
    (cache / "settings.json").unlink()
    store, listener = build(files)
    assert (store.kept, listener.decoded) == (6, 6)


def test_leftovers_of_other_machines_are_kept_for_a_day(files: list[Path], home: Path) -> None:
    fresh, old = (home / f".{'0' * 32}.{'f' * 8}.999999999.{letter * 8}.part" for letter in "ab")
    for draft in (fresh, old):
        draft.mkdir(parents=True)
        (draft / "pixels.bin").touch()
    long_ago = time.time() - 2 * 24 * 3600
    for path in (old / "pixels.bin", old):
        os.utime(path, (long_ago, long_ago))
    build(files)
    assert fresh.is_dir()
    assert not old.exists()


# --- in memory


def test_stores_in_memory_and_parts_of_stores_behave_alike(files: list[Path]) -> None:
    whole, _ = build(files)
    memory = PixelStore.in_memory(
        PictureError("truncated", hint="") if row in FAULTY else Decoded(whole[row].copy()) for row in range(6)
    )
    assert memory.faulty == {2: "truncated", 4: "truncated"}
    for store in (whole, memory):
        part = store.rows([5, 4, 0])
        assert len(part) == 3
        assert part.faulty == {1: "truncated"}
        np.testing.assert_array_equal(part[0], whole[5])
        np.testing.assert_array_equal(part[2], whole[0])
        assert not part[0].flags.writeable
        with pytest.raises(PictureError, match="picture 1: truncated"):
            part[1]


def test_a_store_in_memory_leaves_the_givers_array_writable() -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    store = PixelStore.in_memory([Decoded(picture)])
    picture[0, 0, 0] = 7
    assert store[0][0, 0, 0] == 7


def limited(cache: Path, nbytes: int) -> None:
    write_json(cache / "settings.json", {"limit_bytes": nbytes})


def test_what_goes_beyond_the_limit_is_decoded_again(cache: Path, files: list[Path]) -> None:
    whole = [decode(files[row], short_side=32) for row in (0, 1, 3, 5)]
    limited(cache, whole[0].nbytes + whole[1].nbytes)
    store, listener = build(files)
    check(store, files, store.faulty)
    assert (store.kept, len(store)) == (4, 6)  # two with pixels, and the two faulty ones need none
    assert listener.decoded == 6
    assert any("2 of 6 pictures are decoded again" in message for message in listener.messages)
    again, listener = build(files)
    check(again, files, store.faulty)
    assert listener.decoded == 0
    part = again.rows([5, 0])
    np.testing.assert_array_equal(part[0], whole[3])
    np.testing.assert_array_equal(part[1], whole[0])


def test_with_more_room_everything_is_kept(cache: Path, files: list[Path]) -> None:
    limited(cache, 0)
    store, _ = build(files)
    assert store.nbytes == 0
    limited(cache, 10**9)
    store, listener = build(files)
    assert listener.decoded == 6
    assert store.kept == 6
    check(store, files, store.faulty)


def test_a_picture_that_changed_while_a_run_works_is_not_taken(cache: Path, files: list[Path], draw: Draw) -> None:
    limited(cache, 0)
    store, _ = build(files)
    files[0].write_bytes(files[1].read_bytes())
    with pytest.raises(PictureError, match="has changed since it was checked"):
        store[0]
    files[1].unlink()
    with pytest.raises(PictureError, match="can no longer be read"):
        store[1]


def test_arrays_beyond_the_limit_are_scaled_again(cache: Path) -> None:
    limited(cache, 0)
    arrays = [np.full((40, 50, 3), value, np.uint8) for value in (1, 2)]
    store, _ = build(arrays)
    check(store, arrays, {})


def test_an_older_store_makes_room(
    cache: Path, files: list[Path], draw: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headstart.base.cache._opened", set())
    first, _ = build(files)
    assert first.folder is not None
    monkeypatch.setattr("headstart.base.cache._opened", set())  # another process, hours later
    os.utime(first.folder / "manifest.json", (0, 0))
    other = [draw(tmp_path / "more" / f"{number}.png", seed=number) for number in range(10, 14)]
    limited(cache, first.nbytes)
    second, _ = build(other)
    assert second.folder is not None
    assert second.folder.exists()
    assert not first.folder.exists()
    check(first, files, first.faulty)  # what was open stays readable


def test_a_part_that_still_has_no_room_is_not_tried_again(cache: Path, draw: Draw, tmp_path: Path) -> None:
    wide = [np.full((32, 32 * aspect, 3), aspect, np.uint8) for aspect in (1, 4, 5)]
    limited(cache, wide[0].nbytes + wide[1].nbytes - 1)  # room for more than a usual picture, for none of these
    build(wide)
    store, listener = build(wide)
    assert listener.decoded == 0
    assert store.kept == 1
