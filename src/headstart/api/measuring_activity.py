"""How black the feature maps are, before and after training more and more of the network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart.api.commands import command_of
from headstart.api.comparing import request_of
from headstart.api.experiment import Experiment
from headstart.api.reporting import page_of, standing_ids, with_activity
from headstart.base.errors import ConfigError
from headstart.base.params import bad_parameter
from headstart.experiment import Request, RunFolder, default_run_folder, run_experiment, unfrozen_names
from headstart.records.progress import Progress, Silent
from headstart.report.markdown import write_markdown
from headstart.table import Table, read_table

USUAL = "0..3"
# What says how much is trained, or chooses among trainings, is the experiment's own.
_OWN = ("cut", "fixed", "folds", "head", "readout", "scratch", "seeds", "select")
_RANGE = re.compile(r"(?:(\d+)\s*\.\.\s*)?(\d+)")


def activity(
    data: str | Path | Table,
    *,
    unfreeze: str | int | Iterable[int] = USUAL,
    out: str | Path | None = None,
    split: str | Path | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Experiment:
    """Count the inactive units of the last stage's feature maps against how many stages are unfrozen.

    The frozen network, and one training for each number of unfrozen stages, all for the same number of epochs on
    all training pictures, pass the same held-out pictures; nothing is chosen among the epochs.

    Parameters
    ----------
    data : path or Table
        As for `compare`.
    unfreeze : str, int or iterable of int
        How many of the last stages are trained: ``"0..3"`` (or 3) for none, one, two and three. The frozen network is
        always among them.
    out : path, optional
        The run folder; by default the data's name with ``.activity.run`` in the current folder. The same call
        continues; a higher number adds to what stands.
    split, threads, progress
        As for `compare`.
    **options
        Options of `compare` that bear on the training: backbone, weights, epochs, seed, framing, augment ...

    Returns
    -------
    Experiment
        ``results["activity"]`` holds shares with their intervals, dead units and the answer in words;
        ``results["runs"]`` what the trained networks answer.

    Raises
    ------
    ConfigError
        If the network has fewer stages, or they cannot be watched, or an option has no meaning here.
    DataError, WeightsError, StoreError
        As `compare`.
    """
    counts, listener = _counts(unfreeze), progress or Silent()
    request = _request(options)
    request = replace(request, strategies=unfrozen_names(request, counts))
    table = data if isinstance(data, Table) else read_table(data, threads=threads, progress=progress)
    place = Path(out) if out is not None else _usual_place(table.root if isinstance(data, Table) else data)
    stood = standing_ids(place)
    ended = run_experiment(
        table,
        request,
        RunFolder(place),
        command=lambda _: _command(data, request, place, split, counts[-1]),
        progress=listener,
        threads=threads,
        split_file=None if split is None else Path(split),
    )
    results = with_activity(place, ended.results, table.root, listener)
    write_markdown(results, place / "report.md")
    page_of(results, place, table.root, listener, stood=stood)
    return Experiment(place, results, ended.engine_candidate)


def _counts(unfreeze: str | int | Iterable[int]) -> list[int]:
    """Return numbers of unfrozen stages, ascending, 0 among them."""
    asked: Iterable[int]
    if isinstance(unfreeze, str):
        found = _RANGE.fullmatch(unfreeze.strip())
        asked = range(int(found[1] or 0), int(found[2]) + 1) if found else range(0)
    else:
        asked = range(unfreeze + 1) if isinstance(unfreeze, int) else unfreeze
    counts = sorted({0, *asked})
    if counts[0] < 0 or len(counts) < 2:
        raise bad_parameter(
            "unfreeze", "activity", f"how many stages at most, from 1, such as '{USUAL}' or 3", unfreeze
        )
    return counts


def _request(options: Mapping[str, Any]) -> Request:
    for name in _OWN:
        if name in options:
            raise ConfigError(
                f"activity() has no option '{name}': every training is alike but for the number of unfrozen stages.",
                hint="headstart compare DATA has it; headstart report RUN --activity then counts there.",
            )
    # The last features alone: those of the layer that is counted.
    return replace(request_of("activity", ["linear", "partial"], options), fixed=True, readout="pool")


def _usual_place(data: str | Path) -> Path:
    usual = default_run_folder(data)
    return usual.with_name(f"{usual.stem}.activity.run")


def _command(data: str | Path | Table, request: Request, out: Path, split: str | Path | None, most: int) -> str:
    """Return what to type: every option that is not the experiment's own, and how many stages at most."""
    plain = replace(request, strategies=Request().strategies, fixed=False, readout="auto", unfreeze=most)
    return command_of(data, plain, out, split, verb="activity")
