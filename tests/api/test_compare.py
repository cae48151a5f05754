from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from drawing import draw_classes, draw_picture
from experiments import PLAIN, QUICK, Interrupting, without_times

import headstart as hs
from headstart.base.errors import ConfigError, DataError
from headstart.bundle.folder import read_manifest
from headstart.experiment import Request
from headstart.experiment.measure import measured_warnings
from headstart.records.metrics import Calibration, Metrics, MetricsBySplit
from headstart.records.progress import Silent
from headstart.records.record import changed
from headstart.records.results import Results
from headstart.strategies.division import Division
from headstart.table import Table, read_table

STRATEGIES = {"scratch", "full", "partial", "linear", "lda", "svm", "knn"}


def test_the_run_folder_holds_what_the_design_says(experiment: hs.api.Experiment) -> None:
    names = {path.name for path in experiment.folder.iterdir()}
    assert names - {"heat.json", "neighbours.parquet"} == {  # for which there may have been no time
        "plan.json", "results.json", "report.html", "report.md", "map.parquet", "split.parquet", "predictions",
        "bundles", "log.jsonl",
    }  # fmt: skip
    assert {path.stem for path in (experiment.folder / "predictions").iterdir()} == STRATEGIES
    assert {path.name for path in (experiment.folder / "bundles").iterdir()} == STRATEGIES


def test_results_follow_the_schema(experiment: hs.api.Experiment) -> None:
    results = json.loads((experiment.folder / "results.json").read_text(encoding="utf-8"))
    assert results["schema"] == 2
    assert set(results) == set(Results.__struct_fields__), "what stands in the file is what the record declares"
    assert {"fingerprint", "classes", "counts", "skipped"} <= set(results["data"])
    assert results["data"]["counts"] == {
        "train": {"circle": 12, "square": 12}, "val": {"circle": 6, "square": 6}, "test": {},
    }  # fmt: skip
    assert {"name", "source", "sha256", "licence", "preprocessing"} <= set(results["backbone"])
    assert {"input_size", "crop", "interpolation", "mean", "std"} <= set(results["backbone"]["preprocessing"])
    assert {"python", "versions", "cpu", "threads", "device"} <= set(results["environment"])
    assert {"torch", "timm", "numpy"} <= set(results["environment"]["versions"])
    assert all({"step", "estimated_seconds", "seconds"} <= set(step) for step in results["plan"])
    for run in results["runs"]:
        assert {
            "id", "strategy", "weights", "cut", "head", "seed", "parameters", "flops", "readout", "solved", "training",
            "preprocessing", "seconds", "epochs", "metrics", "predictions", "bundle", "warnings",
        } <= set(run)  # fmt: skip
        assert (run["solved"] is None) != (run["training"] is None), "it was solved or trained"
        assert run["metrics"]["test"] is None
        assert {"n", "loss", "accuracy", "interval", "macro_f1", "used_for_choosing"} <= set(run["metrics"]["val"])
        assert run["seconds"]["total"] >= run["seconds"]["fit"] >= 0
        for epoch in run["epochs"]:
            assert set(epoch) == {
                "epoch", "train_loss", "train_accuracy", "choosing_loss", "choosing_accuracy", "learning_rate",
                "seconds", "images_per_second",
            }  # fmt: skip
    assert {run["id"] for run in results["runs"]} == STRATEGIES
    assert len(results["comparisons"]) == 21
    assert all(
        {"a", "b", "split", "difference", "interval", "p", "p_adjusted"} <= set(pair) for pair in results["comparisons"]
    )
    assert results["verdict"]["winner"] in STRATEGIES


