"""Whether a classifier that left the house answers as its bundle does: every strategy, several networks, five ways out.

::

    python benchmarks/parity.py PICTURES WORK --weights A.safetensors,B.safetensors [--docs]

For each network a small comparison of all strategies is run into WORK (a few pictures, one epoch: how good they are
does not matter here). Each of its bundles then answers 40 pictures, and so do the ONNX file for one picture, that for
squares, the one in 8 bits, the web page in headless Chromium and the server. The pictures: JPEG and PNG, landscape,
portrait, tiny, long, grey, transparent, turned by EXIF, and of 12 megapixels. What is done stays in WORK, so that a
command that was stopped goes on.

The first network is the packaged one, ``vit`` a small vision transformer with made weights.
"""

from __future__ import annotations

import argparse
import http.client
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from measuring import processor, write_section
from PIL import Image
from web_page import asked_of, forms

import headstart as hs
from headstart.pixels.decode import upright
from headstart.records.answers import Prediction

DOCS = Path(__file__).resolve().parents[1] / "docs" / "deliver.md"
PACKAGED = "tf_efficientnet_lite0"
VIT = "vit_tiny_patch16_224"
STRATEGIES = "knn,linear,svm,partial,full"
AS_THEY_ARE, OF_EACH_FORM = 16, 3
TRAIN, TEST = 24, 12  # of a class
WAYS = ("onnx", "squares", "int8", "web", "server")
TITLES = {
    "onnx": "`.onnx`, from file to answer",
    "squares": "`.onnx`, squares",
    "int8": "the same in 8 bits",
    "web": "page in Chromium",
    "server": "server",
}
Row = dict[str, Any]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("pictures", type=Path, help="with a folder for each class")
    words.add_argument("work", type=Path)
    words.add_argument("--weights", default="", help="files for networks of torchvision, or names of packaged networks")
    words.add_argument("--ways", default=",".join(WAYS))
    words.add_argument("--docs", action="store_true")
    asked = words.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    small = few_of(asked.pictures, asked.work / "photos")
    corpus = corpus_of(asked.pictures, asked.work / "corpus")
    rows = list[Row]()
    for network in [PACKAGED, *filter(None, asked.weights.split(",")), VIT]:
        run = compared(network, small, asked.work)
        for bundle in sorted((run / "bundles").iterdir()):
            for way in asked.ways.split(","):
                rows.append(kept(asked.work, run.stem, bundle.name, way, partial(tried, bundle, way, corpus)))
                print(network, bundle.name, way, cell(rows[-1]), flush=True)
    ways = asked.ways.split(",")
    command = f"On {processor()}: `python benchmarks/parity.py PICTURES WORK --weights ...`."
    text = f"{table(rows, ways)}\n\n{worst(rows, ways)} {command}"
    print(text)
    if asked.docs:
        write_section("parity", text, page=DOCS)


def few_of(pictures: Path, folder: Path) -> Path:
    """Return a folder with a few pictures of each class, some to learn from and some to measure with."""
    if not folder.is_dir():
        found = sorted({path.parent.name for path in pictures.rglob("*.jpg")})
        for label in found[:3]:
            files = sorted(path for path in pictures.rglob("*.jpg") if path.parent.name == label)
            for number, file in enumerate(files[: TRAIN + TEST]):
                place = folder / ("train" if number < TRAIN else "test") / label
                place.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, place)
    return folder


