"""The bundle on disk: ``bundle.json``, ``model.safetensors`` and a model card; no pickle anywhere.

The folder is written beside its place and renamed, so a reader finds the old bundle or the new one; also if the
process is killed between the two renames, when the old one stands under a hidden name. Every tensor is covered
by the SHA-256 in ``bundle.json``.
"""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from headstart import __version__
from headstart.base.errors import BundleError, StoreError
from headstart.base.files import (
    disk_error,
    durable_writer,
    flush_folder,
    read_json,
    sha256_of_file,
    store_error,
    write_json,
    write_text,
)
from headstart.base.types import Affine, Head, Kernel, Neighbours
from headstart.bundle.card import model_card
from headstart.bundle.trust import Trust

FORMAT = 1
MANIFEST, TENSORS, CARD = "bundle.json", "model.safetensors", "README.md"
_HEADS: dict[str, tuple[type[Affine] | type[Kernel] | type[Neighbours], tuple[str, ...], tuple[str, ...]]] = {
    "affine": (Affine, ("weight", "bias"), ("temperature",)),
    "kernel": (Kernel, ("support", "coefficients", "bias", "mean", "scale"), ("gamma", "temperature")),
    "neighbours": (
        Neighbours,
        ("examples", "labels", "mean", "scale"),
        ("k", "classes", "temperature", "sharpness"),
    ),
}


@dataclass(frozen=True, eq=False)
class Contents:
    """What a bundle folder holds: description, the network's tensors by name, head, and what it knows of its limits."""

    info: dict[str, Any]
    network: Mapping[str, NDArray[Any]]
    head: Head
    trust: Trust | None = None


def write_folder(contents: Contents, folder: Path) -> Path:
    """Keep `contents` in `folder`; an older bundle there is replaced, anything else is not touched.

    Raises
    ------
    BundleError
        If `folder` exists and is not a bundle.
    StoreError
        If it cannot be written.
    """
    if not folder.name or folder.name == "..":
        raise BundleError(
            f"'{folder}' is no name for a bundle.", hint="Give it a name of its own, such as birds.bundle."
        )
    occupied = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    if occupied and not (folder / MANIFEST).is_file():
        raise BundleError(
            f"'{folder}' exists and is not a bundle; it is left as it is.",
            hint="Choose another name with --out.",
        )
    building = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        building.mkdir(parents=True)
        _write(contents, building)
        _replace(building, folder)
        flush_folder(folder.parent)
        for litter in _hidden(folder, "part", "old"):  # of a process that was killed while it wrote here
            shutil.rmtree(litter, ignore_errors=True)
    except OSError as error:
        raise store_error(folder, error) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return folder


def _hidden(folder: Path, *kinds: str) -> list[Path]:
    """Return what `write_folder` has left beside `folder`, and nothing of a bundle whose name only begins alike."""
    ours = re.compile(re.escape(f".{folder.name}.") + f"[0-9a-f]{{8}}\\.({'|'.join(kinds)})")
    return sorted(entry for entry in folder.parent.glob(".*") if ours.fullmatch(entry.name))


def standing(place: Path) -> Path:
    """Return where the bundle called `place` stands: there, or where a killed `write_folder` has left the old one.

    Killed between its two renames it leaves the old one and the new one's draft; an old one alone was replaced.
    """
    if place.exists() or not _hidden(place, "part"):
        return place
    old = [entry for entry in _hidden(place, "old") if (entry / MANIFEST).is_file()]
    return max(old, key=lambda entry: (entry / MANIFEST).stat().st_mtime, default=place)


def read_folder(folder: Path) -> Contents:
    """Return what the bundle `folder` holds.

    Raises
    ------
    BundleError
        If it is missing, damaged, or written by a newer format.
    """
    return _contents(folder, ("",))


def read_without_network(folder: Path) -> Contents:
    """Return the same without the network's tensors, their checksum compared all the same."""
    return _contents(folder, ("head.", "none."))


def _contents(place: Path, only: tuple[str, ...]) -> Contents:
    """Return what stands at `place`, of the tensors those whose names begin like one of `only`."""
    folder = standing(place)
    info = read_manifest(folder)
    tensors = _tensors(folder, info, only)
    state = {name.removeprefix("network."): value for name, value in tensors.items() if name.startswith("network.")}
    try:
        return Contents(info, state, _head(info["head"], tensors), Trust.read(info.get("calibration"), tensors))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise damaged(folder, f"its description lacks or garbles {error}") from error


