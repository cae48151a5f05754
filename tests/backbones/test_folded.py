"""Batch norms inside convolutions while a network is trained: the same function and gradients, and the way back."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from timm.layers import BatchNormAct2d, Conv2dSame
from tiny import CUT, tiny_backbone
from torch import Tensor, nn

from headstart.backbones import folded as module
from headstart.backbones import split, tensors_hash
from headstart.backbones.folded import Folded

AGREE = 1e-5  # of the largest number
SIDE = 9


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def stirred(network: nn.Module) -> nn.Module:
    """Return it with batch norms that do something: as they are created they would change nothing."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for part in network.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.running_mean.normal_(0, 0.3, generator=generator)
                part.running_var.uniform_(0.5, 2, generator=generator)
                part.weight.uniform_(0.5, 1.5, generator=generator)
                part.bias.normal_(0, 0.3, generator=generator)
    return network.eval()


def close(found: Tensor, expected: Tensor, share: float = AGREE) -> None:
    torch.testing.assert_close(found, expected, rtol=0, atol=share * float(expected.abs().max()))


class Mixed(nn.Module):
    """Norms that fold and one that does not, convolutions with and without a bias, and weights of other kinds."""

    def __init__(self) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.full((1, 3, 1, 1), 0.5))
        self.unused = nn.Parameter(torch.ones(2))
        self.register_buffer("constant", torch.full((1,), 2.0))
        self.first = nn.BatchNorm2d(3)  # before its convolution
        self.biased, self.one = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4, eps=1e-3)
        self.plain, self.two = nn.Conv2d(4, 4, 5, padding=2, groups=4, bias=False), nn.BatchNorm2d(4)
        self.same = Conv2dSame(4, 6, 3, stride=2, bias=False)
        self.three = BatchNormAct2d(6, act_layer="prelu", inplace=False)
        self.alone = nn.Conv2d(6, 5, 1)  # without a norm
        self.end = nn.Linear(5, 4)

    def forward(self, x: Tensor) -> Tensor:
        """Return features, (n, 4)."""
        x = self.first(x + self.shift)
        x = torch.relu(self.one(self.biased(x)))
        x = self.three(self.same(torch.relu(self.two(self.plain(x)))))
        said: Tensor = self.end(self.alone(x).mean(dim=(2, 3))) * self.constant
        return said


PAIRS = [("biased", "one"), ("plain", "two"), ("same", "three")]


def mixed() -> Mixed:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = Mixed()
    assert stirred(network) is network
    return network


def trained(trainee: nn.Module, pictures: Tensor) -> None:
    """Move every weight that takes part, batch norms frozen."""
    trainee.requires_grad_(True)
    optimizer = torch.optim.Adam(trainee.parameters(), lr=0.02)
    for _ in range(4):
        optimizer.zero_grad()
        (trainee(pictures) - 1.0).square().mean().backward()
        optimizer.step()


def test_it_is_the_same_function_and_a_network_of_its_own() -> None:
    network, pictures = mixed(), drawn(3, 3, SIDE, SIDE)
    before, modes = tensors_hash(network), [part.training for part in network.modules()]
    folded = Folded.of(network, pictures[:1])
    with torch.no_grad():
        close(folded.module(pictures), network(pictures))
    assert folded.pairs == PAIRS
    assert folded.network is network
    norms = [name for name, part in folded.module.named_modules() if isinstance(part, nn.BatchNorm2d)]
    assert norms == ["first"], "the one that no convolution could take"
    assert isinstance(folded.module.same, Conv2dSame), "its padding stays: an even one is slower to train"
    trained(folded.module, pictures)
    assert tensors_hash(network) == before
    assert [part.training for part in network.modules()] == modes
    assert not any("forward" in part.__dict__ for part in network.modules()), "it computes as it did"


def test_what_was_learned_is_put_back() -> None:
    network, pictures = mixed(), drawn(6, 3, SIDE, SIDE)
    parts = {name: id(part) for name, part in network.named_parameters()}
    before = {name: value.clone() for name, value in network.state_dict().items()}
    folded = Folded.of(network, pictures[:1])
    trained(folded.module, pictures)
    folded.put_back()
    with torch.no_grad():
        close(network(pictures), folded.module.eval()(pictures))
        assert float((network(pictures) - mixed()(pictures)).abs().max()) > 0.1, "something was learned"
    now = network.state_dict()
    assert list(now) == list(before)
    same = {name for name, value in now.items() if torch.equal(value, before[name])}
    counters = {f"{name}.num_batches_tracked" for name in ("first", "one", "two", "three")}
    assert same == {"unused", "constant", "first.running_mean", "first.running_var", *counters}
    assert {name: id(part) for name, part in network.named_parameters()} == parts, "the very same parameters"
    assert [network.one.eps, network.two.eps] == [1e-3, 1e-5]
    assert not network.training


