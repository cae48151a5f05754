"""Support vector machines, one class against the rest, linear or radial, chosen by cross-validation.

- The setting with the best out-of-fold accuracy is taken, ties by the log loss after temperature: the answer
  is the largest margin, and a machine is not fitted to give probabilities.
- Radial widths of 1/4 and 1 over the total variance of the features, beside the linear machine.
- With many classes and pictures only the kernel is chosen, at C = 10, on two folds: there every machine
  separates its few pictures, and C hardly matters from 10 on.

The rules were first tried with an eye on held-out splits, so no figure of those trials is kept. By nested
cross-validation inside training splits alone (benchmarks/heads.py, docs/performance.md) the choice by accuracy
answers as well as that by log loss, within what so few pictures can tell.

Each fold has its own standardisation and its own kernel matrices: nothing of a held-out picture, not even
its share in a mean, enters what is asked about it. That costs a tenth of the whole.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from headstart.base.executors import ordered_map
from headstart.base.process import thread_budget
from headstart.base.streams import stream
from headstart.base.types import Affine, Floats, Kernel, softmax, squared_distances
from headstart.evidence.calibration import cautious_temperature
from headstart.evidence.metrics import accuracy, bounded_log_losses
from headstart.heads.share_done import done, one_of, portion
from headstart.heads.training import (
    Fitted,
    HeadData,
    Labels,
    RowNumbers,
    Size,
    Standard,
    check_training,
    in_floats,
    number_among,
)
from headstart.records.findings import Finding
from headstart.records.record import Scalar
from headstart.words.findings import svm_not_converged, svm_on_some

_MOST_STEPS = 1_000_000
# From so many classes x rows x rows on, time counts: only the kernel is chosen, on two folds.
_LARGE = 2e7
# A kernel matrix of so many rows takes half a gigabyte, in each fold.
_MOST_ROWS = 8000
_CACHE = 200 * 2**20  # bytes that libsvm keeps of a kernel matrix, for each machine
_CHOSEN, _ANSWERED = 0.6, 0.9  # what is done, about, once a setting is chosen, and every row answered


@dataclass(frozen=True)
class _Setting:
    """A kernel and its C, both relative to the features' total variance, so that one grid fits all."""

    kernel: Literal["linear", "rbf"]
    width: float
    C: float

    @classmethod
    def of(cls, chosen: Mapping[str, Scalar], spread: float) -> _Setting:
        """Return the setting of which `report` said this."""
        if chosen["kernel"] == "linear":
            return cls("linear", 1.0, number_among(chosen, "C") * spread)
        return cls("rbf", number_among(chosen, "gamma") * spread, number_among(chosen, "C"))

    def report(self, spread: float) -> dict[str, Scalar]:
        """Return the setting in scikit-learn's units, for standardised features."""
        if self.kernel == "linear":
            return {"kernel": "linear", "C": self.C / spread}
        return {"kernel": "rbf", "gamma": self.width / spread, "C": self.C}


_KERNELS: tuple[tuple[Literal["linear", "rbf"], float], ...] = (("linear", 1.0), ("rbf", 0.25), ("rbf", 1.0))
_SETTINGS = tuple(_Setting(kernel, width, C) for kernel, width in _KERNELS for C in (0.1, 1.0, 10.0, 100.0))
_FEW_SETTINGS = tuple(_Setting(kernel, width, 10.0) for kernel, width in _KERNELS)


