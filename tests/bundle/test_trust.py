"""What a bundle knows of its own limits: kept, read again, absent from older ones, refused where damaged."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from headstart import backbones, bundle
from headstart.backbones.engine import TorchEngine
from headstart.base.errors import BundleError
from headstart.base.types import Affine
from headstart.bundle import Answers, Model, Trust
from headstart.bundle.trust import EXAMPLES
from headstart.evidence.conformal import fit_sets
from headstart.evidence.novelty import fit_familiar
from headstart.records.bundle import BundleInfo


@pytest.fixture(scope="module")
def model() -> Model:
    backbone = backbones.load("convnet64", random=True, seed=0)
    rng = np.random.default_rng(0)
    head = Affine(weight=rng.normal(size=(3, backbone.features)).astype(np.float32), bias=np.zeros(3, np.float32))
    held = rng.dirichlet(np.ones(3), size=40)
    return Model(
        engine=TorchEngine(backbone.network.eval(), backbone.preprocessing.input_size),
        head=head,
        preprocessing=backbone.preprocessing,
        classes=("ant", "bee", "wasp"),
        info=BundleInfo(architecture="convnet64"),
        trust=Trust(
            sets=fit_sets(held, rng.integers(3, size=40)),
            familiar=fit_familiar(rng.random((30, backbone.features))),
        ),
    )


def edit(folder: Path, change: Callable[[dict], None]) -> None:
    info = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    change(info)
    (folder / "bundle.json").write_text(json.dumps(info), encoding="utf-8")


def test_a_kept_bundle_states_the_same(model: Model, picture_folder: Path, tmp_path: Path) -> None:
    pictures = sorted(picture_folder.rglob("*.png"))
    again = bundle.load(model.save(tmp_path / "a.bundle"))
    mine, its = model.examine(pictures)[0], again.examine(pictures)[0]
    assert np.array_equal(mine.sets(), its.sets())
    assert np.array_equal(mine.distances, its.distances)
    assert np.array_equal(mine.none_of_these(), its.none_of_these())
    assert its.trust.thresholds() == model.trust.thresholds()
    assert its.trust.limit() == model.trust.limit()
    with safe_open(tmp_path / "a.bundle" / "model.safetensors", framework="numpy") as opened:
        assert opened.get_tensor(EXAMPLES).dtype == np.float16
    third = bundle.load(again.save(tmp_path / "b.bundle"))
    assert third.trust.thresholds() == model.trust.thresholds()
    assert third.trust.limit() == model.trust.limit()


def test_a_widened_one_states_the_same_to_the_bit(model: Model, picture_folder: Path) -> None:
    pictures = sorted(picture_folder.rglob("*.png"))
    wide = model.widened()
    mine, its = model.examine(pictures)[0], wide.examine(pictures)[0]
    assert np.array_equal(mine.probabilities, its.probabilities)
    assert np.array_equal(mine.distances, its.distances)
    assert wide.trust.familiar.examples.dtype == wide.head.weight.dtype == np.float64
    assert model.trust.familiar.examples.dtype == np.float16


def test_the_exported_graph_states_the_same(model: Model, picture_folder: Path, tmp_path: Path) -> None:
    pictures = sorted(picture_folder.rglob("*.png"))
    kept = model.save(tmp_path / "a.bundle")
    assert bundle.prepare(model, kept, model.squares(pictures[:2]))
    light = bundle.light(kept)
    assert light is not None
    assert np.array_equal(light.examine(pictures)[0].sets(), model.examine(pictures)[0].sets())
    np.testing.assert_allclose(light.examine(pictures)[0].distances, model.examine(pictures)[0].distances, atol=1e-5)


def test_stating_it_loads_neither_torch_nor_scipy(model: Model, picture_folder: Path, tmp_path: Path) -> None:
    picture = next(picture_folder.rglob("*.png"))
    kept = model.save(tmp_path / "a.bundle")
    assert bundle.prepare(model, kept, model.squares([picture]))
    code = (
        "import sys, headstart as hs\n"
        f"row = hs.predict({str(kept)!r}, {str(picture)!r}).rows[0]\n"
        "print(row.set is not None, row.none_of_these is not None)\n"
        "print(sorted({'torch', 'timm', 'sklearn', 'scipy'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["True True", "[]"]


def test_what_learned_nothing_of_its_limits_answers_and_states_nothing(
    model: Model, picture_folder: Path, tmp_path: Path
) -> None:
    pictures = sorted(picture_folder.rglob("*.png"))
    kept = replace(model, trust=None).save(tmp_path / "a.bundle")
    again = bundle.load(kept)
    assert np.array_equal(again.predict_proba(pictures), model.predict_proba(pictures))
    answers, _ = again.examine(pictures)
    assert (again.trust, answers.sets(), answers.distances, answers.none_of_these()) == (None, None, None, None)
    assert "It gives probabilities only" in (kept / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda info: info["calibration"].pop("none_of_these"),
        lambda info: info["calibration"]["sets"].pop("thresholds"),
        lambda info: info["calibration"].update(sets=[1, 2]),
        lambda info: info["calibration"]["sets"]["thresholds"].update({"much": 0.5}),
        lambda info: info["calibration"]["none_of_these"].update(limit="far"),
        lambda info: info["calibration"]["none_of_these"].pop("limit"),
    ],
)
def test_garbled_limits_are_damage(model: Model, tmp_path: Path, spoil: Callable[[dict], None]) -> None:
    edit(model.save(tmp_path / "a.bundle"), spoil)
    with pytest.raises(BundleError, match="damaged"):
        bundle.load(tmp_path / "a.bundle")


def test_examples_that_are_gone_are_damage(model: Model, tmp_path: Path) -> None:
    near = replace(model.trust, familiar=None)
    kept = replace(model, trust=near).save(tmp_path / "a.bundle")
    edit(kept, lambda info: info["calibration"].update(none_of_these={"limit": 0.1, "pictures": 20, "falsely": 0.05}))
    with pytest.raises(BundleError, match=r"none\.examples"):
        bundle.load(kept)


def test_eighteen_pictures_give_no_sets_at_95_and_the_card_says_so(model: Model, tmp_path: Path) -> None:
    held = np.random.default_rng(1).dirichlet(np.ones(3), size=18)
    few = Trust(sets=fit_sets(held, np.zeros(18, int)))
    kept = replace(model, trust=few).save(tmp_path / "a.bundle")
    card = (kept / "README.md").read_text(encoding="utf-8")
    assert "Prediction sets: for 0.8, 0.9, set with 18 training pictures that it had not learned from." in card
    assert "For 0.95 at least 19 such pictures are needed; there were 18." in card
    assert "None of these: not available" in card
    answers = Answers(probabilities=held, trust=bundle.load(kept).trust)
    assert answers.sets() is None
    assert answers.sets(0.9) is not None


def test_no_pictures_no_answers(model: Model) -> None:
    answers, faulty = model.examine([])
    assert answers.probabilities.shape == (0, 3)
    assert answers.sets().shape == (0, 3)
    assert not faulty
