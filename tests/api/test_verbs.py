from __future__ import annotations

import stat
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import save_file

import headstart as hs
from headstart.api import inspecting
from headstart.backbones import create
from headstart.base.errors import ConfigError, DataError
from headstart.base.forms import HEAD, is_drawn
from headstart.records.results import Skipped
from headstart.report.grid import Tile
from headstart.words.answers import below_caption, caption


def test_predict_lists_what_cannot_be_read_and_goes_on(
    experiment: hs.api.Experiment, pictures: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG")
    answers = hs.predict(experiment.folder / "bundles" / "linear", [pictures / "val", broken])
    assert len(answers.rows) == 12
    assert [Path(entry.path).name for entry in answers.skipped] == ["broken.png"]
    row = answers.rows[0]
    assert row.probability == max(row.probabilities.values())
    assert set(row.probabilities) == {"circle", "square"}


def test_a_grid_hides_no_doubt_that_the_answers_have(
    experiment: hs.api.Experiment, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiles: list[Tile] = []
    monkeypatch.setattr("headstart.report.grid.draw_grid", lambda drawn, *_: tiles.extend(drawn) or ())
    Image.effect_noise((80, 80), 200).save(tmp_path / "noise.png")
    found = hs.predict(experiment.winner.model, [pictures / "val", tmp_path / "noise.png"], grid=tmp_path / "grid.png")
    for tile, row in zip(tiles, found.rows, strict=True):
        assert (tile.caption, tile.second) == (caption(row), below_caption(row))
    assert tiles[-1].caption == "perhaps none of these"


def test_a_drawn_grid_is_ours_and_is_drawn_again(experiment: hs.api.Experiment, pictures: Path, tmp_path: Path) -> None:
    place = tmp_path / "grid.png"
    for _ in range(2):
        hs.predict(experiment.winner.model, pictures / "val", grid=place)
    assert is_drawn(place.read_bytes()[:HEAD])
    with pytest.raises(ConfigError, match="is to be read for it"):
        hs.predict(experiment.winner.model, [pictures / "val", place], grid=place)


def test_pictures_without_an_answer_are_told_from_other_files(
    experiment: hs.api.Experiment, pictures: Path, tmp_path: Path
) -> None:
    asked = [pictures / "val", tmp_path / "cut.jpg", tmp_path / "missing.png", tmp_path / "moving.gif"]
    asked[1].write_bytes(next(pictures.rglob("*.jpg")).read_bytes()[:200])
    asked[3].write_text("no picture")
    found = hs.predict(experiment.winner.model, asked)
    assert {Path(one.path).name for one in found.unread} == {"missing.png", "cut.jpg"}
    assert {Path(one.path).name for one in found.skipped} >= {"missing.png", "cut.jpg"}


def test_every_file_of_a_run_has_the_rights_that_the_umask_gives(experiment: hs.api.Experiment, tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    usual = stat.S_IMODE((tmp_path / "usual").stat().st_mode)
    files = [file for file in experiment.folder.rglob("*") if file.is_file()]
    assert len([file for file in files if file.suffix == ".safetensors"]) == len(experiment.runs)
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {usual}


def test_predict_draws_a_grid(experiment: hs.api.Experiment, pictures: Path, tmp_path: Path) -> None:
    hs.predict(experiment.winner.model, pictures / "val", grid=tmp_path / "grid.png")
    with Image.open(tmp_path / "grid.png") as sheet:
        assert min(sheet.size) > 200


def test_look_draws_the_training_pictures(pictures: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in pictures.rglob("*")}
    assert hs.look(pictures, grid=tmp_path / "look.png", pictures=9) == tmp_path / "look.png"
    with Image.open(tmp_path / "look.png") as sheet:
        assert min(sheet.size) > 200
    assert before == {path: path.stat().st_mtime_ns for path in pictures.rglob("*")}


def test_look_shows_every_class_before_one_comes_twice(draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(12):
        draw(tmp_path / "data" / "circle" / f"{number}.png", "circle", number)
    draw(tmp_path / "data" / "square" / "0.png", "square", 99)
    shown: list[str] = []
    monkeypatch.setattr(inspecting, "draw_grid", lambda tiles, *_, **__: shown.extend(t.caption for t in tiles) or [])
    for seed in range(3):
        shown.clear()
        hs.look(tmp_path / "data", grid=tmp_path / "look.png", pictures=4, seed=seed)
        assert shown == ["circle", "circle", "circle", "square"]


def test_evaluate_maps_classes_by_name(experiment: hs.api.Experiment, pictures: Path, draw, tmp_path: Path) -> None:
    for number in range(3):  # a folder that lacks the first class
        draw(tmp_path / "only" / "square" / f"{number}.png", "square", 400 + number)
    measured = hs.evaluate(experiment.folder / "bundles" / "linear", tmp_path / "only")
    assert measured.split == "all"
    assert {row.label for row in measured.rows} == {"square"}
    assert np.array(measured.confusion)[0].sum() == 0
    assert measured.metrics.n == 3
    draw(tmp_path / "only" / "triangle" / "0.png", "circle", 9)
    with pytest.raises(DataError, match="triangle"):
        hs.evaluate(experiment.folder / "bundles" / "linear", tmp_path / "only")
    with pytest.raises(DataError, match="test"):
        hs.evaluate(experiment.folder / "bundles" / "linear", pictures, split="test")


def test_fit_keeps_a_bundle_and_refuses_foreign_folders(pictures: Path, tmp_path: Path) -> None:
    model = hs.fit(pictures, strategy="linear", image_size=64, out=tmp_path / "a.bundle")
    assert model.info.measured.val.n == 12
    file = next(pictures.rglob("*.jpg"))
    assert np.array_equal(hs.load(tmp_path / "a.bundle").predict_proba([file]), model.predict_proba([file]))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "note.txt").write_text("mine")
    with pytest.raises(ConfigError, match="mine"):
        hs.fit(pictures, strategy="linear", image_size=64, out=tmp_path / "mine")
    with pytest.raises(ConfigError, match="rate"):
        hs.fit(pictures, strategy="linear", rate=3)


def test_a_cut_where_nothing_is_trained_is_refused(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="pool"):
        hs.fit(pictures, strategy="partial", image_size=64, cut="pool")
    with pytest.raises(ConfigError, match=r"blocks\.5"):
        hs.fit(pictures, strategy="partial", image_size=64, cut="block.5")


def test_stages_tell_where_to_cut() -> None:
    rows = hs.stages()
    assert [row.name for row in rows][-4:] == ["blocks.5", "blocks.6", "conv_head", "pool"]
    assert rows[0].trained_after == 3371008
    assert rows[-1].trained_after == 0
    assert all(row.flops >= 0 and len(row.shape) in (1, 3) for row in rows)


def test_stages_of_a_file_of_weights_are_those_of_its_network(tmp_path: Path) -> None:
    network = create("resnet18")
    save_file({name: value.contiguous() for name, value in network.state_dict().items()}, tmp_path / "w.safetensors")
    (tmp_path / "w.json").write_text('{"architecture": "resnet18", "library": "timm"}')
    assert [row.name for row in hs.stages(weights=tmp_path / "w.safetensors")][-2:] == ["layer4", "pool"]


def test_a_recipe_runs_with_other_networks_in_its_place(pictures: Path, tmp_path: Path) -> None:
    run = hs.run_recipe(
        "ants_bees",
        data=pictures,
        backbone="tf_efficientnet_lite0",
        strategies="linear",
        image_size=64,
        out=tmp_path / "recipe.run",
    )
    assert run.results.recipe.name == "ants_bees"
    assert run.results.recipe.expected["linear"].published == 0.954
    assert run.results.backbone.name == "tf_efficientnet_lite0"


def test_a_recipes_cut_stays_with_its_own_network(pictures: Path, tmp_path: Path) -> None:
    options = {"backbone": "tf_efficientnet_lite0", "image_size": 64, "epochs": 1, "out": tmp_path / "recipe.run"}
    run = hs.run_recipe("leaf_diseases", data=pictures, strategies="partial", **options)
    assert run.runs["partial"].record.cut == "blocks.5"


def test_weights_can_be_verified() -> None:
    facts = hs.verify_weights("tf_efficientnet_lite0")
    assert facts.features == 1280
    assert len(facts.sha256) == 64


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_folders_without_pictures_are_named(tmp_path: Path, name: str) -> None:
    if name == "empty":
        (tmp_path / name).mkdir()
    with pytest.raises(DataError, match=name):
        hs.compare(tmp_path / name, out=tmp_path / "a.run")
    assert not (tmp_path / "a.run").exists()


def test_a_file_that_is_missing_is_listed_among_others(experiment: hs.api.Experiment, pictures: Path) -> None:
    answers = hs.predict(experiment.winner.model, [pictures / "val", pictures / "no.png"])
    assert len(answers.rows) == 12
    assert answers.skipped == (Skipped(path=str(pictures / "no.png"), reason="there is no such file"),)


def test_predict_says_when_nothing_can_be_read(experiment: hs.api.Experiment, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG")
    with pytest.raises(DataError, match="None of the 1 pictures can be read"):
        hs.predict(experiment.folder / "bundles" / "linear", broken)


def test_a_grid_that_is_no_png_is_refused_before_the_work(
    experiment: hs.api.Experiment, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headstart.bundle.Model.examine", lambda *_, **__: pytest.fail("it has begun to work"))
    with pytest.raises(ConfigError, match=r"\.png"):
        hs.predict(experiment.winner.model, pictures / "val", grid=tmp_path / "grid.jpg")


def test_a_prepared_engine_answers_the_same(experiment: hs.api.Experiment, pictures: Path) -> None:
    bundle = experiment.folder / "bundles" / "linear"
    slow = hs.predict(bundle, pictures / "val", engine="torch")
    assert hs.prepare_engine(bundle, pictures / "val")
    assert not hs.prepare_engine(bundle, pictures / "val"), "once is enough"
    quick = hs.predict(bundle, pictures / "val")
    assert [row.label for row in quick.rows] == [row.label for row in slow.rows]
    for one, other in zip(quick.rows, slow.rows, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)
    with pytest.raises(ConfigError, match="engine"):
        hs.predict(bundle, pictures / "val", engine="magic")


def test_what_was_learned_from_is_left_out_and_counted(draw, tmp_path: Path) -> None:
    for number in range(12):
        for shape in ("circle", "square"):
            draw(tmp_path / "data" / shape / f"{number}.png", shape, number)
    model = hs.fit(tmp_path / "data", strategy="linear", image_size=64)
    told = hs.evaluate(model, tmp_path / "data")
    assert (told.split, told.metrics.n, told.left_out) == ("unseen", 6, 18)
    assert hs.evaluate(model, tmp_path / "data", split="all").left_out == 0


def test_predict_states_a_set_and_whether_it_is_none_of_these(
    experiment: hs.api.Experiment, pictures: Path, tmp_path: Path
) -> None:
    Image.effect_noise((80, 80), 200).save(tmp_path / "noise.png")
    asked = [pictures / "val", tmp_path / "noise.png"]
    for name in ("linear", "svm", "knn"):  # 24 pictures out of their folds
        rows = hs.predict(experiment.runs[name].model, asked).rows
        assert all(row.set[0] == row.label for row in rows)
        assert rows[-1].none_of_these is True
    scratch = experiment.runs["scratch"].model
    assert scratch.trust.sets.units < 19
    assert hs.predict(scratch, asked).rows[0].set is None
    measured = experiment.results.runs[-1].metrics.val
    assert set(measured.sets.levels) == {"0.8", "0.9", "0.95", "0.99"}
    assert measured.sets.levels["0.99"] is None, "99 pictures are needed"
    told = hs.evaluate(experiment.winner.model, pictures, split="val").metrics
    assert told.sets == experiment.winner.metrics.val.sets
