"""The run folder: whose it is, what already stands in it, and how it grows without ever being wrong.

``plan.json`` is written first and says whose folder this is; ``results.json`` is rewritten, durably, after
every finished strategy and is valid at any moment. A killed run continues from what stands.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from headstart.base.errors import ConfigError
from headstart.base.files import store_error
from headstart.base.outputs import RUN, claim
from headstart.records.activity import ActivityRecord
from headstart.records.codec import plain, read_record, write_record
from headstart.records.columns import PredictionsFile
from headstart.records.plan import PLAN_SCHEMA, PlanRecord
from headstart.records.progress import Progress, Step
from headstart.records.record import Scalar
from headstart.records.request import RequestRecord
from headstart.records.results import SCHEMA, Results
from headstart.records.run import RunRecord
from headstart.records.training import Epoch
from headstart.strategies.strategy import in_order

ANOTHER = "Choose another run folder with --out (out= in Python)."
AGAIN = "Remove the run folder (or choose another one with --out) and run the same compare command again."


@dataclass(frozen=True)
class RunFolder:
    """A folder that belongs to one experiment."""

    path: Path

    @property
    def results_path(self) -> Path:
        """Where results.json stands."""
        return self.path / "results.json"

    def bundle(self, run: str) -> Path:
        """Return the folder of a run's bundle."""
        return self.path / "bundles" / run

    def predictions(self, run: str) -> PredictionsFile:
        """Return the file of a run's predictions."""
        return PredictionsFile(self.path / "predictions" / f"{run}.parquet")

    @property
    def activity(self) -> Path:
        """Where it stands what was counted of the networks' feature maps."""
        return self.path / "activity" / "activity.json"

    def checkpoint(self, run: str) -> Path:
        """Return the folder of a run's checkpoint while it trains."""
        return self.path / "checkpoints" / run

    def claim(self, fingerprint: str, request: RequestRecord) -> None:
        """Check that the folder is free or belongs to this experiment; `request` is its options, for the message.

        Raises
        ------
        ConfigError
            If it holds another experiment, or anything that headstart did not write.
        """
        claim(self.path, RUN)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            present = {entry.name for entry in self.path.iterdir() if not entry.name.startswith(".")}
        except OSError as error:
            raise store_error(self.path, error) from error
        self.results()  # of an older schema it names the command that makes it again; a plan does not
        plan = self.plan()
        foreign = present - {"plan.json", "log.jsonl", "split.parquet"}
        if plan is None and foreign:
            raise ConfigError(
                f"'{self.path}' holds '{min(foreign)}' but no plan.json: no run to continue; nothing was touched.",
                hint=ANOTHER,
            )
        if plan is not None and plan.fingerprint != fingerprint:
            raise ConfigError(
                f"'{self.path}' holds another experiment ({_differences(plan.request, request)}).",
                hint="Choose another run folder with --out (out= in Python), or remove that one to start over.",
            )

    @contextmanager
    def left_if_used(self) -> Iterator[None]:
        """Remove the folder if what happens inside ends early and has put nothing into it."""
        try:
            yield
        except BaseException:
            with suppress(OSError):  # it is not empty, or it is gone
                self.path.rmdir()
            raise

    def check(self) -> None:
        """Refuse a folder that cannot be read. Raises StoreError."""
        self.results()
        self.plan()

    def plan(self) -> PlanRecord | None:
        """Return plan.json, or None before it is written."""
        path = self.path / "plan.json"
        return read_record(path, PlanRecord, schema=PLAN_SCHEMA, again=AGAIN) if path.exists() else None

    def planned(self) -> tuple[str, ...]:
        """Return the strategies that were planned here so far, finished or not."""
        plan = self.plan()
        return () if plan is None else plan.request.strategies

    def results(self) -> Results | None:
        """Return results.json as far as it goes, or None before the first strategy is finished."""
        path = self.results_path
        return read_record(path, Results, schema=SCHEMA, again=AGAIN) if path.exists() else None

    def counted(self) -> ActivityRecord | None:
        """Return what was counted of feature maps, or None where nothing was."""
        return read_record(self.activity, ActivityRecord, again=AGAIN) if self.activity.exists() else None

    def write_plan(self, plan: PlanRecord) -> None:
        """Write plan.json."""
        write_record(self.path / "plan.json", plan)

    def write_results(self, results: Results) -> Results:
        """Write results.json and return it as a reader finds it: plain numbers, nothing that is no number."""
        write_record(self.results_path, results)
        return read_record(self.results_path, Results, schema=SCHEMA, again=AGAIN)

    def stands(self, record: RunRecord) -> bool:
        """Return whether a recorded run's predictions and bundle are still there; else it is done again."""
        if not self.predictions(record.id).stands():
            return False
        return self.bundle(record.id).joinpath("bundle.json").is_file()

    def standing_runs(self) -> list[RunRecord]:
        """Return the recorded runs that stand, in the order of the table of strategies."""
        results = self.results()
        return [] if results is None else self.in_order(run for run in results.runs if self.stands(run))

    def in_order(self, runs: Iterable[RunRecord]) -> list[RunRecord]:
        """Return records of runs in the order in which they are planned here."""
        by_id = {run.id: run for run in runs}
        return [by_id[name] for name in in_order([*self.planned(), *by_id]) if name in by_id]

    def drop_checkpoint(self, run: str) -> None:
        """Remove a finished run's checkpoint, and the folder of checkpoints when it is the last."""
        shutil.rmtree(self.checkpoint(run), ignore_errors=True)
        with suppress(OSError):
            (self.path / "checkpoints").rmdir()


def _differences(there: RequestRecord, here: RequestRecord) -> str:
    """Return what tells two experiments apart, in a few words."""
    before, now = plain(there), plain(here)
    if now["cut"] == "auto" and not before["cut"]:  # which names strategies, no more
        now["cut"] = before["cut"]
    told = [
        f"{name}: {_short(before[name])} there, {_short(now[name])} here"
        for name in sorted(set(now) - {"device", "offline", "strategies"})
        if before[name] != now[name]
    ]
    return "; ".join(told) or "other pictures, another split, other defaults or another version"


def _short(value: object) -> str:
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return "default" if value is None else str(value)


class Logged:
    """A listener that passes everything on and keeps a line of it in log.jsonl."""

    def __init__(self, inner: Progress, path: Path) -> None:
        self._inner, self._path = inner, path

    @contextmanager
    def step(self, name: str, total: int, unit: str = "pictures") -> Iterator[Step]:
        """Pass a step on and note how long it took."""
        begin = time.perf_counter()
        with self._inner.step(name, total, unit) as step:
            yield step
        self._note(step=name, total=total, unit=unit, seconds=time.perf_counter() - begin)

    def message(self, text: str) -> None:
        """Pass a message on and note it."""
        self._inner.message(text)
        self._note(message=text)

    def epoch(self, run: str, record: Epoch) -> None:
        """Pass an epoch on and note it."""
        self._inner.epoch(run, record)
        self._note(run=run, **plain(record))

    def result(self, record: RunRecord) -> None:
        """Pass a finished run on and note it."""
        self._inner.result(record)
        self._note(finished=record.id, seconds=record.seconds.total)

    def _note(self, **values: Scalar) -> None:
        line = json.dumps({"time": time.time(), **values}, ensure_ascii=False, default=str)
        try:
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write(line + "\n")
        except OSError as error:
            raise store_error(self._path, error) from error
