"""What a head takes is said before it begins; what does not fit is left out or refused, with the reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from builders import CHOICES, PREPROCESSING, context_of

from headstart import heads
from headstart.base.errors import HeadstartError
from headstart.experiment.framing_choice import choose
from headstart.experiment.learning_curve import curve_on
from headstart.experiment.request import Request
from headstart.heads.training import Size
from headstart.records.progress import Silent
from headstart.strategies import room
from headstart.strategies.fit_head import fit_head, solved
from headstart.strategies.resolved import ResolvedStrategy
from headstart.strategies.strategy import STRATEGIES

SOLVED = [row for row in STRATEGIES.values() if row.solves]


class Heard(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def message(self, text: str) -> None:
        self.said.append(text)


def free(monkeypatch: pytest.MonkeyPatch, count: int | None) -> None:
    monkeypatch.setattr(room, "available_memory", lambda: count)


def no_fit(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("it was begun")

    monkeypatch.setitem(heads.HEADS, name, heads.HeadMethod(refuse, refuse, heads.HEADS[name].memory))


@pytest.mark.parametrize("row", SOLVED, ids=lambda row: row.name)
def test_a_head_that_does_not_fit_is_not_begun(row: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    free(monkeypatch, 5000)
    no_fit(monkeypatch, row.head)
    with pytest.raises(HeadstartError, match=rf"{row.name} would need up to .* for 40 pictures; 0 MB are free") as said:
        solved(context_of(), PREPROCESSING, ResolvedStrategy(row, "pool"))
    assert "--readout pool" in said.value.hint


def test_nor_is_a_look_and_the_curve_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    free(monkeypatch, 5000)
    no_fit(monkeypatch, "logistic")
    heard = Heard()
    context = context_of(request=Request(strategies=("linear",), readout="pool"), progress=heard)
    with pytest.raises(HeadstartError, match="look, squash would need"):
        choose(context)
    assert curve_on(context, PREPROCESSING, STRATEGIES["linear"], "pool", {"C": 0.1}).value is None
    assert heard.said[0].startswith("learning curve: left out, because it would need up to")


def test_much_is_said_before_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = Heard()
    context = context_of(progress=heard)
    free(monkeypatch, None)
    solved(context, PREPROCESSING, ResolvedStrategy(STRATEGIES["linear"], "pool"))
    assert heard.said == []
    monkeypatch.setattr(room, "TOLD", 0)
    free(monkeypatch, 7_400_000_000)
    solved(context, PREPROCESSING, ResolvedStrategy(STRATEGIES["knn"], "pool"))
    assert heard.said == ["knn: solving takes up to 0 MB of memory (7.4 GB are free)"]


def test_a_readout_that_does_not_fit_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    context = context_of()
    context = replace(context, resolved=replace(context.resolved, readouts=("pool", "stages")))
    narrow, wide = context.passes.network("pool"), replace(context.passes.network("pool"), features=100)
    monkeypatch.setattr(context.passes, "network", lambda readout: narrow if readout == "pool" else wide)
    free(monkeypatch, heads.HEADS["logistic"].memory(Size(40, 12, 2, 5)))
    run = fit_head(context, CHOICES, ResolvedStrategy(STRATEGIES["linear"], "pool"))
    assert run.readout == "pool"
    (said,) = (one.text for one in run.warnings if one.code == "readout-left-out")
    assert said.startswith("The readout stages was not tried: solving a head on it would need up to")
