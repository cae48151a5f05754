"""The forward pass: the one way in which a network answers, for stored features and for predictions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from headstart.backbones.compiler import compiler_later
from headstart.records.preprocessing import Preprocessing

Versions = tuple[tuple[int, int, int], ...]


def normalise(batch: NDArray[np.uint8], preprocessing: Preprocessing) -> Tensor:
    """Return framed pictures as the network wants them.

    Parameters
    ----------
    batch : array of uint8, (n, S, S, 3)
    preprocessing : Preprocessing
        Gives mean and standard deviation, on the scale 0 to 1.

    Returns
    -------
    Tensor
        float32, (n, 3, S, S), in the memory order channels-last.
    """
    # A copy: the pictures may lie in a read-only memory map, which torch must not share.
    pictures = torch.tensor(np.ascontiguousarray(batch)).permute(0, 3, 1, 2).float()
    std = torch.tensor(preprocessing.std).view(1, 3, 1, 1)
    mean = torch.tensor(preprocessing.mean).view(1, 3, 1, 1)
    return pictures.div_(255.0).sub_(mean).div_(std)


def forward(module: nn.Module, batches: Iterable[Tensor], *, device: str | torch.device = "cpu") -> Iterator[Tensor]:
    """Yield the module's answer to each batch: evaluation mode, no gradient, float32, channels-last.

    Parameters
    ----------
    module : nn.Module
        A backbone, a prefix, or a whole classifier. Its modes (training or evaluation) are as before
        whenever the caller has control; so is its device at the end.
    batches : iterable of Tensor
        float32, (n, 3, S, S), or the activations that a suffix takes.
    device : str or torch.device
        Where to compute.

    Yields
    ------
    Tensor
        float32 on the processor; an inference tensor, so to be stored, not to be trained on.
    """
    home = next((parameter.device for parameter in module.parameters()), torch.device("cpu"))
    target = torch.device(device)
    module.to(target, memory_format=torch.channels_last)  # type: ignore[call-overload]
    try:
        for batch in batches:
            # The contexts are left before each yield: otherwise they would hold for the caller's code too.
            with evaluating(module), torch.inference_mode(), _full_precision(target):
                answer: Tensor = module(_channels_last(batch.to(target, torch.float32)))
                result = answer.to("cpu", torch.float32)
            yield result
    finally:
        if home != target:
            module.to(home)


def answers_at(network: nn.Module, side: int, features: int) -> bool:
    """Return whether `network` takes pictures of `side` pixels and answers with `features` numbers, as at its own size.

    Convolutions with a pool behind them do; what has a place or a weight for each pixel (most transformers) does not.
    """
    with torch.random.fork_rng(devices=[]), evaluating(network), torch.inference_mode():
        try:
            answer = network(torch.zeros(1, 3, side, side))
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, AssertionError, ValueError, IndexError):  # each has its own way to refuse
            return False
    return isinstance(answer, Tensor) and answer.shape == (1, features)


@contextmanager
def evaluating(module: nn.Module) -> Iterator[nn.Module]:
    """Put `module` into evaluation mode, and every part of it back into its own mode afterwards."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield module
    finally:
        for part, training in modes:
            part.training = training


@contextmanager
def measuring(module: nn.Module) -> Iterator[FlopCounterMode]:
    """Count multiplications and additions in `module`, in evaluation mode and without gradients.

    torch's counter stumbles over weights that are handed to a module as its input and want gradients
    (class tokens do), so for the time of measuring none does.
    """
    wanted = [(parameter, parameter.requires_grad) for parameter in module.parameters()]
    module.requires_grad_(requires_grad=False)
    try:
        with evaluating(module), torch.no_grad(), compiler_later(), FlopCounterMode(display=False) as counter:
            yield counter
    finally:
        for parameter, requires_grad in wanted:
            parameter.requires_grad_(requires_grad)


def tensors_hash(module: nn.Module) -> str:
    """Return the SHA-256 over all parameters and buffers (name, type, shape, bytes).

    Equal before and after training proves that a frozen part stayed frozen, batch-norm statistics and
    counters included. The memory order (channels-last or not) and the device do not enter.
    """
    digest = hashlib.sha256()
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        plain = tensor.detach().cpu().contiguous()
        digest.update(f"{name}\0{plain.dtype}\0{tuple(plain.shape)}\0".encode())
        digest.update(plain.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def versions(module: nn.Module) -> Versions | None:
    """Return where each parameter and buffer lies and how often it was written to, by torch's own count.

    Equal answers mean equal tensors, unless somebody wrote past that count (``tensor.data``, numpy): proofs that
    something stayed as it was are `tensors_hash`'s. None where torch does not count (inference tensors).
    """
    tensors = [*module.parameters(), *module.buffers()]
    if any(tensor.is_inference() for tensor in tensors):
        return None
    return tuple((id(tensor), tensor.data_ptr(), tensor._version) for tensor in tensors)


def _channels_last(batch: Tensor) -> Tensor:
    return batch.contiguous(memory_format=torch.channels_last) if batch.ndim == 4 else batch


@contextmanager
def _full_precision(device: torch.device) -> Iterator[None]:
    """Keep convolutions on a graphics card in float32: its usual shortcut, TF32, keeps three digits."""
    if device.type != "cuda":
        yield
        return
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        yield
