"""The verdict: the rule, and sentences that are plain and true."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.base.errors import ConfigError
from headstart.evidence.candidate import Candidate, cheapest
from headstart.evidence.forecast import Forecast
from headstart.evidence.intervals import wilson
from headstart.evidence.paired import compare_pairs
from headstart.evidence.verdict import decide, more_pictures


def candidate(name, right, n, *, flops=1e9, trained=10, order=0, wrong_first=False):
    """Return a candidate with `right` of `n` pictures: the first ones, or the last ones."""
    correct = np.arange(n) < right
    correct = correct[::-1].copy() if wrong_first else correct
    return Candidate(name, right / n, correct, flops, trained, order)


def verdict(*candidates, split="val", least=50, chance=0.5):
    pairs = compare_pairs({one.id: one.correct for one in candidates}, split=split)
    return decide(candidates, pairs, split=split, least_per_class=least, chance=chance)


def with_disagreement(only_a, only_b, both, neither):
    """Return which pictures two candidates have right, from the four counts."""
    a = [True] * only_a + [False] * only_b + [True] * both + [False] * neither
    b = [False] * only_a + [True] * only_b + [True] * both + [False] * neither
    return np.array(a), np.array(b)


def test_hymenoptera_like():
    """Nine against seven of 153: the cheap one is taken, and the figures are those of the tests."""
    full, linear = with_disagreement(9, 7, 136, 1)
    found = verdict(
        Candidate("full", full.mean(), full, 8e8, 3_000_000, 0),
        Candidate("linear", linear.mean(), linear, 8e8, 2562, 1),
        Candidate("svm", linear.mean(), linear, 9e8, 2562, 2),
        Candidate("knn", linear.mean(), linear, 9e8, 0, 3),
    )
    assert found.winner == "linear"
    assert found.tied_with == ("full", "svm", "knn")
    assert found.text == (
        "Take linear. full answered 2 more of the 153 val pictures right than linear, which 153 pictures "
        "cannot tell from luck (p = 0.63); linear is the cheapest to use of the four that are tied "
        "(the fewest operations for an answer, the fewest numbers learned). "
        "About 8,000 val pictures would settle it."
    )
    assert found.to_dict() == {
        "winner": "linear",
        "tied_with": ["full", "svm", "knn"],
        "above_chance": True,
        "decided": True,
        "same_as": {},
        "text": found.text,
    }


def test_one_candidate():
    found = verdict(candidate("linear", 145, 153))
    assert (found.winner, found.tied_with) == ("linear", ())
    assert found.text == (
        "linear, the only one tried, answered 145 of the 153 val pictures right "
        "(95 % interval 0.900 to 0.973); there is nothing to compare it with."
    )


def test_a_clear_winner_may_be_dear():
    found = verdict(candidate("full", 190, 200, trained=9_999, flops=9e9), candidate("linear", 150, 200), split="test")
    assert (found.winner, found.tied_with) == ("full", ())
    assert found.text == (
        "Take full. It answered 40 more of the 200 test pictures right than linear, the only other one, "
        "which is more than luck explains (p < 0.001)."
    )


def test_a_clear_winner_among_several_is_held_against_the_next_best():
    found = verdict(candidate("full", 190, 200), candidate("scratch", 120, 200), candidate("linear", 180, 200, order=2))
    assert "than linear, the next best, which is more than luck explains (p < 0.001)" in found.text


def test_the_most_accurate_is_also_the_cheapest():
    found = verdict(candidate("linear", 146, 153), candidate("full", 145, 153, trained=9_999))
    assert (found.winner, found.tied_with) == ("linear", ("full",))
    assert found.text == (
        "Take linear. It answered more than any other of the 153 val pictures right (146), "
        "and it is the cheaper to use of the two that are tied (fewer numbers learned)."
    )


def test_equal_accuracy_takes_the_cheaper():
    found = verdict(candidate("full", 145, 153, trained=9_999), candidate("linear", 145, 153, wrong_first=True))
    assert found.winner == "linear"
    assert found.text.startswith("Take linear. No other answered more of the 153 val pictures right (145)")


def test_cost_is_operations_then_parameters_then_order():
    rivals = [
        candidate("a", 90, 100, flops=2e9, trained=0, order=0),
        candidate("b", 90, 100, flops=1e9, trained=20, order=1),
        candidate("c", 90, 100, flops=1e9, trained=10, order=3),
        candidate("d", 90, 100, flops=1e9, trained=10, order=2),
    ]
    assert verdict(*rivals).winner == "d"


def test_operations_within_a_twentieth_are_equal_and_the_smaller_wins():
    knn, linear = candidate("knn", 90, 100, flops=1e9), candidate("linear", 90, 100, flops=1.04e9, trained=20, order=1)
    knn, linear = replace(knn, size=9_000), replace(linear, size=20)
    assert verdict(knn, linear).winner == "linear"
    assert verdict(knn, linear).text.endswith("cheaper to use of the two that are tied (the smaller).")
    dear = replace(linear, flops=1.06e9)
    assert verdict(knn, dear).winner == "knn"
    assert verdict(knn, dear).text.endswith("(the fewer operations for an answer).")


def test_a_tie_only_because_many_were_compared_takes_nothing_from_the_best():
    best, cheap = with_disagreement(9, 2, 130, 12)  # mid-p 0.039
    others = [Candidate(f"x{i}", best.mean(), best, 9e9, 99, 2 + i) for i in range(4)]
    found = verdict(
        Candidate("best", best.mean(), best, 9e9, 9, 0), Candidate("cheap", cheap.mean(), cheap, 1e9, 9, 1), *others
    )
    assert found.winner == "best"
    assert "cheap" in found.tied_with

    found = verdict(
        Candidate("best", best.mean(), best, 9e9, 9, 0), Candidate("cheap", cheap.mean(), cheap, 1e9, 9, 1)
    )  # told apart: p is 0.039 where only two are compared
    assert (found.winner, found.tied_with) == ("best", ())


def test_a_cheap_one_that_is_much_less_accurate_does_not_win_though_it_is_tied():
    """The stranger's flowers: 9 of 40 behind, and with fifteen comparisons made still not told apart."""
    best, cheap = with_disagreement(13, 4, 22, 1)  # mid-p 0.031
    near, far = with_disagreement(3, 1, 32, 4)[1], Candidate("scratch", cheap.mean(), cheap, 1e8, 9, 5)
    rivals = [
        Candidate("svm", best.mean(), best, 8e8, 9, 1),
        Candidate("linear", near.mean(), near, 7e8, 9, 0),
        far,
        *(Candidate(f"x{i}", best.mean(), best, 9e9, 99, 6 + i) for i in range(2)),
    ]
    found = verdict(*rivals)
    assert found.winner == "linear"
    assert set(found.tied_with) == {"svm", "scratch", "x0", "x1"}
    assert "linear is the cheapest to use of the four that are tied and close to the most accurate" in found.text
    alone = verdict(rivals[0], far, Candidate("y", cheap.mean(), cheap, 2e8, 9, 7))
    assert alone.winner == "svm"
    assert "and scratch and y, tied with it, do not come close." in alone.text


