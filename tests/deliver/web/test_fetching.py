"""How the engine comes into the package when headstart is built: from npm, checked, or said to be missing."""

from __future__ import annotations

import base64
import gzip
import hashlib
import importlib.util
import io
import json
import subprocess
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

CONTENT = b"the engine"


def packed(content: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        member = tarfile.TarInfo("package/dist/core.wasm")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The hook of the build, with a room of its own, where npm packs `CONTENT`."""
    pytest.importorskip("hatchling", reason="hatchling is not installed")
    spec = importlib.util.spec_from_file_location("hatch_build", Path(__file__).parents[3] / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    archive = packed(CONTENT)
    digest = base64.b64encode(hashlib.sha512(archive).digest()).decode()
    pinned = {
        "package": "engine",
        "version": "1",
        "integrity": f"sha512-{digest}",
        "files": {"core.wasm": hashlib.sha256(CONTENT).hexdigest()},
    }
    (tmp_path / "engine.json").write_text(json.dumps(pinned), encoding="utf-8")
    monkeypatch.setattr(module, "ROOM", tmp_path)
    monkeypatch.setattr(module, "PLACE", tmp_path / "engine")
    monkeypatch.setattr(module, "_packed", lambda *_: archive)
    monkeypatch.setattr(module.shutil, "which", lambda name: name)
    return module


def test_the_engine_is_fetched_once_and_kept_compressed(build: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert build.fetch() == ""
    assert gzip.decompress((build.PLACE / "core.wasm.gz").read_bytes()) == CONTENT
    monkeypatch.setattr(build.shutil, "which", lambda name: None)
    assert build.fetch() == ""
    (build.PLACE / "core.wasm.gz").write_bytes(b"damaged")
    assert "npm was not found" in build.fetch()


def test_without_npm_or_network_it_says_so_and_goes_on(build: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise subprocess.CalledProcessError(1, "npm")

    monkeypatch.setattr(build, "_packed", fail)
    assert "make engine" in build.fetch()
    monkeypatch.setattr(build.shutil, "which", lambda name: None)
    assert "Install Node.js" in build.fetch()
    assert not build.PLACE.exists()


def test_another_package_than_the_pinned_one_stops_everything(
    build: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "_packed", lambda *_: packed(b"another engine"))
    with pytest.raises(SystemExit, match="Nothing was kept"):
        build.fetch()
    assert not build.PLACE.exists()
