"""Run one of the other packages for `peers.py`, in its own environment, as its documentation shows.

::

    PEERS_PYTHON benchmarks/peer_sides.py fastai DATA WEIGHTS

DATA has train/ and val/; WEIGHTS is the default backbone as a safetensors file. Nothing of headstart is imported. The
last line of the output is JSON with the accuracy on val.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

BACKBONE = "tf_efficientnet_lite0"
EPOCHS = 10


def fastai_side(data: Path, weights: Path) -> dict[str, float]:
    """Run `fine_tune(4)`, as fastai's first lesson does; return the accuracy of the best epoch and of the last."""
    from fastai.vision.all import ImageDataLoaders, Resize, accuracy, aug_transforms, vision_learner

    local_weights(weights)
    loaders = ImageDataLoaders.from_folder(
        data,
        train="train",
        valid="val",
        item_tfms=Resize(256),
        batch_tfms=aug_transforms(size=224),
        bs=32,
        num_workers=2,
    )
    learner = vision_learner(loaders, BACKBONE, metrics=accuracy)
    learner.fine_tune(4)
    found = [float(row[2]) for row in learner.recorder.values]
    return {"accuracy": max(found), "last": found[-1]}


def autogluon_side(data: Path, weights: Path) -> dict[str, float]:
    """Fit a `MultiModalPredictor` with its defaults, except for the backbone, two loader workers and no GPU."""
    import pandas
    from autogluon.multimodal import MultiModalPredictor

    local_weights(weights)
    tables = {
        split: pandas.DataFrame(
            [
                {"image": str(path), "label": path.parent.name}
                for path in sorted((data / split).rglob("*"))
                if path.suffix.lower() in {".jpg", ".jpeg", ".png"}
            ]
        )
        for split in ("train", "val")
    }
    with tempfile.TemporaryDirectory() as folder:
        predictor = MultiModalPredictor(label="label", path=str(Path(folder) / "model"))
        predictor.fit(
            tables["train"],
            hyperparameters={
                "model.names": ["timm_image"],
                "model.timm_image.checkpoint_name": BACKBONE,
                "env.num_workers": 2,
                "env.num_gpus": 0,
            },
        )
        return {"accuracy": float(predictor.evaluate(tables["val"], metrics=["acc"])["acc"])}


def ultralytics_side(data: Path, weights: Path) -> dict[str, float]:  # noqa: ARG001 - it takes no timm backbone
    """Train YOLO11n-cls for 10 epochs from random weights: its own would have to be downloaded."""
    from ultralytics import YOLO

    with tempfile.TemporaryDirectory() as folder:
        model = YOLO("yolo11n-cls.yaml")
        model.train(data=str(data), epochs=EPOCHS, imgsz=224, device="cpu", workers=2, project=folder, verbose=False)
        return {"accuracy": float(model.metrics.top1 if model.metrics else model.trainer.best_fitness)}


def local_weights(weights: Path) -> None:
    """Let timm read the backbone from a file, where it would ask its hub."""
    import timm
    from timm.models import _factory

    made = timm.create_model

    def create(name: str, *arguments: Any, **options: Any) -> Any:
        if options.get("pretrained") and name.startswith(BACKBONE):
            options["pretrained_cfg_overlay"] = {"file": str(weights)}
        return made(name, *arguments, **options)

    for module in [*sys.modules.values(), timm, _factory]:
        if getattr(module, "create_model", None) is made:
            module.create_model = create  # type: ignore[attr-defined]


if __name__ == "__main__":
    sides = {"fastai": fastai_side, "autogluon": autogluon_side, "ultralytics": ultralytics_side}
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("side", choices=sides)
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", type=Path)
    given = parser.parse_args()
    print(json.dumps(sides[given.side](given.data, given.weights)))