def test_close_is_within_one_standard_error():
    for wins, close in ((1, True), (2, True), (3, False)):  # against none: mid-p 0.5, 0.25 ... with one against, 3:1
        best, cheap = with_disagreement(wins + 1, 1, 60, 10)
        p = compare_pairs({"a": best, "b": cheap}, split="val")[0]["p"]
        assert (p >= 0.3173) == close, p
        found = verdict(Candidate("a", best.mean(), best, 9e9, 9, 0), Candidate("b", cheap.mean(), cheap, 1e9, 9, 1))
        assert (found.winner == "b") == close


def test_at_chance_nothing_was_learned():
    found = verdict(candidate("linear", 83, 153), candidate("knn", 70, 153, flops=2e9), chance=83 / 153)
    assert found.winner == "linear"
    assert found.text.startswith(
        "Nothing was learned: linear, the best, answered 83 of the 153 val pictures right, "
        "and answering without looking gives 0.542. Likely causes: labels"
    )
    assert "Take" not in found.text


@pytest.mark.parametrize(
    ("counts", "right", "told", "apart"),
    [
        ((950, 50), (905, 45), "Caution: the 950 of 1,000", True),  # recalls 0.95 and 0.90
        ((950, 50), (950, 0), "Nothing was learned", False),  # always the commonest class
        ((950, 50), (900, 3), "Nothing was learned", False),  # 3 of 50: as who names it at random
        ((10, 3), (8, 2), "Caution: the 10 of 13", False),  # perhaps: too few to say
    ],
)
def test_accuracy_of_a_common_class_does_not_say_whether_anything_was_learned(counts, right, told, apart):
    labels = np.repeat([0, 1], counts)
    correct = np.concatenate([np.arange(count) < least for count, least in zip(counts, right, strict=True)])
    one = Candidate("linear", correct.mean(), correct, 1e9, 9, 0, labels=labels)
    found = verdict(one, chance=counts[0] / sum(counts))
    assert told in found.text
    assert ("Nothing was learned" in found.text) == (told == "Nothing was learned")
    assert ("on average it finds 93 % of a class" in found.text) == apart
    assert found.above_chance == apart


