"""A made-up entry ``activity`` of results.json: three networks, two watched stages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from headstart.records.activity import ActivityRecord, CountedLayer, DepthActivity, LayerShare, Mean, Trend


def _layer(stage: str, share: float, dead: int) -> LayerShare:
    return LayerShare(
        stage=stage,
        share=share,
        interval=(share - 0.01, share + 0.01),
        capped=0.004,
        dead_units=9 * dead,
        dead_channels=dead,
        channels=4,
        places=9,
        limit=0.0,
    )


def _depth(run: str, unfrozen: int, share: float, *, kept: bool = False) -> DepthActivity:
    return DepthActivity(
        run=run,
        unfrozen=unfrozen,
        cut="pool",
        kept_solved_head=kept,
        epochs=5 if unfrozen else 0,
        accuracy=0.9,
        accuracy_interval=(0.8, 0.95),
        difference=Mean(value=share - 0.9, interval=(share - 0.92, share - 0.88)) if unfrozen else None,
        layers=(_layer("layer3", 0.5, 0), _layer("layer4", share, 1)),
    )


def sample_activity(*paths: str) -> ActivityRecord:
    """Return the entry; the maps of `paths` are shown."""
    return ActivityRecord(
        split="test",
        pictures=150,
        units=150,
        stages=("layer3", "layer4"),
        layer=CountedLayer(stage="layer4", function="ReLU6", channels=4, places=9, exact=True),
        depths=(
            _depth("linear", 0, 0.9),
            _depth("partial@layer4", 1, 0.82),
            _depth("partial@layer3", 2, 0.9, kept=True),
        ),
        trend=Trend(
            answer="holds",
            text="Yes: the share falls.",
            whole=Mean(value=-0.08, interval=(-0.1, -0.06)),
            beyond=None,
            steps=(),
        ),
        shown=paths,
    )


def write_maps(folder: Path, pictures: int) -> None:
    """Write maps of the first two networks into a run folder: all black but for one unit of each picture."""
    for name, value in (("linear", 1.0), ("partial@layer4", 2.0)):
        maps = np.zeros((pictures, 4, 3, 3), np.float32)
        maps[:, 2, 1, 1] = value
        (folder / "activity").mkdir(exist_ok=True)
        save_file({"maps": maps}, folder / "activity" / f"{name}.safetensors")
