"""An experiment as lines of text."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from headstart.report import numbers, standing, strategies, text
from headstart.report.lines import Line


@pytest.fixture
def results() -> dict[str, Any]:
    path = Path(__file__).parent / "sample_results.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


def find(lines: list[Line], start: str) -> Line:
    return next(line for line in lines if line.text.startswith(start))


def test_header_says_pictures_backbone_and_machine(results: dict[str, Any]) -> None:
    assert texts(text.header(results, width=200)) == [
        "600 pictures, 3 classes (bee 240, 개와 고양이 200, گربه\u200cها 160) · "
        "EfficientNet-Lite0 (tf_efficientnet_lite0), packaged · 2 cores",
        "train 450 · test 150 · always the commonest class: 0.400 · framing squash · augment gentle",
    ]


def test_many_classes_are_counted_not_listed(results: dict[str, Any]) -> None:
    results["data"]["classes"] = [f"car {number}" for number in range(196)]
    results["data"]["counts"] = {"train": {f"car {number}": 10 + number % 3 for number in range(196)}, "test": {}}
    assert text.describe_data(results) == "2,155 pictures, 196 classes (10 to 12 pictures each)"


def test_rows_have_the_roles_of_their_marks(results: dict[str, Any]) -> None:
    rows = strategies.strategy_table(results, width=80)[1:7]
    assert [line.role for line in rows] == ["tied", "tied", "winner", "tied", "plain", "plain"]


def test_table_at_eighty_columns(results: dict[str, Any]) -> None:
    assert texts(strategies.strategy_table(results, width=80)) == [
        "  strategy  cut       accuracy on 150 test pictures             seconds  trained",
        "≈ partial   blocks.5  0.887                     ├─────●────┤       19 s    1.9 M",
        "≈ full      input     0.880                    ├──────●───┤        95 s    3.4 M",
        "✓ svm       pool      0.867                  ├──────●────┤          4 s    1.4 k",
        "≈ linear    pool      0.853                 ├──────●────┤           4 s    3.8 k",
        "  knn       pool      0.800          ├───────●─────┤                4 s        –",
        "  scratch   input     0.727  ├───────●──────┤                      12 s    522 k",
        "                             0.65                         0.95",
        "  ✓ the verdict's choice · ≈ tied with it · bars: 95 % intervals",
    ]


def over_splits(results: dict[str, Any]) -> dict[str, Any]:
    """Give the results means over splits, in another order than the accuracies of the one split."""
    means = {"partial": 0.85, "full": 0.84, "svm": 0.86, "linear": 0.87, "knn": 0.7, "scratch": 0.6}
    entries = [
        {"strategy": name, "accuracy": mean, "interval": [mean - 0.05, mean + 0.05]} for name, mean in means.items()
    ]
    results["resampling"] = {"folds": 5, "seeds": 4, "strategies": entries}
    results["verdict"] = {"winner": "linear", "tied_with": ["svm"], "text": "Take linear."}
    return results


def test_the_mean_over_splits_stands_where_it_decided(results: dict[str, Any]) -> None:
    assert texts(strategies.strategy_table(over_splits(results), width=80)) == [
        "  strategy  cut       mean accuracy over 5 x 4 splits  on test  seconds  trained",
        "✓ linear    pool      0.870                  ├─●──┤      0.853      4 s    3.8 k",
        "≈ svm       pool      0.860                 ├──●──┤      0.867      4 s    1.4 k",
        "  partial   blocks.5  0.850                ├──●──┤       0.887     19 s    1.9 M",
        "  full      input     0.840                ├──●──┤       0.880     95 s    3.4 M",
        "  knn       pool      0.700        ├──●──┤               0.800      4 s        –",
        "  scratch   input     0.600  ├──●──┤                     0.727     12 s    522 k",
        "                             0.55                0.95",
        "  ✓ the verdict's choice · ≈ tied with it · bars: 95 % intervals",
        "  on test: the one split, which did not decide",
    ]


def test_narrow_tables_do_not_call_a_mean_an_accuracy(results: dict[str, Any]) -> None:
    assert texts(strategies.strategy_table(over_splits(results), width=60))[0].split() == [
        *("strategy", "cut", "mean", "on", "test", "seconds", "trained")
    ]


def test_one_split_alone_has_no_mean(results: dict[str, Any]) -> None:
    before = texts(strategies.strategy_table(results, width=80))
    over_splits(results)["resampling"]["strategies"][0]["interval"] = None
    results["verdict"] = {"winner": "svm", "tied_with": ["partial", "full", "linear"]}
    assert texts(strategies.strategy_table(results, width=80)) == before


def test_a_strategy_that_was_not_divided_comes_last_with_a_dash(results: dict[str, Any]) -> None:
    over_splits(results)["resampling"]["strategies"].pop(0)
    last = texts(strategies.strategy_table(results, width=80))[6]
    assert last.split() == ["partial", "blocks.5", "–", "0.887", "19", "s", "1.9", "M"]


@pytest.mark.parametrize("doubt", ["above_chance", "decided"])
def test_a_winner_that_may_know_nothing_or_is_none_yet_gets_no_tick(results: dict[str, Any], doubt: str) -> None:
    results["verdict"] |= {doubt: False}
    lines = strategies.strategy_table(results, width=100)
    assert "✓" not in "".join(texts(lines))
    assert find(lines, "? svm").role == "warning"
    assert "? the verdict's choice, but in doubt: the verdict says why" in "".join(texts(lines))
    assert text.verdict(results)[0].role == "warning"
    assert text.verdict({**results, "verdict": {**results["verdict"], doubt: True}})[0].role == "winner"


def test_a_kept_head_is_marked_as_that_of_another(results: dict[str, Any]) -> None:
    results["verdict"] |= {"tied_with": ["linear"], "same_as": {"partial": "linear", "full": "linear"}}
    lines = strategies.strategy_table(results, width=100)
    assert [line.text[0] for line in lines[1:7]] == ["=", "=", "✓", "≈", " ", " "]
    assert [line.role for line in lines[1:4]] == ["plain", "plain", "winner"]
    assert lines[-1].text.startswith("  ✓ the verdict's choice · ≈ tied with it · = kept the head of another")


def test_depths_are_told_apart_where_there_is_little_room(results: dict[str, Any]) -> None:
    for run, cut in zip(results["runs"], ("conv_head", "blocks.6", "blocks.5", "blocks.3"), strict=False):
        run["id"] = f"partial@{cut}"
    wide, narrow = (texts(strategies.strategy_table(results, width=width)) for width in (80, 56))
    assert any("partial@conv_head" in line for line in wide)
    assert all(len(line) <= 56 for line in narrow)
    assert [sum(end in line for line in narrow) for end in ("head ", "ks.6 ", "ks.5 ", "ks.3 ")] >= [1, 1, 1, 1]


def test_a_head_that_reads_several_stages_says_so(results: dict[str, Any]) -> None:
    next(run for run in results["runs"] if run["id"] == "svm")["settings"] = {"readout": "stages"}
    lines = texts(strategies.strategy_table(results, width=100))
    assert [line[12:20].strip() for line in lines[1:7]] == ["blocks.5", "input", "stages", "pool", "pool", "input"]
    assert lines[-1].endswith("stages: the head reads several stages, not only the last features")


@pytest.mark.parametrize("width", [50, 60, 72, 80, 100, 140])
def test_nothing_but_commands_is_wider_than_the_terminal(results: dict[str, Any], width: int) -> None:
    results["runs"][0]["id"] = "scratch@개와고양이-" + "x" * 20
    lines = text.summary(results, width=width, typed=text.Typed("photos.run", "photos.run/report.md"))
    for line in lines:
        if not line.text.startswith(("Look:", "Use it:")):
            assert cell_len(line.text) <= width, line.text


@pytest.mark.parametrize("width", [60, 80, 100])
def test_columns_end_together_with_wide_names(results: dict[str, Any], width: int) -> None:
    results["runs"][1]["id"] = "full@개와"
    rows = [line.text for line in strategies.strategy_table(results, width=width)][:7]
    assert len({cell_len(row) for row in rows}) == 1


def test_bar_stands_on_the_scale() -> None:
    assert strategies.interval_bar({"accuracy": 0.5, "interval": [0.25, 0.75]}, 0.0, 1.0, 9) == "  ├─●─┤  "
    assert strategies.interval_bar({"accuracy": 1.0, "interval": [0.5, 1.0]}, 0.0, 1.0, 9) == "    ├───●"
    assert strategies.interval_bar({}, 0.0, 1.0, 4) == "    "


def test_val_measures_where_there_is_no_test(results: dict[str, Any]) -> None:
    for run in results["runs"]:
        run["metrics"] = {"val": {**run["metrics"]["test"], "used_for_choosing": True}, "test": None}
    results["data"]["counts"]["val"] = results["data"]["counts"].pop("test")
    assert standing.measured_split(results) == "val"
    lines = strategies.strategy_table(results, width=100)
    assert "accuracy on 150 val pictures" in lines[0].text
    assert find(lines, "! These val pictures also chose").role == "warning"


def test_unmeasured_runs_come_last(results: dict[str, Any]) -> None:
    results["runs"][2]["metrics"] = {"val": None, "test": None}
    assert standing.ranked(results)[-1]["id"] == "partial"
    assert find(strategies.strategy_table(results), "≈ partial").text.split()[3] == "–"


def test_equal_runs_the_cheaper_first(results: dict[str, Any]) -> None:
    for run in results["runs"]:
        run["metrics"]["test"]["accuracy"] = 0.5
    assert [run["id"] for run in standing.ranked(results)][:2] == ["scratch", "knn"]


def test_verdict_hangs_under_its_first_word(results: dict[str, Any]) -> None:
    lines = text.verdict(results, width=60)
    assert lines[0].text.startswith("Verdict: Take svm.")
    assert all(line.text.startswith(" " * 9) and line.text[9] != " " for line in lines[1:])


def test_warnings_of_several_runs_are_said_once(results: dict[str, Any]) -> None:
    (warning,) = text.warnings(results)
    assert warning.startswith("scratch, full, partial: no epoch was chosen")


def test_skipped_files_are_named_with_reasons(results: dict[str, Any]) -> None:
    lines = texts(text.skipped_lines(results["data"]["skipped"]))
    assert lines[0] == "2 files skipped:"
    assert lines[1] == "  train/bee/imageNotFound.gif: GIF is not read: convert it to PNG"
    many = [{"path": f"{number}.jpg", "reason": "empty"} for number in range(5)]
    lines = texts(text.skipped_lines(many, page="run/report.md"))
    assert lines == [
        "5 files skipped (run/report.md says why):",
        *[f"  {n}.jpg: empty" for n in range(3)],
        "  … and 2 more",
    ]
    assert text.skipped_lines([]) == []


def test_pointers_can_be_typed(results: dict[str, Any]) -> None:
    lines = texts(text.pointers(results, width=60, typed=text.Typed("my photos.run", "my photos.run/report.md")))
    assert lines == [
        "Look:   my photos.run/report.md",
        "Use it: headstart predict 'my photos.run/bundles/svm' PICTURES",
    ]


def test_quoted_leaves_letters_of_any_script() -> None:
    assert text.quoted("새-사진/a_1.jpg") == "새-사진/a_1.jpg"
    assert text.quoted("it's") == "'it'\"'\"'s'"
    assert text.quoted("a;rm") == "'a;rm'"


def test_empty_results_say_nothing_and_do_not_fail() -> None:
    assert text.summary({}) == []
    assert text.summary({"runs": [], "data": {}, "verdict": None}) == []


def test_the_results_are_not_changed(results: dict[str, Any]) -> None:
    before = copy.deepcopy(results)
    text.summary(results, width=60, typed=text.Typed("a", "b", "c"))
    assert results == before


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.04, "0 s"),
        (1.0, "1 s"),
        (1.25, "1.2 s"),
        (2.96, "3 s"),
        (59.4, "59 s"),
        (99.6, "1 min 40 s"),
        (245, "4 min 05 s"),
    ],
)
def test_durations(seconds: float, said: str) -> None:
    assert numbers.seconds_text(seconds) == said
    assert numbers.seconds_text(3599.7) == "1 h 00 min"
    assert numbers.seconds_text(None) == "–"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "–"),
        (None, "–"),
        (512, "512"),
        (999.6, "1.0 k"),
        (2562, "2.6 k"),
        (1.92e6, "1.9 M"),
        (4.65e7, "46.5 M"),
        (1.2e10, "12.0 G"),
    ],
)
def test_quantities(number: float | None, said: str) -> None:
    assert numbers.quantity(number) == said
