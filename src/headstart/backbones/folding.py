"""A frozen network with its batch norms and one-sided paddings folded into the convolutions beside them.

Where nothing is trained, a batch norm multiplies and shifts each channel by fixed numbers; so can the convolution
whose answer it takes, and the pass over the activations is saved: a quarter of the time of a small network. The
answers differ by rounding (some 1e-7 of the largest).

TensorFlow's padding ("same") puts one row and column more behind a picture than before it, for which an activation is
copied. A kernel with a row and column of zeros before it reads the same pixels out of an even padding, without a copy:
another tenth of the time, and the same bits. (In training it is slower: such kernels have slow gradients.)
"""

from __future__ import annotations

import copy
import math
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, fx, nn
from torch.nn.functional import pad
from torch.nn.utils.fusion import fuse_conv_bn_eval

from headstart.backbones.forward import evaluating
from headstart.backbones.libraries import timm

AGREE = 1e-5  # of the largest answer; rounding is some 5e-7 of it


def folded(
    network: nn.Module, picture: Tensor, *, untouched: Set[str] = frozenset(), agree: float = AGREE
) -> nn.Module:
    """Return `network` for pictures of one size, folded, as a copy in evaluation mode; itself where nothing is to fold.

    Which norm takes the answer of which convolution is seen from the network at work, and the copy is held against it.

    Parameters
    ----------
    network : nn.Module
    picture : Tensor
        (1, 3, S, S), on which both answer. The copy is for pictures of this size.
    untouched : set of str
        Names of modules whose weights are wanted as they are.
    agree : float
        How far the copy may be off, as a share of the largest answer.
    """
    picture = picture.to(next((weight.device for weight in network.parameters()), picture.device))
    if isinstance(network, fx.GraphModule):
        untouched = untouched | read_apart(network.graph)
    with evaluating(network), torch.inference_mode():
        with _at_work(network) as seen:
            answer = network(picture)
        pairs, lopsided = seen.pairs(untouched), seen.lopsided(untouched)
        if not pairs and not lopsided:
            return network
        with torch.inference_mode(mode=False):
            copied = _folded_copy(network, pairs, lopsided)
        try:
            other = copied(picture)
        except (AttributeError, RuntimeError, TypeError):
            return network  # it reads its norms' weights by itself
    agrees = other.shape == answer.shape and _difference(other, answer) <= agree
    return copied if agrees else network


def fold_norms(network: nn.Module, example: Tensor) -> tuple[nn.Module, list[tuple[str, str]]]:
    """Return a copy of `network` that can be trained, its batch norms folded into convolutions, and which into which.

    Paddings stay: what is trained is slower with a kernel that has zeros for them. The network itself, and no pair,
    where nothing is to fold or the copy does not agree.

    Parameters
    ----------
    network : nn.Module
    example : Tensor
        One row of what it takes, on its device.
    """
    untouched = read_apart(network.graph) if isinstance(network, fx.GraphModule) else frozenset[str]()
    with evaluating(network), torch.no_grad():
        with _at_work(network) as seen:
            answer = network(example)
        pairs = seen.pairs(untouched)
        if not pairs:
            return network, []
        copied = _folded_copy(network, pairs, {})
        try:
            other = copied(example)
        except (AttributeError, RuntimeError, TypeError):
            return network, []  # it reads its norms' weights by itself
    agrees = other.shape == answer.shape and _difference(other, answer) <= AGREE
    return (copied, pairs) if agrees else (network, [])


def read_apart(graph: fx.Graph) -> frozenset[str]:
    """Return the modules whose weights a graph reads itself, instead of calling them."""
    return frozenset(str(node.target).rpartition(".")[0] for node in graph.nodes if node.op == "get_attr")


def _difference(answer: Tensor, expected: Tensor) -> float:
    """Return the largest difference, as a share of the largest number."""
    return float((answer - expected).abs().max() / expected.abs().max().clamp_min(1e-12))


