"""The networks of one experiment, and where they compute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart import backbones
from headstart.backbones import Backbone
from headstart.base.options import AUTO
from headstart.base.params import about
from headstart.base.process import torch_in_budget
from headstart.experiment.cuts import resolve_strategies
from headstart.experiment.request import Request
from headstart.records.preprocessing import RULES, Decoding, Preprocessing
from headstart.records.record import changed
from headstart.strategies.resolved import ResolvedStrategy
from headstart.strategies.strategy import FROM_SCRATCH

OWN_SIZE = ("convnet4", "convnet64")  # small networks that see pictures of one size
MOST_FLOPS = 3e10  # of a network that is kept


class Networks(NamedTuple):
    """Where to compute, the pre-trained network (None where no strategy needs one), and what all networks share.

    `side` is the short side, in pixels, to which pictures are decoded for them, by the rules of `decoding`;
    `strategies` have their cuts.
    """

    device: str
    backbone: Backbone | None
    side: int
    strategies: tuple[ResolvedStrategy, ...]
    decoding: Decoding = RULES

    def decoded_by(self, decoding: Decoding) -> Networks:
        """Return the same for pictures that are decoded by other rules."""
        backbone = self.backbone
        if backbone is not None:
            backbone = replace(backbone, preprocessing=changed(backbone.preprocessing, decoding=decoding))
        return self._replace(backbone=backbone, decoding=decoding)


def networks(request: Request, loaded: Backbone | None = None) -> Networks:
    """Return the networks that a request needs; what was kept of one is taken before it is made anew.

    `loaded` is the pre-trained one, if it is there already.
    """
    needed = any(row.weights == "pretrained" for row in request.rows)
    kept = (loaded or recalled(request)) if needed else None
    device = _device(request, known=kept is not None)
    backbone = (kept or _loaded(request)) if needed else None
    side = _decode_side(request, backbone)
    strategies = resolve_strategies(request, backbone)  # a cut that cannot be is said before the work
    if backbone is not None and backbone.preprocessing.decode_side != side:
        backbone = replace(backbone, preprocessing=changed(backbone.preprocessing, stored_side=side))
    return Networks(device, backbone, side, strategies)


def pretrained(request: Request) -> Backbone:
    """Return the pre-trained network of a request."""
    return recalled(request) or _loaded(request)


def scratch_preprocessing(request: Request) -> Preprocessing:
    """Return the preprocessing of the network that is trained from nothing."""
    return load_scratch(request).preprocessing


def load_scratch(request: Request) -> Backbone:
    """Return the network that is trained from nothing, with random weights; the small ones have a size of their own."""
    size = None if request.scratch in OWN_SIZE else request.image_size
    with about(FROM_SCRATCH.name):
        return backbones.load(request.scratch, random=True, seed=request.seed, image_size=size)


@dataclass(frozen=True, eq=False)
class EngineCandidate:
    """A network of which nothing is kept on this machine yet, and some pictures as it sees them."""

    request: Request
    backbone: Backbone
    squares: Sequence[NDArray[np.uint8]]

    def keep(self) -> bool:
        """Keep of the network what lets heads do without torch; return whether that was done now."""
        name, weights, size = _address(self.request)
        return backbones.remember(self.backbone, name, weights=weights, image_size=size, squares=self.squares)


def worth_keeping(request: Request, backbone: Backbone | None, device: str) -> bool:
    """Return whether heads were solved on a network, on the processor, of which nothing is kept yet.

    A network beyond some 30 GFLOPs a picture is left alone: comparing it with its graph would take minutes.
    """
    if backbone is None or backbone.held.kept is not None or device != "cpu" or backbone.flops > MOST_FLOPS:
        return False
    return any(row.solves for row in request.rows)


def recalled(request: Request) -> Backbone | None:
    """Return the pre-trained network as it was kept on this machine, if it was."""
    name, weights, size = _address(request)
    with about("weights" if weights else "backbone"):
        return backbones.recall(name, weights=weights, image_size=size, offline=request.offline)


def _device(request: Request, *, known: bool) -> str:
    """Return where to compute. Heads on a known network, and no graphics card: torch need not even be asked."""
    sure = request.device == "cpu" or (request.device == AUTO and not backbones.graphics_possible())
    if known and not request.trained and sure:
        return "cpu"
    with torch_in_budget():
        from headstart.tune import choose_device
    with about("device"):
        return choose_device(request.device)


def _decode_side(request: Request, backbone: Backbone | None) -> int:
    """Return the short side, in pixels, that serves every network of the experiment."""
    sides = [] if backbone is None else [backbone.preprocessing.decode_side]
    if any(row.weights == "random" for row in request.rows):
        sides.append(scratch_preprocessing(request).decode_side)
    return max(sides)


def _address(request: Request) -> tuple[str | None, str | None, int | None]:
    return request.backbone, request.weights, request.image_size


def _loaded(request: Request) -> Backbone:
    with about("weights" if request.weights else "backbone"):
        return backbones.load(
            request.backbone,
            weights=Path(request.weights) if request.weights else None,
            image_size=request.image_size,
            offline=request.offline,
        )
