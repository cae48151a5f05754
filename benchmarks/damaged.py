"""Damage every value of a run folder and a bundle, one at a time, and count what the commands say to it.

    python benchmarks/damaged.py CHECKOUT [--every 1] [--only results.json] [--show 20]

Makes a small comparison with CHECKOUT's own code, then changes one thing at a time: every key of every JSON file gets
values of other types, values out of any range and hostile texts, is deleted or doubled; lists change their lengths;
files are cut, emptied, replaced by folders, pipes and endless devices. After each change the commands that read the
file run in this process. Prints how many tries there were, and how many ended in a bug, did not end within seconds, or
brought a hostile text to report.md, report.html or the terminal.
"""

from __future__ import annotations

import argparse
import collections
import copy
import faulthandler
import html.parser
import importlib
import json
import math
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

SECONDS = 60  # a command that takes longer hangs
MEMORY = 16 << 30
FINISHED = "finished"
SCRIPT = "<script>alert(1)</script>\"'](javascript:alert(1)) | qcell | b |\n# qheading\n\n- x `y` ![i](x://y) <qtag>"
SIGNS = '\x1b[2J\x1b]0;x\x07\x00\u202e=HYPERLINK("http://x")\x9b\u2028\udcff'
PATH = "../../../../../../etc/passwd"
OTHERS: tuple[Any, ...] = (
    None, "text", "", -1, 0, 1.5, 1e308, -1e308, math.nan, math.inf, 10**30, 10**9, True, [], {}, "x" * 100_000, [[]],
)  # fmt: skip
HOSTILE = (SCRIPT, SIGNS, PATH)
Place = tuple[str | int, ...]
Change = tuple[str, Callable[[Path], None]]  # what it is, and how it is done to the file


class Hang(BaseException):
    """A command did not end in time."""


# ------------------------------------------------------------------------------------------- what is changed


def places(value: Any) -> Iterator[Place]:
    """Yield the places of all values; of the entries of a list that have the same keys the first."""
    met: set[Place] = set()
    for place in _all_places(value, ()):
        kind = tuple("*" if isinstance(key, int) else key for key in place)
        if kind not in met:
            met.add(kind)
            yield place


def _all_places(value: Any, at: Place) -> Iterator[Place]:
    if at:
        yield at
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from _all_places(value[key], (*at, key))


def at_place(content: Any, place: Place) -> Any:
    for key in place:
        content = content[key]
    return content


def changed(content: Any, place: Place, value: Any) -> Any:
    found = copy.deepcopy(content)
    at_place(found, place[:-1])[place[-1]] = value
    return found


def without(content: Any, place: Place) -> Any:
    found = copy.deepcopy(content)
    del at_place(found, place[:-1])[place[-1]]
    return found


