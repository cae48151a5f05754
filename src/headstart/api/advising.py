"""Saying which strategy to use, or which network, before anything is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

from headstart.api.arguments import Data, table_of
from headstart.api.commands import command_of, reproducing
from headstart.api.requests import request_of
from headstart.base.options import completed, takes
from headstart.base.process import settle_threads
from headstart.experiment.advise import advise_table
from headstart.experiment.option_table import AdviseOptions, elsewhere
from headstart.experiment.rank import rank
from headstart.records.forecast import AdviceRecord
from headstart.records.progress import Progress, Silent
from headstart.records.ranking import Ranking
from headstart.records.record import changed
from headstart.strategies.strategy import STRATEGIES, in_order


@takes(AdviseOptions, elsewhere)
def advise(data: Data, *, progress: Progress | None = None, **options: Unpack[AdviseOptions]) -> AdviceRecord | Ranking:
    """Recommend a strategy after one quick pass, with the accuracy to expect and what it costs.

    Parameters
    ----------
    data, progress
        As for `compare`. Only training pictures are looked at: those of train, or of the 75/25 that `compare` draws.
    **options
        See `headstart.experiment.option_table.AdviseOptions`.

    Returns
    -------
    AdviceRecord or Ranking
        What to use, what to expect of it, what was measured for that, and the command to type next. With `backbones`
        the ranking of the networks.

    Raises
    ------
    DataError, ConfigError, WeightsError, StoreError
        See `headstart.base.errors`; each says what to do.
    """
    chosen = completed(AdviseOptions, options)
    backbones, threads, split = chosen["backbones"], chosen["threads"], chosen["split"]
    request = request_of(options)
    settle_threads(threads)
    table = table_of(data, "advise", threads=threads, progress=progress)
    split_file = None if split is None else Path(split)
    listener = progress or Silent()
    if backbones is not None:
        names = [name.strip() for name in backbones.split(",")] if isinstance(backbones, str) else list(backbones)
        return rank(table, request, names, threads=threads, progress=listener, split_file=split_file)
    advice = advise_table(table, request, threads=threads, progress=listener, split_file=split_file)
    # Worth comparing: what is advised, and what costs next to nothing beside it.
    compared = in_order([advice.strategy, *(name for name, row in STRATEGIES.items() if row.solves)])
    wanted = reproducing("compare", {**options, "strategies": compared})
    return changed(advice, command=command_of("compare", data, wanted))
