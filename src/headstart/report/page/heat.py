"""Heat maps beside their pictures: what winner and runner-up look at, in colours, numbers and words."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image

from headstart.base.errors import PictureError
from headstart.base.types import Floats
from headstart.evidence.heat import LookedInAll, looked_at
from headstart.explain.heat import Heat
from headstart.explain.heat_maps import Found, explained_runs, telling
from headstart.pixels import decode_for, frame
from headstart.pixels.covering import CELLS
from headstart.pixels.root import found_root
from headstart.records.held_out import HeldOutAnswers
from headstart.records.preprocessing import Preprocessing
from headstart.records.results import Results
from headstart.report.page import svg
from headstart.report.page.pictures import as_address
from headstart.report.page.questions import Question
from headstart.words.heat import in_all, in_short, looked_text

Pixels = NDArray[np.uint8]
Kind = Literal["wrong", "apart", "right"]

SIDE = 208  # pixels of the longer side: sharp where three stand beside each other
LEAST = 0.1  # of probability: what full colour stands for at least, so that nothing is blown up to look like much
# Weak and strong, for the answer (orange) and against it (blue): told apart with every kind of colour blindness.
_FOR = np.array([(255.0, 205.0, 110.0), (214.0, 60.0, 0.0)])
_AGAINST = np.array([(150.0, 200.0, 255.0), (0.0, 70.0, 200.0)])
_GROUPS: tuple[tuple[Kind, str], ...] = (
    ("wrong", "Wrong answers"),
    ("apart", "Right answers, where the runner-up said something else"),
    ("right", "Right answers"),
)


@dataclass(frozen=True)
class HeatMap:
    """What one run looks at in a picture, drawn and in words."""

    run: str
    answer: str
    right: bool
    stated: float
    src: str
    told: str


@dataclass(frozen=True)
class Card:
    """A picture with its heat maps; `full`: what full colour stands for."""

    kind: Kind
    path: str
    truth: str
    full: str
    src: str
    maps: tuple[HeatMap, ...]


@dataclass(frozen=True)
class Section:
    """Legend, groups of cards and the summary; `left` chosen pictures were not looked at yet."""

    winner: str
    other: str | None
    legend: Markup
    groups: tuple[tuple[str, tuple[Card, ...]], ...]
    sum: LookedInAll
    left: int
    crop: bool


def section(results: Results, answers: HeldOutAnswers, heats: Found, pictures: Path | None) -> Section | None:
    """Return what the winner and the runner-up look at; None where nothing was looked at or no picture is at hand."""
    runs = explained_runs(results, answers)
    root = found_root(results.data.root, pictures, answers.paths) if runs else None
    winner = results.run(runs[0]) if runs else None
    if root is None or winner is None or not heats.get(winner.id):
        return None
    preprocessing, rows = winner.preprocessing, telling(answers, runs)
    cards = _cards(answers, rows, runs, heats, root, preprocessing)
    groups = [(title, tuple(card for card in cards if card.kind == kind)) for kind, title in _GROUPS]
    return Section(
        winner=winner.id,
        other=runs[1] if len(runs) > 1 else None,
        legend=_legend(),
        groups=tuple(group for group in groups if group[1]),
        sum=summed([heats[winner.id][card.path] for card in cards]),
        left=sum(answers.paths[row] not in heats[winner.id] for row in rows),
        crop=preprocessing.framing == "crop",
    )


def _cards(
    answers: HeldOutAnswers,
    rows: Sequence[int],
    runs: Sequence[str],
    heats: Found,
    root: Path,
    preprocessing: Preprocessing,
) -> list[Card]:
    """Return the pictures that the first run was asked about and that can still be read."""
    cards = []
    for row in rows:
        maps = [(run, heat) for run in runs if (heat := heats.get(run, {}).get(answers.paths[row]))]
        with suppress(PictureError, OSError):
            if maps and maps[0][0] == runs[0]:
                cards.append(_card(answers, row, maps, _seen(root / answers.paths[row], preprocessing)))
    return cards


def question(found: Section | None) -> list[Question]:
    """Return what the maps answer in short, where there are some."""
    if found is None or not found.groups:
        return []
    return [Question("What does it look at?", in_short(found.sum), in_all(found.sum), "heat")]


def summed(heats: Sequence[Heat]) -> LookedInAll:
    """Return over some pictures: in how many one spot changes the answer, and which share of the heat lies where."""
    heat = sum((np.maximum(one.cells(), 0.0) for one in heats), np.zeros((CELLS, CELLS)))
    total = max(float(heat.sum()), 1e-12)
    inner = slice(CELLS // 4, CELLS - CELLS // 4)
    return LookedInAll(
        n=len(heats),
        turned=sum(any(name != one.answer for name in one.named) for one in heats),
        middle=float(heat[inner, inner].sum()) / total,
        rim=1.0 - float(heat[1:-1, 1:-1].sum()) / total,
    )


def told(heat: Heat) -> str:
    """Return in a sentence or two where the heat is and what covering it does."""
    return looked_text(looked_at(heat.falls, heat.alone, heat.named, heat.answer))


def coloured(square: Pixels, cells: Floats, shape: tuple[int, int]) -> Pixels:
    """Return a grey copy of a picture under the heat, (H, W, 3) uint8.

    Parameters
    ----------
    square : array, (S, S, 3)
    cells : array, (rows, columns)
        -1 and 1 are full colour.
    shape : tuple of int
        Height and width of what is returned.
    """
    size = (shape[1], shape[0])
    grey = np.asarray(Image.fromarray(square).convert("L").resize(size, Image.Resampling.BICUBIC), np.float64)
    smooth = Image.fromarray(cells.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
    heat = np.clip(np.asarray(smooth, np.float64), -1.0, 1.0)[..., None]
    strength, speaks_for = np.abs(heat), heat > 0
    weak, strong = (np.where(speaks_for, _FOR[at], _AGAINST[at]) for at in (0, 1))
    paint, cover = weak + (strong - weak) * strength, np.minimum(1.25 * strength, 0.8)
    found: Pixels = np.rint((0.8 * grey[..., None] + 45.0) * (1 - cover) + paint * cover).astype(np.uint8)
    return found


def _card(
    answers: HeldOutAnswers, row: int, maps: Sequence[tuple[str, Heat]], seen: tuple[Pixels, tuple[int, int]]
) -> Card:
    """Return a picture with its maps; one scale of colours serves them all."""
    square, shape = seen
    full = max(LEAST, *(float(np.abs(heat.cells()).max()) for _, heat in maps))
    truth, first = answers.classes[answers.labels[row]], maps[0][1]
    apart = any(heat.answer != first.answer for _, heat in maps)
    whole = np.asarray(Image.fromarray(square).resize((shape[1], shape[0]), Image.Resampling.BICUBIC))
    return Card(
        kind="wrong" if first.answer != truth else "apart" if apart else "right",
        path=answers.paths[row],
        truth=truth,
        full=_points(full),
        src=as_address(whole, SIDE),
        maps=tuple(
            HeatMap(
                run=run,
                answer=heat.answer,
                right=heat.answer == truth,
                stated=heat.stated,
                src=as_address(coloured(square, heat.cells() / full, shape), SIDE),
                told=told(heat),
            )
            for run, heat in maps
        ),
    )


def _seen(file: Path, preprocessing: Preprocessing) -> tuple[Pixels, tuple[int, int]]:
    """Return the square that the network sees, and height and width in which it looks natural."""
    whole = decode_for(file, preprocessing)
    ratio = whole.shape[0] / whole.shape[1] if preprocessing.framing == "squash" else 1.0
    ratio = min(max(ratio, 0.5), 2.0)
    shape = (round(SIDE * min(ratio, 1.0)), round(SIDE * min(1 / ratio, 1.0)))
    return frame(whole, preprocessing), shape


def _points(share: float) -> str:
    whole = round(100 * share)
    return f"{whole} point{'' if whole == 1 else 's'}"


def _legend() -> Markup:
    """Return the scale of the colours, over the grey that pictures have on average."""
    strip = coloured(np.full((1, 320, 3), 128, np.uint8), np.linspace(-1, 1, 320)[None], (1, 320))
    address = as_address(np.repeat(strip, 12, axis=0), 320)
    parts = [svg.tag("image", href=address, x=16, y=6, width=320, height=12, preserveAspectRatio="none")]
    for at, anchor, said in (
        (16, "start", "against the answer"), (176, "middle", "0 points"), (336, "end", "for the answer"),
    ):  # fmt: skip
        parts += [svg.line(at, 18, at, 23, "axis"), svg.text(at, 37, said, class_="mark", anchor=anchor)]
    label = "Scale: blue against the answer, the grey copy at 0 points, orange for the answer."
    return svg.drawing(352, 42, *parts, label=label, class_="chart heat-scale")
