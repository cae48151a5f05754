"""What a person asks of a comparison, each answered in a sentence or two, with where to look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headstart.evidence.verdict import worth_of_more
from headstart.report import standing
from headstart.report.numbers import seconds_text
from headstart.report.page.answers import (
    kept_promises,
    off_by_more_than_luck,
    promises_too_much,
    worst_mistakes,
)
from headstart.report.page.drawings import percent, points
from headstart.report.page.reading import HeldOutAnswers

Results = Mapping[str, Any]

# What a strategy does, for who has never heard its name.
PLAIN = {
    "linear": "The pretrained network is kept as it is; only a small linear rule on top learns from your pictures.",
    "svm": "The pretrained network is kept as it is; a support vector machine on top learns from your pictures.",
    "knn": "The pretrained network is kept as it is; a new picture gets the class of the training pictures nearest.",
    "partial": "The last part of the pretrained network is trained further on your pictures; the rest is kept.",
    "full": "The whole pretrained network is trained further on your pictures.",
    "scratch": "A network that knows nothing yet is trained on your pictures alone.",
}


_HEADS = ("linear", "svm", "knn")
_NEAR = 5.0  # points behind the most accurate; more than that is a matter for more pictures, not for a yes


@dataclass(frozen=True)
class Question:
    """A question, its short answer, a sentence or two, and the section that shows it."""

    asked: str
    short: str
    told: str
    where: str


def questions(results: Results, answers: HeldOutAnswers, looked: Sequence[Question] = ()) -> list[Question]:
    """Return the questions that these results can answer; `looked` is what heat maps tell, if there are some."""
    winner = next((run for run in results["runs"] if run["id"] == (results.get("verdict") or {}).get("winner")), None)
    if winner is None:
        return []
    found = [_good(results, winner), _cheap(results, winner)]
    if winner["id"] in answers.probabilities:
        found += [_missed(results, winner, answers), _trusted(results, winner, answers)]
    return [question for question in [*found, *looked, _more(results)] if question]


def _good(results: Results, winner: Mapping[str, Any]) -> Question | None:
    found = standing.metrics_of(winner, standing.measured_split(results))
    if not found:
        return None
    chance, (low, high) = standing.chance_accuracy(results), found["interval"]
    told = f"Measured on {found['n']:,} pictures that it had not seen; in the long run {percent(low, 0)} to "
    told += f"{percent(high, 0)}."
    if chance is not None:
        told += f" Always saying the commonest class would reach {percent(chance, 0)}."
    return Question("How good is it?", f"{percent(found['accuracy'])} right", told, "strategies")


def _cheap(results: Results, winner: Mapping[str, Any]) -> Question | None:
    """Return what the cheap one loses against the most accurate: the one that is taken, if that is another.

    Else the best strategy that trains nothing of the network.
    """
    split, asked = standing.measured_split(results), "Is the cheap one good enough?"
    timed = [run for run in standing.ranked(results) if standing.metrics_of(run, split) and run["seconds"].get("total")]
    if len(timed) < 2:
        return None
    best, quickest = timed[0], min(timed, key=lambda run: float(run["seconds"]["total"]))
    cheap = next((run for run in timed if run["strategy"] in _HEADS), quickest)
    if winner in timed and winner["id"] != best["id"]:
        cheap = winner
    spent = seconds_text(cheap["seconds"]["total"])
    if not standing.above_chance(results):
        told = "None of them can be told from answering without looking, so none is good enough yet."
        return Question(asked, "no", told, "strategies")
    if not standing.decided(results):
        return Question(
            asked, "cannot be told", "A class has too few held-out pictures to call anything better.", "cost"
        )
    if cheap["id"] == best["id"]:
        return Question(asked, "yes", f"{best['id']} takes {spent}, and none was right more often.", "cost")
    behind = 100 * (standing.metrics_of(best, split)["accuracy"] - standing.metrics_of(cheap, split)["accuracy"])
    tied = not _told_apart(results, cheap["id"], best["id"])
    told = f"{cheap['id']} ({spent}) is {behind:.1f} points behind {best['id']} "
    told += f"({seconds_text(best['seconds']['total'])}), the most accurate"
    told += ": too little to tell from luck with so many pictures." if tied else ", more than luck would give."
    short = "no" if not tied else "yes, as far as can be told" if behind < _NEAR else "cannot be told"
    return Question(asked, short, told, "cost")


def _told_apart(results: Results, one: str, other: str) -> bool:
    """Return whether the paired test, adjusted for all pairs, tells two runs apart."""
    pairs = [pair for pair in results.get("comparisons") or () if {pair["a"], pair["b"]} == {one, other}]
    return any(pair.get("p_adjusted") is not None and float(pair["p_adjusted"]) < 0.05 for pair in pairs)


def _missed(results: Results, winner: Mapping[str, Any], answers: HeldOutAnswers) -> Question:
    wrong = worst_mistakes(answers, winner["id"])
    recalls = standing.metrics_of(winner, standing.measured_split(results)).get("per_class_recall") or []
    known = [(recall, name) for recall, name in zip(recalls, answers.classes, strict=False) if recall is not None]
    told = "None of the held-out pictures was answered wrong."
    if len(wrong) and known:
        recall, name = min(known)
        told = f"The hardest class is \u2068{name}\u2069: of its pictures {percent(recall, 0)} are found."
    return Question("Which pictures does it miss?", f"{len(wrong):,} of {len(answers):,}", told, "mistakes")


def _trusted(results: Results, winner: Mapping[str, Any], answers: HeldOutAnswers) -> Question:
    sure, right, mean = kept_promises(answers, winner["id"])
    asked, whole = "Can I trust a stated 95 %?", _on_the_whole(results, winner, answers)
    if sure < 10:
        some = f"Only {sure} answer{' states' if sure == 1 else 's state'} 95 % or more."
        return Question(asked, "too few to say", f"{some}{whole}", "sureness")
    share = right / sure
    short = "yes" if share >= mean - 0.02 else "not quite" if share >= mean - 0.06 else "no"
    told = f"{sure:,} answers state 95 % or more, {percent(mean)} on average; {percent(share)} of them are right."
    return Question(asked, "that one, yes" if whole and short == "yes" else short, f"{told}{whole}", "sureness")


def _on_the_whole(results: Results, winner: Mapping[str, Any], answers: HeldOutAnswers) -> str:
    """Return what is said of all stated probabilities together where they are off by more than luck."""
    record = standing.metrics_of(winner, standing.measured_split(results)).get("calibration") or {}
    if not off_by_more_than_luck(record):
        return ""
    return f" All answers together promise too {'much' if promises_too_much(answers, winner['id']) else 'little'}."


def _more(results: Results) -> Question | None:
    entry = results.get("learning")
    if not entry:
        return None
    told, (low, high) = entry["forecast"], (points(end) for end in entry["forecast"]["interval"])
    short = worth_of_more(told["interval"])
    said = f"From {entry['pictures']:,} to {told['pictures']:,} training pictures: {points(told['gain'])} points"
    return Question("Would more pictures help?", short, f"{said} expected, between {low} and {high}.", "more")
