"""Killed at any epoch, a training goes on and ends with the very same numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headstart.backbones.forward import tensors_hash
from headstart.base.errors import StoreError
from headstart.records.record import changed
from headstart.records.training import Epoch, TrainingSettings
from headstart.tune import train


def settings(**values: Any) -> TrainingSettings:
    return TrainingSettings(**{"epochs": 4, "batch_size": 8, "head_rate": 0.03, "backbone_rate": 0.03, **values})


def go(trainee: Any, lesson: Any, *, hold_out: bool = True, **others: Any) -> Any:
    arguments = {"settings": settings(), "seed": 7, "run": "full", "device": "cpu", **others}
    return train(trainee, **lesson.arguments(hold_out=hold_out), **arguments)


def plain(records: Any) -> list[Epoch]:
    return [changed(record, seconds=0.0, images_per_second=0.0) for record in records]


CASES = {
    "adamw": {"optimizer": "adamw"},
    "sgd": {"optimizer": "sgd"},
    "step, frozen, calibrated": {"schedule": "step", "batch_norm": "frozen", "choose": "calibrated-loss"},
    "bf16": {"precision": "bf16"},
    "misled": {"head_rate": 0.1},
    "average": {"average": 2.0},
    "no average": {"average": 0.0},
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("after", [1, 3, 4])
def test_a_killed_training_ends_the_same(
    tmp_path: Path, make_trainee: Any, make_lesson: Any, listener: Any, killed: Any, case: str, after: int
) -> None:
    others = {"settings": settings(**CASES[case]), "hold_out": case != "average"}
    through = make_trainee()
    expected = go(through, make_lesson(pixels=True, misled=case == "misled"), **others)
    with pytest.raises(killed):
        go(
            make_trainee(),
            make_lesson(pixels=True, misled=case == "misled"),
            checkpoint=tmp_path / "c",
            progress=listener(kill_after=after),
            **others,
        )
    resumed, heard = make_trainee(), listener()
    found = go(
        resumed, make_lesson(pixels=True, misled=case == "misled"), checkpoint=tmp_path / "c", progress=heard, **others
    )
    assert heard.messages[0] == f"full: continuing after epoch {after} of 4."
    assert [record.epoch for record in heard.epochs] == list(range(after + 1, 5))
    assert tensors_hash(resumed) == tensors_hash(through)
    assert (found.chosen_epoch == 0) == (case == "misled")
    assert plain(found.epochs) == plain(expected.epochs)
    assert (found.chosen_epoch, found.chosen, found.start, found.warnings) == (
        expected.chosen_epoch,
        expected.chosen,
        expected.start,
        expected.warnings,
    )


def test_patience_is_remembered(
    tmp_path: Path, make_trainee: Any, make_lesson: Any, listener: Any, killed: Any
) -> None:
    harmful = {"settings": settings(epochs=9, patience=2, head_rate=0.3)}
    lesson = make_lesson(misled=True)
    start = make_trainee()
    go(start, make_lesson())
    kept = {name: value.clone() for name, value in start.state_dict().items()}
    with pytest.raises(killed):
        go(start, lesson, checkpoint=tmp_path, progress=listener(kill_after=1), **harmful)
    start.load_state_dict(kept)
    assert len(go(start, lesson, checkpoint=tmp_path, **harmful).epochs) == 2


@pytest.mark.parametrize("moment", ["tensors", "best", "pointer"])
def test_death_while_a_checkpoint_is_written(
    tmp_path: Path, make_trainee: Any, make_lesson: Any, monkeypatch: Any, moment: str
) -> None:
    expected = make_trainee()
    go(expected, make_lesson())
    from headstart.tune import checkpoint as store

    writes = {"tensors": store.Checkpoint._write, "best": store.Checkpoint._write, "pointer": store.write_json}
    count = {"left": {"tensors": 3, "best": 4, "pointer": 2}[moment]}

    def dying(*arguments: Any) -> None:
        count["left"] -= 1
        if count["left"] < 0:
            raise KeyboardInterrupt
        writes[moment](*arguments)

    with monkeypatch.context() as patched:
        if moment == "pointer":
            patched.setattr(store, "write_json", dying)
        else:
            patched.setattr(store.Checkpoint, "_write", dying)
        with pytest.raises(KeyboardInterrupt):
            go(make_trainee(), make_lesson(), checkpoint=tmp_path)
    (tmp_path / ".x-epoch-9.safetensors.1234.part").write_bytes(b"half")  # what a killed writer leaves
    resumed = make_trainee()
    go(resumed, make_lesson(), checkpoint=tmp_path)
    assert tensors_hash(resumed) == tensors_hash(expected)
    assert len(list(tmp_path.iterdir())) == 3, "one generation is left: pointer, weights, best weights"


@pytest.mark.parametrize(
    "change", [{"seed": 8}, {"settings": settings(head_rate=0.02)}, {"guard": False}, {"run": "partial"}]
)
def test_the_checkpoint_of_another_training_is_not_taken(
    tmp_path: Path, make_trainee: Any, make_lesson: Any, listener: Any, change: Any
) -> None:
    go(make_trainee(), make_lesson(), checkpoint=tmp_path)
    heard = listener()
    trainee, fresh = make_trainee(), make_trainee()
    go(trainee, make_lesson(), checkpoint=tmp_path, progress=heard, **change)
    assert "belongs to other settings" in heard.messages[0]
    assert len(heard.epochs) == 4
    go(fresh, make_lesson(), **change)
    assert tensors_hash(trainee) == tensors_hash(fresh)


def test_another_start_is_another_training(tmp_path: Path, make_trainee: Any, make_lesson: Any, listener: Any) -> None:
    go(make_trainee(), make_lesson(), checkpoint=tmp_path)
    heard = listener()
    go(make_trainee(seed=1), make_lesson(), checkpoint=tmp_path, progress=heard)
    assert len(heard.epochs) == 4


@pytest.mark.parametrize("name", ["state.json", "*-epoch-*", "*-best-*"])
def test_a_damaged_checkpoint_is_told_and_not_taken(
    tmp_path: Path, make_trainee: Any, make_lesson: Any, listener: Any, name: str
) -> None:
    expected = make_trainee()
    go(expected, make_lesson(), checkpoint=tmp_path)
    (path,) = tmp_path.glob(name)
    path.write_bytes(path.read_bytes()[:50])
    trainee, heard = make_trainee(), listener()
    go(trainee, make_lesson(), checkpoint=tmp_path, progress=heard)
    assert "damaged" in heard.messages[0]
    assert tensors_hash(trainee) == tensors_hash(expected)
    again = listener()
    go(make_trainee(), make_lesson(), checkpoint=tmp_path, progress=again)
    assert not any("damaged" in message for message in again.messages)


def test_other_files_in_the_folder_stay(tmp_path: Path, make_trainee: Any, make_lesson: Any) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"mine")
    go(make_trainee(), make_lesson(), checkpoint=tmp_path)
    assert (tmp_path / "model.safetensors").read_bytes() == b"mine"


def test_a_full_disk_is_an_error_that_helps(
    tmp_path: Path, make_trainee: Any, make_lesson: Any, monkeypatch: Any
) -> None:
    from headstart.tune import checkpoint as store

    def full(tensors: Any, path: Path) -> None:
        raise store.SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(store, "save_file", full)
    with pytest.raises(StoreError, match="disk is full"):
        go(make_trainee(), make_lesson(), checkpoint=tmp_path)
    assert list(tmp_path.iterdir()) == []
