"""Where training pictures come from: the pixel store, or activations that were stored once.

Loading is split in two. `load` gathers a batch as compact numbers and may run in a thread beside the
training; `tensor` makes the large float tensor and stays on the main thread, because only there the
allocator keeps the memory for the next batch (see `headstart.base.process`).
"""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray

from headstart.backbones.forward import normalise
from headstart.base.executors import ordered_map
from headstart.base.params import bad_parameter
from headstart.base.process import thread_budget
from headstart.base.streams import stream
from headstart.pixels import augment, frame
from headstart.records.codec import plain
from headstart.records.preprocessing import Preprocessing
from headstart.records.record import changed

RowNumbers = NDArray[np.int64]


class Source(Protocol):
    """Pictures with labels, asked for by position.

    Parameters
    ----------
    labels : array of int64, (n,)
    threads : int
        How many threads may `load` at once; the numbers do not depend on it.
    sides : tuple of int
        Side in pixels at which each epoch sees pictures; empty where it is always the same.
    stored_views : int, optional
        Augmented copies that were stored; None where pictures are augmented as they are asked for.
    seen : int
        Epochs that have been seen before the first: a training that goes on sees new views.
    """

    labels: NDArray[np.int64]
    threads: int
    sides: tuple[int, ...] = ()
    stored_views: int | None = None
    seen: int = 0

    def __len__(self) -> int:
        return len(self.labels)

    @abstractmethod
    def load(self, rows: RowNumbers, epoch: int | None) -> NDArray[Any]:
        """Return the pictures at `rows` in compact form, one row each; safe to call in a thread.

        The epoch decides the augmentation; None means as at prediction.
        """

    @abstractmethod
    def tensor(self, loaded: NDArray[Any]) -> torch.Tensor:
        """Return what the trainee takes, float32, from (a part of) what `load` returned."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Return what the numbers depend on, as JSON values: part of a checkpoint's fingerprint."""

    def after(self, epochs: int) -> Self:
        """Return the same pictures for a training that goes on after so many epochs."""
        later = copy.copy(self)
        later.seen = self.seen + epochs
        return later

    def batch(self, rows: RowNumbers, epoch: int | None) -> torch.Tensor:
        """Return what the trainee takes for the pictures at `rows`, float32, one row each."""
        return self.tensor(self.load(rows, epoch))


class PixelSource(Source):
    """Whole pictures of a pixel store, framed or augmented as they are asked for.

    Parameters
    ----------
    pixels : sequence of array
        ``pixels[row]`` is a whole picture, (H, W, 3) uint8.
    rows : array of int, (n,)
        Picture i of this source is ``pixels[rows[i]]``.
    labels : array of int, (n,)
    preprocessing : Preprocessing
    augmentation : str
        A kind of `headstart.pixels.augment`; every picture has its own random stream in every epoch.
    seed : int
    sides : sequence of int
        The side in pixels at which each epoch sees pictures, for the first on; empty: always that of the
        preprocessing, as at prediction.
    threads : int
    """

    def __init__(
        self,
        pixels: Any,
        rows: RowNumbers,
        labels: NDArray[np.int64],
        preprocessing: Preprocessing,
        augmentation: str,
        seed: int,
        *,
        sides: Sequence[int] = (),
        threads: int | None = None,
    ) -> None:
        if len(rows) != len(labels):
            raise bad_parameter("labels", "PixelSource", f"one for each of {len(rows)} rows", len(labels))
        self.pixels = pixels
        self.rows = rows
        self.labels = np.asarray(labels, np.int64)
        self.preprocessing = preprocessing
        self.augmentation = augmentation
        self.seed = seed
        self.sides = tuple(sides)
        self.threads = min(2, thread_budget()) if threads is None else threads

    def load(self, rows: RowNumbers, epoch: int | None) -> NDArray[np.uint8]:
        """Return squares, (n, S, S, 3) uint8."""
        return np.stack([self._square(int(self.rows[row]), epoch) for row in rows])

    def tensor(self, loaded: NDArray[Any]) -> torch.Tensor:
        """Return normalised pictures, (n, 3, S, S) float32."""
        return normalise(loaded, self.preprocessing)

    def describe(self) -> dict[str, Any]:
        """Return rows, preprocessing, augmentation, seed and sides."""
        return {
            "pixels": self.rows.tolist(),
            "preprocessing": plain(self.preprocessing),
            "augmentation": self.augmentation,
            "seed": self.seed,
            "seen": self.seen,
            "sides": list(self.sides),
        }

    def _square(self, row: int, epoch: int | None) -> NDArray[np.uint8]:
        if epoch is None:
            return frame(self.pixels[row], self.preprocessing)
        epoch += self.seen
        return augment(
            self.pixels[row], self._prepared(epoch), self.augmentation, stream(self.seed, "augment", epoch, row)
        )

    def _prepared(self, epoch: int) -> Preprocessing:
        """Return how pictures are prepared in an epoch; what comes before the first (epoch 0) sees them as it does."""
        if not self.sides:
            return self.preprocessing
        place = min(max(epoch, 1), len(self.sides)) - 1
        return changed(self.preprocessing, input_size=self.sides[place])


