"""The public verbs."""

from headstart.api.comparing import compare, demo, fit, run_recipe
from headstart.api.experiment import Experiment, Run, VerdictView
from headstart.api.showing import fetch_data, list_weights, look, stages, verify_weights
from headstart.api.using import Predictions, evaluate, load, predict

__all__ = [
    "Experiment",
    "Predictions",
    "Run",
    "VerdictView",
    "compare",
    "demo",
    "evaluate",
    "fetch_data",
    "fit",
    "list_weights",
    "load",
    "look",
    "predict",
    "run_recipe",
    "stages",
    "verify_weights",
]
