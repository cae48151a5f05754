import copy

import pytest
import torch
from torch import nn

from headstart.backbones import create, cut_before, load, parts, split, tensors_hash
from headstart.backbones.stages import plan_stages
from headstart.base.errors import ConfigError

NETWORKS = [
    ("convnet4", 32),
    ("convnet64", 32),
    ("resnet18", 32),
    ("resnet50", 32),
    ("torchvision/vgg11", 32),
    ("densenet121", 32),
    ("mobilenetv3_small_100", 32),
    ("tf_efficientnet_lite0", 32),
    ("convnext_atto", 32),
    ("vit_tiny_patch16_224", 32),
    ("swin_tiny_patch4_window7_224", 64),
    ("regnetx_002", 32),
    ("torchvision/mobilenet_v2", 32),
    ("torchvision/squeezenet1_1", 32),
    ("torchvision/googlenet", 32),
    ("torchvision/alexnet", 64),
    ("torchvision/shufflenet_v2_x1_0", 32),
    ("torchvision/swin_t", 32),
    ("torchvision/vit_b_32", 32),
]


# Their blocks share a table, or a small network, of relative positions.
SHARING = ["vit_srelpos_small_patch16_224", "vit_small_patch16_rope_mixed_224"]


@pytest.fixture(scope="module")
def resnet():
    return load("resnet18", random=True, image_size=32)


@pytest.fixture(scope="module")
def lite():
    return load("tf_efficientnet_lite0", random=True, image_size=32)


@pytest.mark.parametrize(("name", "size"), [*NETWORKS, *((name, 224) for name in SHARING)])
def test_no_weight_is_on_both_sides_of_a_cut(name, size):
    backbone = load(name, random=True, image_size=size)
    for stage in backbone.stages:
        halves = split(backbone, stage.name)
        assert not set(halves.prefix.parameters()) & set(halves.suffix.parameters()), stage.name
    assert sum(stage.parameters for stage in backbone.stages) == backbone.parameters


@pytest.mark.parametrize(("name", "size"), NETWORKS)
def test_prefix_followed_by_suffix_is_the_network(name, size):
    backbone = load(name, random=True, image_size=size)
    assert len(backbone.stages) >= 4
    assert backbone.plan.traced is not None
    pictures = torch.randn(2, 3, size, size)
    with torch.no_grad():
        whole = backbone.network(pictures)
        # Of the heavy ones a few cuts do; two passes over 100 million weights take their time.
        for stage in backbone.stages[:: 1 if backbone.parameters < 40_000_000 else 4]:
            halves = split(backbone, stage.name)
            activation = halves.prefix(pictures)
            assert activation.shape[1:] == stage.shape
            kept = activation.clone()
            difference = (halves.suffix(activation) - whole).abs().max() / whole.abs().max()
            assert difference <= 1e-6, stage.name
            assert torch.equal(kept, activation), f"the suffix from {stage.name} writes into its input"
    assert sum(stage.parameters for stage in backbone.stages) == backbone.parameters
    assert sum(stage.flops for stage in backbone.stages) == pytest.approx(backbone.flops, rel=1e-6)
    assert whole.shape == (2, backbone.features)


@pytest.mark.parametrize(
    ("name", "stages"),
    [
        ("resnet18", "conv1 layer1 layer2 layer3 layer4 pool"),
        ("resnet50", "conv1 layer1 layer2 layer3 layer4 pool"),
        ("tf_efficientnet_lite0", "conv_stem " + " ".join(f"blocks.{i}" for i in range(7)) + " conv_head pool"),
        ("vit_tiny_patch16_224", "patch_embed " + " ".join(f"blocks.{i}" for i in range(12)) + " pool"),
        ("swin_tiny_patch4_window7_224", "patch_embed layers.0 layers.1 layers.2 layers.3 pool"),
        ("convnext_atto", "stem stages.0 stages.1 stages.2 stages.3 pool"),
        ("torchvision/alexnet", "features.0 features.3 features.6 features.8 features.10 classifier pool"),
        ("torchvision/regnet_y_400mf", "stem " + " ".join(f"trunk_output.block{i}" for i in range(1, 5)) + " pool"),
        ("resnest14d", "conv1 layer1 layer2 layer3 layer4 pool"),
        ("convnet4", "block1 block2 block3 block4 pool"),
    ],
)
def test_stages_have_the_names_that_users_know(name, stages):
    assert " ".join(stage.name for stage in load(name, random=True, image_size=64).stages) == stages


def test_stages_know_what_they_hold_and_cost():
    stages = {stage.name: stage for stage in load("resnet18", random=True).stages}
    assert stages["conv1"].shape == (3, 224, 224)
    assert stages["conv1"].parameters == 64 * 3 * 49 + 128
    assert stages["layer4"].shape == (256, 14, 14)
    assert stages["pool"].shape == (512,)
    assert stages["conv1"].flops == 2 * 64 * 3 * 49 * 112 * 112  # He et al. 2016 count 1.8e9 in all
    assert sum(stage.flops for stage in stages.values()) == pytest.approx(2 * 1.8e9, rel=0.02)


def test_the_ends(resnet):
    assert isinstance(split(resnet, "input").prefix, nn.Identity)
    assert split(resnet, "input").suffix is resnet.network
    assert split(resnet, "conv1").suffix is resnet.network
    assert split(resnet, "pool").prefix is resnet.network
    assert isinstance(split(resnet, "pool").suffix, nn.Identity)


