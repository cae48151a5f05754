"""A new strategy is one row, a new head one class and one line: everything else finds them.

Here both are toys. The strategy is compared beside another one on drawn pictures, and is seen on the terminal, in the
plan, on the page, in the verdict, in the report and in a bundle that is loaded again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from builders import GIVEN, planned_of, prepared_of, run_of, table_of
from drawing import draw_classes
from experiments import own_cache

import headstart as hs
from headstart.base.errors import ConfigError
from headstart.base.types import HEAD_KINDS, Floats, Head, squared_distances
from headstart.cli.tables import plan_lines
from headstart.experiment.conclude import conclude
from headstart.experiment.plan import Speed, estimate, within
from headstart.experiment.request import Request
from headstart.heads import HEADS, Fitted, HeadMethod
from headstart.records.columns import PredictionsFile
from headstart.records.record import Scalar
from headstart.records.results import Results
from headstart.report.page.ranking import key
from headstart.report.page.svg import Look
from headstart.report.text import summary
from headstart.strategies.strategy import STRATEGIES, Strategy, choose_strategies

TOY = Strategy(
    name="means",
    weights="pretrained",
    trains="none",
    head="nearest-mean",
    summary="frozen network, nearest class mean",
    plain="The pretrained network stays as it is. A picture gets the class whose average picture is most similar.",
    sign="hexagon",
    dash="1 5",
    colour=7,
)
OPTIONS = {"image_size": 64, "framing": "squash", "augment": "none", "readout": "pool"}


@dataclass(frozen=True, kw_only=True, eq=False)
class NearestMean(Head, kind="toy-nearest-mean"):
    """The nearer the mean of a class, the likelier it is."""

    means: Floats

    def scores(self, features: Floats) -> Floats:
        return -squared_distances(np.asarray(features, np.float64), self.means)

    def flops(self) -> float:
        return 2.0 * self.means.size

    @property
    def numbers(self) -> int:
        return self.means.size

    @property
    def fitted_numbers(self) -> int:
        return self.means.size


def fit(X: Floats, y, classes: int, *, folds, seed: int = 0, blocks: Sequence[int] = ()) -> Fitted:
    unseen, chosen = np.zeros((len(y), classes)), {"spread": 2.0}
    for fold in np.unique(folds):
        unseen[folds == fold] = solve(X[folds != fold], y[folds != fold], classes, chosen).scores(X[folds == fold])
    return Fitted(solve(X, y, classes, chosen), chosen, unseen, converged=True)


def solve(X: Floats, y, classes: int, chosen: Mapping[str, Scalar], *, blocks: Sequence[int] = ()) -> NearestMean:
    means = np.stack([X[y == one].mean(axis=0) for one in range(classes)]).astype(np.float64)
    return NearestMean(means=means, temperature=float(str(chosen["spread"])))


@pytest.fixture(scope="module", autouse=True)
def registered() -> Iterator[None]:
    """The two lines."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(STRATEGIES, TOY.name, TOY)
        patch.setitem(HEADS, "nearest-mean", HeadMethod(fit, solve))
        yield
    HEAD_KINDS.pop("toy-nearest-mean", None)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("toy") / "shapes"
    draw_classes(folder / "train", 12, 0)
    draw_classes(folder / "val", 8, 100)
    return folder


