"""headstart: from a folder of pictures to an image classifier that can be trusted.

>>> import headstart as hs
>>> run = hs.compare("photos/")                     # doctest: +SKIP
>>> print(run.verdict.text)                         # doctest: +SKIP
>>> run.winner.predict(["new.jpg"])                 # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headstart.base.lazy import lazily as _lazily
from headstart.base.version import __version__ as __version__

if TYPE_CHECKING:
    from headstart.api import (
        activity,
        advise,
        clear_cache,
        compare,
        compare_runs,
        demo,
        evaluate,
        export,
        fetch_data,
        fit,
        limit_cache,
        list_cache,
        list_weights,
        load,
        load_exported,
        look,
        pack,
        plan,
        predict,
        predict_many,
        prepare_engine,
        run_recipe,
        serve,
        stages,
        track,
        verify,
        verify_weights,
        write_report,
    )
    from headstart.base.errors import HeadstartError
    from headstart.base.process import tune_process
    from headstart.estimator import ImageClassifier

__all__ = [
    "HeadstartError",
    "ImageClassifier",
    "__version__",
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
    "tune_process",
    "verify",
    "verify_weights",
    "write_report",
]

_HOMES = {
    "HeadstartError": "headstart.base.errors",
    "ImageClassifier": "headstart.estimator",
    "tune_process": "headstart.base.process",
}

# ``import headstart`` alone loads neither torch nor scikit-learn.
_get, _ = _lazily(__name__, {name: _HOMES.get(name, "headstart.api") for name in __all__ if name != "__version__"})


def __getattr__(name: str) -> Any:
    return _get(name)


def __dir__() -> list[str]:
    return __all__
