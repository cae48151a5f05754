"""Compare other packages with `headstart compare`: each starts from nothing and ends with an accuracy on val.

::

    python benchmarks/peers.py DATA --work WORK          # DATA/train/CLASS/…, DATA/val/CLASS/…

WORK holds an environment for each package (some 6 GB each, made once). Every side is a whole process, with the same
backbone and weights where it can take them (`peer_sides.py`), and they run in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from measuring import best_on_val, processor, timed, write_section
from safetensors.torch import save_file

from headstart import backbones
from headstart.base.process import thread_budget

PACKAGES = {
    "fastai": ["fastai", "timm"],
    "autogluon": ["autogluon.multimodal"],
    "ultralytics": ["ultralytics"],
}
SIDES = {
    "linear": "headstart, `linear`, for the first time on a machine",
    "six": "headstart, all six strategies, for the first time",
    "fastai": "fastai, `vision_learner(...).fine_tune(4)`, batches of 32",
    "autogluon": "AutoGluon, `MultiModalPredictor.fit` with its defaults",
    "ultralytics": "Ultralytics, YOLO11n-cls, 10 epochs from random weights",
}
Outcome = tuple[float, float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, help="folder with train/ and val/")
    parser.add_argument("--work", type=Path, required=True, help="a folder for the environments; kept")
    parser.add_argument("--sides", default=",".join(SIDES), help="separated by commas")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    sides = options.sides.split(",")
    pythons = {name: environment(options.work, name) for name in sides if name in PACKAGES}
    weights = options.work / "weights.safetensors"
    network = backbones.load().network
    save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, weights)
    outcomes: dict[str, list[Outcome]] = {name: [] for name in sides}
    for repeat in range(options.repeats):
        for name in sides:
            with tempfile.TemporaryDirectory(dir=options.work) as folder:
                if name in PACKAGES:
                    outcome = run_peer(pythons[name], name, options.data, weights, Path(folder))
                else:
                    outcome = run_headstart(name, options.data, Path(folder))
            outcomes[name].append(outcome)
            print(f"{repeat + 1}/{options.repeats} {name:12} {outcome}", flush=True)
    write_section("peers", section(options, outcomes, pythons))


def environment(work: Path, name: str) -> Path:
    """Return the interpreter of a side's environment, which is made if it is not there yet."""
    folder = work.resolve() / name
    python = folder / "bin" / "python"
    if not python.is_file():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES[name]], check=True)
    return python


def run_peer(python: Path, name: str, data: Path, weights: Path, folder: Path) -> Outcome:
    script = Path(__file__).with_name("peer_sides.py")
    command = [python, script, name, data.resolve(), weights.resolve()]
    with tempfile.TemporaryFile("w+") as output:
        # Settings files of theirs go where they are thrown away.
        seconds, memory = timed(command, {**os.environ, "HOME": str(folder), "TMPDIR": str(folder)}, output)
        output.seek(0)
        return seconds, memory, json.loads(output.read().splitlines()[-1])["accuracy"]


def run_headstart(name: str, data: Path, folder: Path) -> Outcome:
    run = folder / "run"
    command = [sys.executable, "-m", "headstart", "compare", data, "--out", run]
    command += ["--strategies", "linear"] if name == "linear" else []
    environment = {**os.environ, "HEADSTART_CACHE": str(folder / "cache")}
    seconds, memory = timed(command, environment, subprocess.DEVNULL)
    return seconds, memory, best_on_val(run)


def versions(python: Path, names: list[str]) -> str:
    """Return what an environment holds, as text."""
    ask = "import importlib.metadata as m, sys; print(', '.join(f'{n} {m.version(n)}' for n in sys.argv[1:]))"
    return subprocess.run(
        [python, "-c", ask, *names, "torch"], check=True, capture_output=True, text=True
    ).stdout.strip()


def section(options: argparse.Namespace, outcomes: dict[str, list[Outcome]], pythons: dict[str, Path]) -> str:
    """Return the benchmark's part of the page."""
    held = "; ".join(versions(python, PACKAGES[name]) for name, python in pythons.items())
    lines = [
        "## Other packages",
        "",
        f"`python benchmarks/peers.py {options.data.name} --work WORK --repeats {options.repeats}`: whole processes in "
        "turn, the same backbone and weights (Ultralytics takes neither).",
        f"{processor()}, {thread_budget()} threads. {held}.",
        "",
        "| | seconds (median) | each run | peak memory, GB | accuracy on val |",
        "|---|---|---|---|---|",
    ]
    for name, each in outcomes.items():
        seconds, memory, accuracy = (median(values) for values in zip(*each, strict=True))
        runs = ", ".join(f"{outcome[0]:.1f}" for outcome in each)
        lines.append(f"| {SIDES[name]} | {seconds:.1f} | {runs} | {memory:.2f} | {accuracy:.3f} |")
    return "\n".join(
        [
            *lines,
            "",
            "fastai's accuracy is that of its best epoch on val; headstart's (of six strategies: the best), "
            "AutoGluon's and Ultralytics' are measured once.",
        ]
    )


if __name__ == "__main__":
    main()
