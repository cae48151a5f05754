"""Classify one picture from a cold start: a plain script, and `headstart predict` with torch and with its export.

::

    python benchmarks/predict.py BUNDLE PICTURE

All sides are whole processes with the same network, weights and head; they run in turn (A B C A B C). The plain script
is what people write when they have saved a model: it loads torch and timm, the network and the weights, prepares the
picture with torchvision and classifies it. The table goes to docs/performance.md.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from measuring import processor, timed, write_section

from headstart.base.process import thread_budget

NAMES = {
    "script": "plain script (torch, timm, torchvision)",
    "torch": "`headstart predict --engine torch`",
    "graph": "`headstart predict`, network exported",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--print-only", action="store_true", help="leave docs/performance.md alone")
    parser.add_argument("--as-script", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.as_script:
        answer_plainly(options.bundle, options.picture)
        return
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "HEADSTART_CACHE": cache}
        predict = [sys.executable, "-m", "headstart", "predict", options.bundle, options.picture]
        commands = {
            "script": [sys.executable, __file__, options.bundle, options.picture, "--as-script"],
            "torch": [*predict, "--engine", "torch"],
            "graph": predict,
        }
        first, _ = timed(predict, environment, subprocess.DEVNULL)  # answers, then exports
        measured: dict[str, list[tuple[float, float]]] = {name: [] for name in NAMES}
        for repeat in range(options.repeats):
            for name, command in commands.items():
                measured[name].append(timed(command, environment, subprocess.DEVNULL))
                print(f"{repeat + 1}/{options.repeats} {name:6} {measured[name][-1]}", flush=True)
    text = section(options, measured, first)
    print(text)
    if not options.print_only:
        write_section("predict", text)


def answer_plainly(bundle: Path, picture: Path) -> None:
    """Answer for one picture without headstart's code, from a bundle with a linear head."""
    import timm
    import torch
    from PIL import Image
    from safetensors.torch import load_file
    from torchvision import transforms

    about = json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))
    if about["info"]["read"]:
        raise SystemExit("Give a bundle whose head reads the last features alone (--readout pool).")
    tensors = load_file(bundle / "model.safetensors")
    network = timm.create_model(about["info"]["architecture"], pretrained=False, num_classes=0)
    network.load_state_dict({name[8:]: value for name, value in tensors.items() if name.startswith("network.")})
    network.eval()
    side = about["preprocessing"]["input_size"]
    prepare = transforms.Compose(
        [
            transforms.Resize((side, side)),
            transforms.ToTensor(),
            transforms.Normalize(about["preprocessing"]["mean"], about["preprocessing"]["std"]),
        ]
    )
    with torch.inference_mode():
        features = network(prepare(Image.open(picture).convert("RGB"))[None])
        scores = features @ tensors["head.weight"].float().T + tensors["head.bias"].float()
    print(about["classes"][int(scores.argmax())])


def section(options: argparse.Namespace, measured: dict[str, list[tuple[float, float]]], first: float) -> str:
    """Return the benchmark's part of the page."""
    rows = []
    for name, label in NAMES.items():
        seconds, memory = zip(*measured[name], strict=True)
        each = ", ".join(f"{value:.2f}" for value in seconds)
        rows.append(f"| {label} | {median(seconds):.2f} | {each} | {median(memory):.2f} |")
    medians = {name: median(seconds for seconds, _ in runs) for name, runs in measured.items()}
    names = ("torch", "timm", "onnxruntime")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    return "\n".join(
        [
            "## One picture, from a cold start",
            "",
            f"`python benchmarks/predict.py BUNDLE PICTURE`: {options.repeats} repeats in turn, whole processes, "
            "a bundle of `linear` on EfficientNet-Lite0, its files read before.",
            f"{processor()}, {thread_budget()} threads, {versions}.",
            "",
            "| | seconds (median) | each run | peak memory, GB |",
            "|---|---|---|---|",
            *rows,
            "",
            f"The plain script takes **{medians['script'] / medians['graph']:.1f} times** as long. The very first "
            f"`headstart predict` of a bundle, its export after the answer included, took {first:.1f} s.",
        ]
    )


if __name__ == "__main__":
    main()
