"""The verdict in words, case by case: three sentences that are plain and true, and the rest below them."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.evidence.candidate import Candidate
from headstart.evidence.judging import Balanced, Judges
from headstart.evidence.metrics import measure
from headstart.evidence.paired import compare_pairs
from headstart.evidence.reasons import (
    CheaperOfTied,
    Cheapest,
    ClearWinner,
    DepthsCompared,
    Difference,
    MostAccurate,
    NearChance,
    NothingLearned,
    OnlyOne,
    Pictures,
    Reached,
    SmallClass,
    Splits,
    TooFewPictures,
    WouldSettle,
)
from headstart.evidence.verdict import Verdict, decide
from headstart.records.forecast import Forecast, LearningRecord, RisingClass
from headstart.records.record import changed
from headstart.words.cost import cost_text, in_short
from headstart.words.verdict import said, verdict_record

VAL, TEST, SPLITS = Pictures("val", 153), Pictures("test", 90), Splits(5, 4, 100)
LINEAR = Reached("linear", 143 / 153, (0.884, 0.964), right=143)
FULL = Reached("full", 145 / 153, (0.9, 0.973), right=145)
MEAN = Reached("linear", 0.893, (0.86, 0.92))
EXPECT = "On many new pictures of the same kind, expect linear to be right on 88 to 96 %."
EXPECT_MEAN = "On many new pictures of the same kind, expect linear to be right on 86 to 92 %."
SETTLES = "If linear and full differ as much as here, it would take about 8,000 validation pictures to show it."
FOLDS = "The 100 pictures were split into 5 folds, 4 times over; each fold was left out once."
AMONG_FOUR = Cheapest("linear", ("full", "linear", "svm", "knn"), 4, 4, ("operations", "learned"))
TIE = (
    CheaperOfTied(VAL, LINEAR, FULL, Difference(2 / 153, 0.634, 2), AMONG_FOUR),
    WouldSettle(VAL, ("linear", "full"), 7811),
)
LEARNING = LearningRecord(
    run="svm",
    winner="linear",
    pictures=400,
    draws=3,
    sizes=(100.0, 200.0, 400.0),
    accuracy=(0.7, 0.8, 0.85),
    forecast=Forecast(
        pictures=400,
        more=800,
        accuracy=0.9,
        accuracy_interval=(0.8, 0.95),
        gain=0.03,
        interval=(0.02, 0.04),
        curve=(0.0, 1.0, 0.3),
    ),
    rising=RisingClass(name="ants", recall=(0.7, 0.8), p=0.01),
    seconds=1.0,
)


def told(*reasons, winner="linear", above_chance=True, decided=True, **others):
    return verdict_record(Verdict(winner, (), reasons, above_chance, decided), **others)


def test_a_tie_takes_the_cheapest_and_says_what_would_settle_it():
    found = verdict_record(Verdict("linear", ("full", "svm", "knn"), TIE))
    assert found.text == (
        "Use linear: it was right on 143 of 153 validation pictures (93.5 %). "
        "full was right on 2 more, which may be luck; of the four that are tied, linear needs the least "
        "computing. If linear and full differ as much as here, it would take about 8,000 validation pictures to "
        "show it."
    )
    assert found.details == (EXPECT,)
    assert found.figures == (
        "full was right on 2 more than linear; a paired test finds no clear difference (p = 0.63).",
        "full, linear, svm and knn can't be told apart; of these, linear needs the least computing for an answer and "
        "keeps the fewest numbers from your pictures (learned or remembered).",
    )
    assert (found.winner, found.tied_with, found.above_chance, found.decided, found.same_as) == (
        "linear",
        ("full", "svm", "knn"),
        True,
        True,
        {},
    )


def test_more_training_pictures_come_first_where_they_would_surely_help():
    found = told(*TIE, learning=LEARNING)
    assert found.text.endswith(
        "More training pictures would help, above all of 'ants': twice as many would probably add 2 to 4 points "
        "(judged by svm)."
    )
    assert found.details[-1] == SETTLES
    unclear = changed(LEARNING, forecast=changed(LEARNING.forecast, interval=(0.0, 0.03)))
    found = told(*TIE, learning=unclear)
    assert found.text.endswith(SETTLES)
    assert found.details[-1].startswith("Doubling your training pictures might add nothing, or as much as 3 points")
    long = changed(LEARNING, rising=changed(LEARNING.rising, name="a bee with one very long name"))
    found = told(*TIE, learning=long)
    assert found.text.endswith("More training pictures would help: twice as many would probably add 2 to 4 points.")
    assert found.details[-2].startswith("More training pictures would help, above all of 'a bee with one very long")
    alone = told(OnlyOne(VAL, LINEAR), learning=unclear)
    assert alone.text.endswith("or as much as 3 points: these pictures can't tell (judged by svm).")


def test_hardly_any_difference_asks_for_no_number():
    found = told(TIE[0], WouldSettle(VAL, ("linear", "full"), None))
    assert found.text.endswith("Even 100,000 validation pictures might not show whether linear or full is better.")


def test_groups_are_named_and_ask_for_groups():
    tie = replace(TIE[0], behind=Difference(2 / 153, 0.84, 2, groups=51))
    groups = np.arange(6) // 2
    measured = measure(np.array([0, 0, 1, 1, 0, 1]), np.eye(2)[[0, 0, 1, 1, 1, 1]], groups=groups)
    found = told(tie, WouldSettle(VAL, ("linear", "full"), 14_900, grouped=True), measured=measured)
    assert found.text.endswith(
        "If linear and full differ as much as here, it would take about 15,000 validation pictures in groups "
        "of this size to "
        "show it."
    )
    assert found.figures[0] == (
        "full was right on 2 more than linear; a paired test finds no clear difference (p = 0.84, comparing 51 groups)."
    )
    assert found.details[-1] == (
        "Pictures that belong together (your groups, and exact copies) count as one, in intervals and comparisons."
    )
    assert told(tie, measured=changed(measured, unit="picture")).details == found.details[:-1]


def test_the_only_one():
    found = told(OnlyOne(VAL, LINEAR))
    assert found.text == (
        "Use linear: it was right on 143 of 153 validation pictures (93.5 %). "
        "Nothing else was tried, so there is nothing to compare it with."
    )
    assert found.details == (EXPECT,)


def test_a_clear_winner_is_held_against_the_next_best():
    second = Reached("knn", 0.7, (0.6, 0.8), right=103)
    clear = ClearWinner(VAL, LINEAR, second, Difference(40 / 153, 0.0002, 40), only=False)
    assert told(clear).text == (
        "Use linear: it was right on 143 of 153 validation pictures (93.5 %). "
        "knn, the next best, was right on 40 fewer: more than luck explains."
    )
    assert told(clear).details == (EXPECT,)
    assert told(clear).figures == (
        "linear was right on 40 more than knn; a paired test finds a clear difference (p < 0.001).",
    )
    assert "knn, the only other one, was right on 40 fewer" in told(replace(clear, only=True)).text


def test_the_most_accurate_is_also_the_cheapest():
    two = Cheapest("linear", ("linear", "full"), 2, 2, ("learned",))
    found = told(MostAccurate(VAL, LINEAR, ("full",), equals=False, cheapest=two))
    assert found.text == (
        "Use linear: it was right on 143 of 153 validation pictures (93.5 %). "
        "No other was right as often; full is tied with it, but linear keeps fewer numbers from your pictures."
    )
    assert found.details == (EXPECT,)
    assert found.figures == (
        "linear and full can't be told apart; of these, linear keeps fewer numbers from your pictures (learned or "
        "remembered).",
    )
    equal = told(MostAccurate(VAL, LINEAR, ("full", "svm", "knn"), equals=True, cheapest=AMONG_FOUR))
    assert equal.text.endswith(
        "No other was right more often; of the four that are tied, linear needs the least computing."
    )


def test_those_far_behind_are_named_though_they_are_tied():
    far = told(MostAccurate(VAL, LINEAR, ("scratch", "knn"), equals=False, cheapest=None))
    assert far.text.endswith("No other was right as often; scratch and knn did worse here, though that may be luck.")
    one = told(MostAccurate(VAL, LINEAR, ("scratch",), equals=False, cheapest=None))
    assert one.text.endswith("scratch did worse here, though that may be luck.")
    many = told(MostAccurate(VAL, LINEAR, ("a", "b", "c", "d"), equals=False, cheapest=None))
    assert "the four others tied with it did worse here" in many.text


@pytest.mark.parametrize(
    ("found", "short", "long"),
    [
        (
            Cheapest("a", ("a", "b", "c"), 3, 3, ("operations", "size", "learned"), ("c",)),
            "of the three that are tied, a needs the least computing",
            "a, b and c can't be told apart; of these, a needs the least computing for an answer, takes the "
            "least space (it holds the fewest numbers), keeps the "
            "fewest numbers from your pictures (learned or remembered) and is simpler than c.",
        ),
        (
            Cheapest("a", ("a", "best"), 2, 2, ("size",)),
            "a takes less space",
            "a and best can't be told apart; of these, a takes less space (it holds fewer numbers).",
        ),
        (
            Cheapest("a", ("a", "b"), 5, 5, (), ("b",)),
            "b is tied with it, but a is simpler",
            "a and b can't be told apart and are surely better than guessing; of these, a costs the same and is "
            "simpler than b.",
        ),
        (
            Cheapest("a", ("a", "b", "c"), 5, 3, (), ("b", "c")),
            "of the three that come close, a is the simplest",
            "a, b and c can't be told apart and are close to the most accurate; of these, a costs the same and is "
            "simpler than b and c.",
        ),
        (
            Cheapest("a", ("a", "b"), 5, 3, ("operations",)),
            "b is tied with it, but a needs less computing",
            "a and b can't be told apart, are close to the most accurate, and are surely better than guessing; of "
            "these, a needs less computing for an answer.",
        ),
        (
            Cheapest("a", ("a",), 2, 2),
            "only a is surely better than guessing",
            "Of the two that can't be told apart, only a is surely better than guessing.",
        ),
        (
            Cheapest("a", ("a",), 3, 2),
            "only a is surely better than guessing",
            "Of the two that are close to the most accurate, only a is surely better than guessing.",
        ),
    ],
)
def test_why_it_is_the_cheapest(found, short, long):
    assert in_short(found, "best") == short
    assert cost_text(found) == long


@pytest.mark.parametrize(
    ("least", "has"),
    [(0, "no validation picture"), (1, "only 1 validation picture"), (4, "only 4 validation pictures")],
)
def test_too_few_pictures_give_no_winner_but_something_to_go_on_with(least, has):
    found = told(TooFewPictures(VAL, LINEAR, least, "folds"), decided=False)
    assert found.text == (
        "Use linear for now: it was right on 143 of 153 validation pictures (93.5 %). "
        f"There is no winner yet: the smallest class has {has}. "
        "Run again with --folds 5 --seeds 3 to measure on more pictures."
    )
    assert found.details == (EXPECT,)
    ranked = told(TooFewPictures(Pictures("training", 153), LINEAR, 3, "pictures"), decided=False)
    assert ranked.text == (
        "Use linear for now: it was right on 143 of 153 training pictures that it had not learned from (93.5 %). "
        "There is no winner yet: the smallest class has only 3 training pictures. "
        "More pictures of that class would help."
    )


def test_a_small_class_carries_a_caution():
    found = told(OnlyOne(VAL, LINEAR), SmallClass(VAL, 1))
    assert found.details[-1] == (
        "Caution: the smallest class has only 1 validation picture, so almost nothing is known about it."
    )


def test_where_nothing_was_learned_nothing_is_recommended():
    best = Reached("linear", 83 / 153, (0.46, 0.62), right=83)
    found = told(NothingLearned(VAL, best, only=False, chance=83 / 153), above_chance=False, learning=LEARNING)
    assert found.text == (
        "Nothing was learned: linear, the best, was right on 83 of 153 validation pictures (54.2 %). "
        "Always naming the most common class gives 54.2 %. First check that the labels belong to the pictures."
    )
    assert found.details[1] == (
        "Other likely causes: too few pictures, pictures too small to show the difference, or weights that expect "
        "pictures prepared in another way."
    )
    assert found.details[-1].startswith("More training pictures would help")
    only = NothingLearned(SPLITS, Reached("knn", 0.4, (0.37, 0.43)), only=True, chance=0.5)
    assert told(only, winner="knn", above_chance=False).text.startswith(
        "Nothing was learned: knn, the only one tried, was right 40.0 % of the time, on average over 20 splits. "
        "Always naming the most common class gives 50.0 %."
    )


def test_near_chance_is_said_in_the_first_sentence():
    use = Reached("linear", 88 / 153, (0.5, 0.65), right=88)
    near = NearChance(VAL, use, 0.542)
    found = told(OnlyOne(VAL, use), near, above_chance=False)
    assert found.text == (
        "Use linear for now: it was right on 88 of 153 validation pictures (57.5 %), but guessing may do as well "
        "(54.2 %). Nothing else was tried, so there is nothing to compare it with. "
        "Run again with --folds 5 --seeds 3 to measure on more pictures."
    )
    assert found.details[-1] == (
        "Caution: linear may be no better than guessing, that is, always naming the most common class (54.2 %)."
    )
    few = told(TooFewPictures(VAL, use, 3, "folds"), near, above_chance=False, decided=False)
    assert [few.text, *few.details].count("Run again with --folds 5 --seeds 3 to measure on more pictures.") == 0
    assert few.text.count("Run again") == 1
    over = told(OnlyOne(SPLITS, MEAN), NearChance(SPLITS, MEAN, 0.88), above_chance=False)
    assert over.text.startswith(
        "Use linear for now: it was right 89.3 % of the time, on average over 20 splits, but guessing may do as "
        "well (88.0 %)."
    )
    assert "Run again" not in over.text


def test_one_that_tells_classes_apart_is_not_said_to_guess():
    use = Reached("linear", 0.95, (0.93, 0.96), right=950)
    balanced = Balanced(0.925, (0.88, 0.96), 2)
    found = told(OnlyOne(Pictures("val", 1000), use), NearChance(Pictures("val", 1000), use, 0.95, found=balanced))
    assert found.text.startswith("Use linear: it was right on 950 of 1,000 validation pictures (95.0 %). Nothing else")
    assert found.details[-1] == (
        "Caution: always naming the most common class (95.0 %) may be right as often, but linear does tell the classes "
        "apart: of many new pictures of a class, expect it to find 88 to 96 % on average."
    )


def test_kept_heads_are_named_below_where_others_were_tried():
    found = verdict_record(Verdict("linear", (), TIE).leaving_out({"partial": "linear", "full": "linear"}))
    assert found.details[1] == (
        "partial and full ended with linear's result: training more of the network did not help here."
    )


def test_kept_heads_are_named():
    found = verdict_record(
        Verdict("linear", (), (OnlyOne(TEST, LINEAR),)).leaving_out({"partial": "linear", "full": "linear"})
    )
    assert found.text.endswith(
        "partial and full ended with the same result: training more of the network did not help here."
    )
    assert "Nothing else" not in found.text
    assert not any("ended with" in line for line in found.details)
    assert found.same_as == {"partial": "linear", "full": "linear"}


def recalls(*found, accuracy=0.9, more=0.1):
    """Return metrics with these recalls; their intervals end `more` above them."""
    intervals = tuple(None if recall is None else (max(0.0, recall - 0.1), recall + more) for recall in found)
    plain = measure(np.array([0, 0, 1, 1]), np.eye(2)[[0, 0, 1, 1]])
    return changed(plain, accuracy=accuracy, per_class_recall=found, per_class_recall_intervals=intervals)


def test_the_hardest_class_is_named_in_the_details():
    found = told(*TIE, measured=recalls(0.95, 0.64, 0.8), classes=("ants", "bees", "wasps"), learning=LEARNING)
    assert found.details == (
        EXPECT,
        "The hardest class is 'bees': 64 % of its pictures were recognised.",
        SETTLES,
    )
    never = told(OnlyOne(VAL, LINEAR), measured=recalls(0.9, None, 0.0), classes=("ants", "bees", "wasps"))
    assert never.details[-1] == "The hardest class is 'wasps': 0 % of its pictures were recognised."


@pytest.mark.parametrize("found", [(0.64, 0.64, 0.8), (1.0, 1.0, 1.0), (), (0.64,), (None, 0.64, None)])
def test_no_class_is_called_the_hardest_unless_it_alone_is(found):
    assert told(*TIE, measured=recalls(*found), classes=("ants", "bees", "wasps")).details == (EXPECT,)
    assert told(*TIE, classes=("ants", "bees", "wasps")).details == (EXPECT,)
    assert told(*TIE, measured=recalls(0.95, 0.64)).details == (EXPECT,)


def test_a_class_that_luck_may_have_made_hard_is_not_named():
    names = ("ants", "bees")
    assert told(*TIE, measured=recalls(0.95, 0.85, more=0.06), classes=names).details == (EXPECT,)
    assert told(*TIE, measured=recalls(0.95, 0.85, more=0.04), classes=names).details != (EXPECT,)


def test_depths_stand_in_the_details():
    found = told(OnlyOne(VAL, LINEAR), DepthsCompared("a", "c", 3, None, (), ("a", "b", "c")))
    assert found.details[-1] == "Training helped at none of the three depths from a to c."


def test_over_splits():
    two = Cheapest("linear", ("full", "linear"), 2, 2, ("operations",))
    best = Reached("full", 0.9, (0.87, 0.93))
    found = told(
        CheaperOfTied(SPLITS, MEAN, best, Difference(0.007, 0.62), two), WouldSettle(SPLITS, ("linear", "full"), 3601)
    )
    assert found.text == (
        "Use linear: it was right 89.3 % of the time, on average over 20 splits. "
        "full was 0.7 points ahead, which may be luck; linear needs less computing. "
        "If linear and full differ as much as here, it would take about 4,000 pictures in all to show it."
    )
    assert found.details == (EXPECT_MEAN, FOLDS)
    assert found.figures == (
        "full was 0.7 points ahead of linear; a paired test finds no clear difference (p = 0.62).",
        "full and linear can't be told apart; of these, linear needs less computing for an answer.",
    )
    even = told(CheaperOfTied(SPLITS, MEAN, best, Difference(0.0, 1.0), two), WouldSettle(SPLITS, ("a", "b"), None))
    assert "full was right about as often, which may be luck" in even.text
    assert even.text.endswith("Even 100,000 pictures in all might not show whether a or b is better.")


def test_a_clear_winner_over_splits():
    clear = ClearWinner(SPLITS, MEAN, Reached("knn", 0.8, (0.7, 0.9)), Difference(0.093, 0.0005), only=False)
    assert told(clear).text == (
        "Use linear: it was right 89.3 % of the time, on average over 20 splits. "
        "knn, the next best, was 9.3 points behind: more than luck explains."
    )
    assert told(clear).figures == (
        "linear was 9.3 points ahead of knn; a paired test finds a clear difference (p < 0.001).",
    )


def test_how_the_pictures_were_split():
    assert told(OnlyOne(Splits(4, 1, 90), MEAN)).details[-1] == (
        "The 90 pictures were split into 4 folds; each fold was left out once."
    )
    assert told(OnlyOne(Splits(None, 20, 90), MEAN)).details[-1] == "The 90 pictures were split at random 20 times."


def test_what_is_no_reason_is_refused():
    with pytest.raises(TypeError, match="nothing is said of str"):
        said("a reason")


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(1, 8),
    st.sampled_from([3, 60, 700]),
    st.sampled_from([0, 3, 50]),
    st.sampled_from([0.1, 0.5, 0.9]),
    st.booleans(),
)
def test_the_verdict_is_short_whatever_the_case(seed, count, n, least, chance, surely):
    rng = np.random.default_rng(seed)
    rivals = []
    for order in range(count):
        correct = rng.random(n) < rng.choice([0.2, 0.6, 0.9, 0.95])
        rivals.append(
            Candidate(
                f"partial@blocks.{order}",
                correct.mean(),
                correct,
                float(rng.integers(1, 4)),
                int(rng.integers(3)),
                order,
            )
        )
    pairs = compare_pairs({one.id: one.correct for one in rivals}, split="val")
    verdict = decide(rivals, pairs, split="val", judges=Judges(pictures=n, least=least, chance=chance))
    ends = (0.02, 0.04) if surely else (0.0, 0.04)
    learning = changed(LEARNING, forecast=changed(LEARNING.forecast, interval=ends))
    for others in ({}, {"learning": learning}):
        found = verdict_record(verdict, **others)
        assert len(found.text.split()) <= 60
        sentences = re.split(r"(?<=[.)])\. |(?<=\w)\. ", found.text)
        assert 2 <= len(sentences) <= 3
        for text in (found.text, *found.details, *found.figures):
            assert text.endswith(".")
            assert "  " not in text