def test_trained_strategies_have_epochs_and_solved_ones_have_none(experiment: hs.api.Experiment) -> None:
    runs = {run.id: run for run in experiment.results.runs}
    for name in ("scratch", "partial", "full"):
        assert [epoch.epoch for epoch in runs[name].epochs] == [1, 2]
    for name in ("linear", "svm", "knn"):
        assert runs[name].epochs == ()
    assert runs["full"].cut == runs["scratch"].cut == "input"
    assert runs["linear"].cut == "pool"
    assert 0 < runs["partial"].parameters.trained < runs["full"].parameters.trained


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_the_bundle_answers_what_was_stored(experiment: hs.api.Experiment, pictures: Path, name: str) -> None:
    stored = pq.read_table(experiment.folder / "predictions" / f"{name}.parquet").to_pydict()
    assert list(stored) == ["path", "label", "split", "p_circle", "p_square"]
    again = experiment.runs[name].predict_proba([pictures / path for path in stored["path"]])
    assert np.array_equal(again, np.column_stack([stored["p_circle"], stored["p_square"]]))


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_evaluate_gives_the_stored_metrics(experiment: hs.api.Experiment, pictures: Path, name: str) -> None:
    measured = hs.evaluate(experiment.folder / "bundles" / name, pictures)
    stored = experiment.runs[name].metrics.val
    assert stored is not None
    assert measured.split == "val"
    assert [getattr(measured.metrics, key) for key in ("n", "loss", "accuracy")] == [
        getattr(stored, key) for key in ("n", "loss", "accuracy")
    ]
    assert np.sum(measured.confusion) == 12


def test_the_same_seed_gives_the_same_results(
    experiment: hs.api.Experiment, pictures: Path, tmp_path: Path, cache: Path
) -> None:
    again = hs.compare(pictures, out=tmp_path / "again.run", **QUICK)  # another folder, another empty cache
    assert without_times(again.results) == without_times(experiment.results)
    for name in STRATEGIES:
        one, two = (folder / "predictions" / f"{name}.parquet" for folder in (experiment.folder, again.folder))
        assert pq.read_table(one).equals(pq.read_table(two))


def test_the_winner_can_be_saved_and_loaded(experiment: hs.api.Experiment, pictures: Path, tmp_path: Path) -> None:
    files = sorted((pictures / "val" / "circle").iterdir())
    experiment.winner.save(tmp_path / "shapes.bundle")
    model = hs.load(tmp_path / "shapes.bundle")
    assert model.predict(files) == experiment.winner.predict(files)
    assert set(model.predict(files)) <= {"circle", "square"}


def test_a_single_folder_is_split_once_and_the_split_can_be_reused(single_folder: Path, tmp_path: Path) -> None:
    first = hs.compare(single_folder, out=tmp_path / "a.run", strategies="knn", seed=3, **PLAIN)
    counts = first.results.data.counts
    assert sum(counts["train"].values()) == 27
    assert sum(counts["test"].values()) == 9
    again = hs.compare(
        single_folder, out=tmp_path / "b.run", strategies="knn", seed=4, split=tmp_path / "a.run" / "split.parquet",
        **PLAIN,
    )  # fmt: skip
    rows = [pq.read_table(tmp_path / name / "split.parquet").to_pydict() for name in ("a.run", "b.run")]
    assert rows[0] == rows[1]
    assert again.results.data.counts == counts


def test_where_val_and_test_exist_only_test_measures(pictures: Path, tmp_path: Path) -> None:
    shutil.copytree(pictures, tmp_path / "three")
    draw_classes(tmp_path / "three" / "test", 5, 300)
    run = hs.compare(tmp_path / "three", out=tmp_path / "a.run", strategies="linear,knn,partial", **PLAIN)
    metrics = run.runs["partial"].metrics
    assert metrics.test.n == 10
    assert metrics.val.used_for_choosing is True
    assert metrics.test.used_for_choosing is False
    assert run.results.measuring == "test"
    assert {pair.split for pair in run.results.comparisons} == {"test"}


def test_select_val_says_that_val_was_used(pictures: Path, tmp_path: Path) -> None:
    run = hs.compare(pictures, out=tmp_path / "a.run", strategies="linear,partial", select="val", **PLAIN)
    assert run.runs["partial"].metrics.val.used_for_choosing is True
    (warning,) = [one for one in run.runs["partial"].record.warnings if one.code == "chosen-on-measuring"]
    assert "so this accuracy is too high" in warning.text


