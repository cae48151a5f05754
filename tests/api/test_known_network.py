"""What is kept of a network lets heads do without torch, and answers as the network does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from drawing import draw_classes
from experiments import own_cache

import headstart as hs
from headstart import backbones
from headstart.base.errors import ConfigError, WeightsError
from headstart.base.files import fingerprint
from headstart.records.codec import plain

SMALL = {"strategies": ["linear", "knn"], "image_size": 64}
ADDRESS = {"weights": None, "image_size": 64}
WITHOUT_TORCH = (
    "import json, sys; import headstart as hs; "
    "hs.compare(sys.argv[1], out=sys.argv[2], strategies=['linear', 'knn'], image_size=64); "
    "print(json.dumps(sorted({'torch', 'timm', 'accelerate'} & set(sys.modules))))"
)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[hs.api.Experiment, Path]:
    """A first comparison, whose network was kept, and the cache where it is."""
    folder = tmp_path_factory.mktemp("first")
    draw_classes(folder / "pictures" / "train", 12, 0)  # as in `picture_folder`
    draw_classes(folder / "pictures" / "val", 6, 100)
    with own_cache(folder / "cache") as kept:
        experiment = hs.compare(folder / "pictures", out=folder / "first.run", **SMALL)
        assert experiment.keep_network()
        assert not experiment.keep_network()
        said(favour="preferred")  # its graph counts as the faster engine, whatever was measured
    return experiment, kept


@pytest.fixture
def known(first: tuple[hs.api.Experiment, Path], cache: Path, tmp_path: Path) -> hs.api.Experiment:
    """The first comparison, in a folder and a cache of the test's own."""
    experiment, kept = first
    shutil.copytree(kept, cache, dirs_exist_ok=True)
    shutil.copytree(experiment.folder, tmp_path / "first.run")
    return hs.api.Experiment(tmp_path / "first.run", experiment.results)


def manifest() -> Path:
    """Return the manifest of the one kept network."""
    (found,) = (Path(os.environ["HEADSTART_CACHE"]) / "engines").glob("*/manifest.json")
    return found


def said(*, favour: str, value: bool = True) -> None:
    """Write another measurement into what was kept."""
    content = json.loads(manifest().read_text())
    content["graph"][favour] = value
    content["whole"] = fingerprint([content[name] for name in ("card", "graph", "sha256")])
    manifest().write_text(json.dumps(content))


def answers(run: Path) -> np.ndarray:
    rows = pq.read_table(run / "predictions" / "linear.parquet")
    return np.column_stack([rows[name].to_numpy() for name in rows.column_names if name.startswith("p_")])


