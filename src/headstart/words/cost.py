"""Why one of several that are tied is the cheapest to use."""

from __future__ import annotations

from headstart.evidence.reasons import Cheapest, Cost
from headstart.words.numbers import joined, number_text

_SHORT: dict[Cost, tuple[str, str]] = {
    "operations": ("needs less computing", "needs the least computing"),
    "size": ("takes less space", "takes the least space"),
    "learned": ("keeps fewer numbers from your pictures", "keeps the fewest numbers from your pictures"),
}
_LONG: dict[Cost, tuple[str, str]] = {
    "operations": ("needs less computing for an answer", "needs the least computing for an answer"),
    "size": ("takes less space (it holds fewer numbers)", "takes the least space (it holds the fewest numbers)"),
    "learned": (
        "keeps fewer numbers from your pictures (learned or remembered)",
        "keeps the fewest numbers from your pictures (learned or remembered)",
    ),
}


def in_short(found: Cheapest, best: str) -> str:
    """Return the reason in a few words, for example "of the four that are tied, linear is the simplest".

    Parameters
    ----------
    found : Cheapest
    best : str
        The most accurate, of which something was said before.
    """
    others = [name for name in found.among if name != found.name]
    if not others:
        return f"only {found.name} is surely better than guessing"
    comparative, superlative = _SHORT[found.costs[0]] if found.costs else ("is simpler", "is the simplest")
    if others == [best]:
        return f"{found.name} {comparative}"
    if len(others) == 1:
        return f"{others[0]} is tied with it, but {found.name} {comparative}"
    kind = "are tied" if len(found.among) == found.tied else "come close"
    return f"of the {number_text(len(found.among))} that {kind}, {found.name} {superlative}"


def cost_text(found: Cheapest) -> str:
    """Return the whole reason: who was weighed against whom, and by what."""
    count = len(found.among)
    near = " and are close to the most accurate" if found.close < found.tied else ""
    if count == 1:
        kind = "can't be told apart" if found.close == found.tied else "are close to the most accurate"
        return f"Of the {number_text(found.close)} that {kind}, only {found.name} is surely better than guessing."
    if count < found.close:
        near = ", are close to the most accurate," if near else ""
        near += " and are surely better than guessing"
    reasons = [_LONG[cost][0 if count == 2 else 1] for cost in found.costs]
    if found.simpler_than:
        simpler = f"is simpler than {joined(found.simpler_than)}"
        reasons += [simpler if reasons else f"costs the same and {simpler}"]
    return f"{joined(found.among)} can't be told apart{near}; of these, {found.name} {joined(reasons)}."