def test_broken_pictures_are_listed_left_and_kept_out(pictures: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(pictures, data)
    broken = data / "train" / "circle" / "broken.jpg"
    broken.write_bytes((data / "train" / "circle" / "circle_01.jpg").read_bytes()[:300])
    before = broken.read_bytes()
    run = hs.compare(data, out=tmp_path / "a.run", strategies="knn", **PLAIN)
    (skipped,) = run.results.data.skipped
    assert skipped.path == "train/circle/broken.jpg"
    assert skipped.reason
    assert broken.read_bytes() == before
    assert run.results.data.counts["train"]["circle"] == 12
    assert "broken.jpg" in (tmp_path / "a.run" / "report.md").read_text(encoding="utf-8")


def test_too_many_broken_pictures_stop_it(pictures: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(pictures, data)
    for number in range(3):
        (data / "train" / "circle" / f"broken{number}.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    with pytest.raises(DataError, match="5 %"):
        hs.compare(data, out=tmp_path / "a.run", strategies="knn", **PLAIN)


def test_names_in_other_scripts_and_a_read_only_folder(tmp_path: Path) -> None:
    data = tmp_path / "사진"
    for number in range(6):
        draw_picture(data / "train" / "개미" / f"그림 {number}.png", "circle", number)
        draw_picture(data / "train" / "مورچه ها" / f"عکس {number}.jpg", "square", number)
        draw_picture(data / "val" / "개미" / f"v {number}.png", "circle", 50 + number)
    before = {path: path.stat().st_mtime_ns for path in data.rglob("*")}
    for folder in [data, *(path for path in data.rglob("*") if path.is_dir())]:
        folder.chmod(0o555)
    try:
        run = hs.compare(data, out=tmp_path / "a.run", strategies="knn", **PLAIN)
    finally:
        for folder in [data, *(path for path in data.rglob("*") if path.is_dir())]:
            folder.chmod(0o755)
    assert {path: path.stat().st_mtime_ns for path in data.rglob("*")} == before  # for root 0o555 forbids nothing
    assert run.results.data.classes == ("مورچه ها", "개미")
    table = pq.read_table(run.folder / "predictions" / "knn.parquet")
    assert table.column_names[3:] == ["p_مورچه ها", "p_개미"]


def test_chance_is_said_aloud(tmp_path: Path) -> None:
    data = tmp_path / "noise"
    for number in range(20):  # the same shape under two names: nothing to learn
        split = "train" if number < 10 else "val"
        for name, seed in (("a", 2 * number), ("b", 2 * number + 1)):
            draw_picture(data / split / name / f"{number}.png", "circle", seed)
    run = hs.compare(data, out=tmp_path / "a.run", strategies="knn,linear,svm", **PLAIN)
    said = [any("no better than always" in one.text for one in record.warnings) for record in run.results.runs]
    assert said == [record.metrics.val.accuracy <= 0.5 for record in run.results.runs]
    assert any(said), "of three heads on noise one at least is no better than chance"


def test_an_accuracy_at_chance_has_its_causes_named() -> None:
    labels = np.repeat([0, 1, 0, 1], [10, 10, 30, 10])  # three of four that measure are of class a
    table = Table(
        root=Path("x"),
        paths=tuple(f"{row:02d}.png" for row in range(60)),
        labels=labels,
        classes=("a", "b"),
        splits=np.where(np.arange(60) < 20, "train", "val"),
        groups=np.full(60, "", "<U1"),
        digests=tuple(map(str, range(60))),
    )
    division = Division.of(table, seed=0)

    def warnings_of(**values: Any) -> list[str]:
        measured = changed(GUESSING, **values)
        return [one.text for one in measured_warnings(division, MetricsBySplit(val=measured))]

    (warning,) = warnings_of(accuracy=0.75)
    assert "'a' (0.750)" in warning
    assert "learning rate" in warning
    (vague,) = warnings_of(accuracy=0.75, interval=(0.5, 0.95))
    assert vague.endswith("these pictures are too few to say why.")
    assert warnings_of(accuracy=0.76) == []
    assert warnings_of(accuracy=0.7, balanced_accuracy_interval=(0.51, 0.9)) == []
    (unsure,) = warnings_of(accuracy=0.76, calibration=calibration_off_by(0.38))
    assert "off by 0.38 on average, and luck alone explains at most 0.20" in unsure
    assert warnings_of(accuracy=0.76, calibration=calibration_off_by(0.15)) == []


GUESSING = Metrics(
    n=40,
    loss=0.7,
    accuracy=0.75,
    interval=(0.6, 0.86),
    interval_kind="wilson",
    unit="picture",
    macro_f1=0.43,
    macro_f1_interval=(0.2, 0.8),
    balanced_accuracy=0.5,
    balanced_accuracy_interval=(0.45, 0.55),
    per_class_recall=(1.0, 0.0),
    per_class_recall_intervals=((0.4, 1.0), (0.0, 0.8)),
)


def calibration_off_by(ece: float) -> Calibration:
    return Calibration(
        ece=ece, ece_before=ece, ece_if_true=0.06, ece_by_luck_at_most=0.2, loss_before=0.7, reliability=()
    )


def test_the_temperature_of_the_chosen_epoch_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw_classes(tmp_path / "many" / "train", 52, 0)
    draw_classes(tmp_path / "many" / "val", 3, 500)
    monkeypatch.setattr("headstart.tune.choosing.cautious_temperature", lambda scores, labels: 1.75)
    run = hs.compare(tmp_path / "many", out=tmp_path / "a.run", strategies="scratch", **PLAIN)
    assert run.runs["scratch"].model.head.temperature == 1.75
    calibration = read_manifest(run.folder / "bundles" / "scratch").calibration
    assert calibration.temperature == 1.75
    # Of 52 pictures a class 10 or 11 were held out to choose the epoch; they set the limits too.
    assert calibration.sets.pictures == calibration.none_of_these.pictures == 21
    assert calibration.sets.thresholds["0.95"] is not None


def test_after_the_choice_the_hold_out_teaches_too(tmp_path: Path) -> None:
    draw_classes(tmp_path / "many" / "train", 52, 0)
    draw_classes(tmp_path / "many" / "val", 3, 500)
    both = {
        refit: hs.compare(
            tmp_path / "many", out=tmp_path / f"{refit}.run", strategies="scratch", training={"refit": refit}, **PLAIN
        ).runs["scratch"]
        for refit in (True, False)
    }
    learned = {refit: run.record.training.pictures for refit, run in both.items()}
    assert learned == {True: 104, False: 83}  # copies of one picture stay together
    again = both[True].record
    assert again.epochs[0].choosing_loss == both[False].record.epochs[0].choosing_loss  # it chose in the same way
    assert again.training.epoch_chosen == both[False].record.training.epoch_chosen
    assert len(again.epochs_on_all) == 1
    assert all(epoch.choosing_loss is None for epoch in again.epochs_on_all)
    assert both[False].record.epochs_on_all == ()
    limits = {refit: run.model.trust for refit, run in both.items()}
    assert limits[True].sets == limits[False].sets, "set by the pictures that then taught too"
    assert limits[True].familiar.limit == limits[False].familiar.limit
    assert {refit: len(known.familiar.examples) for refit, known in limits.items()} == learned
    assert not np.array_equal(
        *(run.predict_proba([tmp_path / "many" / "val" / "circle" / "circle_00.png"]) for run in both.values())
    )


def test_val_pictures_that_choose_are_never_learned_from(tmp_path: Path) -> None:
    for split, pictures in (("train", 12), ("val", 6), ("test", 6)):
        draw_classes(tmp_path / "three" / split, pictures, 0 if split == "train" else 100)
    run = hs.compare(
        tmp_path / "three", out=tmp_path / "three.run", strategies="scratch", training={"refit": True}, **PLAIN
    ).runs["scratch"]
    assert run.record.training.choosing == "val"
    assert (run.record.training.pictures, run.record.epochs_on_all) == (24, ())


@pytest.mark.slow
def test_an_inner_hold_out_chooses_and_a_stopped_run_goes_on(tmp_path: Path, cache: Path) -> None:
    draw_classes(tmp_path / "many" / "train", 52, 0)
    draw_classes(tmp_path / "many" / "val", 3, 500)
    options = {**PLAIN, "strategies": "partial,full,scratch", "training": {"refit": True}}
    whole = hs.compare(tmp_path / "many", out=tmp_path / "whole.run", **options)
    for record in whole.results.runs:
        assert record.training.choosing == "train"
        assert record.training.epoch_chosen in ((None,) if record.kept_solved_head else (1, 2))
        assert all(epoch.choosing_loss is not None for epoch in record.epochs)
        assert record.metrics.val.used_for_choosing is False
        assert record.kept_solved_head == any(one.code == "kept-solved-head" for one in record.warnings)
        assert len(record.epochs_on_all) == (not record.kept_solved_head)
        assert record.training.pictures == 104
    hs.clear_cache("trainings")  # or they would be found instead of trained
    chance, table = random.Random(1), read_table(tmp_path / "many")
    for _ in range(200):
        try:
            again = hs.compare(
                table,
                out=tmp_path / "stopped.run",
                progress=Interrupting(chance.randint(20, 500)),
                **options,
            )
            break
        except KeyboardInterrupt:
            continue
    assert without_times(again.results) == without_times(whole.results)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"cut": "layer9"}, "blocks"),
        ({"cut": "pool"}, "pool"),
        ({"training": {"batch_size": 0}}, "batch_size"),
        ({"epochs": {"ful": 3}}, "full"),
    ],
)
def test_bad_options_are_refused_before_any_work(
    pictures: Path, tmp_path: Path, options: dict[str, Any], says: str
) -> None:
    heard = Steps()
    with pytest.raises(ConfigError, match=says):
        hs.compare(pictures, out=tmp_path / "a.run", strategies="knn,partial", progress=heard, **{**PLAIN, **options})
    assert set(heard.names) <= {"read"}, "nothing but the files' bytes was looked at"
    assert not (tmp_path / "a.run" / "plan.json").exists()


