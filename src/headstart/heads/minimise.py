"""L-BFGS for large smooth convex problems, in the precision of its start.

SciPy's keeps everything in float64 and copies it at each step: at 196 classes and 1280 features that
costs as much as the matrix products themselves, and the products cost twice what they do in float32.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

from headstart.base.types import Floats

_MEMORY = 10
_HALVINGS = 30


def minimise(
    function: Callable[[Floats], tuple[float, Floats]], start: Floats, *, tolerance: float, most_steps: int
) -> tuple[Floats, float]:
    """Return where a smooth convex function is smallest, and the length of its gradient there.

    Parameters
    ----------
    function : callable
        Takes an array of the shape of `start`, returns value and gradient. It should be scaled so that
        its curvature is about 1 in every direction; then the value is within about half the squared
        gradient of the least one.
    start : array
        Its dtype is the precision of the work.
    tolerance : float
        Length of the gradient at which to stop.
    most_steps : int
        Stop after so many steps in any case.

    Notes
    -----
    Nocedal, Wright 2006, "Numerical Optimization", algorithm 7.4 (two-loop recursion), with backtracking.
    """
    point = start
    value, gradient = function(point)
    pairs: deque[tuple[Floats, Floats, float]] = deque(maxlen=_MEMORY)
    noise = 4 * float(np.finfo(start.dtype).eps)
    for _ in range(most_steps):
        if _length(gradient) <= tolerance:
            break
        direction = _direction(gradient, pairs)
        slope = float(np.vdot(gradient, direction))
        size = 1.0
        for _ in range(_HALVINGS):
            moved = point + np.asarray(size, start.dtype) * direction
            new_value, new_gradient = function(moved)
            if new_value <= value + 1e-4 * size * slope + noise * abs(value):
                break
            size /= 2
        else:
            break  # no smaller value within rounding: this is as far as this precision goes
        step, change = moved - point, new_gradient - gradient
        curvature = float(np.vdot(step, change))
        if curvature > noise * _length(step) * _length(change):
            pairs.append((step, change, curvature))
        point, value, gradient = moved, new_value, new_gradient
    return point, _length(gradient)


def _direction(gradient: Floats, pairs: deque[tuple[Floats, Floats, float]]) -> Floats:
    """Return minus the gradient, stretched by the curvature that the last steps met."""
    direction = -gradient
    shares = []
    for step, change, curvature in reversed(pairs):
        share = np.asarray(np.vdot(step, direction) / curvature, gradient.dtype)
        direction -= share * change
        shares.append(share)
    if pairs:
        _, change, curvature = pairs[-1]
        direction *= np.asarray(curvature / np.vdot(change, change), gradient.dtype)
    for (step, change, curvature), share in zip(pairs, reversed(shares), strict=True):
        direction += (share - np.asarray(np.vdot(change, direction) / curvature, gradient.dtype)) * step
    return direction


def _length(values: Floats) -> float:
    return float(np.sqrt(np.vdot(values, values)))
