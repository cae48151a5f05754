"""The cache through the public verbs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import headstart as hs
from headstart.base.errors import ConfigError
from headstart.pixels import PixelStore
from headstart.records.codec import plain
from headstart.records.listing import CacheRemoval


@pytest.fixture
def store(cache: Path) -> PixelStore:
    pictures = [np.full((40, 50, 3), value, np.uint8) for value in range(3)]
    return PixelStore.build(pictures, ["a", "b", "c"], short_side=32)


def test_list_limit_clear(store: PixelStore, cache: Path) -> None:
    listed = hs.list_cache()
    assert listed.folder == str(cache)
    (entry,) = listed.entries
    assert plain(entry.about) == {"pictures": 3, "short_side": 32}
    assert entry.bytes == listed.bytes >= store.nbytes
    assert hs.limit_cache("1 GB") == CacheRemoval(limit=10**9, removed=0, bytes=0)
    assert hs.limit_cache(0).removed == 0, "this process has it open"
    assert hs.clear_cache("features").removed == 0
    assert hs.clear_cache().removed == 1
    assert hs.list_cache().entries == ()
    assert hs.clear_cache() == CacheRemoval(removed=0, bytes=0)
    assert hs.limit_cache(2e10).limit == 20_000_000_000


@pytest.mark.parametrize(
    ("text", "nbytes"), [("20GB", 20e9), ("1.5 g", 1.5e9), ("500mb", 5e8), ("0", 0), ("2TB", 2e12)]
)
def test_sizes(cache: Path, text: str, nbytes: float) -> None:
    assert hs.limit_cache(text).limit == nbytes


@pytest.mark.parametrize("text", ["", "much", "-1", "1 GiB", "GB", "10"])
def test_what_is_no_size_is_said(cache: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="is not a size"):
        hs.limit_cache(text)
    assert not (cache / "settings.json").exists()


def test_an_unknown_kind_is_said(cache: Path) -> None:
    with pytest.raises(ConfigError, match="features"):
        hs.clear_cache("pictures")


def test_no_network_is_loaded_for_it(cache: Path) -> None:
    code = "import headstart, json, sys; headstart.list_cache(); print(json.dumps('torch' in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) is False
