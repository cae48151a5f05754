"""What the pictures can tell of the candidates: which to use, what is tied with it, and why."""

from __future__ import annotations

import msgspec

from headstart.records.record import Count, Figure, Record, RunName, Share


class VerdictRecord(Record):
    """Which run to use, and why.

    Parameters
    ----------
    winner : str
        Where not `decided`, only what to go on with.
    tied_with : tuple of str
        Runs that the paired tests cannot tell from the most accurate.
    above_chance : bool
        The winner is better than guessing, by more than luck explains.
    decided : bool
        No class has so few held-out pictures that nothing can be called better.
    judged : bool
        Some answers could be told from guessing. False where nearly all held-out pictures are of one class.
    same_as : mapping of str to str
        Runs that answer with the head of another run, and so are no candidates of their own.
    text : str
        At most three sentences: what to use and how good it is, why not another, what would help.
    details : tuple of str
        Further sentences.
    figures : tuple of str
        How the tests found what the second sentence says.
    """

    winner: RunName
    tied_with: tuple[RunName, ...]
    text: str
    above_chance: bool = True
    decided: bool = True
    judged: bool = True
    same_as: dict[RunName, RunName] = msgspec.field(default_factory=dict)
    details: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()


class Optimism(Record):
    """How much too good the best figure is where the measuring pictures chose: so many `runs` and `epochs`."""

    split: str
    runs: Count
    epochs: Count
    apparent: Share
    expected: Share
    optimism: Figure
