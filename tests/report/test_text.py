"""An experiment as lines of text."""

from __future__ import annotations

import pytest
from report.sample import measured_as, over_splits, run_of, sample_results, with_run, with_runs, with_verdict
from rich.cells import cell_len

from headstart.records.findings import Finding
from headstart.records.metrics import MetricsBySplit
from headstart.records.record import changed
from headstart.records.results import NotRun, RepeatedSplits, Results, Skipped
from headstart.records.run import RunRecord
from headstart.report import numbers, standing, strategies, text
from headstart.report.lines import Line
from headstart.words.findings import kept_solved_head


@pytest.fixture
def results() -> Results:
    return sample_results()


def texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


def find(lines: list[Line], start: str) -> Line:
    return next(line for line in lines if line.text.startswith(start))


def test_header_says_pictures_backbone_and_machine(results: Results) -> None:
    assert texts(text.header(results, width=200)) == [
        "600 pictures, 3 classes (bee 240, 개와 고양이 200, گربه\u200cها 160) · "
        "EfficientNet-Lite0 (tf_efficientnet_lite0), packaged · 2 cores",
        "train 450 · test 150 · baseline (always the most common class): 0.400 · framing squash · augmentation gentle",
    ]


def test_many_classes_are_counted_not_listed(results: Results) -> None:
    counts = {"train": {f"car {number}": 10 + number % 3 for number in range(196)}, "test": {}}
    data = changed(results.data, classes=tuple(counts["train"]), counts=counts)
    assert text.describe_data(changed(results, data=data)) == "2,155 pictures, 196 classes (10 to 12 pictures each)"


def test_rows_have_the_roles_of_their_marks(results: Results) -> None:
    rows = strategies.strategy_table(results, width=80)[1:7]
    assert [line.role for line in rows] == ["tied", "tied", "winner", "tied", "plain", "plain"]


def test_table_at_eighty_columns(results: Results) -> None:
    assert texts(strategies.strategy_table(results, width=80)) == [
        "  strategy  cut       accuracy on 150 test pictures             time  trained",
        "≈ partial   blocks.5  0.887                     ├─────●────┤    19 s    1.9 M",
        "≈ full      input     0.880                    ├──────●───┤     95 s    3.4 M",
        "✓ svm       pool      0.867                  ├──────●────┤       4 s    1.4 k",
        "≈ linear    pool      0.853                 ├──────●────┤        4 s    3.8 k",
        "  knn       pool      0.800          ├───────●─────┤             4 s        –",
        "  scratch   input     0.727  ├───────●──────┤                   12 s    522 k",
        "                             0.65                         0.95",
        "  ✓ recommended · ≈ tied: no clear difference from the most accurate",
        "  bar: 95 % interval, the likely accuracy on many more such pictures",
        "  cut: where training starts",
        "  trained: numbers learned from your pictures (k: thousand, M: million)",
    ]


MEANS = {"partial": 0.85, "full": 0.84, "svm": 0.86, "linear": 0.87, "knn": 0.7, "scratch": 0.6}


def decided_over(results: Results, splits: RepeatedSplits) -> Results:
    """Give the results means over splits, in another order than the accuracies of the one split."""
    return with_verdict(changed(results, repeated_splits=splits), winner="linear", tied_with=("svm",))


def test_the_mean_over_splits_stands_where_it_decided(results: Results) -> None:
    assert texts(strategies.strategy_table(decided_over(results, over_splits(MEANS)), width=80)) == [
        "  strategy  cut       mean accuracy over 5 x 4 splits     on test  time  trained",
        "✓ linear    pool      0.870                    ├──●──┤      0.853   4 s    3.8 k",
        "≈ svm       pool      0.860                   ├──●──┤       0.867   4 s    1.4 k",
        "  partial   blocks.5  0.850                  ├───●──┤       0.887  19 s    1.9 M",
        "  full      input     0.840                  ├──●──┤        0.880  95 s    3.4 M",
        "  knn       pool      0.700        ├───●──┤                 0.800   4 s        –",
        "  scratch   input     0.600  ├──●──┤                        0.727  12 s    522 k",
        "                             0.55                   0.95",
        "  ✓ recommended · ≈ tied: no clear difference from the most accurate",
        "  bar: 95 % interval, the likely accuracy on many more such pictures",
        "  cut: where training starts",
        "  trained: numbers learned from your pictures (k: thousand, M: million)",
        "  on test: a single split, which did not decide",
    ]


def test_narrow_tables_do_not_call_a_mean_an_accuracy(results: Results) -> None:
    table = strategies.strategy_table(decided_over(results, over_splits(MEANS)), width=60)
    assert texts(table)[0].split() == ["strategy", "cut", "mean", "on", "test", "time", "trained"]


def test_one_split_alone_has_no_mean(results: Results) -> None:
    before = texts(strategies.strategy_table(results, width=80))
    splits = over_splits(MEANS)
    first, *others = splits.strategies
    splits = changed(splits, strategies=(changed(first, interval=None), *others))
    assert texts(strategies.strategy_table(changed(results, repeated_splits=splits), width=80)) == before


