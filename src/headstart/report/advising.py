"""Advice as lines of text: the chart with these pictures in it, and the ranking of networks."""

from __future__ import annotations

from rich.cells import cell_len

from headstart.records.forecast import AdviceRecord, Expected, Similarity, Size
from headstart.records.ranking import NetworkScore, Ranking
from headstart.records.record import Interval
from headstart.records.verdict import VerdictRecord
from headstart.report import standing
from headstart.report.lines import Line, Role, columns, fit, shorten, wrap
from headstart.report.numbers import decimal, quantity, seconds_text
from headstart.words.advice import sentences

# What the chart of many courses says to do, by how many pictures there are and how like those the network knows.
FIELDS: dict[tuple[Size, Similarity], str] = {
    ("large", "similar"): "train the last part",
    ("large", "dissimilar"): "train everything",
    ("small", "similar"): "train a classifier on top",
    ("small", "dissimilar"): "train the last part (hard)",
}
_SIZES: dict[Size, str] = {"large": "many pictures", "small": "few pictures"}
_SIMILARITIES: tuple[Similarity, ...] = ("similar", "dissimilar")
_HEADS = ("strategy", "expected accuracy", "95 % interval", "time, about")
_SHORT_HEADS = ("strategy", "expected", "95 % interval", "time")
_WHOLE = ("input", "pool")  # cuts that say nothing: everything is trained, or nothing
_WIDE = 96  # cells that all columns of the ranking need
_NARROW_COLUMNS = (0, 1, 2, 3, 8)


def advice_lines(advice: AdviceRecord, *, width: int = 100) -> list[Line]:
    """Return what to use, what was measured for that, what each strategy is expected to reach, and the usual chart."""
    lines = list[Line]()
    for place, sentence in enumerate(sentences(advice)):
        role: Role = "plain" if place else "winner"
        lines += [Line(part, role) for part in wrap(sentence, width, rest="  ")]
    return [*lines, Line(""), *_expectations(advice, width), Line(""), *_chart(advice, width)]


def _expectations(advice: AdviceRecord, width: int) -> list[Line]:
    """Return a line for each strategy; times only where some are known, short headings where there is little room."""
    timed = any(one.seconds is not None for one in advice.expected)
    rows = [_expected(one, advice)[: 4 if timed else 3] for one in advice.expected]
    table = list[str]()
    for heads in (_HEADS, _SHORT_HEADS):
        table = columns([list(heads[: len(rows[0])]), *rows], right=(1, 3))
        if max(map(cell_len, table)) <= width:
            break
    return [Line(table[0], "heading"), *map(Line, table[1:])]


def _expected(one: Expected, advice: AdviceRecord) -> list[str]:
    named = one.strategy
    if one.strategy == advice.strategy and advice.cut not in _WHOLE:
        named += f", from {advice.cut}"
    return [named, decimal(one.accuracy), _interval(one.interval), seconds_text(one.seconds)]


def _chart(advice: AdviceRecord, width: int) -> list[Line]:
    """Return two by two fields, one below another where there is little room; in one of them stand these pictures."""
    here = (advice.size, advice.similarity)
    room = max(map(cell_len, FIELDS.values())) + 2
    told = wrap("● your pictures; similar: like those that the network was first trained on", width)
    notes = [Line(part, "faint") for part in told]
    if 17 + 2 * room > width:
        return [Line("usual chart", "heading"), *(_field(at, "● " if at == here else "  ") for at in FIELDS), *notes]
    lines = [Line(f"{'usual chart':13}  {fit('  similar', room)}    dissimilar".rstrip(), "heading")]
    for size, name in _SIZES.items():
        fields = [
            ("● " if (size, similarity) == here else "  ") + FIELDS[size, similarity] for similarity in _SIMILARITIES
        ]
        lines.append(Line(f"{name:13}  {fit(fields[0], room)}  {fields[1]}".rstrip()))
    return [*lines, *notes]


def _field(at: tuple[Size, Similarity], mark: str) -> Line:
    size, similarity = at
    return Line(f"{mark}{f'{_SIZES[size]}, {similarity}':27}{FIELDS[at]}")


def ranking_lines(found: Ranking, *, width: int = 100) -> list[Line]:
    """Return one line for each network, the best first, and which to use."""
    marks = standing.marks(found.verdict)
    heads = [" ", "network", "linear", "95 % interval", "log loss", "k-NN", "ridge", "LogME", "FLOPs", "time"]
    rows = [_scores(one, marks.get(one.backbone, " ")) for one in found.ranking]
    keep = range(len(heads)) if width >= _WIDE else _NARROW_COLUMNS
    table = columns([[row[at] for at in keep] for row in [heads, *rows]], right=range(2, len(keep)))
    note = (
        f"linear, k-NN and ridge: the share of {found.pictures:,} training pictures that a simple classifier got "
        "right without having learned from them. LogME is shown for comparison only."
    )
    return [
        Line(table[0], "heading"),
        *(
            Line(line, "winner" if marks.get(one.backbone) == standing.TAKEN else "plain")
            for one, line in zip(found.ranking, table[1:], strict=True)
        ),
        *(Line(part, "faint") for part in wrap(note, width)),
        Line(""),
        *(Line(part) for sentence in _told(found.verdict) for part in wrap(sentence, width)),
    ]


def _told(verdict: VerdictRecord) -> tuple[str, ...]:
    return verdict.text, *verdict.details, *verdict.figures


def _scores(one: NetworkScore, mark: str) -> list[str]:
    return [
        mark,
        shorten(one.backbone, 30),
        decimal(one.linear),
        _interval(one.interval),
        decimal(one.loss),
        decimal(one.neighbours),
        decimal(one.ridge),
        decimal(one.logme, 2),
        quantity(one.flops),
        seconds_text(one.pass_seconds),
    ]


def _interval(ends: Interval) -> str:
    return f"{ends[0]:.3f} to {ends[1]:.3f}"
