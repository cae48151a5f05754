"""Whether two run folders hold the same numbers, except for timings, whichever schema each was written in.

    python benchmarks/same_numbers.py BEFORE.run AFTER.run

Names that schema 2 changed are brought into its form; then every number and name of results.json is compared exactly,
and every cell of predictions, split and map. What differs is listed, and the exit code says whether anything does.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

TIMES = {"seconds", "estimated_seconds", "images_per_second", "pass_seconds"}
# What schema 2 has anew, and what is a sentence, a path or a version: none of it is a number that was measured.
NEW = {  # places, without the number of an entry
    ".schema", ".measuring", ".strategies", ".plan[].kind", ".advice.classes", ".advice.learnable", ".advice.command",
    ".verdict.details", ".verdict.figures", ".warnings", ".runs[].warnings", ".backbone.title",
    ".backbone.preprocessing.framing",
}  # fmt: skip
PLACES = {".backbone.title", ".backbone.preprocessing.framing"}
PLACES = {"headstart", "command", "root", "environment", "recipe", "plan", "title"}
SETS = ("0.8", "0.9", "0.95", "0.99")
HEADS = ("C", "kernel", "gamma", "k")
ALIASES = {"anyway": "any-orientation"}


def renewed(old: dict[str, Any]) -> dict[str, Any]:
    """Return results of schema 1 under the names of schema 2."""
    if old["schema"] != 1:
        return old
    new = dict(old)
    new["runs"] = [_run(run) for run in old["runs"]]
    new["repeated_splits"] = _splits(new.pop("resampling"))
    if new.get("backbone"):
        new["backbone"] = _network(new["backbone"])
    if new.get("learning"):
        new["learning"] = _learning(new["learning"])
    if new.get("activity"):
        new["activity"] = _renamed(new["activity"], {"kept_head": "kept_solved_head"})
    return new


def _run(run: dict[str, Any]) -> dict[str, Any]:
    settings, found = dict(run["settings"]), dict(run)
    found["readout"] = settings.pop("readout", "pool")
    del found["settings"]
    if "converged" in settings:
        own = {name: settings[name] for name in settings if name not in ("converged", "readout")}
        found["solved"], found["training"] = {"settings": own, "converged": settings["converged"]}, None
    else:
        epoch = settings.pop("epoch_chosen")
        head, choosing = settings.pop("head"), settings.pop("epoch_chosen_on")
        found["training"] = {
            "augment": settings.pop("augment"),
            "choosing": choosing,
            "epoch_chosen": epoch or None,
            "kept_solved_head": epoch == 0,
            "pictures": settings.pop("pictures_trained_on"),
            "views": settings.pop("views"),
            "sides": settings.pop("sides"),
            "chosen_among": found.pop("chosen_among", []),
            "settings": settings,
        }
        found["head"], found["solved"] = head, None
    found["epochs"], found["epochs_on_all"] = map(_epochs, (run["epochs"], run["epochs_on_all"]))
    found["metrics"] = {split: _metrics(one) for split, one in run["metrics"].items()}
    return found


def _epochs(epochs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = {"val_loss": "choosing_loss", "val_accuracy": "choosing_accuracy"}
    return [{names.get(name, name): value for name, value in epoch.items()} for epoch in epochs]


def _metrics(metrics: dict[str, Any] | None) -> dict[str, Any] | None:
    if metrics is None or not metrics.get("sets"):
        return metrics
    sets = dict(metrics["sets"])
    levels = {level: sets.pop(level) for level in SETS if level in sets}
    return {**metrics, "sets": {**sets, "levels": levels}}


def _network(network: dict[str, Any]) -> dict[str, Any]:
    own = ("name", "source", "sha256", "licence")
    prepared = {name: value for name, value in network.items() if name not in own}
    return {**{name: network[name] for name in own}, "preprocessing": prepared}


def _learning(entry: dict[str, Any]) -> dict[str, Any]:
    found = {**entry, "winner": entry["for"], "rising": None}
    if entry["class"]:
        found["rising"] = {
            "name": entry["class"]["class"],
            "recall": entry["class"]["recall"],
            "p": entry["class"]["p"],
        }
    told = dict(entry["forecast"])
    found["forecast"] = {
        **told, "more": told["pictures"], "pictures": entry["pictures"], "curve": list(told["curve"].values())
    }  # fmt: skip
    del found["for"], found["class"]
    return found


def _splits(entry: dict[str, Any] | None) -> dict[str, Any] | None:
    if entry is None:
        return None
    runs = []
    for run in entry["runs"]:
        settings = dict(run["settings"])
        epoch, readout = settings.pop("epoch_chosen", None), settings.pop("readout", "pool")
        kept = epoch == 0
        runs.append(
            {**run, "settings": settings, "readout": readout, "epoch_chosen": epoch or None, "kept_solved_head": kept}
        )
    return {**entry, "runs": runs}


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {names.get(key, key): _renamed(item, names) for key, item in value.items()}
    return [_renamed(item, names) for item in value] if isinstance(value, list) else value


def figures(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (place, value) of every number and name, those of times left out."""
    if re.sub(r"\d+(?=\])", "", place) in NEW:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in TIMES and key != "text" and not (place.count(".") == 0 and key in PLACES):
                yield from figures(item, f"{place}.{ALIASES.get(key, key)}")
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from figures(item, f"{place}[{at}]")
    elif value is not None and value is not False:  # what is not there and what is null are the same
        yield place, ALIASES.get(value, value) if isinstance(value, str) else value


def read(folder: Path) -> dict[str, Any]:
    """Return the figures of a run folder by their place."""
    results = renewed(json.loads((folder / "results.json").read_text(encoding="utf-8")))
    return dict(figures(results))


def tables(folder: Path) -> dict[str, pa.Table]:
    """Return every run's predictions, the split and the map: paths, labels, splits and numbers, by the file."""
    files = [*(folder / "predictions").glob("*.parquet"), folder / "split.parquet", folder / "map.parquet"]
    return {str(file.relative_to(folder)): pq.read_table(file) for file in sorted(files) if file.exists()}


def differences(before: Path, after: Path) -> list[str]:
    """Return one line for each figure that differs, or that only one of the two has."""
    old, new = read(before), read(after)
    said = [
        f"{place}: {old.get(place)} -> {new.get(place)}" for place in {**old, **new} if old.get(place) != new.get(place)
    ]
    first, second = tables(before), tables(after)
    for name in {**first, **second}:
        if name not in first or name not in second:
            said.append(f"{name}: only in one of the two")
        elif first[name].column_names != second[name].column_names:
            said.append(f"{name}: other columns")
        else:
            columns = first[name].column_names
            said += [f"{name}: {one}" for one in columns if first[name][one] != second[name][one]]
    return sorted(said)


def main() -> int:
    """Compare, print, return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    given = parser.parse_args()
    found = differences(given.before, given.after)
    count, cells = len(read(given.before)), sum(one.num_rows * one.num_columns for one in tables(given.before).values())
    for line in found:
        print(line)
    print(f"{count:,} figures and {cells:,} cells of tables compared, {len(found)} differ")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