def fit(
    X: Floats,
    y: Labels,
    classes: int,
    *,
    folds: NDArray[np.integer[Any]],
    seed: int = 0,
    blocks: Sequence[int] = (),
) -> Fitted:
    """Return support vector machines, one class against the rest, on one kernel of standardised features.

    The probabilities are a softmax of the margins at one temperature, fitted on out-of-fold margins, so
    the answer is always the class of the largest margin. Two classes have one machine, its margin once
    with minus and once with plus.

    Parameters
    ----------
    X : array, (n, D)
        Features.
    y : array of int, (n,)
        Labels from 0 to ``classes - 1``, every class among them.
    classes : int
    folds : array of int, (n,)
        Fold of each row. Rows that belong together (views of one picture, groups) have the same number.
    seed : int
        Draws the rows that are kept where there are more than 8000.
    blocks : sequence of int
        How many features each part of a readout has, in order; without them all are one part.

    Returns
    -------
    Fitted
        The head is an `Affine` (linear) or a `Kernel` (radial, only its support vectors). ``chosen`` has
        ``kernel``, ``C`` and ``gamma`` (radial only) in scikit-learn's units. Rows that were not drawn
        have NaN in ``out_of_fold``.

    Raises
    ------
    ConfigError
        If shapes do not fit, a feature is not finite, a class has no row, or all rows are in one fold.
    """
    training = check_training("svm", X, y, classes, folds, blocks=blocks, exact=False)
    given, rows = len(training.labels), _drawn(training.labels, seed)
    if len(rows) < given:
        training = check_training(
            "svm",
            training.features[rows],
            training.labels[rows],
            classes,
            np.asarray(folds)[rows],
            blocks=blocks,
            exact=False,
        )
    large = float(classes) * len(rows) ** 2 > _LARGE
    with portion(0.0, _CHOSEN):
        tried = [_Part(training, *rows_of) for rows_of in islice(training.splits(), 2 if large else None)]
        setting = _choose(tried, _FEW_SETTINGS if large else _SETTINGS, training)
    with portion(_CHOSEN, _ANSWERED):
        margins = _unseen_margins(tried, training, setting)
    tried.clear()
    temperature = cautious_temperature(margins, training.labels)
    with portion(_ANSWERED, 1.0):
        whole = _Part(training, training.rows, training.rows[:0])
        machines = whole.machines(setting)
    out_of_fold = np.full((given, classes), np.nan)
    out_of_fold[rows] = margins
    return Fitted(
        head=whole.head(setting, machines, temperature),
        chosen=setting.report(whole.spread),
        out_of_fold=out_of_fold,
        converged=machines.converged,
        warnings=tuple(_warnings(machines, kept=len(rows), given=given)),
    )


def solve(
    X: Floats, y: Labels, classes: int, chosen: Mapping[str, Scalar], *, blocks: Sequence[int] = ()
) -> Affine | Kernel:
    """Return the machines for settings that were chosen before; their margins have no temperature.

    Parameters
    ----------
    X : array, (n, D)
    y : array of int, (n,)
        From 0 to ``classes - 1``.
    classes : int
    chosen : mapping
        ``kernel``, ``C`` and ``gamma`` (radial only), as in `Fitted`.
    blocks : sequence of int
        How many features each part of a readout has, in order; without them all are one part.
    """
    training = HeadData(in_floats(X), np.asarray(y, np.int64), classes, (), tuple(blocks))
    part = _Part(training, training.rows, training.rows[:0])
    setting = _Setting.of(chosen, part.spread)
    return part.head(setting, part.machines(setting), 1.0)


def memory(size: Size) -> int:
    """Return the bytes that `fit` and `solve` take at the most: see `headstart.heads.HeadMethod`."""
    rows = min(size.rows, _MOST_ROWS)
    own = size._replace(rows=rows)
    parts = 2 if float(size.classes) * rows**2 > _LARGE else size.folds
    kernels = 2 * 8 * rows**2  # of all rows, and of those that a fold asks about
    return (parts + 3) * own.matrix + kernels + _CACHE * thread_budget() + 8 * own.answers + size.answers


@dataclass(frozen=True, eq=False)
class _Machines:
    """One coefficient for each row and class, (n, classes), and the bias, (classes,)."""

    coefficients: Floats
    bias: Floats
    converged: bool


class _Part:
    """Some rows to solve on and some to ask about, standardised on the first alone."""

    def __init__(self, training: HeadData, train: RowNumbers, held: RowNumbers) -> None:
        self.held = held
        self.labels, self.classes = training.labels[train], training.classes
        self.standard = Standard.of(training.features[train], training.blocks)
        self.rows = self.standard.rows(training.features, train)
        self.asked = self.standard.rows(training.features, held)
        # The total variance: 1 of each feature that differs as much as others of its block, so less only of rounding.
        self.spread = max(1.0, float(np.sum(self.rows.var(axis=0))))
        self._known: dict[_Setting, Floats] = {}

    def machines(self, setting: _Setting) -> _Machines:
        """Return the machines for one setting."""
        return _solve(self._kernel(setting, self.rows), self.labels, self.classes, setting.C)

    def margins(self, setting: _Setting) -> Floats:
        """Return margins of the held-out rows, (n, classes)."""
        if setting not in self._known:
            machines = self.machines(setting)
            kernel = self._kernel(setting, self.asked)
            self._known[setting] = kernel @ machines.coefficients + machines.bias
        return self._known[setting]

    def head(self, setting: _Setting, machines: _Machines, temperature: float) -> Affine | Kernel:
        """Return the machines as a head that takes plain features."""
        if setting.kernel == "linear":
            on_standard = machines.coefficients.T @ self.rows / self.spread
            weight = (on_standard / self.standard.scale).astype(np.float32)
            # From the rounded weights, so that rounding only acts on distances from the mean.
            bias = machines.bias - weight.astype(np.float64) @ self.standard.mean
            return Affine(weight=weight, bias=bias, temperature=temperature)
        leaned_on = np.flatnonzero(np.any(machines.coefficients != 0, axis=1))
        return Kernel(
            support=self.rows[leaned_on].astype(np.float32),
            coefficients=machines.coefficients[leaned_on].astype(np.float32),
            bias=machines.bias,
            mean=self.standard.mean,
            scale=self.standard.scale,
            gamma=setting.width / self.spread,
            temperature=temperature,
        )

    def _kernel(self, setting: _Setting, asked: Floats) -> Floats:
        if setting.kernel == "linear":
            linear: Floats = asked @ self.rows.T
            linear /= self.spread
            return linear
        radial = squared_distances(asked, self.rows)
        radial *= -setting.width / self.spread
        return np.asarray(np.exp(radial, out=radial))


