"""A second map of the features, by neighbours (t-SNE): made once from what the comparison kept, without the network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from headstart.base.files import durable_writer, sha256_of_file
from headstart.base.types import Floats
from headstart.records.progress import Progress
from headstart.report.page.reading import Places, map_columns, read_places

Results = Mapping[str, Any]

FILE = "neighbours.parquet"
LEAST = 12  # pictures; of fewer there are no neighbourhoods to speak of
PERPLEXITY = 30.0  # neighbours that count for a picture, or a third of the pictures
_KEY = b"headstart.map"


def write_neighbours(results: Results, folder: Path, *, progress: Progress) -> None:
    """Write where each picture of the map stands when neighbours are kept together; nothing if that stands already.

    Nothing either where the comparison kept no map, or one without its further components (an older headstart).

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = _source(results, folder)
    if source is None or read_neighbours(results, folder):
        return
    paths, components = map_columns(source) or ([], np.zeros((0, 0)))
    if len(paths) < LEAST or components.shape[1] < 3:
        return
    with progress.step("map of neighbours", len(paths)) as step:
        points = by_neighbours(components)
        step.advance(len(paths))
    table = pa.table({"path": paths, "x": points[:, 0], "y": points[:, 1]})
    with durable_writer(folder / FILE) as temporary:
        pq.write_table(table.replace_schema_metadata({_KEY: sha256_of_file(source).encode()}), temporary)


def read_neighbours(results: Results, folder: Path) -> Places:
    """Return where each picture stands on that map, by path; empty where there is none of the present features."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = _source(results, folder)
    try:
        told = (pq.read_schema(folder / FILE).metadata or {}).get(_KEY, b"") if source is not None else b""
        if source is None or told.decode("ascii", "replace") != sha256_of_file(source):
            return {}
    except (OSError, pa.ArrowException):
        return {}
    return read_places({"map": {"file": FILE}}, folder)


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
    name = (results.get("map") or {}).get("file")
    place = folder / str(name)
    return place if name and place.is_file() else None
