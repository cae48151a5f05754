"""Weights & Biases: offline runs are read back from the files that would be sent."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from report.trackers.conftest import measured_in, run_in, told, with_another_verdict

pytest.importorskip("wandb", reason="W&B is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # W&B's own, of its dependencies

_BLOCK, _HEAD = 32768, 7


def records(file: Path) -> Iterator[Any]:
    """Yield what an offline run holds; the form is LevelDB's log: blocks of pieces with a checksum, size and kind."""
    from wandb.proto.wandb_internal_pb2 import Record

    content, at, whole = file.read_bytes(), _HEAD, b""
    while at + _HEAD <= len(content):
        if _BLOCK - at % _BLOCK < _HEAD:
            at += _BLOCK - at % _BLOCK
            continue
        size, kind = struct.unpack("<HB", content[at + 4 : at + _HEAD])
        whole += content[at + _HEAD : at + _HEAD + size]
        at += _HEAD + size
        if kind in (1, 4):  # whole, or the last piece
            record = Record()
            record.ParseFromString(whole)
            whole = b""
            yield record


def offline_runs(folder: Path) -> dict[str, list[Any]]:
    """Return the records of each offline run by the run's name."""
    found: dict[str, list[Any]] = {}
    for file in sorted(folder.glob("trackers/wandb/offline-run-*/run-*.wandb")):
        each = list(records(file))
        name = next(record.run.display_name for record in each if record.HasField("run"))
        assert name not in found, "each stands there once"
        found[name] = each
    return found


def history(run: list[Any]) -> list[dict[str, Any]]:
    rows = [record.history.item for record in run if record.HasField("history")]
    return [{item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in row} for row in rows]


def test_runs_are_whole_once_and_offline(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    found = told("wandb", Path(folder.name))
    assert found.logged == 3
    assert "nothing was sent" in found.look
    logged = offline_runs(folder)
    assert set(logged) == {"사진", "partial", "linear"}
    rows = history(logged["partial"])
    assert [row["_step"] for row in rows if "epoch/choosing_accuracy" in row] == [1, 2, 3]
    assert [row["epoch/train_loss"] for row in rows if "epoch/train_loss" in row] == [
        epoch.train_loss for epoch in run_in(folder, "partial").epochs
    ]
    assert any(key.startswith("mistakes/") for row in rows for key in row)
    begun = next(each.run for each in logged["partial"] if each.HasField("run"))
    assert (begun.run_group, begun.job_type, begun.project) == ("사진", "strategy", "headstart")
    assert "tied" in begun.tags
    summary = {
        item.key or item.nested_key[0]: item.value_json
        for each in logged["linear"]
        if each.HasField("summary")
        for item in each.summary.update
    }
    assert json.loads(summary["test/accuracy_low"]) == pytest.approx(measured_in(folder, "linear").interval[0])
    kept = [file for each in logged["linear"] if each.HasField("artifact") for file in each.artifact.manifest.contents]
    assert {"bundle/bundle.json", "predictions.parquet"} <= {file.path for file in kept}
    assert all(Path(file.local_path).is_absolute() for file in kept), "it is sent from any folder"
    assert all(Path(file.local_path).is_file() for file in kept)
    # A second time there is nothing to do; what a kill left half, or what changed, takes the place of what stood.
    assert told("wandb", folder).logged == 0
    noted = folder / "trackers" / "wandb.json"
    content = json.loads(noted.read_text(encoding="utf-8"))
    del content["partial"]
    noted.write_text(json.dumps(content), encoding="utf-8")
    with_another_verdict(folder)
    assert told("wandb", folder).logged == 2
    again = offline_runs(folder)
    assert set(again) == set(logged)
    assert [row["_step"] for row in history(again["partial"]) if "epoch/choosing_accuracy" in row] == [1, 2, 3]


def test_the_users_own_run_stays_open(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import wandb

    monkeypatch.setenv("WANDB_PROJECT", "theirs")
    with wandb.init(dir=tmp_path, mode="offline", settings=wandb.Settings(silent=True, console="off")) as own:
        own.log({"mine": 1})
        told("wandb", folder)
        assert wandb.run is own
        assert "backbone" not in own.config.as_dict()
    assert {
        next(each.run for each in run if each.HasField("run")).project for run in offline_runs(folder).values()
    } == {"theirs"}
