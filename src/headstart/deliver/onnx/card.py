"""The card beside an exported file: how to use it, and how it was proven."""

from __future__ import annotations

from headstart.bundle import Model
from headstart.bundle.card import measured_lines
from headstart.deliver.onnx.form import LABEL, NONE, PICTURE, PROBABILITIES, SET, SQUARE, SQUARES
from headstart.records.exported import Agreement, Drop, Parity
from headstart.words.eight_bits import what_it_costs

_ONE = """import math

import numpy as np
import onnxruntime
from PIL import Image, ImageOps


def read(path):
    image = Image.open(path)
    scale = {twice} / min(image.size)  # a large JPEG may be made smaller while it is decoded, to twice the wanted side
    image.draft(None, [math.ceil(side * scale) for side in image.size])
    image = ImageOps.exif_transpose(image)
    if image.mode[0] in "IF":
        raise ValueError("more than 8 bits a channel: make it 8 bits first")
    image = image.convert("RGBA")
    return np.asarray(Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB"))


session = onnxruntime.InferenceSession("{file}")
label, probabilities = session.run(["{label}", "{probabilities}"], {{"{picture}": read("new.jpg")}})
print(label, dict(zip({classes}, probabilities.tolist())))"""
_MANY = """import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession("{file}")
squares = np.zeros((8, {side}, {side}, 3), np.uint8)  # pictures as the network sees them
labels, probabilities = session.run(["{label}", "{probabilities}"], {{"{squares}": squares}})"""


def card(parity: Parity, model: Model) -> str:
    """Return the card, Markdown."""
    facts = parity.facts
    measured = measured_lines(model.info.measured, facts.classes)
    bits = ", computing in 8 bits" if facts.eight_bits else ""
    parts = {
        f"# {parity.file}: a classifier of {len(facts.classes)} classes": [
            f"Exported by headstart {facts.headstart}{bits}. Strategy: {facts.strategy}. Network: {facts.network}.",
        ],
        "## Use": [
            "Any program with ONNX Runtime can ask it; headstart is not needed:",
            "",
            *_code(parity),
            "",
            *_inputs(parity),
            "",
            *_outputs(parity),
        ],
        "## Classes, in the order of the probabilities": [f"{k}. {name}" for k, name in enumerate(facts.classes)],
        "## How accurate it is": [
            *(measured or ["Not measured: no pictures were held out."]),
            *_bits(parity.drop),
        ],
        "## How it was proven": _proof(parity),
        "## Where it comes from": [
            f"- Licence of the network's weights: {facts.licence}",
            f"- SHA-256 of this file: {parity.sha256}",
            f"- Fingerprint of its bundle: {facts.bundle}",
            f"- Proven with {', '.join(f'{name} {number}' for name, number in parity.versions.items())}",
        ],
    }
    return "\n".join(line for title, lines in parts.items() for line in (title, "", *lines, ""))


def _code(parity: Parity) -> list[str]:
    facts = parity.facts
    code = (_ONE if facts.input == "picture" else _MANY).format(
        file=parity.file,
        label=LABEL,
        probabilities=PROBABILITIES,
        picture=PICTURE,
        squares=SQUARES,
        side=facts.preprocessing.input_size,
        twice=2 * facts.preprocessing.decode_side,
        classes=list(facts.classes),
    )
    return ["```python", code, "```"]


def _inputs(parity: Parity) -> list[str]:
    facts = parity.facts
    if facts.input == "picture":
        return [
            f"It takes `{PICTURE}`: uint8, (height, width, 3), red, green and blue, of any size. What is left to the "
            "program, as above: turn it upright (EXIF) and lay what is transparent on white. Pictures with a colour "
            "profile other than sRGB, of more than 8 bits or in CMYK must be converted first. Everything else is "
            "inside.",
        ]
    side, framing = facts.preprocessing.input_size, facts.preprocessing.framing
    return [
        f"It takes `{SQUARES}`: uint8, (n, {side}, {side}, 3), as headstart frames pictures ({framing}). Do not "
        "normalise them.",
    ]


def _outputs(parity: Parity) -> list[str]:
    facts = parity.facts
    lines = [
        "It gives:",
        "",
        f"- `{LABEL}`: the most probable class",
        f"- `{PROBABILITIES}`: one for each class",
    ]
    if facts.threshold is not None:
        often = f"{100 * facts.level:g} of 100 pictures"
        lines.append(f"- `{SET}`: which classes it may well be; the true one is among them for about {often}")
    if facts.limit is not None:
        lines.append(f"- `{NONE}`: whether the picture is unlike all that it was trained on")
    return [*lines, f"- `{SQUARE}`: what the network saw, to look at where an answer surprises"]


def _proof(parity: Parity) -> list[str]:
    lines = [f"It was run beside its bundle on {parity.on_squares.pictures} pictures of these kinds:", ""]
    lines += [f"- {count} {kind}" for kind, count in parity.kinds.items()]
    lines += ["", *_agreed("On equal squares", parity.on_squares)]
    if parity.from_files is not None:
        lines += _agreed("From file to answer", parity.from_files)
    if parity.at_full_size is not None:
        lines += _agreed("Large JPEGs at their full size, if `draft` is left out", parity.at_full_size)
    return lines


def _agreed(asked: str, found: Agreement) -> list[str]:
    told = f"- {asked}: {found.same} of {found.pictures} answers are the same"
    told += f", {found.ties} are ties" if found.ties else ""
    told += f"; no probability is off by more than {found.worst:.2g} (half of them by less than {found.median:.1g})"
    if found.same_sets is not None:
        told += f"; {found.same_sets} prediction sets are the same"
    return [told + "."]


def _bits(drop: Drop | None) -> list[str]:
    return [] if drop is None else [f"- {what_it_costs(drop)}."]