def alone(data: Path, out: Path) -> list[str]:
    """Compare heads in a process of its own; return which heavy packages it imported."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, str(data), str(out)], capture_output=True, text=True, check=True
    )
    return list(json.loads(done.stdout.splitlines()[-1]))


def test_the_same_pictures_again_need_no_torch_and_give_the_same(
    known: hs.api.Experiment, picture_folder: Path, tmp_path: Path
):
    assert alone(picture_folder, tmp_path / "again.run") == []
    for strategy in ("linear", "knn"):
        first, again = (place / "bundles" / strategy for place in (known.folder, tmp_path / "again.run"))
        assert (first / "model.safetensors").read_bytes() == (again / "model.safetensors").read_bytes()
    assert (answers(known.folder) == answers(tmp_path / "again.run")).all()
    assert json.loads((tmp_path / "again.run" / "plan.json").read_text())["engine"] == "torch"


def test_other_pictures_need_no_torch_and_are_answered_as_the_network_does(known: hs.api.Experiment, tmp_path: Path):
    draw_classes(tmp_path / "others" / "train", 10, 500)
    draw_classes(tmp_path / "others" / "val", 5, 600)
    assert alone(tmp_path / "others", tmp_path / "graph.run") == []
    plan = json.loads((tmp_path / "graph.run" / "plan.json").read_text())
    assert plan["engine"] == "onnx"
    said(favour="preferred", value=False)
    hs.clear_cache("features")
    torch = hs.compare(tmp_path / "others", out=tmp_path / "torch.run", **SMALL)
    assert json.loads((torch.folder / "plan.json").read_text())["engine"] == "torch"
    assert np.abs(answers(tmp_path / "graph.run") - answers(torch.folder)).max() < 1e-5
    reopened = hs.load(tmp_path / "graph.run" / "bundles" / "linear")
    files = [tmp_path / "others" / path for path in pq.read_table(torch.folder / "split.parquet")["path"].to_pylist()]
    held_out = [file for file in files if "val" in file.parts]
    assert np.abs(reopened.predict_proba(held_out) - answers(tmp_path / "graph.run")).max() < 1e-5


def test_what_was_kept_is_the_network_itself(known: hs.api.Experiment):
    found, loaded = backbones.recall(None, **ADDRESS), backbones.load(image_size=64)
    assert found is not None
    assert found.held.digest == loaded.held.digest
    assert found.stages == loaded.stages
    assert (found.parameters, found.features, found.flops) == (loaded.parameters, loaded.features, loaded.flops)
    assert found.preprocessing == loaded.preprocessing
    assert found.record == loaded.record
    wide = [backbones.read_out(one, "stages") for one in (found, loaded)]
    assert wide[0].features == wide[1].features
    assert wide[0].read == wide[1].read
    tensors, state = found.held.tensors(), loaded.held.tensors()
    assert tensors.keys() == state.keys()
    assert all((tensors[name] == state[name]).all() for name in state)
    assert backbones.split(found, "blocks.5").suffix is not None  # the network is made when it is asked for


def test_it_is_kept_once_for_each_network(known: hs.api.Experiment, picture_folder: Path, tmp_path: Path):
    again = hs.compare(picture_folder, out=tmp_path / "again.run", **SMALL)
    assert not again.keep_network()
    assert backbones.recall(None, weights=None, image_size=96) is None
    assert backbones.recall("resnet18", **ADDRESS) is None


@pytest.mark.parametrize("file", ["graph.onnx", "network.safetensors", "manifest.json"])
def test_a_damaged_entry_is_as_good_as_none(known: hs.api.Experiment, picture_folder: Path, tmp_path: Path, file: str):
    place = manifest().with_name(file)
    content = bytearray(place.read_bytes())
    content[len(content) // 2] ^= 0xFF
    place.write_bytes(content)
    assert backbones.recall(None, **ADDRESS) is None
    again = hs.compare(picture_folder, out=tmp_path / "again.run", **SMALL)
    assert (answers(known.folder) == answers(again.folder)).all()
    assert again.keep_network()
    assert backbones.recall(None, **ADDRESS) is not None


def test_other_weights_under_the_same_name_are_another_network(known: hs.api.Experiment, tmp_path: Path):
    from safetensors.numpy import save_file

    tensors = {name: np.asarray(value) for name, value in backbones.load(image_size=64).held.tensors().items()}
    file = tmp_path / "own.safetensors"
    file.with_suffix(".json").write_text(json.dumps({"architecture": "tf_efficientnet_lite0"}))
    save_file(tensors, file)
    loaded = backbones.load(weights=file, image_size=64)
    squares = [np.full((64, 64, 3), 90, np.uint8)] * 3
    assert backbones.remember(loaded, None, weights=str(file), image_size=64, squares=squares)
    assert backbones.recall(None, weights=str(file), image_size=64) is not None
    name = next(name for name in tensors if name.endswith("weight"))
    save_file({**tensors, name: tensors[name] * 2}, file)
    assert backbones.recall(None, weights=str(file), image_size=64) is None


def test_a_run_goes_on_with_its_engine_also_where_the_cache_was_cleared(known: hs.api.Experiment, tmp_path: Path):
    draw_classes(tmp_path / "others" / "train", 10, 500)
    draw_classes(tmp_path / "others" / "val", 5, 600)
    begun = hs.compare(tmp_path / "others", out=tmp_path / "run", **{**SMALL, "strategies": ["linear"]})
    assert json.loads((begun.folder / "plan.json").read_text())["engine"] == "onnx"
    whole = hs.compare(tmp_path / "others", out=tmp_path / "whole.run", **SMALL)
    hs.clear_cache()
    grown = hs.compare(tmp_path / "others", out=tmp_path / "run", **{**SMALL, "strategies": ["knn"]})
    assert grown.runs["knn"].metrics == whole.runs["knn"].metrics
    rows = [pq.read_table(place / "predictions" / "knn.parquet") for place in (grown.folder, whole.folder)]
    assert rows[0].equals(rows[1])


def test_an_engine_that_is_not_to_be_had_is_said(
    known: hs.api.Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    draw_classes(tmp_path / "others" / "train", 10, 500)
    draw_classes(tmp_path / "others" / "val", 5, 600)
    hs.compare(tmp_path / "others", out=tmp_path / "run", **{**SMALL, "strategies": ["linear"]})
    shutil.rmtree(manifest().parent)
    hs.clear_cache("features")
    monkeypatch.setattr("headstart.backbones.engine_cache.AGREE", -1.0)
    with pytest.raises(ConfigError, match="exported graph, which cannot be made here"):
        hs.compare(tmp_path / "others", out=tmp_path / "run", **SMALL)


def test_a_graph_that_answers_otherwise_is_not_used(
    picture_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("headstart.backbones.engine_cache.AGREE", -1.0)
    first = hs.compare(picture_folder, out=tmp_path / "first.run", **SMALL)
    assert first.keep_network()
    said(favour="preferred")
    found = backbones.recall(None, **ADDRESS)
    assert found is not None
    assert found.held.kept is not None
    assert found.held.kept.graph is None
    hs.clear_cache("features")
    again = hs.compare(picture_folder, out=tmp_path / "again.run", **SMALL)
    assert json.loads((again.folder / "plan.json").read_text())["engine"] == "torch"
    assert (answers(first.folder) == answers(again.folder)).all()


def test_it_is_listed_in_the_cache(known: hs.api.Experiment):
    from headstart.cli.cached import entry_lines

    found = hs.list_cache()
    (entry,) = [entry for entry in found.entries if entry.kind == "engines"]
    assert plain(entry.about) == {"backbone": "tf_efficientnet_lite0"}
    assert any("exported network tf_efficientnet_lite0" in line.text for line in entry_lines(found, width=120))


def test_a_flipped_figure_in_the_card_is_noticed(known: hs.api.Experiment):
    text = manifest().read_text()
    content = json.loads(text)
    content["card"]["preprocessing"]["mean"][0] = 0.4
    manifest().write_text(json.dumps(content))
    assert backbones.recall(None, **ADDRESS) is None
    manifest().write_text("[]")
    assert backbones.recall(None, **ADDRESS) is None


def test_a_cache_that_is_cleared_meanwhile_costs_time_and_no_answer(known: hs.api.Experiment):
    found = backbones.recall(None, **ADDRESS)
    again = backbones.recall(None, **ADDRESS)
    assert found is not None
    assert again is not None
    loaded = backbones.load(image_size=64).held.tensors()
    hs.clear_cache()
    assert all((found.held.tensors()[name] == loaded[name]).all() for name in loaded)
    assert backbones.tensors_hash(again.network) == found.held.digest


def test_weights_that_were_replaced_meanwhile_are_not_taken_for_the_kept_ones(known: hs.api.Experiment, tmp_path: Path):
    from safetensors.numpy import save_file

    tensors = dict(backbones.load(image_size=64).held.tensors())
    file = tmp_path / "own.safetensors"
    file.with_suffix(".json").write_text(json.dumps({"architecture": "tf_efficientnet_lite0"}))
    save_file(tensors, file)
    address = {"weights": str(file), "image_size": 64}
    squares = [np.full((64, 64, 3), 90, np.uint8)] * 3
    assert backbones.remember(backbones.load(**address), None, **address, squares=squares)
    first, second = (backbones.recall(None, **address) for _ in range(2))
    assert first is not None
    assert second is not None
    name = next(name for name in tensors if name.endswith("weight"))
    save_file({**tensors, name: tensors[name] * 2}, file)
    assert backbones.tensors_hash(first.network) == second.held.digest  # what was kept, not what lies there now
    hs.clear_cache("engines")
    with pytest.raises(WeightsError, match="have changed"):
        _ = second.network


def test_a_fitted_classifier_can_be_copied_and_pickled(known: hs.api.Experiment, picture_folder: Path):
    import copy
    import pickle

    files = sorted((picture_folder / "train").glob("*/*"))
    fitted = hs.ImageClassifier(image_size=64).fit(files, [file.parent.name for file in files])
    answer = fitted.predict_proba(files[:3])
    for other in (copy.deepcopy(fitted), pickle.loads(pickle.dumps(fitted))):
        assert np.abs(other.predict_proba(files[:3]) - answer).max() < 1e-6


def test_only_what_pays_is_kept(picture_folder: Path, tmp_path: Path):
    trained = hs.compare(picture_folder, out=tmp_path / "run", strategies="partial", image_size=64, epochs=1)
    assert not trained.keep_network()


def test_torch_that_comes_late_keeps_to_the_budget(known: hs.api.Experiment, picture_folder: Path, tmp_path: Path):
    said(favour="preferred", value=False)
    code = (
        "import os, sys; os.environ.pop('OMP_NUM_THREADS', None); import headstart as hs; "
        "hs.compare(sys.argv[1], out=sys.argv[2], strategies='linear', image_size=64, threads=1, framing='pad'); "
        "import torch; print(torch.get_num_threads())"
    )
    command = [sys.executable, "-c", code, str(picture_folder), str(tmp_path / "one.run")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "1"


@pytest.mark.parametrize(("system", "possible"), [("linux", False), ("win32", True), ("darwin", True)])
def test_where_nobody_can_tell_a_graphics_card_is_possible(
    monkeypatch: pytest.MonkeyPatch, system: str, possible: bool
):
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr("headstart.backbones.engine_cache._CARDS", ("/nowhere",))
    assert backbones.graphics_possible() is possible


def test_published_weights_whose_file_changed_are_not_recalled(known: hs.api.Experiment, tmp_path: Path):
    content = json.loads(manifest().read_text())
    moved = tmp_path / "weights.pth"
    moved.write_bytes(Path(content["card"]["file"]).read_bytes())
    content["card"]["file"] = str(moved)
    content["whole"] = fingerprint([content[name] for name in ("card", "graph", "sha256")])
    manifest().write_text(json.dumps(content))
    assert backbones.recall(None, **ADDRESS) is not None
    moved.write_bytes(moved.read_bytes()[:-1] + b"?")
    assert backbones.recall(None, **ADDRESS) is None
    moved.unlink()
    assert backbones.recall(None, **ADDRESS) is None
