"""A network whose batch norms stay as they are, with these norms inside its convolutions while it is trained.

A batch norm that keeps its statistics multiplies and shifts each channel, and so can the convolution before it. The
function is the same, and it can learn all that it could before; a pass over the activations is saved going forward, and
one going back. Afterwards the weights go back into the network as it was: its norms then shift, and divide by 1.

Why they stay: what norms remember of a million photographs is better known than what a batch of 32 says
(docs/training.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn.functional import conv2d, pad

from headstart.backbones.folding import fold_norms
from headstart.backbones.libraries import timm

_PIECE = 3  # side of the kernels whose gradients are quick


@dataclass(frozen=True, eq=False)
class Folded:
    """A network with its batch norms folded, to be trained in its place.

    Parameters
    ----------
    network : nn.Module
        As it was; it is not trained.
    module : nn.Module
        The same function, to be trained; the network itself where there is nothing to fold.
    pairs : sequence of pairs of str
        Which convolution took which norm.
    """

    network: nn.Module
    module: nn.Module
    pairs: Sequence[tuple[str, str]]

    @classmethod
    def of(cls, network: nn.Module, example: Tensor) -> Folded:
        """Return `network`, folded as it answers `example`, one row of what it takes."""
        module, pairs = fold_norms(network, example)
        if module is not network:
            _quicken(module)
        return cls(network, module, pairs)

    @torch.no_grad()
    def put_back(self) -> None:
        """Write what was learned into the network, which then answers as the trained one does."""
        if self.module is self.network:
            return
        learned, apart = self.module.state_dict(), {name for pair in self.pairs for name in pair}
        for name, value in [*self.network.named_parameters(), *self.network.named_buffers()]:
            if name.rpartition(".")[0] not in apart and name in learned:
                value.copy_(learned[name])
        for convolution, norm in self.pairs:
            before = cast("nn.Conv2d", self.network.get_submodule(convolution))
            after = cast("Any", self.network.get_submodule(norm))
            before.weight.copy_(learned[f"{convolution}.weight"])
            if before.bias is not None:
                before.bias.zero_()
            after.running_mean.zero_()
            after.running_var.fill_(1 - after.eps)
            after.weight.fill_(1.0)
            after.bias.copy_(learned[f"{convolution}.bias"])


def _quicken(module: nn.Module) -> None:
    """Let the convolutions of `module` find the gradients of bias and kernel sooner.

    oneDNN takes three times as long for a depthwise kernel of 5 x 5 as for four of 3 x 3 that cover it, and half as
    long again for a convolution whose bias wants a gradient, which is a sum. The numbers agree up to rounding.
    """
    for part in module.modules():
        if isinstance(part, nn.Conv2d) and part.padding_mode == "zeros" and not isinstance(part.padding, str):
            same = isinstance(part, cast("Any", timm.layers).Conv2dSame)
            if part.dilation == (1, 1) and (same or type(part) is nn.Conv2d):
                part.forward = _Quick(part, same)  # type: ignore[method-assign,assignment]  # of this one alone


@dataclass(frozen=True, eq=False)
class _Quick:
    """How a convolution computes; `same`: it pads as TensorFlow does."""

    part: nn.Conv2d
    same: bool

    def __call__(self, pictures: Tensor) -> Tensor:
        """Return what the convolution makes of pictures."""
        part = self.part
        if self.same:
            pictures = cast("Any", timm.layers).pad_same(pictures, part.kernel_size, part.stride)
        padding = (0, 0) if self.same else cast("tuple[int, int]", part.padding)
        if pictures.device.type != "cpu" or pictures.dtype != torch.float32 or torch.is_autocast_enabled("cpu"):
            return conv2d(pictures, part.weight, part.bias, part.stride, padding, 1, part.groups)
        found: Tensor = _Convolution.apply(pictures, part.weight, part.bias, part.stride, padding, part.groups)
        return found


class _Convolution(Function):
    """torch's convolution, with gradients that are put together from quick ones."""

    @staticmethod
    def forward(
        ctx: Any,
        pictures: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        stride: tuple[int, int],
        padding: tuple[int, int],
        groups: int,
    ) -> Tensor:
        ctx.save_for_backward(pictures, weight)
        ctx.rest = stride, padding, groups, bias is not None
        return conv2d(pictures, weight, bias, stride, padding, 1, groups)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        pictures, weight = ctx.saved_tensors
        stride, padding, groups, biased = ctx.rest
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        below, kernel = ctx.needs_input_grad[:2]
        bias = gradient.permute(0, 2, 3, 1).flatten(0, 2).sum(0) if biased and ctx.needs_input_grad[2] else None
        apart = kernel and _in_pieces(weight, groups)
        entering, inner = None, None
        if below or (kernel and not apart):
            wanted = below, kernel and not apart
            entering, inner = _gradients(gradient, pictures, weight, stride, padding, groups, wanted)
        if apart:
            inner = _piecewise(gradient, pictures, weight, stride, padding, groups)
        return entering, inner, bias, None, None, None


def _in_pieces(weight: Tensor, groups: int) -> bool:
    return weight.shape[1] == 1 and groups == weight.shape[0] and weight.shape[2:] == (5, 5)


def _gradients(
    gradient: Tensor,
    pictures: Tensor,
    weight: Tensor,
    stride: tuple[int, int],
    padding: tuple[int, int],
    groups: int,
    wanted: tuple[bool, bool],
) -> tuple[Tensor | None, Tensor | None]:
    entering, inner, _ = torch.ops.aten.convolution_backward(
        gradient,
        pictures,
        weight,
        bias_sizes=None,
        stride=stride,
        padding=padding,
        dilation=(1, 1),
        transposed=False,
        output_padding=(0, 0),
        groups=groups,
        output_mask=(*wanted, False),
    )
    return entering, inner


def _piecewise(
    gradient: Tensor, pictures: Tensor, weight: Tensor, stride: tuple[int, int], padding: tuple[int, int], groups: int
) -> Tensor:
    """Return the gradient of kernels of 5 x 5, (channels, 1, 5, 5), from four of 3 x 3 that overlap in the middle."""
    whole = torch.empty_like(weight)
    small = weight[:, :, :_PIECE, :_PIECE].contiguous()
    wide = pad(pictures, (padding[1], padding[1], padding[0], padding[0]))
    high = (gradient.shape[2] - 1) * stride[0] + _PIECE
    across = (gradient.shape[3] - 1) * stride[1] + _PIECE
    for top in (0, 2):
        for left in (0, 2):
            seen = wide[:, :, top : top + high, left : left + across].contiguous(memory_format=torch.channels_last)
            _, piece = _gradients(gradient, seen, small, stride, (0, 0), groups, (False, True))
            whole[:, :, top : top + _PIECE, left : left + _PIECE] = cast("Tensor", piece)
    return whole
