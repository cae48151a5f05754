"""The table of strategies: names, cuts in names, order; and that a row carries all that is told of it."""

from __future__ import annotations

import pytest

from headstart.base.errors import ConfigError
from headstart.heads import HEADS
from headstart.records.run import RunId
from headstart.records.training import TrainingSettings
from headstart.strategies.strategy import (
    PART,
    REFERENCE,
    STRATEGIES,
    TRAINED_HEADS,
    choose_strategies,
    in_order,
    name_at,
    strategy_of,
    table_order,
)


def test_names_with_a_cut() -> None:
    row = strategy_of("partial@blocks.5")
    assert (row.name, row.kind, row.cut, row.trains) == ("partial@blocks.5", "partial", "blocks.5", "part")
    assert (row.plain, row.sign, row.training) == (PART.plain, PART.sign, PART.training)
    assert name_at(PART, "layer3") == "partial@layer3"
    assert RunId.parse("partial@layer3") == RunId(strategy="partial", cut="layer3")


def test_several_are_in_the_order_of_the_table_and_cuts_as_given() -> None:
    names = [one.name for one in choose_strategies("full,partial@b,partial@a,linear,partial@b")]
    assert names == ["linear", "partial@b", "partial@a", "full"]
    assert in_order(["full", "partial@x", "partial"]) == ("partial@x", "partial", "full")
    assert [row.name for row in choose_strategies(None)] == list(STRATEGIES)
    assert [row.name for row in choose_strategies(["svm", " knn "])] == ["knn", "svm"]
    assert table_order("partial@x") == table_order("partial") == list(STRATEGIES).index("partial")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("linaer", "There is no strategy 'linaer'. Did you mean 'linear'?"),
        ("foo", "There is no strategy 'foo'. Choose from knn, linear, lda, svm, partial, scratch, full."),
        ("linear@layer4", "Only partial can be cut elsewhere"),
        ("partial@", "headstart stages"),
        ("partial@../x", "headstart stages"),
        ("", "Name some of"),
    ],
)
def test_what_is_no_strategy(name: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        choose_strategies(name)
    assert said in f"{caught.value} {caught.value.hint}"


def test_rows_are_told_apart_by_sign_colour_and_words() -> None:
    rows = list(STRATEGIES.values())
    for told in ("sign", "colour", "plain", "summary"):
        assert len({getattr(row, told) for row in rows}) == len(rows), told


@pytest.mark.parametrize("row", STRATEGIES.values(), ids=lambda row: row.name)
def test_a_row_fits_together(row) -> None:
    assert row.solves == (row.head in HEADS)
    assert row.solves or row.head in TRAINED_HEADS
    assert set(row.training) <= set(TrainingSettings.__struct_fields__)
    assert not (row.solves and row.training)
    record = row.record()
    assert {name: getattr(record, name) for name in record.__struct_fields__} == {
        name: getattr(row, name) for name in record.__struct_fields__
    }


def test_the_reference_solves_and_the_part_trains() -> None:
    assert REFERENCE.solves
    assert PART.trains == "part"
