"""On what something was measured: pictures of one split, or several splits."""

from __future__ import annotations

from collections.abc import Sequence

from headstart.evidence.reasons import Measured, Pictures, Reached, Splits
from headstart.records.plan import SplitsAsked
from headstart.records.results import RepeatedSplits
from headstart.words.numbers import counted, joined, percent_text, pictures_of


def right_on(reached: Reached, on: Measured) -> str:
    """Return for example "was right on 78 of 90 test pictures (86.7 %)"."""
    match on:
        case Pictures():
            unseen = "" if on.held_out else " that it had not learned from"
            pictures = pictures_of(on.split, on.count)
            return f"was right on {reached.right:,} of {pictures}{unseen} ({percent_text(reached.accuracy)})"
        case Splits():
            return (
                f"was right {percent_text(reached.accuracy)} of the time, on average over {counted(on.count, 'split')}"
            )


def splits_text(splits: SplitsAsked | RepeatedSplits) -> str:
    """Return for example "5 x 4 splits"."""
    return f"{splits.folds} x {splits.seeds} splits" if splits.folds else f"{splits.seeds} splits"


def many(on: Measured, count: int) -> str:
    """Return so many pictures of the kind that measured."""
    match on:
        case Pictures():
            return pictures_of(on.split, count)
        case Splits():
            return f"{counted(count, 'picture')} in all"


def how_measured(on: Measured) -> tuple[str, ...]:
    """Return a sentence about what measured, where `right_on` leaves something open."""
    match on:
        case Pictures():
            return ()
        case Splits():
            pictures = counted(on.pictures, "picture")
            if on.folds is None:
                return (f"The {pictures} were split at random {counted(on.seeds, 'time')}.",)
            again = f", {counted(on.seeds, 'time')} over" if on.seeds > 1 else ""
            return (f"The {pictures} were split into {on.folds} folds{again}; each fold was left out once.",)


def learned_from(fewer: Sequence[str], pictures: int, train: int) -> str:
    """Return who learned from only some of the training pictures, because the others judged the training.

    Parameters
    ----------
    fewer : sequence of str
        The runs.
    pictures, train : int
        From how many they learned, of how many.
    """
    them = "them" if len(fewer) > 1 else "it"
    return (
        f"{joined(fewer)} learned from {pictures:,} of the {counted(train, 'training picture')}: the other "
        f"{train - pictures:,} judged {them}"
    )


def not_on_all(fewer: Sequence[str], others: Sequence[str], pictures: int, train: int) -> str:
    """Return the same where strategies are compared, with who learned from all."""
    rest = f"; {joined(others)} learned from all {train:,}" if others else ""
    return f"{learned_from(fewer, pictures, train)}{rest}."