def test_a_strategy_that_was_not_divided_comes_last_with_a_dash(results: Results) -> None:
    splits = over_splits({name: mean for name, mean in MEANS.items() if name != "partial"})
    last = texts(strategies.strategy_table(decided_over(results, splits), width=80))[6]
    assert last.split() == ["partial", "blocks.5", "–", "0.887", "19", "s", "1.9", "M"]


@pytest.mark.parametrize("doubt", ["above_chance", "decided"])
def test_a_winner_that_may_know_nothing_or_is_none_yet_gets_no_tick(results: Results, doubt: str) -> None:
    results = with_verdict(results, **{doubt: False})
    lines = strategies.strategy_table(results, width=100)
    assert "✓" not in "".join(texts(lines))
    assert find(lines, "? svm").role == "warning"
    assert "? recommended, but in doubt: the verdict says why" in "".join(texts(lines))
    assert text.verdict(results)[0].role == "warning"
    assert text.verdict(with_verdict(results, **{doubt: True}))[0].role == "winner"


def test_a_kept_head_is_marked_as_that_of_another(results: Results) -> None:
    results = with_verdict(results, tied_with=("linear",), same_as={"partial": "linear", "full": "linear"})
    lines = strategies.strategy_table(results, width=100)
    assert [line.text[0] for line in lines[1:7]] == ["=", "=", "✓", "≈", " ", " "]
    assert [line.role for line in lines[1:4]] == ["plain", "plain", "winner"]
    assert [line.text for line in lines[8:10]] == [
        "  ✓ recommended · ≈ tied: no clear difference from the most accurate",
        "  = same result as another strategy (training did not help)",
    ]


def test_depths_are_told_apart_where_there_is_little_room(results: Results) -> None:
    cuts = dict(
        zip(("scratch", "full", "partial", "linear"), ("conv_head", "blocks.6", "blocks.5", "blocks.3"), strict=True)
    )
    deep = with_runs(results, lambda run: changed(run, id=f"partial@{cuts[run.id]}") if run.id in cuts else run)
    wide, narrow = (texts(strategies.strategy_table(deep, width=width)) for width in (80, 56))
    assert any("partial@conv_head" in line for line in wide)
    assert all(len(line) <= 56 for line in narrow[:8])
    assert [sum(end in line for line in narrow) for end in ("head ", "ks.6 ", "ks.5 ", "ks.3 ")] >= [1, 1, 1, 1]


def test_a_head_that_reads_several_stages_says_so(results: Results) -> None:
    lines = texts(strategies.strategy_table(with_run(results, "svm", readout="stages"), width=100))
    assert [line[12:20].strip() for line in lines[1:7]] == ["blocks.5", "input", "stages", "pool", "pool", "input"]
    assert "stages: reads several stages, not only the last features" in "\n".join(lines)


def test_a_training_that_fell_back_is_cut_at_the_pool(results: Results) -> None:
    run = run_of(results, "partial")
    assert standing.cut_of(run) == "blocks.5"
    beside = changed(run, readout="stages")
    assert standing.cut_of(beside) == "blocks.5", "the frozen network beside it reads several stages"
    assert standing.cut_of(changed(beside, training=changed(run.training, kept_solved_head=True))) == "stages"
    assert run.training is not None
    assert standing.cut_of(changed(run, training=changed(run.training, kept_solved_head=True))) == "pool"


@pytest.mark.parametrize("width", [50, 60, 72, 80, 100, 140])
def test_nothing_but_commands_is_wider_than_the_terminal(results: Results, width: int) -> None:
    results = with_run(results, "scratch", id="scratch@개와고양이-" + "x" * 20)
    lines = text.summary(results, width=width, typed=text.Typed("photos.run", "photos.run/report.md"))
    for line in lines:
        if not line.text.startswith(("Report:", "Use it:")):
            assert cell_len(line.text) <= width, line.text


@pytest.mark.parametrize("width", [60, 80, 100])
def test_columns_end_together_with_wide_names(results: Results, width: int) -> None:
    results = with_run(results, "full", id="full@개와")
    rows = [line.text for line in strategies.strategy_table(results, width=width)][:7]
    assert len({cell_len(row) for row in rows}) == 1


def test_bar_stands_on_the_scale() -> None:
    assert strategies.interval_bar(0.5, (0.25, 0.75), 0.0, 1.0, 9) == "  ├─●─┤  "
    assert strategies.interval_bar(1.0, (0.5, 1.0), 0.0, 1.0, 9) == "    ├───●"
    assert strategies.interval_bar(0.5, None, 0.0, 1.0, 5) == "  ●  "
    assert strategies.interval_bar(0.5, None, 0.0, 1.0, 0) == ""


def test_val_measures_where_there_is_no_test(results: Results) -> None:
    def on_val(run: RunRecord) -> RunRecord:
        measured = measured_as(run, used_for_choosing=True).metrics.test
        return changed(run, metrics=MetricsBySplit(val=measured))

    lines = strategies.strategy_table(changed(with_runs(results, on_val), measuring="val"), width=100)
    assert "accuracy on 150 val pictures" in lines[0].text
    assert find(lines, "! The val pictures also chose").role == "warning"
    assert standing.Standing.so_far(tuple(map(on_val, results.runs))).measuring == "val"


