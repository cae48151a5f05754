"""Signs and colours: a run is drawn as its strategy wherever the network is cut, and a new strategy brings its own."""

from __future__ import annotations

from pathlib import Path

from report.page.conftest import write_run_folder
from report.sample import over_splits, run_of, sample_results, with_verdict

from headstart.records.comparison import Comparison
from headstart.records.forecast import Forecast, LearningRecord
from headstart.records.held_out import read_answers
from headstart.records.record import changed
from headstart.records.results import Results
from headstart.records.strategy import StrategyRecord
from headstart.report.page import drawings
from headstart.report.page.building import build
from headstart.report.page.classes import class_table
from headstart.report.page.looks import look_of, named_look, run_look
from headstart.report.page.more import learning
from headstart.report.page.more import over_splits as over_splits_section
from headstart.report.page.opening import winner_card
from headstart.report.page.ranking import differences, ranking
from headstart.report.text import Typed

DEEPER = "partial@blocks.5"
PARTIAL = ("c3", "s3")  # its place among the colours
DIAMOND = '<polygon points="0,-7 7,0 0,7 -7,0" '


def deeper_wins() -> Results:
    """Return the sample results with another depth of partial, which wins and of which everything is known."""
    results = sample_results()
    run = changed(run_of(results, "partial"), id=DEEPER, cut="blocks.5", predictions="predictions/deeper.parquet")
    pair = Comparison(
        a="partial", b=DEEPER, split="test", difference=-0.01, interval=(-0.05, 0.03), unit="picture", units=150,
        design_effect=1.0, p=0.5, p_adjusted=0.9,
    )  # fmt: skip
    forecast = Forecast(
        pictures=450, more=900, accuracy=0.9, accuracy_interval=(0.88, 0.92), gain=0.02, interval=(0.0, 0.04),
        curve=(0.05, 1.0, 0.5),
    )  # fmt: skip
    grown = LearningRecord(
        run=DEEPER, winner=DEEPER, pictures=450, draws=3, sizes=(56.0, 112.0, 225.0, 450.0),
        accuracy=(0.7, 0.78, 0.84, 0.88), forecast=forecast, rising=None, seconds=2.0,
    )  # fmt: skip
    found = changed(
        results,
        runs=(*results.runs, run),
        comparisons=(pair, *results.comparisons),
        learning=grown,
        repeated_splits=over_splits({DEEPER: 0.89, "svm": 0.87}),
    )
    return with_verdict(found, winner=DEEPER, tied_with=())


def drawn_as_partial(drawn: str) -> bool:
    """Return whether all colours of a drawing are partial's."""
    colours = {f"{kind}{at}" for kind in "cs" for at in range(8) if f" {kind}{at}" in drawn}
    return bool(colours) and colours <= set(PARTIAL)


def test_a_learning_curve_of_another_depth_has_the_sign_and_colour_of_its_strategy() -> None:
    found = learning(deeper_wins())
    assert found is not None
    assert drawn_as_partial(str(found.drawing))
    assert str(found.drawing).count("<polygon") == 4  # a diamond for each size


def test_a_run_of_another_depth_is_partial_everywhere(tmp_path: Path) -> None:
    results = write_run_folder(tmp_path / "run", deeper_wins(), tmp_path / "photos")
    run, answers = run_of(results, DEEPER), read_answers(results, tmp_path / "run")
    row = next(row for row in ranking(results).rows if row.id == DEEPER)
    assert drawn_as_partial(str(row.bar))
    assert drawn_as_partial(str(row.sign))
    assert "<polygon" in row.sign
    card, pairs, splits = winner_card(results, Typed()), differences(results), over_splits_section(results)
    assert card is not None
    assert drawn_as_partial(str(card.bar))
    assert pairs is not None
    assert drawn_as_partial(str(pairs.rows[0].bar))
    assert "sign c1" in next(row.bar for row in pairs.others if (row.a, row.b) == ("svm", "linear"))
    assert splits is not None
    assert drawn_as_partial(str(splits.rows[0].bar))
    assert all(drawn_as_partial(str(row.bar)) for row in class_table(results, answers, run).rows if row.bar)
    curves = [panel.drawing for panel in drawings.epoch_panels(changed(results, runs=(run,)))]
    assert curves
    assert all(drawn_as_partial(str(drawing)) for drawing in curves)
    assert drawn_as_partial(str(drawings.accuracy_against_time(changed(results, runs=(run,)))))


def test_a_new_strategy_brings_its_sign_and_its_words(tmp_path: Path) -> None:
    results = sample_results()
    toy = StrategyRecord(
        name="toy", weights="pretrained", trains="all", summary="a toy", plain="A toy answers.", sign="star",
        dash="1 5", colour=6,
    )  # fmt: skip
    run = changed(run_of(results, "partial"), id="toy", strategy="toy", predictions="predictions/toy.parquet")
    results = changed(results, runs=(*results.runs, run), strategies=(*results.strategies, toy))
    results = write_run_folder(tmp_path / "run", with_verdict(results, winner="toy"), tmp_path / "photos")
    assert run_look(results, run) == named_look(results, "toy") == look_of(toy)
    page, _ = build(results, tmp_path / "run")
    assert "A toy answers." in page
    assert 'class="sign c6"' in page
    assert 'stroke-dasharray="1 5"' in page