class PrefixSource(PixelSource):
    """Whole pictures that pass the frozen prefix in each epoch anew, where stored activations would be too many.

    Parameters
    ----------
    prefix : torch.nn.Module
        In eval mode; it gets no gradients.
    *arguments, **options
        As for `PixelSource`.
    device : str
        Where the prefix works.
    """

    def __init__(self, prefix: torch.nn.Module, *arguments: Any, device: str = "cpu", **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.prefix = prefix.eval()
        self.device = device

    def tensor(self, loaded: NDArray[Any]) -> torch.Tensor:
        """Return activations at the cut, (n, *shape) float32, on the device."""
        self.prefix.to(self.device)  # at each batch, as others may have moved modules that it shares
        with torch.no_grad():
            activations: torch.Tensor = self.prefix(super().tensor(loaded).to(self.device))
        return activations


class ActivationSource(Source):
    """Activations at the cut, stored once as float16: the frozen prefix need not run again.

    Parameters
    ----------
    views : sequence of array, (at most n, *shape)
        Activations of V augmented copies; epoch e uses view e mod V. They may end before `plain`, where the
        rest is never trained on. Empty: every epoch uses `plain`.
    plain : array, (n, *shape)
        Activations of the pictures as at prediction.
    labels : array of int, (n,)
    """

    def __init__(self, views: Sequence[NDArray[Any]], plain: NDArray[Any], labels: NDArray[np.int64]) -> None:
        if len(plain) != len(labels):
            raise bad_parameter("plain", "ActivationSource", f"of {len(labels)} pictures", len(plain))
        self.views = tuple(views)
        self.stored_views = len(self.views)
        self.plain = plain
        self.labels = np.asarray(labels, np.int64)
        self.threads = 1

    def load(self, rows: RowNumbers, epoch: int | None) -> NDArray[Any]:
        """Return activations, (n, *shape), as they are stored."""
        if epoch is None or not self.views:
            return np.asarray(self.plain[rows])
        return np.asarray(self.views[(epoch + self.seen) % len(self.views)][rows])

    def tensor(self, loaded: NDArray[Any]) -> torch.Tensor:
        """Return activations, (n, *shape) float32; pictures with the channels last, as they came."""
        layout = torch.channels_last if loaded.ndim == 4 else torch.contiguous_format
        return torch.from_numpy(loaded).to(torch.float32, memory_format=layout)

    def describe(self) -> dict[str, Any]:
        """Return the number of views, shape and type."""
        return {
            "views": len(self.views),
            "seen": self.seen,
            "shape": list(self.plain.shape),
            "type": str(self.plain.dtype),
        }


def in_batches(rows: RowNumbers, size: int) -> list[RowNumbers]:
    """Return `rows` cut into batches of `size`; a single one left over joins the batch before."""
    begins = list(range(0, len(rows), size))
    if size > 1 and len(begins) > 1 and len(rows) - begins[-1] == 1:
        begins.pop()
    return np.split(rows, begins[1:]) if begins else []


def loaded_batches(
    source: Source, batches: Sequence[RowNumbers], epoch: int | None
) -> Iterator[tuple[RowNumbers, NDArray[Any]]]:
    """Yield (rows, loaded) for each batch in order; with more threads, the next ones load meanwhile."""

    def load(rows: RowNumbers) -> tuple[RowNumbers, NDArray[Any]]:
        return rows, source.load(rows, epoch)

    # Closed, so that an error here does not leave threads loading.
    with closing(ordered_map(load, batches, threads=source.threads)) as loaded:  # type: ignore[type-var]
        yield from loaded
