"""ImageClassifier: headstart with scikit-learn's verbs."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from inspect import Signature, signature
from numbers import Integral
from typing import Any, ClassVar, Literal, cast, get_type_hints

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state

from headstart.base.errors import ConfigError, DataError, HeadstartError
from headstart.base.options import AUTO, Option, fits, options_of, refuse_unknown
from headstart.base.params import bad_parameter
from headstart.base.types import Floats
from headstart.bundle import Model
from headstart.experiment import Request, fit_table
from headstart.experiment.option_table import FitOptions
from headstart.pixels.given import Pictures, given_pictures
from headstart.pixels.labelled import labels_of, table_of_labelled
from headstart.records.preprocessing import Framing
from headstart.records.progress import Silent
from headstart.strategies.strategy import REFERENCE, STRATEGIES, TRAINED_HEADS

OWNER = "ImageClassifier"
_ELSEWHERE = {
    "class_weight": "Every picture counts the same, so that a stated probability is how often it comes true. To answer "
    "as if all classes were equally common, use (predict_proba(X) / class_shares).argmax(axis=1).",
    "n_jobs": "It uses every processor; headstart.tune_process and HEADSTART_THREADS say how many.",
    "seed": "Here it is called random_state, as in scikit-learn.",
    "strategies": "One classifier has one strategy: strategy='linear'. headstart.compare tries several.",
    "threads": "It uses every processor; HEADSTART_THREADS says how many.",
}
_NOT_IN_FIT = {
    "sample_weight": "Every picture counts the same. Leave sample_weight out.",
    "eval_set": "It chooses inside the pictures it is given. Leave eval_set out.",
}


class ImageClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier of pictures with ``fit``, ``predict``, ``predict_proba``, ``score`` and ``get_params``.

    X is whatever `headstart.pixels.given` takes: paths, the bytes of files, open files, PIL images, uint8 arrays
    (height, width), (height, width, 3) or (height, width, 4), which may differ in size; in a list, an array, or a
    column of a table. An array of three dimensions whose last is 3 or 4 is one picture.

    Every picture counts the same: there is no ``class_weight`` and no ``sample_weight``. There is no
    ``decision_function`` either; whatever asks for one takes ``predict_proba``.

    Parameters
    ----------
    strategy : str
        One of scratch, full, partial, lda, linear, svm, knn.
    backbone, weights, scratch, cut, unfreeze, head, epochs, image_size, framing, augment, readout, device, offline
        As for `headstart.compare`. scikit-learn asks for them one by one here; a test holds their names and defaults to
        the table of options (`headstart.experiment.option_table`).
    random_state : int, RandomState or None
        Root of every random stream. None draws one from NumPy's global generator in each `fit`, a RandomState is asked
        for one; `seed_` says which it was.

    Attributes
    ----------
    classes_ : array, (classes,)
        Sorted labels as they were given to `fit`.
    model_ : headstart.bundle.Model
        The fitted classifier; ``model_.save(folder)`` keeps it.
    seed_ : int
        With this as `random_state` the same pictures give the same classifier.

    Examples
    --------
    >>> from headstart import ImageClassifier
    >>> ImageClassifier(strategy="linear", random_state=0)
    ImageClassifier()
    """

    __signature__: ClassVar[Signature]  # of __init__; that of __new__, which comes first, would say nothing

    def __new__(cls, *arguments: Any, **given: Any) -> ImageClassifier:
        """Refuse a parameter that there is not, before Python does it without a way out."""
        if arguments:
            raise ConfigError(
                f"{OWNER} takes its parameters by name.", hint=f"Write {OWNER}(strategy={str(arguments[0])!r})."
            )
        if given:  # what scikit-learn and pickle make is given nothing here
            refuse_unknown(OWNER, given, cls._get_param_names(), _ELSEWHERE)
        return cast(ImageClassifier, super().__new__(cls))

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
        random_state: int | np.random.RandomState | None = 0,
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

    def fit(self, X: Pictures, y: Any, groups: Any = None, **other: Any) -> ImageClassifier:
        """Learn from pictures and their labels.

        Parameters
        ----------
        X : pictures, (n,)
            See the class.
        y : sequence of labels, (n,)
            Texts or whole numbers.
        groups : sequence, (n,), optional
            Pictures of one group (one patient, one video) stay together wherever pictures are divided to choose
            something. For the folds of ``cross_val_score`` give them there too.
        **other
            Nothing else: each is refused with its way out.

        Raises
        ------
        DataError
            If a picture cannot be read, X and y differ in length, or there are fewer than two classes.
        ConfigError
            If a parameter cannot be right; it is named.
        """
        refuse_unknown(f"{OWNER}.fit", other, ("X", "y", "groups"), _NOT_IN_FIT)
        request = self._request()
        pictures = given_pictures(X)
        labels = labels_of(y, len(pictures), said="y")
        classes = _classes(labels)
        if faulty := [one for one in pictures if one.fault]:
            raise DataError(
                f"'{faulty[0].name}' cannot be used: {faulty[0].fault}.",
                hint="Leave it out of X, and its label out of y.",
            )
        table = table_of_labelled(pictures, labels, groups=groups, split="train")
        sources = [one.source for one in pictures]
        with _in_own_words(self):
            model = fit_table(table, request, progress=Silent(), files=sources, must_measure=False)
        for warning in model.info.warnings:
            warnings.warn(warning.text, stacklevel=2)
        self.classes_, self.model_, self.seed_ = classes, model, request.seed
        return self

    def predict(self, X: Pictures) -> NDArray[Any]:
        """Return the label of each picture, (n,), as labels were given to `fit`."""
        best = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def predict_proba(self, X: Pictures) -> Floats:
        """Return probabilities, (n, classes), columns in the order of `classes_`.

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        DataError
            If a picture cannot be read.
        """
        model = self._fitted()
        probabilities = model.predict_proba(X)
        position = {name: k for k, name in enumerate(model.classes)}
        return np.asarray(probabilities[:, [position[str(label)] for label in self.classes_]])

    def predict_log_proba(self, X: Pictures) -> Floats:
        """Return the logarithms of `predict_proba`; what is 0 there counts as the smallest number that there is."""
        return np.log(np.maximum(self.predict_proba(X), np.finfo(np.float64).tiny))

    def score(self, X: Pictures, y: Any, sample_weight: Any = None) -> float:
        """Return the share of pictures that are answered correctly.

        Parameters
        ----------
        X : pictures, (n,)
        y : sequence of labels, (n,)
        sample_weight : sequence of float, (n,), optional
            What each picture counts in the mean.
        """
        pictures = given_pictures(X)
        labels = labels_of(y, len(pictures), said="y")
        if (labels.dtype.kind == "U") != (self._labels().dtype.kind == "U"):
            raise DataError(
                f"y holds labels such as {labels[0]!r}; fit was given such as {self._labels()[0]!r}.",
                hint="Give labels of the same kind, texts or numbers.",
            )
        return float(np.average(labels == self.predict(pictures), weights=sample_weight))

    def _labels(self) -> NDArray[Any]:
        self._fitted()
        return np.asarray(self.classes_)

    def _fitted(self) -> Model:
        if not hasattr(self, "model_"):
            raise NotFittedError(f"This {OWNER} is not fitted yet; call fit(pictures, labels) first.")
        model: Model = self.model_
        return model

    def _request(self) -> Request:
        """Return what is asked for, every parameter checked by itself, so that an error can name it."""
        values: dict[str, object] = self.get_params(deep=False)
        seed = _seed_of(values.pop("random_state"))
        for name, value in values.items():
            _check(name, value)
        try:
            return _request_of(values, seed)
        except HeadstartError as error:  # two of them that do not go together: it names both
            raise type(error)(f"{OWNER}: {error.message}", hint=error.hint) from error

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.non_deterministic = False
        return tags


