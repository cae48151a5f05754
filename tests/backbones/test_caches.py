import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import save_file

import headstart
from headstart.backbones import list_weights, load, tensors_hash, verify_weights
from headstart.backbones.caches import Published, expected_hash, is_offline
from headstart.base.environment import SILENT
from headstart.base.errors import WeightsError
from headstart.base.files import sha256_of_file

NAME = "resnet10t"  # the smallest ResNet of timm


@pytest.fixture(autouse=True)
def empty_caches(tmp_path, monkeypatch):
    """Point the libraries at caches of our own."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


def put_into_hub_cache(folder, repository, tensors):
    """Lay out the cache as the hub's client does: a blob named by its hash, and a link to it."""
    import timm

    place = folder / "hub" / f"models--{repository.replace('/', '--')}"
    blobs, snapshot = place / "blobs", place / "snapshots" / ("0" * 40)
    for part in (blobs, snapshot, place / "refs"):
        part.mkdir(parents=True)
    (place / "refs" / "main").write_text("0" * 40)
    save_file(tensors, blobs / "new")
    blob = (blobs / "new").rename(blobs / sha256_of_file(blobs / "new"))
    (snapshot / "model.safetensors").symlink_to(blob)
    assert timm.get_pretrained_cfg(NAME).hf_hub_id == repository
    return blob


@pytest.fixture
def whole():
    import timm

    torch.manual_seed(0)
    return timm.create_model(NAME)


def test_cached_weights_of_timm_load_without_a_network(tmp_path, whole, no_network):
    blob = put_into_hub_cache(tmp_path, "timm/resnet10t.c3_in1k", whole.state_dict())
    backbone = load(NAME)
    whole.reset_classifier(0)
    assert tensors_hash(backbone.network) == tensors_hash(whole)
    assert backbone.sha256 == blob.name
    assert backbone.source == "timm timm/resnet10t.c3_in1k"
    assert backbone.licence == "apache-2.0"
    found = {weights.entry.name: weights for weights in verify_weights()}
    assert found["resnet10t.c3_in1k"].ok is True
    assert found["tf_efficientnet_lite0"].ok is True


def test_a_damaged_file_in_the_cache_is_found(tmp_path, whole, no_network):
    blob = put_into_hub_cache(tmp_path, "timm/resnet10t.c3_in1k", whole.state_dict())
    content = bytearray(blob.read_bytes())
    content[-1] ^= 1
    blob.write_bytes(content)
    with pytest.raises(WeightsError, match="damaged"):
        load(NAME)
    assert {weights.entry.name: weights.ok for weights in verify_weights()}["resnet10t.c3_in1k"] is False


def test_incomplete_weights_in_the_cache_never_leave_random_ones(tmp_path, whole, no_network):
    tensors = whole.state_dict()
    del tensors["layer4.0.conv2.weight"]
    put_into_hub_cache(tmp_path, "timm/resnet10t.c3_in1k", tensors)
    with pytest.raises(WeightsError, match=r"layer4\.0\.conv2"):
        load(NAME)


def test_cached_weights_of_torchvision_load_without_a_network(tmp_path, monkeypatch, no_network):
    import torchvision

    network = torchvision.models.squeezenet1_1(weights=None)
    file = Published("x", url=torchvision.models.SqueezeNet1_1_Weights.DEFAULT.url).torch_path
    assert file.is_relative_to(tmp_path)
    file.parent.mkdir(parents=True)
    torch.save(network.state_dict(), file)
    with pytest.raises(WeightsError, match="damaged"):
        load("squeezenet1_1")  # the name of the file holds the hash of the real one
    monkeypatch.setattr("headstart.backbones.caches.expected_hash", lambda path: "")
    backbone = load("squeezenet1_1")
    wanted = network.features.state_dict()
    state = backbone.network.features.state_dict()
    assert all(torch.equal(state[name], wanted[name]) for name in wanted)
    assert backbone.source == "torchvision SqueezeNet1_1_Weights.IMAGENET1K_V1"
    assert backbone.licence.startswith("BSD-3-Clause")


@pytest.mark.parametrize("name", ["resnet18", "torchvision/resnet18", "vit_tiny_patch16_224.augreg_in21k"])
@pytest.mark.parametrize("how", ["argument", "HF_HUB_OFFLINE", "HEADSTART_OFFLINE"])
def test_offline_never_touches_the_network(name, how, tmp_path, monkeypatch, no_network):
    if how != "argument":
        monkeypatch.setenv(how, "1")
    with pytest.raises(WeightsError, match="not on this computer") as caught:
        load(name, offline=how == "argument")
    for way_out in ("--backbone tf_efficientnet_lite0", "--weights FILE", str(tmp_path)):
        assert way_out in caught.value.hint


@pytest.mark.parametrize("name", ["resnet18", "torchvision/resnet18"])
def test_a_hub_that_does_not_answer_is_an_error_at_once(name, monkeypatch):
    closed = "http://127.0.0.1:9"  # the discard port: nobody listens
    for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(constants, "ENDPOINT", closed)
    monkeypatch.setattr(
        "headstart.backbones.loading.torchvision_weights",
        lambda address: type("Entry", (), {"url": f"{closed}/resnet18-f37072fd.pth"}),
    )
    start = time.monotonic()
    with pytest.raises(WeightsError, match="could not be downloaded"):
        load(name)
    assert time.monotonic() - start < 15


def test_what_counts_as_offline(monkeypatch):
    assert not is_offline(asked=False)
    assert is_offline(asked=True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    assert not is_offline(asked=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "TRUE")
    assert is_offline(asked=False)


def test_the_list_names_packages_that_could_be_installed(no_network):
    names = [entry.name for entry in list_weights()]
    assert names[:2] == ["tf_efficientnet_lite0", "tf_efficientnet_lite2"]


def test_hashes_in_names_of_files(tmp_path):
    assert expected_hash(tmp_path / "resnet18-f37072fd.pth") == "f37072fd"
    assert expected_hash(tmp_path / "resnet18.pth") == ""


# A hub of our own on this machine, and the client as a fresh program uses it; an agent that types would be named.
_ASKING = """
import headstart.backbones.libraries
from headstart.backbones.caches import Published
from headstart.base.errors import WeightsError
try:
    Published("anything", "some/network").download()
except WeightsError:
    pass
"""


def test_the_hub_is_told_nothing_but_what_is_wanted(tmp_path):
    asked = []

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self):
            asked.append((self.path, self.headers.get("User-Agent", "")))
            self.send_error(404)

        do_GET = do_POST = do_HEAD  # noqa: N815

        def log_message(self, *details):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as hub:
        threading.Thread(target=hub.serve_forever, daemon=True).start()
        kept = {name: value for name, value in os.environ.items() if "PROXY" not in name.upper() and name not in SILENT}
        address = f"http://127.0.0.1:{hub.server_port}"
        told = {"HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "hub"), "AI_AGENT": "some-agent"}
        source = str(Path(headstart.__file__).parents[1])
        done = subprocess.run(
            [sys.executable, "-c", _ASKING],
            env={**kept, **told, "PYTHONPATH": source},
            capture_output=True,
            text=True,
            check=False,
        )
        hub.shutdown()
    assert done.returncode == 0, done.stderr[-2000:]
    wanted = [f"/some/network/resolve/main/{name}" for name in ("model.safetensors", "pytorch_model.bin")]
    assert [path for path, _ in asked if path != "/"] == wanted
    assert not [agent for _, agent in asked if "torch" in agent or "agent" in agent]