def test_unmeasured_runs_come_last(results: Results) -> None:
    results = with_run(results, "partial", metrics=MetricsBySplit())
    assert standing.Standing.of(results).runs[-1].id == "partial"
    assert find(strategies.strategy_table(results), "≈ partial").text.split()[3] == "–"


def test_equal_runs_the_cheaper_first(results: Results) -> None:
    results = with_runs(results, lambda run: measured_as(run, accuracy=0.5))
    assert [run.id for run in standing.Standing.of(results).runs][:2] == ["scratch", "knn"]


def test_verdict_hangs_under_its_first_word(results: Results) -> None:
    lines = text.verdict(results, width=60)
    assert lines[0].text.startswith("Verdict: Use svm: ")
    assert all(line.text.startswith(" " * 9) and line.text[9] != " " for line in lines[1:] if line.role == "plain")


def test_what_belongs_to_the_verdict_stands_below_it(results: Results) -> None:
    told = changed(
        results.verdict, text="Use svm.", details=("Expect much.", "Twice as many pictures might add nothing.")
    )
    lines = text.verdict(changed(results, verdict=told), width=40)
    assert [(line.text, line.role) for line in lines] == [
        ("Verdict: Use svm.", "winner"),
        ("       - Expect much.", "faint"),
        ("       - Twice as many pictures might", "faint"),
        ("         add nothing.", "faint"),
    ]


def test_a_kept_head_is_said_once(results: Results) -> None:
    kept = with_runs(results, lambda run: changed(run, warnings=(kept_solved_head(54),)))
    same = changed(kept.verdict, same_as={"partial": "linear", "full": "linear"})
    alone = texts(text.notes(changed(kept, verdict=same), width=400))
    assert "partial" not in alone[0]
    assert "full" not in alone[0]
    assert "linear" in alone[0]


def test_warnings_of_several_runs_are_said_once(results: Results) -> None:
    (warning,) = text.warnings(results)
    assert warning.startswith("partial, scratch, full: no epoch was chosen")


def test_what_holds_for_all_runs_names_none_and_late_strategies_are_named(results: Results) -> None:
    late = NotRun(strategy="full", estimated_seconds=120.0, begun=False)
    results = changed(results, warnings=(Finding(code="copies", text="Some are copies."),), not_run=(late,))
    found = text.warnings(results)
    assert found[0] == "Some are copies."
    assert "full (about 2 min 00 s)" in found[1]
    assert len(found) == 3


def test_skipped_files_are_named_with_reasons(results: Results) -> None:
    lines = texts(text.skipped_lines(results.data.skipped))
    assert lines[0] == "2 files skipped:"
    assert lines[1] == "  train/bee/imageNotFound.gif: GIF is not read: convert it to PNG"
    many = [Skipped(path=f"{number}.jpg", reason="empty") for number in range(5)]
    lines = texts(text.skipped_lines(many, page="run/report.md"))
    assert lines == [
        "5 files skipped (run/report.md says why):",
        *[f"  {n}.jpg: empty" for n in range(3)],
        "  … and 2 more",
    ]
    assert text.skipped_lines([]) == []


def test_what_is_no_picture_is_told_by_kind_in_one_line() -> None:
    others = [Skipped(path=f"{n}.txt", reason="a text file", kind="text", picture=False) for n in range(100_000)]
    (line,) = text.skipped_lines(others)
    assert (line.text, line.role) == ("Not read: 100,000 text files.", "faint")
    faulty = Skipped(path="a.jpg", reason="it ends too early")
    raw = Skipped(path="a.nef", reason="a camera's raw picture", kind="raw")
    *lines, line = text.skipped_lines([faulty, raw, others[0]])
    assert texts(lines) == ["1 file skipped:", "  a.jpg: it ends too early"]
    assert line.text == "Not read: 1 camera's raw picture (convert it to PNG or JPEG), 1 text file."
    assert line.role == "warning"  # a picture was left out


def test_pointers_can_be_typed(results: Results) -> None:
    lines = texts(text.pointers(results, width=60, typed=text.Typed("my photos.run", "my photos.run/report.md")))
    assert lines == [
        "Report: my photos.run/report.md",
        "Use it: headstart predict 'my photos.run/bundles/svm' PICTURES",
    ]


def test_quoted_leaves_letters_of_any_script() -> None:
    assert text.quoted("새-사진/a_1.jpg") == "새-사진/a_1.jpg"
    assert text.quoted("it's") == "'it'\"'\"'s'"
    assert text.quoted("a;rm") == "'a;rm'"


def test_results_without_runs_have_no_table(results: Results) -> None:
    assert strategies.strategy_table(changed(results, runs=())) == []
    assert text.pointers(changed(results, runs=()), typed=text.Typed(folder="photos.run")) == []


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
