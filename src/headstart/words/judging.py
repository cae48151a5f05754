"""What pictures can't judge, in words that name the classes."""

from __future__ import annotations

from collections.abc import Sequence

from headstart.evidence.judging import LEAST_PER_CLASS
from headstart.evidence.reasons import Measured, Pictures
from headstart.words.numbers import counted, joined, number_text, picture_of, pictures_of

_MOST_NAMED = 3  # classes; of more only these are named
_PLACES = {"val": "val holds", "test": "test holds", "training": "the training pictures hold"}


def quoted(classes: Sequence[str]) -> str:
    """Return names of classes in a sentence, for example "'ants', 'bees', 'wasps' and four more classes"."""
    named, left = [f"'{name}'" for name in classes[:_MOST_NAMED]], len(classes) - _MOST_NAMED
    if left > 0:
        named.append(f"{number_text(left)} more class{'es' if left > 1 else ''}")
    return joined(named)


def holds(split: str, classes: Sequence[str], least: int, *, them: str = "") -> str:
    """Return what is missing, for example "val holds no picture of 'bees'".

    Parameters
    ----------
    split : str
        The split; where it is another word, all pictures there are.
    classes : sequence of str
        Those with too few pictures.
    least : int
        How many pictures the one with the fewest has.
    them : str
        What stands for the classes where they were named before.
    """
    place = _PLACES.get(split, "there is" if least < 2 and (not least or len(classes) == 1) else "there are")
    many = f"only {counted(least, 'picture')}" if least else "no picture"
    if least and len(classes) > 1:
        many = f"fewer than {number_text(LEAST_PER_CLASS)} pictures"
    return f"{place} {many} of {them or quoted(classes)}"


def lacks(on: Measured, classes: Sequence[str], least: int) -> str:
    """Return the same about what measured; without names of classes, only how few the smallest one has."""
    split = on.split if isinstance(on, Pictures) else "all"
    if classes:
        return holds(split, classes, least)
    return f"the smallest class has {f'only {pictures_of(split, least)}' if least else f'no {picture_of(split)}'}"
