"""A bundle of format 1, as headstart wrote it before its description was a record: it answers as it did."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headstart import backbones, bundle
from headstart.backbones.engine import TorchEngine
from headstart.base.errors import BundleError
from headstart.base.files import sha256_of_file
from headstart.base.types import Affine, Neighbours
from headstart.bundle import Model, Trust
from headstart.bundle.folder import FORMAT, read_manifest
from headstart.bundle.trust import EXAMPLES
from headstart.evidence.conformal import fit_sets
from headstart.evidence.novelty import fit_familiar
from headstart.records.bundle import BundleInfo
from headstart.records.codec import from_plain
from headstart.records.preprocessing import Preprocessing

WRITTEN = Path(__file__).with_name("format_1.json")  # by headstart 0.1.0, for a network with a linear head


@pytest.fixture(scope="module")
def model() -> Model:
    backbone = backbones.load("convnet64", random=True, seed=3)
    rng = np.random.default_rng(0)
    return Model(
        engine=TorchEngine(backbone.network.eval(), 64),
        head=Affine(weight=rng.normal(size=(2, backbone.features)), bias=np.zeros(2), temperature=1.5),
        preprocessing=from_plain(json.loads(WRITTEN.read_text())["preprocessing"], Preprocessing, "here"),
        classes=("ant", "bee"),
        info=BundleInfo(architecture="convnet64"),
        trust=Trust(sets=fit_sets(rng.dirichlet(np.ones(2), 40), rng.integers(2, size=40)),
                    familiar=fit_familiar(rng.random((30, backbone.features)))),
    )  # fmt: skip


def older(model: Model, folder: Path, change: Callable[[dict[str, Any]], object] = lambda values: None) -> Path:
    """Keep `model` and put a description of format 1 in the place of its own."""
    model.save(folder)
    values = json.loads(WRITTEN.read_text(encoding="utf-8"))
    now = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    values["sha256"] = sha256_of_file(folder / "model.safetensors")
    values["head"] = {"kind": now["head"]["kind"], **now["head"]["numbers"]}
    values["calibration"] = now["calibration"]
    change(values)
    (folder / "bundle.json").write_text(json.dumps(values), encoding="utf-8")
    return folder


def pictures_of(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.png"))[:4]


def test_it_answers_and_states_the_same(model: Model, picture_folder: Path, tmp_path: Path) -> None:
    again = bundle.load(older(model, tmp_path / "a.bundle"))
    mine, its = (one.examine(pictures_of(picture_folder))[0] for one in (model, again))
    assert np.array_equal(mine.probabilities, its.probabilities)
    assert np.array_equal(mine.sets(), its.sets())
    assert np.array_equal(mine.none_of_these(), its.none_of_these())
    assert again.info.folded is True, "as it was decided when it was made"
    kept = again.save(tmp_path / "b.bundle")
    assert read_manifest(kept).format == FORMAT
    assert np.array_equal(bundle.load(kept).predict_proba(pictures_of(picture_folder)), mine.probabilities)


def test_a_head_with_whole_numbers_among_its_numbers(model: Model, picture_folder: Path, tmp_path: Path) -> None:
    rng, d = np.random.default_rng(1), model.head.weight.shape[1]
    near = Neighbours(
        examples=rng.normal(size=(9, d)), labels=np.arange(9) % 2, mean=np.zeros(d), scale=np.ones(d), k=3, classes=2
    )
    there = Model(
        engine=model.engine, head=near, preprocessing=model.preprocessing, classes=model.classes, info=model.info
    )
    again = bundle.load(older(there, tmp_path / "a.bundle"))
    assert np.array_equal(
        again.predict_proba(pictures_of(picture_folder)), there.predict_proba(pictures_of(picture_folder))
    )


def test_what_is_known_of_it_is_taken_over(model: Model, tmp_path: Path) -> None:
    info = read_manifest(older(model, tmp_path / "a.bundle")).info
    assert info.strategy is not None
    assert (info.strategy.strategy, info.strategy.cut, info.strategy.head) == ("scratch", "input", "linear")
    assert info.strategy.training is not None
    assert (info.strategy.training.settings.epochs, info.strategy.training.choosing) == (2, "none")
    assert (info.strategy.training.epoch_chosen, info.strategy.training.kept_solved_head) == (None, False)
    assert info.backbone is not None
    assert info.backbone.source == "random weights"
    assert info.measured.val is None
    assert info.measured.test is not None
    assert info.measured.test.sets is not None
    assert list(info.measured.test.sets.levels) == ["0.8", "0.9", "0.95", "0.99"]
    assert [finding.text for finding in info.warnings] == ["Too few pictures."]
    assert (info.pictures, len(info.trained_on)) == (60, 3)


def kept_head(values: dict[str, Any]) -> None:
    values["strategy"]["settings"]["epoch_chosen"] = 0


def solved_head(values: dict[str, Any]) -> None:
    values["strategy"]["settings"] = {"C": 0.1, "readout": "stages", "converged": True}


def test_a_solved_head_and_one_that_was_kept_are_told_apart(model: Model, tmp_path: Path) -> None:
    kept = read_manifest(older(model, tmp_path / "a.bundle", kept_head)).info.strategy
    assert (kept.training.kept_solved_head, kept.training.epoch_chosen) == (True, None)
    solved = read_manifest(older(model, tmp_path / "b.bundle", solved_head)).info.strategy
    assert (solved.solved.settings, solved.solved.converged, solved.readout) == ({"C": 0.1}, True, "stages")


@pytest.mark.parametrize("change", [
    lambda values: values.pop("strategy"),
    lambda values: values.update(strategy={"strategy": "scratch"}, measured={"val": {"n": 3}}, warnings=None),
    lambda values: values.update(backbone=None, versions=[1], trained_on=None, more="of a later headstart"),
    lambda values: values["preprocessing"].update(added_later=1),
])  # fmt: skip
def test_what_does_not_fit_is_left_out(
    model: Model, picture_folder: Path, tmp_path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    again = bundle.load(older(model, tmp_path / "a.bundle", change))
    answers = again.predict_proba(pictures_of(picture_folder))
    assert np.array_equal(answers, model.predict_proba(pictures_of(picture_folder)))
    assert "classes" in (again.save(tmp_path / "b.bundle") / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("gone", ["calibration", "sets"])
def test_before_there_were_sets_it_stated_nothing(model: Model, tmp_path: Path, gone: str) -> None:
    def change(values: dict[str, Any]) -> None:
        (values if gone == "calibration" else values["calibration"]).pop(gone)

    again = bundle.load(older(model, tmp_path / "a.bundle", change))
    assert again.trust is None
    assert again.head.temperature == 1.5


@pytest.mark.parametrize(("change", "named"), [
    (lambda values: values.pop("architecture"), "architecture"),
    (lambda values: values.pop("classes"), "classes"),
    (lambda values: values.pop("head"), "head"),
    (lambda values: values["head"].pop("kind"), "kind"),
    (lambda values: values["head"].pop("temperature"), r"head\.temperature"),
    (lambda values: values.pop("preprocessing"), "preprocessing"),
    (lambda values: values["preprocessing"].pop("input_size"), "input_size"),
    (lambda values: values["preprocessing"].update(mean=[0.5]), "mean"),
    (lambda values: values.update(read="layer1"), "read"),
    (lambda values: values.pop("sha256"), "sha256"),
    (lambda values: values["calibration"].pop("none_of_these"), "none_of_these"),
    (lambda values: values["calibration"]["sets"].pop("thresholds"), "thresholds"),
    (lambda values: values["calibration"].update(sets=[1, 2]), "sets"),
    (lambda values: values["calibration"]["sets"]["thresholds"].update({"much": 0.5}), "much"),
    (lambda values: values["calibration"]["none_of_these"].update(limit="far"), "limit"),
    (lambda values: values["calibration"]["none_of_these"].pop("limit"), "limit"),
])  # fmt: skip
def test_what_it_needs_to_answer_is_missed_by_name(
    model: Model, tmp_path: Path, change: Callable[[dict[str, Any]], object], named: str
) -> None:
    with pytest.raises(BundleError, match=f"damaged.*{named}"):
        bundle.load(older(model, tmp_path / "a.bundle", change))


def test_examples_that_are_gone_are_damage(model: Model, tmp_path: Path) -> None:
    def change(values: dict[str, Any]) -> None:
        values["calibration"].update(none_of_these={"limit": 0.1, "pictures": 20})  # before "falsely" was kept

    without = Model(
        engine=model.engine, head=model.head, preprocessing=model.preprocessing, classes=model.classes,
        info=model.info, trust=Trust(sets=model.trust.sets),
    )  # fmt: skip
    with pytest.raises(BundleError, match=EXAMPLES):
        bundle.load(older(without, tmp_path / "a.bundle", change))
