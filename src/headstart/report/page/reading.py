"""What the page is made of: a run folder's results, places on the map, and temperatures of its bundles."""

from __future__ import annotations

from pathlib import Path

from headstart.base.errors import HeadstartError, StoreError
from headstart.bundle.folder import read_manifest
from headstart.records.codec import read_record
from headstart.records.columns import NO_MAP, MapColumns, MapFile
from headstart.records.results import SCHEMA, Results

AGAIN = "Remove the folder and run the same compare command again."


def read_results(folder: Path) -> Results:
    """Return results.json of a run folder.

    Raises
    ------
    StoreError
        If there is none, none yet, or one that is damaged or of another schema.
    """
    if not folder.exists():
        raise StoreError(f"There is no run folder '{folder}'.", hint="Give the folder that compare wrote with --out.")
    place = folder / "results.json"
    if not place.is_file():
        begun = (folder / "plan.json").is_file()
        raise StoreError(
            f"'{folder}' has no results yet: no strategy is finished." if begun else f"'{folder}' is not a run folder.",
            hint="Run the same compare command again: it continues."
            if begun
            else "Give the folder that compare wrote; it holds results.json.",
        )
    found = read_record(place, Results, schema=SCHEMA, again=AGAIN)
    if not found.runs:
        raise StoreError(f"'{place}' holds no run.", hint=AGAIN)
    return found


def read_map(results: Results, folder: Path) -> MapColumns:
    """Return where each picture stands on the map of the features; empty where there is no map."""
    return NO_MAP if results.map is None else MapFile(folder / results.map.file).read() or NO_MAP


def temperature(bundle: Path) -> float | None:
    """Return by what a bundle's scores are divided, None where it cannot be told."""
    try:
        told = read_manifest(bundle).calibration.temperature
    except HeadstartError:
        return None
    return told if told > 0 else None