def damaged(folder: Path, what: str) -> BundleError:
    """Return the error that says what is wrong with the bundle `folder`."""
    return BundleError(
        f"The bundle '{folder}' is damaged: {what}.",
        hint="Copy it again from where it came, or make it anew.",
    )


def _write(contents: Contents, folder: Path) -> None:
    head = contents.head
    _, arrays, numbers = _HEADS[head.kind]
    tensors = {f"network.{name}": np.ascontiguousarray(value) for name, value in contents.network.items()}
    tensors |= {f"head.{name}": np.ascontiguousarray(getattr(head, name)) for name in arrays}
    calibration = {"temperature": head.temperature}
    if contents.trust is not None:
        tensors |= contents.trust.tensors()
        calibration |= contents.trust.to_dict()
    with durable_writer(folder / TENSORS) as temporary:
        try:
            save_file(tensors, temporary)
        except SafetensorError as error:
            raise disk_error(error) from error
    info = {
        **contents.info,
        "format": FORMAT,
        "headstart": __version__,
        "head": {"kind": head.kind, **{name: getattr(head, name) for name in numbers}},
        "calibration": calibration,
        "sha256": sha256_of_file(folder / TENSORS),
    }
    write_text(folder / CARD, model_card(info))
    write_json(folder / MANIFEST, info)


def _replace(building: Path, folder: Path) -> None:
    """Put `building` in the place of `folder`; the old bundle leaves only after the new one stands ready."""
    if not folder.exists():
        building.rename(folder)
        return
    old = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.old")
    try:
        folder.rename(old)
        building.rename(folder)
    except BaseException:  # Ctrl-C as well, which may come after the first rename was done
        with suppress(OSError):
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def read_manifest(place: Path) -> dict[str, Any]:
    """Return the description of the bundle `place`; BundleError as `read_folder`."""
    place = standing(place)
    if not (place / MANIFEST).is_file():
        what = "is not a bundle: it holds no" if place.exists() else "does not exist, so it holds no"
        raise BundleError(f"'{place}' {what} {MANIFEST}.", hint=_way_out(place))
    try:
        info = read_json(place / MANIFEST)
    except StoreError as error:
        raise damaged(place, f"{MANIFEST} cannot be read") from error
    if not isinstance(info, dict) or not isinstance(info.get("format"), int):
        raise damaged(place, f"{MANIFEST} says no format")
    if info["format"] > FORMAT:
        raise BundleError(
            f"'{place}' is of bundle format {info['format']}; this headstart {__version__} reads up to {FORMAT}.",
            hint="Read it with a newer headstart, such as the one that wrote it.",
        )
    return info


def _way_out(place: Path) -> str:
    """Return what to type instead: a bundle that stands in this folder or beside it, if there is one."""
    inside, beside = (
        sorted(entry.parent.as_posix() for entry in folder.glob(f"*/{MANIFEST}"))
        for folder in (place / "bundles", place.parent)
    )
    near = get_close_matches(place.as_posix(), beside, n=1)
    if inside or (beside and not near):  # a run folder was named, and which of its classifiers is not ours to guess
        return "There are: " + ", ".join((inside or beside)[:8]) + "."
    if near:
        return f"Did you mean '{near[0]}'?"
    return "Name a folder such as RUN/bundles/linear, or make one with `headstart fit DATA --out NAME.bundle`."


def _tensors(place: Path, info: dict[str, Any], only: tuple[str, ...]) -> dict[str, Any]:
    """Return the tensors whose names begin like one of `only`."""
    file = place / TENSORS
    if not file.is_file() or sha256_of_file(file) != info.get("sha256"):
        raise damaged(place, f"{TENSORS} is not the file that was saved")
    try:
        with safe_open(file, framework="numpy") as opened:
            return {name: opened.get_tensor(name) for name in opened.keys() if name.startswith(only)}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise damaged(place, f"{TENSORS} cannot be read") from error


def _head(description: dict[str, Any], tensors: dict[str, Any]) -> Head:
    kind, arrays, numbers = _HEADS[description["kind"]]
    values = {name: tensors[f"head.{name}"] for name in arrays} | {name: description[name] for name in numbers}
    return kind(**values)
