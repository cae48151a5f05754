"""What the frozen network says of the pictures: the protocol that fits lean on, and a fake for tests.

Parts of the pictures are asked for by their name (`headstart.strategies.division.Part`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from headstart.backbones import Backbone
from headstart.backbones.held import Held
from headstart.backbones.network_facts import Facts
from headstart.features import PLAIN, View
from headstart.records.preprocessing import Preprocessing
from headstart.strategies.division import Division, Part


class Look(NamedTuple):
    """What a pass is for: the step that its cost counts for, and what a person reads."""

    step: str
    name: str


FEATURES = Look("features", "features")
HELD_OUT = Look("features", "features, held out")


class FrozenPasses(Protocol):
    """Features and activations of the frozen network, each made once."""

    def features(
        self,
        part: Part,
        preprocessing: Preprocessing,
        *,
        look: Look = FEATURES,
        view: View = PLAIN,
        readout: str = "pool",
    ) -> NDArray[np.float32]:
        """Return what the network says of a part with this readout, (pictures, d)."""

    def activations(
        self, part: Part, preprocessing: Preprocessing, *, cut: str, look: Look, view: View = PLAIN
    ) -> NDArray[np.float16]:
        """Return what enters the network's part after `cut`, (pictures, ...)."""

    def network(self, readout: str) -> Backbone:
        """Return the network that answers with this readout."""

    @property
    def spent(self) -> float:
        """Wall seconds of this process inside passes."""

    @property
    def seconds(self) -> dict[str, float]:
        """What each shared step cost."""


@dataclass(eq=False)
class FakePasses:
    """Given numbers in the place of a network's: for tests of what is made of them.

    Parameters
    ----------
    division : Division
    values : array, (pictures of the table, d)
        What the network would say of each picture.
    stored : mapping of cut to array, (pictures of the table, ...)
        What would enter it behind each cut.
    backbone : Backbone, optional
        The network in whose place they are; None: one of which only numbers are known.
    """

    division: Division
    values: NDArray[np.float32]
    stored: Mapping[str, NDArray[np.float16]] = field(default_factory=dict)
    asked: list[tuple[Part, str, View]] = field(default_factory=list)
    spent: float = 0.0
    backbone: Backbone | None = None

    def features(
        self,
        part: Part,
        preprocessing: Preprocessing,  # noqa: ARG002 - as the protocol
        *,
        look: Look = FEATURES,
        view: View = PLAIN,
        readout: str = "pool",  # noqa: ARG002
    ) -> NDArray[np.float32]:
        """Return the given values."""
        self.asked.append((part, look.name, view))
        return np.asarray(self.values[self.division.rows(part)])

    def activations(
        self,
        part: Part,
        preprocessing: Preprocessing,  # noqa: ARG002
        *,
        cut: str,
        look: Look,
        view: View = PLAIN,
    ) -> NDArray[np.float16]:
        """Return the given activations."""
        self.asked.append((part, look.name, view))
        return np.asarray(self.stored[cut][self.division.rows(part)])

    def network(self, readout: str) -> Backbone:  # noqa: ARG002
        """Return the given backbone, or one of which only the numbers are known."""
        return self.backbone or fake_backbone(self.values.shape[1])

    @property
    def seconds(self) -> dict[str, float]:
        """Nothing costs anything."""
        return {}


def fake_backbone(features: int, *, side: int = 32, stages: tuple[str, ...] = ()) -> Backbone:
    """Return a backbone without a network: its numbers are known, and nothing can be asked of it."""
    from headstart.backbones.network_facts import Stage

    def make() -> object:
        raise RuntimeError("a fake backbone has no network")

    places = tuple(Stage(name, 100, (8, 4, 4), 1000.0) for name in stages)
    facts = Facts(1000, (*places, Stage("pool", 0, (features,), 0.0)), (), (features,))
    return Backbone(
        name="fake",
        held=Held(make, side=side, flops=1e6, facts=facts),  # type: ignore[arg-type]
        preprocessing=Preprocessing(input_size=side, framing="squash"),
        source="fake",
        sha256=None,
        licence="none",
        features=features,
        flops=1e6,
    )
