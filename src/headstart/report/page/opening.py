"""What a person sees first: the pictures, what to use and how good it is, and what to type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from markupsafe import Markup

from headstart.records.record import Interval
from headstart.records.results import Results
from headstart.records.run import RunRecord
from headstart.records.verdict import VerdictRecord
from headstart.report import standing, text
from headstart.report.page import svg
from headstart.report.page.looks import run_look
from headstart.report.page.svg import Scale

Decision = Literal["clear", "open", "alone", "unjudged", "guessing"]

_HEADINGS: dict[Decision, str] = {
    "clear": "Use",
    "open": "No winner yet. For now, use",
    "alone": "For now, use",
    "unjudged": "Can't be judged yet. For now, use",
    "guessing": "Nothing is better than guessing yet. The best so far:",
}
_TITLES: dict[Decision, str] = {
    "clear": "use {}",
    "open": "no winner yet",
    "alone": "for now, use {}",
    "unjudged": "can't be judged yet",
    "guessing": "not better than guessing yet",
}


@dataclass(frozen=True)
class Opening:
    """Title, what was compared on what, and the verdict: its short text, and details below that."""

    title: str
    tab: str
    facts: tuple[str, ...]
    said: str
    details: tuple[str, ...]
    complete: bool


class Command(NamedTuple):
    """What a command does, and how it is typed."""

    told: str
    typed: str


@dataclass(frozen=True)
class Card:
    """The recommended strategy, what it reached (by what decided, and on what), and what to type to use it."""

    id: str
    heading: str
    plain: str
    accuracy: float | None
    interval: Interval | None
    bar: Markup
    measured: str
    expected_on: str
    optimistic: bool
    tied: tuple[str, ...]
    commands: tuple[Command, ...]


def decision(verdict: VerdictRecord) -> Decision:
    """Return how sure the verdict is."""
    if not verdict.above_chance:
        return "guessing" if verdict.judged else "unjudged"
    if verdict.decided:
        return "clear"
    return "open" if verdict.tied_with else "alone"


def heading(verdict: VerdictRecord) -> str:
    """Return the words in front of the winner's name."""
    return _HEADINGS[decision(verdict)]


def opening(results: Results) -> Opening:
    """Return title, what was compared on what, and the verdict's sentences."""
    verdict, title = results.verdict, _title(results)
    facts = (text.describe_data(results), text.describe_backbone(results), text.describe_machine(results))
    return Opening(
        title=title,
        tab=f"{title}: {_TITLES[decision(verdict)].format(verdict.winner)}",
        facts=tuple(fact for fact in facts if fact),
        said=verdict.text,
        details=(*verdict.details, *verdict.figures),
        complete=results.complete,
    )


def _title(results: Results) -> str:
    title = (results.recipe.title if results.recipe is not None else None) or results.data.title
    return title[:1].upper() + title[1:] if title else results.data.name or "Pictures"


def winner_card(results: Results, typed: text.Typed) -> Card | None:
    """Return the recommended strategy; None where its run is gone."""
    run = results.winner
    if run is None:
        return None
    weighed, found, row = results.deciding(run), results.measured(run), results.strategy(run.strategy)
    accuracy, interval = (None, None) if weighed is None else (weighed.accuracy, weighed.interval)
    return Card(
        id=run.id,
        heading=heading(results.verdict),
        plain="" if row is None else row.plain,
        accuracy=accuracy,
        interval=interval,
        bar=svg.interval_bar(accuracy, interval, Scale(0.0, 1.0, 0, 100), run_look(results, run)),
        measured=measured_on(results, run),
        expected_on=expected_on(results),
        optimistic=weighed is found and found is not None and found.used_for_choosing,
        tied=results.verdict.tied_with,
        commands=_commands(run, typed) if typed.folder else (),
    )


def measured_on(results: Results, run: RunRecord) -> str:
    """Return on what the accuracy of a run was measured that the verdict goes by."""
    over, found = results.deciding_splits, results.measured(run)
    if over is not None:
        return f"on average over {(over.folds or 1) * over.seeds} splits of the pictures"
    return "" if found is None else f"on {found.n:,} pictures it had never seen"


def expected_on(results: Results) -> str:
    """Return of which new pictures the interval speaks: those of one class, where no others measured."""
    only = standing.judges(results).only if results.deciding_splits is None else None
    return "many new pictures of the same kind" if only is None else f"many new pictures of '{only}'"


def _commands(run: RunRecord, typed: text.Typed) -> tuple[Command, ...]:
    place = f"{typed.folder}/{run.bundle}"
    bundle, answer = text.quoted(place), f"{typed.program} predict {text.quoted(place)} PICTURES"
    return (
        Command("Classify new pictures", answer),
        Command("Also write a table and a sheet of pictures", f"{answer} --csv answers.csv --grid answers.png"),
        Command("Test it on other labelled pictures", f"{typed.program} evaluate {bundle} FOLDER"),
        Command("In Python", f'import headstart as hs\nhs.load({place!r}).predict(["new.jpg"])'),
    )
