"""What is remembered so that nothing is solved twice, and what that cost."""

from __future__ import annotations

import time

from builders import context_of

from headstart.strategies.context import Memo
from headstart.strategies.passes import FakePasses


def passes() -> FakePasses:
    found = context_of().passes
    assert isinstance(found, FakePasses)
    return found


def test_a_value_is_made_once_and_later_askers_hear_what_it_cost() -> None:
    memo, made, fakes = Memo(), list[int](), passes()

    def make() -> int:
        time.sleep(0.02)
        made.append(1)
        return 7

    first, again, other = memo.once("a", make, fakes), memo.once("a", make, fakes), memo.once("b", make, fakes)
    assert (first.value, again.value, other.value, len(made)) == (7, 7, 7, 2)
    assert first.earlier == other.earlier == 0.0, "who makes it has spent that now, not before"
    assert again.earlier >= 0.02


def test_passes_count_by_themselves() -> None:
    memo, fakes = Memo(), passes()

    def make() -> None:
        time.sleep(0.02)
        fakes.spent += 5.0

    memo.once("a", make, fakes)
    assert -5.0 < memo.once("a", make, fakes).earlier < -4.9, "a clock that runs while a pass does"
