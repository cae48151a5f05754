"""The public verbs, each imported when it is first used: those that need no network load no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.base.lazy import lazily

if TYPE_CHECKING:
    from headstart.api.advising import advise
    from headstart.api.caching import clear_cache, limit_cache, list_cache
    from headstart.api.comparing import compare, demo, fit, run_recipe
    from headstart.api.delivering import export, verify
    from headstart.api.experiment import Experiment, Run, VerdictView
    from headstart.api.inspecting import fetch_data, list_weights, look, stages, verify_weights
    from headstart.api.measuring_activity import activity
    from headstart.api.packing import pack
    from headstart.api.planning import plan
    from headstart.api.predicting import evaluate, load, load_exported, predict, prepare_engine
    from headstart.api.predicting_many import predict_many
    from headstart.api.reporting import compare_runs, write_report
    from headstart.api.serving import serve
    from headstart.api.tracking import track

__all__ = [
    "Experiment",
    "Run",
    "VerdictView",
    "activity",
    "advise",
    "clear_cache",
    "compare",
    "compare_runs",
    "demo",
    "evaluate",
    "export",
    "fetch_data",
    "fit",
    "limit_cache",
    "list_cache",
    "list_weights",
    "load",
    "load_exported",
    "look",
    "pack",
    "plan",
    "predict",
    "predict_many",
    "prepare_engine",
    "run_recipe",
    "serve",
    "stages",
    "track",
    "verify",
    "verify_weights",
    "write_report",
]

_HOMES = {
    "activity": "measuring_activity",
    "advise": "advising",
    **dict.fromkeys(("clear_cache", "limit_cache", "list_cache"), "caching"),
    **dict.fromkeys(("compare", "demo", "fit", "run_recipe"), "comparing"),
    **dict.fromkeys(("Experiment", "Run", "VerdictView"), "experiment"),
    **dict.fromkeys(("export", "verify"), "delivering"),
    "pack": "packing",
    "plan": "planning",
    **dict.fromkeys(("compare_runs", "write_report"), "reporting"),
    **dict.fromkeys(("fetch_data", "list_weights", "look", "stages", "verify_weights"), "inspecting"),
    "predict_many": "predicting_many",
    "serve": "serving",
    "track": "tracking",
    **dict.fromkeys(("evaluate", "load", "load_exported", "predict", "prepare_engine"), "predicting"),
}

__getattr__, __dir__ = lazily(__name__, {name: f"{__name__}.{home}" for name, home in _HOMES.items()})
