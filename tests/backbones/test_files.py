import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from headstart.backbones import create, load, tensors_hash
from headstart.base.errors import ConfigError, WeightsError
from headstart.base.files import sha256_of_file

CARD = {
    "architecture": "mobilenet_v2",
    "library": "torchvision",
    "licence_of_source_repo": "CC0",
    "mean": [0.1, 0.2, 0.3],
    "std": [0.4, 0.5, 0.6],
    "interpolation": "bicubic",
    "input_size": [3, 64, 64],
    "crop_pct": 0.8,
}


@pytest.fixture(scope="module")
def network():
    return create("mobilenet_v2", seed=3)


@pytest.fixture
def state(network):
    tensors = {name: value.clone() for name, value in network.state_dict().items()}
    return {**tensors, "classifier.1.weight": torch.zeros(7, 1280), "classifier.1.bias": torch.zeros(7)}


def read(file: Path, name="mobilenet_v2", **options):
    return load(name, weights=file, image_size=32, **options)


def test_safetensors(network, state, tmp_path, no_network):
    file = tmp_path / "a.safetensors"
    save_file(state, file)
    backbone = read(file)
    assert tensors_hash(backbone.network) == tensors_hash(network)
    assert backbone.source == "file a.safetensors"
    assert backbone.sha256 == sha256_of_file(file)
    assert backbone.licence == "not stated with the file"
    assert backbone.preprocessing.crop == 224 / 232  # of the network's own metadata


def test_the_card_beside_it_names_network_and_preprocessing(state, tmp_path):
    save_file(state, tmp_path / "a.safetensors")
    (tmp_path / "a.json").write_text(json.dumps(CARD))
    backbone = load(None, weights=tmp_path / "a.safetensors")
    preparation = backbone.preprocessing
    assert backbone.name == "torchvision/mobilenet_v2"
    assert (preparation.input_size, preparation.crop, preparation.interpolation) == (64, 0.8, "bicubic")
    assert (preparation.mean, preparation.std) == ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    assert backbone.licence == "CC0"
    assert load(None, weights=tmp_path / "a.safetensors", image_size=32).preprocessing.input_size == 32


@pytest.mark.parametrize("wrap", [dict, lambda s: {"state_dict": s, "epoch": 3}, lambda s: {"model": s}])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_torch_files_and_their_wrappers(network, state, tmp_path, wrap, prefix):
    file = tmp_path / "a.pth"
    torch.save(wrap({prefix + name: value for name, value in state.items()}), file)
    assert tensors_hash(read(file).network) == tensors_hash(network)


def test_half_floats_become_floats_and_counters_may_be_absent(network, state, tmp_path):
    half = {name: value.half() for name, value in state.items() if not name.endswith("num_batches_tracked")}
    save_file(half, tmp_path / "a.safetensors")
    loaded = read(tmp_path / "a.safetensors").network.state_dict()
    wanted = network.state_dict()
    assert all(torch.equal(loaded[n], wanted[n].half().float()) for n in half if n in wanted)
    assert loaded["features.0.1.num_batches_tracked"] == 0


def drop(state):
    del state["features.3.conv.0.0.weight"]


def shrink(state):
    state["features.3.conv.0.0.weight"] = torch.zeros(2, 2)


def add(state):
    state["features.19.weight"] = torch.zeros(2)


def lose_statistics(state):
    del state["features.0.1.running_mean"]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (drop, "missing: features.3.conv.0.0.weight"),
        (shrink, r"of another shape: features.3.conv.0.0.weight \(2, 2\)"),
        (add, "without a place in the network: features.19.weight"),
        (lose_statistics, "missing: features.0.1.running_mean"),
    ],
)
def test_every_floating_tensor_must_load(state, tmp_path, fault, message):
    fault(state)
    save_file(state, tmp_path / "a.safetensors")
    with pytest.raises(WeightsError, match=message):
        read(tmp_path / "a.safetensors")


def test_weights_of_a_deeper_network_are_not_taken(tmp_path):
    save_file(create("resnet26t").state_dict(), tmp_path / "a.safetensors")
    with pytest.raises(WeightsError, match=r"without a place in the network: layer1\.1"):
        read(tmp_path / "a.safetensors", "resnet14t")


class Surprise:
    def __reduce__(self):
        return print, ("code of a stranger",)


def test_a_pickle_is_refused_and_the_way_out_named(tmp_path, capsys):
    torch.save({"state_dict": {}, "extra": Surprise()}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match="Python objects") as caught:
        read(tmp_path / "a.pth")
    assert "save_file" in caught.value.hint
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("content", [b"", b"no weights at all, but long enough to be read"])
def test_a_damaged_file(tmp_path, suffix, content):
    file = tmp_path / f"a{suffix}"
    file.write_bytes(content)
    with pytest.raises(WeightsError, match="a"):
        read(file)


def test_a_file_without_tensors(tmp_path):
    torch.save({"epoch": 3}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match="no named tensors"):
        read(tmp_path / "a.pth")


def test_no_file(tmp_path):
    with pytest.raises(WeightsError, match="does not exist"):
        read(tmp_path / "a.pth")


@pytest.mark.parametrize(
    "change",
    [{"mean": [1, 2]}, {"std": [0, 1, 1]}, {"crop_pct": 1.5}, {"input_size": []}, {"interpolation": "magic"}],
)
def test_a_card_that_cannot_be_right(state, tmp_path, change):
    save_file(state, tmp_path / "a.safetensors")
    (tmp_path / "a.json").write_text(json.dumps({**CARD, **change}))
    with pytest.raises(WeightsError, match="cannot be right"):
        read(tmp_path / "a.safetensors")


@pytest.mark.parametrize("content", ["{", "[1]"])
def test_a_card_that_is_none(state, tmp_path, content):
    save_file(state, tmp_path / "a.safetensors")
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(WeightsError, match=r"a\.json"):
        read(tmp_path / "a.safetensors")


def test_a_card_of_another_file(state, tmp_path):
    save_file(state, tmp_path / "a.safetensors")
    (tmp_path / "a.json").write_text(json.dumps({**CARD, "sha256_of_this_file": "0" * 64}))
    with pytest.raises(WeightsError, match="is not the file"):
        read(tmp_path / "a.safetensors")


def test_a_file_that_names_no_network(state, tmp_path):
    save_file(state, tmp_path / "a.safetensors")
    with pytest.raises(ConfigError, match="which network") as caught:
        load(None, weights=tmp_path / "a.safetensors")
    assert "--backbone" in caught.value.hint


def test_random_and_file_exclude_each_other(tmp_path):
    with pytest.raises(ConfigError, match="cannot be combined"):
        load("resnet18", weights=tmp_path / "a.pth", random=True)


def test_positions_of_a_vision_transformer_follow_the_size(tmp_path):
    network = create("vit_tiny_patch16_224", seed=4)
    save_file(network.state_dict(), tmp_path / "a.safetensors")
    resized = read(tmp_path / "a.safetensors", "vit_tiny_patch16_224").network
    assert resized.pos_embed.shape == (1, 5, 192)  # one class token and 2 x 2 patches
    assert torch.equal(resized.pos_embed[:, 0], network.pos_embed[:, 0])
    assert torch.equal(resized.blocks[3].mlp.fc1.weight, network.blocks[3].mlp.fc1.weight)