def corpus_of(pictures: Path, folder: Path) -> list[Path]:
    """Return pictures as they are and in other forms."""
    found = sorted(pictures.rglob("*.jpg"))
    some = [found[at] for at in np.linspace(0, len(found) - 1, AS_THEY_ARE).astype(int)]
    if not folder.is_dir():
        folder.mkdir()
        rng = np.random.default_rng(0)
        for number, path in enumerate(some[:: AS_THEY_ARE // OF_EACH_FORM][:OF_EACH_FORM]):
            for kind, (suffix, picture, options) in forms(Image.open(path).convert("RGB"), rng).items():
                picture.save(folder / f"{kind.replace(' ', '-').replace(',', '')}-{number}{suffix}", **options)
    return [*some, *sorted(folder.iterdir())]


def compared(network: str, pictures: Path, work: Path) -> Path:
    """Return the run folder of all strategies with a network; one that is unfinished is continued."""
    name = Path(network).stem
    run = work / f"{name}.run"
    strategies = f"{STRATEGIES},scratch" if network == PACKAGED else STRATEGIES
    command = [sys.executable, "-m", "headstart", "compare", pictures, "--out", run]
    if network == VIT:
        command += ["--backbone", VIT, "--weights", made_vit(work)]
    elif Path(network).suffix:
        command += ["--backbone", f"torchvision/{name}", "--weights", network]
    else:
        command += ["--backbone", network]
    command += ["--strategies", strategies, "--epochs", "1", "--quiet"]
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
    return run


def made_vit(work: Path) -> Path:
    """Return a file with random weights of a small vision transformer, always the same ones."""
    import timm
    import torch
    from safetensors.torch import save_file

    file = work / f"{VIT}.safetensors"
    if not file.is_file():
        torch.manual_seed(0)
        save_file(timm.create_model(VIT).state_dict(), file)
    return file


def kept(work: Path, network: str, run: str, way: str, do: Callable[[], Row]) -> Row:
    """Return what came out of one way, from an earlier command if it was done before."""
    file = work / "done" / f"{network}-{run}-{way}.json"
    if not file.is_file():
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps({"network": network, "run": run, "way": way, **do()}), encoding="utf-8")
    done: Row = json.loads(file.read_text(encoding="utf-8"))
    return done


def tried(bundle: Path, way: str, corpus: Sequence[Path]) -> Row:
    """Ask a bundle, and what was made of it, for the same pictures."""
    wanted = {Path(row.path): row for row in hs.predict(bundle, list(corpus), engine="torch").rows}
    begin = time.perf_counter()
    try:
        found, more = _WAYS[way](bundle, corpus)
    except hs.HeadstartError as error:  # a refusal is a result, too
        return {"refused": error.message}
    seconds = time.perf_counter() - begin
    apart = [max(abs(found[path][1][name] - p) for name, p in wanted[path].probabilities.items()) for path in wanted]
    same = sum(found[path][0] == wanted[path].label for path in wanted)
    return {"pictures": len(wanted), "worst": max(apart), "same": same, "seconds": seconds, **more}


Found = dict[Path, tuple[str, dict[str, float]]]


def by_onnx(bundle: Path, corpus: Sequence[Path]) -> tuple[Found, Row]:
    """Give whole pictures to the file, as the program on its card does: a JPEG as its decoder makes it smaller."""
    place = bundle.parents[1] / "one.onnx"
    hs.export(bundle, place)
    exported = hs.load_exported(place)
    found, side = dict[Path, tuple[str, dict[str, float]]](), exported.facts.preprocessing.decode_side
    for path in corpus:
        row = exported.answers_of_pictures(iter([upright(path, short_side=side)])).probabilities[0]
        found[path] = (exported.classes[row.argmax()], dict(zip(exported.classes, row.tolist(), strict=True)))
    return found, {"megabytes": place.stat().st_size / 1e6}


def by_squares(bundle: Path, corpus: Sequence[Path], *, int8: bool = False) -> tuple[Found, Row]:
    """Ask headstart with the exported file in the bundle's place."""
    place = bundle.parents[1] / "squares.onnx"
    parity = hs.export(bundle, place, input="squares", int8=int8, max_drop=1.0)
    rows = hs.predict(place, list(corpus)).rows
    more: Row = {"megabytes": place.stat().st_size / 1e6}
    if parity.drop is not None:
        more["drop"] = f"{parity.drop.bundle_right - parity.drop.exported_right} of {parity.drop.pictures}"
    return of_rows(rows), more


def by_eight_bits(bundle: Path, corpus: Sequence[Path]) -> tuple[Found, Row]:
    return by_squares(bundle, corpus, int8=True)


def by_web(bundle: Path, corpus: Sequence[Path]) -> tuple[Found, Row]:
    place = bundle.parents[1] / "page.html"
    hs.export(bundle, place, to="web")
    answers, _, _ = asked_of(place, corpus, None)
    names = hs.load(bundle).classes
    found = {
        path: (one.row["label"], {name: float(one.row[f"p_{name}"]) for name in names}) for path, one in answers.items()
    }
    return found, {"megabytes": place.stat().st_size / 1e6}


def by_server(bundle: Path, corpus: Sequence[Path]) -> tuple[Found, Row]:
    found = dict[Path, tuple[str, dict[str, float]]]()
    with serving(bundle) as port:
        asking = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for path in corpus:
            asking.request("POST", "/v1/predict", path.read_bytes(), {"Content-Type": "image/jpeg"})
            answer = json.loads(asking.getresponse().read())["answers"][0]
            found[path] = (answer["label"], answer["probabilities"])
    return found, {}


@contextmanager
def serving(bundle: Path) -> Iterator[int]:
    """Yield the port of a server that is ready, and end it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "headstart", "serve", str(bundle), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            time.sleep(0.2)
            try:
                asking = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                asking.request("GET", "/readyz")
                if asking.getresponse().status == 200:
                    break
            except OSError:
                if process.poll() is not None:
                    raise SystemExit(f"the server of '{bundle}' has ended") from None
        yield port
    finally:
        process.terminate()
        process.wait(30)


def of_rows(rows: Sequence[Prediction]) -> Found:
    return {Path(row.path): (row.label, dict(row.probabilities)) for row in rows}


def table(rows: Sequence[Row], ways: Sequence[str]) -> str:
    """Return a line for each bundle: the largest difference of a probability, and how many answers are the same."""
    lines = [f"| network | strategy | {' | '.join(TITLES[way] for way in ways)} |", f"|---|---|{'---|' * len(ways)}"]
    by_bundle: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        by_bundle.setdefault((row["network"], row["run"]), {})[row["way"]] = row
    for (network, strategy), found in by_bundle.items():
        lines.append(f"| {network} | {strategy} | {' | '.join(cell(found.get(way)) for way in ways)} |")
    return "\n".join(lines)


def cell(row: Row | None) -> str:
    if row is None:
        return ""
    if "refused" in row:
        return f"refused: {row['refused']}"
    return f"{row['worst']:.1g}; {row['same']} of {row['pictures']}{lost(row['drop']) if 'drop' in row else ''}"


def lost(drop: str) -> str:
    """Return how many pictures of how many are answered rightly no more; `drop` as `by_squares` says it."""
    fewer, _, pictures = drop.partition(" of ")
    told = f"{abs(int(fewer))} {'fewer' if int(fewer) > 0 else 'more'}" if int(fewer) else "as many"
    return f"; {told} right of {pictures}"


def worst(rows: Sequence[Row], ways: Sequence[str]) -> str:
    """Return the same over all bundles."""
    told = []
    for way in ways:
        done = [row for row in rows if row["way"] == way and "refused" not in row]
        same, pictures = (sum(row[name] for row in done) for name in ("same", "pictures"))
        told.append(
            f"{TITLES[way]}: at most {max(row['worst'] for row in done):.1g}, {same:,} of {pictures:,} the same"
        )
    return f"All together. {'; '.join(told)}."


_WAYS: dict[str, Callable[[Path, Sequence[Path]], tuple[Found, Row]]] = {
    "onnx": by_onnx,
    "squares": by_squares,
    "int8": by_eight_bits,
    "web": by_web,
    "server": by_server,
}

if __name__ == "__main__":
    main()
