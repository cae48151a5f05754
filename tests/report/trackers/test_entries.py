"""What is logged of a run folder, whatever the tracker."""

from __future__ import annotations

from pathlib import Path

import pytest
from report.sample import with_verdict
from report.trackers.conftest import measured_in, read, run_in, with_another_verdict, write

from headstart.records.record import changed, named_values
from headstart.report.trackers.entries import Entry, entries_of, flat


def entries(folder: Path) -> dict[str, Entry]:
    return {entry.id: entry for entry in entries_of(read(folder), folder)}


def test_the_comparison_comes_first_then_every_run(folder: Path) -> None:
    assert [(entry.id, entry.run) for entry in entries_of(read(folder), folder)] == [
        ("comparison", False),
        ("partial", True),
        ("linear", True),
    ]


def test_a_run_has_its_epochs_as_results_json_has_them(folder: Path) -> None:
    recorded = run_in(folder, "partial").epochs
    logged = entries(folder)["partial"].curves
    assert len(logged) == len(recorded) > 1
    for (step, values), one in zip(logged, recorded, strict=True):
        assert step == one.epoch
        assert values == {f"epoch/{name}": value for name, value in named_values(one).items() if name != "epoch"}


def test_a_run_has_its_figures_with_the_ends_of_their_intervals(folder: Path) -> None:
    record, measured = run_in(folder, "linear"), measured_in(folder, "linear")
    metrics = entries(folder)["linear"].metrics
    assert list(metrics)[:3] == ["test/accuracy", "test/accuracy_low", "test/accuracy_high"]
    assert metrics["test/accuracy"] == measured.accuracy
    assert (metrics["test/accuracy_low"], metrics["test/accuracy_high"]) == measured.interval
    assert (metrics["test/loss"], metrics["test/n"]) == (measured.loss, measured.n)
    assert metrics["seconds/total"] == record.seconds.total
    assert metrics["parameters/trained"] == record.parameters.trained
    assert metrics["flops"] == record.flops
    assert not any(name.startswith("val/") for name in metrics), "the sample was not measured on val"


def test_a_run_has_settings_and_is_found_by_tags(folder: Path) -> None:
    found, record = entries(folder), run_in(folder, "partial")
    assert record.training is not None
    assert found["partial"].settings["cut"] == record.cut
    assert found["partial"].settings["epochs"] == record.training.settings.epochs
    assert found["partial"].settings["preprocessing.mean"] == "0.5,0.5,0.5"
    assert found["linear"].settings["C"] == 0.01
    assert found["partial"].tags == {
        "strategy": "partial",
        "verdict": "tied",
        "backbone": "tf_efficientnet_lite0",
        "headstart": "0.1.0",
        "data": read(folder).data.fingerprint,
    }
    assert found["linear"].tags["verdict"] == "winner"


def test_the_comparison_has_the_table_the_pairs_and_the_page(folder: Path) -> None:
    comparison = entries(folder)["comparison"]
    assert [row[:2] for row in comparison.tables["strategies"].rows] == [("partial", "tied"), ("linear", "winner")]
    assert len(comparison.tables["pairs"].rows) == 1
    assert comparison.texts["verdict"] == "Use linear."
    assert {"report.html", "results.json", "split.parquet"} <= set(comparison.files)
    assert comparison.metrics["winner/accuracy"] == comparison.tables["strategies"].rows[1][3]
    assert comparison.tables["strategies"].markdown().startswith("| run | verdict | cut | accuracy |")


def test_a_winner_in_doubt_is_not_called_one(folder: Path) -> None:
    assert entries(folder)["comparison"].tags["winner"] == "linear"
    write(folder, with_verdict(read(folder), decided=False))
    found = entries(folder)
    assert found["comparison"].tags["in doubt"] == "linear"
    assert "winner" not in found["comparison"].tags
    assert found["linear"].tags["verdict"] == "in doubt"


def test_classifiers_and_answers_go_along_if_they_are_there(folder: Path) -> None:
    assert set(entries(folder)["linear"].files) == {"bundle", "predictions.parquet"}
    (folder / "bundles" / "linear" / "bundle.json").unlink()
    (folder / "predictions" / "linear.parquet").unlink()
    assert entries(folder)["linear"].files == {}


def test_only_what_changed_is_of_another_content(folder: Path) -> None:
    before = {name: entry.fingerprint() for name, entry in entries(folder).items()}
    assert {name: entry.fingerprint() for name, entry in entries(folder).items()} == before
    with_another_verdict(folder)
    after = {name: entry.fingerprint() for name, entry in entries(folder).items()}
    assert {name for name in before if before[name] != after[name]} == {"comparison"}


def test_an_unfinished_experiment_is_told_as_far_as_it_goes(folder: Path) -> None:
    content = read(folder)
    run = run_in(folder, "partial")
    first = changed(run.epochs[0], choosing_loss=None, choosing_accuracy=None)
    undecided = changed(content.verdict, winner="", tied_with=())
    runs = (changed(run, epochs=(first, *run.epochs[1:])),)
    write(folder, changed(content, comparisons=(), runs=runs, verdict=undecided))
    comparison, found = entries_of(read(folder), folder)
    assert set(comparison.tables) == {"strategies"}
    assert "winner/accuracy" not in comparison.metrics
    assert "epoch/choosing_loss" not in found.curves[0][1]
    assert "epoch/choosing_loss" in found.curves[1][1]


@pytest.mark.parametrize(
    ("nested", "told"),
    [
        ({"a": {"b": 1, "c": None}, "d": [1, "x"]}, {"a.b": 1, "d": "1,x"}),
        ({"mean": (0.5, 0.5), "on": True}, {"mean": "0.5,0.5", "on": True}),
        ({}, {}),
    ],
)
def test_settings_become_flat(nested: dict[str, object], told: dict[str, object]) -> None:
    assert flat(nested) == told
