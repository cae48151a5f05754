"""Heads on several stages: chosen inside train, kept in the bundle, the same answers when it is opened again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from drawing import draw_classes
from experiments import PLAIN

import headstart as hs
import headstart.bundle.engine
from headstart.base.errors import BundleError, ConfigError
from headstart.base.types import Affine
from headstart.experiment.prepare import prepare
from headstart.experiment.request import Request
from headstart.heads import Fitted
from headstart.records.progress import Silent
from headstart.records.record import changed
from headstart.strategies.fit_head import Solved, _unseen_losses
from headstart.table import read_table

HEADS = ("knn", "linear", "svm")


@pytest.mark.parametrize("readout", ["stages", "auto"])
def test_the_bundle_answers_what_was_stored(pictures: Path, tmp_path: Path, readout: str) -> None:
    run = hs.compare(pictures, out=tmp_path / "a.run", strategies=HEADS, readout=readout, **PLAIN)
    for name in HEADS:
        record = run.runs[name].record
        assert record.readout in (("stages",) if readout == "stages" else ("pool", "stages"))
        model = hs.load(run.folder / "bundles" / name)
        assert bool(model.info.read) == (record.readout == "stages")
        stored = pq.read_table(run.folder / "predictions" / f"{name}.parquet").to_pydict()
        again = model.predict_proba([pictures / path for path in stored["path"]])
        assert np.array_equal(again, np.column_stack([stored["p_circle"], stored["p_square"]]))


def test_the_last_features_are_the_same_where_stages_were_read_in_one_pass(pictures: Path) -> None:
    said = []
    for readout in ("pool", "auto"):
        request = Request(strategies=("linear",), framing="squash", readout=readout, image_size=64)
        context = prepare(read_table(pictures), request, threads=1, progress=Silent()).context
        plain = changed(context.resolved.need_backbone().preprocessing, framing="squash")
        said.append(context.passes.features("train", plain))
    assert said[0].shape == (24, 1280)
    np.testing.assert_allclose(said[0], said[1], atol=1e-6)


def test_heads_are_compared_by_their_probabilities_not_by_raw_margins() -> None:
    margins, labels = np.array([[4.0, 0.0], [0.0, 4.0], [4.0, 0.0]]), np.array([0, 1, 1])
    head = Affine(weight=np.zeros((2, 1)), bias=np.zeros(2), temperature=4.0)
    losses = _unseen_losses(Solved(Fitted(head, {}, out_of_fold=margins, converged=True), "pool"), labels)
    sure = np.log(1 + np.exp(-1.0))
    np.testing.assert_allclose(losses, [sure, sure, 1 + sure])


def test_more_is_read_than_the_pooled_features(pictures: Path, tmp_path: Path) -> None:
    plain, wide = (hs.fit(pictures, strategy="linear", readout=readout, **PLAIN) for readout in ("pool", "stages"))
    assert plain.head.weight.shape == (2, 1280)
    assert wide.head.weight.shape[1] > 1280
    assert not np.array_equal(
        *(model.predict_proba([pictures / "val/circle/circle_00.png"]) for model in (plain, wide))
    )


def test_auto_reads_more_only_where_that_is_clearly_better(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(losses: dict[str, np.ndarray]) -> str:
        asked.append(list(losses))
        return "stages"

    asked: list[list[str]] = []
    monkeypatch.setattr("headstart.strategies.fit_head.clearly_better", said)
    model = hs.fit(pictures, strategy="knn", readout="auto", **PLAIN)
    assert asked == [["pool", "stages"]]
    assert model.info.read == ("blocks.0", "blocks.1", "blocks.3", "blocks.4", "blocks.6", "conv_head")


@pytest.mark.parametrize("readout", ["pool", "stages"])
def test_a_head_that_is_kept_answers_as_the_strategy_that_solves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, readout: str
) -> None:
    data = tmp_path / "data"
    for split, pictures, seed in (("train", 12, 0), ("val", 8, 100), ("test", 8, 200)):
        draw_classes(data / split, pictures, seed)

    monkeypatch.setattr("headstart.strategies.ending.better", lambda *_, **__: False)
    run = hs.compare(data, out=tmp_path / "a.run", strategies="linear,lda,partial", readout=readout, **PLAIN)
    record = run.runs["partial"].record
    assert (record.kept_solved_head, record.training.epoch_chosen, record.readout) == (True, None, readout)
    assert [one.code for one in record.warnings].count("kept-solved-head") == 1
    told = {name: pq.read_table(run.folder / "predictions" / f"{name}.parquet") for name in run.runs}
    heads, partial = [told["linear"], told["lda"]], told["partial"]
    found = [np.allclose(one["p_circle"].to_numpy(), partial["p_circle"].to_numpy(), atol=1e-6) for one in heads]
    assert sum(found) == 1, "it answers as one of the two does"
    again = hs.load(run.folder / "bundles" / "partial").predict_proba(
        [data / path for path in partial["path"].to_pylist()]
    )
    np.testing.assert_allclose(again[:, 0], partial["p_circle"].to_numpy(), atol=1e-6)


def test_a_bundle_names_its_stages_so_another_rule_does_not_change_it(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = hs.fit(pictures, strategy="linear", readout="stages", out=tmp_path / "b", **PLAIN)
    monkeypatch.setattr("headstart.backbones.readout.MOST_TAPS", 2)
    again = hs.load(tmp_path / "b")
    files = sorted((pictures / "val").rglob("*.*"))
    assert np.array_equal(again.predict_proba(files), model.predict_proba(files))


def test_a_bundle_that_names_a_stage_nobody_has_is_damaged(pictures: Path, tmp_path: Path) -> None:
    model = hs.fit(pictures, strategy="linear", readout="stages", **PLAIN)
    model.told(info=changed(model.info, read=("blocks.99",))).save(tmp_path / "b")
    with pytest.raises(BundleError, match=r"blocks\.99"):
        hs.load(tmp_path / "b")


def test_a_network_without_places_to_read_says_so(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headstart.backbones.readout._places", lambda plan: [])
    run = hs.compare(pictures, out=tmp_path / "a.run", strategies="linear", readout="stages", **PLAIN)
    record = run.runs["linear"].record
    assert record.readout == "pool"
    assert any("no stages that can be read" in warning.text for warning in record.warnings)
    assert hs.load(run.folder / "bundles" / "linear").info.read == ()


def test_an_exported_network_reads_the_same(pictures: Path, tmp_path: Path) -> None:
    hs.fit(pictures, strategy="linear", readout="stages", out=tmp_path / "b", **PLAIN)
    files = sorted((pictures / "val").rglob("*.*"))
    assert hs.prepare_engine(tmp_path / "b", files)
    light, model = headstart.bundle.engine.light(tmp_path / "b"), hs.load(tmp_path / "b")
    assert light is not None
    np.testing.assert_allclose(light.predict_proba(files), model.predict_proba(files), atol=1e-5)


def test_another_word_is_refused(pictures: Path) -> None:
    with pytest.raises(ConfigError, match="readout"):
        hs.fit(pictures, readout="everything")
