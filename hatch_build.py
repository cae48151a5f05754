"""Brings the engine of the web page into the package: ONNX Runtime's WebAssembly, from npm, pinned by its hashes.

It is not ours, and 14 MB before it is compressed, so it is never in the repository: `make engine` (and with it `make
venv`) and the building of a wheel fetch it with the ordinary client, ``npm pack``. Where npm is missing or cannot reach
its registry, everything but ``headstart export --to web`` works, which then says what to do.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zlib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOM = Path(__file__).resolve().parent / "src" / "headstart" / "deliver" / "web"
PLACE = ROOM / "engine"
SECONDS = 300


class EngineHook(BuildHookInterface[Any]):
    """Puts the engine into a wheel, and beside the sources of an editable installation."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fetch the engine before the files of a wheel are gathered."""
        del version
        said = fetch()
        if said:
            self.app.display_warning(said)
        build_data["artifacts"].append("src/headstart/deliver/web/engine/*")  # git ignores it, so hatchling would too


def fetch() -> str:
    """Bring the engine to its place, if it is not there; return what hindered it, empty where nothing did."""
    pinned = json.loads((ROOM / "engine.json").read_text(encoding="utf-8"))
    if all(_sha256(name) == digest for name, digest in pinned["files"].items()):
        return ""
    npm = shutil.which("npm")
    if npm is None:
        return "npm was not found: headstart export --to web will not work. Install Node.js, then: make engine"
    with tempfile.TemporaryDirectory() as folder:
        try:
            archive = _packed(npm, f"{pinned['package']}@{pinned['version']}", Path(folder))
        except (OSError, subprocess.SubprocessError) as error:
            return f"npm could not fetch the engine of the web page ({error}). Try again with: make engine"
        _unpack(archive, pinned)
    return ""


def _packed(npm: str, what: str, folder: Path) -> bytes:
    """Return the archive that npm packs; npm answers from its registry, whichever it is set to."""
    subprocess.run([npm, "pack", "--silent", what], cwd=folder, check=True, capture_output=True, timeout=SECONDS)  # noqa: S603
    return next(folder.glob("*.tgz")).read_bytes()


def _unpack(archive: bytes, pinned: dict[str, Any]) -> None:
    """Write the files of the engine, after checking the archive and each of them."""
    found = "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()
    if found != pinned["integrity"]:
        raise SystemExit(f"npm gave another {pinned['package']} than engine.json pins: {found}. Nothing was kept.")
    PLACE.mkdir(exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        for name, digest in pinned["files"].items():
            member = packed.extractfile(f"package/dist/{name}")
            content = b"" if member is None else member.read()
            if hashlib.sha256(content).hexdigest() != digest:
                raise SystemExit(f"{name} of {pinned['package']} is another than engine.json pins. Nothing was kept.")
            draft = PLACE / f".{name}.part"
            draft.write_bytes(gzip.compress(content, 9, mtime=0))  # as it will stand in every page
            draft.replace(PLACE / f"{name}.gz")


def _sha256(name: str) -> str:
    """Return the checksum of a file of the engine; empty where it is missing or damaged."""
    try:
        return hashlib.sha256(gzip.decompress((PLACE / f"{name}.gz").read_bytes())).hexdigest()
    except (OSError, EOFError, zlib.error):
        return ""


if __name__ == "__main__":
    sys.stdout.write(f"{fetch() or 'the engine of the web page is there'}\n")
