"""The ways of transferring, and the experiment that tries them on equal terms."""

from headstart.strategies.budget import Budget, parse_duration
from headstart.strategies.experiment import fit_table, run_experiment
from headstart.strategies.folder import RunFolder
from headstart.strategies.ground import survey
from headstart.strategies.plan import calibrate, estimate, within
from headstart.strategies.recipe import Recipe, read_recipe, recipe_names
from headstart.strategies.request import Request, default_run_folder
from headstart.strategies.strategy import STRATEGIES, Strategy, choose_strategies

__all__ = [
    "STRATEGIES",
    "Budget",
    "Recipe",
    "Request",
    "RunFolder",
    "Strategy",
    "calibrate",
    "choose_strategies",
    "default_run_folder",
    "estimate",
    "fit_table",
    "parse_duration",
    "read_recipe",
    "recipe_names",
    "run_experiment",
    "survey",
    "within",
]
