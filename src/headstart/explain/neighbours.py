"""A second map of the features, by neighbours (t-SNE): made once from what the comparison kept, without the network."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from headstart.base.files import sha256_of_file
from headstart.base.types import Floats
from headstart.records.columns import NO_MAP, MapColumns, MapFile
from headstart.records.progress import Progress
from headstart.records.results import Results

FILE = "neighbours.parquet"
LEAST = 12  # pictures; of fewer there are no neighbourhoods to speak of
PERPLEXITY = 30.0  # neighbours that count for a picture, or a third of the pictures


def write_neighbours(results: Results, folder: Path, *, progress: Progress) -> None:
    """Write where each picture of the map stands when neighbours are kept together; nothing if that stands already.

    Nothing either where the comparison kept no map, or one without further components.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    source = _source(results, folder)
    if source is None or read_neighbours(results, folder).paths:
        return
    found = MapFile(source).read() or NO_MAP
    if len(found.paths) < LEAST or found.components.shape[1] < 3:
        return
    with progress.step("map of neighbours", len(found.paths)) as step:
        points = by_neighbours(found.components)
        step.advance(len(found.paths))
    MapFile(folder / FILE).write(found.paths, points, source=sha256_of_file(source))


def read_neighbours(results: Results, folder: Path) -> MapColumns:
    """Return where each picture stands on that map; empty where there is none of the present features."""
    source, file = _source(results, folder), MapFile(folder / FILE)
    if source is None or file.source() != sha256_of_file(source):
        return NO_MAP
    return file.read() or NO_MAP


def by_neighbours(components: Floats) -> Floats:
    """Return points, (n, 2), whose neighbours are those of `components`, (n, d), as far as a plane allows.

    t-SNE (van der Maaten and Hinton 2008) from the first two components on, as Kobak and Berens 2019, "The art of
    using t-SNE for single-cell transcriptomics", advise: the large shape is theirs, and nothing is drawn by lot.
    """
    from sklearn.manifold import TSNE

    values = np.asarray(components, np.float32)
    start = values[:, :2] / max(float(values[:, 0].std()), 1e-12) * 1e-4
    perplexity = min(PERPLEXITY, (len(values) - 1) / 3)
    made = TSNE(2, perplexity=perplexity, init=np.ascontiguousarray(start), random_state=0).fit_transform(values)
    return np.asarray(made, np.float64)


def _source(results: Results, folder: Path) -> Path | None:
    place = None if results.map is None else folder / results.map.file
    return place if place is not None and place.is_file() else None
