"""Backbones: networks by name, their weights and preprocessing, their cuts, and the forward pass.

Each name is imported when it is first used, so that a classifier whose network was exported answers without
torch. (`forward` itself is in `backbones.forward`: a name cannot stand for a module and for its function.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.base.lazy import lazily

if TYPE_CHECKING:
    from headstart.backbones.backbone import Backbone, read_out
    from headstart.backbones.cuts import Halves, check_cut, cut_before, parts, split
    from headstart.backbones.engine_cache import graphics_possible, recall, remember
    from headstart.backbones.forward import answers_at, evaluating, normalise, tensors_hash
    from headstart.backbones.loading import load
    from headstart.backbones.network_facts import Stage
    from headstart.backbones.networks import create
    from headstart.backbones.weights import list_weights, verify_weights

__all__ = [
    "Backbone",
    "Halves",
    "Stage",
    "answers_at",
    "check_cut",
    "create",
    "cut_before",
    "evaluating",
    "graphics_possible",
    "list_weights",
    "load",
    "normalise",
    "parts",
    "read_out",
    "recall",
    "remember",
    "split",
    "tensors_hash",
    "verify_weights",
]

_HOMES = {
    **dict.fromkeys(("Halves", "check_cut", "cut_before", "parts", "split"), "cuts"),
    **dict.fromkeys(("answers_at", "evaluating", "normalise", "tensors_hash"), "forward"),
    **dict.fromkeys(("Backbone", "read_out"), "backbone"),
    **dict.fromkeys(("list_weights", "verify_weights"), "weights"),
    "Stage": "network_facts",
    "create": "networks",
    **dict.fromkeys(("graphics_possible", "recall", "remember"), "engine_cache"),
    "load": "loading",
}

__getattr__, __dir__ = lazily(__name__, {name: f"{__name__}.{home}" for name, home in _HOMES.items()})
