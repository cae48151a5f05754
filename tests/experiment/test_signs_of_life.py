"""No head is fitted, and none is solved, while no bar stands on the screen; each bar moves and comes to its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import CHOICES, PREPROCESSING, context_of, prepared_of, table_of

from headstart import heads
from headstart.bundle import Model
from headstart.experiment.advise import profile_of
from headstart.experiment.budget import Budget
from headstart.experiment.folder import Logged, RunFolder
from headstart.experiment.framing_choice import choose
from headstart.experiment.request import Request
from headstart.experiment.session import Session, Told
from headstart.experiment.stored_plan import _record
from headstart.heads.share_done import PARTS
from headstart.records.progress import Silent
from headstart.strategies.rival import rival_of, solve_again
from headstart.strategies.strategy import RIVALS, STRATEGIES, Strategy

SOLVED = tuple(row.name for row in STRATEGIES.values() if row.solves)


class Bars(Silent):
    """Notes of every step what it promised and how often it moved, and which is open."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.promised: dict[str, list[int]] = {}
        self.moves: dict[str, list[int]] = {}

    @contextmanager
    def step(self, name: str, total: int, unit: str = "pictures") -> Iterator[Any]:
        self.open.append(name)
        self.promised.setdefault(name, []).append(total)
        moves = self.moves.setdefault(name, [])

        class Bar:
            def advance(self, count: int = 1) -> None:
                moves.append(count)

        yield Bar()
        self.open.pop()


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> Bars:
    """Return a listener; every fit and every solve is refused while it shows nothing."""
    own = Bars()

    def watched(work: Any) -> Any:
        def look(*given: Any, **options: Any) -> Any:
            assert own.open, "a head is solved and nobody sees it"
            return work(*given, **options)

        return look

    for name, row in heads.HEADS.items():
        monkeypatch.setitem(heads.HEADS, name, replace(row, fit=watched(row.fit), solve=watched(row.solve)))
    return own


def kept(bars: Bars) -> None:
    """Hold that every bar moved to where it promised, and no further."""
    assert bars.moves
    for name, promised in bars.promised.items():
        assert sum(bars.moves[name]) == sum(promised), name
        if min(promised) >= PARTS:
            assert len(bars.moves[name]) >= 3 * len(promised), name


def test_looks_and_advice(bars: Bars) -> None:
    request = Request(strategies=("linear", "full"), readout="pool")
    context = context_of(table_of(each=40), request=request, progress=bars)
    choose(context)
    profile_of(context, PREPROCESSING, with_shift=False)
    assert {"look, squash: judged", "look, crop: judged", "linear: solved", "learning curve"} <= set(bars.promised)
    assert "advice: preview" in bars.promised
    assert any(name.startswith("look, ") and "squash" not in name and "crop" not in name for name in bars.promised)
    kept(bars)


def test_every_strategy_that_is_solved_and_the_end(bars: Bars, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Model, "save", lambda _, folder: folder.mkdir(parents=True))
    (tmp_path / "x.run").mkdir()
    folder, request = RunFolder(tmp_path / "x.run"), Request(strategies=SOLVED, framing="squash", augment="none")
    prepared = prepared_of(table_of(each=40), request=request, progress=bars)
    plan = _record(prepared, CHOICES, (), "f", None, None)
    told = Told("headstart compare x", "drawn", None)
    session = Session(prepared, CHOICES, folder, plan, Budget(None), Logged(bars, tmp_path / "log"), told)
    runs, _ = session.run_all(request, [], [])
    session.end(runs, [], None, complete=True)
    assert {f"{name}: solved" for name in SOLVED} | {"learning curve"} <= set(bars.promised)
    kept(bars)


@pytest.mark.parametrize("row", RIVALS, ids=lambda row: row.name)
def test_the_heads_that_a_training_starts_from_and_is_held_against(bars: Bars, row: Strategy) -> None:
    context = context_of(progress=bars)
    rows, said = context.division.train, context.passes.features("train", PREPROCESSING)
    rival_of(context, CHOICES)
    assert {f"{one.name}: solved" for one in RIVALS} == set(bars.promised)
    for views in ([said], [said, said]):
        solve_again(context, row, views, rows)
    assert len(bars.promised) == len(RIVALS) + 1
    kept(bars)
