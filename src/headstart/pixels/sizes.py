"""How large a picture becomes before it is framed."""

from __future__ import annotations

import math

MOST_ASPECT = 16  # beyond it a whole picture has a shorter short side
CUT_ASPECT = 4  # of rule 1: beyond it only the middle is kept
WHITE_FIRST_SINCE = 3  # the rule since which transparent pictures are laid on white before they are scaled
HALVED_SINCE = 3  # the rule since which every form is made smaller as JPEGs are

Box = tuple[float, float, float, float]


def halving(size: tuple[int, int], short_side: int) -> int:
    """Return by how much a picture of this size is made smaller before it is scaled: 1, 2, 4 or 8.

    The same that Pillow's `draft` lets the decoder of a JPEG do.
    """
    scale = 2 * short_side / min(size)
    most = min(one // max(1, math.ceil(one * scale)) for one in size)
    return max(times for times in (1, 2, 4, 8) if times <= max(most, 1))


def whole_size(size: tuple[int, int], short_side: int) -> tuple[int, int]:
    """Return the size of the whole picture at this short side; a very long one is smaller."""
    scale = min(short_side / min(size), MOST_ASPECT * short_side / max(size))
    least = short_side if max(size) <= MOST_ASPECT * min(size) else 1
    return max(least, round(size[0] * scale)), max(least, round(size[1] * scale))


def cut_size(size: tuple[int, int], short_side: int) -> tuple[Box | None, tuple[int, int]]:
    """Return what rule 1 keeps of a picture (None: all of it), and its size."""
    width, height = size
    most = CUT_ASPECT * min(width, height)
    left, top = max(0.0, (width - most) / 2), max(0.0, (height - most) / 2)
    box = (left, top, width - left, height - top)
    scale = short_side / min(width, height)
    wanted = (max(short_side, round((box[2] - left) * scale)), max(short_side, round((box[3] - top) * scale)))
    return (box if left or top else None), wanted
