"""What shared passes cost, which pictures they see, and on which engine they go. No network, no pixels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from builders import FEATURES, GIVEN, STAGES, planned_of, table_of

from headstart.experiment import passes as module
from headstart.experiment.passes import Costs, Pictures
from headstart.experiment.prepare import Prepared
from headstart.experiment.request import Request
from headstart.features import StoredRows
from headstart.records.progress import Silent
from headstart.strategies.passes import FEATURES as LOOK
from headstart.strategies.passes import Look, fake_backbone


def test_a_pass_counts_once_however_often_it_is_found_again() -> None:
    costs = Costs(decode=2.0)
    for _ in range(3):
        costs.count("pass 1", "features", 4.0)
    costs.count("pass 2", "features", 1.0)
    costs.count("pass 3", "framing", 3.0)
    assert costs.seconds == {"decode": 2.0, "features": 5.0, "framing": 3.0}


def test_what_was_spent_before_a_run_went_on_still_counts() -> None:
    costs = Costs(decode=2.0, before={"decode": 9.0, "augment": 1.0, "features": 1.0})
    costs.count("pass", "features", 4.0)
    assert costs.seconds == {"decode": 9.0, "augment": 1.0, "features": 4.0}


def test_rows_are_those_of_the_usable_pictures() -> None:
    class Store:
        def __getitem__(self, row: int) -> str:
            return f"picture {row}"

    pictures = Pictures(Store(), np.array([0, 2, 5]))  # type: ignore[arg-type]
    assert len(pictures) == 3
    assert [pictures[row] for row in range(3)] == ["picture 0", "picture 2", "picture 5"]
    assert pictures.only(np.array([2]))[0] == "picture 5"  # type: ignore[comparison-overlap]


def prepared(**options: Any) -> Prepared:
    return planned_of(Request(strategies=("linear", "partial"), cut="late", **{**GIVEN, **options}), table_of())


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return what the network is asked; it says of each row its number."""
    found: list[dict[str, Any]] = []

    def extract(network: Any, pictures: Any, rows: Any, digests: Any, **options: Any) -> StoredRows:
        found.append({"rows": rows, **options})
        numbers = np.repeat(rows[:, None], network.features, axis=1).astype(np.float32)
        stored: Any = {"pooled": numbers, "activations": numbers}
        return _Found(stored)  # type: ignore[return-value]

    monkeypatch.setattr(module, "extract", extract)
    return found


class _Found(dict):  # type: ignore[type-arg]
    made, seconds = "pass", 3.0


def test_a_part_is_asked_for_by_its_name(asked: list[dict[str, Any]]) -> None:
    own = prepared()
    said = own.passes.features("held out", own.resolved.need_backbone().preprocessing, look=Look("features", "told"))
    assert said[:, 0].tolist() == own.division.held_out.tolist()
    assert said.shape[1] == FEATURES
    assert (asked[0]["name"], asked[0]["pooled"], asked[0]["cut"]) == ("told", True, None)
    assert own.passes.seconds["features"] == 3.0
    assert own.passes.spent > 0.0


def test_one_pass_leaves_what_enters_after_every_cut(asked: list[dict[str, Any]]) -> None:
    request = Request(strategies=("partial@late", "partial@middle"), **GIVEN)
    own = planned_of(request, table_of())
    seen = own.resolved.need_backbone().preprocessing
    own.passes.activations("train", seen, cut="middle", look=Look("activations", "x"))
    assert (asked[0]["cut"], asked[0]["beside"], asked[0]["pooled"]) == ("middle", ("middle", "late"), False)
    assert asked[0]["engine"] == "torch", "a graph says only what comes last"


def test_heads_go_on_the_engine_that_was_chosen(asked: list[dict[str, Any]]) -> None:
    own = prepared().with_engine("onnx")
    own.passes.features("train", own.resolved.need_backbone().preprocessing, look=LOOK)
    assert asked[0]["engine"] == own.resolved.engine == own.context.resolved.engine == "onnx"


class Kept:
    """A graph that was kept of a network."""

    def __init__(self, *, preferred: bool = True, opens: bool = True) -> None:
        self.preferred, self._opens = preferred, opens

    def opens(self) -> bool:
        return self._opens


@pytest.mark.parametrize(
    ("kept", "begun", "device", "engine"),
    [
        (None, False, "cpu", "torch"),
        (Kept(), False, "cpu", "onnx"),
        (Kept(preferred=False), False, "cpu", "torch"),
        (Kept(opens=False), False, "cpu", "torch"),
        (Kept(), True, "cpu", "torch"),  # who has begun with one goes on with it
        (Kept(), False, "cuda", "torch"),
    ],
)
def test_a_kept_graph_is_preferred_where_it_is_fast_and_nothing_was_begun(
    kept: Any, begun: bool, device: str, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "stands", lambda *_, **__: begun)
    backbone = fake_backbone(FEATURES, stages=STAGES)
    backbone.held.kept = kept
    own = planned_of(Request(strategies=("linear",), **GIVEN), table_of(), backbone=backbone)
    passes = replace(own.passes, resolved=replace(own.resolved, device=device))
    assert passes.preferred_engine(backbone.preprocessing) == engine


def test_another_listener_hears_the_same_passes() -> None:
    own, listener = prepared(), Silent()
    heard = own.heard_by(listener)
    assert heard.context.passes is heard.passes
    assert heard.passes.progress is heard.context.progress is listener
    assert heard.passes.costs is own.passes.costs
