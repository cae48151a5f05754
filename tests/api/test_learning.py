"""What a comparison says beside its figures: of more training pictures, and of having chosen on val."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from experiments import QUICK

import headstart as hs
from headstart.words.learning import learning_text


def test_more_training_pictures_are_told_of(experiment: hs.api.Experiment) -> None:
    found = experiment.results.learning
    assert found.pictures == found.forecast.pictures == 24
    assert found.forecast.more == 48
    assert (np.diff(found.sizes) > 0).all()
    assert max(found.sizes) < 24
    low, high = found.forecast.interval
    assert low <= found.forecast.gain <= high
    assert learning_text(found) in " ".join([experiment.verdict.text, *experiment.verdict.details])
    assert "## Would more training pictures help?" in (experiment.folder / "report.md").read_text(encoding="utf-8")
    assert experiment.results.repeated_splits is experiment.results.optimism is None


def test_choosing_on_val_is_said_to_be_optimistic_and_by_how_much(pictures: Path, tmp_path: Path) -> None:
    run = hs.compare(pictures, out=tmp_path / "a.run", strategies="knn,scratch", select="val", **QUICK)
    found = run.results.optimism
    assert found.runs == 2
    assert found.epochs >= 2
    assert found.apparent >= max(record.metrics.val.accuracy for record in run.runs.values()) - 1e-9
    assert 0 <= found.optimism < 1
    (scratch,) = (record for record in run.results.runs if record.id == "scratch")
    assert len(scratch.training.chosen_among) == found.epochs
    assert " points too high (estimated by repeating the choice among 2 runs and " in (
        run.folder / "report.md"
    ).read_text(encoding="utf-8")
