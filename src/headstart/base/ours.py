"""How headstart knows what it wrote itself: from what a file or a folder says, never from its name alone."""

from __future__ import annotations

from pathlib import Path

from headstart.base.errors import StoreError
from headstart.base.files import read_json, sha256_of_file
from headstart.base.forms import HEAD, form_of, is_drawn
from headstart.base.seals import is_marked_zip, is_remembered, is_sealed, is_sealed_zip

CSV_HEADER = "path,label,probability,set,none_of_these"  # how every table of answers begins, older ones too
GENERATOR = "headstart compare-runs"  # what a page of several runs says of itself
ANSWERING = "headstart export --to web"  # what a page that answers says of itself
ANSWERS_RECORD, ANSWERS_LOCK = "answers.json", ".answers.lock"  # in a folder of answers
FETCHED = ".headstart-fetch.json"  # in a folder of pictures that was fetched
PAGE_HEAD = 1 << 19  # bytes of a page in which it says what it is; the style comes first
REPORT = {"report.html": b'content="headstart ', "report.md": b"\n## How to reproduce it\n"}  # what ours hold
_LOGGED = ("step", "message", "run", "finished")  # what a line of log.jsonl tells of
_LITTER = {".DS_Store", "Thumbs.db", "desktop.ini"}  # of file managers: nobody misses it


def head(path: Path, size: int = HEAD) -> bytes:
    """Return the first bytes of a file."""
    with path.open("rb") as stream:
        return stream.read(size)


def table(path: Path) -> str:
    """Return what stands in the place of a table of answers; empty if it is ours, as of all that follow."""
    begin = head(path, 4 * HEAD).removeprefix(b"\xef\xbb\xbf")
    return "" if begin.startswith(CSV_HEADER.encode()) else form_of(begin[:HEAD]).said


def drawn(path: Path) -> str:
    """Return what stands in the place of a grid of pictures."""
    begin = head(path)
    return "" if is_drawn(begin) else form_of(begin).said


def packed(path: Path) -> str:
    """Return what stands in the place of a packed bundle."""
    return "" if is_marked_zip(path) else form_of(head(path)).said


def page(path: Path) -> str:
    """Return what stands in the place of a page of several runs."""
    begin = head(path, PAGE_HEAD)
    told = (f'content="{GENERATOR}', "headstart · comparisons side by side")  # the second: before it said so
    return "" if any(said.encode() in begin for said in told) else form_of(begin[:HEAD]).said


def answering_page(path: Path) -> str:
    """Return what stands in the place of a page that answers."""
    begin = head(path, PAGE_HEAD)
    return "" if f'content="{ANSWERING}'.encode() in begin else form_of(begin[:HEAD]).said


def in_run(folder: Path) -> str:
    """Return what makes a folder none that `compare` wrote: neither a plan of ours nor what is written before it.

    A plan that cannot be read says nothing; then our log or report beside it must, and whoever reads the plan says so.
    """
    names = {entry.name for entry in folder.iterdir() if not entry.name.startswith(".")}
    plan, results = folder / "plan.json", folder / "results.json"
    if says(plan, "fingerprint") or says(results, "schema", "runs"):
        return ""
    logged = "log.jsonl" in names and is_log(folder / "log.jsonl")
    begun = {"log.jsonl", "split.parquet"} if logged else set[str]()
    told = logged or ("report.md" in names and REPORT["report.md"] in head(folder / "report.md", PAGE_HEAD))
    known = names & {plan.name, results.name}
    if known and told and all(says(folder / name) is None for name in known):
        return ""
    return min(names - begun - _LITTER, default="")


def is_log(file: Path) -> bool:
    """Whether a file begins like the log of a run of ours; its first line may have been cut off."""
    begin = head(file)
    return begin.startswith(b'{"time": ') and any(f'"{key}": '.encode() in begin for key in _LOGGED)


def in_bundle(folder: Path) -> str:
    """Return what is in a folder that would be lost if a bundle took its place.

    Only ``bundle.json`` says that it is ours: everybody's weights are called ``model.safetensors``, beside a README.
    Where it cannot be read, our sealed model card must stand beside it.
    """
    names = {entry.name for entry in folder.iterdir()} - _LITTER
    strange = names - {"bundle.json", "model.safetensors", "README.md"}
    if strange or not names:
        return min(strange, default="")
    said = says(folder / "bundle.json", "format")
    damaged = said is None and "bundle.json" in names and "README.md" in names and is_sealed(folder / "README.md")
    return "" if said or damaged else min(names)


def exported(path: Path) -> str:
    """Return what stands in the place of an exported classifier."""
    begin = head(path)
    return "" if b"\x12\x09headstart" in begin else form_of(begin).said  # who made it, as ONNX writes it


def proof(path: Path) -> str:
    """Return what stands in the place of the proof beside it."""
    return "" if says(path, "facts", "on_squares") else form_of(head(path)).said


def card(path: Path) -> str:
    """Return what stands in the place of the card beside it."""
    return "" if is_sealed(path) else form_of(head(path)).said


def edited_export(path: Path) -> Path | None:
    """Return an exported file that is not the one of which the proof beside it tells."""
    try:
        told = read_json(path.with_suffix(".parity.json"))
    except StoreError:
        return path
    return None if isinstance(told, dict) and told.get("sha256") == sha256_of_file(path) else path


def edited_table(path: Path) -> Path | None:
    """Return a table of which the cache knows no checksum."""
    return None if is_remembered(path) else path


def edited_file(path: Path) -> Path | None:
    """Return a file that is not as it was sealed."""
    return None if not path.is_file() or is_sealed(path) else path


def edited_zip(path: Path) -> Path | None:
    """Return a packed bundle that is not as it was sealed."""
    return None if is_sealed_zip(path) else path


def edited_card(folder: Path) -> Path | None:
    """Return the model card of a bundle, if it is not as it was sealed."""
    return edited_file(folder / "README.md")


def in_answers(folder: Path) -> str:
    """Return what is in a folder that holds no answers of ours."""
    names = {entry.name for entry in folder.iterdir() if not entry.name.startswith(".")} - _LITTER
    return "" if says(folder / ANSWERS_RECORD, "classifier", "form") else min(names, default="")


def in_fetched(folder: Path) -> str:
    """Return what is in a folder that holds no fetched set of pictures."""
    names = {entry.name for entry in folder.iterdir()} - _LITTER
    return "" if says(folder / FETCHED, "url") else min(names, default="")


def says(file: Path, *keys: str) -> bool | None:
    """Whether a file is a JSON object with all of these keys; None where it is missing or no JSON."""
    try:
        content = read_json(file)
    except StoreError:
        return None
    return isinstance(content, dict) and all(key in content for key in keys)
