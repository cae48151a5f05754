"""The page, put together and written: from a run folder, or from results that were just measured."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from headstart.base.errors import HeadstartError
from headstart.base.files import write_text
from headstart.explain.heat_maps import stored_heat_maps
from headstart.explain.neighbours import read_neighbours
from headstart.pixels import AUGMENTATIONS
from headstart.pixels.root import found_root
from headstart.records.held_out import HeldOutAnswers, read_answers
from headstart.records.results import Results
from headstart.records.run import RunRecord
from headstart.report import standing, text
from headstart.report.page import active, drawings, heat
from headstart.report.page.advised import advised
from headstart.report.page.classes import ClassTable, class_table
from headstart.report.page.gallery import Gallery, Shown
from headstart.report.page.making import making, pictures
from headstart.report.page.mapped import FeatureMap, feature_map
from headstart.report.page.more import learning, over_splits
from headstart.report.page.opening import opening, winner_card
from headstart.report.page.pictures import Thumbnails, seen_in_training
from headstart.report.page.questions import questions
from headstart.report.page.ranking import differences, ranking
from headstart.report.page.reading import read_map, temperature
from headstart.report.page.rendering import render
from headstart.report.page.trust import Trust, trust
from headstart.report.standing import reads_frozen
from headstart.report.text import Typed
from headstart.table.parquet import read_text_columns

_THREADS = 2
MOST_VARIED = 2  # classes of which augmented copies are shown


@dataclass(frozen=True)
class Built:
    """A page that was written: where, how large, and what a person should be told about it."""

    path: Path
    nbytes: int
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Source:
    """What the page is made of: results, run folder, all answers, and where the pictures may be now."""

    results: Results
    folder: Path
    answers: HeldOutAnswers
    pictures: Path | None

    @property
    def shown(self) -> RunRecord | None:
        """The run whose answers the page shows: the winner, else the most accurate that is left."""
        winner = self.results.verdict.winner
        name = winner if winner in self.answers.probabilities else next(iter(self.answers.probabilities), None)
        return None if name is None else self.results.run(name)


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
    results : Results
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
    source = _Source(results, folder, read_answers(results, folder), pictures)
    named = typed or Typed(folder=str(folder))
    shown, notes = source.shown, list[str]()
    hot = heat.section(results, source.answers, stored_heat_maps(results, folder), pictures)
    gallery = None if shown is None else _pictured(source, shown, until, notes)
    notes += _whose(source)
    page = render(
        "page.html",
        **_of_results(results, named),
        **_of_answers(source),
        shown=None if shown is None else shown.id,
        questions=questions(results, source.answers, heat.question(hot)),
        activity=active.section(results, folder, pictures),
        gallery=gallery,
        heat=hot,
        names=results.data.classes,
        notes=notes,
        rebuild=f"{named.program} report {text.quoted(named.folder or str(folder))}",
    )
    return page, tuple(notes)


def _of_results(results: Results, typed: Typed) -> dict[str, object]:
    """Return the sections that need nothing but results.json, by their names in the templates."""
    return {
        "opening": opening(results),
        "card": winner_card(results, typed),
        "strategies": ranking(results),
        "time_chart": drawings.accuracy_against_time(results),
        "pairs": differences(results),
        "panels": drawings.epoch_panels(results),
        "learning": learning(results),
        "advice": advised(results.advice),
        "over_splits": over_splits(results),
        "optimism": standing.optimism(results),
        "data": pictures(results),
        "making": making(results),
        "warnings": text.warnings(results),
    }


def _of_answers(source: _Source) -> dict[str, ClassTable | Trust | FeatureMap | None]:
    """Return the sections about the answers of the run that is shown; None where no answers are left."""
    results, folder, answers, run = source.results, source.folder, source.answers, source.shown
    if run is None:
        return {"classes": None, "sure": None, "map": None}
    places, near = read_map(results, folder), read_neighbours(results, folder)
    return {
        "classes": class_table(results, answers, run),
        "sure": trust(results, answers, run, temperature(folder / run.bundle)),
        "map": feature_map(results, answers, run.id, places, near),
    }


def _whose(source: _Source) -> list[str]:
    """Return what must be said where not the winner's answers are shown."""
    shown, winner = source.shown, source.results.verdict.winner
    if shown is None:
        return ["The run folder holds no predictions: the page has no pictures and says nothing about classes."]
    if shown.id == winner:
        return []
    return [
        f"The answers of {winner} are missing or unreadable: mistakes, classes, map and probabilities are those of "
        f"{shown.id}."
    ]


def _pictured(source: _Source, run: RunRecord, until: float | None, notes: list[str]) -> Shown:
    """Return the values of everything that has pictures; what is missing goes to `notes`."""
    results, answers = source.results, source.answers
    root = found_root(results.data.root, source.pictures, answers.paths)
    gallery = Gallery(answers, run.id, _own_heads(source), _samples(source.folder, answers.classes))
    thumbnails = Thumbnails(root, results.data.decoding, threads=_THREADS)
    left = thumbnails.prepare(gallery.paths(), until=until)
    if root is None:
        notes.append("The pictures are no longer where they were. To see them here, name their folder with --data.")
    if left:
        notes.append(f"{left:,} pictures were left out to save time. headstart report makes the page with all of them.")
    if thumbnails.missing:
        notes.append(f"{len(thumbnails.missing):,} pictures can no longer be read, such as '{thumbnails.missing[0]}'.")
    in_time = until is None or time.perf_counter() < until
    frozen = [run.id for run in results.runs if run.id in gallery.runs and reads_frozen(run)]
    return gallery.shown(thumbnails, _varied(results, gallery, root) if in_time else (), frozen=frozen)


def _own_heads(source: _Source) -> list[str]:
    """Return the runs with answers of their own: one that kept the head of another does not agree with it, it is it."""
    return [name for name in source.answers.probabilities if name not in source.results.verdict.same_as]


def _varied(results: Results, gallery: Gallery, root: Path | None) -> list[tuple[str, list[str]]]:
    """Return one training picture of the first classes in several copies, as a training with augmentation sees it."""
    run = next((run for run in results.runs if run.epochs and run.training is not None), None)
    kind = "none" if run is None or run.training is None else run.training.augment
    if root is None or run is None or kind not in AUGMENTATIONS or kind == "none":
        return []
    firsts = [(name, paths[0]) for name, paths in gallery.samples.items() if paths][:MOST_VARIED]
    copies = [
        (name, seen_in_training(root / path, run.preprocessing, kind, seed=results.seed)) for name, path in firsts
    ]
    return [(name, found) for name, found in copies if found]


def _samples(folder: Path, classes: tuple[str, ...]) -> dict[str, list[str]]:
    """Return some training pictures of each class, evenly over its list; nothing where the split file is gone."""
    try:
        columns = dict(read_text_columns(folder / "split.parquet"))
        rows = list(zip(columns["path"], columns["label"], columns["split"], strict=True))
    except (HeadstartError, KeyError):
        return {}
    found: dict[str, list[str]] = {name: [] for name in classes}
    for path, label, split in rows:
        if split == "train" and path is not None and label is not None and label in found:
            found[label].append(path)
    return {name: paths[:: max(1, len(paths) // 4)][:4] for name, paths in found.items()}
