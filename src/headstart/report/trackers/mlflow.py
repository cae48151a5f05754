"""MLflow: a run for the comparison and, below it, one for each strategy; in the run folder unless the user says where.

Accelerate's `MLflowTracker` does not fit: it works on the process's one active run and its global address, so it
would end or change a run that the user has open, and ``MLFLOW_RUN_ID`` would put all strategies into one.
`MlflowClient` names its store and its run each time.
"""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from os import environ
from pathlib import Path
from typing import Any

from headstart.base.environment import silence
from headstart.report.trackers.entries import COMPARISON, Entry
from headstart.report.trackers.home import Home

# MLflow reports what is used to its makers otherwise.
with silence():
    import mlflow
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param

_KEY, _RUN, _WHOLE = "headstart.key", "headstart.run", "headstart.fingerprint"
_MOST_AT_ONCE, _LONGEST = 100, 500  # parameters in a call; letters of a value, which older servers refuse beyond


class Store:
    """One MLflow store.

    Parameters
    ----------
    home : Home
    """

    def __init__(self, home: Home) -> None:
        self._home, self._key = home, home.key()
        own = not mlflow.is_tracking_uri_set()
        home.path.mkdir(parents=True, exist_ok=True)
        address = f"sqlite:///{(home.path / 'mlflow.db').as_posix()}" if own else mlflow.get_tracking_uri()
        shown = f"sqlite:///{home.shown}/mlflow.db" if own else address
        self.look = f"mlflow ui --backend-store-uri {shown}" if own else f"in MLflow: {shown}"
        with _quietly():
            self._client = MlflowClient(tracking_uri=address)
            self._experiment = self._experiment_id(home.path / "mlflow" if own else None)
            self._runs = self._logged()

    def stands(self, entry: Entry) -> bool:
        """Return whether a run of this content ended well; a strategy's is put below the comparison that stands."""
        run = self._runs.get(entry.id)
        if run is None or run.data.tags.get(_WHOLE) != entry.fingerprint():
            return False
        parent = self._parent(entry)
        if run.data.tags.get("mlflow.parentRunId", "") != parent:
            self._client.set_tag(run.info.run_id, "mlflow.parentRunId", parent)
        return True

    def log(self, entry: Entry, mistakes: Path | None) -> None:
        """Log the entry as a new run, and remove what stood under its name; the mark that it is whole comes last."""
        with _quietly():
            self._remove(entry.id)
            now = time.time()
            run = self._client.create_run(
                self._experiment,
                start_time=_milliseconds(now - entry.seconds),
                run_name=entry.id if entry.run else self._home.experiment,
                tags={**self._tags(entry), _KEY: self._key, _RUN: entry.id},
            )
            self._log_numbers(run.info.run_id, entry, now)
            self._log_files(run.info.run_id, entry, mistakes)
            self._client.set_terminated(run.info.run_id, "FINISHED", end_time=_milliseconds(now))
            self._client.set_tag(run.info.run_id, _WHOLE, entry.fingerprint())
            self._runs[entry.id] = self._client.get_run(run.info.run_id)

    def _experiment_id(self, artifacts: Path | None) -> str:
        name = environ.get("MLFLOW_EXPERIMENT_NAME") or self._home.experiment
        found = self._client.get_experiment_by_name(name)
        if found is not None and artifacts is not None and found.artifact_location != artifacts.as_uri():
            self._forget(found, artifacts)
            found = None
        if found is not None:
            return str(found.experiment_id)
        return str(self._client.create_experiment(name, None if artifacts is None else artifacts.as_uri()))

    def _forget(self, moved: Any, artifacts: Path) -> None:
        """Remove our own experiment of a run folder that was elsewhere: MLflow would go on writing files there."""
        self._client.rename_experiment(moved.experiment_id, f"{moved.name} of {moved.artifact_location}")
        self._client.delete_experiment(moved.experiment_id)
        shutil.rmtree(artifacts, ignore_errors=True)

    def _logged(self) -> dict[str, Any]:
        """Return the runs of this folder by their entry; of several, which only a race leaves, the newest."""
        runs: dict[str, Any] = {}
        token = None
        while True:
            found = self._client.search_runs(
                [self._experiment], f"tags.`{_KEY}` = '{self._key}'", order_by=["start_time ASC"], page_token=token
            )
            runs |= {run.data.tags[_RUN]: run for run in found}
            token = found.token
            if not token:
                return runs

    def _remove(self, name: str) -> None:
        """Remove a run; MLflow keeps the files of a removed one, and ours are as large as the classifiers."""
        run = self._runs.pop(name, None)
        if run is None:
            return
        self._client.delete_run(run.info.run_id)
        files = self._home.path / "mlflow" / run.info.run_id
        if run.info.artifact_uri.startswith(files.as_uri()):
            shutil.rmtree(files, ignore_errors=True)

    def _parent(self, entry: Entry) -> str:
        return str(self._runs[COMPARISON].info.run_id) if entry.run and COMPARISON in self._runs else ""

    def _tags(self, entry: Entry) -> dict[str, str]:
        tags = {f"headstart.{name}": value for name, value in entry.tags.items()}
        parent = self._parent(entry)
        note = "\n\n".join(entry.texts.values())
        return {
            **tags,
            **({"mlflow.parentRunId": parent} if parent else {}),
            **({"mlflow.note.content": note} if note else {}),
        }

    def _log_numbers(self, run: str, entry: Entry, now: float) -> None:
        params = [Param(name, str(value)[:_LONGEST]) for name, value in entry.settings.items()]
        for begin in range(0, len(params), _MOST_AT_ONCE):
            self._client.log_batch(run, params=params[begin : begin + _MOST_AT_ONCE])
        metrics = [Metric(name, value, _milliseconds(now), 0) for name, value in entry.metrics.items()]
        for begin in range(0, len(metrics), 10 * _MOST_AT_ONCE):
            self._client.log_batch(run, metrics=metrics[begin : begin + 10 * _MOST_AT_ONCE])
        ended = now - sum(values.get("epoch/seconds", 0.0) for _, values in entry.curves)
        for step, values in entry.curves:
            ended += values.get("epoch/seconds", 0.0)
            self._client.log_batch(
                run, [Metric(name, value, _milliseconds(ended), step) for name, value in values.items()]
            )

    def _log_files(self, run: str, entry: Entry, mistakes: Path | None) -> None:
        for name, path in entry.files.items():
            if path.is_dir():
                self._client.log_artifacts(run, str(path), name)
            else:
                self._client.log_artifact(run, str(path))
        for name, told in entry.texts.items():
            self._client.log_text(run, told, f"{name}.md")
        for name, table in entry.tables.items():
            self._client.log_dict(run, {"columns": table.columns, "data": table.rows}, f"{name}.json")
        if entry.tables:
            shown = [{"path": f"{name}.json", "type": "table"} for name in entry.tables]
            self._client.set_tag(run, "mlflow.loggedArtifacts", json.dumps(shown))
        if mistakes is not None:
            self._client.log_artifact(run, str(mistakes), "mistakes")


def open_tracker(home: Home) -> Store:
    """Return MLflow, open for a run folder."""
    with silence():
        return Store(home)


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep to itself what MLflow says of making its tables."""
    logger = logging.getLogger("mlflow")
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)


def _milliseconds(seconds: float) -> int:
    return round(1000 * seconds)
