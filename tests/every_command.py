"""Every command and the library, one after the other in one process: what test_outside.py watches.

    python every_command.py FOLDER

The current folder is that of the runs; FOLDER has tiny drawn pictures. What was done
stands in ``done.json`` afterwards.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

RECIPE = """\
title = "Shapes"
source = "drawn"
command = "headstart run shapes.toml --data DIR"
strategies = ["linear"]
[settings]
image_size = 64
framing = "squash"
augment = "photo"
"""
SMALL = ["--image-size", "64", "--framing", "squash", "--augment", "photo"]
NETWORK = "tf_efficientnet_lite0"


def commands(pictures: str) -> dict[str, list[list[str]]]:
    """Return what to type for every command, by its name; with ``--offline`` it must fail: something is missing."""
    one = f"{pictures}/val/circle"
    best = "a.run/bundles/linear"
    return {
        "look": [["look", pictures, "--grid", "look.png", "--image-size", "64"]],
        "stages": [["stages", "--image-size", "64"]],
        "weights list": [["weights", "list"]],
        "weights verify": [["weights", "verify", NETWORK]],
        "data fetch": [["data", "fetch", "hymenoptera", "--offline"]],
        "plan": [["plan", pictures, *SMALL]],
        "advise": [["advise", pictures, "--image-size", "64"]],
        "compare": [
            ["compare", pictures, *SMALL, "--epochs", "1", "--out", "a.run", "--quiet"],
            ["cache", "clear", "features"],  # the graph that was kept would else find the network's own answers
            ["compare", pictures, *SMALL, "--strategies", "linear,svm,knn", "--out", "b.run"],
            ["compare", pictures, "--backbone", "resnet18", "--strategies", "knn", "--offline", "--out", "none.run"],
        ],
        "report": [
            ["report", "a.run", "--activity"],
            ["report", "b.run", "--quick", *(f"--{name}" for name in trackers()), "--json"],
        ],
        "compare-runs": [["compare-runs", "a.run", "b.run", "--page", "side.html"]],
        "fit": [["fit", pictures, *SMALL, "--strategy", "partial", "--epochs", "1", "--out", "one.bundle"]],
        "evaluate": [["evaluate", best, pictures]],
        # The second answers by the graph that the first has left.
        "export": [["export", best, "--out", "best.onnx"]],
        "verify": [["verify", "best.onnx", best, one]],
        "pack": [["pack", best, "--out", "best.zip"], ["predict", "best.zip", one]],
        "predict": [
            ["predict", best, one],
            ["predict", best, one, "--csv", "answers.csv", "--grid", "answers.png"],
            ["predict", best, one, "--out", "answers", "--format", "parquet"],
        ],
        # It listens, which is an internet socket; that it asks for no other is seen by `served` below.
        "serve": [["serve", "--help"]],
        "activity": [["activity", pictures, "--unfreeze", "0..1", "--epochs", "1", *SMALL, "--out", "black.run"]],
        "run": [["run", "shapes.toml", "--data", pictures]],
        "demo": [["demo", "--pictures", "40"]],
        "cache list": [["cache", "list"]],
        "cache limit": [["cache", "limit", "20GB"]],
        "cache clear": [["cache", "clear", "trainings"]],
    }


def library(pictures: Path) -> dict[str, Callable[[], object]]:
    """Return calls of the library, by what they are."""
    import headstart as hs

    files = sorted((pictures / "train").rglob("*.*"))
    labels = [file.parent.name for file in files]
    options: dict[str, Any] = {"image_size": 64, "framing": "squash", "augment": "photo", "readout": "pool"}

    def estimate() -> object:
        classifier = hs.ImageClassifier(strategy="linear", random_state=0, **options).fit(files, labels)
        return classifier.predict(files[:3])

    return {
        "hs.compare": lambda: hs.compare(pictures, strategies=["knn", "svm"], out="c.run", **options),
        "hs.load": lambda: hs.load("a.run/bundles/full").predict([str(file) for file in files[:3]]),
        "hs.predict": lambda: hs.predict("a.run/bundles/linear", files[:3]),
        "hs.ImageClassifier": estimate,
        "headstart serve, without its socket": lambda: served(files[0].read_bytes()),
    }


def served(picture: bytes) -> object:
    """Open a bundle as a server does, and ask it for an answer and a heat map."""
    import asyncio

    import httpx

    from headstart.deliver.serving.app import make_app
    from headstart.deliver.serving.page import page
    from headstart.deliver.serving.settings import Settings
    from headstart.deliver.serving.shelf import Shelf

    async def ask() -> list[int]:
        shelf = Shelf({"one": Path("a.run/bundles/linear")}, Settings(), print)
        await shelf.open_all()
        transport = httpx.ASGITransport(app=make_app(shelf, page))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            asked = {"content": picture, "headers": {"content-type": "image/png"}}
            found = [await client.post(path, **asked) for path in ("/v1/predict", "/v1/heat")]  # type: ignore[arg-type]
        shelf.close()
        return [one.status_code for one in found]

    if asyncio.run(ask()) != [200, 200]:
        raise AssertionError("the server has not answered")
    return served


def trackers() -> list[str]:
    """Return the trackers whose packages are installed."""
    from headstart.report.trackers.choosing import TRACKERS

    return [name for name, row in TRACKERS.items() if all(find_spec(module) for module in row.needs)]


def text_of(shown: io.TextIOWrapper) -> str:
    """Return what was written to a stream."""
    shown.flush()
    return shown.detach().getvalue().decode("utf-8")  # type: ignore[attr-defined]


def called(arguments: list[str]) -> int:
    """Call the command line and return its exit code."""
    from headstart.cli import main

    sys.argv = ["headstart", *arguments]
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def smaller() -> None:
    """Let the demo and the timing of networks take no longer than a test may, and a graph answer wherever it agrees."""
    from headstart.api import comparing
    from headstart.backbones import engine_cache as known
    from headstart.experiment import calibrate as pace

    pace.CALIBRATION = 0.0
    known.WORTH = 0.0
    comparing.DEMO_OPTIONS.update(image_size=64, epochs=1, framing="squash", augment="photo")


def engine() -> dict[str, Any]:
    """Return by what the pictures were looked at and answered for: else nothing here says anything of ONNX Runtime."""
    from headstart import bundle
    from headstart.backbones.onnx import OnnxNetwork

    found = bundle.light(Path("a.run/bundles/linear"))
    results = json.loads(Path("b.run/results.json").read_text(encoding="utf-8"))
    return {"compare": results["engine"], "predict": "onnx" if found and isinstance(found.engine, OnnxNetwork) else ""}


def main() -> None:
    """Do everything and note it."""
    pictures = Path(sys.argv[1])
    Path("shapes.toml").write_text(RECIPE, encoding="utf-8")
    smaller()
    done: list[dict[str, Any]] = []

    def note(name: str, work: Callable[[], object]) -> None:
        shown, begin = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), time.perf_counter()
        with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
            said = work()
        seconds = time.perf_counter() - begin
        done.append({"name": name, "code": said, "seconds": seconds, "shown": text_of(shown)})

    for typed in commands(str(pictures)).values():
        for arguments in typed:
            note(" ".join(arguments), lambda arguments=arguments: called(arguments))
    for name, work in library(pictures).items():
        note(name, lambda work=work: work() is None)
    Path("done.json").write_text(json.dumps({"done": done, "engine": engine()}), encoding="utf-8")


if __name__ == "__main__":
    main()
