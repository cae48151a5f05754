"""Which pictures learn, which choose and which measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from headstart.base.errors import DataError
from headstart.evidence.judging import Judges
from headstart.records.metrics import SplitName
from headstart.records.training import ChoosingSource, TrainingSettings
from headstart.table import Table, folds, group_ids, hold_out, some_of

ENOUGH = 20  # pictures choose an epoch, and between a training and a head; fewer tell too little
REFIT_MOST = 1000  # training pictures; with more, those that were held out to choose would add little
LOOKS = 4000  # training pictures that choose framing and augmentation; more tell no more

Rows = NDArray[np.int64]
Part = Literal["train", "looked at", "held out", "choosing", "learning", "learning and choosing"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Division:
    """The usable pictures of a table, and what each is for. Rows are those of the table.

    Parameters
    ----------
    table : Table
        With its splits.
    seed : int
        Of all that is drawn by lot in it.
    drawn : bool
        The test split was drawn here: nobody gave it to be kept closed.
    train, held_out : arrays of int
        To learn from, and to measure only, in table order.
    measuring : str
        The split that measures.
    groups, folds : arrays, (train,)
        Of the training pictures; folds keep groups together.
    looked_at : array of int
        Rows of train on which framing and augmentation are chosen: all of them, or some where they are many.
    choosing : array of int
        Rows that choose an epoch; empty where nobody does.
    choosing_in : str
        Where these are from.
    """

    table: Table
    seed: int
    drawn: bool
    train: Rows
    held_out: Rows
    measuring: SplitName
    groups: NDArray[np.str_]
    folds: NDArray[np.int64]
    looked_at: Rows
    choosing: Rows
    choosing_in: ChoosingSource

    @classmethod
    def of(
        cls, table: Table, *, seed: int, choose_on_val: bool = False, choose: bool = True, drawn: bool = False
    ) -> Division:
        """Return the division of a table.

        Parameters
        ----------
        table : Table
            Usable pictures with their splits.
        seed : int
        choose_on_val : bool
            Epochs are chosen on val also where val measures, as tutorials do.
        choose : bool
            Whether anything is chosen among epochs.
        drawn : bool
            As above.

        Raises
        ------
        DataError
            If nothing inside train can be held out for choosing.
        """
        train = table.rows("train")
        groups = group_ids(table, train)
        own = folds(table.labels[train], groups, seed=seed)
        if len(np.unique(own)) < 2:
            raise DataError(
                "All training pictures belong to one group, so none of them can be held out for choosing.",
                hint="Give training pictures of two groups or more: use more groups, or another split.",
            )
        some = some_of(train, table.labels, LOOKS, seed=seed)
        apart = len(np.unique(own[np.searchsorted(train, some)])) > 1
        choosing, source = _choosing(table, train, groups, own, seed, choose_on_val) if choose else (train[:0], "none")
        return cls(
            table=table,
            seed=seed,
            drawn=drawn,
            train=train,
            held_out=np.concatenate([table.rows("val"), table.rows("test")]),
            measuring="test" if table.measured == "test" else "val",
            groups=groups,
            folds=own,
            looked_at=some if apart else train,
            choosing=choosing,
            choosing_in=source,
        )

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, sorted."""
        return self.table.classes

    @property
    def labels(self) -> NDArray[np.int64]:
        """The label of each row of the table."""
        return self.table.labels

    @property
    def learning(self) -> Rows:
        """Rows of train that do not choose."""
        return np.asarray(self.train[~np.isin(self.train, self.choosing)])

    def rows(self, part: Part) -> Rows:
        """Return the rows of a part, by its name."""
        if part == "learning and choosing":
            return np.concatenate([self.learning, self.choosing])
        return {
            "train": self.train,
            "looked at": self.looked_at,
            "held out": self.held_out,
            "choosing": self.choosing,
            "learning": self.learning,
        }[part]

    def measured_rows(self) -> Rows:
        """Return the rows that measure."""
        return self.table.rows(self.measuring)

    def pool(self) -> Rows:
        """Return the rows that folds divide: all that are not of a test split that somebody gave."""
        return np.arange(len(self.table)) if self.drawn else np.flatnonzero(self.table.splits != "test")

    def refits(self, settings: TrainingSettings) -> bool:
        """Return whether a training is done again with the pictures that chose: those of train, if they add much."""
        return settings.refit and self.choosing_in == "train" and len(self.train) <= REFIT_MOST

    def judges(self, rows: Rows | None = None) -> Judges:
        """Return what some rows can judge, by default those that measure."""
        chosen = self.measured_rows() if rows is None else rows
        counts = np.bincount(self.labels[chosen], minlength=len(self.classes))
        return Judges.of(dict(zip(self.classes, counts.tolist(), strict=True)))

    def folds_of(self, rows: Rows) -> NDArray[np.int64]:
        """Return the fold of each of some training rows."""
        return np.asarray(self.folds[np.searchsorted(self.train, rows)])  # train is in ascending order

    def groups_of(self, rows: Rows) -> NDArray[np.str_]:
        """Return the group of each of some training rows."""
        return np.asarray(self.groups[np.searchsorted(self.train, rows)])

    def some(self, rows: Rows, most: int) -> Rows:
        """Return at most so many rows, of each class its share, in ascending order."""
        return some_of(rows, self.labels, most, seed=self.seed)


def _choosing(
    table: Table,
    train: Rows,
    groups: NDArray[np.str_],
    own: NDArray[np.int64],
    seed: int,
    choose_on_val: bool,  # noqa: FBT001 - as the caller was told
) -> tuple[Rows, ChoosingSource]:
    """Return the rows that choose an epoch, and where they are from.

    They are the validation rows where a test split measures or it was asked for; else an inner hold-out of train, if it
    has 20 pictures, some of every class, and the rest still has two folds; else nobody chooses.
    """
    validation = table.rows("val")
    if len(validation) and (table.measured == "test" or choose_on_val):
        return validation, "val"
    mask = hold_out(table.labels[train], groups, table.groups[train] != "", seed=seed, least=1)
    if mask is None or mask.sum() < ENOUGH or len(np.unique(own[~mask])) < 2:
        return np.zeros(0, np.int64), "none"
    return train[mask], "train"
