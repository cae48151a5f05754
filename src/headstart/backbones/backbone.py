"""A backbone: a network by name, and what belongs to its weights.

Nothing here imports torch; the network itself is made when it is first asked for (`headstart.backbones.held`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from headstart.backbones.held import Held
from headstart.backbones.network_facts import TITLES, Stage
from headstart.base.params import check_choice
from headstart.records.environment import NetworkRecord
from headstart.records.preprocessing import RULES, Preprocessing
from headstart.records.record import changed
from headstart.records.run import READOUTS

if TYPE_CHECKING:
    from torch import nn

    from headstart.backbones.stages import Plan


@dataclass(frozen=True, eq=False, kw_only=True)
class Backbone:
    """A network that turns pictures into features, with what belongs to its weights.

    Parameters
    ----------
    name : str
        As `load` knows it.
    held : Held
        The network: float32, normalised (N, 3, S, S) to pooled features (N, D).
    preprocessing : Preprocessing
    source : str
        Where the weights come from; ``"random"`` for none.
    sha256 : str or None
        Of the file of weights.
    licence : str
        Of the weights.
    features : int
        D.
    flops : float
        Multiplications and additions for one picture at prediction.
    read : tuple of str
        Stages whose entering activations the network answers with too, pooled (`headstart.backbones.readout`).
    file : Path, optional
        The file of weights, where there is one.
    """

    name: str
    held: Held = field(repr=False)
    preprocessing: Preprocessing
    source: str
    sha256: str | None
    licence: str
    features: int
    flops: float
    read: tuple[str, ...] = ()
    file: Path | None = None

    @property
    def network(self) -> nn.Module:
        """The network itself."""
        return self.held.network

    @property
    def frozen(self) -> Backbone:
        """The backbone for passes in which nothing is trained: the same answers, rounded otherwise, sooner."""
        return replace(self, held=self.held.frozen)

    @property
    def readout(self) -> str:
        """What the network answers with: ``"pool"``, its own pooled features, or ``"stages"``."""
        return "stages" if self.read else "pool"

    @property
    def blocks(self) -> tuple[int, ...]:
        """How many features each part of the readout has: (D,) for ``"pool"``."""
        return self.held.facts.blocks if self.read else (self.features,)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The places to cut, first to last; the last is ``"pool"``."""
        return self.held.facts.stages

    def stages_behind(self, cut: str) -> tuple[Stage, ...]:
        """Return the stages from a cut on, all of them for ``"input"``."""
        names = [stage.name for stage in self.stages]
        return self.stages[names.index(cut) :] if cut in names else self.stages

    @property
    def plan(self) -> Plan:
        """Stages and graph."""
        return self.held.plan

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return self.held.facts.parameters

    @property
    def record(self) -> NetworkRecord:
        """What results and bundles say of it."""
        return NetworkRecord(
            name=self.name,
            source=self.source,
            sha256=self.sha256,
            licence=self.licence,
            preprocessing=changed(self.preprocessing, stored_side=None, decoding=RULES),
            title=TITLES.get(self.name),
        )


def read_out(backbone: Backbone, readout: str) -> Backbone:
    """Return `backbone` with a network that answers with this readout; the two share their weights.

    Parameters
    ----------
    backbone : Backbone
    readout : str
        ``"pool"``: as it is. ``"stages"``: the mean and the largest value of each channel between stages (at six
        places, evenly chosen, if there are more), then the pooled features. A network that cannot be traced has no
        places, and stays as it is.

    Raises
    ------
    ConfigError
        If there is no such readout.
    """
    check_choice("readout", "read_out", readout, READOUTS)
    if readout == "pool" or not backbone.held.facts.places:
        return backbone
    facts = backbone.held.facts
    return replace(backbone, held=backbone.held.reading(), features=facts.width, read=facts.places)
