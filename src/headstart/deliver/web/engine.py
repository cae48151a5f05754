"""The engine of the page: ONNX Runtime's WebAssembly. It comes from npm when headstart is built, and is not in git."""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass
from importlib.resources import files

from headstart.base.errors import DependencyError
from headstart.base.files import parse_json, sha256_of_bytes
from headstart.records.codec import from_plain
from headstart.records.record import Record

LOADER, CORE = "ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"
_ROOM = files("headstart.deliver.web")
_EXPORTS = re.compile(r"export\{([^}]*)\};?")


class Pinned(Record):
    """Content of `engine.json`: the package of npm, its checksum as npm writes it, and those of the files taken out."""

    package: str
    version: str
    integrity: str
    files: dict[str, str]


@dataclass(frozen=True)
class Engine:
    """What answers in a browser: a classic script that makes ``ort``, and the compiled core.

    A module would do too, but not in a worker that a page from a file starts, in older browsers.

    Parameters
    ----------
    script : str
    core : bytes
        Compressed (gzip), as it was when headstart was built.
    """

    version: str
    script: str
    core: bytes


def pinned() -> Pinned:
    """Return which engine belongs to this headstart."""
    place = _ROOM / "engine.json"
    return from_plain(parse_json(place.read_text(encoding="utf-8"), str(place)), Pinned, str(place))


def engine() -> Engine:
    """Return the engine.

    Raises
    ------
    DependencyError
        If it is missing, or is not the one that belongs to this headstart.
    """
    wanted = pinned()
    found = {name: _packed(name, digest, wanted) for name, digest in wanted.files.items()}
    return Engine(wanted.version, _classic(gzip.decompress(found[LOADER]).decode("utf-8")), found[CORE])


def _packed(name: str, digest: str, wanted: Pinned) -> bytes:
    """Return a file of the engine, compressed, after checking it."""
    place = _ROOM / "engine" / f"{name}.gz"
    if not place.is_file():
        raise DependencyError(
            f"The engine of the web page ({wanted.package} {wanted.version}) is not in this installation.",
            hint="Install headstart from its wheel, which holds it. In a checkout: install Node.js, then: make engine",
        )
    packed = place.read_bytes()
    if _digest(packed) != digest:
        raise DependencyError(
            f"'{place}' is damaged, or of another version than {wanted.version}.",
            hint="Install headstart again. In a checkout, run: make engine",
        )
    return packed


def _digest(packed: bytes) -> str:
    """Return the checksum of what was compressed; empty where it is damaged."""
    try:
        return sha256_of_bytes(gzip.decompress(packed))
    except (OSError, EOFError, zlib.error):
        return ""


def _classic(module: str) -> str:
    """Return a module of one file as a script that makes ``ort``, an object of its exports."""
    exported = _EXPORTS.search(module)
    if exported is None:  # another file than the one that is pinned
        raise DependencyError("The engine of the web page exports nothing.", hint="Install headstart again.")
    pairs = (pair.split(" as ") for pair in exported[1].split(","))
    exports = ",".join(f"{outside}:{inside}" for inside, outside in pairs)
    body = module[: exported.start()].replace("import.meta.url", "self.location.href")
    return f"const ort=(()=>{{{body}\nreturn{{{exports}}}}})();\n"
