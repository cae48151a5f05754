"""One experiment: what was asked for, what is shared, the plan, the run, and what may be concluded from it.

Each name is imported when it is first used: an experiment of heads on a known network needs no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.base.lazy import lazily

if TYPE_CHECKING:
    from headstart.experiment.budget import Budget, parse_duration
    from headstart.experiment.depths import unfrozen_names
    from headstart.experiment.dry_run import survey
    from headstart.experiment.fit import fit_table
    from headstart.experiment.folder import RunFolder
    from headstart.experiment.plan import estimate, within
    from headstart.experiment.recipe import Recipe, read_recipe, recipe_names
    from headstart.experiment.request import Request, default_run_folder
    from headstart.experiment.run import run_experiment
    from headstart.experiment.session import Ended

__all__ = [
    "Budget",
    "Ended",
    "Recipe",
    "Request",
    "RunFolder",
    "default_run_folder",
    "estimate",
    "fit_table",
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
    "unfrozen_names": "depths",
    "survey": "dry_run",
    "RunFolder": "folder",
    **dict.fromkeys(("estimate", "within"), "plan"),
    **dict.fromkeys(("Recipe", "read_recipe", "recipe_names"), "recipe"),
    **dict.fromkeys(("Request", "default_run_folder"), "request"),
    "Ended": "session",
    "fit_table": "fit",
    "run_experiment": "run",
}

__getattr__, __dir__ = lazily(__name__, {name: f"{__name__}.{home}" for name, home in _HOMES.items()})
