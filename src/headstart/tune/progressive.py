"""Small pictures first: early epochs learn what needs no fine detail, and a step costs about its pictures' area.

Howard 2018 (fast.ai's entry to DAWNBench), "progressive resizing"; Tan and Le 2021, "EfficientNetV2", section 4.
"""

from __future__ import annotations

from headstart.base.params import check_integer

# (share of the epochs that are over by then, share of the final side), in order.
_STAGES = ((0.4, 4 / 7), (0.7, 5 / 7))
_STEP = 32  # what networks halve five times
_LEAST = 96  # pixels: below it, little of a photograph is left


def sides(final: int, epochs: int) -> tuple[int, ...]:
    """Return the side in pixels at which each epoch sees its pictures; it never shrinks, the last is `final`.

    Parameters
    ----------
    final : int
        The side at which the network answers.
    epochs : int

    Raises
    ------
    ConfigError
        If there is no epoch or no pixel.

    Examples
    --------
    >>> sides(224, 10)
    (128, 128, 128, 128, 160, 160, 160, 224, 224, 224)
    """
    check_integer("final", "sides", final, least=1)
    check_integer("epochs", "sides", epochs, least=1)
    return tuple(_side(final, epoch / epochs) for epoch in range(1, epochs + 1))


def _side(final: int, over: float) -> int:
    for until, share in _STAGES:
        if over <= until + 1e-9:
            return min(final, max(_LEAST, round(final * share / _STEP) * _STEP))
    return final
