"""Saying which strategy to use, or which network, before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart.api.commands import command_of
from headstart.api.comparing import request_of
from headstart.base.process import settle_threads
from headstart.experiment.advise import advise_table
from headstart.experiment.rank import rank
from headstart.records.progress import Progress, Silent
from headstart.table import Table, read_table

# What is worth comparing when one of them is advised: it, and what costs next to nothing beside it.
_COMPARED = {"linear": ("knn", "linear", "svm"), "partial": ("knn", "linear", "svm", "partial")}


def advise(
    data: str | Path | Table,
    *,
    backbones: Sequence[str] | str | None = None,
    split: str | Path | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Say which strategy these pictures want, what to expect of it and what it costs, for one frozen pass.

    Parameters
    ----------
    data, split, threads, progress
        As for `compare`. Only training pictures are looked at: those of train, or of the 75/25 that `compare` draws.
    backbones : sequence of str or str, optional
        Rank these networks (names, or weights files) instead, apart by commas in one string.
    **options
        Every other option of `compare` that bears on the frozen pass: backbone, weights, image_size, framing, seed ...

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
    # How much of the network is trained is a question for `compare`: one frozen pass does not answer it.
    request = replace(request_of("advise", None, options), cut=None, unfreeze=None)
    settle_threads(threads)
    table = data if isinstance(data, Table) else read_table(data, threads=threads, progress=progress)
    split_file = None if split is None else Path(split)
    listener = progress or Silent()
    if backbones is not None:
        names = [name.strip() for name in backbones.split(",")] if isinstance(backbones, str) else list(backbones)
        return rank(table, request, names, threads=threads, progress=listener, split_file=split_file)
    advice = advise_table(table, request, threads=threads, progress=listener, split_file=split_file)
    wanted = replace(request, strategies=_COMPARED[advice["strategy"]])
    return {**advice, "command": command_of(data, wanted, None, split)}