def test_halves_share_modules_and_follow_train_and_eval(lite):
    halves = split(lite, "blocks.5")
    shared = {id(parameter) for parameter in lite.network.parameters()}
    parts = [{id(parameter) for parameter in half.parameters()} for half in (halves.prefix, halves.suffix)]
    assert parts[0] | parts[1] == shared
    assert not parts[0] & parts[1]
    lite.network.eval()
    halves.suffix.train()
    assert lite.network.blocks[5][0].bn1.training
    assert not lite.network.blocks[4][0].bn1.training
    halves.suffix.eval()
    assert not any(part.training for part in lite.network.modules())


def test_training_the_suffix_leaves_the_prefix_as_it_was(lite):
    assert len(lite.stages) == 10  # traced before it is copied
    backbone = copy.deepcopy(lite)
    halves = split(backbone, "blocks.6")
    prefix, suffix = tensors_hash(halves.prefix), tensors_hash(halves.suffix)
    halves.suffix.train()
    with torch.no_grad():
        activation = halves.prefix(torch.randn(4, 3, 32, 32))
    optimizer = torch.optim.SGD(halves.suffix.parameters(), lr=0.1)
    halves.suffix(activation).square().mean().backward()
    optimizer.step()
    assert tensors_hash(halves.prefix) == prefix
    assert tensors_hash(halves.suffix) != suffix
    assert tensors_hash(lite.network) != tensors_hash(backbone.network)


def test_a_copied_suffix_is_independent(resnet):
    halves = split(resnet, "layer4")
    copied = copy.deepcopy(halves.suffix)
    with torch.no_grad():
        for parameter in copied.parameters():
            parameter.zero_()
    assert tensors_hash(copied) != tensors_hash(halves.suffix)


def test_dropout_of_a_suffix_drops_only_in_training():
    backbone = load("convnet64", random=True, image_size=32)
    suffix = split(backbone, "block4").suffix
    activation = torch.rand(1, 128, 4, 4)
    with torch.no_grad():
        suffix.train()
        assert (suffix(activation) == 0).any()
        suffix.eval()
        assert torch.equal(suffix(activation), suffix(activation))


def test_the_last_stages(lite):
    assert cut_before(lite, 0) == "pool"
    assert cut_before(lite, 1) == "conv_head"
    assert cut_before(lite, 3) == "blocks.5"
    assert cut_before(lite, 8) == "blocks.0"
    assert cut_before(lite, 9) == "input"


@pytest.mark.parametrize("unfreeze", [-1, 10, True, 1.0])
def test_too_many_stages(lite, unfreeze):
    with pytest.raises(ConfigError, match="from 0 to 9"):
        cut_before(lite, unfreeze)


def test_an_unknown_cut_gets_the_near_one_and_the_list(resnet):
    with pytest.raises(ConfigError, match="layr3") as caught:
        split(resnet, "layr3")
    assert "Did you mean 'layer3'" in caught.value.hint
    assert "input, conv1, layer1, layer2, layer3, layer4, pool" in caught.value.hint


class _Wayward(nn.Module):
    """Its path depends on the numbers, so no graph describes it."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.first(x)
        if x.mean() > 0:
            x = self.second(x)
        return x.mean((2, 3))


class _Forgetful(_Wayward):
    """Traced in evaluation mode it is one thing; the Python code hides another."""

    calls = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        x = self.first(x)
        return (self.second(x) if self.calls % 2 else x).mean((2, 3))


@pytest.mark.parametrize("network", [_Wayward(), _Forgetful()])
def test_what_cannot_be_traced_has_its_two_ends(network):
    plan = plan_stages(network.eval(), torch.randn(1, 3, 16, 16), flops=7.0)
    assert [stage.name for stage in plan.stages] == ["input", "pool"]
    assert plan.stages[0].parameters == sum(parameter.numel() for parameter in network.parameters())
    assert plan.stages[0].flops == 7.0
    backbone = load("convnet64", random=True, image_size=32)
    backbone.held.network, backbone.held.plan = network, plan
    assert split(backbone, "input").suffix is network
    assert split(backbone, "pool").prefix is network
    assert [cut_before(backbone, n) for n in (0, 1)] == ["pool", "input"]
    with pytest.raises(ConfigError, match="Its cuts: input, pool"):
        split(backbone, "second")


def test_tracing_leaves_the_modes_alone():
    backbone = load("convnet64", random=True, image_size=32)
    backbone.network.train()
    assert len(backbone.stages) == 5
    assert all(part.training for part in backbone.network.modules())


def test_create_is_the_same_architecture():
    for name, size in (("vit_tiny_patch16_224", 64), ("squeezenet1_1", 64), ("mobilenetv3_small_100", 64)):
        backbone = load(name, random=True, seed=1, image_size=size)
        network = create(name, image_size=size)
        assert tensors_hash(network) != tensors_hash(backbone.network)
        network.load_state_dict(backbone.network.state_dict())
        assert tensors_hash(network) == tensors_hash(backbone.network)
        assert not any(part.training for part in network.modules())


@pytest.mark.parametrize(
    ("name", "side"), [("resnet18", 32), ("tf_efficientnet_lite0", 32), ("vit_tiny_patch16_224", 32)]
)
def test_the_parts_between_cuts_say_what_the_prefixes_say(name, side):
    backbone = load(name, random=True, image_size=side).frozen
    cuts = [stage.name for stage in backbone.stages[:-1]]  # the first of which is what the input enters
    said, alone = torch.randn(2, 3, side, side), torch.randn(0)
    pictures = said
    with torch.inference_mode():
        for cut, part in zip([*cuts, "pool"], parts(backbone, cuts), strict=True):
            said, alone = part(said), split(backbone, cut).prefix(pictures)
            assert torch.equal(said, alone), cut
    assert torch.equal(said, backbone.network(pictures))


def test_parts_at_no_stage_are_refused():
    with pytest.raises(ConfigError, match="no stage 'layer9'"):
        parts(load("resnet18", random=True, image_size=32), ["layer2", "layer9"])
