"""MLflow: a store is read back with its own client."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from report.trackers.conftest import measured_in, read, told, with_another_verdict

from headstart.base.errors import TrackerError

pytest.importorskip("mlflow", reason="MLflow is not installed")
pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own, of its dependencies


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store without runs: to make its tables takes most of a test's time. (test_network.py lets one be made.)"""
    from mlflow import MlflowClient

    place = tmp_path_factory.mktemp("store") / "mlflow.db"
    MlflowClient(f"sqlite:///{place}").search_experiments()
    return place


@pytest.fixture
def store(folder: Path, empty_store: Path) -> Path:
    place = folder / "trackers" / "mlflow.db"
    place.parent.mkdir()
    shutil.copy(empty_store, place)
    return place


def runs(address: str | Path, experiment: str) -> dict[str, Any]:
    """Return the runs that MLflow shows, by their names."""
    from mlflow import MlflowClient

    client = MlflowClient(str(address) if "://" in str(address) else f"sqlite:///{address}")
    found = client.search_runs([client.get_experiment_by_name(experiment).experiment_id])
    names = [run.info.run_name for run in found]
    assert len(set(names)) == len(names), "each stands there once"
    return {run.info.run_name: (client, run) for run in found}


def steps(pair: Any, metric: str) -> list[int]:
    client, run = pair
    return [point.step for point in client.get_metric_history(run.info.run_id, metric)]


def test_everything_is_there_and_only_in_the_run_folder(
    folder: Path, store: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    found = told("mlflow", folder)
    assert (found.logged, found.look) == (3, f"mlflow ui --backend-store-uri sqlite:///{folder}/trackers/mlflow.db")
    logged = runs(store, "사진")
    assert set(logged) == {"사진", "partial", "linear"}
    client, run = logged["linear"]
    record = measured_in(folder, "linear")
    assert run.info.status == "FINISHED"
    assert run.data.metrics["test/accuracy"] == record.accuracy
    assert tuple(run.data.metrics[f"test/accuracy_{end}"] for end in ("low", "high")) == record.interval
    assert run.data.params["backbone"] == "tf_efficientnet_lite0"
    assert run.data.tags["headstart.data"] == read(folder).data.fingerprint
    assert run.data.tags["mlflow.parentRunId"] == logged["사진"][1].info.run_id
    assert steps(logged["partial"], "epoch/choosing_accuracy") == [1, 2, 3]
    kept = {artifact.path for artifact in client.list_artifacts(run.info.run_id)}
    assert {"bundle", "mistakes", "linear.parquet", "classes.json"} <= kept
    of_all = logged["사진"][1]
    kept = {artifact.path for artifact in client.list_artifacts(of_all.info.run_id)}
    assert {"report.html", "results.json", "strategies.json", "verdict.md"} <= kept
    table = json.loads(Path(client.download_artifacts(of_all.info.run_id, "strategies.json")).read_text())
    assert [row[0] for row in table["data"]] == ["partial", "linear"]
    assert list(elsewhere.iterdir()) == []


def test_killed_and_continued_no_epoch_is_there_twice(
    folder: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    with monkeypatch.context() as broken:

        def killed(*given: Any, **options: Any) -> None:
            raise KeyboardInterrupt

        broken.setattr(MlflowClient, "set_terminated", killed)
        with pytest.raises(KeyboardInterrupt):
            told("mlflow", folder)
    assert told("mlflow", folder).logged == 3
    assert told("mlflow", folder).logged == 0
    first = runs(store, "사진")
    assert steps(first["partial"], "epoch/choosing_accuracy") == [1, 2, 3]
    with_another_verdict(folder)
    assert told("mlflow", folder).logged == 1
    second = runs(store, "사진")
    assert second["사진"][1].info.run_id != first["사진"][1].info.run_id
    for name in ("partial", "linear"):
        assert second[name][1].info.run_id == first[name][1].info.run_id
        assert second[name][1].data.tags["mlflow.parentRunId"] == second["사진"][1].info.run_id
    kept = {path.name for path in (folder / "trackers" / "mlflow").iterdir()}
    assert kept == {pair[1].info.run_id for pair in second.values()}, "files of replaced runs are gone"


def test_the_users_store_and_experiment_are_taken(
    folder: Path, empty_store: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    shutil.copy(empty_store, tmp_path / "theirs.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/theirs.db")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "insects")
    monkeypatch.chdir(tmp_path)  # where such a store puts its files
    assert "theirs.db" in told("mlflow", folder).look
    assert set(runs(tmp_path / "theirs.db", "insects")) == {"사진", "partial", "linear"}
    assert not (folder / "trackers" / "mlflow.db").exists()


def test_a_store_that_cannot_be_is_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nonsense://there")
    with pytest.raises(TrackerError, match="MLflow could not be reached or written") as caught:
        told("mlflow", folder)
    assert "--mlflow" in caught.value.hint


def test_of_a_folder_that_moved_everything_is_told_again(folder: Path, store: Path, tmp_path: Path) -> None:
    told("mlflow", folder)
    (tmp_path / "elsewhere").mkdir()
    moved = folder.rename(tmp_path / "elsewhere" / folder.name)
    assert told("mlflow", moved).logged == 3
    logged = runs(moved / "trackers" / "mlflow.db", "사진")
    files = [Path(unquote(pair[1].info.artifact_uri.removeprefix("file://"))) for pair in logged.values()]
    assert all(place.is_dir() and place.is_relative_to(moved) for place in files)
    assert not folder.exists()
