"""How much of a fit is done: shares of shares, and every head keeps what its bar promises."""

from __future__ import annotations

import numpy as np
import pytest

from headstart.heads import HEADS
from headstart.heads.share_done import PARTS, done, heard_by, one_of, portion


class Bar:
    def __init__(self):
        self.moves = []

    def advance(self, count=1):
        self.moves.append(count)


def drawn(each=40, classes=3, features=30):
    rng = np.random.default_rng(0)
    y = np.tile(np.arange(classes), each)
    X = rng.normal(size=(classes, features))[y] * 0.5 + rng.normal(size=(len(y), features))
    return X.astype(np.float32), y, np.arange(len(y)) // classes % 5


def test_a_portion_of_a_portion():
    bar = Bar()
    with heard_by(bar, 100):
        done(0.1)
        with portion(0.2, 0.6):
            done(0.5)
            with one_of(1, 2):
                done(0.5)
        with portion(0.6, 0.8):
            pass
        done(0.3)  # less than was said before: nothing is taken back
    assert bar.moves == [10, 30, 10, 10, 20, 20]


def test_nobody_need_listen_and_nothing_is_heard_afterwards():
    bar = Bar()
    done(0.5)
    with heard_by(bar, 10):
        pass
    done(0.7)
    assert bar.moves == [10]


def test_what_breaks_off_is_not_done():
    bar = Bar()

    def break_off():
        with heard_by(bar, 10), portion(0.0, 0.5):
            done(0.4)
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        break_off()
    assert sum(bar.moves) == 2


WAYS = {
    "small": {},
    "in turn": {"logistic._MOST_TOGETHER": 0},
    "large": {"logistic._LARGE": 0, "svm._LARGE": 0},
    "shared": {"logistic._LARGE": 0, "logistic._MOST_COPIES": 0},
    "drawn": {"svm._MOST_ROWS": 60, "knn.MOST_NUMBERS": 300},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", sorted(HEADS))
def test_every_head_moves_its_bar_often_and_to_its_end(name, way, monkeypatch):
    for place, value in WAYS[way].items():
        monkeypatch.setattr(f"headstart.heads.{place}", value)
    X, y, folds = drawn()
    bar = Bar()
    with heard_by(bar):
        fitted = HEADS[name].fit(X, y, 3, folds=folds)
    assert sum(bar.moves) == PARTS
    assert max(bar.moves) <= PARTS * 0.6, "no more than a search that ends early leaves out"
    assert len(bar.moves) >= 5
    bar = Bar()
    with heard_by(bar, 7):
        HEADS[name].solve(X, y, 3, fitted.chosen)
    assert sum(bar.moves) == 7


def test_a_solve_moves_its_bar_on_the_way():
    """One strength of one fold may take minutes: each step of the solver is heard."""
    X, y, _ = drawn(each=100, features=60)
    bar = Bar()
    with heard_by(bar):
        HEADS["logistic"].solve(X, y, 3, {"C": 10.0})
    assert len(bar.moves) >= 4
