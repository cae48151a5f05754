"""What was found out about a network when it was last used on this machine, kept so that heads need no torch.

Importing torch and timm takes longer than solving a head. An entry is a folder ``engines/<key>/`` in the user's
cache: ``manifest.json`` (written last), the network's tensors, and the network as a graph with the pace of both
engines here and how far they differ. The key holds what was asked for and the versions; the weights are compared by
content. So an entry is never wrong, only absent.
"""

from __future__ import annotations

import math
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from headstart.backbones.backbone import Backbone, read_out
from headstart.backbones.held import Held, Kept
from headstart.backbones.network_facts import Facts
from headstart.backbones.onnx import OnnxNetwork, export, normalise
from headstart.base import cache
from headstart.base.errors import EngineError, HeadstartError, WeightsError
from headstart.base.files import (
    cache_folder,
    disk_error,
    fingerprint,
    sha256_of_file,
)
from headstart.base.version import __version__
from headstart.records.codec import plain, read_record, write_record
from headstart.records.preprocessing import RULES, Preprocessing
from headstart.records.record import Amount, Count, Figure, Record, Side, changed

if TYPE_CHECKING:
    from torch import nn

FORMAT = 3  # since it is kept how many features each part of a readout has
TENSORS, GRAPH = "network.safetensors", "graph.onnx"
AGREE = 1e-5  # of the largest feature; rounding is some 1e-6 of it
WORTH = 0.87  # of the network's pictures/s: less, and a graph does not answer in its place; torch takes seconds to come
_ROUNDS = 4
_HOMES = (
    "HF_HOME",
    "HF_HUB_CACHE",
    "HUGGINGFACE_HUB_CACHE",
    "TORCH_HOME",
    "XDG_CACHE_HOME",
)  # where libraries look for published weights
_CARDS = ("/dev/nvidiactl", "/dev/nvhost-gpu", "/dev/kfd", "/dev/dxg")  # drivers of graphics cards, on Linux


class _Card(Record):
    """What is known of a network beside its tensors; `file` is the file of weights that it was loaded from."""

    name: str
    preprocessing: Preprocessing
    source: str
    sha256: str | None
    licence: str
    features: Count
    flops: Amount
    file: str
    digest: str
    facts: Facts


class _Trial(Record, omit_defaults=True):
    """How the graph compares with the network: how far they differ, and pictures per second of both here."""

    agrees: bool
    preferred: bool
    reason: str = ""
    difference: Figure | None = None
    pictures_per_second: dict[str, Amount] | None = None


class _Entry(Record):
    """Content of ``manifest.json``; `whole` is a fingerprint of what it says, `sha256` of the files beside it."""

    format: Count
    key: str
    facts: dict[str, str]
    card: _Card
    graph: _Trial
    sha256: dict[str, str]
    whole: str


class _Address(Record):
    """What `headstart.backbones.load` was asked for."""

    name: str | None
    weights: str | None
    image_size: Side | None
    offline: bool


def graphics_possible() -> bool:
    """Return whether this machine may have a graphics card, which torch alone can tell for sure."""
    return sys.platform != "linux" or any(Path(name).exists() for name in _CARDS)


def recall(name: str | None, *, weights: str | None, image_size: int | None, offline: bool = False) -> Backbone | None:
    """Return the backbone as `load` would, without its network until that is asked for; None if it is not known.

    Parameters
    ----------
    name, weights, image_size, offline
        As for `headstart.backbones.load`.
    """
    place = _place(name, weights, image_size)
    try:
        entry = read_record(place / "manifest.json", _Entry)
        if entry.key != _key(name, weights, image_size) or entry.whole != _whole(entry.card, entry.graph, entry.sha256):
            return None
        if sha256_of_file(Path(weights or entry.card.file)) != entry.card.sha256:
            return None
        if any(sha256_of_file(place / file) != digest for file, digest in entry.sha256.items()):
            return None
    except (HeadstartError, OSError):
        return None
    cache.touch(place)
    return _backbone(entry, place, _Address(name=name, weights=weights, image_size=image_size, offline=offline))


def _backbone(entry: _Entry, place: Path, address: _Address) -> Backbone:
    """Return the backbone that an entry describes."""
    card = entry.card
    return Backbone(
        name=card.name,
        held=Held(
            partial(_network, card.name, place / TENSORS, card.digest, address),
            side=card.preprocessing.input_size,
            flops=card.flops,
            facts=card.facts,
            kept=Kept(
                card.digest,
                place / TENSORS,
                place / GRAPH if entry.graph.agrees else None,
                entry.graph.preferred,
            ),
        ),
        preprocessing=card.preprocessing,
        source=card.source,
        sha256=card.sha256,
        licence=card.licence,
        features=card.features,
        flops=card.flops,
        file=Path(card.file),
    )


def remember(
    backbone: Backbone,
    name: str | None,
    *,
    weights: str | None,
    image_size: int | None,
    squares: Sequence[NDArray[np.uint8]],
) -> bool:
    """Keep of `backbone` what `recall` needs, unless it stands; return whether that was done now.

    Parameters
    ----------
    backbone : Backbone
        As `load` gave it for `name`, `weights` and `image_size`.
    squares : sequence of arrays, (side, side, 3) uint8
        Pictures, as the network sees them, on which its graph is compared with it.

    Raises
    ------
    StoreError
        If the cache cannot be written.
    """
    place = _place(name, weights, image_size)
    if backbone.file is None or recall(name, weights=weights, image_size=image_size) is not None:
        return False
    with cache.building(place) as draft:
        _write(draft, backbone, _key(name, weights, image_size), squares)
    cache.make_room(place.parent.parent, keep=place)
    return True


