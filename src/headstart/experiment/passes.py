"""What the frozen network says of an experiment's pictures, each pass made once, and what all of it cost."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from headstart.backbones import Backbone
from headstart.features import PLAIN, StoredRows, View, extract, stands
from headstart.pixels import PixelStore, frame
from headstart.records.plan import Engine
from headstart.records.preprocessing import Preprocessing
from headstart.records.progress import Progress
from headstart.strategies.division import Division, Part
from headstart.strategies.passes import FEATURES, Look
from headstart.strategies.resolved import Resolved

PROBES = 8  # pictures on which a graph is compared with its network
_WIDE: tuple[Part, ...] = ("train", "looked at", "held out")


@dataclass(frozen=True, eq=False)
class Pictures:
    """The usable pictures of a table, in its order, out of a pixel store that also has the faulty ones."""

    store: PixelStore
    kept: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.kept)

    def __getitem__(self, row: int) -> NDArray[np.uint8]:
        return self.store[int(self.kept[row])]

    def only(self, rows: NDArray[np.int64]) -> Pictures:
        """Return some of them."""
        return Pictures(self.store, self.kept[rows])


@dataclass(eq=False)
class Costs:
    """What shared steps cost: a pass counts what it cost when it was made, once, also where it was found again.

    `before` is what they cost before this process continued.
    """

    decode: float = 0.0
    before: Mapping[str, float] = field(default_factory=dict)
    spent: float = 0.0
    _made: dict[str, tuple[str, float]] = field(default_factory=dict)

    def count(self, pass_made: str, step: str, seconds: float) -> None:
        """Count a pass."""
        self._made[pass_made] = (step, seconds)

    @property
    def seconds(self) -> dict[str, float]:
        """What each shared step cost."""
        total = {"decode": self.decode}
        for step, seconds in self._made.values():
            total[step] = total.get(step, 0.0) + seconds
        return {step: max(total.get(step, 0.0), self.before.get(step, 0.0)) for step in {**self.before, **total}}


@dataclass(frozen=True, eq=False)
class PixelPasses:
    """Passes of the frozen network over decoded pictures."""

    pictures: Pictures
    division: Division
    resolved: Resolved
    progress: Progress
    costs: Costs = field(default_factory=Costs)
    _networks: dict[str, Backbone] = field(default_factory=dict)

    def features(
        self,
        part: Part,
        preprocessing: Preprocessing,
        *,
        look: Look = FEATURES,
        view: View = PLAIN,
        readout: str = "pool",
    ) -> NDArray[np.float32]:
        """Return what the frozen network says of a part, (pictures, d) float32, with this readout."""
        # What is looked at for more than the pooled features has those as the last columns of the same pass.
        more = self.resolved.stages_too and view == PLAIN and part in _WIDE
        said = self._pass(self.network("stages" if more else readout), part, preprocessing, look, view, cut=None)
        pooled = np.asarray(said["pooled"])
        return pooled[:, pooled.shape[1] - self.network(readout).features :]

    def activations(
        self, part: Part, preprocessing: Preprocessing, *, cut: str, look: Look, view: View = PLAIN
    ) -> NDArray[np.float16]:
        """Return what enters the network's part after `cut`, (pictures, ...) float16.

        The same pass leaves what enters those after the other cuts that are asked for.
        """
        found = self._pass(self.resolved.need_backbone(), part, preprocessing, look, view, cut=cut)
        return np.asarray(found["activations"])

    def network(self, readout: str) -> Backbone:
        """Return the pre-trained backbone that answers with this readout."""
        if readout not in self._networks:
            self._networks[readout] = self.resolved.network(readout)
        return self._networks[readout]

    @property
    def spent(self) -> float:
        """Wall seconds of this process inside passes."""
        return self.costs.spent

    @property
    def seconds(self) -> dict[str, float]:
        """What each shared step cost."""
        return self.costs.seconds

    def heard_by(self, progress: Progress) -> PixelPasses:
        """Return the same passes with another listener."""
        return replace(self, progress=progress)

    def squares(self, preprocessing: Preprocessing) -> list[NDArray[np.uint8]]:
        """Return some pictures of train as a network sees them."""
        return [frame(self.pictures[int(row)], preprocessing) for row in self.division.train[:PROBES]]

    def preferred_engine(self, framing: Preprocessing) -> Engine:
        """Return the engine for the frozen passes: the kept graph if it is fast here; torch where it has begun.

        A graph and its network differ by rounding, so one experiment takes one of them from its first look on.
        """
        backbone = self.resolved.backbone
        kept = None if backbone is None else backbone.held.kept
        if kept is None or not kept.preferred or self.resolved.device != "cpu" or not kept.opens():
            return "torch"
        network = self.network("stages" if self.resolved.stages_too else "pool")
        digests = self.division.table.digests
        seen = [
            stands(network, rows, digests, preprocessing=framing, engine="torch")
            for rows in (self.division.looked_at, self.division.train)
        ]
        return "torch" if any(seen) else "onnx"

    def _pass(
        self, network: Backbone, part: Part, preprocessing: Preprocessing, look: Look, view: View, *, cut: str | None
    ) -> StoredRows:
        """Run a frozen network over a part, or find what it said, and count the cost."""
        begin = time.perf_counter()
        found = extract(
            network,
            self.pictures,
            self.division.rows(part),
            self.division.table.digests,
            preprocessing=preprocessing,
            view=view,
            cut=cut,
            beside=() if cut is None else self._beside(cut),
            pooled=cut is None,
            device=self.resolved.device,
            engine="torch" if cut else self.resolved.engine,
            progress=self.progress,
            name=look.name,
        )
        self.costs.spent += time.perf_counter() - begin
        self.costs.count(found.made, look.step, found.seconds)
        return found

    def _beside(self, cut: str) -> tuple[str, ...]:
        """Return the cuts whose activations the same pass leaves: `cut`, and those that fit beside it."""
        return self.resolved.stored_beside(cut)


@dataclass(frozen=True, eq=False)
class PartPasses:
    """The passes of an experiment, for some of its pictures that are divided otherwise.

    What the network says of a plain picture is taken from the whole experiment's pass; only augmented copies and
    activations pass anew.

    Parameters
    ----------
    whole : PixelPasses
    own : PixelPasses
        Of these pictures alone.
    rows : array of int
        Which rows of the whole table they are.
    """

    whole: PixelPasses
    own: PixelPasses
    rows: NDArray[np.int64]

    def features(
        self,
        part: Part,
        preprocessing: Preprocessing,
        *,
        look: Look = FEATURES,
        view: View = PLAIN,
        readout: str = "pool",
    ) -> NDArray[np.float32]:
        """Return what the frozen network said of these pictures when it saw all of them."""
        if view != PLAIN:
            return self.own.features(part, preprocessing, look=look, view=view, readout=readout)
        wanted = self.rows[self.own.division.rows(part)]
        said = np.empty((len(wanted), self.network(readout).features), np.float32)
        for seen in _BOTH:
            rows = self.whole.division.rows(seen)
            place = np.full(len(self.whole.division.table), -1)
            place[rows] = np.arange(len(rows))
            here = place[wanted] >= 0
            found = self.whole.features(seen, preprocessing, look=look, readout=readout)
            said[here] = found[place[wanted[here]]]
        return said

    def activations(
        self, part: Part, preprocessing: Preprocessing, *, cut: str, look: Look, view: View = PLAIN
    ) -> NDArray[np.float16]:
        """Return what enters the network's part after `cut`, of these pictures alone."""
        return self.own.activations(part, preprocessing, cut=cut, look=look, view=view)

    def network(self, readout: str) -> Backbone:
        """Return the pre-trained backbone that answers with this readout."""
        return self.whole.network(readout)

    @property
    def spent(self) -> float:
        """Wall seconds of this process inside passes of these pictures alone."""
        return self.own.spent

    @property
    def seconds(self) -> dict[str, float]:
        """What they cost."""
        return self.own.seconds


_BOTH: tuple[Part, ...] = ("train", "held out")
