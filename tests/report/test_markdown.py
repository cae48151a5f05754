"""The Markdown report."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from report.sample import measured_as, over_splits, run_of, sample_results, with_run, with_runs, with_verdict

from headstart.base.errors import StoreError
from headstart.records.metrics import MetricsBySplit
from headstart.records.record import changed
from headstart.records.results import Results
from headstart.report.cells import escaped, interval, probability, table
from headstart.report.markdown import markdown, write_markdown


@pytest.fixture
def results() -> Results:
    return sample_results()


CLASSES = "The recommended strategy, class by class"


def section(page: str, title: str) -> str:
    return page.split(f"## {title}\n\n")[1].split("\n\n## ")[0]


def test_all_sections_stand_in_order_and_what_to_use_comes_first(results: Results) -> None:
    titles = re.findall(r"^## (.*)$", markdown(with_verdict(results, details=("And more.",))), re.M)
    assert titles == [
        "Verdict",
        "Strategies",
        "Warnings",
        "More about the verdict",
        CLASSES,
        "All figures",
        "Strategies compared in pairs",
        "Epochs",
        "Settings",
        "Pictures",
        "Skipped files",
        "Network and preprocessing",
        "Plan and time",
        "Environment",
        "How to reproduce it",
    ]


def test_the_verdict_says_what_to_type(results: Results) -> None:
    assert section(markdown(results), "Verdict").endswith("`headstart predict bundles/svm PICTURES`")
    results = with_run(results, "svm", bundle="bundles/a b")
    assert "`headstart predict 'bundles/a b' PICTURES`" in markdown(results)


def test_every_table_has_equally_many_cells_in_each_row(results: Results) -> None:
    first, *others = results.data.classes
    results = changed(results, data=changed(results.data, classes=(f"{first}|pipe", *others)))
    for block in re.findall(r"(?:^\|.*\n)+", markdown(results), re.M):
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in block.splitlines()}) == 1


def test_rows_hold_the_numbers(results: Results) -> None:
    page = markdown(results)
    rows = section(page, "Strategies")
    assert "| **recommended** | svm | 0.867 | 0.803 to 0.912 | 4 s |" in rows
    assert "| tied | partial | 0.887 |" in rows
    assert "The baseline, always answering with the most common class, reaches 0.400." in rows
    assert "| svm | pretrained | pool | svm | 0.867 | 0.803 to 0.912 | 0.863 | 0.456 | 1.4 k |" in (
        section(page, "All figures")
    )


def test_the_winners_pairs_come_first(results: Results) -> None:
    rows = section(markdown(results), "Strategies compared in pairs").splitlines()[2:]
    assert rows[0] == "| partial | svm | +0.020 | -0.030 to +0.075 | 0.63 | 1.00 |"
    assert ["svm" in row for row in rows[:6]] == [True] * 5 + [False]


def test_the_hardest_class_comes_first(results: Results) -> None:
    rows = section(markdown(results), CLASSES).splitlines()[4:7]
    assert rows == ["| گربه\u200cها | 0.825 | – | 40 |", "| 개와 고양이 | 0.860 | – | 50 |", "| bee | 0.900 | – | 60 |"]


def test_a_class_without_pictures_has_no_recall(results: Results) -> None:
    winner = measured_as(run_of(results, "svm"), per_class_recall=(None, 0.86, 0.825))
    results = with_run(results, "svm", metrics=winner.metrics)
    assert section(markdown(results), CLASSES).splitlines()[6] == "| bee | – | – | 60 |"


def test_a_winner_that_was_not_measured_has_no_classes(results: Results) -> None:
    assert CLASSES not in markdown(with_run(results, "svm", metrics=MetricsBySplit()))


def test_skipped_files_have_reasons(results: Results) -> None:
    rows = section(markdown(results), "Skipped files")
    assert "| train/bee/imageNotFound.gif | GIF is not read: convert it to PNG |" in rows


def test_epochs_of_trained_runs_only(results: Results) -> None:
    found = section(markdown(results), "Epochs")
    assert re.findall(r"^### (.*)$", found, re.M) == ["partial", "scratch", "full"]
    assert "| 1 | 0.842 | 0.650 | 0.978 | 0.560 | 8.5e-04 | 3.0 | 122 |" in found


def test_settings_and_choices_are_told(results: Results) -> None:
    lines = section(markdown(results), "Settings").splitlines()
    assert "- **svm**: readout pool, C 0.01, converged True" in lines
    assert next(line for line in lines if "**full**" in line).startswith("- **full**: epochs 3, batch_size 32, ")
    assert lines[-2:] == [
        "- framing: squash, chosen on the training pictures by out-of-fold log loss; lower is better "
        "(crop 0.410, squash 0.380; the whole picture, "
        "unless the crop is lower by more than its standard error)",
        "- augmentation: gentle",
    ]


def test_only_other_preprocessing_than_the_networks_is_told(results: Results) -> None:
    lines = section(markdown(results), "Network and preprocessing").splitlines()
    assert "- mean: 0.5 0.5 0.5" in lines
    others = [line for line in lines if line.startswith("- preprocessing of")]
    assert [line.partition(":")[0].removeprefix("- preprocessing of ") for line in others] == [
        "knn, linear, svm, partial, full",
        "scratch",
    ]
    assert "input_size 64" in others[1]


def test_optimistic_figures_are_called_so(results: Results) -> None:
    assert "Epochs and settings were chosen without" in markdown(results)
    results = with_runs(results, lambda run: measured_as(run, used_for_choosing=True))
    assert "so the figures are probably a bit too high" in markdown(results)
    assert "Epochs and settings were chosen without" not in markdown(results)


def test_kept_heads_and_a_doubtful_winner_are_marked(results: Results) -> None:
    results = with_verdict(results, tied_with=("linear",), same_as={"full": "linear"}, above_chance=False)
    rows = section(markdown(results), "Strategies").splitlines()
    marks = {row.split(" | ")[1]: row.split(" | ")[0] for row in rows if row.startswith("| ")}
    assert marks["full"] == "| same result as linear"
    assert marks["svm"] == "| **recommended**, in doubt"
    assert marks["linear"] == "| tied"
    assert marks["knn"].strip("| ") == ""


def test_where_splits_decided_the_table_says_so(results: Results) -> None:
    assert "Measured on 150 test pictures." in section(markdown(results), "Strategies")
    results = changed(results, repeated_splits=over_splits({"svm": 0.8}, folds=None))
    page = markdown(results)
    assert "Measured over 4 splits; more about them below." in section(page, "Strategies")
    assert "| **recommended** | svm | 0.800 | 0.750 to 0.850 | 4 s |" in section(page, "Strategies")
    found = section(page, "Over several splits")
    assert found.startswith(
        "The 600 pictures were divided at random, 4 times. Each time, 450 pictures were for learning"
    )
    assert "| svm | 0.800 | 0.750 to 0.850 | 0.010 | – | 0.700 | 0.900 |" in found


def test_nothing_is_called_none(results: Results) -> None:
    bare = changed(results, backbone=None, runs=(), strategies=(), comparisons=(), command="")
    for page in (markdown(results), markdown(bare)):
        assert "None" not in page
        assert page.startswith("# What the comparison found\n")


def test_names_cannot_break_the_page() -> None:
    assert escaped("a|b_c_\n*<x>") == r"a\|b_c\_?\*\<x\>"
    assert table(["a"], [["1"]], right=[0]) == ["| a |", "| ---: |", "| 1 |"]


def test_numbers() -> None:
    assert [probability(p) for p in (None, 0.5, 0.0123, 0.0004)] == ["–", "0.50", "0.012", "< 0.001"]
    assert interval(None) == "–"
    assert interval([-0.01, 0.02], signed=True) == "-0.010 to +0.020"


def test_written_durably(results: Results, tmp_path: Path) -> None:
    path = tmp_path / "run" / "report.md"
    write_markdown(results, path)
    assert path.read_bytes().decode("utf-8") == markdown(results)
    assert [entry.name for entry in path.parent.iterdir()] == ["report.md"]


def test_a_place_that_cannot_be_written(results: Results, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError):
        write_markdown(results, tmp_path / "file" / "report.md")


def test_heads_that_read_several_stages_are_explained(results: Results) -> None:
    assert "'stages'" not in markdown(results)
    page = markdown(with_run(results, "svm", readout="stages"))
    assert "Heads at 'stages' read several stages" in page
    assert "| stages |" in page


def test_classes_and_their_means_have_intervals(results: Results) -> None:
    means = dict.fromkeys(("macro_f1_interval", "balanced_accuracy_interval"), (0.8, 0.9))
    values = {
        "per_class_recall_intervals": ((0.7, 0.9), None, (0.8, 0.95)),
        "macro_f1": 0.86,
        "balanced_accuracy": 0.86,
    }
    winner = measured_as(run_of(results, "svm"), **values, **means)
    rows = section(markdown(with_run(results, "svm", metrics=winner.metrics)), CLASSES).splitlines()
    assert sum(" to " in row for row in rows[4:7]) == 2
    said = "Balanced accuracy 0.860 (0.800 to 0.900), macro F1 0.860 (0.800 to 0.900)"
    assert rows[-1] == f"{said}; intervals by bootstrap within classes."


def test_at_most_ten_classes_are_shown(results: Results) -> None:
    data = changed(results.data, classes=tuple(f"kind {place:02d}" for place in range(14)))
    recalls = tuple(1 - place / 20 for place in range(14))
    winner = measured_as(run_of(results, "svm"), per_class_recall=recalls, per_class_recall_intervals=(None,) * 14)
    results = with_run(changed(results, data=data), "svm", metrics=winner.metrics)
    rows = section(markdown(results), CLASSES).splitlines()
    assert [row.split(" | ")[0] for row in rows[4:14]] == [f"| kind {place:02d}" for place in range(13, 3, -1)]
    assert "4 classes with a higher recall are left out; `results.json` has them." in rows


def test_how_intervals_and_tests_were_made_is_told(results: Results) -> None:
    assert "Intervals are Wilson's." in markdown(results)
    results = with_runs(results, lambda run: measured_as(run, interval_kind="clopper-pearson", unit="group"))
    pairs = tuple(changed(pair, unit="group") for pair in results.comparisons)
    page = markdown(changed(results, comparisons=pairs))
    assert "Intervals are Clopper and Pearson's, with whole groups of pictures as units." in page
    assert "the sign-flip test over whole groups" in page
