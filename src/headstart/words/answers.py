"""What is said of the answer for one picture, on the screen and below the picture: never surer than it is."""

from __future__ import annotations

from collections import Counter

from headstart.records.answers import Answered, Prediction
from headstart.records.results import Skipped
from headstart.words.numbers import counted, percent
from headstart.words.skipped import not_read

NONE_OF_THESE = "perhaps none of these"
_MOST_NAMED = 3


def doubt(row: Prediction) -> str:
    """Return "perhaps none of these", or "or wasp, fly", or nothing where the answer is sure."""
    if row.none_of_these:
        return NONE_OF_THESE
    others = _others(row)
    return f"or {', '.join(others)}" if others else ""


def arrived(row: Prediction | Skipped) -> str:
    """Return one line for a picture that has just been answered, or why there is no answer."""
    if isinstance(row, Skipped):
        return f"{row.path}: {row.reason}"
    told = f"{row.path}: {row.label} ({percent(row.probability)})"
    return f"{told}, {doubt(row)}" if doubt(row) else told


def written_line(found: Answered) -> str:
    """Return where answers were written, and how many."""
    if not found.pictures:
        return f"Nothing new to answer. Answers: {found.folder}"
    names = found.files[0] if len(found.files) == 1 else f"{found.files[0]} to {found.files[-1]}"
    return f"Written: {counted(found.pictures, 'row')} in {found.folder} ({names})"


def answered_lines(found: Answered) -> list[str]:
    """Return what else to know of answers that stand in a folder."""
    told = []
    if found.before:
        told.append(f"{counted(found.before, 'file')} had {'its' if found.before == 1 else 'their'} row already.")
    elif found.repeated:
        told.append(f"Named more than once: {found.repeated:,} times. Each file has one row.")
    if found.unread:
        first = f" First: {found.examples[0].path}: {found.examples[0].reason}." if found.examples else ""
        told.append(f"{counted(found.unread, 'row')} without an answer, with the reason in its place.{first}")
    passed = {kind: number for kind, number in found.passed.items() if kind}
    if passed:
        told.append(f"{not_read(Counter(passed).elements())} Their names stand in the file passed-over.")
    return told


def caption(row: Prediction) -> str:
    """Return what stands below a picture: the answer, or that it is perhaps none, or all that it may be."""
    if row.none_of_these:
        return NONE_OF_THESE
    names = [row.label, *_others(row)]
    if len(names) > _MOST_NAMED:
        names = [*names[: _MOST_NAMED - 1], f"{len(names) - _MOST_NAMED + 1} others"]
    return " or ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def below_caption(row: Prediction) -> str:
    """Return the line below it: the probabilities of what the caption names, which may be cut where names are long."""
    if row.none_of_these:
        return f"closest ({percent(row.probability)}): {row.label}"
    others = _others(row)[: _MOST_NAMED - 1]
    return " · ".join(map(percent, (row.probability, *(row.probabilities[name] for name in others))))


def _others(row: Prediction) -> list[str]:
    """Return the other classes of the prediction set, the most probable first."""
    return [name for name in row.set or () if name != row.label]
