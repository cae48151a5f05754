"""How the runs stand: which pictures measure, over how many splits, in which order, and what marks each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from headstart.report.numbers import decimal

Results = Mapping[str, Any]
Run = Mapping[str, Any]

TAKEN, DOUBTFUL, TIED, SAME = "✓", "?", "≈", "="


def chance_accuracy(results: Results) -> float | None:
    """Return the accuracy of always answering with the commonest class of the measured split."""
    counts = results.get("data", {}).get("counts", {}).get(measured_split(results)) or {}
    total = sum(counts.values())
    return max(counts.values()) / total if total else None


def measured_split(results: Results) -> str:
    """Return ``"test"`` if any run was measured on it, else ``"val"``."""
    return "test" if any((run.get("metrics") or {}).get("test") for run in results.get("runs", [])) else "val"


def metrics_of(run: Run, split: str) -> Mapping[str, Any]:
    """Return a run's metrics on `split`, empty where it has none."""
    return (run.get("metrics") or {}).get(split) or {}


def ranked(results: Results) -> list[Run]:
    """Return the runs by the accuracy that decides, the cheaper first among equals, the unmeasured last."""

    def order(run: Run) -> tuple[float, float, float]:
        accuracy = deciding(results, run).get("accuracy")
        trained = (run.get("parameters") or {}).get("trained") or 0
        return (math.inf if accuracy is None else -accuracy, run.get("flops") or 0.0, trained)

    return sorted(results.get("runs", []), key=order)


def cut_of(run: Run) -> str:
    """Return where the trained part starts: at ``pool`` also where training was not better than the solved head.

    ``stages`` is a head that reads several of them, not the end alone.
    """
    settings = run.get("settings") or {}
    if settings.get("readout") == "stages":
        return "stages"
    return "pool" if settings.get("epoch_chosen") == 0 else str(run.get("cut") or "")


def over_splits(results: Results) -> Mapping[str, Mapping[str, Any]]:
    """Return what each strategy reached over folds and seeds, where these decided the verdict; else nothing."""
    entries = (results.get("resampling") or {}).get("strategies") or ()
    return {entry["strategy"]: entry for entry in entries} if all(entry["interval"] for entry in entries) else {}


def splits_text(results: Results) -> str:
    """Return for example "5 x 4 splits"."""
    found = results["resampling"]
    return f"{found['folds']} x {found['seeds']} splits" if found["folds"] else f"{found['seeds']} splits"


def deciding(results: Results, run: Run) -> Mapping[str, Any]:
    """Return accuracy and interval by which the verdict weighed a run: over splits, or of the one."""
    means = over_splits(results)
    return means.get(run["id"], {}) if means else metrics_of(run, measured_split(results))


def above_chance(results: Results) -> bool:
    """Return whether the winner can be told from answering without looking."""
    return (results.get("verdict") or {}).get("above_chance") is not False


def decided(results: Results) -> bool:
    """Return whether something may be called better; else the winner is only what to go on with."""
    return (results.get("verdict") or {}).get("decided") is not False


def marks(results: Results) -> dict[str, str]:
    """Return the sign of each run that has one."""
    decision = results.get("verdict") or {}
    found = {
        **dict.fromkeys(decision.get("tied_with") or (), TIED),
        **dict.fromkeys(decision.get("same_as") or (), SAME),
    }
    if decision.get("winner"):
        found[decision["winner"]] = TAKEN if above_chance(results) and decided(results) else DOUBTFUL
    return found


def optimism(results: Results) -> list[str]:
    """Return by how much the best figure is likely to be too good, where that was estimated."""
    found = results.get("optimism")
    if not found:
        return []
    looks = f"{found['runs']} run{'s' if found['runs'] != 1 else ''} and {found['epochs']} epochs"
    return [
        f"The best one, {decimal(found['apparent'])}, by about {100 * found['optimism']:.1f} points (the choice among "
        f"{looks} repeated by bootstrap)."
    ]
