"""A frozen network with its batch norms folded into the convolutions before them.

Where nothing is trained, a batch norm multiplies and shifts each channel by fixed numbers; so can the convolution
whose answer it takes, and the pass over the activations is saved: a quarter of the time of a small network. The
answers differ by rounding (some 1e-7 of the largest).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Set
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from headstart.backbones.forward import evaluating

AGREE = 1e-5  # of the largest answer; rounding is some 5e-7 of it


def folded(network: nn.Module, picture: Tensor, *, untouched: Set[str] = frozenset()) -> nn.Module:
    """Return `network` with its batch norms folded, as a copy in evaluation mode; itself where that is impossible.

    Which norm takes the answer of which convolution is seen from the network at work, and the copy is held against it.

    Parameters
    ----------
    network : nn.Module
    picture : Tensor
        (1, 3, S, S), on which both answer.
    untouched : set of str
        Names of modules whose weights are wanted as they are.
    """
    with evaluating(network), torch.inference_mode():
        with _pairs_at_work(network) as pairs:
            answer = network(picture)
        # A module that works twice, or under two names, has no one place where it could be folded.
        names = [name for pair in pairs for name in pair]
        once = {name for name in names if names.count(name) == 1}
        pairs = [pair for pair in pairs if once.issuperset(pair) and not untouched.intersection(pair)]
        if not pairs:
            return network
        with torch.inference_mode(mode=False):
            copied = _folded_copy(network, pairs)
        try:
            other = copied(picture)
        except (AttributeError, RuntimeError, TypeError):
            return network  # it reads its norms' weights by itself
    agrees = other.shape == answer.shape and _difference(other, answer) <= AGREE
    return copied if agrees else network


def _difference(answer: Tensor, expected: Tensor) -> float:
    """Return the largest difference, as a share of the largest number."""
    return float((answer - expected).abs().max() / expected.abs().max().clamp_min(1e-12))


@contextmanager
def _pairs_at_work(network: nn.Module) -> Iterator[list[tuple[str, str]]]:
    """Gather (convolution, batch norm that was handed its answer) by name, while the network works on something."""
    pairs: list[tuple[str, str]] = []
    answers: list[tuple[str, Tensor]] = []  # held, so that no other tensor takes an answer's place in memory
    hooks = []
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            hooks.append(module.register_forward_hook(lambda _m, _i, said, name=name: answers.append((name, said))))
        elif isinstance(module, nn.BatchNorm2d) and _foldable(module):
            hooks.append(
                module.register_forward_pre_hook(
                    lambda _m, given, name=name: pairs.extend(
                        (source, name) for source, said in answers if said is given[0]
                    )
                )
            )
    try:
        yield pairs
    finally:
        for hook in hooks:
            hook.remove()


def _foldable(norm: nn.BatchNorm2d) -> bool:
    return norm.affine and norm.running_mean is not None and norm.running_var is not None


def _folded_copy(network: nn.Module, pairs: list[tuple[str, str]]) -> nn.Module:
    copied = copy.deepcopy(network).eval()
    for convolution, norm in pairs:
        before, after = copied.get_submodule(convolution), copied.get_submodule(norm)
        if not isinstance(before, nn.Conv2d) or not isinstance(after, nn.BatchNorm2d):
            raise TypeError(f"'{convolution}' and '{norm}' are no convolution and batch norm")
        copied.set_submodule(convolution, fuse_conv_bn_eval(before, after))
        copied.set_submodule(norm, _behind(after))
    return copied


def _behind(norm: nn.BatchNorm2d) -> nn.Module:
    """Return what a norm does beside normalising: timm's apply the activation that follows."""
    rest = [part for name in ("drop", "act") if isinstance(part := getattr(norm, name, None), nn.Module)]
    return nn.Sequential(*rest) if rest else nn.Identity()
