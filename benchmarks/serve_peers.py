"""`headstart serve`, LitServe, BentoML and what tutorials show: same network, pictures and cores, in one run.

::

    headstart fit DATA --strategy linear --readout pool --framing crop --out served.bundle
    python benchmarks/serve_peers.py served.bundle DATA/val --install       # once: the peers' environments
    python benchmarks/serve_peers.py served.bundle DATA/val

LitServe and BentoML run the graph that headstart exports (`headstart.backbones.onnx.export`) in ONNX Runtime; the
naive side runs the network in torch. For each peer a few settings are tried first, and the quickest one is measured.
Sides run in turn (A B C D A B C D), each in a fresh server; medians. The load comes from a process of its own
(`serve_load.py`) on the same two cores. The table goes to docs/deliver.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
from measuring import write_section
from PIL import Image
from safetensors.numpy import save_file
from serve_servers import HERE, READY, SETTINGS, Bench, check_answers, load, memory, probabilities, request, serving
from serve_tables import CLIENTS, section

import headstart as hs
from headstart.backbones.onnx import export
from headstart.base.types import Affine
from headstart.bundle import Model
from headstart.deliver.serving.opening import version_of

PAGE = HERE.parent / "docs" / "deliver.md"
PEERS = {"litserve": ("litserve", "python-multipart"), "bentoml": ("bentoml",)}
BOTH = ("onnxruntime", "pillow", "numpy")
BETWEEN_SWAPS, MOST_OF_A_SWAP = 3.0, 120.0  # seconds; within a swap the server exports the new network
SAME = 1e-3  # in a probability: what tells two versions apart


def main() -> None:
    options = parsed()
    if options.install:
        for name in options.sides:
            install(name, options.environments)
        return
    if hasattr(os, "sched_setaffinity"):  # servers and load inherit it
        os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:2]))
    with tempfile.TemporaryDirectory() as folder:
        bench = prepare(options, Path(folder))
        chosen = {side: best_setting(bench, side) for side in options.sides}
        rounds: dict[str, list[dict[str, Any]]] = {side: [] for side in options.sides}
        for repeat in range(options.repeats):
            for side in options.sides:
                found = measure(bench, side, chosen[side], last=repeat == options.repeats - 1)
                rounds[side].append(found)
                print(f"{repeat + 1}/{options.repeats} {side}: {json.dumps(found)}", flush=True)
        own: dict[str, Any] = (
            {"offline": offline(bench), "swapped": swap_under_load(bench)} if "headstart" in options.sides else {}
        )
        text = section(options, chosen, rounds, **own)
    print(text)
    if not options.print_only:
        write_section("serve", text, page=PAGE)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--install", action="store_true", help="make the environments of LitServe and BentoML, and end")
    parser.add_argument("--environments", type=Path, default=Path(tempfile.gettempdir()) / "headstart-serve-peers")
    parser.add_argument("--sides", type=lambda text: text.split(","), default=list(READY))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0, help="for each number of clients")
    parser.add_argument("--requests", type=int, default=10_000, help="after which memory is looked at again")
    parser.add_argument("--overload", type=float, default=10.0, help="times what it can do")
    parser.add_argument("--swaps", type=int, default=6)
    parser.add_argument("--print-only", action="store_true", help="leave docs/deliver.md alone")
    return parser.parse_args()


def install(name: str, environments: Path) -> None:
    """Make the environment of a peer; headstart's lock knows nothing of it."""
    if name in PEERS:
        place = environments / name
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        subprocess.run([place / "bin" / "pip", "install", "--quiet", *PEERS[name], *BOTH], check=True)
        print(f"{name}: {place}")


def prepare(options: argparse.Namespace, home: Path) -> Bench:
    """Export the network, and write every picture as the request that each side takes."""
    model = hs.load(options.bundle, engine="torch")
    seen, head = model.preprocessing, model.head
    if not isinstance(head, Affine) or model.info.read or seen.framing != "crop":
        raise SystemExit("Give a bundle of linear with --readout pool --framing crop: the peers' code does no more.")
    os.environ["HEADSTART_CACHE"] = str(home / "cache")
    model.save(home / "served.bundle")
    prepared = home / "prepared"
    prepared.mkdir()
    export(model.answering, seen.input_size, prepared / "network.onnx")
    tensors = {name: np.ascontiguousarray(value) for name, value in model.engine.tensors().items()}
    save_file(tensors, prepared / "network.safetensors")
    np.savez(prepared / "head.npz", weight=head.weight.astype(np.float32), bias=head.bias.astype(np.float32))
    about = {
        "architecture": model.info.architecture, "classes": model.classes, "temperature": head.temperature,
        "side": seen.input_size, "short_side": seen.short_side, "interpolation": seen.interpolation,
        "mean": seen.mean, "std": seen.std,
    }  # fmt: skip
    (prepared / "about.json").write_text(json.dumps(about))
    pictures = list(islice(plain_pictures(options.pictures), 64))
    for side in READY:
        folder = home / "requests" / side
        folder.mkdir(parents=True)
        for number, file in enumerate(pictures):
            (folder / f"{number:03}").write_bytes(request(side, file.read_bytes()))
    hs.prepare_engine(home / "served.bundle", pictures)
    return Bench(options, home, pictures, model.predict_proba(pictures), model.classes)


