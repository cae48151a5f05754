"""A folded network answers as the network itself and leaves it as it was; what cannot be folded stays."""

import pytest
import torch
from timm.layers import Conv2dSame
from torch import nn

from headstart.backbones import load, read_out, split, tensors_hash
from headstart.backbones.folding import folded
from headstart.backbones.forward import forward
from headstart.backbones.stages import noise

# By network: the batch norms that stay. Half of a densenet's come before their convolutions.
NETWORKS = {"resnet18": 0, "efficientnet_lite0": 0, "densenet121": 62, "mobilenetv3_small_100": 0}


def norms(network):
    return sum(isinstance(part, nn.BatchNorm2d) for part in network.modules())


@pytest.fixture
def stirred():
    """Make a backbone whose batch norms do something: as they are created they would change nothing."""

    def make(name):
        backbone = load(name, random=True, image_size=96 if "vit" not in name else None)
        generator = torch.Generator().manual_seed(1)
        for part in backbone.network.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.running_mean.normal_(0, 0.3, generator=generator)
                part.running_var.uniform_(0.5, 2, generator=generator)
                part.weight.data.uniform_(0.5, 1.5, generator=generator)
        return backbone

    return make


def answer(network, pictures):
    return next(forward(network, iter([pictures])))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_folded_network_answers_as_the_network_itself(stirred, name):
    backbone = stirred(name)
    before = tensors_hash(backbone.network)
    pictures = torch.randn(3, 3, backbone.preprocessing.input_size, backbone.preprocessing.input_size)
    own, its = answer(backbone.network, pictures), answer(backbone.frozen.network, pictures)
    torch.testing.assert_close(its, own, rtol=0, atol=1e-5 * float(own.abs().max()))
    assert tensors_hash(backbone.network) == before
    assert backbone.frozen.held.digest == backbone.held.digest
    assert norms(backbone.frozen.network) == NETWORKS[name]


def test_a_network_without_batch_norms_is_its_own_folded_one(stirred):
    backbone = stirred("vit_tiny_patch16_224")
    assert backbone.frozen.network is backbone.network


def test_readout_and_cuts_of_the_folded_network_are_those_of_the_network(stirred):
    backbone = stirred("efficientnet_lite0")
    pictures = torch.randn(2, 3, 96, 96)
    wide = read_out(backbone, "stages")
    own = answer(wide.network, pictures)
    torch.testing.assert_close(answer(wide.frozen.network, pictures), own, rtol=0, atol=1e-5 * float(own.abs().max()))
    halves = split(backbone.frozen, "blocks.5")
    assert norms(halves.prefix) == norms(halves.suffix) == 0
    entering = answer(halves.prefix, pictures)
    pooled = answer(backbone.network, pictures)
    said = answer(halves.suffix, entering)
    torch.testing.assert_close(said, pooled, rtol=0, atol=1e-5 * float(pooled.abs().max()))


class Twice(nn.Module):
    """One convolution that works before two norms, one norm behind two convolutions, and a norm read by hand."""

    def __init__(self):
        super().__init__()
        self.one, self.other = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)
        self.first, self.second, self.shared = nn.BatchNorm2d(3), nn.BatchNorm2d(3), nn.BatchNorm2d(3)

    def forward(self, pictures):
        said = self.one(pictures)
        return self.first(said) + 2 * self.second(said) + self.shared(self.other(said)) + said.mean()


class ByHand(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

    def forward(self, pictures):
        return self.norm(self.conv(pictures)) * self.norm.weight.sum()


class Outside(nn.Module):
    """The convolution's answer is wanted by somebody else too."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

    def forward(self, pictures):
        said = self.conv(pictures)
        return self.norm(said) + said


@pytest.mark.parametrize("kind", [ByHand, Outside])
def test_what_cannot_be_folded_is_left_alone(kind):
    network = kind().eval()
    network.norm.running_mean += 1.0
    assert folded(network, noise(8)) is network


def test_modules_that_work_for_several_are_not_folded():
    network = Twice().eval()
    for norm in (network.first, network.second, network.shared):
        norm.running_var *= 2.0
    result = folded(network, noise(8))
    pictures = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(answer(result, pictures), answer(network, pictures))
    assert isinstance(result.first, nn.BatchNorm2d)
    assert isinstance(result.second, nn.BatchNorm2d)
    assert isinstance(result.shared, nn.Identity)


def test_what_the_graph_reads_itself_stays():
    network = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)).eval()
    assert folded(network, noise(8), untouched={"1"}) is network
    assert isinstance(folded(network, noise(8))[1], nn.Identity)


@pytest.mark.parametrize("side", [11, 12, 13, 14])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel", [1, 2, 3, (5, 2)])
@pytest.mark.parametrize("groups", [1, 3])
def test_one_sided_padding_becomes_even_with_the_same_answer(side, stride, kernel, groups):
    network = nn.Sequential(Conv2dSame(3, 6, kernel, stride=stride, groups=groups), nn.BatchNorm2d(6)).eval()
    network[1].running_mean += 0.5
    result = folded(network, noise(side))
    assert type(result[0]) is nn.Conv2d
    pictures = torch.randn(2, 3, side, side)
    torch.testing.assert_close(answer(result, pictures), answer(network, pictures))


def test_a_convolution_with_holes_keeps_its_padding():
    network = nn.Sequential(Conv2dSame(3, 6, 3, stride=2, dilation=2)).eval()
    assert folded(network, noise(12)) is network
