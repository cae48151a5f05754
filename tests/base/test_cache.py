"""The cache: listed, limited, cleared; what goes first is what was unused longest."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from headstart.base import cache
from headstart.base.errors import ConfigError, StoreError
from headstart.base.files import write_json

HOUR = 3600


NAMES = {"old": "0" * 32, "middle": "a" * 32, "new": "f" * 32}


def make(home: Path, kind: str, name: str, *, nbytes: int, age: float) -> Path:
    """Make an entry of about so many bytes that was last used so many hours ago."""
    place = home / kind / NAMES[name]
    place.mkdir(parents=True)
    (place / "pixels.bin").write_bytes(bytes(nbytes))
    write_json(place / "manifest.json", {"facts" if kind == "pixels" else "of": {"name": name}})
    then = place.stat().st_mtime - age * HOUR
    os.utime(place / "manifest.json", (then, then))
    return place


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cache, "_opened", set())
    make(tmp_path, "pixels", "old", nbytes=40_000, age=4)
    make(tmp_path, "features", "middle", nbytes=30_000, age=3)
    make(tmp_path, "pixels", "new", nbytes=20_000, age=2)
    return tmp_path


def names(found: list[cache.Entry]) -> list[str]:
    called = {place: name for name, place in NAMES.items()}
    return [called[entry.path.name] for entry in found]


def test_entries_are_listed_by_last_use(home: Path) -> None:
    found = cache.entries(home)
    assert names(found) == ["new", "middle", "old"]
    assert [entry.kind for entry in found] == ["pixels", "features", "pixels"]
    assert all(20_000 <= entry.nbytes < 41_000 for entry in found)
    assert found[1].about == {"name": "middle"}


def test_a_cache_that_does_not_exist_is_empty(tmp_path: Path) -> None:
    assert cache.entries(tmp_path / "no") == []
    assert cache.clear(home=tmp_path / "no") == []


def test_the_longest_unused_goes_first(home: Path) -> None:
    assert names(cache.set_limit(55_000, home)) == ["old"]
    assert names(cache.entries(home)) == ["new", "middle"]
    assert cache.limit(home) == 55_000


def test_use_moves_an_entry_to_the_front(home: Path) -> None:
    cache.touch(home / "pixels" / NAMES["old"])
    assert names(cache.set_limit(65_000, home)) == ["middle"]


def test_what_is_needed_now_stays_however_large(home: Path) -> None:
    write_json(home / "settings.json", {"limit_bytes": 0})
    assert names(cache.make_room(home, keep=home / "pixels" / NAMES["old"])) == ["middle", "new"]
    assert names(cache.entries(home)) == ["old"]


def test_clear_takes_one_kind_or_all_and_never_what_it_did_not_make(home: Path) -> None:
    (home / "mine.txt").write_text("keep", encoding="utf-8")
    assert names(cache.clear("pixels", home)) == ["new", "old"]
    assert names(cache.clear(home=home)) == ["middle"]
    assert (home / "mine.txt").read_text(encoding="utf-8") == "keep"


def test_a_damaged_entry_can_be_listed_and_cleared(home: Path) -> None:
    (home / "pixels" / NAMES["new"] / "manifest.json").write_text("{", encoding="utf-8")
    (home / "features" / NAMES["middle"] / "manifest.json").unlink()
    assert len(cache.entries(home)) == 3
    assert len(cache.clear(home=home)) == 3


def test_a_limit_that_cannot_be_right(home: Path) -> None:
    with pytest.raises(ConfigError, match="limit"):
        cache.set_limit(-1, home)
    write_json(home / "settings.json", {})
    with pytest.raises(StoreError, match=r"settings\.json"):
        cache.limit(home)
    write_json(home / "settings.json", {"limit_bytes": "much"})
    with pytest.raises(ConfigError, match="limit_bytes"):
        cache.limit(home)


def test_without_a_setting_the_usual_limit_holds(tmp_path: Path) -> None:
    assert cache.limit(tmp_path) == cache.USUAL_LIMIT


def test_what_is_in_use_stays_however_small_the_limit(home: Path) -> None:
    cache.touch(home / "pixels" / NAMES["old"])  # by this process
    os.utime(home / "pixels" / NAMES["new"] / "manifest.json")  # by somebody, just now
    assert names(cache.set_limit(0, home)) == ["middle"]


def test_folders_of_somebody_else_are_left_alone(home: Path) -> None:
    mine = home / "features" / "my experiment"
    mine.mkdir()
    (mine / "precious.csv").write_text("1", encoding="utf-8")
    assert len(cache.entries(home)) == 3
    cache.set_limit(0, home)
    cache.clear(home=home)
    assert (mine / "precious.csv").read_text(encoding="utf-8") == "1"


def test_an_entry_that_cannot_be_moved_stays_whole(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def held(self: Path, target: Path) -> Path:
        raise PermissionError(13, "in use", str(self))

    monkeypatch.setattr(Path, "rename", held)
    assert cache.set_limit(0, home) == []
    assert all((entry.path / "manifest.json").is_file() for entry in cache.entries(home))
    with pytest.raises(StoreError, match="in use"):
        cache.clear(home=home)


def test_what_nobody_used_for_a_month_goes_however_much_room_there_is(home: Path) -> None:
    then = (home / "features" / NAMES["middle"] / "manifest.json").stat().st_mtime - 31 * 24 * HOUR
    os.utime(home / "features" / NAMES["middle"] / "manifest.json", (then, then))
    assert names(cache.make_room(home)) == ["middle"]
    assert cache.make_room(home) == []
