"""Copies of pictures: across splits, and inside one under two labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from headstart.base.errors import DataError
from headstart.table import Table, warn_of_copies

PATHS = ("train/a", "train/b", "val/a", "val/b")


def table(digests: str, *, labels: tuple[int, ...] = (0, 1, 0, 1)) -> Table:
    return Table(
        root=Path("data"),
        paths=PATHS,
        labels=np.array(labels),
        classes=("ants", "bees"),
        splits=np.array([path.split("/")[0] for path in PATHS]),
        groups=np.array([""] * 4),
        digests=tuple(digests),
    )


def test_without_copies_there_is_nothing_to_say() -> None:
    assert warn_of_copies(table("wxyz")) == ()


def test_copies_across_splits() -> None:
    (found,) = warn_of_copies(table("xyxz"))
    assert (found.code, found.subject, found.pictures) == ("copies-across-splits", "val", ("val/a",))
    assert found.text == (
        "1 validation picture is an exact copy of a training picture, which makes accuracies too high. First: 'val/a'."
    )


def test_copies_with_another_label() -> None:
    across, inside = warn_of_copies(table("xyxx"))
    assert (across.numbers, across.pictures) == ({"pictures": 2, "relabelled": 1}, ("val/a", "val/b"))
    assert across.text.endswith("; 1 has another label there: check them. First: 'val/b' ('ants' there).")
    assert (inside.code, inside.subject, inside.pictures) == ("contradicting-labels", "val", ("val/a", "val/b"))
    assert "'val/a' is 'ants', 'val/b' is 'bees'" in inside.text


def test_a_divided_group_is_refused() -> None:
    divided = replace(table("wxyz"), groups=np.array(["g", "", "g", ""]))
    with pytest.raises(DataError, match="'g' is divided between train and val"):
        warn_of_copies(divided)
