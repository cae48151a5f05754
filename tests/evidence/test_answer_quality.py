"""What came true of what was stated, as it stands in results.json."""

from __future__ import annotations

import numpy as np
import pytest

from headstart.base.types import softmax
from headstart.evidence.answer_quality import stated
from headstart.evidence.conformal import fit_sets


def drawn(rng, n):
    scores = rng.normal(size=(n, 3))
    labels = rng.integers(3, size=n)
    scores[np.arange(n), labels] += 1.5
    return softmax(scores), labels


def test_the_record_counts_what_it_says():
    rng = np.random.default_rng(0)
    sets = fit_sets(*drawn(rng, 50))
    probabilities, labels = drawn(rng, 40)
    rejected = np.arange(40) < 4
    record = stated(labels, probabilities, temperature=1.0, sets=sets, rejected=rejected)
    inside = sets.members(probabilities, 0.9)
    reached = record.sets.levels["0.9"]
    assert reached.coverage == inside[np.arange(40), labels].mean()
    assert reached.mean_size == inside.sum() / 40
    assert reached.single == (inside.sum(axis=1) == 1).mean()
    assert reached.empty == (~(probabilities >= sets.thresholds[0.9]).any(axis=1)).mean()
    low, high = reached.interval
    assert low < reached.coverage < high
    assert record.sets.levels["0.99"] is None
    assert (record.sets.pictures, record.sets.units) == (50, 50)
    assert record.none_of_these.share == pytest.approx(0.1)
    assert record.calibration.ece == record.calibration.ece_before


def test_what_is_not_stated_is_not_measured():
    probabilities, labels = drawn(np.random.default_rng(1), 30)
    nothing = stated(labels, probabilities, temperature=2.0)
    assert nothing.sets is nothing.none_of_these is None
    few = stated(labels, probabilities, temperature=2.0, sets=fit_sets(probabilities[:3], labels[:3]))
    assert few.none_of_these is None
    assert few.sets.levels == dict.fromkeys(("0.8", "0.9", "0.95", "0.99"))
