"""The one extraction pass: pictures in, pooled features and the activations of a cut out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from headstart import __version__
from headstart.backbones import Backbone, normalise, split, tensors_hash
from headstart.backbones.forward import forward
from headstart.base.files import fingerprint
from headstart.base.progress import Progress, Silent
from headstart.base.streams import stream
from headstart.base.types import Preprocessing
from headstart.features.store import FeatureStore, Rows, Shape, Writer
from headstart.pixels import AUGMENTATIONS, DECODER, augment, frame

BATCH = 32  # the batch of every float32 pass: the same pictures in the same batches give the same bits
HALF_MOST = float(np.finfo(np.float16).max)  # beyond it a float16 would become infinite


class Pictures(Protocol):
    """Whole pictures by row: a pixel store, or a selection of one."""

    def __getitem__(self, row: int) -> NDArray[np.uint8]:
        """Return the whole picture, (height, width, 3)."""


@dataclass(frozen=True)
class View:
    """One look at every picture: as it is (`kind` ``"none"``), or the `number`-th augmented copy."""

    kind: str = "none"
    number: int = 0
    seed: int = 0


PLAIN = View()


def extract(
    backbone: Backbone,
    pixels: Pictures,
    rows: NDArray[np.int64],
    digests: Sequence[str],
    *,
    preprocessing: Preprocessing,
    view: View = PLAIN,
    cut: str | None = None,
    pooled: bool = True,
    device: str = "cpu",
    store: FeatureStore | None = None,
    progress: Progress | None = None,
    name: str = "features",
) -> Rows:
    """Run the frozen network over some pictures once and keep what it says.

    Parameters
    ----------
    backbone : Backbone
    pixels : Pictures
    rows : array of int, (n,)
        Which pictures of `pixels`; row i of the result belongs to ``rows[i]``.
    digests : sequence of str
        SHA-256 of every picture of `pixels`; part of the key.
    preprocessing : Preprocessing
        How a stored picture becomes the network's square.
    view : View
        As it is, or an augmented copy.
    cut : str, optional
        Also keep the activations that enter this stage, as float16.
    pooled : bool
        Keep pooled features, float32.
    device : str
        Where the network runs.

    Returns
    -------
    Rows
        ``"pooled"``, (n, features) float32, and ``"activations"``, (n, *shape) float16, as asked for.
    """
    shapes: dict[str, Shape] = {}
    if pooled:
        shapes["pooled"] = Shape((backbone.features,), "float32")
    if cut is not None:
        entering = next(stage.shape for stage in backbone.stages if stage.name == cut)
        shapes["activations"] = Shape(tuple(entering), "float16")
    key = {
        "pictures": fingerprint([digests[row] for row in rows]),
        "decoder": DECODER,
        "preprocessing": preprocessing.to_dict(),
        "backbone": backbone.name,
        "weights": tensors_hash(backbone.network),
        "read": list(backbone.read),
        "view": [view.kind, view.number, view.seed],
        "cut": cut,
        "arrays": sorted(shapes),
        "augmentation": asdict(AUGMENTATIONS[view.kind]),
        "versions": [__version__, *(version(name) for name in ("torch", "timm", "torchvision"))],
        "threads": torch.get_num_threads(),  # another number of threads may round otherwise
        "device": device,
    }

    def make(writer: Writer) -> None:
        with (progress or Silent()).step(name, len(rows)) as step:
            batches = picture_batches(pixels, rows, preprocessing, view, digests)
            for done, values in _run(backbone, batches, cut, device, pooled=pooled):
                writer.put(slice(done, done + len(next(iter(values.values())))), **values)
                step.advance(len(next(iter(values.values()))))

    return (store or FeatureStore()).get_or_make(key, len(rows), shapes, make, (progress or Silent()).message)


def picture_batches(
    pixels: Pictures,
    rows: NDArray[np.int64],
    preprocessing: Preprocessing,
    view: View,
    digests: Sequence[str],
) -> Iterator[torch.Tensor]:
    """Yield normalised batches, (at most 32, 3, side, side) float32, of some pictures in order."""

    def square(row: int) -> NDArray[np.uint8]:
        if view.kind == "none":
            return frame(pixels[row], preprocessing)
        # The stream hangs on the picture's bytes: its view stays the same in whichever company it comes.
        return augment(pixels[row], preprocessing, view.kind, stream(view.seed, "view", view.number, digests[row]))

    for begin in range(0, len(rows), BATCH):
        squares = [square(int(row)) for row in rows[begin : begin + BATCH]]
        yield normalise(np.stack(squares), preprocessing)


def _run(
    backbone: Backbone, batches: Iterator[torch.Tensor], cut: str | None, device: str, *, pooled: bool
) -> Iterator[tuple[int, dict[str, NDArray[Any]]]]:
    """Yield (rows done before, values) per batch; with a cut, the suffix goes on where the prefix ended."""
    done = 0
    if cut is None:
        for features in forward(backbone.network, batches, device=device):
            yield done, {"pooled": features.numpy()}
            done += len(features)
        return
    halves = split(backbone, cut)
    for activations in forward(halves.prefix, batches, device=device):
        stored = np.clip(activations.numpy(), -HALF_MOST, HALF_MOST).astype(np.float16)
        values: dict[str, NDArray[Any]] = {"activations": stored}
        if pooled:
            values["pooled"] = next(forward(halves.suffix, iter([activations]), device=device)).numpy()
        yield done, values
        done += len(activations)
