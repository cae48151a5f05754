"""How black the feature maps are, before and after training more and more of the network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Unpack

from headstart.api.arguments import Data, check_data, table_of
from headstart.api.commands import command_of, reproducing
from headstart.api.experiment import Experiment
from headstart.api.reporting import page_of, standing_ids, with_activity
from headstart.api.requests import request_of
from headstart.base.options import completed, takes
from headstart.base.outputs import RUN, claim
from headstart.base.params import bad_parameter
from headstart.experiment import Request, RunFolder, default_run_folder, run_experiment, unfrozen_names
from headstart.experiment.option_table import ActivityOptions, elsewhere
from headstart.records.progress import Progress, Silent
from headstart.report.markdown import write_markdown
from headstart.strategies.strategy import PART, REFERENCE
from headstart.table import Table, tell_skipped

_RANGE = re.compile(r"(?:(\d+)\s*\.\.\s*)?(\d+)")


@takes(ActivityOptions, elsewhere)
def activity(data: Data, *, progress: Progress | None = None, **options: Unpack[ActivityOptions]) -> Experiment:
    """Measure how much of the last feature maps stays inactive, for each number of trained stages.

    The frozen network, and one training for each number of trained stages, all for the same number of epochs on
    all training pictures, see the same held-out pictures. Nothing is chosen among the epochs.

    Parameters
    ----------
    data, progress
        As for `compare`.
    **options
        See `headstart.experiment.option_table.ActivityOptions`. The frozen network is always among those compared. A
        run folder continues, and a higher `unfreeze` adds to what is already in it.

    Returns
    -------
    Experiment
        ``results.activity`` holds shares with their intervals, dead units and the answer in words;
        ``results.runs`` what the trained networks answer.

    Raises
    ------
    ConfigError
        If the network has fewer stages, or they cannot be watched, or an option has no meaning here.
    DataError, WeightsError, StoreError
        As `compare`.
    """
    check_data(data, "activity")
    chosen, listener = completed(ActivityOptions, options), progress or Silent()
    counts = _counts(chosen["unfreeze"])
    out, split, threads = chosen["out"], chosen["split"], chosen["threads"]
    place = claim(out or _usual_place(data.root if isinstance(data, Table) else data), RUN)
    request = _request(options, counts)
    table = table_of(data, "activity", threads=threads, progress=progress)
    tell_skipped(table, progress)
    told = reproducing("activity", {**options, "unfreeze": counts[-1], "out": place})
    stood = standing_ids(place)
    ended = run_experiment(
        table,
        request,
        RunFolder(place),
        command=lambda _: command_of("activity", data, told),
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
        raise bad_parameter("unfreeze", "activity", "how many stages at most, from 1, e.g. '0..3' or 3", unfreeze)
    return counts


def _request(options: Mapping[str, object], counts: Sequence[int]) -> Request:
    """Return the request for these numbers of trained stages, the last features alone: those of the counted layer."""
    shared = {name: value for name, value in options.items() if name != "unfreeze"}
    shared |= {"fixed": True, "readout": "pool"}
    plain = request_of({**shared, "strategies": [REFERENCE.name, PART.name]})
    return request_of({**shared, "strategies": unfrozen_names(plain, counts)})


def _usual_place(data: str | Path) -> Path:
    usual = default_run_folder(data)
    return usual.with_name(f"{usual.stem}.activity.run")
