"""Which weights are on this computer, and whether they are whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from headstart.backbones.caches import expected_hash
from headstart.backbones.libraries import timm, torchvision
from headstart.backbones.loading import where_published
from headstart.backbones.names import NetworkName, of_library
from headstart.backbones.packaged import PACKAGES
from headstart.base.files import sha256_of_file
from headstart.records.listing import VerifiedWeights, WeightsEntry


def list_weights() -> tuple[WeightsEntry, ...]:
    """Return the weights that can be used without a network, the packaged ones first."""
    return (*_packaged(), *_cached())


def verify_weights() -> tuple[VerifiedWeights, ...]:
    """Read every file of `list_weights` that is installed and compare its SHA-256 with the one known beforehand."""
    return tuple(_verified(entry, Path(entry.path)) for entry in list_weights() if entry.path is not None)


def _verified(entry: WeightsEntry, path: Path) -> VerifiedWeights:
    found = sha256_of_file(path)
    return VerifiedWeights(entry=entry, found=found, ok=found.startswith(entry.sha256) if entry.sha256 else None)


def _packaged() -> Iterator[WeightsEntry]:
    for name, package in PACKAGES.items():
        file = package.file()
        source = package.source if file is not None else f"package {package.distribution} (not installed)"
        yield _entry(name, source, file, package.licence, package.sha256)


def _cached() -> Iterator[WeightsEntry]:
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


def _entry(name: str, source: str, path: Path | None, licence: str | None, sha256: str) -> WeightsEntry:
    return WeightsEntry(
        name=name,
        source=source,
        installed=path is not None,
        path=None if path is None else str(path),
        bytes=None if path is None else path.stat().st_size,
        licence=licence,
        sha256=sha256,
    )