def _choose(parts: Sequence[_Part], settings: Sequence[_Setting], training: HeadData) -> _Setting:
    """Return the setting with the best out-of-fold accuracy over `parts`, ties by log loss, then order."""
    labels = training.labels[np.concatenate([part.held for part in parts])]

    def badness(place: int) -> tuple[float, float]:
        found = []
        for of, part in enumerate(parts):
            with one_of(place * len(parts) + of, len(settings) * len(parts)):
                found.append(part.margins(settings[place]))
        margins = np.concatenate(found)
        shares = softmax(margins / cautious_temperature(margins, labels))
        loss = float(bounded_log_losses(labels, shares).mean())
        return preference(accuracy(labels, margins.argmax(axis=1)), loss)

    return settings[min(range(len(settings)), key=badness)]


def _unseen_margins(tried: Sequence[_Part], training: HeadData, setting: _Setting) -> Floats:
    """Return the margins of every row from the folds that it is not in; those that chose nothing are there by turns."""
    margins = np.empty((len(training.labels), training.classes))
    for place, (train, held) in enumerate(training.splits()):
        with one_of(place, len(training.folds)):
            part = tried[place] if place < len(tried) else _Part(training, train, held)
            margins[held] = part.margins(setting)
    return margins


def preference(right: float, loss: float) -> tuple[float, float]:
    """Return what is to be least: the out-of-fold accuracy counts first, then the log loss."""
    return -right, loss


def _solve(kernel: Floats, labels: Labels, classes: int, C: float) -> _Machines:
    """Return the machines on one kernel matrix, (n, n)."""
    asked = range(classes) if classes > 2 else range(1, 2)
    from sklearn.exceptions import ConvergenceWarning  # two seconds that the other heads need not wait for

    with warnings.catch_warnings():  # what the solver says of its steps is read from each machine
        warnings.simplefilter("ignore", ConvergenceWarning)
        solved = []
        for machine in ordered_map(lambda one: _machine(kernel, labels == one, C), asked, threads=_threads(len(asked))):
            solved.append(machine)
            done(len(solved) / len(asked))
    coefficients = np.stack([coefficient for coefficient, _, _ in solved], axis=1)
    bias = np.array([bias for _, bias, _ in solved])
    converged = all(done for _, _, done in solved)
    if classes == 2:
        coefficients, bias = np.hstack([-coefficients, coefficients]), np.hstack([-bias, bias])
    return _Machines(coefficients, bias, converged)


def _machine(kernel: Floats, inside: NDArray[np.bool_], C: float) -> tuple[Floats, float, bool]:
    """Return coefficients, (n,), bias and whether it converged, for one class against the rest."""
    coefficients = np.zeros(len(inside))
    if inside.all() or not inside.any():  # a fold without the class, or without any other
        return coefficients, 1.0 if inside.all() else -1.0, True
    from sklearn.svm import SVC

    machine = SVC(kernel="precomputed", C=C, max_iter=_MOST_STEPS).fit(kernel, inside)
    coefficients[machine.support_] = machine.dual_coef_[0]
    return coefficients, float(machine.intercept_[0]), machine.fit_status_ == 0


def _threads(machines: int) -> int:
    """Return how many machines to solve at once: libsvm uses one processor each."""
    return min(machines, thread_budget())


def _drawn(labels: Labels, seed: int) -> RowNumbers:
    """Return the rows to work on: all, or as many of each class as its share of the most there may be."""
    if len(labels) <= _MOST_ROWS:
        return np.arange(len(labels))
    draw = stream(seed, "svm rows")
    share = _MOST_ROWS / len(labels)
    drawn = [
        draw.permutation(rows)[: max(2, int(share * len(rows)))]
        for rows in (np.flatnonzero(labels == one) for one in np.unique(labels))
    ]
    return np.sort(np.concatenate(drawn))


def _warnings(machines: _Machines, *, kept: int, given: int) -> Iterator[Finding]:
    if not machines.converged:
        yield svm_not_converged(_MOST_STEPS)
    if kept < given:
        yield svm_on_some(kept, given)
