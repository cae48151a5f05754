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
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from headstart.backbones.engine import Batches, Engine, EngineName, Features, Tensors
from headstart.backbones.onnx import OnnxNetwork, export
from headstart.base import cache
from headstart.base.errors import BundleError, EngineError, HeadstartError
from headstart.base.files import cache_folder, fingerprint, sha256_of_file
from headstart.base.version import __version__
from headstart.bundle.folder import read_manifest, read_without_network
from headstart.bundle.model import Model, assemble, contents_of, load
from headstart.records.codec import read_record, write_record
from headstart.records.preprocessing import Preprocessing
from headstart.records.record import Count, Figure, Record, changed

if TYPE_CHECKING:
    from torch import nn

AGREE = 1e-5  # probabilities
AGREE_FEATURES = 1e-3  # of the largest; probabilities near 0 and 1 alone would hide a difference
FORMAT = 2  # since its key tells no version of torch
GRAPH = "model.onnx"


class _Entry(Record, omit_defaults=True):
    """Content of an entry's ``manifest.json``: the bundle, and how its graph compares with its network.

    Parameters
    ----------
    agrees : bool
        Whether the graph answers in the network's place.
    reason : str
        Why there is no graph.
    difference, difference_of_features : float, optional
        The largest of a probability, and of a feature as a share of the largest feature.
    pictures : int, optional
        How many were asked about.
    sha256 : str
        Of the graph.
    """

    format: Count
    key: str
    facts: dict[str, str]
    agrees: bool
    reason: str = ""
    difference: Figure | None = None
    difference_of_features: Figure | None = None
    pictures: Count | None = None
    sha256: str = ""


def light(folder: Path) -> Model | None:
    """Return the bundle's classifier on its exported graph, or None if there is none to trust.

    Raises
    ------
    BundleError
        If the bundle itself is missing or damaged.
    """
    found = _light(folder)
    return None if found is None else found[0]


def _light(folder: Path) -> tuple[Model, str] | None:
    """Return the same, and the checksum of the bundle's tensors: of one and the same bundle."""
    contents = read_without_network(folder)
    try:
        place = entry_of(contents.sha256)
        entry = read_record(place / "manifest.json", _Entry)
        if entry.key != _key(contents.sha256) or not entry.agrees or sha256_of_file(place / GRAPH) != entry.sha256:
            return None
        network = OnnxNetwork(place / GRAPH)
    except (HeadstartError, OSError):
        return None
    cache.touch(place)
    return assemble(network, contents), contents.sha256


class GraphEngine:
    """A graph that answers on the processor, and the network that it was made from: made if it is asked for.

    Parameters
    ----------
    graph : OnnxNetwork
    folder : Path
        The bundle.
    sha256 : str
        Of its tensors, as they were when the graph was opened.
    """

    def __init__(self, graph: OnnxNetwork, folder: Path, sha256: str) -> None:
        self._graph, self._folder, self._sha256 = graph, folder.absolute(), sha256

    @property
    def name(self) -> EngineName:
        """The graph answers."""
        return self._graph.name

    @cached_property
    def _behind(self) -> Engine:
        """The network, of the bundle that the graph was made from and of no other."""
        if read_manifest(self._folder).sha256 != self._sha256:
            raise BundleError(
                f"The bundle '{self._folder}' has changed since it was loaded.", hint="Load it again: headstart.load."
            )
        return load(self._folder).engine

    @property
    def network(self) -> nn.Module:
        """The network itself."""
        return self._behind.network

    @property
    def answering(self) -> nn.Module:
        """The network as it answers."""
        return self._behind.answering

    @property
    def folded(self) -> bool | None:
        """Whether the network that answers is folded."""
        return self._behind.folded

    def features_of(self, batches: Batches, preprocessing: Preprocessing, *, device: str = "cpu") -> Features:
        """Yield features of batches of framed pictures; on another device than the processor those of the network."""
        engine: Engine = self._graph if device == "cpu" else self._behind
        yield from engine.features_of(batches, preprocessing, device=device)

    def tensors(self) -> Tensors:
        """Return the network's tensors by name."""
        return self._behind.tensors()

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how to make it again in another process; a session of ONNX Runtime cannot travel."""
        return _reopened, (self._folder, self._sha256)


def _reopened(folder: Path, sha256: str) -> Engine:
    found = on_graph(folder)
    opened = load(folder) if found is None else found
    if read_manifest(folder).sha256 != sha256:
        raise BundleError(f"The bundle '{folder}' has changed since it was loaded.", hint="Load it again.")
    return opened.engine


def on_graph(folder: Path) -> Model | None:
    """Return the same as `light`, with the network behind it, or None if there is no graph to trust.

    Raises
    ------
    BundleError
        If the bundle itself is missing or damaged.
    """
    found = _light(folder)
    if found is None:
        return None
    model, sha256 = found
    return replace(model, engine=GraphEngine(cast(OnnxNetwork, model.engine), folder, sha256))


def tried(folder: Path) -> bool:
    """Return whether the bundle's network was exported before on this machine, with whatever outcome."""
    sha256 = read_manifest(folder).sha256
    try:
        place = entry_of(sha256)
        entry = read_record(place / "manifest.json", _Entry)
        if entry.key != _key(sha256):
            return False
        return not entry.agrees or sha256_of_file(place / GRAPH) == entry.sha256
    except (HeadstartError, OSError):
        return False