def test_a_winner_that_cannot_be_told_from_chance_carries_a_caution():
    found = verdict(candidate("linear", 88, 153), candidate("knn", 70, 153, flops=2e9), chance=0.542)
    assert found.text.endswith(
        "Caution: the 88 of 153 that linear has right cannot be told from answering without looking (0.542)."
    )


@pytest.mark.parametrize(
    ("least", "words"), [(0, "no val pictures,"), (1, "only 1 val picture,"), (4, "only 4 val pictures,")]
)
def test_a_small_class_carries_a_caution(least, words):
    text = verdict(candidate("linear", 145, 153), least=least).text
    assert text.endswith(f"Caution: the smallest class has {words} so next to nothing is known about it.")
    assert "Caution" not in verdict(candidate("linear", 145, 153), least=5).text


@pytest.mark.parametrize(("least", "words"), [(0, "no val picture"), (1, "1 val picture"), (4, "4 val pictures")])
def test_with_a_handful_of_a_class_there_is_no_winner_but_something_to_go_on_with(least, words):
    """However clear the difference is: svm answers forty more, and yet a second draw may say otherwise."""
    found = verdict(candidate("linear", 105, 153), candidate("svm", 145, 153), least=least)
    assert found.text == (
        f"No winner yet: which is better cannot be told from one draw with {words} of the smallest class; several "
        "draws are needed (--folds). Until then take svm, which answered 145 of the 153 val pictures right."
    )
    near = verdict(candidate("linear", 88, 153), candidate("svm", 89, 153), least=least, chance=0.56).text
    assert near.startswith("No winner yet")
    assert "cannot be told from answering without looking (0.560)" in near
    nothing = verdict(candidate("linear", 60, 153), candidate("svm", 70, 153), least=least, chance=0.6).text
    assert nothing.startswith("Nothing was learned")
    assert nothing.count("the smallest class") == 1
    assert (found.winner, found.tied_with, found.decided) == ("svm", ("linear",), False)
    enough = verdict(candidate("linear", 105, 153), candidate("svm", 145, 153), least=5)
    assert enough.text.startswith("Take svm.")
    assert (enough.tied_with, enough.decided) == ((), True)
    assert verdict(candidate("svm", 145, 153), least=least).decided, "one alone is not called better than anything"


def test_one_picture_is_singular():
    text = verdict(candidate("a", 1, 1, flops=2e9), candidate("b", 0, 1), chance=0.0).text
    assert "1 more of the 1 val picture right than b, which 1 picture cannot tell from luck" in text


def test_hardly_any_difference_asks_for_no_number():
    a, b = with_disagreement(21, 20, 959, 0)
    text = verdict(Candidate("a", a.mean(), a, 2e9, 1, 0), Candidate("b", b.mean(), b, 1e9, 1, 1)).text
    assert text.endswith("Even 100,000 val pictures might not settle it.")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 60))
def test_the_rule_holds_for_any_candidates(seed, count, n):
    rng = np.random.default_rng(seed)
    rivals = []
    for order in range(count):
        correct = rng.random(n) < rng.choice([0.2, 0.6, 0.95])
        rivals.append(
            Candidate(f"c{order}", correct.mean(), correct, float(rng.integers(3)), int(rng.integers(3)), order)
        )
    found = verdict(*rivals)
    assert found.winner not in found.tied_with
    group = [one for one in rivals if one.id == found.winner or one.id in found.tied_with]
    assert max(one.right for one in group) == max(one.right for one in rivals)
    best = max(group, key=lambda one: one.right)
    pairs = compare_pairs({one.id: one.correct for one in rivals}, split="val")
    p = {frozenset((pair["a"], pair["b"])): pair["p"] for pair in pairs}
    close = [one for one in group if one.right == best.right or p[frozenset((one.id, best.id))] >= 0.3173]
    able = [one for one in close if wilson(one.right, n)[0] >= 0.5] or close
    assert cheapest(able).id == found.winner
    shuffled = [rivals[i] for i in rng.permutation(count)]
    again = verdict(*shuffled)
    assert again.winner == found.winner
    assert set(again.tied_with) == set(found.tied_with)
    assert found.text.endswith(".")


def test_input_that_cannot_be_is_refused():
    with pytest.raises(ConfigError, match="'candidates' parameter of decide"):
        decide([], [], split="val", least_per_class=5, chance=0.5)
    with pytest.raises(ConfigError, match="nothing about a and b"):
        decide([candidate("a", 3, 9), candidate("b", 2, 9)], [], split="val", least_per_class=5, chance=0.5)


