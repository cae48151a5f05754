"""What a user names to be written: claimed before the work, so that nothing is lost which headstart did not write.

Every option and parameter that names an output is marked with an `Output`, which knows what of it is ours. `claim`
refuses everything else that stands there, and what was changed since we wrote it (`headstart.base.seals`). A new form
of output is a row here; tests find every mark and try it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from headstart.base import ours
from headstart.base.errors import ConfigError
from headstart.base.files import check_writable
from headstart.base.forms import form_of

_FILE_NAMES = (  # what no folder is called
    *(".7z", ".bz2", ".csv", ".gz", ".html", ".jpeg", ".jpg", ".json", ".md", ".onnx", ".parquet", ".pdf", ".pkl"),
    *(".png", ".pt", ".pth", ".rar", ".safetensors", ".tar", ".tgz", ".toml", ".tsv", ".txt", ".xlsx", ".xz", ".zip"),
)
_DEVICE = re.compile("/(dev/(?!shm/)|proc/)")  # such as /dev/stdout, whose place a file must not take


@dataclass(frozen=True)
class Input:
    """Marks an option or a parameter that names something to be read."""


@dataclass(frozen=True, kw_only=True)
class Output:
    """Marks an option or a parameter that names something to be written.

    Parameters
    ----------
    option : str
        How it is typed, such as ``"--csv"``.
    what : str
        What it becomes, such as ``"a table of answers"``.
    example : str
        A name that would do.
    foreign : callable
        Returns what stands at a path that headstart did not write, in a few words; empty where there is nothing.
    edited : callable, optional
        Returns the file of ours at a path that somebody has changed since, and that would be lost.
    usual : str
        What it is called where no name is typed.
    folder : bool
        Whether it becomes a folder.
    whole : bool
        Whether a folder that is ours is replaced as a whole, so that nothing else may be in it.
    python : str
        The parameter that names it in Python; empty where there is none.
    suffix : str
        What its name must end in.
    """

    option: str
    what: str
    example: str
    foreign: Callable[[Path], str]
    edited: Callable[[Path], Path | None] | None = None
    usual: str = ""
    folder: bool = False
    whole: bool = False
    python: str = ""
    suffix: str = ""

    @property
    def typed(self) -> str:
        """Its name on the command line and in Python."""
        return f"{self.option} ({self.python}= in Python)" if self.python else self.option


READ = Input()


def claim(place: str | Path, output: Output, *, inputs: Iterable[object] = ()) -> Path:
    """Return `place` if `output` can be written there without a loss, before the work; nothing is changed.

    Parameters
    ----------
    place : path
    output : Output
    inputs : iterable
        What is read for it; what is no path is passed over.

    Raises
    ------
    ConfigError
        If something stands there that headstart did not write or that was changed since, if it is an input, or if no
        such thing can be there.
    StoreError
        If it cannot be written.
    """
    path = Path(place)
    if output.folder:
        _check_folder(path, output)
    else:
        _check_file(path, output)
    for given in inputs:
        if isinstance(given, str | os.PathLike) and _would_go(Path(given), path, output):
            raise ConfigError(
                f"'{path}' would be replaced, but '{given}' is to be read for it. Nothing was changed.",
                hint=f"Choose another place with {output.typed}, e.g. {output.example}.",
            )
    return path


def _check_folder(path: Path, output: Output) -> None:
    if output.whole and path.name in ("", ".."):
        raise ConfigError(
            f"'{path}' cannot be the name of {output.what}.", hint=f"Give it a name of its own, e.g. {output.example}."
        )
    if path.is_symlink() and not path.exists():
        raise ConfigError(f"'{path}' is a link that leads nowhere.", hint=f"Choose another place with {output.typed}.")
    if path.exists() and not path.is_dir():
        raise _refused(path, f"'{path}' is a file, and {output.what} is a folder.", output)
    if not path.exists() and path.suffix.lower() in _FILE_NAMES:
        raise _misnamed(path, output, f"is {output.what}, which is a folder and cannot end in {path.suffix}")
    if path.is_dir() and (found := _foreign(path, output)):
        told = f"it holds '{found}', which headstart did not write"
        raise _refused(path, f"'{path}' exists and is not {output.what}: {told}.", output)
    if path.is_dir():
        _check_edited(path, output)
    check_writable(path.resolve() if output.whole or not path.exists() else path / "plan.json")


def _check_file(path: Path, output: Output) -> None:
    device = str(path) == "-" or _DEVICE.match(path.absolute().as_posix()) or (path.exists() and not path.is_file())
    if not path.name or path.is_dir() or device:
        kind = "a folder" if not path.name or path.is_dir() else "no name of a file"
        raise ConfigError(f"'{path}' is {kind}.", hint=f"Give {output.option} a file name, e.g. {output.example}.")
    standing = path.is_file() and path.stat().st_size > 0
    if standing and (found := _foreign(path, output)):
        raise _refused(path, f"'{path}' exists and is {found}, which headstart did not write.", output)
    if path.suffix.lower() != output.suffix:
        raise _misnamed(path, output, f"must end in {output.suffix}")
    if standing:
        _check_edited(path, output)
    check_writable(path)


def _check_edited(path: Path, output: Output) -> None:
    """Refuse what is ours and may have been changed since; what an older headstart wrote bears no checksum."""
    try:
        edited = None if output.edited is None else output.edited(path)
    except OSError:
        edited = path
    if edited is not None:
        what = f"'{edited}' was changed since headstart wrote it, or nothing is left to show that it was not."
        raise _refused(path, what, output)


def _misnamed(path: Path, output: Output, why: str) -> ConfigError:
    kind = "folder" if output.folder else "file"
    return ConfigError(
        f"The {output.option} {kind} {why}. Got '{path}'. Nothing was changed.",
        hint=f"Give a name such as {output.example}.",
    )


def _foreign(path: Path, output: Output) -> str:
    """Return what stands at `path` that is not ours; what cannot be looked at is not."""
    try:
        return output.foreign(path)
    except OSError:
        return "something that cannot be read"


def _refused(path: Path, what: str, output: Output) -> ConfigError:
    """Return the error for a place that is taken; of a picture it says how it came there."""
    example = Path(output.example)
    if path.name == example.name:
        example = example.with_stem(f"{example.stem}-2")
    hint = f"Choose another name with {output.typed}, e.g. {example}, or move away what is there."
    if output.usual and str(path) == output.usual:
        hint = f"It is the name that is used where none is typed. Give another one, e.g. {output.option} {example}."
    elif path.is_file() and form_of(ours.head(path)).picture:
        others = path.with_name(f"*{path.suffix}")
        hint = (
            f"The shell puts the first file in the place of {output.option} where it stands before a *. "
            f"Give it a name of its own: {output.option} {output.example} {others}"
        )
    return ConfigError(f"{what} Nothing was changed.", hint=hint)


def _would_go(given: Path, path: Path, output: Output) -> bool:
    """Whether `given` is the file to be written, by whatever name, or lies in the folder that is replaced."""
    with suppress(OSError, ValueError):
        if given.exists() and path.exists() and given.samefile(path):
            return not output.folder or output.whole
        return output.whole and path.is_dir() and path.resolve() in given.resolve().parents
    return False


def claim_report(folder: Path) -> None:
    """Refuse to write a report over a file of the same name where a folder is not known to be a run folder.

    Raises
    ------
    ConfigError
        It names the file.
    """
    if (folder / "plan.json").is_file():
        return
    for name, mark in ours.REPORT.items():
        place = folder / name
        if place.is_file() and mark not in ours.head(place, ours.PAGE_HEAD):
            raise ConfigError(
                f"'{place}' was not written by headstart. Nothing was changed.",
                hint="Move that file away, or copy the whole run folder with its plan.json.",
            )


CSV = Output(
    option="--csv",
    what="a table of answers",
    example="answers.csv",
    foreign=ours.table,
    edited=ours.edited_table,
    suffix=".csv",
)
GRID = Output(
    option="--grid",
    python="grid",
    what="a grid of pictures",
    example="grid.png",
    foreign=ours.drawn,
    edited=ours.edited_file,
    suffix=".png",
)
LOOK = replace(GRID, usual="look.png")
PAGE = Output(
    option="--page",
    python="page",
    what="a page",
    example="runs.html",
    foreign=ours.page,
    edited=ours.edited_file,
    suffix=".html",
)
RUN = Output(option="--out", python="out", what="a run folder", example="photos.run", foreign=ours.in_run, folder=True)
BUNDLE = Output(
    option="--out",
    python="out",
    what="a bundle",
    example="birds.bundle",
    foreign=ours.in_bundle,
    edited=ours.edited_card,
    folder=True,
    whole=True,
)
WEB = Output(
    option="--out",
    python="out",
    what="a page that answers",
    example="birds.html",
    foreign=ours.answering_page,
    edited=ours.edited_file,
    suffix=".html",
)
ONNX = Output(
    option="--out",
    python="out",
    what="an exported classifier",
    example="birds.onnx",
    foreign=ours.exported,
    edited=ours.edited_export,
    suffix=".onnx",
)
ONNX_PROOF = replace(
    ONNX, what="the proof beside it", example="birds.parity.json", foreign=ours.proof, edited=None, suffix=".json"
)
ONNX_CARD = replace(
    ONNX, what="the card beside it", example="birds.card.md", foreign=ours.card, edited=None, suffix=".md"
)
PACKED = Output(
    option="--out",
    python="out",
    what="a packed bundle",
    example="birds.zip",
    foreign=ours.packed,
    edited=ours.edited_zip,
    suffix=".zip",
)
PICTURES = Output(
    option="--to",
    python="target",
    what="a fetched set of pictures",
    example="photos",
    foreign=ours.in_fetched,
    folder=True,
    whole=True,
)
ANSWERS = Output(
    option="--out",
    python="out",
    what="a folder of answers",
    example="answers",
    foreign=ours.in_answers,
    folder=True,
)