def prepare(model: Model, folder: Path, squares: Sequence[NDArray[np.uint8]]) -> bool:
    """Export the network of `model`, which was loaded from `folder`, and try it on framed pictures.

    Returns
    -------
    bool
        Whether the graph agrees and will answer from now on.

    Raises
    ------
    BundleError
        If another bundle stands there by now.
    StoreError
        If the cache cannot be written.
    """
    sha256 = contents_of(model, folder).sha256
    place = entry_of(sha256)
    begun = _Entry(format=FORMAT, key=_key(sha256), facts={"bundle": str(folder.resolve())}, agrees=False)
    with cache.building(place) as draft:
        entry = _tried(begun, model, draft / GRAPH, squares)
        write_record(draft / "manifest.json", entry)
    cache.make_room(place.parent.parent, keep=place)
    return entry.agrees


def _tried(begun: _Entry, model: Model, file: Path, squares: Sequence[NDArray[np.uint8]]) -> _Entry:
    """Write the graph and return the entry with what came of it."""
    # One at a time and three at once too: an exported graph may hold fast to the number it was traced with.
    probes = [list(squares), list(squares[:1]), [squares[0]] * 3]
    try:
        export(model.answering, model.preprocessing.input_size, file)
        graph = replace(model, engine=OnnxNetwork(file))
        differences = [_differences(graph, model, probe) for probe in probes]
    except EngineError as error:
        return changed(begun, reason=error.message)
    answers, features = (float(max(each)) for each in zip(*differences, strict=True))
    return changed(
        begun,
        agrees=answers <= AGREE and features <= AGREE_FEATURES,
        difference=answers,
        difference_of_features=features,
        pictures=len(squares),
        sha256=sha256_of_file(file),
    )


def _differences(graph: Model, model: Model, squares: list[NDArray[np.uint8]]) -> tuple[float, float]:
    """Return the largest difference of a probability, and of a feature as a share of the largest feature."""
    mine, its = graph.features_of_squares(iter(squares)), model.features_of_squares(iter(squares))
    answers = np.abs(model.head.probabilities(mine) - model.head.probabilities(its)).max()
    return float(answers), float(np.abs(mine - its).max() / max(float(np.abs(its).max()), 1e-12))


def entry_of(sha256: str) -> Path:
    """Return where the graph of the bundle with these tensors lies in the cache, if it was ever made."""
    return cache_folder() / "engines" / _key(sha256)[:32]


def _key(sha256: str) -> str:
    """Return what the graph depends on: the checksum of the bundle's tensors, and who wrote and reads it.

    Not the version of torch: the graph was compared with the network, and answers where there is no torch any more.
    """
    from importlib.metadata import version

    return fingerprint([FORMAT, sha256, __version__, version("onnxruntime"), platform.machine()])
