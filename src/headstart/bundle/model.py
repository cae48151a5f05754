"""The one thing that answers: decode, frame, run the network, ask the head; and how it is kept."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headstart.backbones.backbone import Held, arrays_of
from headstart.backbones.onnx import OnnxNetwork
from headstart.backbones.onnx import normalise as normalise_array
from headstart.base.errors import ConfigError, DataError, PictureError
from headstart.base.executors import ordered_map
from headstart.base.process import thread_budget, torch_in_budget
from headstart.base.types import Floats, Head
from headstart.bundle.folder import Contents, damaged, read_folder, write_folder
from headstart.bundle.trust import Answers, Trust
from headstart.pixels import decode, frame
from headstart.records.preprocessing import Preprocessing
from headstart.records.progress import Progress, Silent

if TYPE_CHECKING:
    import torch

BATCH = 32
Picture = str | Path | NDArray[np.uint8]


@dataclass(frozen=True, eq=False, kw_only=True)
class Model:
    """A classifier: network, head, preprocessing and class names.

    Every probability that headstart stores or prints was computed by `probabilities_of_squares`, in
    float32 up to the pooled features and float64 from there.

    Parameters
    ----------
    network : torch.nn.Module, Held or OnnxNetwork
        Normalised pictures, (n, 3, side, side), to pooled features, (n, d); `Held` is made when it has to answer. The
        graph of an exported network only predicts: it cannot be saved or measured in its place.
    head : Affine, Kernel or Neighbours
    preprocessing : Preprocessing
    classes : tuple of str
        Sorted names; column k of every probability belongs to ``classes[k]``.
    info : dict
        What else is known, as it is kept in ``bundle.json``.
    trust : Trust, optional
        Thresholds of prediction sets, and what the trained pictures look like to the network.
    """

    network: torch.nn.Module | Held | OnnxNetwork
    head: Head
    preprocessing: Preprocessing
    classes: tuple[str, ...]
    info: dict[str, Any] = field(default_factory=dict)
    device: str = "cpu"
    trust: Trust | None = None

    def predict(self, pictures: Sequence[Picture] | Picture) -> list[str]:
        """Return the most probable class of each picture (a path, or a uint8 array); one alone will do.

        Raises
        ------
        DataError
            If a picture cannot be read; it is named.
        """
        return [self.classes[k] for k in self.predict_proba(pictures).argmax(axis=1)]

    def __repr__(self) -> str:
        """Return one line: strategy, network, classes."""
        strategy = (self.info.get("strategy") or {}).get("strategy", "classifier")
        return f"<Model {strategy} on {self.info.get('architecture', '?')}, {len(self.classes)} classes>"

    def predict_proba(self, pictures: Sequence[Picture] | Picture, *, progress: Progress | None = None) -> Floats:
        """Return probabilities, (n, classes) float64, one column per class in the order of `classes`.

        Raises
        ------
        DataError
            If a picture cannot be read; it is named.
        """
        given = _listed(pictures)
        rows, faulty = self.answer(given, progress=progress)
        if faulty:
            row, reason = next(iter(faulty.items()))
            raise DataError(
                f"'{_name(given[row])}' cannot be used: {reason}.",
                hint="Leave that picture out, or use `headstart predict`, which lists such pictures and goes on.",
            )
        return rows

    def answer(self, pictures: Sequence[Picture], *, progress: Progress | None = None) -> tuple[Floats, dict[int, str]]:
        """Return (probabilities of the readable pictures in order, {row: reason} of the others)."""
        answers, faulty = self.examine(pictures, progress=progress)
        return answers.probabilities, faulty

    def examine(
        self, pictures: Sequence[Picture], *, progress: Progress | None = None
    ) -> tuple[Answers, dict[int, str]]:
        """Return (answers for the readable pictures and how sure they are, {row: reason} of the others)."""
        faulty: dict[int, str] = {}

        def readable() -> Iterator[NDArray[np.uint8]]:
            squares = ordered_map(self._square, pictures, threads=thread_budget())
            for row, square in enumerate(squares):
                step.advance()
                if isinstance(square, str):
                    faulty[row] = square
                else:
                    yield square

        with (progress or Silent()).step("predict", len(pictures)) as step:
            return self.answers_of(self.features_of_squares(readable())), faulty

    def probabilities_of_squares(self, squares: Iterator[NDArray[np.uint8]]) -> Floats:
        """Return probabilities, (n, classes), of framed pictures, (side, side, 3) uint8 each."""
        return self.answers_of(self.features_of_squares(squares)).probabilities

    def answers_of(self, features: Floats) -> Answers:
        """Return the answers for what the network says of some pictures, (n, d)."""
        near = None if self.trust is None else self.trust.familiar
        some = len(features) > 0  # of none, not even their width is known
        return Answers(
            probabilities=self.head.probabilities(features) if some else np.zeros((0, len(self.classes))),
            temperature=self.head.temperature,
            distances=near.distances(features) if near is not None and some else None,
            trust=self.trust,
        )

    def features_of_squares(self, squares: Iterator[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return pooled features, (n, d), of framed pictures; (0, 0) of none."""
        found = list(self._features(self._batches(squares)))
        return np.concatenate(found) if found else np.zeros((0, 0), np.float32)

    def squares(self, pictures: Sequence[Picture]) -> list[NDArray[np.uint8]]:
        """Return the framed pictures, (side, side, 3) each, of those that can be read."""
        return [square for square in map(self._square, pictures) if not isinstance(square, str)]

    def _features(self, batches: Iterator[NDArray[np.uint8]]) -> Iterator[NDArray[np.float32]]:
        """Yield pooled features of framed pictures, batch by batch."""
        if isinstance(self.network, OnnxNetwork):
            for batch in batches:
                yield self.network(normalise_array(batch, self.preprocessing))
            return
        with torch_in_budget():
            from headstart.backbones.forward import forward, normalise

        tensors = (normalise(batch, self.preprocessing) for batch in batches)
        for features in forward(self.answering, tensors, device=self.device):
            yield features.numpy()

    @cached_property
    def answering(self) -> torch.nn.Module:
        """The network as it answers, folded (`headstart.backbones.folding`): stored features come from the same."""
        if isinstance(self.network, OnnxNetwork):
            raise RuntimeError("a graph answers by itself")
        if isinstance(self.network, Held):
            return self.network.frozen.network
        from headstart.backbones.folding import AGREE, folded
        from headstart.backbones.stages import noise

        # A bundle says what was decided when it was made: asked again, a network at the edge of agreement may be
        # rounded to the other side, and would answer otherwise than it has.
        decided = self.info.get("folded")
        if decided is False:
            return self.network
        agree = AGREE if decided is None else math.inf
        return folded(self.network, noise(self.preprocessing.input_size), agree=agree)

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how to make it again elsewhere; the libraries of its network come through their door there too."""
        door: object = None
        if not isinstance(self.network, Held | OnnxNetwork):
            from headstart.backbones.libraries import here

            door = here
        return _again, (door, {one.name: getattr(self, one.name) for one in fields(self)})

    def told(self, *, info: dict[str, Any] | None = None, trust: Trust | None = None) -> Model:
        """Return the same classifier, of which more is known; it answers as this one has, to the bit.

        Parameters
        ----------
        info : dict, optional
            By default as it is.
        trust : Trust, optional
            By default as it is.
        """
        more = replace(self, info=self.info if info is None else info, trust=self.trust if trust is None else trust)
        if "answering" in self.__dict__:  # whether it is folded is decided once
            more.__dict__["answering"] = self.answering
        return more

    def flops(self) -> float:
        """Return the head's multiplications and additions for one picture (the network's are in `info`)."""
        return self.head.flops()

    def save(self, folder: str | Path) -> Path:
        """Keep the classifier in a folder, without pickle; `headstart.load` reads it.

        Raises
        ------
        BundleError
            If the folder exists and is not a bundle (it is left as it is).
        StoreError
            If it cannot be written.
        """
        if isinstance(self.network, OnnxNetwork):
            raise RuntimeError("a graph has no weights to save; load the bundle with headstart.load")
        described: dict[str, Any] = {"classes": list(self.classes), "preprocessing": self.preprocessing.to_dict()}
        if isinstance(self.network, Held):
            state = self.network.tensors()
        else:
            state = arrays_of(self.network)
            described["folded"] = self.answering is not self.network
        return write_folder(Contents({**self.info, **described}, state, self.head, self.trust), Path(folder))

    def _square(self, picture: Picture) -> NDArray[np.uint8] | str:
        source = Path(picture) if isinstance(picture, str) else picture
        try:
            whole = decode(source, short_side=self.preprocessing.decode_side)
        except PictureError as error:
            return error.message
        return frame(whole, self.preprocessing)

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


def _again(_: object, values: Mapping[str, Any]) -> Model:
    return Model(**values)


def _listed(pictures: Sequence[Picture] | Picture) -> Sequence[Picture]:
    """Return what may be one picture as a list of pictures."""
    if isinstance(pictures, str | Path):
        if Path(pictures).is_dir():
            raise DataError(
                f"'{pictures}' is a folder.", hint="Give a list of files, or use headstart.predict(BUNDLE, FOLDER)."
            )
        return [pictures]
    if isinstance(pictures, np.ndarray):
        return [pictures] if pictures.ndim < 4 else list(pictures)
    return pictures


def _name(picture: Picture) -> str:
    return "an array" if isinstance(picture, np.ndarray) else str(picture)


def load(folder: str | Path, *, device: str = "cpu") -> Model:
    """Return the classifier kept in `folder`.

    Raises
    ------
    BundleError
        If it is missing, damaged, or written by a newer format.
    """
    with torch_in_budget():
        import torch

        from headstart.backbones.networks import create
        from headstart.backbones.readout import reading

    place = Path(folder)
    contents = read_folder(place)
    preprocessing, _, architecture = described(contents.info, place)
    network = create(architecture, image_size=preprocessing.input_size)
    try:
        network.load_state_dict({name: torch.from_numpy(value) for name, value in contents.network.items()})
    except RuntimeError as error:
        raise damaged(place, f"its tensors do not fit the network {architecture}") from error
    try:
        network = reading(network.eval(), preprocessing.input_size, contents.info.get("read", []))
    except ConfigError as error:
        raise damaged(place, f"it reads a stage that {architecture} does not have ({error})") from error
    return assemble(network, contents, place, device=device)


def assemble(network: torch.nn.Module | OnnxNetwork, contents: Contents, place: Path, *, device: str = "cpu") -> Model:
    """Return the classifier that the bundle at `place` describes, on a network made of it."""
    preprocessing, classes, _ = described(contents.info, place)
    return Model(
        network=network,
        head=contents.head,
        preprocessing=preprocessing,
        classes=classes,
        info=contents.info,
        device=device,
        trust=contents.trust,
    )


def described(info: dict[str, Any], place: Path) -> tuple[Preprocessing, tuple[str, ...], str]:
    """Return preprocessing, classes and architecture out of a bundle's description; BundleError if one lacks."""
    try:
        return Preprocessing.from_dict(info["preprocessing"]), tuple(info["classes"]), info["architecture"]
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(place, f"its description lacks or garbles {error}") from error
