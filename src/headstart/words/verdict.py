"""The verdict in words: at most three sentences, what to use, why not another, what would help; the rest below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

from headstart.evidence.forecast import worth_of_more
from headstart.evidence.judging import Judges, hardest_class
from headstart.evidence.reasons import (
    CheaperOfTied,
    ClearWinner,
    DepthsCompared,
    Difference,
    GuessingUnjudged,
    Measured,
    MostAccurate,
    NearChance,
    NothingLearned,
    OneClassOnly,
    OnlyOne,
    Reached,
    Reason,
    SameHead,
    SmallClass,
    TooFewPictures,
    WouldSettle,
)
from headstart.evidence.verdict import MOST_PICTURES, Verdict
from headstart.records.forecast import LearningRecord
from headstart.records.metrics import Metrics
from headstart.records.verdict import VerdictRecord
from headstart.words.cost import cost_text, in_short
from headstart.words.depths import depths_text
from headstart.words.judging import lacks, quoted
from headstart.words.learning import learning_text, more_pictures
from headstart.words.measured import how_measured, many, right_on
from headstart.words.numbers import (
    counted,
    joined,
    number_text,
    p_text,
    percent,
    percent_text,
    percents,
    rounded,
)

MOST_WORDS = 60  # of the verdict itself
_MOST_NAMES = 3  # in it
USUAL_FOLDS = 5  # so many pictures every class needs for the advice below
_MEASURE_MORE = f"Run again with --folds {USUAL_FOLDS} --seeds 3 to measure on more pictures."


@dataclass(frozen=True)
class Said:
    """What one reason says: parts of the three sentences, and sentences below them.

    `use` is of the first sentence, without its full stop; `settles` is another that would help, if nothing else does;
    `figures` say with what a test found what `why` says.
    """

    use: str = ""
    why: str = ""
    helps: str = ""
    settles: str = ""
    details: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()


def verdict_record(
    verdict: Verdict,
    *,
    measured: Metrics | None = None,
    classes: Sequence[str] = (),
    judges: Judges | None = None,
    learning: LearningRecord | None = None,
) -> VerdictRecord:
    """Return the verdict in words.

    Parameters
    ----------
    verdict : Verdict
    measured : Metrics, optional
        Of the winner, on the pictures that measure: for what its interval counts, and its hardest class.
    classes : sequence of str
        In the order of the recalls in `measured`; empty where repeated splits decide, for the recalls are of one split.
    judges : Judges, optional
        What the pictures that measure can judge.
    learning : LearningRecord, optional
        What more training pictures would bring.
    """
    parts = [said(reason) for reason in verdict.reasons]
    use = "".join(part.use for part in parts)
    if not (verdict.decided and verdict.above_chance):
        use = use.replace(f"Use {verdict.winner}:", f"Use {verdict.winner} for now:", 1)
    why = next((part.why for part in parts if part.why), "")
    helps = _in_order(parts, learning)
    text, details = _sentences(f"{use}.", why, *helps[:1]), [detail for part in parts for detail in part.details]
    if learning is not None and len(text.split()) > MOST_WORDS and helps[0] == learning_text(learning):
        text = _sentences(f"{use}.", why, more_pictures(learning.forecast))
        details.append(helps[0])  # which also names a class, and who was judged
    details += _hardest(measured, classes, judges)
    details += helps[1:]
    if measured is not None and measured.unit == "group":
        details.append(
            "Pictures that belong together (your groups, and exact copies) count as one, in intervals and comparisons."
        )
    return VerdictRecord(
        winner=verdict.winner,
        tied_with=verdict.tied_with,
        above_chance=verdict.above_chance,
        decided=verdict.decided,
        judged=verdict.judged,
        same_as=dict(verdict.same_as),
        text=text,
        details=tuple(details),
        figures=tuple(figure for part in parts for figure in part.figures),
    )


def _sentences(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


def _hardest(measured: Metrics | None, classes: Sequence[str], judges: Judges | None) -> list[str]:
    """Return which class is recognised worst, if that is one alone, and clearly below the accuracy."""
    found = None if measured is None else hardest_class(measured, classes, judges)
    if found is None:
        return []
    name, recall = found
    return [f"The hardest class is '{name}': {percent(recall)} of its pictures were recognised."]


def _in_order(parts: list[Said], learning: LearningRecord | None) -> list[str]:
    """Return what would help, what helps most first."""
    found = list(dict.fromkeys(part.helps for part in parts if part.helps))
    settles = [part.settles for part in parts if part.settles]
    if learning is None:
        return found + settles
    sure = worth_of_more(learning.forecast.interval) == "yes"
    return found + ([learning_text(learning), *settles] if sure else [*settles, learning_text(learning)])


@singledispatch
def said(reason: Reason) -> Said:
    """Return what a reason says."""
    raise TypeError(f"nothing is said of {type(reason).__name__}")


@said.register
def _(reason: OnlyOne) -> Said:
    why = "Nothing else was tried, so there is nothing to compare it with."
    if reason.same:
        why = f"{joined(reason.same)} ended with the same result: training more of the network did not help here."
    return Said(_use(reason.use, reason.on), why, details=_of_use(reason.use, reason.on))


@said.register
def _(reason: ClearWinner) -> Said:
    place = "the only other one" if reason.only else "the next best"
    behind = _behind(reason.ahead)
    why = f"{reason.second.name}, {place}, {behind}: more than luck explains."
    compared = _compared(reason.use, reason.second, reason.ahead)
    return Said(_use(reason.use, reason.on), why, details=_of_use(reason.use, reason.on), figures=(compared,))


@said.register
def _(reason: MostAccurate) -> Said:
    others = f"No other was right {'more' if reason.equals else 'as'} often"
    details, figures = _of_use(reason.use, reason.on), tuple[str, ...]()
    if reason.cheapest is None:
        names = _names(reason.tied_with)
        why = f"{others}; {names} did worse here, though that may be luck."
    else:
        why = f"{others}; {in_short(reason.cheapest, best=reason.use.name)}."
        figures = (cost_text(reason.cheapest),)
    return Said(_use(reason.use, reason.on), why, details=details, figures=figures)


@said.register
def _(reason: CheaperOfTied) -> Said:
    best = reason.best.name
    why = f"{best} {_ahead(reason.behind)}, which may be luck; {in_short(reason.cheapest, best)}."
    figures = (_compared(reason.best, reason.use, reason.behind), cost_text(reason.cheapest))
    return Said(_use(reason.use, reason.on), why, details=_of_use(reason.use, reason.on), figures=figures)


@said.register
def _(reason: TooFewPictures) -> Said:
    why = f"There is no winner yet: {lacks(reason.on, reason.classes, reason.least)}."
    helps = _MEASURE_MORE if reason.remedy == "folds" else "More pictures of that class would help."
    return Said(_use(reason.use, reason.on), why, helps, details=_of_use(reason.use, reason.on))


@said.register
def _(reason: OneClassOnly) -> Said:
    missing = lacks(reason.on, reason.absent, 0)
    low_high = percents(reason.use.interval)
    expect = f"Of many new pictures of '{reason.only}', expect {reason.use.name} to recognise {low_high}."
    return Said(
        f"Whether {reason.use.name} tells the classes apart can't be judged: {missing}",
        f"It {right_on(reason.use, reason.on)}, all of them of '{reason.only}'.",
        _MEASURE_MORE if reason.remedy == "folds" else f"Pictures of {quoted(reason.absent)} would help.",
        details=(expect,),
    )


@said.register
def _(reason: GuessingUnjudged) -> Said:
    shows = "shows" if reason.others == 1 else "show"
    told = (
        "Whether anything here is better than guessing can't be judged: "
        f"only {reason.others:,} of {many(reason.on, reason.pictures)} {shows} another class than the most common one."
    )
    return Said(details=(told,))


@said.register
def _(reason: NothingLearned) -> Said:
    place = "the only one tried" if reason.only else "the best"
    return Said(
        f"Nothing was learned: {reason.best.name}, {place}, {right_on(reason.best, reason.on)}",
        f"Always naming the most common class gives {percent_text(reason.chance)}.",
        "First check that the labels belong to the pictures.",
        details=(
            *_of_use(reason.best, reason.on),
            "Other likely causes: too few pictures, pictures too small to show the difference, or weights that expect "
            "pictures prepared in another way.",
        ),
    )


@said.register
def _(reason: NearChance) -> Said:
    guessing = f"always naming the most common class ({percent_text(reason.chance)})"
    if reason.found is not None:
        told = (
            f"Caution: {guessing} may be right as often, but {reason.use.name} does tell the classes apart: of many "
            f"new pictures of a class, expect it to find {percents(reason.found.interval)} on average."
        )
        return Said(details=(told,))
    return Said(
        f", but guessing may do as well ({percent_text(reason.chance)})",
        helps=_MEASURE_MORE if reason.on.held_out else "",
        details=(f"Caution: {reason.use.name} may be no better than guessing, that is, {guessing}.",),
    )


@said.register
def _(reason: SmallClass) -> Said:
    missing = lacks(reason.on, reason.classes, reason.least)
    them = "them" if len(reason.classes) > 1 else "it"
    known = "almost nothing" if reason.least or not reason.classes else "nothing"
    return Said(details=(f"Caution: {missing}, so {known} is known about {them}.",))


@said.register
def _(reason: WouldSettle) -> Said:
    one, other = reason.names
    grouped = " in groups of this size" if reason.grouped else ""
    if reason.pictures is None:
        return Said(settles=f"Even {many(reason.on, MOST_PICTURES)} might not show whether {one} or {other} is better.")
    pictures = many(reason.on, rounded(reason.pictures))
    return Said(
        settles=f"If {one} and {other} differ as much as here, it would take about {pictures}{grouped} to show it."
    )


@said.register
def _(reason: SameHead) -> Said:
    told = f"{joined(reason.names)} ended with {reason.other}'s result: training more of the network did not help here."
    return Said(details=(told,))


@said.register
def _(reason: DepthsCompared) -> Said:
    return Said(details=(depths_text(reason),))


def _use(reached: Reached, on: Measured) -> str:
    return f"Use {reached.name}: it {right_on(reached, on)}"


def _of_use(reached: Reached, on: Measured) -> tuple[str, ...]:
    expect = f"expect {reached.name} to be right on {percents(reached.interval)}."
    return (f"On many new pictures of the same kind, {expect}", *how_measured(on))


def _points(found: Difference) -> str:
    return f"{100 * abs(found.value):.1f} points"


def _ahead(found: Difference) -> str:
    if found.right is not None:
        return f"was right on {found.right:,} more"
    return f"was {_points(found)} ahead" if abs(found.value) >= 0.0005 else "was right about as often"


def _behind(found: Difference) -> str:
    return f"was {_points(found)} behind" if found.right is None else f"was right on {found.right:,} fewer"


def _compared(more: Reached, less: Reached, found: Difference) -> str:
    """Return how far one is ahead of another, and how easily luck does that."""
    groups = f", comparing {counted(found.groups, 'group')}" if found.groups is not None else ""
    luck = f"a paired test finds {'no' if found.p >= 0.05 else 'a'} clear difference"
    if found.right is None:
        return f"{more.name} was {_points(found)} ahead of {less.name}; {luck} ({p_text(found.p)})."
    return f"{more.name} was right on {found.right:,} more than {less.name}; {luck} ({p_text(found.p)}{groups})."


def _names(names: tuple[str, ...]) -> str:
    return joined(names) if len(names) <= _MOST_NAMES else f"the {number_text(len(names))} others tied with it"