class Steps(Silent):
    """Remembers the steps that were begun, and what was said."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.messages: list[str] = []

    def message(self, text: str) -> None:
        self.messages.append(text)

    @contextmanager
    def step(self, name: str, total: int, unit: str = "pictures") -> Iterator[Silent]:
        self.names.append(name)
        yield self


def test_choosing_on_val_needs_val(single_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no val pictures"):
        hs.compare(single_folder, out=tmp_path / "a.run", strategies="partial", select="val", **PLAIN)


def test_a_device_that_is_not_there_is_refused(pictures: Path, tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(ConfigError, match="cuda"):
        hs.compare(pictures, out=tmp_path / "a.run", device="cuda", **PLAIN)


def test_groups_on_both_sides_are_refused_and_copies_are_told(pictures: Path, tmp_path: Path) -> None:
    files = sorted(pictures.rglob("*.*"))
    rows = [f"{file},{file.parent.name},{file.parent.parent.name},{file.parent.name}" for file in files]
    (tmp_path / "list.csv").write_text("path,label,split,group\n" + "\n".join(rows), encoding="utf-8")
    with pytest.raises(DataError, match="circle"):
        hs.compare(tmp_path / "list.csv", out=tmp_path / "a.run", **PLAIN)


def test_a_group_in_val_and_test_is_refused_for_val_chooses(pictures: Path, tmp_path: Path) -> None:
    files = sorted(pictures.rglob("*.*"))
    splits = ["train" if file.parent.parent.name == "train" else ("val", "test")[n % 2] for n, file in enumerate(files)]
    rows = [
        f"{file},{file.parent.name},{split},{'one site' if split != 'train' else file.stem}"
        for file, split in zip(files, splits, strict=True)
    ]
    (tmp_path / "list.csv").write_text("path,label,split,group\n" + "\n".join(rows), encoding="utf-8")
    with pytest.raises(DataError, match="'one site' is divided between val and test"):
        hs.compare(tmp_path / "list.csv", out=tmp_path / "a.run", **PLAIN)


@pytest.mark.parametrize("sites", [2, 3])
def test_few_groups_in_train_leave_no_hold_out_and_every_strategy_ends(tmp_path: Path, sites: int) -> None:
    data = tmp_path / "data"
    draw_classes(data, 13 * (sites + 1), 0)
    rows = [
        f"{file},{file.parent.name},{'test' if number % (sites + 1) == sites else 'train'},site {number % (sites + 1)}"
        for folder in sorted(data.iterdir())
        for number, file in enumerate(sorted(folder.iterdir()))
    ]
    (tmp_path / "list.csv").write_text("path,label,split,group\n" + "\n".join(rows), encoding="utf-8")
    run = hs.compare(tmp_path / "list.csv", out=tmp_path / "a.run", strategies="linear,partial,scratch", **PLAIN)
    chosen_on = {name: run.runs[name].record.training.choosing for name in ("partial", "scratch")}
    assert set(chosen_on.values()) == ({"none"} if sites == 2 else {"train"})


def test_activations_beyond_the_limit_are_made_again_in_each_epoch(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headstart.experiment.resolve.ACTIVATION_LIMIT", 10)
    heard = Steps()
    run = hs.compare(pictures, out=tmp_path / "a.run", strategies="partial", progress=heard, **PLAIN)
    assert any("The frozen part therefore runs again in each epoch" in message for message in heard.messages)
    record = run.runs["partial"].record
    assert record.training.views is None
    assert len(record.epochs) == 2
    assert not any("activations" in name for name in heard.names)


def test_one_group_in_train_is_said(pictures: Path, tmp_path: Path) -> None:
    files = sorted(pictures.rglob("*.*"))
    rows = [f"{file},{file.parent.name},{file.parent.parent.name},{file.parent.parent.name} site" for file in files]
    (tmp_path / "list.csv").write_text("path,label,split,group\n" + "\n".join(rows), encoding="utf-8")
    with pytest.raises(DataError, match="belong to one group"):
        hs.compare(tmp_path / "list.csv", out=tmp_path / "a.run", strategies="knn", **PLAIN)


def test_copies_of_training_pictures_are_told_in_the_report(pictures: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(pictures, data)
    original = sorted((data / "train" / "circle").iterdir())[0]
    shutil.copy(original, data / "val" / "circle" / f"copy{original.suffix}")
    run = hs.compare(data, out=tmp_path / "a.run", strategies="knn", **QUICK)
    (warning,) = run.results.warnings
    assert warning.text == (
        "1 validation picture is an exact copy of a training picture, which makes accuracies too high. "
        f"First: 'val/circle/copy{original.suffix}'."
    )
    shutil.copy(original, data / "val" / "square" / f"contradiction{original.suffix}")
    across, inside = hs.compare(data, out=tmp_path / "b.run", strategies="knn", **QUICK).results.warnings
    assert across.text == (
        "2 validation pictures are exact copies of training pictures; 1 has another label there: check them. "
        f"First: 'val/square/contradiction{original.suffix}' ('circle' there)."
    )
    assert inside.text == (
        "1 validation picture is an exact copy of another, with another label: "
        f"'val/circle/copy{original.suffix}' is 'circle', 'val/square/contradiction{original.suffix}' is 'square'. "
        "Check these labels."
    )
    assert "exact copy" in (run.folder / "report.md").read_text(encoding="utf-8")
    assert run.results.chosen.augment == "none", "nothing was trained that could be augmented"


def test_what_no_command_line_says_is_told_as_a_call(pictures: Path, tmp_path: Path) -> None:
    options = {**PLAIN, "epochs": {"partial": 1}}
    run = hs.compare(pictures, out=tmp_path / "a.run", strategies="partial", **options)
    assert run.results.command.startswith(f"headstart.compare({str(pictures)!r}, strategies=('partial',)")
    assert "epochs={'partial': 1}" in run.results.command


def test_scratch_decides_the_stored_size_where_it_sees_more(pictures: Path, tmp_path: Path) -> None:
    options = {**PLAIN, "scratch": "convnet4", "epochs": 1}
    run = hs.compare(pictures, out=tmp_path / "a.run", strategies="scratch,knn", **options)
    sides = {record.id: record.preprocessing for record in run.results.runs}
    assert sides["scratch"].input_size == 224
    assert sides["knn"].input_size == 64
    assert sides["knn"].stored_side == 256


def test_other_weights_in_the_same_file_are_another_experiment(tmp_path: Path) -> None:
    weights = tmp_path / "own.safetensors"
    weights.write_bytes(b"one")
    before = Request(weights=str(weights)).fingerprint("data")
    weights.write_bytes(b"two")
    assert Request(weights=str(weights)).fingerprint("data") != before


def test_log_and_plan_are_json(experiment: hs.api.Experiment) -> None:
    lines = (experiment.folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert len([json.loads(line) for line in lines]) > 10
    plan = json.loads((experiment.folder / "plan.json").read_text(encoding="utf-8"))
    assert {"fingerprint", "preprocessing", "augment", "precision", "threads", "steps"} <= set(plan)
