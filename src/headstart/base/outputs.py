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

from headstart.base.errors import ConfigError, StoreError
from headstart.base.files import check_writable, read_json, sha256_of_file
from headstart.base.forms import HEAD, form_of, is_drawn
from headstart.base.seals import is_marked_zip, is_remembered, is_sealed, is_sealed_zip

CSV_HEADER = "path,label,probability,set,none_of_these"  # how every table of answers begins, older ones too
GENERATOR = "headstart compare-runs"  # what a page of several runs says of itself
FETCHED = ".headstart-fetch.json"  # in a folder of pictures that was fetched
_PAGE_HEAD = 1 << 19  # bytes of a page in which it says what it is; the style comes first
_FILE_NAMES = (  # what no folder is called
    *(".7z", ".bz2", ".csv", ".gz", ".html", ".jpeg", ".jpg", ".json", ".md", ".onnx", ".parquet", ".pdf", ".pkl"),
    *(".png", ".pt", ".pth", ".rar", ".safetensors", ".tar", ".tgz", ".toml", ".tsv", ".txt", ".xlsx", ".xz", ".zip"),
)
_REPORT = {"report.html": b'content="headstart ', "report.md": b"\n## How to reproduce it\n"}  # what ours hold
_DEVICE = re.compile("/(dev/(?!shm/)|proc/)")  # such as /dev/stdout, whose place a file must not take
_LOGGED = ("step", "message", "run", "finished")  # what a line of log.jsonl tells of
_LITTER = {".DS_Store", "Thumbs.db", "desktop.ini"}  # of file managers: nobody misses it


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
    elif path.is_file() and form_of(_head(path)).picture:
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


# ------------------------------------------------------------------------------------------ what is ours


def claim_report(folder: Path) -> None:
    """Refuse to write a report over a file of the same name where a folder is not known to be a run folder.

    Raises
    ------
    ConfigError
        It names the file.
    """
    if (folder / "plan.json").is_file():
        return
    for name, ours in _REPORT.items():
        place = folder / name
        if place.is_file() and ours not in _head(place, _PAGE_HEAD):
            raise ConfigError(
                f"'{place}' was not written by headstart. Nothing was changed.",
                hint="Move that file away, or copy the whole run folder with its plan.json.",
            )


def _head(path: Path, size: int = HEAD) -> bytes:
    with path.open("rb") as stream:
        return stream.read(size)


def _table(path: Path) -> str:
    begin = _head(path, 4 * HEAD).removeprefix(b"\xef\xbb\xbf")
    return "" if begin.startswith(CSV_HEADER.encode()) else form_of(begin[:HEAD]).said


def _drawn(path: Path) -> str:
    begin = _head(path)
    return "" if is_drawn(begin) else form_of(begin).said


def _packed(path: Path) -> str:
    return "" if is_marked_zip(path) else form_of(_head(path)).said


def _page(path: Path) -> str:
    begin = _head(path, _PAGE_HEAD)
    ours = (f'content="{GENERATOR}', "headstart · comparisons side by side")  # the second: before it said so
    return "" if any(said.encode() in begin for said in ours) else form_of(begin[:HEAD]).said


def _in_run(folder: Path) -> str:
    """Return what makes a folder none that `compare` wrote: neither a plan of ours nor what is written before it.

    A plan that cannot be read says nothing; then our log or report beside it must, and whoever reads the plan says so.
    """
    names = {entry.name for entry in folder.iterdir() if not entry.name.startswith(".")}
    plan, results = folder / "plan.json", folder / "results.json"
    if _says(plan, "fingerprint") or _says(results, "schema", "runs"):
        return ""
    logged = "log.jsonl" in names and _is_log(folder / "log.jsonl")
    begun = {"log.jsonl", "split.parquet"} if logged else set[str]()
    told = logged or ("report.md" in names and _REPORT["report.md"] in _head(folder / "report.md", _PAGE_HEAD))
    known = names & {plan.name, results.name}
    if known and told and all(_says(folder / name) is None for name in known):
        return ""
    return min(names - begun - _LITTER, default="")


