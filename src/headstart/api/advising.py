"""Saying which strategy to use, or which network, before anything is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Unpack

from headstart.api.commands import command_of, reproducing
from headstart.api.requests import request_of
from headstart.base.options import completed, takes
from headstart.base.process import settle_threads
from headstart.experiment.advise import advise_table
from headstart.experiment.option_table import AdviseOptions, elsewhere
from headstart.experiment.rank import rank
from headstart.records.progress import Progress, Silent
from headstart.table import Table, read_table

# What is worth comparing when one of them is advised: it, and what costs next to nothing beside it.
_COMPARED = {"linear": ("knn", "linear", "svm"), "partial": ("knn", "linear", "svm", "partial")}


@takes(AdviseOptions, elsewhere)
def advise(
    data: str | Path | Table, *, progress: Progress | None = None, **options: Unpack[AdviseOptions]
) -> dict[str, Any]:
    """Recommend a strategy after one quick pass, with the accuracy to expect and what it costs.

    Parameters
    ----------
    data, progress
        As for `compare`. Only training pictures are looked at: those of train, or of the 75/25 that `compare` draws.
    **options
        See `headstart.experiment.option_table.AdviseOptions`.

    Returns
    -------
    dict
        ``strategy`` and ``cut``, the ``accuracy`` to expect of it on new pictures with its ``interval``, ``seconds``;
        ``size`` and ``similarity`` with what was measured for them, ``text``, and the ``command`` to type next.
        With `backbones`: ``ranking``, ``comparisons`` and ``verdict``.

    Raises
    ------
    DataError, ConfigError, WeightsError, StoreError
        See `headstart.base.errors`; each says what to do.
    """
    chosen = completed(AdviseOptions, options)
    backbones, threads, split = chosen["backbones"], chosen["threads"], chosen["split"]
    request = request_of(options)
    settle_threads(threads)
    table = data if isinstance(data, Table) else read_table(data, threads=threads, progress=progress)
    split_file = None if split is None else Path(split)
    listener = progress or Silent()
    if backbones is not None:
        names = [name.strip() for name in backbones.split(",")] if isinstance(backbones, str) else list(backbones)
        return rank(table, request, names, threads=threads, progress=listener, split_file=split_file)
    advice = advise_table(table, request, threads=threads, progress=listener, split_file=split_file)
    wanted = reproducing("compare", {**options, "strategies": _COMPARED[advice["strategy"]]})
    return {**advice, "command": command_of("compare", data, wanted)}