@pytest.fixture(scope="module")
def experiment(registered: None, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> hs.Experiment:
    with own_cache(tmp_path_factory.mktemp("cache")):
        return hs.compare(
            pictures, strategies=["linear", "means"], out=tmp_path_factory.mktemp("runs") / "toy.run", **OPTIONS
        )


def results_of(experiment: hs.Experiment) -> Results:
    assert isinstance(experiment.results, Results)
    return experiment.results


def test_it_is_a_run_like_another(experiment: hs.Experiment) -> None:
    results = results_of(experiment)
    assert [run.id for run in results.runs] == ["linear", "means"]
    run = results.run("means")
    assert run is not None
    assert (run.head, run.cut, run.weights) == ("nearest-mean", "pool", "pretrained")
    assert run.solved is not None
    assert run.solved.settings == {"spread": 2.0}
    assert run.parameters.trained == 2 * 1280
    assert results.strategy("means") == TOY.record()


def test_it_is_in_the_table_on_the_terminal_and_in_the_verdict(experiment: hs.Experiment) -> None:
    results = results_of(experiment)
    lines = [line.text for line in summary(results, width=100)]
    assert any(re.match(r". means +", line) for line in lines), lines
    assert [{pair.a, pair.b} for pair in results.comparisons] == [{"linear", "means"}]
    assert "means" in " ".join([results.verdict.text, *results.verdict.details])


def test_it_is_planned(pictures: Path) -> None:
    found = hs.plan(pictures, strategies=["linear", "means"], **OPTIONS)
    kinds = {step.step: step.kind for step in found.steps}
    assert kinds["means"] == kinds["linear"] == "strategy"
    assert any("means" in line.text for line in plan_lines(found, width=100))


def test_it_is_on_the_page_with_its_sign_its_colour_and_its_words(experiment: hs.Experiment) -> None:
    page = (experiment.folder / "report.html").read_text(encoding="utf-8")
    assert TOY.plain in page
    assert "means" in page
    assert str(key(Look(sign=TOY.sign, dash=TOY.dash, colour=TOY.colour))) in page
    style = re.search(r"<style>(.*?)</style>", page, re.S)
    assert style is not None
    assert re.search(rf"\.c{TOY.colour}\b", style[1]), "the colour is one of the style sheet's"


def test_it_is_in_the_report(experiment: hs.Experiment) -> None:
    report = (experiment.folder / "report.md").read_text(encoding="utf-8")
    assert re.search(r"^\|.*\bmeans\b.*\|$", report, re.M)
    assert len(re.findall(r"\bmeans\b", report)) > 3, "in the table, the verdict, and what was compared"


def test_its_bundle_is_loaded_again_and_answers_the_same(experiment: hs.Experiment, pictures: Path) -> None:
    model = hs.load(experiment.folder / "bundles" / "means")
    assert isinstance(model.head, NearestMean)
    assert model.info.strategy is not None
    assert (model.info.strategy.strategy, model.info.strategy.head) == ("means", "nearest-mean")
    files = sorted((pictures / "val").rglob("*.*"))
    stored = PredictionsFile(experiment.folder / "predictions" / "means.parquet").read(model.classes, "val")
    by_path = dict(zip(stored.paths, stored.probabilities, strict=True))
    said = model.predict_proba(files)
    for file, probabilities in zip(files, said, strict=True):
        np.testing.assert_allclose(probabilities, by_path[file.relative_to(pictures).as_posix()], atol=1e-6)


def test_whoever_misspells_it_is_told_its_name() -> None:
    with pytest.raises(ConfigError) as caught:
        choose_strategies("maens")
    assert "means" in f"{caught.value} {caught.value.hint}"


TRAINED = Strategy(
    name="thorough",
    weights="pretrained",
    trains="part",
    head="linear",
    summary="the last part of the network, for long",
    plain="The last part of the pretrained network is trained on your pictures for long.",
    sign="star",
    dash="9 1",
    colour=7,
    training={"epochs": 40},
)


def test_a_new_strategy_that_trains_is_resolved_and_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STRATEGIES, "thorough", TRAINED)
    request = Request(strategies=("linear", "partial", "thorough@middle"), cut="late", **GIVEN)
    prepared = planned_of(request, table_of(each=60))
    assert {one.name: one.cut for one in prepared.resolved.partly_trained} == {
        "partial": "late",
        "thorough@middle": "middle",
    }
    assert prepared.resolved.stored_cuts == ("late", "middle")
    steps = estimate(prepared, Speed(forward=0.01))
    pictures = {step.step: step.pictures for step in steps}
    assert pictures["thorough@middle"] == 40 * len(prepared.division.learning)
    assert within(steps, 1e9) == ("linear", "partial", "thorough@middle")


def test_a_new_strategy_that_trains_is_judged_like_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STRATEGIES, "thorough", TRAINED)
    runs = [run_of("linear", 80, 120), run_of("thorough", 80, 120, cut="late", kept=True)]
    answers = dict.fromkeys(("linear", "thorough"), np.arange(120) < 80)
    found = conclude(prepared_of(table_of(each=60)), runs, answers).verdict
    assert found.same_as == {"thorough": "linear"}
    assert "thorough ended with the same result: training more of the network did not help here." in found.text
