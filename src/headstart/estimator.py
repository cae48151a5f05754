"""ImageClassifier: headstart with scikit-learn's verbs."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils.multiclass import unique_labels

from headstart.base.errors import DataError
from headstart.base.files import sha256_of_bytes, sha256_of_file
from headstart.base.types import Floats
from headstart.bundle import Model, Picture
from headstart.experiment import Request, fit_table
from headstart.records.preprocessing import Framing
from headstart.records.progress import Silent
from headstart.strategies.strategy import REFERENCE, TRAINED_HEADS
from headstart.table import Table


class ImageClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier of pictures with ``fit``, ``predict``, ``predict_proba``, ``score`` and ``get_params``.

    X is a sequence of paths, or of uint8 arrays, (height, width), (height, width, 3) or (height, width, 4),
    which may differ in size.

    Parameters
    ----------
    strategy : str
        One of scratch, full, partial, linear, svm, knn.
    backbone, weights, scratch, cut, unfreeze, head, epochs, image_size, framing, augment, readout, device, offline
        As for `headstart.compare`. scikit-learn asks for them one by one here; a test holds their names and defaults to
        the table of options (`headstart.experiment.option_table`).
    random_state : int
        Root of every random stream.

    Attributes
    ----------
    classes_ : array, (classes,)
        Sorted labels as they were given to `fit`.
    model_ : headstart.bundle.Model
        The fitted classifier; ``model_.save(folder)`` keeps it.

    Examples
    --------
    >>> from headstart import ImageClassifier
    >>> ImageClassifier(strategy="linear", random_state=0)
    ImageClassifier()
    """

    def __init__(
        self,
        *,
        strategy: str = REFERENCE.name,
        backbone: str | None = None,
        weights: str | None = None,
        scratch: str = "convnet64",
        cut: str | None = None,
        unfreeze: int | None = None,
        head: str = TRAINED_HEADS[0],
        epochs: int | None = None,
        image_size: int | None = None,
        framing: Framing | Literal["auto"] = "auto",
        augment: str = "auto",
        readout: str = "auto",
        device: str = "auto",
        offline: bool = False,
        random_state: int = 0,
    ) -> None:
        self.strategy = strategy
        self.backbone = backbone
        self.weights = weights
        self.scratch = scratch
        self.cut = cut
        self.unfreeze = unfreeze
        self.head = head
        self.epochs = epochs
        self.image_size = image_size
        self.framing = framing
        self.augment = augment
        self.readout = readout
        self.device = device
        self.offline = offline
        self.random_state = random_state

    def fit(self, X: Sequence[Picture], y: Sequence[Any]) -> ImageClassifier:
        """Learn from pictures and their labels.

        Parameters
        ----------
        X : sequence of paths or uint8 arrays, (n,)
        y : sequence of labels, (n,)

        Raises
        ------
        DataError
            If a picture cannot be read, X and y differ in length, or there are fewer than two classes.
        """
        pictures, labels = list(X), np.asarray(y)
        if labels.ndim != 1 or len(pictures) != len(labels):
            raise DataError(
                f"fit got {len(pictures)} pictures and labels of shape {labels.shape}.",
                hint="Give one label per picture.",
            )
        self.classes_ = unique_labels(labels)
        options = self.get_params()
        request = Request(strategies=(options.pop("strategy"),), seed=options.pop("random_state"), **options)
        sources: list[Path | NDArray[np.uint8]] = [_source(picture) for picture in pictures]
        model = fit_table(_table(sources, labels), request, progress=Silent(), files=sources, must_measure=False)
        for warning in model.info.warnings:
            warnings.warn(warning.text, stacklevel=2)
        self.model_ = model
        return self

    def predict(self, X: Sequence[Picture]) -> NDArray[Any]:
        """Return the label of each picture, (n,), as labels were given to `fit`."""
        best = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def predict_proba(self, X: Sequence[Picture]) -> Floats:
        """Return probabilities, (n, classes), columns in the order of `classes_`.

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        DataError
            If a picture cannot be read.
        """
        probabilities = self._fitted().predict_proba(list(X))
        position = {name: k for k, name in enumerate(self._fitted().classes)}
        return np.asarray(probabilities[:, [position[str(label)] for label in self.classes_]])

    def _fitted(self) -> Model:
        if not hasattr(self, "model_"):
            raise NotFittedError("This ImageClassifier is not fitted yet; call fit(pictures, labels) first.")
        model: Model = self.model_
        return model

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.non_deterministic = False
        return tags


def _source(picture: Picture) -> Path | NDArray[np.uint8]:
    if isinstance(picture, np.ndarray) and picture.dtype.kind not in "US":
        if picture.dtype != np.uint8:
            raise DataError(
                f"A picture is an array of {picture.dtype}.", hint="Give uint8 arrays with values from 0 to 255."
            )
        return picture
    return Path(str(picture)).absolute()


def _digest(source: Path | NDArray[np.uint8]) -> str:
    if isinstance(source, Path):
        try:
            return sha256_of_file(source)
        except OSError as error:
            raise DataError(f"'{source}' cannot be opened ({error.strerror}).", hint="Check the path.") from error
    shape = repr(source.shape).encode()
    return sha256_of_bytes(shape + np.ascontiguousarray(source).tobytes())


def _table(sources: list[Path | NDArray[np.uint8]], labels: NDArray[Any]) -> Table:
    """Return a table of training pictures only; numbered names stand for paths."""
    names = sorted({str(label) for label in labels})
    position = {name: k for k, name in enumerate(names)}
    count = len(sources)
    return Table(
        root=Path(),
        paths=tuple(f"{number:012d}" for number in range(count)),
        labels=np.array([position[str(label)] for label in labels], np.int64),
        classes=tuple(names),
        splits=np.full(count, "train"),
        groups=np.full(count, "", dtype="<U1"),
        digests=tuple(_digest(source) for source in sources),
    )
