"""What may be said of finished runs: verdict, comparisons, depths, optimism. Records in, records out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from builders import CHOICES, STAGES, prepared_of, run_of, table_of
from numpy.typing import NDArray

from headstart.backbones.network_facts import Facts
from headstart.evidence.over_splits import compare_over_splits, mean_over_splits
from headstart.experiment.conclude import Conclusion, conclude, data_record, environment, read_correct, run_record
from headstart.experiment.fit import fit_one
from headstart.experiment.folder import RunFolder
from headstart.experiment.measure import measure_splits, write_predictions
from headstart.experiment.prepare import Prepared
from headstart.experiment.request import Request
from headstart.records.preprocessing import RULES
from headstart.records.record import changed
from headstart.records.results import RepeatedSplits
from headstart.records.run import Parameters, RunRecord, Seconds
from headstart.strategies.passes import fake_backbone
from headstart.table import Skipped
from headstart.tune.choosing import packed

N = 120
TABLE = table_of(each=60)


def wrong(count: int, first: int = 0) -> NDArray[np.bool_]:
    """Return answers of which so many are wrong, from the `first` picture on."""
    rows = np.arange(N)
    return (rows < first) | (rows >= first + count)


def record(name: str, errors: int, **options: Any) -> RunRecord:
    return run_of(name, N - errors, N, **options)


def concluded(
    *runs: tuple[RunRecord, NDArray[np.bool_]], prepared: Prepared | None = None, **options: Any
) -> Conclusion:
    own = prepared or prepared_of(TABLE)
    return conclude(own, [run for run, _ in runs], {run.id: answers for run, answers in runs}, **options)


def erring(name: str, errors: int, *, first: int = 0, **options: Any) -> tuple[RunRecord, NDArray[np.bool_]]:
    return record(name, errors, **options), wrong(errors, first)


def test_a_kept_head_is_no_other_strategy() -> None:
    found = concluded(
        erring("linear", 20), erring("svm", 22), erring("partial", 20, kept=True), erring("full", 20, kept=True)
    )
    assert found.verdict.same_as == {"partial": "linear", "full": "linear"}
    assert (found.verdict.winner, found.verdict.tied_with) == ("linear", ("svm",))
    assert [(pair.a, pair.b) for pair in found.comparisons] == [("linear", "svm")]
    assert found.comparisons[0].p == found.comparisons[0].p_adjusted
    assert found.verdict.text == (
        "Use linear: it was right on 100 of 120 test pictures (83.3 %). No other was right as often; svm did worse "
        "here, though that may be luck."
    )
    assert (
        "partial and full ended with linear's result: training more of the network did not help here."
        in found.verdict.details
    )


def test_equal_answers_of_a_trained_network_are_its_own() -> None:
    found = concluded(erring("linear", 20), erring("partial", 20), erring("full", 20))
    assert found.verdict.same_as == {}
    assert len(found.comparisons) == 3


def test_a_kept_head_that_answers_otherwise_is_another() -> None:
    found = concluded(erring("linear", 20), erring("partial", 21, kept=True), erring("full", 21, kept=True))
    assert found.verdict.same_as == {"full": "partial"}
    assert len(found.comparisons) == 1


def test_what_a_head_remembers_counts_as_learned() -> None:
    knn = erring("knn", 20, parameters=Parameters(total=3_371_000, trained=0, remembered=15 * 1280))
    assert concluded(knn, erring("linear", 20)).verdict.winner == "linear"


def test_a_clear_winner_and_a_tie() -> None:
    clear = concluded(erring("linear", 40), erring("full", 4))
    assert (clear.verdict.winner, clear.verdict.tied_with, clear.verdict.decided) == ("full", (), True)
    assert clear.comparisons[0].difference == pytest.approx(36 / N)
    tied = concluded(erring("linear", 10), erring("full", 9, flops=9e9))
    assert (tied.verdict.winner, tied.verdict.tied_with) == ("linear", ("full",))


def test_guessing_is_said_to_be_guessing() -> None:
    assert not concluded(erring("linear", 60)).verdict.above_chance


def test_with_few_pictures_of_a_class_nothing_is_called_better() -> None:
    prepared = prepared_of(table_of(each=4))
    runs = [run_of(name, right, 8) for name, right in (("linear", 8), ("knn", 2))]
    answers = {"linear": np.ones(8, bool), "knn": np.arange(8) < 2}
    found = conclude(prepared, runs, answers)
    assert not found.verdict.decided


def test_groups_are_counted_and_not_their_pictures() -> None:
    groups = np.array([f"{row // 12}-{row % 2}" for row in range(len(TABLE))])
    prepared = prepared_of(replace(TABLE, groups=groups))
    found = concluded(erring("linear", 40), erring("full", 4), prepared=prepared)
    assert (found.comparisons[0].unit, found.comparisons[0].units) == ("group", 20)


def test_more_pictures_are_forecast_only_where_choices_are_given() -> None:
    assert concluded(erring("linear", 20)).learning is None
    found = concluded(erring("linear", 20), erring("full", 2), choices=CHOICES)
    assert found.learning is not None
    assert (found.learning.run, found.learning.winner) == ("linear", "full")
    assert "training pictures" in f"{found.verdict.text} {found.verdict.details}"


def deep(name: str, cut: str, errors: int, *, kept: bool = False) -> tuple[RunRecord, NDArray[np.bool_]]:
    return erring(name, errors, cut=cut, kept=kept, first=30)


def test_several_depths_are_told_the_shallowest_first() -> None:
    found = concluded(erring("linear", 30), deep("partial@input", "input", 20), deep("partial@late", "late", 2))
    told = [detail for detail in found.verdict.details if "depths" in detail]
    assert len(told) == 1
    assert told[0].startswith("Of the two depths from late to input, partial@late is the best")


def test_depths_that_kept_the_head_are_said_not_to_have_helped() -> None:
    found = concluded(
        erring("linear", 5), deep("partial@late", "late", 3, kept=True), deep("partial@input", "input", 2)
    )
    assert any("Training did not help at late." in detail for detail in found.verdict.details)


def test_one_depth_is_not_told_of() -> None:
    found = concluded(erring("linear", 30), deep("partial@late", "late", 2))
    assert not any("depth" in detail for detail in found.verdict.details)


def test_where_measuring_pictures_chose_the_best_figure_is_said_to_be_too_good() -> None:
    rng = np.random.default_rng(0)
    epochs = [rng.random(N) < 0.8 for _ in range(10)]
    best = max(epochs, key=lambda one: int(one.sum()))
    run = run_of("full", int(best.sum()), N, used=True, chosen_among=tuple(packed(one) for one in epochs))
    found = concluded(erring("linear", 40), (run, best)).optimism
    assert found is not None
    assert (found.split, found.runs, found.epochs) == ("test", 2, 10)
    assert found.apparent == pytest.approx(best.mean())
    assert found.expected < found.apparent
    assert found.optimism == pytest.approx(found.apparent - found.expected)


def test_where_they_did_not_nothing_is_said() -> None:
    assert concluded(erring("linear", 40), erring("full", 20)).optimism is None


def repeated(means: dict[str, float], *, same_as: dict[str, str] | None = None) -> RepeatedSplits:
    rng = np.random.default_rng(0)
    drawn = {name: mean + 0.01 * rng.normal(size=10) for name, mean in means.items()}
    rivals = {name: values for name, values in drawn.items() if name not in (same_as or {})}
    return RepeatedSplits(
        folds=5,
        seeds=2,
        pictures=240,
        least_per_class=120,
        chance=0.5,
        train=192,
        test=48,
        strategies=tuple(
            mean_over_splits(values.reshape(2, 5), strategy=name, seconds=1.0, train=192, test=48)
            for name, values in drawn.items()
        ),
        runs=(),
        same_as=same_as or {},
        comparisons=compare_over_splits(rivals, train=192, test=48),
    )


def test_repeated_splits_decide_where_there_are_any() -> None:
    runs = erring("linear", 4), erring("full", 40)
    assert concluded(*runs).verdict.winner == "linear"
    found = concluded(*runs, repeated=repeated({"linear": 0.7, "full": 0.9}))
    assert found.verdict.winner == "full"
    assert [(pair.a, pair.b) for pair in found.comparisons] == [("linear", "full")], "those of the one split stay"


def test_the_hardest_class_is_named_unless_it_was_measured_on_another_split_than_what_decides() -> None:
    run, answers = erring("linear", 20)
    assert run.metrics.test is not None
    weak = changed(
        run.metrics.test, per_class_recall=(0.9, 0.64), per_class_recall_intervals=((0.8, 0.95), (0.5, 0.75))
    )
    hard = changed(run, metrics=changed(run.metrics, test=weak))
    told = "The hardest class is 'b': 64 % of its pictures were recognised."
    assert told in concluded((hard, answers)).verdict.details
    over = concluded((hard, answers), erring("full", 40), repeated=repeated({"linear": 0.9, "full": 0.7})).verdict
    assert over.winner == "linear"
    assert not any("hardest class" in line for line in over.details)


def test_over_splits_too_a_kept_head_is_no_other_strategy() -> None:
    runs = erring("linear", 4), erring("svm", 5), erring("full", 40)
    told = repeated({"linear": 0.8, "svm": 0.7, "full": 0.8}, same_as={"full": "linear"})
    found = concluded(*runs, repeated=told)
    assert found.verdict.same_as == {"full": "linear"}
    assert found.verdict.winner == "linear"


def test_a_strategy_that_was_not_tried_over_splits_is_no_candidate_there() -> None:
    runs = erring("linear", 40), erring("svm", 50), erring("full", 2)
    found = concluded(*runs, repeated=repeated({"linear": 0.7, "svm": 0.6}))
    assert found.verdict.winner == "linear"
    assert "full" not in found.verdict.tied_with


def test_a_run_that_was_not_measured_is_a_fault() -> None:
    run = record("linear", 4)
    with pytest.raises(RuntimeError, match="'linear' was not measured"):
        concluded((changed(run, metrics=changed(run.metrics, test=None)), wrong(4)))


def test_from_a_fitted_head_to_its_record_and_its_answers_back(tmp_path: Any) -> None:
    prepared = prepared_of(table_of("train val test"))
    (strategy,) = prepared.resolved.strategies
    fitted = fit_one(prepared.context, CHOICES, strategy)
    metrics = measure_splits(prepared.division, fitted.answers)
    run = run_record(strategy, fitted, metrics, Seconds(total=2.0, fit=1.0), 0)
    assert (run.id, run.strategy, run.cut, run.head, run.weights) == (
        *("linear", "linear", "pool", "logistic"),
        "pretrained",
    )
    assert (run.predictions, run.bundle) == ("predictions/linear.parquet", "bundles/linear")
    assert run.solved == fitted.solved
    assert run.training is None
    folder = RunFolder(tmp_path)
    write_predictions(prepared.division, fitted.probabilities, folder.predictions("linear"))
    correct = read_correct(folder, prepared, "linear")
    assert run.metrics.test is not None
    assert correct.mean() == run.metrics.test.accuracy
    assert len(correct) == run.metrics.test.n == 40
    assert run.metrics.val is not None


def test_pictures_and_machine_as_they_are_told() -> None:
    table = replace(table_of("train test"), skipped=(Skipped("x.png", "empty"), Skipped.of(".x", "hidden")))
    told = data_record(table, RULES, "shapes")
    assert (told.name, told.title, told.classes, told.ignored) == ("drawn", "shapes", ("a", "b"), 1)
    assert told.counts == {"train": {"a": 20, "b": 20}, "val": {}, "test": {"a": 20, "b": 20}}
    assert [(one.path, one.reason, one.kind, one.picture) for one in told.skipped] == [
        ("x.png", "empty", "", True),
        (".x", "hidden: its name begins with a dot", "hidden", False),
    ]
    assert told.unnamed == 0
    machine = environment("cpu")
    assert machine.device == "cpu"
    assert {"torch", "numpy"} <= set(machine.versions)


def test_stages_are_told_by_the_order_of_the_network() -> None:
    network = fake_backbone(12, stages=STAGES)
    network.held.__dict__["facts"] = Facts(1000, tuple(reversed(network.stages)), (), (12,))
    prepared = prepared_of(TABLE, request=Request(strategies=("linear",), framing="squash"), backbone=network)
    runs = erring("linear", 30), deep("partial@middle", "middle", 20), deep("partial@late", "late", 2)
    told = [line for line in concluded(*runs, prepared=prepared).verdict.details if "depths" in line]
    assert "from middle to late" in told[0]