def renamed(value: Any, old: str, new: str) -> Any:
    """Return content in which a text is another one wherever it stands, as a key too."""
    if isinstance(value, dict):
        return {new if key == old else key: renamed(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [renamed(item, old, new) for item in value]
    return new if value == old and isinstance(value, str) else value


def texts(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(texts, value.values()))
    if isinstance(value, list):
        return set[str]().union(*map(texts, value))
    return {value} if isinstance(value, str) else set()


def told(place: Place) -> str:
    return ".".join(map(str, place))


def other_lengths(value: Any) -> list[tuple[str, list[Any]]]:
    """Return what a list can become with the same entries."""
    if not isinstance(value, list) or not value:
        return []
    return [
        ("doubled", value * 2),
        ("a last one more", [*value, value[-1]]),
        ("without the last", value[:-1]),
        ("a thousandfold", value * 1000),
        ("in reverse", value[::-1]),
    ]


def json_changes(content: Any) -> Iterator[tuple[str, Any]]:
    """Yield what was changed and the content that came of it."""
    for place in places(content):
        value, name = at_place(content, place), told(place)
        for other in OTHERS:
            if type(other) is not type(value) or other != value:
                yield f"{name} = {repr(other)[:40]}", changed(content, place, other)
        yield f"{name} deleted", without(content, place)
        if isinstance(value, str):
            for hostile in HOSTILE:
                yield f"{name} hostile {HOSTILE.index(hostile)}", changed(content, place, hostile)
        if isinstance(value, dict):
            yield f"{name} with another key", changed(content, place, {**value, "added": 1})
            if value:
                key = next(iter(value))
                for hostile in HOSTILE:
                    yield f"{name} with a hostile key", changed(content, place, {**value, hostile: value[key]})
        yield from ((f"{name} {what}", changed(content, place, other)) for what, other in other_lengths(value))
    for text in sorted(texts(content)):
        for hostile in HOSTILE[:2]:
            yield f"every {text[:40]!r} renamed {HOSTILE.index(hostile)}", renamed(content, text, hostile)


def json_file_changes(file: Path) -> Iterator[Change]:
    content = json.loads(file.read_text(encoding="utf-8"))
    for what, found in json_changes(content):
        yield what, lambda place, found=found: place.write_text(json.dumps(found), encoding="utf-8")  # type: ignore[misc]
    raw = file.read_text(encoding="utf-8")
    for what, text in (
        ("a key twice", raw.replace("{", '{"schema": 9, "format": 9, ', 1) + " "),
        ("deep nesting", "[" * 200_000),
        ("a number of many digits", raw.replace(": 1", ": " + "1" * 5000, 1)),
        ("with a byte order mark", "\ufeff" + raw),
    ):
        yield what, lambda place, text=text: place.write_text(text, encoding="utf-8")  # type: ignore[misc]


def _done(_: object) -> None:
    pass


def file_changes(_: Path) -> Iterator[Change]:
    """Yield what any file can have become."""

    def instead(make: Callable[[Path], object]) -> Callable[[Path], None]:
        def change(place: Path) -> None:
            place.unlink()
            make(place)

        return change

    yield "empty", lambda place: _done(place.write_bytes(b""))
    yield "no UTF-8", lambda place: _done(place.write_bytes(b"\xff\xfe\x00\x80" * 50))
    yield "cut in half", lambda place: _done(place.write_bytes(place.read_bytes()[: place.stat().st_size // 2]))
    yield "zeros", lambda place: _done(place.write_bytes(bytes(place.stat().st_size)))
    yield "gone", lambda place: place.unlink()
    yield "a folder", instead(lambda place: place.mkdir())
    yield "a pipe", instead(os.mkfifo)
    yield "an endless device", instead(lambda place: place.symlink_to("/dev/zero"))
    yield "a link to itself", instead(lambda place: place.symlink_to(place.name))


def parquet_changes(file: Path) -> Iterator[Change]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(file)

    def write(found: Any) -> Callable[[Path], None]:
        return lambda place: pq.write_table(found, place)

    rows = table.num_rows
    for at, name in enumerate(table.column_names):
        yield f"without {name}", write(table.drop_columns([name]))
        for what, values in (
            ("text", ["x"] * rows), ("nothing", [None] * rows), ("nan", [math.nan] * rows), ("whole", [7] * rows),
            ("huge", [1e308] * rows), ("infinite", [math.inf] * rows), ("below", [-0.5] * rows),
            ("lists", [[1.0]] * rows), ("truth", [True] * rows), ("bytes", [b"\xff\x00"] * rows),
            ("outside", [PATH] * rows), ("script", [SCRIPT] * rows), ("signs", [SIGNS[:-1]] * rows),
        ):  # fmt: skip
            yield f"{name} {what}", write(table.set_column(at, name, pa.array(values)))
        some = [None, *table.column(name).to_pylist()[1:]]
        yield f"{name} first missing", write(table.set_column(at, name, pa.array(some)))
        again = pa.table([*table.columns, table.column(name)], names=[*table.column_names, name])
        yield f"{name} twice", write(again)
    for what, found in (
        ("no rows", table.slice(0, 0)), ("one row", table.slice(0, 1)), ("without the last", table.slice(0, rows - 1)),
        ("every row twice", pa.concat_tables([table, table])), ("no columns", table.select([])),
    ):  # fmt: skip
        yield what, write(found)


def tensor_changes(file: Path) -> Iterator[Change]:
    from safetensors.numpy import load_file, save_file

    tensors = load_file(file)

    def write(found: dict[str, Any]) -> Callable[[Path], None]:
        def change(place: Path) -> None:
            place.unlink()  # the copies of a bundle share their tensors
            save_file({name: np.ascontiguousarray(value) for name, value in found.items()}, place)
            manifest = place.with_name("bundle.json")
            if manifest.is_file():  # as somebody would who means it
                import hashlib

                content = json.loads(manifest.read_text(encoding="utf-8"))
                content["sha256"] = hashlib.sha256(place.read_bytes()).hexdigest()
                manifest.write_text(json.dumps(content), encoding="utf-8")

        return change

    names = [name for name in tensors if not name.startswith("network.")]
    for name in [*names, *[name for name in tensors if name.startswith("network.")][:2]]:
        value = tensors[name]
        yield f"without {name}", write({key: item for key, item in tensors.items() if key != name})
        for what, other in (
            ("nan", np.full_like(value, np.nan, np.float32)), ("whole", value.astype(np.int64)),
            ("one axis more", value[None]), ("no rows", value[:0] if value.ndim else value[None][:0]),
            ("half of it", value[: len(value) // 2] if value.ndim else value), ("flat", value.reshape(-1)),
            ("bytes", value.astype(np.uint8)), ("doubled", np.concatenate([value, value]) if value.ndim else value),
            ("huge", np.full_like(value, 1e38, np.float32)), ("doubles", value.astype(np.float64)),
        ):  # fmt: skip
            yield f"{name} {what}", write({**tensors, name: other})
    yield "another one", write({**tensors, "added": np.zeros(3, np.float32)})


def changes_of(file: Path) -> Iterator[Change]:
    """Yield all that is done to a file."""
    yield from file_changes(file)
    kinds = {".json": json_file_changes, ".parquet": parquet_changes, ".safetensors": tensor_changes}
    if file.suffix in kinds:
        yield from kinds[file.suffix](file)


# ----------------------------------------------------------------------------------------- what is looked for


class _Page(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script"
        for name, value in attrs:
            if name.startswith("on") or (value or "").strip().lower().startswith("javascript:"):
                self.found.append(f"{tag} {name}")
        if tag == "qtag":
            self.found.append("tag")

    def handle_data(self, data: str) -> None:
        if self._inside and data.strip().startswith("alert(1)"):
            self.found.append("script")


def raw_in_page(text: str) -> list[str]:
    page = _Page()
    page.feed(text)
    return [f"page: {what}" for what in [*page.found, *_steering(text)]]


def _steering(text: str) -> list[str]:
    return ["signs"] if re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2067\u2028\u2029]", text) else []


def raw_in_markdown(text: str) -> list[str]:
    """Return what of a hostile text a reader of Markdown would take for more than text."""
    from markdown_it import MarkdownIt

    found = _steering(text)
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "html_block" or (token.type == "inline" and token.content == "qheading"):
            found.append(token.type)
        found += [child.type for child in token.children or () if child.type in ("html_inline", "link_open", "image")]
        if token.type == "inline" and token.content == "qcell":  # a cell of its own
            found.append("cell")
    return [f"markdown: {what}" for what in found]


def raw_on_terminal(text: str) -> list[str]:
    return [f"terminal: {what}" for what in _steering(text.replace("\r", ""))]


# ------------------------------------------------------------------------------------------------- the tries


class Tries:
    """Commands of the checkout, run in this process, and what came of them."""

    def __init__(self) -> None:
        self.counts: collections.Counter[str] = collections.Counter()
        self.examples: dict[str, list[str]] = collections.defaultdict(list)
        self.done, self.at = 0, ""

    @classmethod
    def of(cls, state: Path) -> Tries:
        """Return what a process has written."""
        found = cls()
        if state.is_file():
            kept = json.loads(state.read_text(encoding="utf-8"))
            found.counts.update(kept["counts"])
            found.examples.update(kept["examples"])
            found.done, found.at = kept["done"], kept["at"]
        return found

    def save(self, state: Path, done: int, at: str) -> None:
        """Keep what came of the tries so far, and what is tried now."""
        kept = {"counts": self.counts, "examples": self.examples, "done": done, "at": at}
        state.write_text(json.dumps(kept), encoding="utf-8")

    def count(self, kind: str, example: str) -> None:
        """Count a fault and keep the example."""
        self.counts[kind] += 1
        self.examples.setdefault(kind, []).append(example)

    def command(self, *arguments: str) -> tuple[int, str]:
        """Return exit code and output; -1 where it did not end, 1 with a traceback where it is a bug."""
        from typer.testing import CliRunner

        from headstart.cli.app import app

        faulthandler.dump_traceback_later(SECONDS + 10, exit=True)
        signal.alarm(SECONDS)
        try:
            done = CliRunner().invoke(app, list(arguments), catch_exceptions=True)
            signal.alarm(0)
        except Hang:
            return -1, "".join(traceback.format_exc().splitlines(keepends=True)[-12:])
        finally:
            signal.alarm(0)
            faulthandler.cancel_dump_traceback_later()
        if isinstance(done.exception, Hang):
            return -1, "hang"
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            return 1, f"bug: {done.exception!r}"
        return done.exit_code, done.output

    def judge(self, where: str, outcome: tuple[int, str], outputs: list[Path]) -> None:
        """Count what came of a try, and look for hostile texts in what it wrote."""
        code, output = outcome
        self.counts["tries"] += 1
        kinds = []
        if code == -1:
            kinds.append("hangs")
        elif code == 1:  # of the tree of errors none has it
            kinds.append("tracebacks")
        else:
            self.counts["refused" if code else "went on"] += 1
        found = raw_on_terminal(output)
        for file in outputs:
            if file.is_file():
                text = file.read_text(encoding="utf-8", errors="replace")
                found += raw_in_page(text) if file.suffix == ".html" else raw_in_markdown(text)
        kinds += [f"raw in {what.partition(':')[0]}" for what in set(found)]
        for kind in dict.fromkeys(kinds):
            detail = output.strip().splitlines()[0][:150] if output.strip() else ""
            if kind.startswith("raw"):
                detail = ", ".join(sorted(set(found)))
            self.count(kind, f"{where}: {detail}")

    def tell(self, show: int) -> None:
        """Print the counts and some examples."""
        order = (
            "tries",
            "went on",
            "refused",
            "tracebacks",
            "hangs",
            "raw in markdown",
            "raw in page",
            "raw in terminal",
        )
        print("| " + " | ".join(order) + " |\n|" + "---:|" * len(order))
        print("| " + " | ".join(f"{self.counts[name]:,}" for name in order) + " |")
        for kind, found in self.examples.items():
            print(f"\n{kind}:")
            for line in found[:show]:
                print("  " + line.encode("ascii", "backslashreplace").decode())


class Folder:
    """A run folder that is made whole again after each try; large files are linked, not copied."""

    def __init__(self, source: Path, place: Path) -> None:
        shutil.copytree(
            source,
            place,
            copy_function=lambda a, b: os.link(a, b) if str(a).endswith("model.safetensors") else shutil.copy(a, b),
        )
        self.path = place
        self._kept = {
            file.relative_to(place): None if file.name == "model.safetensors" else file.read_bytes()
            for file in place.rglob("*")
            if file.is_file()
        }
        self._source = source

    def restore(self) -> None:
        """Make the folder what it was."""
        for file in sorted(self.path.rglob("*"), reverse=True):
            name = file.relative_to(self.path)
            if name in self._kept:
                if file.is_symlink() or not file.is_file():
                    file.rmdir() if file.is_dir() and not file.is_symlink() else file.unlink()
            elif file.is_symlink() or not file.is_dir():
                file.unlink()
        for name, content in self._kept.items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                if not file.exists() or not file.samefile(self._source / name):
                    file.unlink(missing_ok=True)
                    os.link(self._source / name, file)
            elif not file.is_file() or file.read_bytes() != content:
                file.write_bytes(content)


def commands_for(name: str, run: Path, data: Path, compare: list[str]) -> list[tuple[list[str], list[Path]]]:
    """Return the commands that read a file of the run folder, and what they write."""
    outputs = [run / "report.md", run / "report.html"]
    report = (["report", str(run), "--quick"], outputs)
    again = (["compare", str(data), *compare, "--out", str(run), "--quiet"], outputs)
    picture = str(next((data / "val" / "ants").glob("*.png")))
    if name.startswith("bundles/"):
        bundle = str((run / name).parent)
        told = data.parent / "evaluated.md"
        return [(["predict", bundle, picture], []), (["evaluate", bundle, str(data), "--split", "val"], [told]), report]
    if name.startswith("activity/"):
        return [(["report", str(run), "--quick", "--activity"], outputs)]
    if name == "results.json":
        page = run.parent / "runs.html"
        return [report, (["compare-runs", str(run), "--page", str(page)], [page]), again]
    if name in ("plan.json", "split.parquet") or name.startswith("repeated_splits/"):
        return [again, report]
    if name in ("heat.json", "neighbours.parquet"):
        return [report, (["report", str(run)], outputs)]
    return [report]


def make(data: Path, run: Path, compare: list[str], cache: Path, checkout: Path) -> None:
    """Draw the pictures and make the run folder."""
    from PIL import Image

    rng = np.random.default_rng(0)
    for split, count in (("train", 12), ("val", 6)):
        for channel, name in enumerate(("ants", "bees")):
            (data / split / name).mkdir(parents=True)
            for at in range(count):
                pixels = rng.integers(0, 90, (48, 48, 3)).astype(np.uint8)
                pixels[10:30, 10:30, channel] += np.uint8(120)
                Image.fromarray(pixels).save(data / split / name / f"{at}.png")
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src"), "HEADSTART_CACHE": str(cache)}
    for command in (["compare", str(data), *compare, "--out", str(run)], ["report", str(run), "--activity"]):
        subprocess.run([sys.executable, "-m", "headstart", *command], env=environment, check=True, capture_output=True)


COMPARE = ["--strategies", "knn,linear,partial", "--epochs", "1", "--image-size", "48", "--folds", "2", "--seeds", "2"]
FILES = (
    "results.json", "plan.json", "heat.json", "activity/activity.json", "activity/knn.json",
    "bundles/linear/bundle.json", "repeated_splits/linear-s0-f0.json",
    "predictions/linear.parquet", "map.parquet", "neighbours.parquet", "split.parquet", "activity/knn.parquet",
    "activity/knn.safetensors", "bundles/linear/model.safetensors",
)  # fmt: skip


def try_all(asked: argparse.Namespace, base: Path) -> None:
    """Do every try that is not done yet; what stands of them is written before each."""
    checkout, tries = asked.checkout.resolve(), Tries.of(asked.state)
    sys.path.insert(0, str(checkout / "src"))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    def ended(*_: object) -> None:
        raise Hang

    signal.signal(signal.SIGALRM, ended)
    for name in ("torch", "sklearn.manifold", "headstart.backbones.forward"):  # an import must not be cut short
        importlib.import_module(name)
    shutil.rmtree(base / "tried.run", ignore_errors=True)
    folder, count = Folder(base / "made.run", base / "tried.run"), 0
    for name in asked.only.split(",") if asked.only else FILES:
        for what, change in changes_of(base / "made.run" / name):
            count += 1
            if count % asked.every or count <= tries.done:
                continue
            tries.save(asked.state, count, f"{name} {what}")
            for command, outputs in commands_for(name, folder.path, base / "pics", COMPARE):
                for file in outputs:
                    file.unlink(missing_ok=True)
                change(folder.path / name)
                tries.judge(f"{command[0]}: {name} {what}", tries.command(*command), outputs)
                folder.restore()
    tries.save(asked.state, count, FINISHED)
    os._exit(0)  # threads of a try that hung may still wait


def main() -> None:
    """Make the folder, let a process do the tries, and go on with another one where that does not end."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--every", type=int, default=1, help="try only every so-manieth change")
    parser.add_argument("--only", default="", help="files, divided by commas")
    parser.add_argument("--show", type=int, default=20, help="examples of each kind")
    parser.add_argument("--state", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.state:
        try_all(asked, asked.state.parent)
        return
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        os.environ |= {"HEADSTART_CACHE": str(base / "cache"), "COLUMNS": "100"}
        make(base / "pics", base / "made.run", COMPARE, base / "cache", asked.checkout.resolve())
        state = base / "state.json"
        while Tries.of(state).at != FINISHED:
            subprocess.run([sys.executable, *sys.argv, "--state", state], check=False, stderr=subprocess.DEVNULL)
            tries = Tries.of(state)
            if not tries.at:
                raise SystemExit("the tries could not be begun")
            if tries.at != FINISHED:
                tries.count("hangs", f"{tries.at}: the process had to be ended")
                tries.save(state, tries.done, "")
        Tries.of(state).tell(asked.show)


if __name__ == "__main__":
    main()
