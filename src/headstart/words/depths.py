"""What several depths of one strategy say, in a sentence or two."""

from __future__ import annotations

from headstart.evidence.reasons import DepthsCompared
from headstart.words.numbers import joined, number_text


def depths_text(found: DepthsCompared) -> str:
    """Return which depth is best, if the pictures can tell, and where training did not help."""
    depths = f"the {number_text(found.count)} depths from {found.first} to {found.last}"
    if found.best is None:
        return f"Training helped at none of {depths}."
    others = [name for name in found.tied if name != found.best]
    if len(found.tied) == found.count:
        told = f"These pictures can't tell which of {depths} is best; {found.tied[0]} trains the least."
    elif others:
        least = "less" if len(others) == 1 else "the least"
        told = (
            f"Of {depths}, {found.best} was right most often, but these pictures can't tell it from {joined(others)}; "
            f"{found.tied[0]} trains {least} of the network."
        )
    else:
        told = f"Of {depths}, {found.best} is the best, by more than luck explains."
    return f"{told} Training did not help at {joined(found.idle)}." if found.idle else told
