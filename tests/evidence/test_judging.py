"""What pictures can judge, and that nothing is concluded beyond it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.evidence.candidate import Candidate
from headstart.evidence.intervals import wilson
from headstart.evidence.judging import Balanced, Judges, against_guessing, can_be_beaten, hardest_class
from headstart.evidence.metrics import measure
from headstart.evidence.over_splits import decide_over_splits
from headstart.evidence.paired import compare_pairs
from headstart.evidence.reasons import (
    GuessingUnjudged,
    NothingLearned,
    OneClassOnly,
    SmallClass,
    TooFewPictures,
)
from headstart.evidence.verdict import Verdict, decide
from headstart.words.verdict import verdict_record

ACCUSING = ("Nothing was learned", "labels belong", "no better than guessing", "causes")


def judged(counts: dict[str, int], *right: tuple[int, ...]) -> Verdict:
    """Return the verdict on candidates that answer so many pictures of each class right."""
    labels = np.repeat(np.arange(len(counts)), list(counts.values()))
    candidates = []
    for place, of_class in enumerate(right):
        numbers = zip(counts.values(), of_class, strict=True)
        correct = np.concatenate([np.arange(count) < good for count, good in numbers])
        named = np.where(correct, labels, (labels + 1) % len(counts))
        found = measure(labels, np.eye(len(counts))[named])
        candidates.append(
            Candidate(
                f"c{place}", found.accuracy, correct, 1e9, 9, place, 0, found.interval, balanced=Balanced.of(found)
            )
        )
    pairs = compare_pairs({one.id: one.correct for one in candidates}, split="val")
    return decide(candidates, pairs, split="val", judges=Judges.of(counts))


def text_of(verdict: Verdict) -> str:
    record = verdict_record(verdict)
    return " ".join((record.text, *record.details))


def test_counts_say_what_is_missing() -> None:
    found = Judges.of({"ants": 8, "bees": 0, "flies": 3})
    assert (found.pictures, found.least, found.absent, found.few, found.only) == (11, 0, ("bees",), ("flies",), None)
    assert (found.enough, found.others, found.smallest) == (False, 3, ("bees",))
    assert [found.sure_of(name) for name in ("ants", "bees", "flies")] == [True, False, False]
    assert Judges.of({"ants": 8, "bees": 0}).only == "ants"
    assert not Judges.of({"ants": 0}).beatable


@given(st.integers(1, 3000), st.floats(0.0, 1.0))
def test_guessing_can_be_beaten_where_all_right_would_surely_be_better(pictures: int, chance: float) -> None:
    low = wilson(pictures, pictures)[0]
    if abs(low - chance) > 1e-9:
        assert can_be_beaten(pictures, chance) == (low > chance)


@given(st.integers(1, 60), st.integers(0, 60))
def test_of_one_class_nothing_is_ever_called_worse_than_guessing(count: int, right: int) -> None:
    """Always naming that class is always right, so no classifier can be better."""
    verdict = judged({"ants": count, "bees": 0}, (min(right, count), 0), (count, 0))
    (only,) = verdict.reasons
    assert isinstance(only, OneClassOnly)
    assert (only.only, only.absent) == ("ants", ("bees",))
    assert (verdict.above_chance, verdict.judged, verdict.decided) == (False, False, False)
    said = text_of(verdict)
    assert "can't be judged: val holds no picture of 'bees'" in said
    assert not any(word in said for word in ACCUSING)


@given(st.integers(1, 200), st.integers(1, 200), st.integers(0, 200), st.integers(0, 200))
def test_labels_are_doubted_only_where_a_good_classifier_is_ruled_out(a: int, b: int, some: int, other: int) -> None:
    right = (min(some, a), min(other, b))
    verdict = judged({"ants": a, "bees": b}, right)
    chance, low_high = max(a, b) / (a + b), wilson(sum(right), a + b)
    if any(isinstance(reason, NothingLearned) for reason in verdict.reasons):
        assert low_high[1] <= (1 + chance) / 2
        assert wilson(a + b, a + b)[0] > chance
    if not wilson(a + b, a + b)[0] > chance and not verdict.above_chance:
        assert any(isinstance(reason, GuessingUnjudged) for reason in verdict.reasons)
        assert not any(word in text_of(verdict) for word in ACCUSING)


def test_one_bee_among_ants_is_named_and_nothing_is_concluded() -> None:
    verdict = judged({"ants": 13, "bees": 1}, (13, 0), (13, 1))
    assert [type(reason) for reason in verdict.reasons] == [TooFewPictures, GuessingUnjudged]
    said = text_of(verdict)
    assert "There is no winner yet: val holds only 1 picture of 'bees'." in said
    assert "only 1 of 14 validation pictures shows another class than the most common one" in said
    assert not any(word in said for word in ACCUSING)


def test_over_folds_a_small_class_decides_nothing_either() -> None:
    judges = Judges.of({"ants": 54, "bees": 3})
    interval = (0.9, 0.95)
    one = Candidate("a", 0.94, np.zeros(0, bool), 1e9, 9, 0, interval=interval)
    verdict = decide_over_splits([one], [], folds=3, seeds=1, judges=judges)
    assert not verdict.decided
    assert any(isinstance(reason, GuessingUnjudged) for reason in verdict.reasons)
    assert SmallClass(verdict.reasons[0].on, 3, ("bees",)) in verdict.reasons
    assert "there are only 3 pictures of 'bees'" in text_of(verdict)


@pytest.mark.parametrize(("few", "decided"), [(2, False), (5, True)])
def test_a_tick_needs_pictures_of_each_class_however_right_the_few_are(few: int, decided: bool) -> None:
    verdict = judged({"ants": 20, "bees": few}, (20, few))
    assert verdict.decided == decided
    assert "100 % of a class" not in text_of(verdict)


def test_no_class_of_a_handful_is_called_the_hardest() -> None:
    labels = np.repeat([0, 1, 2], [40, 40, 2])
    measured = measure(labels, np.eye(3)[np.where(labels == 2, 0, labels)])
    names = ("ants", "bees", "flies")
    assert hardest_class(measured, names) == ("flies", 0.0)
    assert hardest_class(measured, names, Judges.of(dict(zip(names, (40, 40, 2), strict=True)))) is None


def test_each_answer_about_guessing() -> None:
    assert against_guessing(100, 0.5, 0.7, (0.6, 0.8)) == "better"
    assert against_guessing(100, 0.9, 0.88, (0.8, 0.93), Balanced(0.8, (0.6, 0.9), 2)) == "apart"
    assert against_guessing(100, 0.5, 0.5, (0.4, 0.6)) == "no better"
    assert against_guessing(10, 0.5, 0.5, (0.24, 0.76)) == "unclear", "for all that is known it may be right on 3 of 4"
    assert against_guessing(8, 1.0, 0.75, (0.4, 0.96)) == "unjudged"