def test_a_cheap_one_that_may_know_nothing_does_not_win():
    """The demo as it was: 69 of 90 where 62 are right without looking (interval 0.669 to 0.842)."""
    found = verdict(
        candidate("svm", 75, 90, flops=8e8, trained=5_000),
        candidate("linear", 74, 90, flops=8e8, trained=5_000, order=1),
        candidate("scratch", 69, 90, flops=1e8, order=2, wrong_first=True),
        split="test",
        chance=62 / 90,
    )
    assert (found.winner, found.tied_with) == ("svm", ("linear", "scratch"))
    assert found.text == (
        "Take svm. It answered more than any other of the 90 test pictures right (75), and it is the cheaper to use "
        "of the two that are tied and can be told from answering without looking (equal in cost, simpler than linear)."
    )


def test_the_only_one_that_surely_knows_something_is_said_to_be_that():
    found = verdict(
        candidate("full", 75, 90, flops=8e8),
        candidate("scratch", 69, 90, flops=1e8, order=1, wrong_first=True),
        split="test",
        chance=62 / 90,
    )
    assert (found.winner, found.tied_with) == ("full", ("scratch",))
    assert "and it is the only one of the two that are tied and can be told from answering" in found.text


def test_where_nobody_can_be_told_from_chance_the_cheapest_wins_with_a_caution():
    found = verdict(candidate("full", 66, 90, flops=8e8), candidate("scratch", 65, 90, flops=1e8), chance=62 / 90)
    assert found.winner == "scratch"
    assert "Caution: the 65 of 90 that scratch has right cannot be told" in found.text


def test_groups_are_named_and_ask_for_more_pictures():
    full, linear = with_disagreement(9, 7, 136, 1)
    units = np.arange(153) // 3
    rivals = [
        Candidate("full", full.mean(), full, 8e8, 3_000_000, 0),
        Candidate("linear", linear.mean(), linear, 8e8, 2562, 1),
    ]
    pairs = compare_pairs({one.id: one.correct for one in rivals}, split="val", groups=units)
    text = decide(rivals, pairs, split="val", least_per_class=50, chance=0.5).text
    assert "than linear, which 153 pictures of 51 groups cannot tell from luck" in text
    assert "val pictures in groups of this size would settle it." in text


def test_the_measured_interval_decides_who_may_know_nothing():
    sure = candidate("sure", 75, 90, flops=9e9)
    cheap = candidate("cheap", 74, 90, order=1)
    assert verdict(sure, cheap, chance=62 / 90).winner == "cheap"
    assert verdict(sure, replace(cheap, interval=(0.6, 0.95)), chance=62 / 90).winner == "sure"


def expected(low, high):
    return Forecast(400, 800, 0.9, (0.8, 0.95), (low + high) / 2, (low, high), (0.0, 1.0, 0.3))


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((0.021, 0.042), "More training pictures would help: +2 to +4 points at twice as many."),
        ((0.006, 0.012), "More training pictures would help: about +1 point at twice as many."),
        ((0.0, 0.004), "More training pictures would hardly help: less than 1 point at twice as many."),
        ((0.0, 0.03), "What more training pictures would bring cannot be told from nothing: 0 to +3 points at twice"),
    ],
)
def test_what_is_said_of_more_training_pictures(ends, said):
    assert more_pictures(expected(*ends)).startswith(said)


def test_the_class_that_rises_and_who_stood_in_are_named():
    text = more_pictures(expected(0.02, 0.04), rising="ants", by="linear")
    assert text == (
        "More training pictures would help, most of all pictures of 'ants': +2 to +4 points at twice as many, "
        "judged by linear."
    )
    assert verdict(candidate("a", 9, 10)).followed_by("More.").text.endswith("compare it with. More.")


def test_a_winner_that_may_know_nothing_is_told_from_one_that_does():
    assert verdict(candidate("linear", 145, 153)).above_chance
    assert not verdict(candidate("linear", 88, 153), chance=0.542).above_chance
    assert not verdict(candidate("linear", 70, 153), candidate("knn", 60, 153, order=1), chance=0.542).above_chance


def test_those_with_the_head_of_another_are_named_and_count_once():
    found = verdict(candidate("linear", 145, 153)).leaving_out({"partial": "linear", "full": "linear"})
    assert found.text.endswith("partial and full answer with the head of linear and count as one with it.")
    assert found.to_dict()["same_as"] == {"partial": "linear", "full": "linear"}
    assert found.tied_with == ()
    single = verdict(candidate("partial", 145, 153)).leaving_out({"full": "partial"})
    assert single.text.endswith("full answers with the head of partial and counts as one with it.")
    assert verdict(candidate("linear", 145, 153)).leaving_out({}) == verdict(candidate("linear", 145, 153))
