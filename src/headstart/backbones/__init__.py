"""Backbones: networks by name, their weights and preprocessing, their cuts, and the forward pass."""

from headstart.backbones.cuts import Split, cut_before, split
from headstart.backbones.forward import evaluating, forward, normalise, tensors_hash
from headstart.backbones.loading import Backbone, load
from headstart.backbones.networks import create
from headstart.backbones.stages import Stage
from headstart.backbones.weights import list_weights, verify_weights

__all__ = [
    "Backbone",
    "Split",
    "Stage",
    "create",
    "cut_before",
    "evaluating",
    "forward",
    "list_weights",
    "load",
    "normalise",
    "split",
    "tensors_hash",
    "verify_weights",
]
