"""The page, put together and written: from a run folder, or from results that were just measured."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headstart.base.files import write_text
from headstart.pixels import AUGMENTATIONS
from headstart.records.preprocessing import Preprocessing
from headstart.report import standing, text
from headstart.report.page import active, drawings, heat, looking, parts
from headstart.report.page.gallery import Gallery
from headstart.report.page.nearness import read_neighbours
from headstart.report.page.pictures import Thumbnails, found_root, seen_in_training
from headstart.report.page.questions import questions
from headstart.report.page.reading import HeldOutAnswers, read_answers, read_places, temperature
from headstart.report.page.rendering import render
from headstart.report.text import Typed

Results = Mapping[str, Any]

_THREADS = 2
MOST_VARIED = 2  # classes of which augmented copies are shown


@dataclass(frozen=True)
class Built:
    """A page that was written: where, how large, and what a person should be told about it."""

    path: Path
    nbytes: int
    notes: tuple[str, ...]


def write_page(
    results: Results,
    folder: Path,
    *,
    pictures: Path | None = None,
    typed: Typed | None = None,
    seconds: float | None = None,
) -> Built:
    """Write ``report.html`` into a run folder, durably.

    Parameters
    ----------
    results : dict
        Content of its ``results.json``.
    folder : Path
        The run folder: predictions and bundles are read from it.
    pictures : Path, optional
        The data folder; by default where it was. Without it the page has no pictures and says so.
    typed : Typed, optional
        How run folder and program are written in commands.
    seconds : float, optional
        Read pictures for at most so long, the most telling first.

    Raises
    ------
    StoreError
        If the file cannot be written; an older one stays.
    """
    page, notes = build(results, folder, pictures=pictures, typed=typed, seconds=seconds)
    path = folder / "report.html"
    write_text(path, page)
    return Built(path, len(page.encode("utf-8", "backslashreplace")), notes)


def build(
    results: Results,
    folder: Path,
    *,
    pictures: Path | None = None,
    typed: Typed | None = None,
    seconds: float | None = None,
) -> tuple[str, tuple[str, ...]]:
    """Return the page and what a person should be told; see `write_page`."""
    until = None if seconds is None else time.perf_counter() + seconds
    answers, named = read_answers(results, folder), typed or Typed(folder=str(folder))
    shown = _shown_run(results, answers)
    notes: list[str] = []
    gallery: dict[str, Any] | None = None
    hot = heat.section(results, answers, looking.found(results, folder), pictures)
    if shown is not None:
        gallery = _pictured(results, folder, answers, shown, pictures, until, notes)
        winner = (results.get("verdict") or {}).get("winner")
        if winner not in (None, shown):
            notes.append(
                f"The answers of {winner} are missing or unreadable: mistakes, classes, map and trust are of {shown}."
            )
    else:
        notes.append("No predictions were found in the run folder: the page has no pictures, classes or promises.")
    context = {
        **_sections(results, folder, answers, shown, named),
        "questions": questions(results, answers, heat.question(hot)),
        "activity": active.section(results, folder, pictures),
        "gallery": gallery,
        "heat": hot,
        "names": list(results["data"]["classes"]),
        "notes": notes,
        "rebuild": f"{named.program} report {text.quoted(named.folder or str(folder))}",
    }
    return render("page.html", context), tuple(notes)


def _sections(
    results: Results, folder: Path, answers: HeldOutAnswers, shown: str | None, typed: Typed
) -> dict[str, Any]:
    """Return the values of all sections but the pictures."""
    bundle = next((run.get("bundle") for run in results["runs"] if run["id"] == shown), None)
    return {
        "opening": parts.opening(results),
        "card": parts.winner_card(results, typed),
        "strategies": parts.strategies(results),
        "time_chart": drawings.accuracy_against_time(results),
        "pairs": parts.pairs(results),
        "panels": drawings.epoch_panels(results),
        "shown": shown,
        "classes": parts.classes(results, answers, shown) if shown else None,
        "sure": parts.sure(results, answers, shown, temperature(folder, bundle)) if shown else None,
        "map": parts.feature_map_of(
            results, answers, shown, read_places(results, folder), read_neighbours(results, folder)
        )
        if shown
        else None,
        "learning": results.get("learning"),
        "learning_chart": drawings.learning_curve(results["learning"]) if results.get("learning") else None,
        "advice": parts.advice(results),
        "over_splits": parts.over_splits(results),
        "optimism": standing.optimism(results),
        "data": parts.data(results),
        "making": parts.making(results),
        "warnings": text.warnings(results),
    }


def _pictured(
    results: Results,
    folder: Path,
    answers: HeldOutAnswers,
    shown: str,
    pictures: Path | None,
    until: float | None,
    notes: list[str],
) -> dict[str, Any]:
    """Return the values of everything that has pictures; what is missing goes to `notes`."""
    root = found_root(results["data"].get("root"), pictures, answers.paths)
    gallery = Gallery(answers, shown, list(answers.probabilities), _samples(folder, answers.classes))
    thumbnails = Thumbnails(root, threads=_THREADS)
    left = thumbnails.prepare(gallery.paths(), until=until)
    if root is None:
        notes.append("The pictures were not found where they were: name their folder with --data to see them here.")
    if left:
        notes.append(f"{left:,} pictures were left out to save time: headstart report makes the page with all of them.")
    if thumbnails.missing:
        notes.append(f"{len(thumbnails.missing):,} pictures can no longer be read, such as '{thumbnails.missing[0]}'.")
    varied = _varied(results, gallery, root) if until is None or time.perf_counter() < until else []
    return {**gallery.context(thumbnails), "varied": varied}


def _varied(results: Results, gallery: Gallery, root: Path | None) -> list[tuple[str, list[str]]]:
    """Return one training picture of the first classes in several copies, as a training with augmentation sees it."""
    run = next((run for run in results["runs"] if run.get("epochs") and run.get("preprocessing")), None)
    kind = str(((run or {}).get("settings") or {}).get("augment") or "none")
    if root is None or run is None or kind not in AUGMENTATIONS or kind == "none":
        return []
    prepared, seed = Preprocessing.from_dict(run["preprocessing"]), int(results.get("seed") or 0)
    firsts = [(name, paths[0]) for name, paths in gallery.samples.items() if paths][:MOST_VARIED]
    shown = [(name, seen_in_training(root / path, prepared, kind, seed=seed)) for name, path in firsts]
    return [(name, copies) for name, copies in shown if copies]


def _samples(folder: Path, classes: tuple[str, ...]) -> dict[str, list[str]]:
    """Return some training pictures of each class, evenly over its list; nothing where the split file is gone."""
    from headstart.base.errors import HeadstartError
    from headstart.table.parquet import read_text_columns

    try:
        columns = read_text_columns(folder / "split.parquet")
        rows = list(zip(columns["path"], columns["label"], columns["split"], strict=True))
    except (HeadstartError, KeyError):
        return {}
    found: dict[str, list[str]] = {name: [] for name in classes}
    for path, label, split in rows:
        if split == "train" and label in found:
            found[label].append(path)
    return {name: paths[:: max(1, len(paths) // 4)][:4] for name, paths in found.items()}


def _shown_run(results: Results, answers: HeldOutAnswers) -> str | None:
    """Return the run whose answers the page shows: the winner, else the most accurate that is left."""
    winner = (results.get("verdict") or {}).get("winner")
    return winner if winner in answers.probabilities else next(iter(answers.probabilities), None)
