"""The exported graph: answers as the network does, or is not used."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import headstart as hs
from headstart import backbones, bundle
from headstart.backbones.engine import TorchEngine
from headstart.backbones.forward import normalise as normalise_tensor
from headstart.backbones.forward import tensors_hash
from headstart.backbones.onnx import OnnxNetwork, export, normalise
from headstart.base.errors import BundleError, ConfigError, EngineError
from headstart.base.files import read_json
from headstart.base.types import Affine
from headstart.bundle import Model, engine
from headstart.records.bundle import BundleInfo
from headstart.records.preprocessing import Preprocessing


def make(architecture: str, side: int | None = None) -> Model:
    backbone = backbones.load(architecture, random=True, seed=0, image_size=side)
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(3, backbone.features)).astype(np.float32)
    return Model(
        engine=TorchEngine(backbone.network.eval(), backbone.preprocessing.input_size),
        head=Affine(weight=weight, bias=np.zeros(3, np.float32)),
        preprocessing=backbone.preprocessing,
        classes=("ant", "bee", "wasp"),
        info=BundleInfo(architecture=architecture),
    )


@pytest.fixture
def model() -> Model:
    return make("convnet64")


@pytest.fixture
def kept(model: Model, tmp_path: Path) -> Path:
    return model.save(tmp_path / "kept.bundle")


@pytest.fixture
def pictures(picture_folder: Path) -> list[Path]:
    return sorted(picture_folder.rglob("*.png"))


def test_before_the_export_there_is_no_graph(kept: Path) -> None:
    assert not bundle.tried(kept)
    assert bundle.light(kept) is None


def test_the_graph_answers_as_the_network(model: Model, kept: Path, pictures: list[Path]) -> None:
    assert bundle.prepare(model, kept, model.squares(pictures[:2]))
    assert bundle.tried(kept)
    light = bundle.light(kept)
    assert light is not None
    assert (light.engine.name, model.engine.name) == ("onnx", "torch")
    with pytest.raises(RuntimeError, match=r"headstart\.load"):
        _ = light.network
    assert light.classes == model.classes
    together = light.predict_proba(pictures)
    np.testing.assert_allclose(together, model.predict_proba(pictures), rtol=0, atol=1e-5)
    alone = np.concatenate([light.predict_proba([picture]) for picture in pictures])
    np.testing.assert_allclose(alone, together, rtol=0, atol=1e-5)
    assert light.predict(pictures) == model.predict(pictures)
    with pytest.raises(RuntimeError, match=r"headstart\.load"):
        light.save(kept.parent / "other.bundle")


@pytest.mark.parametrize("architecture", ["resnet18", "tf_efficientnet_lite0", "vit_tiny_patch16_224", "convnext_atto"])
def test_networks_of_every_kind_can_be_exported(architecture: str, tmp_path: Path) -> None:
    side = 224 if architecture.startswith("vit") else 64
    network = backbones.load(architecture, random=True, seed=0, image_size=side).network
    before, modes = tensors_hash(network), [part.training for part in network.modules()]
    export(network, side, tmp_path / "network.onnx")
    assert tensors_hash(network) == before
    assert [part.training for part in network.modules()] == modes
    batch = np.random.default_rng(1).normal(size=(3, 3, side, side)).astype(np.float32)
    with torch.inference_mode():
        expected = network.eval()(torch.from_numpy(batch)).numpy()
    graph = OnnxNetwork(tmp_path / "network.onnx")
    np.testing.assert_allclose(graph(batch), expected, rtol=0, atol=1e-4 * np.abs(expected).max())
    np.testing.assert_allclose(graph(batch[:1]), expected[:1], rtol=0, atol=1e-4 * np.abs(expected).max())


def test_pictures_are_normalised_to_the_same_floats() -> None:
    batch = np.random.default_rng(2).integers(0, 256, (4, 8, 8, 3), np.uint8)
    preprocessing = Preprocessing(input_size=8)
    assert np.array_equal(normalise(batch, preprocessing), normalise_tensor(batch, preprocessing).numpy())


def test_a_graph_that_disagrees_is_never_used(
    model: Model, kept: Path, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(network: torch.nn.Module, side: int, file: Path) -> None:
        export(make("convnet64").network.requires_grad_(requires_grad=False).apply(_shaken), side, file)

    monkeypatch.setattr(engine, "export", other)
    assert not bundle.prepare(model, kept, model.squares(pictures))
    assert bundle.light(kept) is None
    assert bundle.tried(kept), "it is not tried again"


def _shaken(part: torch.nn.Module) -> None:
    if isinstance(part, torch.nn.Conv2d):
        part.weight.add_(0.1)


def test_a_network_that_cannot_be_exported_is_noted(
    model: Model, kept: Path, pictures: list[Path], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("no such operation")

    monkeypatch.setattr(torch.onnx, "export", fail)
    assert not bundle.prepare(model, kept, model.squares(pictures[:1]))
    (manifest,) = cache.glob("engines/*/manifest.json")
    assert "no such operation" in read_json(manifest)["reason"]
    assert bundle.light(kept) is None


def test_a_graph_that_holds_fast_to_one_size_is_not_used(
    model: Model, kept: Path, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fixed(self: OnnxNetwork, batch: np.ndarray) -> np.ndarray:
        if len(batch) != 2:
            raise EngineError("two at a time, please.", hint="")
        return call(self, batch)

    call = OnnxNetwork.__call__
    monkeypatch.setattr(OnnxNetwork, "__call__", fixed)
    assert not bundle.prepare(model, kept, model.squares(pictures[:2]))
    assert bundle.light(kept) is None


def test_a_graph_that_fails_gives_way_to_the_network(
    model: Model, kept: Path, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle.prepare(model, kept, model.squares(pictures[:2]))

    def fail(self: OnnxNetwork, batch: np.ndarray) -> np.ndarray:
        raise EngineError("out of order.", hint="")

    monkeypatch.setattr(OnnxNetwork, "__call__", fail)
    assert [row.label for row in hs.predict(kept, pictures[:3]).rows] == model.predict(pictures[:3])


def test_a_damaged_graph_is_not_used(model: Model, kept: Path, pictures: list[Path], cache: Path) -> None:
    bundle.prepare(model, kept, model.squares(pictures[:1]))
    (graph,) = cache.glob("engines/*/model.onnx")
    content = bytearray(graph.read_bytes())
    content[len(content) // 2] ^= 1
    graph.write_bytes(bytes(content))
    assert bundle.light(kept) is None
    assert not bundle.tried(kept), "it is made anew after the next answer"
    graph.write_bytes(b"x")
    with pytest.raises(EngineError, match="ONNX Runtime"):
        OnnxNetwork(graph)


def test_a_damaged_bundle_is_said_also_where_a_graph_stands(model: Model, kept: Path, pictures: list[Path]) -> None:
    bundle.prepare(model, kept, model.squares(pictures[:1]))
    with (kept / "model.safetensors").open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(BundleError, match="damaged"):
        bundle.light(kept)


def test_the_second_prediction_loads_no_torch(model: Model, kept: Path, pictures: list[Path]) -> None:
    code = (
        "import sys, headstart as hs\n"
        f"print(hs.predict({str(kept)!r}, {str(pictures[0])!r}).rows[0].label)\n"
        "print(sorted({'torch', 'timm', 'sklearn', 'scipy'} & set(sys.modules)))\n"
    )
    bundle.prepare(model, kept, model.squares(pictures[:1]))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [*model.predict(pictures[:1]), "[]"]


def test_a_loaded_bundle_answers_by_its_graph_and_makes_the_network_only_if_asked(
    model: Model, kept: Path, pictures: list[Path], tmp_path: Path
) -> None:
    bundle.prepare(model, kept, model.squares(pictures[:2]))
    code = (
        "import sys, pickle, headstart as hs\n"
        f"model = hs.load({str(kept)!r})\n"
        f"print(model.predict({str(pictures[0])!r})[0])\n"
        "again = pickle.loads(pickle.dumps(model))\n"
        f"print(again.predict({str(pictures[0])!r})[0])\n"
        "print(sorted({'torch', 'timm', 'sklearn', 'scipy'} & set(sys.modules)))\n"
        "print(model.engine.name, again.engine.name, model)\n"
        f"model.save({str(tmp_path / 'copy.bundle')!r})\n"
        "print('torch' in sys.modules, type(model.network).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    label = model.predict(pictures[0])[0]
    known = "onnx onnx <Model classifier on convnet64, 3 classes, answers by onnx>"
    assert done.stdout.splitlines() == [label, label, "[]", known, f"True {type(model.network).__name__}"]
    loaded, copy = hs.load(kept), hs.load(tmp_path / "copy.bundle", engine="torch")
    np.testing.assert_allclose(loaded.predict_proba(pictures), model.predict_proba(pictures), rtol=0, atol=1e-5)
    assert np.array_equal(copy.predict_proba(pictures), model.predict_proba(pictures))
    assert np.array_equal(hs.load(kept, engine="torch").predict_proba(pictures), model.predict_proba(pictures))
    assert copy.engine.name == "torch"


def test_on_another_device_the_network_itself_answers(
    model: Model, kept: Path, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle.prepare(model, kept, model.squares(pictures[:2]))
    asked: list[str] = []

    def features_of(self: TorchEngine, batches: Any, preprocessing: Preprocessing, *, device: str = "cpu") -> Any:
        asked.append(device)
        return answer(self, batches, preprocessing)

    answer = TorchEngine.features_of
    monkeypatch.setattr(TorchEngine, "features_of", features_of)
    hs.load(kept).predict(pictures[0])
    assert asked == []
    replace(hs.load(kept), device="cuda").predict(pictures[0])
    assert asked == ["cuda"]
    with pytest.raises(ConfigError, match="'device' parameter of load"):
        hs.load(kept, device="gpu")
    with pytest.raises(ConfigError, match="'engine' parameter of load"):
        hs.load(kept, engine="magic")


def test_the_network_of_another_bundle_is_never_put_behind_a_graph(
    model: Model, kept: Path, pictures: list[Path]
) -> None:
    bundle.prepare(model, kept, model.squares(pictures[:1]))
    loaded = hs.load(kept)
    head = replace(model.head, bias=np.ones(3, np.float32))
    replace(model, head=head).save(kept)
    with pytest.raises(BundleError, match="has changed since it was loaded"):
        loaded.save(kept.parent / "copy.bundle")
    assert loaded.predict(pictures[0]) == model.predict(pictures[0])