def _write(folder: Path, backbone: Backbone, key: str, squares: Sequence[NDArray[np.uint8]]) -> None:
    try:
        save_file(dict(backbone.held.tensors()), folder / TENSORS)
    except SafetensorError as error:
        raise disk_error(error) from error
    graph = _tried(read_out(backbone, "stages"), folder / GRAPH, squares)
    card = _Card(
        name=backbone.name,
        preprocessing=changed(backbone.preprocessing, stored_side=None, decoding=RULES),
        source=backbone.source,
        sha256=backbone.sha256,
        licence=backbone.licence,
        features=backbone.features,
        flops=backbone.flops,
        file=str(Path(backbone.file or "").resolve()),
        digest=backbone.held.digest,
        facts=backbone.held.facts,
    )
    sha256 = {file: sha256_of_file(folder / file) for file in (TENSORS, GRAPH) if (folder / file).is_file()}
    entry = _Entry(
        format=FORMAT,
        key=key,
        facts={"backbone": backbone.name},
        card=card,
        graph=graph,
        sha256=sha256,
        whole=_whole(card, graph, sha256),
    )
    write_record(folder / "manifest.json", entry)


def _tried(backbone: Backbone, file: Path, squares: Sequence[NDArray[np.uint8]]) -> _Trial:
    """Write the network as a graph; return how far they differ and how fast each is here."""
    import torch

    from headstart.backbones.forward import forward

    batch = normalise(np.stack(squares), backbone.preprocessing)
    tensor = torch.from_numpy(batch)
    try:
        export(backbone.frozen.network, backbone.preprocessing.input_size, file)
        graph = OnnxNetwork(file)
        own, its = next(forward(backbone.network, iter([tensor]))).numpy(), graph(batch)
        alone = np.concatenate([graph(batch[:1]), graph(batch[1:3])])
    except EngineError as error:
        file.unlink(missing_ok=True)
        return _Trial(agrees=False, preferred=False, reason=error.message)
    largest = max(float(np.abs(own).max()), 1e-12)
    difference = max(float(np.abs(own - its).max()), float(np.abs(alone - its[: len(alone)]).max())) / largest
    rates = _rates(
        {"torch": lambda: next(forward(backbone.frozen.network, iter([tensor]))), "onnx": lambda: graph(batch)},
        len(batch),
    )
    return _Trial(
        agrees=difference <= AGREE,
        preferred=rates["onnx"] >= WORTH * rates["torch"],
        difference=difference,
        pictures_per_second=rates,
    )


def _rates(works: Mapping[str, Callable[[], object]], pictures: int) -> dict[str, float]:
    """Return pictures per second of each, in its best round of some in turn: whoever disturbs one does not decide."""
    least = dict.fromkeys(works, math.inf)
    for _ in range(_ROUNDS):
        for name, work in works.items():
            begin = time.perf_counter()
            work()
            least[name] = min(least[name], time.perf_counter() - begin)
    return {name: pictures / seconds for name, seconds in least.items()}


def _network(architecture: str, tensors: Path, digest: str, address: _Address) -> nn.Module:
    """Return the network that was kept; where the cache was cleared meanwhile, the same one loaded anew.

    Raises
    ------
    WeightsError
        If what is loaded now is another network than the one that was kept.
    """
    from headstart.backbones.forward import tensors_hash
    from headstart.backbones.loading import load
    from headstart.backbones.rebuild import rebuild

    try:
        network = rebuild(architecture, load_file(tensors), side=address.image_size)
    except (OSError, SafetensorError, WeightsError):
        network = load(
            address.name, weights=address.weights, image_size=address.image_size, offline=address.offline
        ).network
    if tensors_hash(network) != digest:
        raise WeightsError(
            f"The weights of '{architecture}' have changed since this run began.",
            hint="Put the earlier weights back, or start again in another folder with --out.",
        )
    return network.eval()


def _whole(card: _Card, graph: _Trial, sha256: Mapping[str, str]) -> str:
    """Return a fingerprint of what an entry says."""
    return fingerprint([plain(card), plain(graph), dict(sha256)])


def _place(name: str | None, weights: str | None, image_size: int | None) -> Path:
    return cache_folder() / "engines" / _key(name, weights, image_size)[:32]


def _key(name: str | None, weights: str | None, image_size: int | None) -> str:
    """Return what an entry depends on, beside the content of the weights."""
    card = Path(weights).with_suffix(".json") if weights else None
    stated = sha256_of_file(card) if card is not None and card.is_file() else None
    packages = ("torch", "timm", "torchvision", "onnxruntime")
    return fingerprint(
        [
            FORMAT,
            __version__,
            [version(package) for package in packages],
            platform.machine(),
            name,
            weights and [Path(weights).name, sha256_of_file(Path(weights))],
            stated,
            image_size,
            None if weights else [os.environ.get(home) for home in _HOMES],
        ]
    )