_INIT = signature(ImageClassifier.__init__)
ImageClassifier.__signature__ = _INIT.replace(parameters=list(_INIT.parameters.values())[1:])


def _check(name: str, value: object) -> None:
    """Refuse a value of one parameter that cannot be right, whatever the others are."""
    option = options_of(FitOptions)[name]
    if name == "cut" and isinstance(value, str) and value == AUTO:
        raise ConfigError(
            bad_parameter(name, OWNER, "the name of a stage, or None", value).message,
            hint="One classifier is cut at one place. headstart.compare tries several: cut='auto'.",
        )
    if not _is_of_kind(option, value):
        raise ConfigError(bad_parameter(name, OWNER, _allowed(option), value).message, hint=option.help)
    try:
        _request_of({name: value}, 0)
    except HeadstartError as error:
        raise ConfigError(bad_parameter(name, OWNER, _allowed(option), value).message, hint=error.hint) from error


def _request_of(values: Mapping[str, object], seed: int) -> Request:
    given = {name: _plain(value) for name, value in values.items()}
    strategy = given.pop("strategy", REFERENCE.name)
    return Request(strategies=(cast(str, strategy),), seed=seed, **cast(Any, given))


def _plain(value: object) -> object:
    """Return a path as a text, and a number of NumPy as Python's: a request is written and read again."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return value.item() if isinstance(value, np.generic) else value


def _is_of_kind(option: Option, value: object) -> bool:
    """Whether a value is of a type that an option takes, and no empty text."""
    if value is None:
        return option.default is None
    if isinstance(value, str) and not (value.strip() and value.isprintable()):
        return False
    return fits(value, get_type_hints(FitOptions)[option.name])


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)  # an array of NumPy has an index, too


def _allowed(option: Option) -> str:
    """Return what an option takes, in a few words."""
    choices = tuple(STRATEGIES) if option.name == "strategy" else option.allowed
    said = {"number": "a whole number", "flag": "True or False", "file": "the path of a file"}.get(
        option.kind, "a name"
    )
    if choices:
        said = "one of " + ", ".join(choices)
    if option.least is not None:
        said += f" of at least {option.least}"
    return said if option.default is not None else f"{said}, or None"


def _seed_of(random_state: object) -> int:
    """Return the root of every random stream; drawn where scikit-learn would draw one."""
    if random_state is None or isinstance(random_state, np.random.RandomState):
        return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
    if _is_whole(random_state) and int(cast(int, random_state)) >= 0:
        return int(cast(int, random_state))
    allowed = "a whole number of at least 0, a numpy.random.RandomState, or None"
    raise bad_parameter("random_state", OWNER, allowed, random_state)


def _classes(labels: NDArray[Any]) -> NDArray[Any]:
    """Return the classes, sorted; two or more, two pictures or more in each."""
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) < 2:
        only = f"only one class, '{classes[0]}'" if len(classes) else "no label"
        raise DataError(f"y holds {only}.", hint="A classifier needs pictures of two classes or more.")
    if counts.min() < 2:
        raise DataError(
            f"y holds the class '{classes[counts.argmin()]}' only once.",
            hint="Every class needs at least two, better twenty, pictures: add some, or leave that one out.",
        )
    return np.asarray(classes)


@contextmanager
def _in_own_words(classifier: ImageClassifier) -> Iterator[None]:
    """Let an error from deep inside name the parameter that it is about, as the caller has called it."""
    try:
        yield
    except HeadstartError as error:
        name = error.parameter
        if name not in classifier.get_params(deep=False):
            raise
        given = getattr(classifier, name)
        if error.allowed:
            raise ConfigError(bad_parameter(name, OWNER, error.allowed, given).message, hint=error.hint) from error
        raise type(error)(
            f"The '{name}' parameter of {OWNER} is {given!r}. {error.message}", hint=error.hint
        ) from error
