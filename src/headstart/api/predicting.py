"""Using a classifier: load, predict, evaluate."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import numpy as np
from numpy.typing import NDArray

from headstart import bundle
from headstart.base.errors import DataError, EngineError
from headstart.base.files import cache_folder, writable
from headstart.base.outputs import GRID, claim
from headstart.base.params import check_choice
from headstart.bundle import Answers, Model
from headstart.records.answers import EvaluatedPicture, Evaluation, Prediction, Predictions
from headstart.records.progress import Progress, Silent
from headstart.records.record import changed
from headstart.records.results import Skipped
from headstart.table.kinds import skipped_records
from headstart.table.listing import list_pictures
from headstart.table.names import composed, look_alike
from headstart.words.answers import below_caption, caption
from headstart.words.findings import not_judged

if TYPE_CHECKING:
    from headstart.table import Table

GRID_LARGEST = 64  # pictures on one sheet; more cannot be looked at
PROBES = 32  # pictures on which an exported network is tried
AUTO: Final = "auto"
ENGINES = (AUTO, "torch")


def load(folder: str | Path, *, device: str = "cpu") -> Model:
    """Return the classifier kept in a bundle folder; see `headstart.bundle.load`."""
    return bundle.load(folder, device=device)


def evaluate(
    source: str | Path | Model, data: str | Path | Table, *, split: str | None = None, progress: Progress | None = None
) -> Evaluation:
    """Measure a classifier on labelled pictures: test, else val, else those it was not trained on.

    Parameters
    ----------
    source : path or Model
        A bundle.
    data : path or Table
        Classes are matched by name; fewer than the classifier knows are fine, an unknown one is an error.
    split : str, optional
        ``"train"``, ``"val"``, ``"test"``, ``"all"``, or ``"unseen"``: what the classifier was not trained on.

    Returns
    -------
    Evaluation

    Raises
    ------
    DataError
        If a class is unknown to the classifier, or the split has no pictures.
    """
    from headstart.evidence.metrics import confusion, measure  # scipy, which predicting needs not
    from headstart.table import Table, group_ids, read_table, tell_findings

    model = source if isinstance(source, Model) else bundle.load(source)
    table = data if isinstance(data, Table) else read_table(data, progress=progress)
    tell_findings(table, progress)
    known = set(model.info.trained_on)
    seen = np.array([digest[:16] in known for digest in table.digests], bool)
    name, rows = _rows_to_measure(table, split, seen)
    position = {composed(label): k for k, label in enumerate(model.classes)}
    _check_known({table.classes[k] for k in table.labels[rows]}, position)
    answers, faulty = model.examine([table.file(int(row)) for row in rows], progress=progress)
    probabilities = answers.probabilities
    read = [int(row) for place, row in enumerate(rows) if place not in faulty]
    if not read:
        raise DataError(f"None of the {len(rows)} pictures can be read.", hint="Check the folder.")
    labels = np.array([position[composed(table.classes[table.labels[row]])] for row in read])
    predicted, groups = probabilities.argmax(axis=1), group_ids(table, read)
    stated = answers.stated(labels, groups=groups)
    absent = tuple(one for k, one in enumerate(model.classes) if k not in labels)
    skipped = list(skipped_records(table.skipped))
    skipped += [Skipped(path=table.paths[int(rows[place])], reason=reason) for place, reason in faulty.items()]
    return Evaluation(
        split=name,
        classes=model.classes,
        trained_on=int(seen[rows].sum()),
        left_out=len(table) - len(rows) if name == "unseen" else 0,
        metrics=changed(
            measure(labels, probabilities, groups=groups),
            calibration=stated.calibration,
            sets=stated.sets,
            none_of_these=stated.none_of_these,
        ),
        confusion=tuple(map(tuple, confusion(labels, predicted, len(model.classes)).tolist())),
        rows=tuple(
            EvaluatedPicture(
                path=table.paths[row],
                label=model.classes[labels[i]],
                predicted=model.classes[predicted[i]],
                probability=float(probabilities[i, predicted[i]]),
            )
            for i, row in enumerate(read)
        ),
        skipped=tuple(skipped),
        unread=len(faulty) + sum(entry.picture for entry in table.skipped),
        warnings=(not_judged(name, absent),) if absent else (),
    )


def predict(
    source: str | Path | Model,
    pictures: Sequence[str | Path] | str | Path,
    *,
    grid: Annotated[str | Path | None, GRID] = None,
    engine: str = AUTO,
    progress: Progress | None = None,
) -> Predictions:
    """Classify files and folders; what cannot be read is listed with its reason.

    Parameters
    ----------
    source : path or Model
        A bundle.
    pictures : path or sequence of paths
        Files, or folders that are searched for pictures.
    grid : path, optional
        Also draw the pictures with their answers into this PNG file; a grid that stands there is replaced.
    engine : str
        ``"auto"``: the bundle's exported graph where `prepare_engine` has left one, without torch;
        ``"torch"``: the network itself. They differ by at most 1e-5 in a probability.
    """
    check_choice("engine", "predict", engine, ENGINES)
    given = [pictures] if isinstance(pictures, str | Path) else list(pictures)
    if grid is not None:
        claim(grid, GRID, inputs=[source, *given])
    model = source if isinstance(source, Model) else _opened(Path(source), engine)
    files, skipped = list_pictures(given)
    try:
        answers, faulty = model.examine(list(files), progress=progress)
    except EngineError as error:
        if isinstance(source, Model):
            raise
        (progress or Silent()).message(f"{error.message} The network itself answers instead.")
        model = bundle.load(source)
        answers, faulty = model.examine(list(files), progress=progress)
    read = [file for place, file in enumerate(files) if place not in faulty]
    if not read:
        row, reason = next(iter(faulty.items()))
        raise DataError(
            f"None of the {len(files)} pictures can be read; '{files[row]}': {reason}.", hint="Check the files."
        )
    listed = list(skipped_records(skipped))
    listed += [Skipped(path=str(files[place]), reason=reason) for place, reason in faulty.items()]
    rows = _rows(read, answers, model.classes)
    if grid is not None:
        _draw(rows, model, Path(grid), progress or Silent())
    unread = [one for one, entry in zip(listed, skipped, strict=False) if entry.picture]
    return Predictions(
        rows=rows, skipped=tuple(listed), classes=model.classes, unread=(*unread, *listed[len(skipped) :])
    )


def _check_known(classes: Collection[str], known: Collection[str]) -> None:
    """Raise DataError if a class is none of those that the classifier knows; it names the one that looks like it."""
    unknown = sorted(name for name in classes if composed(name) not in known)
    if not unknown:
        return
    alike = look_alike(unknown[0], known)
    meant = f"'{alike}' differs from it only in capitals, blanks or unseen signs. " if alike else ""
    raise DataError(
        f"The classifier does not know the class '{unknown[0]}'.",
        hint=f"{meant}It knows: {', '.join(known)}. Rename or leave out the folder (or rows) of that class.",
    )


def _rows(files: Sequence[Path], answers: Answers, classes: tuple[str, ...]) -> tuple[Prediction, ...]:
    sets, none = answers.sets(), answers.none_of_these()
    rows = []
    for place, (file, row) in enumerate(zip(files, answers.probabilities, strict=True)):
        best, order = int(row.argmax()), np.argsort(-row, kind="stable")
        rows.append(
            Prediction(
                path=str(file),
                label=classes[best],
                probability=float(row[best]),
                set=None if sets is None else tuple(classes[k] for k in order if sets[place, k]),
                none_of_these=None if none is None else bool(none[place]),
                probabilities={name: float(row[k]) for k, name in enumerate(classes)},
            )
        )
    return tuple(rows)


def _draw(rows: Sequence[Prediction], model: Model, grid: Path, progress: Progress) -> None:
    """Draw the first pictures with their answers."""
    from headstart.pixels import decode_for
    from headstart.report.grid import Tile, draw_grid

    tiles = [
        Tile(picture=decode_for(Path(row.path), model.preprocessing), caption=caption(row), second=below_caption(row))
        for row in rows[:GRID_LARGEST]
    ]
    if len(rows) > GRID_LARGEST:
        progress.message(f"'{grid.name}' shows the first {GRID_LARGEST} pictures of {len(rows):,}.")
    for note in draw_grid(tiles, grid):
        progress.message(note)


def prepare_engine(
    folder: str | Path, pictures: Sequence[str | Path] | str | Path, *, progress: Progress | None = None
) -> bool:
    """Export a bundle's network, so that from now on `predict` answers for it on this machine without torch.

    The graph lies in the cache. It is compared with the network itself on some of the pictures, and used only if
    no probability differs by more than 1e-5.

    Parameters
    ----------
    folder : path
        A bundle.
    pictures : path or sequence of paths
        Files, or folders that are searched for pictures.

    Returns
    -------
    bool
        Whether the graph was made now, and agrees.
    """
    place = Path(folder)
    if bundle.tried(place) or not writable(cache_folder()):
        return False
    files, _ = list_pictures([pictures] if isinstance(pictures, str | Path) else list(pictures))
    model = bundle.load(place)
    squares = model.squares(list(files[:PROBES]))
    if not squares:
        return False
    (progress or Silent()).message("preparing this classifier so that later predictions are faster (only once) …")
    return bundle.prepare(model, place, squares)


def _opened(folder: Path, engine: str) -> Model:
    found = bundle.light(folder) if engine == AUTO else None
    return found or bundle.load(folder)


def _rows_to_measure(table: Table, split: str | None, seen: NDArray[np.bool_]) -> tuple[str, NDArray[np.int64]]:
    """Return the name of a split and its rows: the one asked for; else test, else val, else what was not trained on."""
    if split is None:
        split = next((name for name in ("test", "val") if len(table.rows(name))), "unseen")
        if split == "unseen" and (seen.all() or not seen.any()):
            split = "all"
    every = np.arange(len(table))
    rows = {"all": every, "unseen": every[~seen]}.get(split, table.rows(split))
    if not len(rows):
        raise DataError(
            f"'{table.root}' has no pictures in the split '{split}'.", hint="Use --split all, or name another split."
        )
    return split, rows
