"""Real photographs without a download: the solar cells of the package ``elpv-dataset``.

Source: Buerhop-Lutz et al. 2018, "A Benchmark for Visual Identification of Defective Solar Cells in
Electroluminescence Imagery", https://github.com/zae-bayern/elpv-dataset; CC BY-NC-SA 4.0. The 2,624 cells
come from 44 modules that the package does not name, so a random split may know a module already.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from headstart.base.errors import DataError, DependencyError
from headstart.base.params import check_integer
from headstart.base.streams import stream
from headstart.table.splits import apportion, with_splits
from headstart.table.table import Row, Table, build_table

_PACKAGE = "elpv_dataset"
_LEAST = 16


def solar_cells(*, pictures: int | None = 450, seed: int = 0) -> Table:
    """Return photographs of solar cells, functional or defective, split 75/25 into train and test.

    A cell counts as defective if its stated probability of a defect is at least one half.

    Parameters
    ----------
    pictures : int or None
        Size of a seeded sample with the class proportions of the whole; None is all 2,624.
    seed : int
        Of the sample and of the split.

    Raises
    ------
    DependencyError
        If the package ``elpv-dataset`` is not installed.
    ConfigError
        If there are not so many pictures, or `pictures` is below 16.
    """
    folder = _data_folder()
    rows = _read_labels(folder / "labels.csv")
    if pictures is not None:
        check_integer("pictures", "solar_cells", pictures, least=_LEAST, most=len(rows))
        rows = _sample(rows, pictures, seed)
    return with_splits(build_table(folder, rows), seed=seed)


def _data_folder() -> Path:
    """Return the folder with the pictures; the package itself, which needs PIL at import, is not imported."""
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise DependencyError(
            "The photographs of solar cells are not installed.",
            hint="Type: pip install elpv-dataset   (or give a folder of your own pictures).",
        )
    return Path(next(iter(spec.submodule_search_locations))) / "data"


def _read_labels(file: Path) -> list[Row]:
    """Return the rows of labels.csv, whose columns (path, probability, kind of cell) are apart by spaces."""
    try:
        lines = [line.split() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        return [Row(line[0], "defective" if float(line[1]) >= 0.5 else "functional") for line in lines]
    except (OSError, ValueError, IndexError) as error:
        raise DataError(
            f"'{file}' cannot be read ({error}).", hint="Install the package elpv-dataset again."
        ) from error


def _sample(rows: list[Row], size: int, seed: int) -> list[Row]:
    """Return `size` rows in which the classes have their proportions to a picture."""
    labels = np.array([row.label for row in rows])
    classes, numbers = np.unique(labels, return_counts=True)
    random = stream(seed, "table", "solar")
    chosen: list[int] = []
    for name, part in zip(classes, apportion(numbers, size), strict=True):
        own = np.flatnonzero(labels == name)
        chosen += random.permutation(own)[:part].tolist()
    return [rows[place] for place in sorted(chosen)]
