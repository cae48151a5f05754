"""What several stages say: the same pass, the same weights, the pooled features last."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from headstart.backbones import create, load, read_out
from headstart.backbones.forward import forward
from headstart.backbones.onnx import OnnxNetwork, export
from headstart.backbones.readout import reading
from headstart.base.errors import ConfigError

NETWORKS = (
    "tf_efficientnet_lite0",
    "resnet18",
    "vgg11",
    "densenet121",
    "convnext_atto",
    "vit_tiny_patch16_224",
    "swin_tiny_patch4_window7_224",
    "vit_small_patch16_rope_mixed_224",
    "torchvision/shufflenet_v2_x1_0",
)


def answer(network: torch.nn.Module, pictures: torch.Tensor) -> torch.Tensor:
    return next(forward(network, iter([pictures])))


@pytest.mark.parametrize("name", NETWORKS)
def test_the_pooled_features_are_the_last_columns(name: str) -> None:
    backbone = load(name, random=True)
    wide = read_out(backbone, "stages")
    pictures = torch.randn(2, 3, 224, 224)
    plain, said = answer(backbone.network, pictures), answer(wide.network, pictures)
    assert said.shape == (2, wide.features)
    assert wide.features > backbone.features
    assert sum(wide.blocks) == wide.features
    assert len(wide.blocks) == 2 * len(wide.read) + 1
    assert (wide.blocks[-1], backbone.blocks) == (backbone.features, (backbone.features,))
    assert torch.equal(said[:, -backbone.features :], plain)
    own, shared = backbone.network.state_dict(), wide.network.state_dict()
    assert {name: value.data_ptr() for name, value in shared.items()} == {n: v.data_ptr() for n, v in own.items()}


def test_it_says_mean_and_largest_value_of_each_channel() -> None:
    backbone = load("resnet18", random=True, image_size=64)
    seen: list[torch.Tensor] = []
    backbone.network.get_submodule("layer3").register_forward_hook(lambda module, given, out: seen.append(out))
    pictures = torch.randn(2, 3, 64, 64)
    said = answer(read_out(backbone, "stages").network, pictures)
    layer3 = said[:, -(2 * 256 + 512) : -512]  # the last place is what enters layer4
    answer(backbone.network, pictures)
    expected = torch.cat([seen[-1].mean((2, 3)), seen[-1].amax((2, 3))], dim=1)
    torch.testing.assert_close(layer3, expected)
    assert read_out(backbone, "stages").blocks[-3:] == (256, 256, 512)


def test_tokens_and_channels_that_come_last_are_pooled_over_places() -> None:
    for name, channels in (("vit_tiny_patch16_224", 192), ("swin_tiny_patch4_window7_224", 96)):
        backbone = load(name, random=True)
        wide = read_out(backbone, "stages")
        assert (wide.features - backbone.features) % (2 * channels) == 0
        assert wide.features - backbone.features <= 6 * 2 * 768


def test_pool_is_the_network_as_it_is() -> None:
    backbone = load("resnet18", random=True, image_size=64)
    assert read_out(backbone, "pool") is backbone


def test_another_word_is_refused() -> None:
    with pytest.raises(ConfigError, match="readout"):
        read_out(load("resnet18", random=True, image_size=64), "all")


def test_a_reading_transformer_takes_pictures_and_nothing_else(tmp_path: Path) -> None:
    """timm's forward may be given a mask and more; an export would make inputs of them, and fail."""
    network = create("vit_tiny_patch16_224", image_size=32).eval()
    wide = reading(network, 32, ["blocks.2", "blocks.7"])
    assert [node.name for node in wide.graph.nodes if node.op == "placeholder"] == ["x"]
    export(wide, 32, tmp_path / "wide.onnx")
    pictures = torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    found = OnnxNetwork(tmp_path / "wide.onnx")(pictures.numpy())
    np.testing.assert_allclose(found, wide(pictures).detach().numpy(), atol=1e-4)
