"""What a classifier in 8 bits loses, or wins, in a person's words."""

from __future__ import annotations

from headstart.records.exported import Drop


def what_it_costs(drop: Drop) -> str:
    """Return how often it and the bundle are right, and how many points apart they are, with the interval."""
    low, high = (round(100 * value, 1) for value in drop.interval)
    points, word = round(100 * drop.difference, 1), "less"
    if points < 0:
        points, word, low, high = -points, "more", -high, -low
    return (
        f"In 8 bits it is right on {drop.exported_right:,} of {drop.pictures:,} {drop.split} pictures, in full "
        f"precision on {drop.bundle_right:,}: {points:.1f} points {word} "
        f"(95 % interval {low + 0:.1f} to {high + 0:.1f})"
    )
