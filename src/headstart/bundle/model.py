"""The one thing that answers: decode, frame, run the network, ask the head; and how it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray

from headstart.backbones.engine import Engine, TorchEngine
from headstart.base.errors import BundleError, DependencyError, WeightsError
from headstart.base.outputs import BUNDLE
from headstart.base.process import torch_in_budget
from headstart.base.types import Floats, Head
from headstart.bundle.classifier import Classifier, Pixels
from headstart.bundle.folder import Contents, fits, read_folder, write_folder
from headstart.bundle.trust import Answers, Trust
from headstart.pixels import frame
from headstart.records.bundle import BundleInfo
from headstart.records.record import changed

if TYPE_CHECKING:
    import torch

BATCH = 32


@dataclass(frozen=True, eq=False, kw_only=True)
class Model(Classifier):
    """A classifier: network, head, preprocessing and class names.

    Every probability that headstart stores or prints was computed by `features_of_squares`, in
    float32, and `answers_of`, in float64.

    Parameters
    ----------
    engine : Engine
        Framed pictures to pooled features, (n, d): a network, one that is made when it has to answer, or an exported
        graph, which only predicts: it cannot be saved.
    head : Head
    preprocessing : Preprocessing
    classes : tuple of str
        Sorted names; column k of every probability belongs to ``classes[k]``.
    info : BundleInfo
        What else is known, as it is kept in ``bundle.json``.
    trust : Trust, optional
        Thresholds of prediction sets, and what the trained pictures look like to the network.
    """

    engine: Engine
    head: Head
    device: str = "cpu"

    def __repr__(self) -> str:
        """Return one line: strategy, network, classes, and which engine answers where it is another."""
        strategy = "classifier" if self.info.strategy is None else self.info.strategy.strategy
        known = f"{strategy} on {self.info.architecture}, {len(self.classes)} classes"
        return f"<Model {known}>" if self.engine.name == "torch" else f"<Model {known}, answers by {self.engine.name}>"

    def answers_of_pictures(self, decoded: Iterator[Pixels]) -> Answers:
        """Return the answers for whole pictures, as `headstart.pixels.decode` gives them."""
        return self.answers_of(self.features_of_squares(frame(one, self.preprocessing) for one in decoded))

    def answers_of(self, features: Floats) -> Answers:
        """Return the answers for what the network says of some pictures, (n, d)."""
        near = None if self.trust is None else self.trust.familiar
        some = len(features) > 0  # of none, not even their width is known
        if some and not fits(self.head, features.shape[1], len(self.classes)):
            raise BundleError(
                f"The bundle is damaged: its network gives {features.shape[1]} features, and its head takes others.",
                hint="Copy the bundle again from where it came, or make it again.",
            )
        return Answers(
            probabilities=self.head.probabilities(features) if some else np.zeros((0, len(self.classes))),
            temperature=self.head.temperature,
            distances=near.distances(features) if near is not None and some else None,
            trust=self.trust,
        )

    def features_of_squares(self, squares: Iterator[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return pooled features, (n, d), of framed pictures; (0, 0) of none."""
        batches = self._batches(squares)
        found = list(self.engine.features_of(batches, self.preprocessing, device=self.device))
        return np.concatenate(found) if found else np.zeros((0, 0), np.float32)

    @property
    def network(self) -> torch.nn.Module:
        """The network; RuntimeError where only its exported graph is at hand."""
        return self.engine.network

    @property
    def answering(self) -> torch.nn.Module:
        """The network as it answers, folded (`headstart.backbones.folding`): stored features come from the same."""
        return self.engine.answering

    def told(self, *, info: BundleInfo | None = None, trust: Trust | None = None) -> Model:
        """Return the same classifier, of which more is known; it answers as this one has, to the bit.

        Parameters
        ----------
        info : BundleInfo, optional
            By default as it is.
        trust : Trust, optional
            By default as it is.
        """
        return replace(self, info=info or self.info, trust=trust or self.trust)

    def widened(self) -> Model:
        """Return the same classifier for many small questions: the same answers, to the bit, and more memory.

        Head and examples are stored in half the room or less, and widened for every question. For two pictures that
        takes as long as a quarter of a small network, where 1,000 examples are remembered. It is not to be saved.
        """
        return replace(self, head=self.head.widened(), trust=None if self.trust is None else self.trust.widened())

    def flops(self) -> float:
        """Return the head's multiplications and additions for one picture (the network's are in `info`)."""
        return self.head.flops()

    def save(self, folder: Annotated[str | Path, BUNDLE]) -> Path:
        """Keep the classifier in a folder, without pickle; `headstart.load` reads it. An older bundle is replaced.

        Raises
        ------
        ConfigError
            If something stands there that is no bundle (it is left as it is).
        StoreError
            If it cannot be written.
        """
        tensors, folded = self.engine.tensors(), self.engine.folded
        info = self.info if folded is None else changed(self.info, folded=folded)
        contents = Contents(info, self.classes, self.preprocessing, tensors, self.head, self.trust)
        return write_folder(contents, Path(folder))

    @staticmethod
    def _batches(squares: Iterator[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
        waiting: list[NDArray[np.uint8]] = []
        for square in squares:
            waiting.append(square)
            if len(waiting) == BATCH:
                yield np.stack(waiting)
                waiting = []
        if waiting:
            yield np.stack(waiting)


def load(folder: str | Path, *, device: str = "cpu") -> Model:
    """Return the classifier kept in `folder`.

    Raises
    ------
    BundleError
        If it is missing, damaged, or written by a newer format.
    """
    return load_as_read(Path(folder), device=device)[0]


def load_as_read(place: Path, *, device: str = "cpu") -> tuple[Model, Contents]:
    """Return the same as `load`, and what was read, by which what is made of it is called, whatever stands there later.

    Raises
    ------
    BundleError
        As `load`.
    """
    contents = read_folder(place)
    network = network_of(contents, place)
    engine = TorchEngine(network, contents.preprocessing.input_size, contents.info.folded)
    return assemble(engine, contents, device=device), contents


def contents_of(model: Model, place: Path) -> Contents:
    """Return what the bundle at `place` holds, if it is the one that `model` was loaded from or saved as.

    Raises
    ------
    BundleError
        If it is another one: it was replaced meanwhile; or as `load`.
    """
    found, own = read_folder(place), model.engine.tensors()
    # A single number is stored as a row of one.
    same = own.keys() == found.network.keys() and all(
        np.array_equal(own[name].ravel(), found.network[name].ravel()) for name in own
    )
    if not same or not _answers_alike(model, found):
        raise BundleError(f"The bundle '{place}' was replaced by another one meanwhile.", hint="Try it again.")
    return found


def _answers_alike(model: Model, contents: Contents) -> bool:
    """Whether a classifier has the head, preprocessing and classes that were read."""
    mine, its = model.head.arrays(), contents.head.arrays()
    return (
        (model.classes, model.preprocessing) == (contents.classes, contents.preprocessing)
        and model.head.scalars() == contents.head.scalars()
        and mine.keys() == its.keys()
        and all(np.array_equal(mine[name], its[name]) for name in mine)
    )


def network_of(contents: Contents, place: Path, *, alone: bool = False) -> torch.nn.Module:
    """Return the network of the bundle that was read at `place`, in evaluation mode.

    Parameters
    ----------
    contents : Contents
    place : Path
        For the message.
    alone : bool
        The network that was trained, without what answers beside it or is read out of it.

    Raises
    ------
    BundleError
        If the tensors are not those of the network.
    DependencyError
        If torch is not installed.
    """
    try:
        with torch_in_budget():
            from headstart.backbones.rebuild import rebuild, rebuild_alone
    except ModuleNotFoundError as error:
        raise DependencyError(
            f"The network of '{place}' needs the package {error.name}, which is not installed.",
            hint="Type: pip install torch timm torchvision. Or use an exported .onnx file, which needs none of them.",
        ) from error

    side, info = contents.preprocessing.input_size, contents.info
    try:
        if alone:
            return rebuild_alone(info.architecture, contents.network, side=side, beside=info.beside)
        return rebuild(info.architecture, contents.network, side=side, read=info.read, beside=info.beside)
    except WeightsError as error:
        raise BundleError(f"The bundle '{place}' is damaged. {error.message}", hint=error.hint) from error


def assemble(engine: Engine, contents: Contents, *, device: str = "cpu") -> Model:
    """Return the classifier that was read, with an engine made of it."""
    return Model(
        engine=engine,
        head=contents.head,
        preprocessing=contents.preprocessing,
        classes=contents.classes,
        info=contents.info,
        device=device,
        trust=contents.trust,
    )