def plain_pictures(folder: Path) -> Iterator[Path]:
    """Yield JPEGs that every side reads alike: without a colour profile, which the peers' code leaves out."""
    for file in sorted(folder.rglob("*.jp*g")):
        with Image.open(file) as image:
            if "icc_profile" not in image.info and image.getexif().get(0x0112, 1) == 1:
                yield file


def best_setting(bench: Bench, side: str) -> Mapping[str, Any]:
    """Return the quickest of a side's settings at 32 clients."""
    if len(SETTINGS[side]) == 1:
        return SETTINGS[side][0]
    rates = []
    for setting in SETTINGS[side]:
        with serving(bench, side, setting) as (port, _):
            check_answers(bench, side, port)
            rates.append(load(bench, side, port, clients=32)["per_second"])
            print(f"{side} {dict(setting)}: {rates[-1]:.1f} pictures/s", flush=True)
    return SETTINGS[side][rates.index(max(rates))]


def measure(bench: Bench, side: str, setting: Mapping[str, Any], *, last: bool) -> dict[str, Any]:
    """Measure a fresh server; in the last round memory and overload, too."""
    options = bench.options
    with serving(bench, side, setting) as (port, session):
        found: dict[str, Any] = {"worst": check_answers(bench, side, port)}
        for clients in CLIENTS:
            found[str(clients)] = load(bench, side, port, clients=clients)
        if last:
            before = memory(session)
            more = load(bench, side, port, clients=16, most=options.requests, seconds=900)["served"]
            found["memory"] = [before, more, memory(session)]
            rate = options.overload * max(found[str(clients)]["per_second"] for clients in CLIENTS)
            found["overload"] = load(bench, side, port, rate=rate, connections=1000)
            found["after"] = load(bench, side, port, clients=8, most=200)
    return found


OFFLINE = """
import sys, time
from pathlib import Path
import headstart as hs
model, pictures = hs.load(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
assert model.engine.name == "onnx", model.engine.name
model.examine(pictures)
rates = []
for _ in range(3):
    begin = time.perf_counter()
    model.examine(pictures * 4)
    rates.append(4 * len(pictures) / (time.perf_counter() - begin))
print(sorted(rates)[1])
"""


def offline(bench: Bench) -> float:
    """Return how many pictures a second the same bundle answers for without a server."""
    command = [sys.executable, "-c", OFFLINE, bench.served, *bench.pictures]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True)
    return float(done.stdout)


def swap_under_load(bench: Bench) -> dict[str, Any]:
    """Replace the bundle while 8 clients ask; every answer must be that of the version that it names."""
    one = hs.load(bench.served, engine="torch")
    assert isinstance(one.head, Affine)
    two = replace(one, head=replace(one.head, weight=-one.head.weight, bias=-one.head.bias))
    two.save(bench.home / "other.bundle")
    wanted = {version(bench.served): one, version(bench.home / "other.bundle"): two}
    answers = {name: model.predict_proba(bench.pictures) for name, model in wanted.items()}
    told: dict[str, Any] = {"requests": str(bench.home / "requests" / "headstart"), "clients": 8, "keep": True}
    told |= {"seconds": MOST_OF_A_SWAP * (bench.options.swaps + 1), "until": str(bench.home / "swapped")}
    with serving(bench, "headstart", {}) as (port, _):
        command = [sys.executable, str(HERE / "serve_load.py"), json.dumps({**told, "port": port})]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for swap in range(bench.options.swaps):
                time.sleep(BETWEEN_SWAPS)
                model: Model = one if swap % 2 else two
                model.save(bench.served)
                wait_for_version(port, version(bench.served))
            time.sleep(BETWEEN_SWAPS)
            (bench.home / "swapped").touch()
            found: dict[str, Any] = json.loads(process.communicate()[0])
    one.save(bench.served)
    told_versions, mixed = set[str](), 0
    for number, status, body in found.pop("bodies"):
        if status == 200:
            named = json.loads(body)["version"]
            told_versions.add(named)
            row = dict(zip(bench.classes, answers[named][number], strict=True))
            mixed += bool(max(abs(share - row[name]) for name, share in probabilities(body).items()) > SAME)
    return {**found, "mixed": mixed, "versions": len(told_versions)}


def wait_for_version(port: int, wanted: str) -> None:
    """Wait until a server answers with this version."""
    for _ in range(int(MOST_OF_A_SWAP / 0.2)):
        with urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=30) as answer:
            if json.load(answer)["models"][0]["version"] == wanted:
                return
        time.sleep(0.2)
    raise SystemExit(f"The server does not answer with the version {wanted} after {MOST_OF_A_SWAP:g} s.")


def version(bundle: Path) -> str:
    """Return what `headstart serve` calls a bundle in its answers."""
    return version_of(bundle)


if __name__ == "__main__":
    main()
