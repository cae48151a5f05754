"""A network that is made when it is first asked for, and what was kept of it.

Nothing here imports torch: where all that a run needs of its network was kept before
(`headstart.backbones.engine_cache`), none is made.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors.numpy import load_file

from headstart.backbones.engine import Batches, EngineName, Features, Tensors, arrays_of, torch_features
from headstart.backbones.network_facts import Facts
from headstart.backbones.onnx import OnnxNetwork
from headstart.base.errors import EngineError
from headstart.base.process import compute_threads, torch_in_budget
from headstart.records.preprocessing import Preprocessing

if TYPE_CHECKING:
    from torch import nn

    from headstart.backbones.forward import Versions
    from headstart.backbones.stages import Plan


@dataclass(frozen=True, eq=False)
class Kept:
    """What was kept of a network when it was last used on this machine.

    Parameters
    ----------
    digest : str
        `tensors_hash` of the network.
    tensors : Path
        Its tensors, as a safetensors file.
    graph : Path, optional
        The network as a graph that answers with readout ``"stages"`` (``"pool"`` where it has no stages to read); None
        if it would answer otherwise than the network.
    preferred : bool
        Whether the graph answers in the network's place: it is about as fast here, and comes without torch.
    """

    digest: str
    tensors: Path
    graph: Path | None
    preferred: bool

    @cached_property
    def session(self) -> OnnxNetwork:
        """The graph, opened once: what becomes of the file afterwards does not matter.

        Raises
        ------
        EngineError
            If there is none, or it cannot be read.
        """
        if self.graph is None:
            raise EngineError("The network has no graph.", hint="Take the network itself.")
        return OnnxNetwork(self.graph, threads=compute_threads())

    def opens(self) -> bool:
        """Return whether the graph can be read."""
        with suppress(EngineError):
            return bool(self.session)
        return False


class Held:
    """A network and what follows from it, each made when it is first asked for: an engine (`Engine`) as it is.

    Parameters
    ----------
    make : callable
        Makes the network, in evaluation mode, float32: normalised (N, 3, S, S) to features (N, D).
    side : int
        S, of the pictures that it sees.
    flops : float
        Its multiplications and additions for one picture.
    facts : Facts, optional
        What is known without it.
    kept : Kept, optional
    base : Held, optional
        The network of which this one is another reading: they have the same tensors.
    """

    def __init__(
        self,
        make: Callable[[], nn.Module],
        *,
        side: int,
        flops: float,
        facts: Facts | None = None,
        kept: Kept | None = None,
        base: Held | None = None,
    ) -> None:
        self._make, self._side, self._flops, self._facts = make, side, flops, facts
        self.kept, self._base = kept, base
        self._hashed: tuple[Versions | None, str] | None = None

    @property
    def name(self) -> EngineName:
        """It runs in torch."""
        return "torch"

    @cached_property
    def network(self) -> nn.Module:
        """The network."""
        with torch_in_budget():
            return self._make()

    @property
    def answering(self) -> nn.Module:
        """The network as it answers, folded."""
        return self.frozen.network

    @property
    def folded(self) -> None:
        """Not known before it is made: whoever loads its bundle decides."""
        return None

    def features_of(self, batches: Batches, preprocessing: Preprocessing, *, device: str = "cpu") -> Features:
        """Yield features of batches of framed pictures."""
        return torch_features(self, batches, preprocessing, device)

    @cached_property
    def plan(self) -> Plan:
        """Stages and graph; the network is traced for them."""
        from headstart.backbones.stages import noise, plan_stages

        return plan_stages(self.network, noise(self._side), flops=self._flops)

    @cached_property
    def facts(self) -> Facts:
        """What is known of the network."""
        if self._facts is not None:
            return self._facts
        from headstart.backbones.readout import places_and_blocks

        places, blocks = places_and_blocks(self.plan)
        parameters = sum(parameter.numel() for parameter in self.network.parameters())
        return Facts(parameters, self.plan.stages, places, blocks)

    @property
    def digest(self) -> str:
        """The SHA-256 over the network's tensors, as they are now; that of the base for another reading of it."""
        if self._base is not None:
            return self._base.digest
        if self.kept is not None and "network" not in self.__dict__:
            return self.kept.digest
        from headstart.backbones.forward import tensors_hash, versions

        now = versions(self.network)  # each pass asks, and to read all weights again takes as long as some pictures
        if self._hashed is None or now is None or self._hashed[0] != now:
            self._hashed = now, tensors_hash(self.network)
        return self._hashed[1]

    def tensors(self) -> Tensors:
        """Return the network's tensors by name."""
        if self.kept is not None and "network" not in self.__dict__:
            # Whoever clears the cache meanwhile costs time, and never an answer: then the network is made.
            with suppress(OSError, SafetensorError):
                return load_file(self.kept.tensors)
        return arrays_of(self.network)

    def reading(self) -> Held:
        """Return the network that also says what enters its stages; the two share their weights."""

        def make() -> nn.Module:
            from headstart.backbones.readout import reading_of

            return reading_of(self.network, self.plan, self.facts.places)

        return Held(make, side=self._side, flops=self._flops, facts=self.facts, kept=self.kept, base=self)

    @cached_property
    def frozen(self) -> Held:
        """The network for passes in which nothing is trained, folded (`headstart.backbones.folding`).

        For a network whose weights stay as they are; it counts as the same one.
        """

        def make() -> nn.Module:
            from headstart.backbones.folding import folded, read_apart
            from headstart.backbones.stages import noise

            traced = self.plan.traced
            untouched = frozenset[str]() if traced is None else read_apart(traced.graph)
            return folded(self.network, noise(self._side), untouched=untouched)

        if self._base is not None:
            return self._base.frozen.reading()
        frozen = Held(make, side=self._side, flops=self._flops, facts=self.facts, kept=self.kept, base=self)
        frozen.__dict__["plan"] = self.plan  # it names modules, which have the same names
        return frozen

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how to make it again elsewhere, with its network: nothing of this machine's cache."""
        network = self.network
        from headstart.backbones.libraries import here

        return _of_network, (here, network, self._side, self._flops, self._facts)

    def __deepcopy__(self, memo: dict[int, Any]) -> Held:
        """Return the same with a network of its own, which may be trained: what was kept is not true of it."""
        network = copy.deepcopy(self.network, memo)
        copied = Held(lambda: network, side=self._side, flops=self._flops, facts=self._facts)
        copied.__dict__.update({name: self.__dict__[name] for name in ("plan", "facts") if name in self.__dict__})
        return copied


def _of_network(_: object, network: nn.Module, side: int, flops: float, facts: Facts | None) -> Held:
    return Held(lambda: network, side=side, flops=flops, facts=facts)
