"""Telling trackers of a run folder: when a comparison ends, or later from what stands there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from headstart.base.errors import HeadstartError
from headstart.records.progress import Progress, Silent
from headstart.records.results import Results
from headstart.report.text import quoted

if TYPE_CHECKING:
    from headstart.report.trackers.choosing import Tracked


def track(
    run: str | Path,
    trackers: Sequence[str] | str,
    *,
    data: str | Path | None = None,
    progress: Progress | None = None,
) -> list[Tracked]:
    """Log a run folder to trackers: settings, curves, figures with intervals, tables, mistakes, classifiers.

    One run for each strategy, grouped below the experiment's name, and one that compares them. What a tracker
    already has is not logged again; what was left incomplete is. Unless the environment says otherwise everything is
    written into ``RUN/trackers`` and nothing is sent: MLflow follows ``MLFLOW_TRACKING_URI`` (or
    `mlflow.set_tracking_uri`) and ``MLFLOW_EXPERIMENT_NAME``, W&B follows ``WANDB_MODE``, ``WANDB_PROJECT``,
    ``WANDB_DIR`` and the others.

    Parameters
    ----------
    run : path
        A folder that `compare` wrote; an unfinished one is logged as far as it goes.
    trackers : sequence of str or str
        Of tensorboard, mlflow, wandb.
    data : path, optional
        Where the pictures are now, if they are no longer where they were; only the mistakes need them.
    progress : Progress, optional
        A listener.

    Returns
    -------
    list of Tracked
        For each what to type to see it, and how many runs were logged now.

    Raises
    ------
    ConfigError
        If there is no such tracker.
    DependencyError
        If its package is not installed.
    StoreError
        If there is no run folder or no result in it yet, or it cannot be written.
    DataError
        If `data` holds none of the pictures.
    TrackerError
        If the tracker cannot be reached or written.
    """
    from headstart.report.page.reading import read_results
    from headstart.report.trackers.choosing import choose_trackers, tell

    asked, folder = choose_trackers(trackers), Path(run)
    results, pictures = read_results(folder), None if data is None else Path(data)
    typed = quoted(str(folder))
    return [
        tell(name, results, folder, pictures=pictures, progress=progress or Silent(), typed=typed) for name in asked
    ]


def track_ended(
    trackers: Sequence[str], results: Results, folder: Path, pictures: Path, progress: Progress
) -> tuple[Tracked, ...]:
    """Tell trackers of a comparison that just ended; whatever goes wrong takes nothing from its results."""
    if not trackers:
        return ()
    from headstart.report.trackers.choosing import TRACKERS, Tracked, tell

    told: list[Tracked] = []
    for name in trackers:
        try:
            typed = quoted(str(folder))
            told.append(tell(name, results, folder, pictures=pictures, progress=progress, typed=typed))
        except HeadstartError as error:  # hours of training may lie behind; the results stand
            told.append(Tracked(name, TRACKERS[name].title, error=str(error)))
    return tuple(told)