@dataclass(frozen=True)
class _Seen:
    """What the convolutions and batch norms of a network at work were given and said, by name.

    The answers are held, so that no other tensor takes an answer's place in memory.
    """

    sizes: list[tuple[str, tuple[int, int], nn.Module]] = field(default_factory=list)  # height, width given
    answers: list[tuple[str, Tensor]] = field(default_factory=list)
    normed: list[tuple[str, str]] = field(default_factory=list)  # (convolution, norm that took its answer)

    def pairs(self, untouched: Set[str]) -> list[tuple[str, str]]:
        """Return convolutions and their norms; one that works twice has no place where it could be folded."""
        times = Counter(name for pair in self.normed for name in pair)
        return [pair for pair in self.normed if all(times[name] == 1 and name not in untouched for name in pair)]

    def lopsided(self, untouched: Set[str]) -> dict[str, tuple[int, int]]:
        """Return what convolutions with one-sided padding are given, (height, width)."""
        times = Counter(name for name, _, _ in self.sizes)
        return {
            name: size
            for name, size, module in self.sizes
            if times[name] == 1 and name not in untouched and _pads_one_side(module)
        }


@contextmanager
def _at_work(network: nn.Module) -> Iterator[_Seen]:
    """Watch the convolutions and batch norms of a network while it works on something."""
    seen = _Seen()

    def before_convolution(name: str, module: nn.Module, given: tuple[Tensor, ...]) -> None:
        seen.sizes.append((name, (given[0].shape[2], given[0].shape[3]), module))

    def behind_convolution(name: str, _module: nn.Module, _given: tuple[Tensor, ...], said: Tensor) -> None:
        seen.answers.append((name, said))

    def before_norm(name: str, _module: nn.Module, given: tuple[Tensor, ...]) -> None:
        seen.normed.extend((source, name) for source, said in seen.answers if said is given[0])

    hooks = []
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            hooks.append(module.register_forward_pre_hook(partial(before_convolution, name)))
            hooks.append(module.register_forward_hook(partial(behind_convolution, name)))
        elif isinstance(module, nn.BatchNorm2d) and module.affine and module.running_mean is not None:
            hooks.append(module.register_forward_pre_hook(partial(before_norm, name)))
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


def _folded_copy(
    network: nn.Module, pairs: Sequence[tuple[str, str]], lopsided: Mapping[str, tuple[int, int]]
) -> nn.Module:
    copied = copy.deepcopy(network).eval()
    for convolution, size in lopsided.items():
        copied.set_submodule(convolution, _even(cast("nn.Conv2d", copied.get_submodule(convolution)), size))
    for convolution, norm in pairs:
        before, after = copied.get_submodule(convolution), copied.get_submodule(norm)
        if not isinstance(before, nn.Conv2d) or not isinstance(after, nn.BatchNorm2d):
            raise TypeError(f"'{convolution}' and '{norm}' are no convolution and batch norm")
        copied.set_submodule(convolution, fuse_conv_bn_eval(before, after))
        copied.set_submodule(norm, _behind(after))
    return copied


def _pads_one_side(module: nn.Module) -> bool:
    same = cast("Any", timm.layers).Conv2dSame
    return type(module) is same and cast("nn.Conv2d", module).dilation == (1, 1)


def _even(convolution: nn.Conv2d, size: tuple[int, int]) -> nn.Conv2d:
    """Return a convolution that pads evenly and answers pictures of this size, (height, width), as this one does."""
    kernel = (convolution.kernel_size[0], convolution.kernel_size[1])
    wanted = [
        max((math.ceil(side / step) - 1) * step + reach - side, 0)
        for side, step, reach in zip(size, convolution.stride, kernel, strict=True)
    ]
    high, wide = (total % 2 for total in wanted)
    even = nn.Conv2d(
        convolution.in_channels,
        convolution.out_channels,
        (kernel[0] + high, kernel[1] + wide),
        stride=(convolution.stride[0], convolution.stride[1]),
        padding=((wanted[0] + high) // 2, (wanted[1] + wide) // 2),
        groups=convolution.groups,
        bias=convolution.bias is not None,
        device="meta",  # its weights come now
    )
    even.weight = nn.Parameter(pad(convolution.weight.detach(), (wide, 0, high, 0)))
    even.bias = convolution.bias
    return even.eval()


def _behind(norm: nn.BatchNorm2d) -> nn.Module:
    """Return what a norm does beside normalising: timm's apply the activation that follows, which keeps its name."""
    rest = {name: part for name in ("drop", "act") if isinstance(part := getattr(norm, name, None), nn.Module)}
    return nn.Sequential(OrderedDict(rest)) if rest else nn.Identity()
