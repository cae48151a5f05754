"""The one extraction pass: pictures in, pooled features and the activations of a cut out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from headstart.backbones import Backbone
from headstart.backbones.onnx import normalise as normalise_array
from headstart.base.files import fingerprint
from headstart.base.process import compute_threads, torch_in_budget
from headstart.base.streams import stream
from headstart.base.version import __version__
from headstart.features.store import Beside, FeatureStore, Shape, StoredRows, Writer
from headstart.pixels import AUGMENTATIONS, augment, decoder, frame
from headstart.records.codec import plain
from headstart.records.preprocessing import Preprocessing
from headstart.records.progress import Progress, Silent

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
    beside: Sequence[str] = (),
    pooled: bool = True,
    device: str = "cpu",
    engine: str = "torch",
    progress: Progress | None = None,
    name: str = "features",
) -> StoredRows:
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
    beside : sequence of str
        Further cuts whose activations the same pass leaves, each as an entry that is found when it is asked for.
    pooled : bool
        Keep pooled features, float32.
    device : str
        Where the network runs.
    engine : str
        ``"torch"``: the network itself; ``"onnx"``: the graph that was kept of it, on the processor, without a cut.

    Returns
    -------
    StoredRows
        ``"pooled"``, (n, features) float32, and ``"activations"``, (n, *shape) float16, as asked for.
    """
    asked = _Pass(backbone, rows, digests, preprocessing, view, cut, device, engine, pooled=pooled)
    store = FeatureStore()
    others = [replace(asked, cut=other, pooled=False) for other in beside if other != cut]
    missing = [other for other in others if not store.has(other.key())]

    def make(writer: Writer) -> None:
        with (progress or Silent()).step(name, len(rows)) as step:
            squares = framed_batches(pixels, rows, preprocessing, view, digests)
            also = [other.cut or "" for other, _ in zip(missing, writer.beside, strict=False)]
            for done, values in _run(asked, squares, also):
                here = slice(done, done + len(next(iter(values.values()))))
                for cut_there, one in zip(also, writer.beside, strict=True):
                    one.put(here, activations=values.pop(cut_there))
                writer.put(here, **values)
                step.advance(here.stop - here.start)

    return store.get_or_make(
        asked.key(),
        len(rows),
        asked.shapes(),
        make,
        (progress or Silent()).message,
        beside=[Beside(other.key(), other.shapes()) for other in missing],
    )


def stands(
    backbone: Backbone,
    rows: NDArray[np.int64],
    digests: Sequence[str],
    *,
    preprocessing: Preprocessing,
    engine: str,
) -> bool:
    """Return whether `extract` would find the pooled features of these plain pictures, made by this engine."""
    asked = _Pass(backbone, rows, digests, preprocessing, PLAIN, None, "cpu", engine, pooled=True)
    return FeatureStore().has(asked.key())


@dataclass(frozen=True, eq=False)
class _Pass:
    """One pass over some pictures: what comes out of it hangs on nothing else."""

    backbone: Backbone
    rows: NDArray[np.int64]
    digests: Sequence[str]
    preprocessing: Preprocessing
    view: View
    cut: str | None
    device: str
    engine: str
    pooled: bool

    def shapes(self) -> dict[str, Shape]:
        """Return what is kept of each picture."""
        shapes: dict[str, Shape] = {}
        if self.pooled:
            shapes["pooled"] = Shape((self.backbone.features,), "float32")
        if self.cut is not None:
            entering = next(stage.shape for stage in self.backbone.stages if stage.name == self.cut)
            shapes["activations"] = Shape(tuple(entering), "float16")
        return shapes

    def key(self) -> dict[str, object]:
        """Return all that the numbers depend on."""
        packages = ("torch", "timm", "torchvision", *(("onnxruntime",) if self.engine == "onnx" else ()))
        return {
            "pictures": fingerprint([self.digests[row] for row in self.rows]),
            "decoder": decoder(self.preprocessing.decoding),
            "preprocessing": plain(self.preprocessing),
            "backbone": self.backbone.name,
            "weights": self.backbone.held.digest,
            "read": list(self.backbone.read),
            "view": [self.view.kind, self.view.number, self.view.seed],
            "cut": self.cut,
            "arrays": sorted(self.shapes()),
            "augmentation": asdict(AUGMENTATIONS[self.view.kind]),
            "engine": self.engine,
            "folded": True,  # batch norms, where the network itself answers
            "versions": [__version__, *(version(name) for name in packages)],
            "threads": compute_threads(),  # another number of threads may round otherwise
            "device": self.device,
        }


def framed_batches(
    pixels: Pictures,
    rows: NDArray[np.int64],
    preprocessing: Preprocessing,
    view: View,
    digests: Sequence[str],
) -> Iterator[NDArray[np.uint8]]:
    """Yield batches, (at most 32, side, side, 3) uint8, of some pictures in order."""

    def square(row: int) -> NDArray[np.uint8]:
        if view.kind == "none":
            return frame(pixels[row], preprocessing)
        # The stream hangs on the picture's bytes: its view stays the same in whichever company it comes.
        return augment(pixels[row], preprocessing, view.kind, stream(view.seed, "view", view.number, digests[row]))

    for begin in range(0, len(rows), BATCH):
        yield np.stack([square(int(row)) for row in rows[begin : begin + BATCH]])


def _run(
    asked: _Pass, squares: Iterator[NDArray[np.uint8]], also: Sequence[str] = ()
) -> Iterator[tuple[int, dict[str, NDArray[Any]]]]:
    """Yield (rows done before, values) per batch; with the activations at the cuts `also`, by their names."""
    done = 0
    said = _graph(asked, squares) if asked.engine == "onnx" else _network(asked, squares, also)
    for values in said:
        yield done, values
        done += len(next(iter(values.values())))


def _graph(asked: _Pass, squares: Iterator[NDArray[np.uint8]]) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield what the kept graph says of each batch; its last columns are the pooled features."""
    kept = asked.backbone.held.kept
    if kept is None or asked.cut is not None:
        raise RuntimeError("this pass has no graph to run")
    for batch in squares:
        answer = kept.session(normalise_array(batch, asked.preprocessing))
        yield {"pooled": answer[:, answer.shape[1] - asked.backbone.features :]}


def _network(
    asked: _Pass, squares: Iterator[NDArray[np.uint8]], also: Sequence[str]
) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield what the network says of each batch; with cuts, each part goes on where the one before it ended."""
    with torch_in_budget():
        from headstart.backbones import normalise, parts
        from headstart.backbones.forward import forward

    backbone, device = asked.backbone.frozen, asked.device
    batches = (normalise(batch, asked.preprocessing) for batch in squares)
    if asked.cut is None:
        for features in forward(backbone.network, batches, device=device):
            yield {"pooled": features.numpy()}
        return
    names = [stage.name for stage in backbone.stages]
    cuts = sorted({asked.cut, *also}, key=names.index)
    first, *following = parts(backbone, cuts)
    for said in forward(first, batches, device=device):
        values: dict[str, NDArray[Any]] = {}
        for cut, part in zip(cuts, following, strict=True):
            stored = np.clip(said.numpy(), -HALF_MOST, HALF_MOST).astype(np.float16)
            values["activations" if cut == asked.cut else cut] = stored
            if cut != cuts[-1] or asked.pooled:
                said = next(forward(part, iter([said]), device=device))
        if asked.pooled:
            values["pooled"] = said.numpy()
        yield values
