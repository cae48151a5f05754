"""What a person asks of a comparison, each answered in a sentence or two, with where to look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headstart.evidence.confidence import off_by_more_than_luck, overconfident, right_when_sure
from headstart.evidence.intervals import wilson
from headstart.evidence.judging import hardest_class
from headstart.evidence.mistakes import worst_mistakes
from headstart.records.held_out import HeldOutAnswers
from headstart.records.metrics import Calibration, Metrics
from headstart.records.record import Interval
from headstart.records.results import Results
from headstart.records.run import RunRecord
from headstart.report import standing
from headstart.report.numbers import seconds_text
from headstart.report.page.drawings import percent, points
from headstart.report.page.opening import expected_on, measured_on
from headstart.report.page.ranking import told_apart
from headstart.words.learning import worth_text

_NEAR = 5.0  # points behind the most accurate; more than that is a matter for more pictures, not for a yes
_LEAST_SURE = 10  # answers that state 95 % or more; of fewer their share of right ones is mostly luck
_KEPT, _NEARLY_KEPT = 0.02, 0.06  # by how much less than stated may be right: where that is sure, and at most
_SO_FAR = "yes, as far as these pictures can tell"


@dataclass(frozen=True)
class Question:
    """A question, its short answer, a sentence or two, and the section that shows it."""

    asked: str
    short: str
    told: str
    where: str


def questions(results: Results, answers: HeldOutAnswers, looked: Sequence[Question] = ()) -> list[Question]:
    """Return the questions that these results can answer; `looked` is what heat maps tell, if there are some."""
    winner = results.winner
    if winner is None:
        return []
    found = [_good(results, winner), _cheap(results, winner)]
    if winner.id in answers.probabilities:
        found += [_missed(results, winner, answers), _trusted(results, winner, answers)]
    return [question for question in [*found, *looked, _more(results)] if question]


def _good(results: Results, winner: RunRecord) -> Question | None:
    found = results.deciding(winner)
    if found is None:
        return None
    chance = standing.chance_accuracy(results)
    told, kind = f"Measured {measured_on(results, winner)}.", expected_on(results)
    if found.interval is not None:
        low, high = (percent(end, 0) for end in found.interval)
        told += f" On {kind}, expect {low} to {high}."
    if chance is not None:
        told += f" Always saying the most common class would reach {percent(chance, 0)}."
    return Question("How good is it?", f"{percent(found.accuracy)} right", told, "strategies")


@dataclass(frozen=True)
class _Timed:
    """A run with what it reached."""

    run: RunRecord
    found: Metrics

    @property
    def seconds(self) -> str:
        return seconds_text(self.run.seconds.total)


def _cheap(results: Results, winner: RunRecord) -> Question | None:
    """Return what the quick one loses against the most accurate."""
    asked = "Is a quick strategy good enough?"
    timed = [_Timed(run, found) for run in results.ranked if (found := results.measured(run)) and run.seconds.total]
    if len(timed) < 2:
        return None
    if not results.verdict.judged:
        return Question(asked, "can't tell", "Too few of these pictures show another class than one.", "strategies")
    if not results.verdict.above_chance:
        told = "These pictures can't tell any of the strategies from guessing, so none is good enough yet."
        return Question(asked, "no", told, "strategies")
    if not results.verdict.decided:
        return Question(asked, "can't tell", "A class has too few held-out pictures to call anything better.", "cost")
    best, quick = timed[0], _quick(results, timed, winner)
    if quick is None:
        told = f"{best.run.id} takes {best.seconds}: none was quicker and none was right more often."
        return Question(asked, "yes", told, "cost")
    behind = 100 * (best.found.accuracy - quick.found.accuracy)
    told = (
        f"{quick.run.id} ({quick.seconds}) is {behind:.1f} points less accurate than {best.run.id} ({best.seconds}). "
    )
    if told_apart(results, quick.run.id, best.run.id):
        return Question(asked, "no", f"{told}That is more than luck explains.", "cost")
    short = _SO_FAR if behind < _NEAR else "can't tell"
    return Question(asked, short, f"{told}That may be luck.", "cost")


def _quick(results: Results, timed: Sequence[_Timed], winner: RunRecord) -> _Timed | None:
    """Return the quick one, which takes less time than the most accurate, as it is shown; None where there is none.

    The winner, if it does; else the best that trains no network; else the quickest.
    """
    best = timed[0]
    quicker = [
        one for one in timed[1:] if one.run.seconds.total < best.run.seconds.total and one.seconds != best.seconds
    ]
    taken = [one for one in quicker if one.run.id == winner.id]
    taken += [one for one in quicker if _trains_nothing(results, one.run)]
    return next(iter(taken), min(quicker, key=lambda one: one.run.seconds.total, default=None))


def _trains_nothing(results: Results, run: RunRecord) -> bool:
    row = results.strategy(run.strategy)
    return row is not None and row.trains == "none"


def _missed(results: Results, winner: RunRecord, answers: HeldOutAnswers) -> Question:
    wrong, found = worst_mistakes(answers, winner.id), results.measured(winner)
    hardest = None if found is None else hardest_class(found, answers.classes, standing.judges(results))
    told = "No class is clearly harder than the others." if len(wrong) else "It made no mistake on these pictures."
    if hardest is not None:
        name, recall = hardest
        told = f"The hardest class is \u2068{name}\u2069: {percent(recall, 0)} of its pictures were recognised."
    told = f"{told} {standing.unjudged(results)}".strip()
    return Question("Which pictures does it get wrong?", f"{len(wrong):,} of {len(answers):,}", told, "mistakes")


def _trusted(results: Results, winner: RunRecord, answers: HeldOutAnswers) -> Question:
    sure, right, mean = right_when_sure(answers, winner.id)
    found = results.measured(winner)
    record = None if found is None else found.calibration
    asked, off = "Can I trust its probabilities?", _off(record, answers, winner.id)
    if why := standing.unjudged_at_all(results):
        return Question(asked, "can't be judged", why, "calibration")
    if sure < _LEAST_SURE:
        some = f"Only {sure} answer{' states' if sure == 1 else 's state'}" if sure else "No answer states"
        told = f"{some} 95 % or more{': too few to check those alone' if sure else ''}."
        return Question(asked, _in_short(off, record), f"{_whole(off, record)}{told}", "calibration")
    low, high = wilson(right, sure)
    told = (
        f"{sure:,} answers are at least 95 % sure, {percent(mean)} on average. Of these, {right:,} are right: on many "
        f"new pictures, expect {percent(low, 0)} to {percent(high, 0)}. "
    )
    short = _kept(mean, right / sure, (low, high))
    return Question(asked, f"at 95 %, {short}" if off else short, f"{told}{_whole(off, record)}".strip(), "calibration")


def _kept(stated: float, right: float, interval: Interval) -> str:
    """Return whether sure answers are right as often as they state: by the interval of that, not by its middle."""
    low, high = interval
    if stated > high:
        return "not quite" if stated - right <= _NEARLY_KEPT else "no"
    if stated - low <= _NEARLY_KEPT:
        return "yes"
    return _SO_FAR if stated - right <= _KEPT else "can't tell"


def _off(record: Calibration | None, answers: HeldOutAnswers, run: str) -> str:
    """Return "overconfident" or "underconfident" where that is more than luck, else nothing."""
    if not off_by_more_than_luck(record):
        return ""
    return "overconfident" if overconfident(answers, run) else "underconfident"


def _in_short(off: str, record: Calibration | None) -> str:
    if record is None:
        return "too few answers to tell"
    return f"no, it is {off}" if off else _SO_FAR


def _whole(off: str, record: Calibration | None) -> str:
    """Return what is known of all stated probabilities together."""
    if record is None or not off:
        return "" if record is None else "Overall, stated probabilities and right answers agree. "
    high = "higher" if off == "overconfident" else "lower"
    return f"Overall it is {off}: it states {high} probabilities than its answers deserve. "


def _more(results: Results) -> Question | None:
    if results.learning is None:
        return None
    forecast = results.learning.forecast
    low, high = (points(end) for end in forecast.interval)
    told = f"With {forecast.more:,} instead of {forecast.pictures:,} training pictures, the accuracy may change by "
    told += f"{low} to {high} percentage points; the best guess is {points(forecast.gain)}."
    return Question("Would more pictures help?", worth_text(results.learning), told, "more")
