"""Which of several equally good candidates is the cheapest to use, and why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.evidence.candidate import Candidate, cheapest, most_accurate, why_cheapest
from headstart.evidence.reasons import Cheapest

COSTS = ("flops", "size", "learned")


def candidate(name, *, flops=8e8, size=3_400_000, learned=2562, order=0, right=9):
    return Candidate(name, right / 10, np.arange(10) < right, flops, learned, order, size)


LINEAR = candidate("linear", size=3_371_000 + 2562, order=1)
SVM = candidate("svm", size=3_371_000 + 2562, order=2)
PARTIAL = candidate("partial", size=3_371_000, learned=2_900_000, order=3)
FULL = candidate("full", size=3_371_000 + 2562, learned=3_373_562, order=5)


def why(winner, *tied, able=None):
    return why_cheapest(winner, able or tied, tied)


def test_a_few_numbers_less_do_not_make_a_trained_network_cheaper_than_a_head():
    """As a stranger had it: `partial` at 0.800 before `linear` at 0.933, for 2 thousand of 3.4 million numbers."""
    assert cheapest([PARTIAL, LINEAR]) is LINEAR
    assert why(LINEAR, PARTIAL, LINEAR) == Cheapest("linear", ("partial", "linear"), 2, 2, ("learned",))


def test_what_is_remembered_of_the_pictures_was_learned_too():
    knn = candidate("knn", size=3_371_000 + 15 * 1280, learned=15 * 1280)
    assert cheapest([knn, LINEAR]) is LINEAR
    dear = replace(knn, size=3_371_000 + 244 * 1280, learned=244 * 1280)
    assert why(LINEAR, LINEAR, dear).costs == ("size",)


@pytest.mark.parametrize("name", COSTS)
def test_each_cost_counts_as_equal_within_a_twentieth(name):
    one, other = replace(LINEAR, **{name: 100_000}), replace(SVM, order=0, **{name: 95_300})
    assert cheapest([one, other]) is other
    assert cheapest([replace(one, order=0), replace(other, order=1)]).id == "linear"
    assert cheapest([replace(one, order=0), replace(other, order=1, **{name: 95_200})]).id == "svm"


def test_costs_count_in_their_order():
    quick, small = replace(FULL, flops=1e8), replace(PARTIAL, size=1_000_000)
    assert cheapest([LINEAR, small, quick]) is quick
    assert cheapest([LINEAR, small]) is small
    assert cheapest([FULL, PARTIAL, SVM, LINEAR]) is LINEAR
    assert cheapest([FULL, PARTIAL, SVM]) is SVM


def test_every_reason_that_left_someone_out_is_said():
    slow, large = replace(FULL, id="slow", flops=9e9), replace(FULL, id="large", size=9_000_000)
    found = why(LINEAR, slow, large, PARTIAL, LINEAR, SVM)
    assert (found.costs, found.simpler_than, found.tied) == (("operations", "size", "learned"), ("svm",), 5)
    found = why(LINEAR, SVM, LINEAR)
    assert (found.costs, found.simpler_than) == ((), ("svm",))
    assert why(LINEAR, replace(SVM, id="x", order=7), SVM, LINEAR).simpler_than == ("svm", "x")


def test_only_those_that_know_something_are_weighed():
    found = why(LINEAR, LINEAR, SVM, PARTIAL, able=[LINEAR, SVM])
    assert found == Cheapest("linear", ("linear", "svm"), tied=3, close=3, simpler_than=("svm",))


def test_of_equally_accurate_ones_the_cheapest_is_the_first():
    assert most_accurate([replace(PARTIAL, accuracy=0.95), LINEAR]).id == "partial"
    assert most_accurate([PARTIAL, FULL, SVM, LINEAR]) is LINEAR


costs = st.integers(80, 130)


@given(st.lists(st.tuples(costs, costs, costs), min_size=1, max_size=6), st.randoms())
def test_none_is_cheaper_in_all_and_the_order_of_asking_does_not_matter(drawn, random):
    rivals = [
        candidate(f"c{order}", flops=float(flops), size=size, learned=learned, order=order)
        for order, (flops, size, learned) in enumerate(drawn)
    ]
    found = cheapest(rivals)
    shuffled = random.sample(rivals, len(rivals))
    assert cheapest(shuffled) is found
    assert replace(why(found, *shuffled), among=()) == replace(why(found, *rivals), among=())
    for other in rivals:
        pairs = [(getattr(other, name), getattr(found, name)) for name in COSTS]
        dominates = all(its <= own for its, own in pairs) and any(1.05 * its < own for its, own in pairs)
        assert not dominates
