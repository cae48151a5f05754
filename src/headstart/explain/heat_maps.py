"""What winner and runner-up look at: some telling pictures are answered again with spots covered, and that is kept.

``heat.json`` in the run folder holds what was found, by run and picture, with checksums of bundle and picture: what
still holds is never asked again, and a report that was ended half-way goes on.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from headstart.base.errors import HeadstartError, PictureError
from headstart.base.files import sha256_of_file
from headstart.bundle import Model, load
from headstart.bundle.folder import read_manifest
from headstart.evidence.mistakes import worst_mistakes
from headstart.explain.heat import ASKED, Heat, alike, heat_of
from headstart.pixels import decode_for, frame
from headstart.pixels.root import found_root
from headstart.records.codec import read_record, write_record
from headstart.records.heat import HEAT_FORMAT, HeatFile, HeatOfRun
from headstart.records.held_out import HeldOutAnswers, read_answers
from headstart.records.progress import Progress, Step
from headstart.records.results import Results

Found = dict[str, dict[str, Heat]]  # by run and path

FILE = "heat.json"
MOST, MOST_WRONG, MOST_APART = 12, 5, 4  # pictures: in all, worst mistakes, answered otherwise by the runner-up


def explained_runs(results: Results, answers: HeldOutAnswers) -> list[str]:
    """Return the runs that are looked at: the winner, and the most accurate other one with a head of its own."""
    winner = results.verdict.winner
    if winner not in answers.probabilities:
        return []
    others = [run.id for run in results.ranked if run.id != winner and run.id not in results.verdict.same_as]
    return [winner, *[name for name in others if name in answers.probabilities][:1]]


def telling(answers: HeldOutAnswers, runs: Sequence[str]) -> list[int]:
    """Return the rows that are looked at: worst mistakes, answers that differ, the surest right one of each class."""
    winner = runs[0]
    named, sure = answers.answered(winner), answers.probabilities[winner].max(axis=1)
    rows = [int(row) for row in worst_mistakes(answers, winner)[:MOST_WRONG]]
    for other in runs[1:]:
        apart = np.flatnonzero(answers.answered(other) != named)
        apart = apart[np.argsort(-answers.probabilities[other][apart].max(axis=1), kind="stable")]
        rows += [int(row) for row in apart if int(row) not in rows][:MOST_APART]
    for label in range(len(answers.classes)):
        right = np.flatnonzero((answers.labels == label) & (named == label))
        rows += [int(right[sure[right].argmax()])] if len(right) else []
    return list(dict.fromkeys(rows))[:MOST]


def make_heat_maps(
    results: Results, folder: Path, *, pictures: Path | None, progress: Progress, until: float | None = None
) -> None:
    """Ask winner and runner-up about the telling pictures that were not looked at yet, and keep what they say.

    Parameters
    ----------
    results : Results
    folder : Path
        The run folder.
    pictures : Path, optional
        The data folder; by default where it was. Without it nothing is done.
    progress : Progress
        Hears the step "heat maps", and what could not be looked at.
    until : float, optional
        Begin no further picture after this moment of `time.perf_counter`.

    Raises
    ------
    DataError
        If `pictures` holds none of the pictures.
    StoreError
        If the file cannot be written.
    """
    answers = read_answers(results, folder)
    runs = explained_runs(results, answers)
    root = found_root(results.data.root, pictures, answers.paths) if runs else None
    if root is None:
        return
    kept = _Kept(folder, results)
    paths = [answers.paths[row] for row in telling(answers, runs)]
    wanted = {run: [path for path in paths if not kept.holds(run, path, root)] for run in runs}
    models = {run: model for run in runs if wanted[run] and (model := _model(kept.place(run), progress))}
    parts = [(part, _joined(wanted[run] for run in part)) for part in alike(models)] if models else []
    if not parts or _over(until):
        return
    with progress.step("heat maps", ASKED * sum(len(paths) for _, paths in parts)) as step:
        for path, part in _by_picture(parts):
            if _over(until):
                return
            _ask(kept, root, path, {run: models[run] for run in part}, step)


def stored_heat_maps(results: Results, folder: Path) -> Found:
    """Return what was found of the bundles that stand now, by run and path; nothing where nothing was looked at."""
    return _Kept(folder, results).heats()


def _ask(kept: _Kept, root: Path, path: str, models: Mapping[str, Model], step: Step) -> None:
    """Ask models that share a network about one picture; one that is gone is passed over, the page says so."""
    first = next(iter(models.values()))
    with suppress(PictureError, OSError):
        square = frame(decode_for(root / path, first.preprocessing), first.preprocessing)
        kept.add(path, root, dict(zip(models, heat_of(list(models.values()), square), strict=True)))
    step.advance(ASKED)


def _over(until: float | None) -> bool:
    return until is not None and time.perf_counter() > until


def _model(place: Path, progress: Progress) -> Model | None:
    try:
        return load(place)
    except HeadstartError as error:
        progress.message(f"There are no heat maps of {place.name}. {error.message}")
        return None


def _joined(lists: Iterable[list[str]]) -> list[str]:
    return list(dict.fromkeys(path for paths in lists for path in paths))


def _by_picture(parts: Sequence[tuple[list[str], list[str]]]) -> Iterator[tuple[str, list[str]]]:
    """Yield (picture, runs that share a network), picture by picture, so that what is cut short is whole so far."""
    for path in _joined(paths for _, paths in parts):
        yield from ((path, part) for part, paths in parts if path in paths)


class _Kept:
    """The file of a run folder; an entry holds for one bundle and one picture, each by its content."""

    def __init__(self, folder: Path, results: Results) -> None:
        self._file = folder / FILE
        self._places = {run.id: folder / run.bundle for run in results.runs}
        self._bundles = {run: sha for run, place in self._places.items() if (sha := _checksum(place))}
        kept = _read(self._file).runs
        self._runs = {
            run: dict(entry.pictures) for run, entry in kept.items() if entry.bundle == self._bundles.get(run)
        }

    def place(self, run: str) -> Path:
        return self._places[run]

    def holds(self, run: str, path: str, root: Path) -> bool:
        """Return whether this picture, as it is now, was looked at by this bundle."""
        entry = self._runs.get(run, {}).get(path)
        try:
            return entry is not None and entry.sha256 == sha256_of_file(root / path)
        except OSError:
            return True  # it is gone, so nothing better can be had

    def add(self, path: str, root: Path, heats: Mapping[str, Heat]) -> None:
        """Keep what was found of one picture, durably."""
        digest = sha256_of_file(root / path)
        for run, heat in heats.items():
            self._runs.setdefault(run, {})[path] = heat.record(digest)
        runs = {run: HeatOfRun(bundle=self._bundles[run], pictures=found) for run, found in self._runs.items()}
        write_record(self._file, HeatFile(runs=runs))

    def heats(self) -> Found:
        """Return everything that can be drawn; an entry of another number of spots is as none."""
        found: Found = {}
        for run, pictures in self._runs.items():
            for path, entry in pictures.items():
                with suppress(ValueError):
                    found.setdefault(run, {})[path] = Heat.from_record(entry)
        return found


def _read(file: Path) -> HeatFile:
    """Return what is kept; a damaged or older file is as none: it is made anew."""
    try:
        found = read_record(file, HeatFile)
    except HeadstartError:
        return HeatFile()
    return found if found.format == HEAT_FORMAT else HeatFile()


def _checksum(bundle: Path) -> str | None:
    try:
        return read_manifest(bundle).sha256
    except HeadstartError:
        return None
