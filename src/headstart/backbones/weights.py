"""Which weights are on this computer, and whether they are whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from headstart.backbones.caches import expected_hash
from headstart.backbones.libraries import timm, torchvision
from headstart.backbones.loading import where_published
from headstart.backbones.names import NetworkName, of_library
from headstart.backbones.packaged import PACKAGES
from headstart.base.files import sha256_of_file


def list_weights() -> list[dict[str, Any]]:
    """Return the weights that can be used without a network, the packaged ones first.

    Returns
    -------
    list of dict
        ``name``; ``source``; ``path`` and ``bytes`` (None for a package that is not installed);
        ``licence``; ``installed`` (bool); ``sha256``, as far as it is known beforehand.
    """
    return [*_packaged(), *_cached()]


def verify_weights() -> list[dict[str, Any]]:
    """Read every file of `list_weights` and compare its SHA-256 with the one that is known beforehand.

    Returns
    -------
    list of dict
        The entries of `list_weights` that are installed, with ``found`` (the SHA-256) and ``ok``: True,
        False, or None where nothing is known beforehand.
    """
    entries = [entry for entry in list_weights() if entry["installed"]]
    for entry in entries:
        entry["found"] = sha256_of_file(Path(entry["path"]))
        entry["ok"] = entry["found"].startswith(entry["sha256"]) if entry["sha256"] else None
    return entries


def _packaged() -> Iterator[dict[str, Any]]:
    for name, package in PACKAGES.items():
        file = package.file()
        source = package.source if file is not None else f"package {package.distribution} (not installed)"
        yield _entry(name, source, file, package.licence, package.sha256)


def _cached() -> Iterator[dict[str, Any]]:
    for address in _published_names():
        path = where_published(address).cached()
        if path is not None:
            name = of_library(address.library, address.full)
            yield _entry(name, f"cache of {address.library}", path, None, expected_hash(path))


def _published_names() -> Iterator[NetworkName]:
    for full in timm.list_models(pretrained=True):
        architecture, _, tag = full.partition(".")
        yield NetworkName("timm", architecture, tag)
    for architecture in torchvision.models.list_models(module=torchvision.models):
        for entry in torchvision.models.get_model_weights(architecture):
            yield NetworkName("torchvision", architecture, entry.name)


def _entry(name: str, source: str, path: Path | None, licence: str | None, sha256: str) -> dict[str, Any]:
    return {
        "name": name,
        "source": source,
        "path": str(path) if path is not None else None,
        "bytes": path.stat().st_size if path is not None else None,
        "licence": licence,
        "installed": path is not None,
        "sha256": sha256,
    }
