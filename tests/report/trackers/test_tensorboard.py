"""TensorBoard: event files are read back with its own reader."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from report.trackers.conftest import measured_in, run_in, told, with_another_verdict

from headstart.base.errors import ConfigError

pytest.importorskip("tensorboard", reason="TensorBoard is not installed")


def read(folder: Path, entry: str) -> Any:
    """Return TensorBoard's reader of all event files of an entry."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    reader = EventAccumulator(str(folder / "trackers" / "tensorboard" / entry), {"scalars": 0, "images": 0})
    return reader.Reload()


def points(folder: Path, entry: str, tag: str) -> list[tuple[int, float]]:
    return [(event.step, event.value) for event in read(folder, entry).Scalars(tag)]


def epochs(folder: Path) -> list[tuple[int, float]]:
    return [(epoch.epoch, pytest.approx(epoch.train_loss)) for epoch in run_in(folder, "partial").epochs]


def test_everything_is_there(folder: Path) -> None:
    found = told("tensorboard", folder)
    assert (found.logged, found.look) == (3, f"tensorboard --logdir {folder}/trackers/tensorboard")
    assert points(folder, "partial", "epoch/train_loss") == epochs(folder)
    reader = read(folder, "linear")
    measured = measured_in(folder, "linear")
    assert [reader.Scalars(f"test/accuracy_{end}")[0].value for end in ("low", "high")] == pytest.approx(
        measured.interval
    )
    (mistakes,) = reader.Images("mistakes")
    assert min(mistakes.width, mistakes.height) > 200
    texts = set(read(folder, "comparison").Tags()["tensors"])
    assert {"verdict/text_summary", "strategies/text_summary", "pairs/text_summary"} <= texts


def test_settings_stand_beside_the_figures(folder: Path) -> None:
    told("tensorboard", folder)
    content = read(folder, "partial").summary_metadata["_hparams_/session_start_info"].plugin_data.content
    assert b"preprocessing.framing" in content
    assert b"tf_efficientnet_lite0" in content
    assert [path.name for path in (folder / "trackers" / "tensorboard" / "partial").iterdir() if path.is_dir()] == []


def test_what_stands_is_left_and_what_is_half_is_done_anew(folder: Path) -> None:
    told("tensorboard", folder)
    board = folder / "trackers" / "tensorboard"
    before = {path: path.read_bytes() for path in board.rglob("events*")}
    assert told("tensorboard", folder).logged == 0
    assert {path: path.read_bytes() for path in board.rglob("events*")} == before
    with_another_verdict(folder)
    assert told("tensorboard", folder).logged == 1, "only the comparison is another"
    shutil.copytree(board / "partial", board / ".partial.deadbeef.0.12345678.part")  # as a kill leaves it
    (board / "partial" / "headstart.json").unlink()
    assert told("tensorboard", folder).logged == 1
    assert points(folder, "partial", "epoch/train_loss") == epochs(folder)


def test_a_file_of_somebody_else_is_not_removed_with_what_is_done_anew(folder: Path) -> None:
    told("tensorboard", folder)
    notes = folder / "trackers" / "tensorboard" / "partial" / "notes.txt"
    notes.write_text("mine")
    (notes.parent / "headstart.json").unlink()
    with pytest.raises(ConfigError, match=r"notes\.txt"):
        told("tensorboard", folder)
    assert notes.read_text() == "mine"


def test_an_open_tensorboard_forgets_what_was_replaced(folder: Path) -> None:
    told("tensorboard", folder)
    place = folder / "trackers" / "tensorboard" / "partial"
    older = next(place.glob("events*")).read_bytes()
    (place / "headstart.json").unlink()
    told("tensorboard", folder)
    (place / "events.out.tfevents.0000000000.older").write_bytes(older)  # read first, as it was before the newer one
    assert points(folder, "partial", "epoch/train_loss") == epochs(folder)


def test_no_state_is_left_behind(folder: Path) -> None:
    from accelerate.state import PartialState

    had = dict(PartialState._shared_state)
    PartialState._reset_state()
    try:
        told("tensorboard", folder)
        assert PartialState._shared_state == {}, "a later training would compute where this one says"
    finally:
        PartialState._shared_state.update(had)
