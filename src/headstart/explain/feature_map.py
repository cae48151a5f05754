"""A map of the held-out pictures: what the frozen network says of them, in two dimensions, for looking at."""

from __future__ import annotations

import numpy as np

from headstart.evidence.principal import principal
from headstart.records.columns import MapFile
from headstart.records.preprocessing import Preprocessing
from headstart.records.results import FeatureMapRecord
from headstart.strategies.context import FitContext

MOST_MAPPED = 2000  # more points cannot be told apart, and 2,000 take a third of a second
COMPONENTS = 50  # kept of each picture, for a map by neighbours that needs the network no more


def write_map(context: FitContext, preprocessing: Preprocessing, file: MapFile) -> FeatureMapRecord:
    """Write the held-out pictures' places to a file; return the entry `map` of results.json.

    Its columns: path, x and y (the first two principal components), and c3, c4 ... (the next, in float32).

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    division = context.division
    rows = division.held_out
    features = context.passes.features("held out", preprocessing)
    measured = np.flatnonzero(division.table.splits[rows] == division.measuring)
    step = max(1, -(-len(measured) // MOST_MAPPED))
    shown = measured[::step]
    points, shares = principal(features[shown], min(COMPONENTS, *features[shown].shape))
    file.write([division.table.paths[rows[at]] for at in shown], points)
    return FeatureMapRecord(file=file.path.name, pictures=len(shown), explained=tuple(shares[:2].tolist()))
