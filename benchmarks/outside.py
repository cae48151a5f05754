"""Watch with strace what each command sends and writes: internet sockets, and files outside its folders.

    python benchmarks/outside.py PICTURES [--before CHECKOUT]

PICTURES has train/ and val/ with a folder for each class; 24 pictures of each are taken, at most 240 pixels wide. Every
command is a process of its own in an environment without `CI` and with an empty home. Two commands that are asked to
fetch come last: they show that strace sees it when something is sent. With --before every command also runs with the
code of another checkout. The table goes into docs/privacy.md; it takes about ten minutes on one core.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from measuring import write_section
from PIL import Image

import headstart

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "privacy.md"
EACH, SIDE = 24, 240  # pictures of a class, pixels
SENDING = ("socket", "connect", "sendto", "sendmsg", "sendmmsg")
OPENING = ("open", "openat", "openat2")
MAKING = ("creat", "mkdir", "mkdirat", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat")
HARMLESS = ("/dev/null", "/dev/tty", "/dev/pts/", "/dev/shm/sem.", "/proc/")
BEST, NEW = "a.run/bundles/linear", "pictures/val"
SMALL = ["--epochs", "2", "--quiet"]

API = """
import headstart as hs
run = hs.compare("pictures", strategies=["linear", "partial"], epochs=2, out="api.run")
run.winner.predict(["{one}"])
hs.load("a.run/bundles/full").predict(["{one}"])
"""
ESTIMATOR = """
from pathlib import Path
import headstart as hs
files = sorted(Path("pictures/train").rglob("*.jpg"))
labels = [file.parent.name for file in files]
hs.ImageClassifier(strategy="svm", random_state=0).fit(files, labels).predict(files[:3])
"""
SERVICE = """
import time
import headstart as hs
hs.predict("a.run/bundles/linear", "{one}")
time.sleep(60)
"""
COMMANDS: dict[str, list[str]] = {
    "demo": ["demo", "--pictures", "60", "--quiet"],
    "compare (all six)": ["compare", "pictures", *SMALL, "--out", "a.run"],
    "compare (heads, by ONNX Runtime)": ["compare", "pictures", "--strategies", "linear,knn", "--out", "b.run"],
    "predict (first time)": ["predict", BEST, NEW],
    "predict": ["predict", BEST, NEW, "--csv", "answers.csv", "--grid", "answers.png"],
    "evaluate": ["evaluate", BEST, "pictures"],
    "report": ["report", "a.run", "--activity"],
    "advise": ["advise", "pictures"],
    "plan": ["plan", "pictures"],
    "look": ["look", "pictures"],
    "fit": ["fit", "pictures", "--strategy", "partial", *SMALL, "--out", "one.bundle"],
    "activity": ["activity", "pictures", "--unfreeze", "0..1", *SMALL, "--out", "black.run"],
    "compare-runs": ["compare-runs", "a.run", "b.run", "--page", "side.html"],
    "stages": ["stages"],
    "weights list": ["weights", "list"],
    "weights verify": ["weights", "verify", "tf_efficientnet_lite0"],
    "cache list": ["cache", "list"],
    "report --tensorboard": ["report", "a.run", "--quick", "--tensorboard"],
    "report --mlflow": ["report", "a.run", "--quick", "--mlflow"],
    "report --wandb": ["report", "a.run", "--quick", "--wandb"],
    "Python: compare, load, predict": ["-c", API],
    "Python: ImageClassifier": ["-c", ESTIMATOR],
    "Python: predict, and stay for a minute": ["-c", SERVICE],
}
FETCHING: dict[str, list[str]] = {
    "data fetch (asked to fetch)": ["data", "fetch", "hymenoptera"],
    "fit --backbone resnet18 (asked to fetch)": ["fit", "pictures", "--backbone", "resnet18", "--out", "none.bundle"],
}


@dataclass
class Seen:
    """What one command did: internet sockets, calls that name an address to reach, and files elsewhere."""

    sockets: int = 0
    reached: int = 0
    files: set[str] = field(default_factory=set)

    def cells(self) -> str:
        """Return the three as cells of a table; where there is no file, nothing but the number."""
        folders = {str(Path(file).parent) if file.startswith("~/") else file for file in self.files}
        last = [place for place in sorted(folders - {"~"}) if not any(f"{place}/" in other for other in folders)]
        places = ", ".join(f"`{place}`" for place in last)
        return f"{self.sockets} | {self.reached} | {len(self.files)}" + (f" ({places})" if places else "")


def shrunk(source: Path, target: Path) -> Path:
    """Copy some pictures of every class, made smaller, and return one of them."""
    for split in ("train", "val"):
        for folder in sorted(path for path in (source / split).iterdir() if path.is_dir()):
            files = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
            for file in files[:EACH]:
                place = target / split / folder.name / f"{file.stem}.jpg"
                place.parent.mkdir(parents=True, exist_ok=True)
                with Image.open(file) as picture:
                    picture.thumbnail((SIDE, SIDE))
                    picture.convert("RGB").save(place)
    return place


class Side:
    """The code of one checkout, with a home, a cache and runs of its own."""

    def __init__(self, source: Path, whole: Path, pictures: Path) -> None:
        self.source, self.whole, self.home = source, whole, whole / "home"
        self.allowed = [str(whole / name) for name in ("runs", "cache")]
        (whole / "runs").mkdir(parents=True)
        (whole / "runs" / "pictures").symlink_to(pictures)

    def run(self, words: list[str], *, may_fail: bool = False) -> Seen:
        """Run one command in an empty home and return what strace saw."""
        shutil.rmtree(self.home, ignore_errors=True)
        (self.home / "tmp").mkdir(parents=True)
        trace = self.whole / "trace.txt"
        environment = {
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "HOME": str(self.home),
            "TMPDIR": str(self.home / "tmp"),
            "HEADSTART_CACHE": self.allowed[1],
            "PYTHONPATH": str(self.source),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        python = [sys.executable, *([] if words[0] == "-c" else ["-m", "headstart"])]
        strace = [
            "strace",
            "-f",
            "-qq",
            "-y",
            "-s",
            "4096",
            "-o",
            str(trace),
            "-e",
            f"trace={','.join([*SENDING, *OPENING, *MAKING])}",
        ]
        done = subprocess.run(
            [*strace, *python, *words],
            cwd=self.whole / "runs",
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode and not may_fail:
            raise SystemExit(f"{' '.join(words)} ended with exit code {done.returncode}:\n{done.stderr[-2000:]}")
        return self._read(trace)

    def _read(self, trace: Path) -> Seen:
        seen, temporary, here = Seen(), str(self.home / "tmp"), self.whole / "runs"
        for line in trace.read_text(encoding="utf-8", errors="replace").splitlines():
            seen.sockets += bool(re.search(r" socket\(AF_INET6?,", line))
            seen.reached += len(re.findall(r"sin6?_port=", line))
            seen.files |= {self._told(path) for path in written(line, here) if not self._inside(path, temporary)}
        left = [path for path in (self.home / "tmp").rglob("*") if path.is_file()]
        seen.files |= {f"TMPDIR/{path.name}" for path in left}
        return seen

    def _inside(self, path: str, temporary: str) -> bool:
        """Return whether a file may be there; of temporary files those count that are left at the end."""
        places = [*self.allowed, temporary, str(self.home)] if path == str(self.home) else [*self.allowed, temporary]
        return path.startswith(HARMLESS) or any(path == place or path.startswith(f"{place}/") for place in places)

    def _told(self, path: str) -> str:
        """Return a path below the home as ``~/FOLDER``, any other as it is."""
        return f"~/{Path(path).relative_to(self.home)}" if path.startswith(f"{self.home}/") else path


def written(line: str, here: Path) -> Iterator[str]:
    """Yield the path that a line of strace says was written to, if it was; `here` is the current folder."""
    call = re.match(r"\d+\s+(\w+)\((.*)", line)
    if call is None or " = -1 " in line or call[1] in SENDING:
        return
    if call[1] in OPENING and not re.search(r"O_WRONLY|O_RDWR|O_CREAT", line):
        return
    places = re.findall(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"', call[2])
    if places:
        folder, name = places[-1]
        yield f"{folder or here}/{name}" if not name.startswith("/") else name


def main() -> None:
    """Print the table and write it into the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--before", type=Path, help="a checkout of the code to compare with")
    options = parser.parse_args()
    if shutil.which("strace") is None:
        raise SystemExit("strace is not installed (on Debian and Ubuntu: apt-get install strace).")
    sources = {"": Path(headstart.__file__).resolve().parents[1]}
    if options.before is not None:
        sources = {"before: ": options.before.resolve() / "src", "now: ": sources[""]}
    rows: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder).resolve()
        one = shrunk(options.pictures, whole / "pictures")
        sides = [Side(source, whole / f"side{at}", whole / "pictures") for at, source in enumerate(sources.values())]
        for name, words in {**COMMANDS, **FETCHING}.items():
            typed = [word.replace("{one}", str(one)) for word in words]
            found = [side.run(typed, may_fail=name in FETCHING) for side in sides]
            rows.append(f"| {name} | {' | '.join(each.cells() for each in found)} |")
            print(rows[-1], flush=True)
    columns = [f"{side}{what}" for side in sources for what in ("internet sockets", "addresses", "files")]
    head = [f"| command | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    told = (
        f"`python benchmarks/outside.py PICTURES{' --before CHECKOUT' if options.before else ''}`: {EACH} pictures of "
        f"each class of ants and bees, {SIDE} pixels, each command a process of its own, no network. Sockets: of the "
        "families AF_INET and AF_INET6. Addresses: calls that name one to send to. Files: those outside the cache and "
        "the run folder, and temporary ones that were left; in brackets where."
    )
    write_section("outside", "\n".join([told, "", *head, *rows]), page=PAGE)


if __name__ == "__main__":
    main()
