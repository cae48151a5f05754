"""The advice before anything is tried, in sentences."""

from __future__ import annotations

from headstart.evidence.advice import LIKE, USED_UP, Advice
from headstart.evidence.judging import against_guessing
from headstart.records.forecast import AdviceRecord
from headstart.records.record import changed
from headstart.words.numbers import percent, percents

ALIKE = 2.0  # factor by which the spread of late channels may differ from the first training


def advice_record(advice: Advice, *, cut: str) -> AdviceRecord:
    """Return the advice in words.

    Parameters
    ----------
    advice : Advice
    cut : str
        Where the trained part of the network starts.
    """
    found, first, doubled = advice.profile, advice.expected[0], advice.profile.doubled
    record = AdviceRecord(
        strategy=advice.strategy,
        cut=cut,
        chart=advice.chart,
        size=found.size,
        similarity=found.similarity,
        accuracy=first.accuracy,
        interval=first.interval,
        seconds=first.seconds,
        expected=advice.expected,
        pictures=found.pictures,
        classes=found.classes,
        per_class=found.pictures / found.classes,
        enough=found.enough,
        gain=None if doubled is None else doubled.gain,
        gain_interval=None if doubled is None else doubled.interval,
        factor=found.factor,
        told=found.told,
        told_error=found.told_error,
        linear=found.linear,
        neighbours=found.neighbours,
        ridge=found.ridge,
        chance=found.chance,
        learnable=found.learnable,
        text="",
    )
    return changed(record, text=" ".join(sentences(record)))


def sentences(record: AdviceRecord) -> tuple[str, ...]:
    """Return the sentences of the advice one by one, what to use first."""
    found = (_use(record), _of_chart(record), _of_size(record), _of_similarity(record), _of_looks(record))
    return tuple(filter(None, (*found, _of_chance(record))))


def in_short(record: AdviceRecord) -> str:
    """Return the advice in one line."""
    return (
        f"advice: use {record.strategy} and expect {percent(record.accuracy)} right ({percents(record.interval)}): "
        f"{_many(record)} pictures, {record.similarity} to what the network knows."
    )


def _use(record: AdviceRecord) -> str:
    return (
        f"Use {record.strategy}: on many new pictures, expect it to be right about {percent(record.accuracy)} of the "
        f"time ({percents(record.interval)}), judging by the training pictures."
    )


def _of_size(record: AdviceRecord) -> str:
    each = f"about {record.per_class:,.0f} of each class"
    if record.gain is None or record.gain_interval is None:
        return f"You seem to have few pictures ({each}); what more would bring was not measured."
    low, high = (100 * end for end in record.gain_interval)
    gain = f"about {100 * record.gain:.1f} points"
    if record.gain_interval[1] < USED_UP:
        return f"You have enough pictures ({each}): twice as many would add {gain}, and {high:.1f} at most."
    have = "have few" if record.size == "small" else "probably have enough"
    return f"You {have} pictures ({each}): twice as many would add {gain}, though {low:.1f} to {high:.1f} are possible."


def _of_similarity(record: AdviceRecord) -> str:
    if record.told is None:
        return "Your pictures seem to differ from what the network knows; so few can't tell for certain."
    share = f"{100 * record.told:.0f} % (± {100 * record.told_error:.0f})"
    like = "are similar to" if record.similarity == "similar" else "differ from"
    return (
        f"They {like} what the network knows: with five training pictures of each class, a simple classifier avoids "
        f"{share} of the mistakes that guessing makes. We call pictures similar if that is surely "
        f"{100 * LIKE:.0f} % or more."
    )


def _of_looks(record: AdviceRecord) -> str:
    if record.factor is None:
        return ""
    alike = record.factor < ALIKE
    even_so = "" if alike == (record.similarity == "similar") else "Even so, to the network"
    return f"{even_so or 'To the network'} they look {'like' if alike else 'unlike'} everyday photographs."


def _of_chart(record: AdviceRecord) -> str:
    rule = f"{record.chart} for {_many(record)}, {record.similarity} pictures"
    if record.chart == record.strategy:
        return f"The usual chart agrees: {rule}."
    if record.similarity == "similar" and len(record.expected) > 1:
        head = record.expected[-1]
        return (
            f"The usual chart says {rule}. But {head.strategy} would be wrong on about {percent(1 - head.accuracy)} of "
            "them, and on the data sets where we tried it, training corrected about a fifth of such mistakes."
        )
    cost = "cost several times as much and was" if record.similarity == "dissimilar" else "was"
    return f"The usual chart says {rule}, but on the data sets where we tried that, it {cost} no more accurate."


def _of_chance(record: AdviceRecord) -> str:
    if record.learnable:
        return ""
    head = record.expected[-1]
    found = against_guessing(record.pictures, record.chance, head.accuracy, head.interval)
    common = f"always naming the most common class ({percent(record.chance)})"
    if found == "unjudged":
        return f"Whether a head is better than {common} can't be judged: too few training pictures show another class."
    caution = f"Caution: here a head may be no better than {common}."
    if head.interval[1] > (1 + record.chance) / 2:
        return caution  # for all that is known it may also be good: no word against anybody's labels
    return (
        f"{caution} Perhaps the frozen network does not see the classes, and training will help; perhaps labels do not "
        "belong to their pictures: look at some of them first."
    )


def _many(record: AdviceRecord) -> str:
    return "many" if record.size == "large" else "few"
