"""The Markdown report."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from headstart.base.errors import StoreError
from headstart.report.cells import escaped, interval, probability, table
from headstart.report.markdown import markdown, write_markdown


@pytest.fixture
def results() -> dict[str, Any]:
    path = Path(__file__).parent / "sample_results.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def section(page: str, title: str) -> str:
    return page.split(f"## {title}\n\n")[1].split("\n\n## ")[0]


def test_all_sections_stand_in_order(results: dict[str, Any]) -> None:
    titles = re.findall(r"^## (.*)$", markdown(results), re.M)
    assert titles == [
        "Verdict",
        "Strategies",
        "Compared in pairs",
        "The winner, class by class",
        "Epochs",
        "Settings",
        "Pictures",
        "Skipped files",
        "Backbone and preprocessing",
        "Plan and time",
        "Warnings",
        "Environment",
        "Make it again",
    ]


def test_every_table_has_equally_many_cells_in_each_row(results: dict[str, Any]) -> None:
    results["data"]["classes"][0] = results["data"]["classes"][0] + "|pipe"
    for block in re.findall(r"(?:^\|.*\n)+", markdown(results), re.M):
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in block.splitlines()}) == 1


def test_rows_hold_the_numbers(results: dict[str, Any]) -> None:
    rows = section(markdown(results), "Strategies")
    assert "| **taken** | svm | pretrained | pool | svm | 0.867 | 0.803 to 0.912 | 0.863 |" in rows
    assert "Always answering with the commonest class would reach 0.400." in rows


def test_the_winners_pairs_come_first(results: dict[str, Any]) -> None:
    rows = section(markdown(results), "Compared in pairs").splitlines()[2:]
    assert rows[0] == "| partial | svm | +0.020 | -0.030 to +0.075 | 0.63 | 1.00 |"
    assert ["svm" in row for row in rows[:6]] == [True] * 5 + [False]


def test_the_hardest_class_comes_first(results: dict[str, Any]) -> None:
    rows = section(markdown(results), "The winner, class by class").splitlines()[4:]
    assert rows == ["| گربه\u200cها | 0.825 | – | 40 |", "| 개와 고양이 | 0.860 | – | 50 |", "| bee | 0.900 | – | 60 |"]


def test_a_class_without_pictures_has_no_recall(results: dict[str, Any]) -> None:
    winner = next(run for run in results["runs"] if run["id"] == "svm")
    winner["metrics"]["test"]["per_class_recall"][0] = None
    assert section(markdown(results), "The winner, class by class").splitlines()[-1] == "| bee | – | – | 60 |"


def test_skipped_files_have_reasons(results: dict[str, Any]) -> None:
    rows = section(markdown(results), "Skipped files")
    assert "| train/bee/imageNotFound.gif | GIF is not read: convert it to PNG |" in rows


def test_epochs_of_trained_runs_only(results: dict[str, Any]) -> None:
    found = section(markdown(results), "Epochs")
    assert re.findall(r"^### (.*)$", found, re.M) == ["scratch", "full", "partial"]
    assert "| 1 | 0.842 | 0.650 | 0.978 | 0.560 | 8.5e-04 | 3.0 | 122 |" in found


def test_settings_and_choices_are_told(results: dict[str, Any]) -> None:
    lines = section(markdown(results), "Settings").splitlines()
    assert "- **svm**: C 0.01" in lines
    assert lines[-2:] == [
        "- framing: squash, chosen inside train by out-of-fold log loss, lower is better "
        "(crop 0.410, squash 0.380; the whole picture, "
        "unless the crop is lower by more than its standard error)",
        "- augment: gentle",
    ]


def test_optimistic_figures_are_called_so(results: dict[str, Any]) -> None:
    for run in results["runs"]:
        run["metrics"]["test"]["used_for_choosing"] = True
    assert "so these figures are optimistic" in markdown(results)
    assert "Epochs and settings were chosen without" not in markdown(results)


def test_kept_heads_and_a_doubtful_winner_are_marked(results: dict[str, Any]) -> None:
    results["verdict"] |= {"tied_with": ["linear"], "same_as": {"full": "linear"}, "above_chance": False}
    rows = section(markdown(results), "Strategies").splitlines()
    marks = {row.split(" | ")[1]: row.split(" | ")[0] for row in rows if row.startswith("| ")}
    assert marks["full"] == "| head of linear"
    assert marks["svm"] == "| **taken**, in doubt"
    assert marks["linear"] == "| tied"
    assert marks["knn"].strip("| ") == ""


def test_where_splits_decided_the_table_says_so(results: dict[str, Any]) -> None:
    assert "was decided over" not in markdown(results)
    entry = {"strategy": "svm", "accuracy": 0.8, "interval": [0.7, 0.9], "lowest": 0.7, "highest": 0.9}
    entry |= {"spread_over_splits": 0.01, "spread_over_seeds": None}
    results["resampling"] = {"folds": None, "seeds": 4, "strategies": [entry], "comparisons": []}
    results["resampling"] |= {"pictures": 600, "train": 450, "test": 150}
    assert "What is taken and what is tied was decided over 4 splits, below." in markdown(results)


def test_an_empty_result_is_a_short_page() -> None:
    assert markdown({}).startswith("# ")
    assert "None" not in markdown({})


def test_names_cannot_break_the_page() -> None:
    assert escaped("a|b_c_\n*<x>") == r"a\|b_c\_?\*\<x\>"
    assert table(["a"], [["1"]], right=[0]) == ["| a |", "| ---: |", "| 1 |"]


def test_numbers() -> None:
    assert [probability(p) for p in (None, 0.5, 0.0123, 0.0004)] == ["–", "0.50", "0.012", "< 0.001"]
    assert interval(None) == "–"
    assert interval([-0.01, 0.02], signed=True) == "-0.010 to +0.020"


def test_written_durably(results: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "run" / "report.md"
    write_markdown(results, path)
    assert path.read_bytes().decode("utf-8") == markdown(results)
    assert [entry.name for entry in path.parent.iterdir()] == ["report.md"]


def test_a_place_that_cannot_be_written(results: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError):
        write_markdown(results, tmp_path / "file" / "report.md")


def test_heads_that_read_several_stages_are_explained(results: dict[str, Any]) -> None:
    assert "'stages'" not in markdown(results)
    next(run for run in results["runs"] if run["id"] == "svm")["settings"] = {"readout": "stages"}
    page = markdown(results)
    assert "Heads at 'stages' read several stages" in page
    assert "| stages |" in page


def test_classes_and_their_means_have_intervals(results: dict[str, Any]) -> None:
    measured = next(run for run in results["runs"] if run["id"] == "svm")["metrics"]["test"]
    measured["per_class_recall_intervals"] = [[0.7, 0.9], None, [0.8, 0.95]]
    measured["macro_f1"] = measured["balanced_accuracy"] = 0.86
    measured["macro_f1_interval"] = measured["balanced_accuracy_interval"] = [0.8, 0.9]
    rows = section(markdown(results), "The winner, class by class").splitlines()
    assert sum(" to " in row for row in rows[4:7]) == 2
    said = "Balanced accuracy 0.860 (0.800 to 0.900), macro F1 0.860 (0.800 to 0.900)"
    assert rows[-1] == f"{said}; intervals by bootstrap within classes."


def test_at_most_ten_classes_are_shown(results: dict[str, Any]) -> None:
    results["data"]["classes"] = [f"kind {place:02d}" for place in range(14)]
    measured = next(run for run in results["runs"] if run["id"] == "svm")["metrics"]["test"]
    measured["per_class_recall"] = [1 - place / 20 for place in range(14)]
    rows = section(markdown(results), "The winner, class by class").splitlines()
    assert [row.split(" | ")[0] for row in rows[4:14]] == [f"| kind {place:02d}" for place in range(13, 3, -1)]
    assert rows[-1] == "4 easier classes are left out; `results.json` has them."


def test_how_intervals_and_tests_were_made_is_told(results: dict[str, Any]) -> None:
    assert "Intervals are Wilson's." in markdown(results)
    for run in results["runs"]:
        run["metrics"]["test"] |= {"interval_kind": "clopper-pearson", "unit": "group"}
    for pair in results["comparisons"]:
        pair["unit"] = "group"
    page = markdown(results)
    assert "Intervals are Clopper and Pearson's, with whole groups of pictures as units." in page
    assert "the sign-flip test over whole groups" in page
