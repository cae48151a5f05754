"""The ways of transferring, and the experiment that tries them on equal terms.

Each name is imported when it is first used: an experiment of heads on a known network needs no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.base.lazy import lazily

if TYPE_CHECKING:
    from headstart.strategies.activity import measure_activity
    from headstart.strategies.budget import Budget, parse_duration
    from headstart.strategies.depths import unfrozen_names
    from headstart.strategies.experiment import Ended, fit_table, run_experiment
    from headstart.strategies.folder import RunFolder
    from headstart.strategies.outlook import survey
    from headstart.strategies.pace import calibrate
    from headstart.strategies.plan import estimate, within
    from headstart.strategies.recipe import Recipe, read_recipe, recipe_names
    from headstart.strategies.request import Request, default_run_folder
    from headstart.strategies.strategy import STRATEGIES, Strategy, choose_strategies

__all__ = [
    "STRATEGIES",
    "Budget",
    "Ended",
    "Recipe",
    "Request",
    "RunFolder",
    "Strategy",
    "calibrate",
    "choose_strategies",
    "default_run_folder",
    "estimate",
    "fit_table",
    "measure_activity",
    "parse_duration",
    "read_recipe",
    "recipe_names",
    "run_experiment",
    "survey",
    "unfrozen_names",
    "within",
]

_HOMES = {
    **dict.fromkeys(("Budget", "parse_duration"), "budget"),
    "measure_activity": "activity",
    "unfrozen_names": "depths",
    **dict.fromkeys(("Ended", "fit_table", "run_experiment"), "experiment"),
    "RunFolder": "folder",
    "calibrate": "pace",
    **dict.fromkeys(("estimate", "within"), "plan"),
    **dict.fromkeys(("Recipe", "read_recipe", "recipe_names"), "recipe"),
    **dict.fromkeys(("Request", "default_run_folder"), "request"),
    **dict.fromkeys(("STRATEGIES", "Strategy", "choose_strategies"), "strategy"),
    "survey": "outlook",
}

__getattr__, __dir__ = lazily(__name__, {name: f"{__name__}.{home}" for name, home in _HOMES.items()})
