"""Networks are ranked by what their features tell of the training pictures, with the same head on all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import prepared_of, separable, table_of

from headstart.base.errors import ConfigError
from headstart.experiment import rank as module
from headstart.experiment.prepare import Prepared
from headstart.experiment.rank import rank, scored
from headstart.experiment.request import Request
from headstart.records.progress import Silent
from headstart.records.ranking import Ranking
from headstart.strategies.passes import FakePasses

TABLE = table_of(each=40)
REQUEST = Request(strategies=("linear",), framing="squash", augment="none")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """Let each network tell the classes apart as well as its name says; return what was asked for."""
    found: list[Request] = []

    def prepare(table: Any, request: Request, **_: object) -> Prepared:
        found.append(request)
        name = str(request.backbone or Path(str(request.weights)).stem)
        return prepared_of(TABLE, values=separable(TABLE.labels, distance=float(name.split("_")[-1])))

    monkeypatch.setattr(module, "prepare", prepare)
    return found


def ranked(*names: str) -> Ranking:
    return rank(TABLE, REQUEST, names, threads=None, progress=Silent())


def test_the_network_that_tells_more_comes_first(asked: list[Request]) -> None:
    found = ranked("net_0.1", "net_3", "net_0.6")
    assert [entry.backbone for entry in found.ranking] == ["net_3", "net_0.6", "net_0.1"]
    assert found.verdict.winner == "net_3"
    assert found.pictures == len(TABLE.rows("train"))
    assert [request.backbone for request in asked] == ["net_0.1", "net_3", "net_0.6"]
    assert {pair.split for pair in found.comparisons} == {"training"}
    assert len(found.comparisons) == 3
    assert "it had not learned from" in found.verdict.text


def test_networks_that_tell_the_same_are_tied(asked: list[Request]) -> None:
    found = ranked("one_1", "two_1")
    assert (found.verdict.winner, found.verdict.tied_with) == ("one_1", ("two_1",))
    assert found.ranking[0].linear == found.ranking[1].linear


def test_a_file_of_weights_is_a_network_too(asked: list[Request], tmp_path: Path) -> None:
    file = tmp_path / "own_2.pth"
    file.write_bytes(b"")
    found = ranked("net_0.1", str(file))
    assert [(request.backbone, request.weights) for request in asked] == [("net_0.1", None), (None, str(file))]
    assert found.verdict.winner == str(file)


@pytest.mark.parametrize("names", [(), ("one",), ("one", "one"), ("one", "two", "one")])
def test_two_or_more_are_named_each_once(names: tuple[str, ...], asked: list[Request]) -> None:
    with pytest.raises(ConfigError, match="two or more at a time, each named once"):
        ranked(*names)
    assert asked == []


def test_scores_are_of_training_pictures_by_heads_that_had_not_seen_them() -> None:
    values: Mapping[str, Any] = {
        "usual": separable(TABLE.labels),
        "wild": np.where((TABLE.splits == "test")[:, None], np.nan, separable(TABLE.labels)),
    }
    (one, right), (other, _) = (scored(prepared_of(TABLE, values=given), "net") for given in values.values())
    assert (one.linear, one.loss, one.logme, one.ridge) == (other.linear, other.loss, other.logme, other.ridge)
    assert len(right) == len(TABLE.rows("train"))
    assert one.linear == right.mean()
    assert one.interval[0] < one.linear < one.interval[1]
    noise = np.random.default_rng(0).normal(size=(len(TABLE), 60)).astype(np.float32)
    guessed, _ = scored(prepared_of(TABLE, values=noise), "net")
    assert guessed.linear < 0.7, "60 numbers tell 80 pictures apart, and no new one"


def test_only_train_is_asked_for() -> None:
    own = prepared_of(TABLE)
    scored(own, "net")
    assert isinstance(own.passes, FakePasses)
    assert {part for part, _, _ in own.passes.asked} == {"looked at"}
