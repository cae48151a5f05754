"""Using a classifier: load, predict, evaluate."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from headstart import bundle
from headstart.api.arguments import Data, GivenClassifier, classifier_folder, device_of, is_exported, table_of
from headstart.base.errors import ConfigError, DataError, EngineError
from headstart.base.files import cache_writable
from headstart.base.outputs import GRID, claim
from headstart.base.params import check_choice
from headstart.bundle import Classifier, Model
from headstart.bundle.rows import predictions
from headstart.pixels.given import Given, Pictures, given_pictures
from headstart.records.answer_tables import Columns
from headstart.records.answers import EvaluatedPicture, Evaluation, Prediction, Predictions
from headstart.records.progress import Progress, Silent
from headstart.records.record import changed
from headstart.records.results import Skipped
from headstart.table.kinds import Skipped as Passed
from headstart.table.kinds import skipped_records
from headstart.table.listing import list_pictures
from headstart.table.names import composed, look_alike
from headstart.words.answers import below_caption, caption
from headstart.words.findings import not_judged

if TYPE_CHECKING:
    from headstart.deliver.onnx.classifier import Exported
    from headstart.table import Table

GRID_LARGEST = 64  # pictures on one sheet; more cannot be looked at
PROBES = 32  # pictures on which an exported network is tried
AUTO: Final = "auto"
ENGINES = (AUTO, "torch")


def load(folder: str | Path, *, device: str = "cpu", engine: str = AUTO) -> Model:
    """Return the classifier kept in a bundle.

    Parameters
    ----------
    folder : path
        A folder, or the ``.zip`` of one. A file that was exported (``.onnx``) is opened with `load_exported`.
    device : str
        Where its network computes: cpu, cuda, mps, or auto for the fastest that is there.
    engine : str
        ``"auto"``: on the processor the bundle's exported graph answers where `prepare_engine` (or the command line)
        has left one, without torch; the network is made if it is asked for, as `Model.save` does. ``"torch"``: the
        network itself. They differ by at most 1e-5 in a probability, and ``model.engine.name`` says which it is.

    Raises
    ------
    BundleError
        If there is no bundle, or it is damaged or of a newer format.
    ConfigError
        If `device` or `engine` is unknown or not there.
    """
    place = classifier_folder(folder, "folder", "load")
    check_choice("engine", "load", engine, ENGINES)
    if is_exported(place):
        raise ConfigError(
            f"'{place}' is an exported file, and no bundle.", hint=f"headstart.load_exported('{place}') opens it."
        )
    on = device_of(device, "load")
    return (bundle.on_graph(place) if engine == AUTO and on == "cpu" else None) or bundle.load(place, device=on)


def load_exported(file: str | Path) -> Exported:
    """Return the classifier in a file that `export` wrote: it answers without torch and without its bundle.

    Parameters
    ----------
    file : path
        An ``.onnx`` file.

    Raises
    ------
    BundleError
        If headstart has not written it, or a newer one has.
    EngineError
        If it is damaged.
    """
    from headstart.deliver.onnx.classifier import open_exported

    return open_exported(classifier_folder(file, "file", "load_exported"))


def evaluate(
    source: GivenClassifier,
    data: Data | Pictures,
    *,
    labels: Any = None,
    split: str | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Measure a classifier on labelled pictures: test, else val, else those it was not trained on.

    Parameters
    ----------
    source : path or Model
        A bundle.
    data : path or Table, or pictures
        Classes are matched by name; fewer than the classifier knows are fine, an unknown one is an error. With
        `labels`, pictures as `predict` takes them.
    labels : sequence, (n,), optional
        Of pictures that are given one by one.
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
    from headstart.table import group_ids, tell_findings

    model = source if isinstance(source, Classifier) else _on_network(classifier_folder(source, "source", "evaluate"))
    table, files = _labelled(data, labels, progress)
    tell_findings(table, progress)
    known = set(model.info.trained_on)
    seen = np.array([digest[:16] in known for digest in table.digests], bool)
    name, rows = _rows_to_measure(table, split, seen)
    position = {composed(label): k for k, label in enumerate(model.classes)}
    _check_known({table.classes[k] for k in table.labels[rows]}, position)
    answers, faulty = model.examine([files[row] for row in rows], progress=progress)
    probabilities = answers.probabilities
    read = [int(row) for place, row in enumerate(rows) if place not in faulty]
    if not read:
        raise DataError(f"None of the {len(rows)} pictures can be read.", hint="Check the folder.")
    truth = np.array([position[composed(table.classes[table.labels[row]])] for row in read])
    predicted, groups = probabilities.argmax(axis=1), group_ids(table, read)
    stated = answers.stated(truth, groups=groups)
    absent = tuple(one for k, one in enumerate(model.classes) if k not in truth)
    skipped = list(skipped_records(table.skipped))
    skipped += [Skipped(path=table.paths[int(rows[place])], reason=reason) for place, reason in faulty.items()]
    return Evaluation(
        split=name,
        classes=model.classes,
        trained_on=int(seen[rows].sum()),
        left_out=len(table) - len(rows) if name == "unseen" else 0,
        metrics=changed(
            measure(truth, probabilities, groups=groups),
            calibration=stated.calibration,
            sets=stated.sets,
            none_of_these=stated.none_of_these,
        ),
        confusion=tuple(map(tuple, confusion(truth, predicted, len(model.classes)).tolist())),
        rows=tuple(
            EvaluatedPicture(
                path=table.paths[row],
                label=model.classes[truth[i]],
                predicted=model.classes[predicted[i]],
                probability=float(probabilities[i, predicted[i]]),
            )
            for i, row in enumerate(read)
        ),
        skipped=tuple(skipped),
        unread=len(faulty) + sum(entry.picture for entry in table.skipped),
        warnings=(not_judged(name, absent),) if absent else (),
    )


def _labelled(data: Data | Pictures, labels: Any, progress: Progress | None) -> tuple[Table, list[Given]]:
    """Return the table of labelled pictures, and the pictures themselves, wherever they are."""
    from headstart.pixels.labelled import labels_of, table_of_labelled

    if labels is None:
        table = table_of(cast(Data, data), "evaluate", progress=progress)
        return table, given_pictures([table.file(row) for row in range(len(table))])
    given = given_pictures(cast(Pictures, data))
    return table_of_labelled(given, labels_of(labels, len(given)), split=""), given


def predict(
    source: GivenClassifier,
    pictures: Pictures,
    *,
    grid: Annotated[str | Path | None, GRID] = None,
    engine: str = AUTO,
    progress: Progress | None = None,
) -> Predictions:
    """Classify files, folders, and pictures in memory; what cannot be read is listed with its reason.

    Parameters
    ----------
    source : path or Model
        A bundle.
    pictures : path, bytes, open file, PIL image, uint8 array, or many of them
        See `headstart.pixels.given`; folders are searched for pictures. What has no path is called by its place in
        the answers, such as ``"picture 3 (an array)"``.
    grid : path, optional
        Also draw the pictures with their answers into this PNG file; a grid that stands there is replaced.
    engine : str
        ``"auto"``: the bundle's exported graph where `prepare_engine` has left one, without torch;
        ``"torch"``: the network itself. They differ by at most 1e-5 in a probability.
    """
    check_choice("engine", "predict", engine, ENGINES)
    given = given_pictures(pictures)
    if grid is not None:
        claim(grid, GRID, inputs=[source, *(one.source for one in given if isinstance(one.source, Path))])
    model = source if isinstance(source, Classifier) else opened(classifier_folder(source, "source", "predict"), engine)
    files, skipped = expanded(given)
    try:
        answers, faulty = model.examine(files, progress=progress)
    except EngineError as error:
        if isinstance(source, Classifier) or is_exported(Path(source)):
            raise
        (progress or Silent()).message(f"{error.message} The network itself answers instead.")
        model = bundle.load(source)
        answers, faulty = model.examine(files, progress=progress)
    read = [file for place, file in enumerate(files) if place not in faulty]
    if not read:
        row, reason = next(iter(faulty.items()))
        raise DataError(
            f"None of the {len(files)} pictures can be read; '{files[row].name}': {reason}.", hint="Check the files."
        )
    listed = list(skipped_records(skipped))
    listed += [Skipped(path=files[place].name, reason=reason) for place, reason in faulty.items()]
    rows = tuple(predictions([one.name for one in read], answers, Columns(model.classes)))
    if grid is not None:
        _draw(read, rows, model, Path(grid), progress or Silent())
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


def expanded(given: Sequence[Given]) -> tuple[list[Given], list[Passed]]:
    """Return the pictures with those that lie in folders in the place of these, and what is passed over.

    Paths alone are listed as one. Among other things each has its own place, and one that leads nowhere is passed over.
    """
    if all(isinstance(one.source, Path) for one in given):
        files, skipped = list_pictures([one.name for one in given])
        return [Given(file, number, str(file)) for number, file in enumerate(files, 1)], list(skipped)
    found, passed = list[Given](), list[Passed]()
    for one in given:
        if not isinstance(one.source, Path):
            found.append(one)
            continue
        try:
            files, skipped = list_pictures([one.name])
        except DataError as error:  # alone it would be the end; here the others go on
            passed.append(Passed(one.name, error.message))
            continue
        there = {other.name for other in found}
        found += [Given(file, one.number, str(file)) for file in files if str(file) not in there]
        passed += skipped
    return found, passed


def _draw(
    pictures: Sequence[Given], rows: Sequence[Prediction], model: Classifier, grid: Path, progress: Progress
) -> None:
    """Draw the first pictures with their answers."""
    from headstart.pixels import decode_for
    from headstart.report.grid import Tile, draw_grid

    tiles = [
        Tile(picture=decode_for(one.source, model.preprocessing), caption=caption(row), second=below_caption(row))
        for one, row in zip(pictures[:GRID_LARGEST], rows, strict=False)
    ]
    if len(rows) > GRID_LARGEST:
        progress.message(f"'{grid.name}' shows the first {GRID_LARGEST} pictures of {len(rows):,}.")
    for note in draw_grid(tiles, grid):
        progress.message(note)


def prepare_engine(folder: str | Path, pictures: Pictures, *, progress: Progress | None = None) -> bool:
    """Export a bundle's network, so that from now on `predict` and `load` do without torch for it on this machine.

    The graph lies in the cache. It is compared with the network itself on some of the pictures, and used only if
    no probability differs by more than 1e-5.

    Parameters
    ----------
    folder : path
        A bundle.
    pictures
        As for `predict`.

    Returns
    -------
    bool
        Whether the graph was made now, and agrees.

    Raises
    ------
    BundleError
        If there is no bundle, it is damaged, or another one has taken its place meanwhile.
    """
    place = classifier_folder(folder, "folder", "prepare_engine")
    if is_exported(place) or bundle.tried(place) or not cache_writable():
        return False
    files, _ = expanded(given_pictures(pictures))
    model = bundle.load(place)
    squares = model.squares(files[:PROBES])
    if not squares:
        return False
    (progress or Silent()).message("preparing this classifier so that later predictions are faster (only once) …")
    return bundle.prepare(model, place, squares)


def _on_network(place: Path) -> Classifier:
    """Return the classifier in a bundle on its own network, or an exported file."""
    return load_exported(place) if is_exported(place) else bundle.load(place)


def opened(folder: Path, engine: str) -> Classifier:
    """Return the classifier in a bundle or an exported file, on a graph where `engine` is ``"auto"``.

    Raises
    ------
    ConfigError
        If torch shall answer, and `folder` is an exported file.
    """
    if is_exported(folder):
        if engine != AUTO:
            raise ConfigError(
                f"'{folder}' is an exported file, which holds no network of torch.", hint="Leave out --engine."
            )
        return load_exported(folder)
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
