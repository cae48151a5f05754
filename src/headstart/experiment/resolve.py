"""Request, pictures and network become one `Resolved`: the one place where an open question is answered."""

from __future__ import annotations

from functools import partial

from headstart import backbones
from headstart.backbones import Backbone
from headstart.base import cache
from headstart.base.options import AUTO
from headstart.experiment.cuts import usual_cut
from headstart.experiment.networks import Networks, load_scratch
from headstart.experiment.request import Request
from headstart.records.plan import PlanRecord
from headstart.records.preprocessing import FRAMINGS, Framing
from headstart.records.record import changed
from headstart.records.run import READOUTS, Readout
from headstart.strategies.resolved import Resolved, stored_cuts

FRAMINGS_TRIED: tuple[Framing, ...] = ("squash", "crop")
AUGMENTATIONS_TRIED = ("photo", "gentle", "any-orientation")
UNTRIED = "photo"  # where no network knows the pictures
ACTIVATION_LIMIT = 20 * 10**9  # bytes of stored activations; beyond it the frozen part runs in each epoch


def resolve(request: Request, networks: Networks, pictures: int, plan: PlanRecord | None = None) -> Resolved:
    """Return what was asked for with nothing left open.

    Parameters
    ----------
    request : Request
    networks : Networks
        Of this request.
    pictures : int
        Usable ones, in all.
    plan : PlanRecord, optional
        Of the run folder: its engine and its limit hold on.
    """
    backbone, limit = networks.backbone, activation_limit() if plan is None else plan.activation_limit
    cuts = tuple(one.cut for one in networks.strategies if one.row.trains == "part")
    copies = pictures * (request.views + 1)
    return Resolved(
        strategies=networks.strategies,
        backbone=backbone,
        make_scratch=partial(_scratch, request),
        scratch_name=request.scratch,
        seed=request.seed,
        device=networks.device,
        side=networks.side,
        decoding=networks.decoding,
        framings=_framings(request),
        augmentations=_augmentations(request, backbone),
        readouts=_readouts(request, backbone),
        usual_cut=None if backbone is None else usual_cut(request, backbone),
        stages_too=request.readout != "pool",
        stages_asked=request.readout == "stages",
        views=request.views,
        trained_head=request.head,
        given=frozenset(request.training),
        interval=request.interval,
        activation_limit=limit,
        stored_cuts=stored_cuts(backbone, cuts, copies, limit) if backbone is not None and cuts else (),
        pictures=pictures,
        engine="torch" if plan is None else plan.engine,
    )


def activation_limit() -> int:
    """Return how many bytes the activations of one training may take: 20 GB, and no more than the whole cache may."""
    return min(ACTIVATION_LIMIT, cache.limit())


def _framings(request: Request) -> tuple[Framing, ...]:
    return FRAMINGS_TRIED if request.framing == AUTO else tuple(one for one in FRAMINGS if one == request.framing)


def _augmentations(request: Request, backbone: Backbone | None) -> tuple[str, ...]:
    if request.augment != AUTO:
        return (request.augment,)
    if not request.trained:
        return ("none",)
    return AUGMENTATIONS_TRIED if backbone is not None else (UNTRIED,)


def _readouts(request: Request, backbone: Backbone | None) -> tuple[Readout, ...]:
    """Return the readouts among which a head chooses; a network without places to read has but one."""
    wanted: tuple[Readout, ...] = READOUTS if request.readout == AUTO else (_as_readout(request.readout),)
    if backbone is None:
        return wanted
    return tuple(dict.fromkeys(_as_readout(backbones.read_out(backbone, readout).readout) for readout in wanted))


def _as_readout(name: str) -> Readout:
    return "stages" if name == "stages" else "pool"


def _scratch(request: Request, seed: int) -> Backbone:
    return load_scratch(changed(request, seed=seed))
