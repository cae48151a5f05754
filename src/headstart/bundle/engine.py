"""A bundle's network as a graph in the user's cache: it answers without torch, seconds sooner.

An entry ``engines/<key>/`` holds ``model.onnx`` and ``manifest.json``, written last. The key is the bundle's own
checksum, so another bundle never meets it. Before it is ever used, the graph answers for real pictures beside
the network itself; where the two differ by more than `AGREE` in a probability, the manifest says so and the graph
is not used.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart import __version__
from headstart.backbones.backbone import Held
from headstart.backbones.onnx import OnnxNetwork, export
from headstart.base import cache
from headstart.base.errors import EngineError, HeadstartError, StoreError
from headstart.base.files import cache_folder, fingerprint, read_json, sha256_of_file, write_json
from headstart.bundle.folder import read_manifest, read_without_network
from headstart.bundle.model import Model, assemble

AGREE = 1e-5  # probabilities
AGREE_FEATURES = 1e-3  # of the largest; probabilities near 0 and 1 alone would hide a difference
FORMAT = 1
GRAPH = "model.onnx"


def light(folder: Path) -> Model | None:
    """Return the bundle's classifier on its exported graph, or None if there is none to trust.

    Raises
    ------
    BundleError
        If the bundle itself is missing or damaged.
    """
    info = read_manifest(folder)
    place = _place(info)
    try:
        manifest = read_json(place / "manifest.json")
        if manifest["key"] != _key(info) or not manifest["agrees"]:
            return None
        if sha256_of_file(place / GRAPH) != manifest["sha256"]:
            return None
        network = OnnxNetwork(place / GRAPH)
    except (HeadstartError, OSError, KeyError, TypeError):
        return None
    cache.touch(place)
    return assemble(network, read_without_network(folder), folder)


def tried(folder: Path) -> bool:
    """Return whether the bundle's network was exported before on this machine, with whatever outcome."""
    info = read_manifest(folder)
    place = _place(info)
    try:
        manifest = read_json(place / "manifest.json")
        known = manifest["key"] == _key(info)
        return bool(known and (not manifest["agrees"] or sha256_of_file(place / GRAPH) == manifest["sha256"]))
    except (StoreError, OSError, KeyError, TypeError):
        return False


def prepare(model: Model, folder: Path, squares: Sequence[NDArray[np.uint8]]) -> bool:
    """Export the network of `model`, which was loaded from `folder`, and try it on framed pictures.

    Returns
    -------
    bool
        Whether the graph agrees and will answer from now on.

    Raises
    ------
    StoreError
        If the cache cannot be written.
    """
    info = read_manifest(folder)
    place = _place(info)
    facts: dict[str, Any] = {"format": FORMAT, "key": _key(info), "facts": {"bundle": str(folder.resolve())}}
    with cache.building(place) as draft:
        facts |= _tried(model, draft / GRAPH, squares)
        write_json(draft / "manifest.json", facts)
    cache.make_room(place.parent.parent, keep=place)
    return bool(facts["agrees"])


def _tried(model: Model, file: Path, squares: Sequence[NDArray[np.uint8]]) -> dict[str, Any]:
    """Write the graph and return what its manifest says about it."""
    if isinstance(model.network, OnnxNetwork | Held):
        raise RuntimeError("only the network of a loaded bundle is exported")
    # One at a time and three at once too: an exported graph may hold fast to the number it was traced with.
    probes = [list(squares), list(squares[:1]), [squares[0]] * 3]
    try:
        export(model.answering, model.preprocessing.input_size, file)
        graph = replace(model, network=OnnxNetwork(file))
        differences = [_differences(graph, model, probe) for probe in probes]
    except EngineError as error:
        return {"agrees": False, "reason": error.message}
    answers, features = (float(max(each)) for each in zip(*differences, strict=True))
    return {
        "agrees": answers <= AGREE and features <= AGREE_FEATURES,
        "difference": answers,
        "difference_of_features": features,
        "pictures": len(squares),
        "sha256": sha256_of_file(file),
    }


def _differences(graph: Model, model: Model, squares: list[NDArray[np.uint8]]) -> tuple[float, float]:
    """Return the largest difference of a probability, and of a feature as a share of the largest feature."""
    mine, its = graph.features_of_squares(iter(squares)), model.features_of_squares(iter(squares))
    answers = np.abs(model.head.probabilities(mine) - model.head.probabilities(its)).max()
    return float(answers), float(np.abs(mine - its).max() / max(float(np.abs(its).max()), 1e-12))


def _place(info: dict[str, Any]) -> Path:
    return cache_folder() / "engines" / _key(info)[:32]


def _key(info: dict[str, Any]) -> str:
    """Return what the graph depends on: the bundle's tensors, and who wrote and reads it."""
    from importlib.metadata import version

    return fingerprint(
        [FORMAT, info.get("sha256"), __version__, version("onnxruntime"), version("torch"), platform.machine()]
    )
