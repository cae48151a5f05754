"""How deep `partial` trains, as a question: ``--cut auto`` stands for several depths, each a candidate of its own.

A depth is the strategy `partial` with a cut of its own and a name that says it, ``partial@layer3``. From here on
nothing knows that they belong together but the sentence about them at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from headstart import backbones
from headstart.backbones import Backbone
from headstart.base.options import AUTO
from headstart.experiment.cuts import cut_of
from headstart.experiment.networks import pretrained
from headstart.experiment.request import Request
from headstart.experiment.resolve import activation_limit
from headstart.records.plan import Depths, PlanRecord
from headstart.records.record import changed
from headstart.strategies.resolved import activation_bytes
from headstart.strategies.strategy import PART, REFERENCE, in_order, name_at, strategy_of

MOST, LEAST = 4, 3  # depths
# Of the operations, in the trained part: beyond it a depth is `full`, which is a candidate already, in all but name.
MOST_TRAINED = 0.75


class Answered(NamedTuple):
    """A request without an open cut, what it was answered from, and the network if it was loaded for that."""

    request: Request
    depths: Depths | None = None
    backbone: Backbone | None = None


def answered(request: Request, pictures: int, plan: PlanRecord | None = None) -> Answered:
    """Return the request with every depth that it asks for by its name.

    Parameters
    ----------
    request : Request
    pictures : int
        How many there are; depths whose activations can be stored are preferred.
    plan : PlanRecord, optional
        Of the run folder. The same cut under another name is the same candidate, and keeps the name that it has
        there; depths that the plan knows need no network.
    """
    planned, known = ((), None) if plan is None else (plan.request.strategies, plan.depths)
    asked, every = _deep(request.strategies), _deep([*planned, *request.strategies])
    if request.cut != AUTO and (not asked or len(every) < 2):  # nothing is open, and no two can be the same
        return Answered(request)
    if known is not None:
        return Answered(_named(request, known, planned), known)
    backbone = pretrained(request)
    depths = depths_of(request, backbone, pictures)
    return Answered(_named(request, depths, planned), depths, backbone)


def depths_of(request: Request, backbone: Backbone, pictures: int) -> Depths:
    """Return the depths of a network: a few stages at even distances, the usual place among them.

    From the last stage that holds weights down to the one that leaves a quarter of the operations frozen; where these
    are fewer than three, earlier ones too. Stages whose activations would not fit are left out, if others are left.
    """
    usual = cut_of(request, backbone)
    stages, behind, work = backbone.stages[1:], dict[str, float](), 0.0
    for stage in reversed(stages):
        work += stage.flops
        if stage.parameters:
            behind[stage.name] = work / backbone.flops
    room = activation_limit() / MOST  # together they may take what one training may
    copies = pictures * (request.views + 1)
    names = [name for name in behind if activation_bytes(backbone, name, copies) <= room] or list(behind)
    within = [name for name in names if behind[name] <= MOST_TRAINED]
    found = within if len(within) >= LEAST else names[:LEAST]
    return Depths(usual=usual, tried=_spread(found, usual) or (usual,))


def unfrozen_names(request: Request, counts: Sequence[int]) -> tuple[str, ...]:
    """Return the names of the strategies that train the last so many stages each, where 0 trains nothing.

    Raises
    ------
    ConfigError
        If the network of `request` has fewer stages.
    """
    backbone = pretrained(request)
    backbones.cut_before(backbone, max(counts))  # the number that was asked for, not the first that is too large
    return tuple(name_at(PART, backbones.cut_before(backbone, count)) if count else REFERENCE.name for count in counts)


def _spread(names: Sequence[str], usual: str) -> tuple[str, ...]:
    """Return a few of some names at even distances, both ends and `usual` among them."""
    if len(names) <= MOST:
        return tuple(names)
    chosen = np.linspace(0, len(names) - 1, MOST).round().astype(int)
    if usual in names and names.index(usual) not in chosen:
        place = names.index(usual)  # it takes that of its neighbour, of two as near the deeper one's
        chosen[min(range(1, MOST - 1), key=lambda at: (abs(int(chosen[at]) - place), -at))] = place
    return tuple(names[place] for place in chosen)


def _deep(names: Sequence[str]) -> set[str]:
    """Return the names of strategies that could be cut elsewhere."""
    return {name for name in names if strategy_of(name).trains == "part"}


def _named(request: Request, depths: Depths, planned: Sequence[str]) -> Request:
    """Return the request without an open cut; one cut, one name."""

    def cut_of(name: str) -> str:
        return strategy_of(name).cut or depths.usual

    names = list[str]()
    for name in request.strategies:
        row = strategy_of(name)
        if request.cut == AUTO and row.trains == "part" and row.cut is None:
            names += [name_at(row, cut) for cut in depths.tried]
        else:
            names.append(name)
    deep, taken = _deep([*planned, *names]), dict[str, str]()
    for name in [*planned, *names]:
        if name in deep:
            taken.setdefault(cut_of(name), name)
    settled = [taken[cut_of(name)] if name in deep else name for name in names]
    return changed(request, cut=None if request.cut == AUTO else request.cut, strategies=in_order(settled))
