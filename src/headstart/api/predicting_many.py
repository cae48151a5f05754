"""Answers for many pictures, into a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated

from headstart import bundle
from headstart.api.arguments import classifier_folder, is_exported
from headstart.api.predicting import AUTO, ENGINES, PROBES, opened, prepare_engine
from headstart.base.errors import ConfigError, DataError, HeadstartError
from headstart.base.files import sha256_of_file
from headstart.base.outputs import ANSWERS, claim
from headstart.base.params import check_choice
from headstart.base.version import __version__
from headstart.deliver import answers
from headstart.deliver.answers import Answering, Asked, Listed, PassedOver, Shards, Watch
from headstart.records.answer_tables import Columns, Row
from headstart.records.answers import FORMS, Answered, AnswersAsked, Form, Prediction
from headstart.records.progress import Progress, Silent
from headstart.table.kinds import PICTURE_FORMS
from headstart.table.listing import missing_path
from headstart.table.paths import check_list
from headstart.table.places import given_path
from headstart.words.answers import arrived
from headstart.words.skipped import by_kind

_ROWS = 10_000
_WORTH = 200  # pictures, from which on preparing a faster engine is made up for


def predict_many(
    source: str | Path,
    pictures: Sequence[str | Path] | str | Path = (),
    *,
    lists: Sequence[str | Path] = (),
    stream: Iterable[str] | None = None,
    watch: str | Path | None = None,
    out: Annotated[str | Path, ANSWERS],
    form: Form = "csv",
    every_class: bool = False,
    mark: bool = False,
    rows: int = _ROWS,
    engine: str = AUTO,
    progress: Progress | None = None,
) -> Answered:
    """Classify any number of pictures into a folder: rows are written as they come, and each file has one row.

    Memory holds some hundred pictures and the names of the others. Called again after whatever has ended it, it goes
    on: a file that has its row is not read again.

    Parameters
    ----------
    source : path
        A bundle.
    pictures : path or sequence of paths
        Files, and folders, which are read however deep they go.
    lists : sequence of paths
        Files that name pictures: text with one path a line (or a null byte after each), or CSV, TSV or Parquet with a
        column ``path``. Relative paths are relative to the list's folder.
    stream : iterable of str, optional
        Paths that come from elsewhere, relative to the current folder.
    watch : path, optional
        A folder whose files are answered as they arrive, until KeyboardInterrupt, after which this returns.
    out : path
        The folder: new, empty, or with answers of the same classifier to the same question.
    form : str
        ``"csv"``, ``"jsonl"`` (one answer a line) or ``"parquet"``.
    every_class : bool
        Tell the probability of every class; else of the five most probable ones where there are more than 50.
    mark : bool
        Begin each CSV with a byte order mark, by which Excel knows that it is UTF-8.
    rows : int
        Most rows of a file.
    engine : str
        As for `predict`.

    Returns
    -------
    Answered
        How many, how many of them could not be read, and which files were written.

    Raises
    ------
    ConfigError
        If something else stands at `out`, or answers to another question.
    DataError
        If nothing is there to be answered.
    StoreError
        If another process writes into `out`, or the disk is full.
    """
    check_choice("engine", "predict_many", engine, ENGINES)
    check_choice("form", "predict_many", form, FORMS)
    place, folder = classifier_folder(source, "source", "predict_many"), Path(out)
    named = [pictures] if isinstance(pictures, str | os.PathLike) else list(pictures)
    asked = Asked(
        pictures=tuple(os.fspath(each) for each in named),
        lists=tuple(map(Path, lists)),
        stream=stream,
        watched=None if watch is None else Path(watch),
    )
    claim(folder, ANSWERS, inputs=[place, *named, *lists])
    _check(asked)
    model = opened(place, engine)
    columns = Columns.usual(model.classes, every=every_class)
    record = AnswersAsked(
        schema=answers.SCHEMA,
        headstart=__version__,
        classifier=_fingerprint(place),
        bundle=place.name,
        form=form,
        top=columns.top,
        mark=mark and form == "csv",
        asked=asked.named(),
        where="" if asked.is_absolute else answers.current_folder(folder),
    )
    with answers.opened(folder, record, columns, rows=rows) as shards, PassedOver(folder) as passed:
        work = Answering(
            model,
            columns,
            shards,
            passed,
            instead=None if is_exported(place) else lambda: bundle.load(place),
            progress=progress or Silent(),
        )
        _do(asked, work, lambda files: _quicken(work, place, engine, files))
    return _answered(folder, work)


def _check(asked: Asked) -> None:
    """Refuse what cannot be answered, before a classifier is loaded or a folder made."""
    if asked.watched is not None:
        if asked.pictures or asked.lists or asked.stream is not None:
            raise ConfigError(
                "With --watch nothing else can be named.",
                hint="Answer the other pictures with a command of their own, into another folder.",
            )
        if not asked.watched.is_dir():
            raise (
                missing_path(asked.watched)
                if not asked.watched.exists()
                else ConfigError(
                    f"'{asked.watched}' is a file; --watch needs a folder.",
                    hint="Name the folder in which files arrive.",
                )
            )
    elif not (asked.pictures or asked.lists or asked.stream is not None):
        raise ConfigError("No picture was named.", hint="Name pictures, folders, a list (--list FILE), or - for stdin.")
    if asked.is_one_path and not os.path.lexists(given_path(asked.pictures[0])):
        raise missing_path(given_path(asked.pictures[0]))
    for file in asked.lists:
        check_list(file)


def _do(asked: Asked, work: Answering, quicken: Callable[[list[str]], object]) -> None:
    """Answer what was asked for; `quicken` is given some pictures by which to prepare for many more."""
    if asked.watched is not None:
        _watch(asked.watched, work, quicken)
        return
    with work.progress.step("list files", 1):
        listed = Listed.of(asked, work.passed.add)
    if len(listed) - len(work.shards.seen) >= _WORTH:
        quicken([entry.place for entry in islice(listed, PROBES)])
    work.all_of(listed)
    work.tell()
    if not (work.shards.before or work.shards.written):
        named = ", ".join(f"'{each}'" for each in [*asked.pictures, *map(str, asked.lists)][:3]) or "stdin"
        lies = by_kind(work.passed.counts.elements())
        hint = f"Pictures are {PICTURE_FORMS} files." + (f" What lies there: {lies}." if lies else "")
        raise DataError(f"There is no picture in {named}.", hint=hint)


def _watch(folder: Path, work: Answering, quicken: Callable[[list[str]], object]) -> None:
    """Answer what arrives in a folder, and say each answer."""
    told = work.progress.message
    told(f"Watching '{folder}'. Answers go to '{work.shards.folder}'. Ctrl-C ends it.")
    slow = True

    def tell(rows: list[Row]) -> None:
        nonlocal slow
        for row in rows:
            told(arrived(row))
        read = [row.path for row in rows if isinstance(row, Prediction)][:PROBES]
        if slow and read:
            slow = False
            quicken(read)

    Watch(folder, work, told=tell).until_stopped()


def _quicken(work: Answering, place: Path, engine: str, files: list[str]) -> None:
    """Let the exported network answer from now on, which is several times as fast; it is made if need be."""
    if engine != AUTO or not files or is_exported(place):  # which is a graph already
        return
    try:
        if not bundle.tried(place) and prepare_engine(place, files, progress=work.progress):
            work.use(opened(place, engine))
    except HeadstartError as error:  # such as a cache that cannot be written: the network itself answers
        work.progress.message(f"Answers will come no faster: {error.message}")


def _answered(folder: Path, work: Answering) -> Answered:
    shards: Shards = work.shards
    return Answered(
        folder=str(folder),
        pictures=shards.written,
        unread=shards.unread,
        before=shards.before,
        repeated=work.repeated,
        passed=dict(work.passed.counts),
        files=tuple(shards.files),
        examples=tuple(work.examples),
    )


def _fingerprint(place: Path) -> str:
    """Return what tells one classifier from another."""
    return sha256_of_file(place) if is_exported(place) else bundle.fingerprint_of(place)
