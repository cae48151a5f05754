"""What is resolved: networks by readout, activations on disk, and which strategies are of which kind."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders import GIVEN, STAGES, resolved_of

from headstart.experiment.request import Request
from headstart.strategies.passes import fake_backbone
from headstart.strategies.resolved import activation_bytes, stored_cuts

NETWORK = fake_backbone(12, stages=STAGES)
EACH = 2 * 8 * 4 * 4  # bytes of one picture's activations in front of a stage of the fake network


def test_activations_are_stored_as_half_floats() -> None:
    assert activation_bytes(NETWORK, "late", 10) == 10 * EACH


@pytest.mark.parametrize(
    ("room", "first", "stored"),
    [
        (2, None, ("late", "middle")),
        (1, None, ("late",)),
        (0, None, ()),
        (1, "middle", ("middle",)),
        (2, "middle", ("middle", "late")),
    ],
)
def test_cuts_are_stored_as_far_as_there_is_room(room: int, first: str | None, stored: tuple[str, ...]) -> None:
    assert stored_cuts(NETWORK, ("late", "middle", "input", "late"), 10, room * 10 * EACH, first) == stored


def test_a_smaller_one_is_stored_where_a_larger_one_has_no_room() -> None:
    wide = replace(NETWORK, held=fake_backbone(12, stages=STAGES).held)
    stages = wide.stages
    wide.held.__dict__["facts"] = type(wide.held.facts)(
        1000, (stages[0], type(stages[1])("middle", 100, (80, 4, 4), 1.0), *stages[2:]), (), (12,)
    )
    assert stored_cuts(wide, ("middle", "late"), 10, 10 * EACH) == ("late",)


def test_copies_count_and_so_does_the_picture_as_it_is() -> None:
    resolved = resolved_of(Request(strategies=("partial",), cut="late", views=3, **GIVEN), NETWORK, 50)
    assert resolved.activation_bytes("late") == 4 * 50 * EACH


def test_strategies_by_their_kind() -> None:
    request = Request(strategies=("linear", "partial", "scratch", "full"), cut="late", **GIVEN)
    resolved = resolved_of(request, NETWORK)
    assert [one.name for one in resolved.trained] == ["partial", "scratch", "full"]
    assert [one.name for one in resolved.partly_trained] == ["partial"]
    assert resolved.solves_heads
    assert not resolved_of(Request(strategies=("full",), **GIVEN), NETWORK).solves_heads


def test_a_network_from_nothing_is_a_new_one_each_time_and_of_its_own_seed() -> None:
    seeds = list[int]()

    def make(seed: int) -> object:
        seeds.append(seed)
        return fake_backbone(8)

    resolved = replace(
        resolved_of(Request(strategies=("scratch",), seed=3, **GIVEN), NETWORK),
        make_scratch=make,  # type: ignore[arg-type]
    )
    (scratch,) = resolved.strategies
    assert resolved.backbone is None
    assert resolved.scratch() is not resolved.untrained(scratch)
    other = resolved.reseeded(9, 20)
    other.untrained(scratch)
    assert seeds == [3, 3, 9]
    assert other.pictures == 20


def test_without_a_pretrained_network_none_can_be_asked() -> None:
    resolved = resolved_of(Request(strategies=("scratch",), **GIVEN), NETWORK)
    with pytest.raises(RuntimeError, match="no strategy of this experiment asked"):
        resolved.network("pool")


def test_another_engine_changes_nothing_else() -> None:
    resolved = resolved_of(Request(strategies=("linear",), **GIVEN), NETWORK)
    other = resolved.with_engine("onnx")
    assert other.engine == "onnx"
    assert replace(other, engine="torch").strategies == resolved.strategies
