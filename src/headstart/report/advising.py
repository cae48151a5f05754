"""Advice as lines of text: the chart with these pictures in it, and the ranking of networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len

from headstart.report import standing
from headstart.report.lines import Line, Role, columns, fit, shorten, wrap
from headstart.report.numbers import decimal, quantity, seconds_text

Advice = Mapping[str, Any]

_CHART = {
    ("large", "similar"): "partial",
    ("large", "dissimilar"): "full",
    ("small", "similar"): "linear, svm",
    ("small", "dissimilar"): "partial (the hard case)",
}


def advice_lines(advice: Advice, *, width: int = 100) -> list[Line]:
    """Return the chart, what was measured, what to take and what it costs."""
    lines = [*_chart(advice, width), Line("")]
    sentences = str(advice["text"]).replace(". ", ".\n").split("\n")
    for sentence in sentences:
        role: Role = "winner" if sentence.startswith("Take ") else "plain"
        lines += [Line(part, role) for part in wrap(sentence, width, rest="  ")]
    rows = [
        [
            _at(one["strategy"], advice),
            decimal(one["accuracy"]),
            _interval(one["interval"]),
            seconds_text(one["seconds"]),
        ]
        for one in advice["expected"]
    ]
    table = columns([["strategy", "expected accuracy", "95 % interval", "about"], *rows], right=(1, 3))
    return [*lines, Line(""), Line(table[0], "heading"), *map(Line, table[1:])]


def _at(strategy: str, advice: Advice) -> str:
    """Return the strategy, with its cut where that is the one advised and trains a part."""
    return f"{strategy}, from {advice['cut']}" if strategy == advice["strategy"] == "partial" else strategy


def _chart(advice: Advice, width: int) -> list[Line]:
    """Return two by two fields; in one of them stand these pictures."""
    here = (advice["size"], advice["similarity"])
    names = {"large": "many pictures", "small": "few pictures"}
    room = min(max(map(cell_len, _CHART.values())) + 2, max((width - 17) // 2, 12))
    lines = [Line(f"{'':15}{fit('  similar', room)}    dissimilar".rstrip(), "heading")]
    for size in ("large", "small"):
        fields = [
            ("● " if (size, similarity) == here else "  ") + shorten(_CHART[size, similarity], room - 2)
            for similarity in ("similar", "dissimilar")
        ]
        lines.append(Line(f"{names[size]:13}  {fit(fields[0], room)}  {fields[1]}".rstrip()))
    return lines


def ranking_lines(found: Mapping[str, Any], *, width: int = 100) -> list[Line]:
    """Return one line for each network, the best first, and which to take."""
    marks = standing.marks(found)
    heads = [" ", "network", "linear", "95 % interval", "loss", "k-NN", "ridge", "LogME", "FLOPs", "pass"]
    rows = [
        [
            marks.get(one["backbone"], " "),
            shorten(one["backbone"], 30),
            decimal(one["linear"]),
            _interval(one["interval"]),
            decimal(one["loss"]),
            decimal(one["neighbours"]),
            decimal(one["ridge"]),
            decimal(one["logme"], 2),
            quantity(one["flops"]),
            seconds_text(one["pass_seconds"]),
        ]
        for one in found["ranking"]
    ]
    keep: Sequence[int] = range(len(heads)) if width >= 96 else (0, 1, 2, 3, 8)
    table = columns([[row[at] for at in keep] for row in [heads, *rows]], right=range(2, len(keep)))
    note = (
        f"linear, k-NN, ridge: the share of {found['pictures']:,} training pictures answered right by heads that had "
        "not learned from them. LogME stands beside for comparison only."
    )
    return [
        Line(table[0], "heading"),
        *(Line(line, "winner" if line.startswith(standing.TAKEN) else "plain") for line in table[1:]),
        *(Line(part, "faint") for part in wrap(note, width)),
        Line(""),
        *(Line(part) for part in wrap(found["verdict"]["text"], width)),
    ]


def _interval(ends: Sequence[float]) -> str:
    return f"{ends[0]:.3f} to {ends[1]:.3f}"
