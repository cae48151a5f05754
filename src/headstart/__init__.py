"""headstart: from a folder of pictures to an image classifier that can be trusted.

>>> import headstart as hs
>>> run = hs.compare("photos/")                     # doctest: +SKIP
>>> print(run.verdict.text)                         # doctest: +SKIP
>>> run.winner.predict(["new.jpg"])                 # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from headstart.api import (
        clear_cache,
        compare,
        demo,
        evaluate,
        fetch_data,
        fit,
        limit_cache,
        list_cache,
        list_weights,
        load,
        look,
        plan,
        predict,
        prepare_engine,
        run_recipe,
        stages,
        verify_weights,
    )
    from headstart.base.errors import HeadstartError
    from headstart.base.process import tune_process
    from headstart.estimator import ImageClassifier

__all__ = [
    "HeadstartError",
    "ImageClassifier",
    "__version__",
    "clear_cache",
    "compare",
    "demo",
    "evaluate",
    "fetch_data",
    "fit",
    "limit_cache",
    "list_cache",
    "list_weights",
    "load",
    "look",
    "plan",
    "predict",
    "prepare_engine",
    "run_recipe",
    "stages",
    "tune_process",
    "verify_weights",
]

_HOMES = {
    "HeadstartError": "headstart.base.errors",
    "ImageClassifier": "headstart.estimator",
    "tune_process": "headstart.base.process",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: ``import headstart`` alone loads neither torch nor scikit-learn."""
    if name not in __all__:
        raise AttributeError(f"module 'headstart' has no attribute '{name}'")
    return getattr(import_module(_HOMES.get(name, "headstart.api")), name)


def __dir__() -> list[str]:
    return __all__
