"""A map of the held-out pictures: what the frozen network says of them, in two dimensions, for looking at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from headstart.base.files import durable_writer
from headstart.evidence.principal import principal
from headstart.experiment.ground import Choices, Ground, Look
from headstart.strategies.strategy import STRATEGIES

MOST_MAPPED = 2000  # more points cannot be told apart, and 2,000 take a third of a second
COMPONENTS = 50  # kept of each picture, for a map by neighbours that needs the network no more


def write_map(ground: Ground, choices: Choices, runs: Sequence[Mapping[str, Any]], path: Path) -> dict[str, Any] | None:
    """Write the held-out pictures' places to a Parquet file; return the entry `map` of results.json.

    Its columns: path, x and y (the first two principal components), and c3, c4 ... (the next, in float32).

    None where no head was solved: the features would have to be computed for it alone.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    if not any(STRATEGIES[run["strategy"]].trained == "none" for run in runs):
        return None
    rows = ground.held_out
    features = ground.features(rows, choices.preprocessing, Look("features", "features"))
    measured = np.flatnonzero(ground.table.splits[rows] == ground.measured)
    step = max(1, -(-len(measured) // MOST_MAPPED))
    shown = measured[::step]
    points, shares = principal(features[shown], min(COMPONENTS, *features[shown].shape))
    content = {"path": [ground.table.paths[rows[at]] for at in shown], "x": points[:, 0], "y": points[:, 1]}
    content |= {f"c{at + 1}": points[:, at].astype(np.float32) for at in range(2, points.shape[1])}
    with durable_writer(path) as temporary:
        pq.write_table(pa.table(content), temporary)
    return {"file": path.name, "pictures": len(shown), "explained": shares[:2].tolist()}
