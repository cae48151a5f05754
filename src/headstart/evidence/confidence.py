"""Whether a run's stated probabilities can be believed, read off its answers."""

from __future__ import annotations

from headstart.records.held_out import HeldOutAnswers
from headstart.records.metrics import Calibration

_LUCK = 1.25  # times the difference that luck alone would give


def right_when_sure(answers: HeldOutAnswers, run: str, stated: float = 0.95) -> tuple[int, int, float]:
    """Return how many answers state at least `stated`, how many of those are right, and their mean probability."""
    best = answers.probabilities[run].max(axis=1)
    sure = best >= stated
    right = (answers.answered(run) == answers.labels) & sure
    return int(sure.sum()), int(right.sum()), float(best[sure].mean()) if sure.any() else 0.0


def overconfident(answers: HeldOutAnswers, run: str) -> bool:
    """Return whether the stated probabilities are higher on average than the answers are right."""
    stated = float(answers.probabilities[run].max(axis=1).mean())
    return stated > float((answers.answered(run) == answers.labels).mean())


def off_by_more_than_luck(record: Calibration | None) -> bool:
    """Return whether stated and true differ by more than they would if all were true; False where nothing is known."""
    return record is not None and record.ece > _LUCK * record.ece_if_true