def _is_log(file: Path) -> bool:
    """Whether a file begins like the log of a run of ours; its first line may have been cut off."""
    begin = _head(file)
    return begin.startswith(b'{"time": ') and any(f'"{key}": '.encode() in begin for key in _LOGGED)


def _in_bundle(folder: Path) -> str:
    """Return what is in a folder that would be lost if a bundle took its place.

    Only ``bundle.json`` says that it is ours: everybody's weights are called ``model.safetensors``, beside a README.
    Where it cannot be read, our sealed model card must stand beside it.
    """
    names = {entry.name for entry in folder.iterdir()} - _LITTER
    strange = names - {"bundle.json", "model.safetensors", "README.md"}
    if strange or not names:
        return min(strange, default="")
    said = _says(folder / "bundle.json", "format")
    damaged = said is None and "bundle.json" in names and "README.md" in names and is_sealed(folder / "README.md")
    return "" if said or damaged else min(names)


def _exported(path: Path) -> str:
    begin = _head(path)
    return "" if b"\x12\x09headstart" in begin else form_of(begin).said  # who made it, as ONNX writes it


def _proof(path: Path) -> str:
    return "" if _says(path, "facts", "on_squares") else form_of(_head(path)).said


def _card(path: Path) -> str:
    return "" if is_sealed(path) else form_of(_head(path)).said


def _edited_export(path: Path) -> Path | None:
    """Return an exported file that is not the one of which the proof beside it tells."""
    try:
        told = read_json(path.with_suffix(".parity.json"))
    except StoreError:
        return path
    return None if isinstance(told, dict) and told.get("sha256") == sha256_of_file(path) else path


def _edited_table(path: Path) -> Path | None:
    return None if is_remembered(path) else path


def _edited_file(path: Path) -> Path | None:
    return None if not path.is_file() or is_sealed(path) else path


def _edited_zip(path: Path) -> Path | None:
    return None if is_sealed_zip(path) else path


def _edited_card(folder: Path) -> Path | None:
    return _edited_file(folder / "README.md")


def _in_fetched(folder: Path) -> str:
    names = {entry.name for entry in folder.iterdir()} - _LITTER
    return "" if _says(folder / FETCHED, "url") else min(names, default="")


def _says(file: Path, *keys: str) -> bool | None:
    """Whether a file is a JSON object with all of these keys; None where it is missing or no JSON."""
    try:
        content = read_json(file)
    except StoreError:
        return None
    return isinstance(content, dict) and all(key in content for key in keys)


CSV = Output(
    option="--csv",
    what="a table of answers",
    example="answers.csv",
    foreign=_table,
    edited=_edited_table,
    suffix=".csv",
)
GRID = Output(
    option="--grid",
    python="grid",
    what="a grid of pictures",
    example="grid.png",
    foreign=_drawn,
    edited=_edited_file,
    suffix=".png",
)
LOOK = replace(GRID, usual="look.png")
PAGE = Output(
    option="--page",
    python="page",
    what="a page",
    example="runs.html",
    foreign=_page,
    edited=_edited_file,
    suffix=".html",
)
RUN = Output(option="--out", python="out", what="a run folder", example="photos.run", foreign=_in_run, folder=True)
BUNDLE = Output(
    option="--out",
    python="out",
    what="a bundle",
    example="birds.bundle",
    foreign=_in_bundle,
    edited=_edited_card,
    folder=True,
    whole=True,
)
ONNX = Output(
    option="--out",
    python="out",
    what="an exported classifier",
    example="birds.onnx",
    foreign=_exported,
    edited=_edited_export,
    suffix=".onnx",
)
ONNX_PROOF = replace(
    ONNX, what="the proof beside it", example="birds.parity.json", foreign=_proof, edited=None, suffix=".json"
)
ONNX_CARD = replace(ONNX, what="the card beside it", example="birds.card.md", foreign=_card, edited=None, suffix=".md")
PACKED = Output(
    option="--out",
    python="out",
    what="a packed bundle",
    example="birds.zip",
    foreign=_packed,
    edited=_edited_zip,
    suffix=".zip",
)
PICTURES = Output(
    option="--to",
    python="target",
    what="a fetched set of pictures",
    example="photos",
    foreign=_in_fetched,
    folder=True,
    whole=True,
)