def test_it_is_put_back_at_any_time_and_again() -> None:
    network, pictures = mixed(), drawn(6, 3, SIDE, SIDE)
    with torch.no_grad():
        expected = network(pictures)
    folded = Folded.of(network, pictures[:1])
    folded.put_back()
    with torch.no_grad():
        close(network(pictures), expected)
    trained(folded.module, pictures)
    folded.put_back()
    with torch.no_grad():
        close(network(pictures), folded.module(pictures))


@pytest.mark.parametrize("training", [False, True])
def test_a_part_behind_a_cut_is_put_back_into_its_backbone(training: bool) -> None:
    backbone = tiny_backbone()
    stirred(backbone.network)
    halves, pictures = split(backbone, CUT), drawn(4, 3, 8, 8)
    with torch.no_grad():
        entering = halves.prefix(pictures)
        expected = backbone.network(pictures)
    prefix = tensors_hash(halves.prefix)
    folded = Folded.of(halves.suffix, entering[:1])
    assert folded.pairs == [("late.0", "late.1")]
    if training:
        trained(folded.module, entering)
        with torch.no_grad():
            expected = folded.module(entering)
    folded.put_back()
    with torch.no_grad():
        close(backbone.network(pictures), expected)
    assert tensors_hash(halves.prefix) == prefix


def test_a_network_without_norms_is_itself() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 5, padding=2), nn.ReLU(), nn.Flatten())
    folded = Folded.of(network, drawn(1, 3, SIDE, SIDE))
    assert folded.module is folded.network is network
    assert list(folded.pairs) == []
    assert not any("forward" in part.__dict__ for part in network.modules())
    before = tensors_hash(network)
    folded.put_back()
    assert tensors_hash(network) == before


class Outside(nn.Module):
    """The convolution's answer is wanted by somebody else too."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum of both."""
        said: Tensor = self.conv(x)
        added: Tensor = self.norm(said) + said
        return added


def test_a_network_that_cannot_be_folded_is_itself() -> None:
    network = Outside()
    stirred(network)
    folded = Folded.of(network, drawn(1, 3, SIDE, SIDE))
    assert (folded.module, list(folded.pairs)) == (network, [])


# How each convolution is made, and what stands in the place of torch's gradients.
CONVOLUTIONS: dict[str, tuple[Any, dict[str, Any], str]] = {
    "plain": (nn.Conv2d, {"kernel_size": 3, "padding": 1}, "quick"),
    "of 1 x 1": (nn.Conv2d, {"kernel_size": 1}, "quick"),
    "strided": (nn.Conv2d, {"kernel_size": 3, "stride": 2, "padding": 1}, "quick"),
    "in groups": (nn.Conv2d, {"kernel_size": 5, "padding": 2, "groups": 2}, "quick"),
    "several of each channel": (nn.Conv2d, {"out_channels": 8, "kernel_size": 5, "groups": 4}, "quick"),
    "depthwise 3": (nn.Conv2d, {"kernel_size": 3, "padding": 1, "groups": 4}, "quick"),
    "depthwise 5": (nn.Conv2d, {"kernel_size": 5, "padding": 2, "groups": 4}, "pieces"),
    "depthwise 5, no padding": (nn.Conv2d, {"kernel_size": 5, "groups": 4}, "pieces"),
    "depthwise 5, strided": (nn.Conv2d, {"kernel_size": 5, "stride": 2, "padding": 2, "groups": 4}, "pieces"),
    "depthwise 5, lopsided": (
        nn.Conv2d,
        {"kernel_size": 5, "stride": (1, 3), "padding": (2, 1), "groups": 4},
        "pieces",
    ),
    "same": (Conv2dSame, {"kernel_size": 3, "stride": 2}, "quick"),
    "same, whatever else it says": (Conv2dSame, {"kernel_size": 3, "padding": 1}, "quick"),
    "same, depthwise 3": (Conv2dSame, {"kernel_size": 3, "stride": 2, "groups": 4}, "quick"),
    "same, depthwise 5": (Conv2dSame, {"kernel_size": 5, "stride": 2, "groups": 4}, "pieces"),
    "with holes": (nn.Conv2d, {"kernel_size": 3, "dilation": 2}, "torch's"),
    "same, with holes": (Conv2dSame, {"kernel_size": 3, "dilation": 2}, "torch's"),
    "padded by name": (nn.Conv2d, {"kernel_size": 3, "padding": "same"}, "torch's"),
    "padded by itself": (nn.Conv2d, {"kernel_size": 3, "padding": 1, "padding_mode": "reflect"}, "torch's"),
}


