"""Whoever solves a head on several stages tells it which features belong together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import headstart as hs
from headstart import heads
from headstart.heads.training import Standard


def test_every_standardisation_knows_its_blocks(
    picture_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In heads by folds and on all of train, learning curve, advice, and the head that a training falls back to."""
    seen: set[tuple[int, tuple[int, ...]]] = set()
    from_moments = Standard.from_moments.__func__

    def spy(cls: Any, mean: Any, deviation: Any, blocks: Any = ()) -> Standard:
        seen.add((len(mean), tuple(blocks)))
        return from_moments(cls, mean, deviation, blocks)

    monkeypatch.setattr(Standard, "from_moments", classmethod(spy))
    run = hs.compare(
        picture_folder,
        out=tmp_path / "run",
        image_size=64,
        readout="stages",
        strategies=[*heads_alone(), "partial"],
        epochs=1,
    )
    wide = {blocks for size, blocks in seen if size != 1280}
    assert len(wide) == 1
    (blocks,) = wide
    assert len(blocks) > 4
    assert sum(blocks) == next(size for size, _ in seen if size != 1280)
    assert {blocks for size, blocks in seen if size == 1280} <= {(), (1280,)}
    assert run.results.advice is not None
    assert run.results.learning is not None


def heads_alone() -> list[str]:
    """Return a strategy for each head."""
    from headstart.strategies.strategy import STRATEGIES

    found = {row.head: name for name, row in STRATEGIES.items() if row.solves}
    assert set(found) == set(heads.HEADS)
    return list(found.values())
