"""Where all held-out pictures are of one class, no report concludes anything about the others, nor about labels."""

from __future__ import annotations

import html
import re
from pathlib import Path

import numpy as np
import pytest
from report.page.conftest import write_run_folder
from report.sample import sample_results, with_runs

from headstart.cli.tables import evaluation_lines
from headstart.evidence.candidate import Candidate
from headstart.evidence.judging import Balanced, Judges
from headstart.evidence.metrics import confusion, measure
from headstart.evidence.paired import compare_pairs
from headstart.evidence.verdict import decide
from headstart.records.answers import Evaluation
from headstart.records.metrics import MetricsBySplit
from headstart.records.record import changed
from headstart.records.results import Results
from headstart.records.run import RunRecord
from headstart.report.markdown import markdown
from headstart.report.page.building import build
from headstart.report.page.notebook import experiment_html
from headstart.report.page.questions import questions
from headstart.report.standing import chance_accuracy
from headstart.report.text import summary
from headstart.words.findings import not_judged
from headstart.words.verdict import verdict_record

N = 30
SAYS = (
    "Nothing was learned",
    "better than guessing yet",
    "labels belong",
    "most common class",
    "The hardest class",
    "Nothing here speaks against",
    "Balanced accuracy",
    "mistaken for each other",
    "McNemar",
)


@pytest.fixture
def one_class() -> Results:
    """The sample results, measured on pictures of the first class alone."""
    found = sample_results()
    classes, rng = found.data.classes, np.random.default_rng(0)
    labels, correct = np.zeros(N, np.int64), {run.id: rng.random(N) < 0.8 for run in found.runs}

    def measured(run: RunRecord) -> RunRecord:
        named = np.where(correct[run.id], 0, 1)
        return changed(run, metrics=MetricsBySplit(test=measure(labels, np.eye(len(classes))[named])), warnings=())

    counts = {"train": dict.fromkeys(classes, 50), "test": {classes[0]: N}}
    results = with_runs(changed(found, data=changed(found.data, counts=counts), learning=None, warnings=()), measured)
    candidates = [
        Candidate(run.id, tested.accuracy, correct[run.id], 1e9, 9, at, 0, tested.interval, Balanced.of(tested))
        for at, run in enumerate(results.runs)
        if (tested := run.metrics.test) is not None
    ]
    pairs = compare_pairs(correct, split="test")
    judges = Judges.of({name: counts["test"].get(name, 0) for name in classes})
    verdict = decide(candidates, pairs, split="test", judges=judges)
    return changed(results, verdict=verdict_record(verdict), comparisons=pairs)


def plain(text: str) -> str:
    return html.unescape(" ".join(re.sub("<[^>]*>", " ", text).split()))


def test_no_report_concludes_anything(one_class: Results, tmp_path: Path) -> None:
    results = write_run_folder(tmp_path / "one.run", one_class, tmp_path / "photos", labelled=1)
    page, _ = build(results, tmp_path / "one.run")
    lines = " ".join(line.text for line in summary(results))
    for place, said in {
        "page": plain(page),
        "markdown": markdown(results),
        "terminal": " ".join(lines.split()),
        "notebook": plain(experiment_html(results, "one.run")),
    }.items():
        assert [word for word in SAYS if word in said] == [], place
        assert "be judged: test holds no picture of" in said, place
    assert "Can't be judged yet. For now, use" in plain(page)
    assert "Is one really better than another?" not in page
    assert chance_accuracy(results) is None


def test_every_question_says_what_cant_be_told(one_class: Results, tmp_path: Path) -> None:
    results = write_run_folder(tmp_path / "one.run", one_class, tmp_path / "photos", labelled=1)
    from headstart.records.held_out import read_answers

    found = {one.asked: one for one in questions(results, read_answers(results, tmp_path / "one.run"))}
    assert found["Can I trust its probabilities?"].short == "can't be judged"
    assert found["Is a quick strategy good enough?"].short == "can't tell"
    assert "On many new pictures of 'bee', expect" in found["How good is it?"].told


def test_an_evaluation_says_it_too() -> None:
    labels, classes = np.zeros(8, np.int64), ("ants", "bees")
    named = np.array([0, 0, 0, 0, 0, 0, 1, 1])
    found = Evaluation(
        split="all",
        classes=classes,
        trained_on=0,
        left_out=0,
        metrics=measure(labels, np.eye(2)[named]),
        confusion=tuple(map(tuple, confusion(labels, named, 2).tolist())),
        rows=(),
        skipped=(),
        warnings=(not_judged("all", ("bees",)),),
    )
    said = " ".join(line.text for line in evaluation_lines(found, width=100))
    assert "'bees' can't be judged: there is no picture of it." in said
    assert "macro F1" not in said
    assert "balanced accuracy" not in said