def both(name: str, *, bias: bool = True) -> tuple[nn.Module, nn.Module]:
    """Return a folded network that begins with such a convolution, and the same as torch computes it."""
    kind, options, _ = CONVOLUTIONS[name]
    given = {"in_channels": 4, "out_channels": 4, "bias": bias, **options}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = nn.Sequential(kind(**given), nn.SiLU(), nn.Conv2d(given["out_channels"], 3, 1), nn.BatchNorm2d(3))
    folded = Folded.of(stirred(network), drawn(1, 4, SIDE, SIDE))
    assert folded.pairs == [("2", "3")]
    reference = copy.deepcopy(folded.module)
    for part in reference.modules():
        part.__dict__.pop("forward", None)
    return folded.module.requires_grad_(True), reference.requires_grad_(True)


def gradients(network: nn.Module, pictures: Tensor, *, below: bool) -> list[Tensor]:
    given = pictures.clone().requires_grad_(below)
    answer = network(given)
    asked = [parameter for parameter in network.parameters() if parameter.requires_grad]
    upstream = drawn(*answer.shape, seed=7).transpose(2, 3).contiguous().transpose(2, 3)  # in an order of its own
    return [answer.detach(), *torch.autograd.grad(answer, [*asked, *([given] if below else [])], upstream)]


@pytest.mark.parametrize("below", [True, False], ids=["wanted below", "not below"])
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize("side", [SIDE, 8])
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_gradients_are_torchs(name: str, side: int, bias: bool, below: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    quick, reference = both(name, bias=bias)
    pieces = list[int]()
    usual = module._piecewise
    monkeypatch.setattr(module, "_piecewise", lambda *given: pieces.append(1) or usual(*given))
    pictures = drawn(3, 4, side, side, seed=2)
    found, expected = (gradients(network, pictures, below=below) for network in (quick, reference))
    assert len(found) == len(expected) == 1 + 3 + bias + below
    for own, theirs in zip(found, expected, strict=True):
        close(own, theirs)
    way = CONVOLUTIONS[name][2]
    assert isinstance(quick[0].__dict__.get("forward"), module._Quick) == (way != "torch's")
    assert len(pieces) == (way == "pieces")


@pytest.mark.parametrize("name", ["plain", "depthwise 5"])
@pytest.mark.parametrize("learned", ["weight", "bias", None])
def test_only_what_is_wanted_gets_a_gradient(name: str, learned: str | None) -> None:
    pair = both(name)
    for network in pair:
        for which, parameter in network[0].named_parameters():
            parameter.requires_grad_(which == learned)
    found, expected = (gradients(network, drawn(2, 4, SIDE, SIDE), below=True) for network in pair)
    assert len(found) == len(expected) == 1 + 2 + (learned is not None) + 1
    for own, theirs in zip(found, expected, strict=True):
        close(own, theirs)


@pytest.mark.parametrize("side", [1, 2, 3])
def test_pictures_smaller_than_the_kernel(side: int) -> None:
    found, expected = (
        gradients(network, drawn(2, 4, side, side), below=True) for network in both("depthwise 5, strided")
    )
    for own, theirs in zip(found, expected, strict=True):
        close(own, theirs)


def test_channels_last_gives_the_same_numbers() -> None:
    quick, reference = both("depthwise 5")
    quick.to(memory_format=torch.channels_last)
    pictures = drawn(2, 4, SIDE, SIDE)
    found = gradients(quick, pictures.contiguous(memory_format=torch.channels_last), below=True)
    for own, theirs in zip(found, gradients(reference, pictures, below=True), strict=True):
        close(own, theirs)


def test_the_quick_way_is_taken_in_float32_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: Any) -> Tensor:
        raise AssertionError("not torch's way")

    monkeypatch.setattr(module._Convolution, "apply", refuse)
    for name in ("plain", "depthwise 5", "same, depthwise 5"):
        quick, reference = both(name)
        pictures = drawn(2, 4, SIDE, SIDE)
        with pytest.raises(AssertionError, match="torch's way"):
            quick(pictures)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found, expected = quick(pictures), reference(pictures)
        assert found.dtype == torch.bfloat16
        assert torch.equal(found, expected)
        for kind in (torch.float64, torch.bfloat16):
            quick, reference, given = quick.to(kind), reference.to(kind), pictures.to(kind)
            found, expected = (gradients(network, given, below=True) for network in (quick, reference))
            assert {own.dtype for own in found} == {kind}
            assert all(torch.equal(own, theirs) for own, theirs in zip(found, expected, strict=True))
