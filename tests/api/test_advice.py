"""Advice before anything is trained, alone and as the first lines of a comparison; networks ranked."""

from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from drawing import draw_classes
from experiments import QUICK, without_times
from safetensors.torch import save_file

import headstart as hs
from headstart.base.errors import ConfigError
from headstart.evidence.candidate import Candidate
from headstart.evidence.intervals import wilson
from headstart.evidence.verdict import decide
from headstart.experiment.advise import profile_of
from headstart.experiment.framing_choice import undecided
from headstart.experiment.prepare import prepare
from headstart.experiment.request import Request
from headstart.records.progress import Silent
from headstart.report.advising import ranking_lines
from headstart.table import read_table


class Listening(Silent):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def message(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture(scope="module")
def other_network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network with weights that nobody trained, in a file."""
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("weights") / "other.safetensors"
    save_file(timm.create_model("mobilenetv3_small_050", pretrained=False).state_dict(), file)
    file.with_suffix(".json").write_text('{"architecture": "mobilenetv3_small_050"}', encoding="utf-8")
    return file


def test_advice_names_strategy_expectation_cost_and_quadrant(pictures: Path) -> None:
    found = hs.advise(pictures, image_size=64)
    assert found.strategy in ("linear", "partial")
    assert found.pictures == 24
    assert found.interval[0] <= found.accuracy <= found.interval[1]
    assert found.seconds > 0
    assert found.cut == ("blocks.5" if found.strategy == "partial" else "pool")
    assert (found.size, found.similarity) in [
        (size, similarity) for size in ("small", "large") for similarity in ("similar", "dissimilar")
    ]
    assert found.factor > 1
    assert f"headstart compare {pictures}" in found.command


def test_what_is_held_out_plays_no_part(pictures: Path, tmp_path: Path) -> None:
    """The same training pictures beside others that are held out give the same advice."""
    for name, seed in (("a", 100), ("b", 900)):
        draw_classes(tmp_path / name / "train", 12, 0)
        draw_classes(tmp_path / name / "val", 6, seed)
    first, second = (without_times(hs.advise(tmp_path / name, image_size=64)) for name in "ab")
    assert first == second


def test_a_comparison_begins_with_it(experiment: hs.api.Experiment) -> None:
    advice = experiment.results.advice
    assert advice.strategy in ("linear", "partial")
    assert advice.factor is None, "the same, whether a network was made or not"
    page = (experiment.folder / "report.md").read_text(encoding="utf-8")
    assert "## The advice before anything was tried" in page
    assert advice.text[:40] in page


def test_it_is_said_before_the_first_strategy_and_stands_when_the_run_goes_on(pictures: Path, tmp_path: Path) -> None:
    listener = Listening()
    first = hs.compare(pictures, strategies="knn", out=tmp_path / "a.run", progress=listener, **QUICK)
    (said,) = [line for line in listener.said if line.startswith("advice: ")]
    assert first.results.advice.strategy in said
    again = Listening()
    more = hs.compare(pictures, strategies="linear", out=tmp_path / "a.run", progress=again, **QUICK)
    assert not [line for line in again.said if line.startswith("advice: ")]
    assert more.results.advice == first.results.advice


def test_what_was_solved_for_the_advice_counts_for_the_strategy(pictures: Path, tmp_path: Path) -> None:
    run = hs.compare(pictures, strategies="linear", out=tmp_path / "a.run", **QUICK)
    (record,) = run.results.runs
    assert record.seconds.fit > 0.005, "solving a logistic head with its folds takes longer than finding it again"


def test_nothing_is_advised_where_no_network_is_read(pictures: Path, tmp_path: Path) -> None:
    run = hs.compare(pictures, strategies="scratch", out=tmp_path / "a.run", **QUICK)
    assert run.results.advice is None


def test_networks_are_ranked_by_the_same_head_on_the_same_pictures(pictures: Path, other_network: Path) -> None:
    names = ["tf_efficientnet_lite0", str(other_network)]
    found = hs.advise(pictures, backbones=names, image_size=64)
    assert {one.backbone for one in found.ranking} == set(names)
    accuracies = [one.linear for one in found.ranking]
    assert accuracies == sorted(accuracies, reverse=True)
    assert found.verdict.winner in names
    (pair,) = found.comparisons
    assert {pair.a, pair.b} == set(names)
    assert found.pictures == 24


def test_pictures_of_one_group_are_no_further_evidence(
    picture_folder: Path, other_network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Intervals of the ranking and of the advice are those of so many groups as there are."""
    files = sorted((picture_folder / "train").rglob("*.png"))
    rows = [
        f"{file.relative_to(picture_folder)},{file.parent.name},{place // 4},train" for place, file in enumerate(files)
    ]
    rows += [
        f"{file.relative_to(picture_folder)},{file.parent.name},v{file.stem},val"
        for file in (picture_folder / "val").rglob("*.png")
    ]
    (picture_folder / "list.csv").write_text("\n".join(["path,label,group,split", *rows]) + "\n", encoding="utf-8")
    names, weighed = ["tf_efficientnet_lite0", str(other_network)], list[Candidate]()
    monkeypatch.setattr(
        "headstart.experiment.rank.decide",
        lambda candidates, *rest, **named: (weighed.extend(candidates), decide(candidates, *rest, **named))[1],
    )
    found = hs.advise(picture_folder / "list.csv", backbones=names, image_size=64)
    assert [pair.unit for pair in found.comparisons] == ["group"]
    ranking = found.ranking
    assert {one.id: one.limits for one in weighed} == {one.backbone: one.interval for one in ranking}
    for one in ranking:
        alone = wilson(round(one.linear * len(files)), len(files))
        assert one.interval[0] < alone[0] - 0.05, one
    table = read_table(picture_folder / "list.csv")
    context = prepare(table, Request(image_size=64), threads=None, progress=Silent()).context
    profile = profile_of(context, undecided(context), with_shift=False)
    for share, interval in ((profile.linear, profile.linear_interval), (profile.ridge, profile.ridge_interval)):
        assert interval[0] < wilson(round(share * len(files)), len(files))[0] - 0.05


def test_where_classes_are_small_a_ranking_asks_for_pictures(other_network: Path, tmp_path: Path) -> None:
    draw_classes(tmp_path / "few" / "train", 4, 0)
    draw_classes(tmp_path / "few" / "val", 2, 100)
    found = hs.advise(tmp_path / "few", backbones=["tf_efficientnet_lite0", str(other_network)], image_size=64)
    said = [found.verdict.text, *found.verdict.details]
    assert "More pictures of that class would help." in said[0]
    assert not any("--folds" in sentence for sentence in said)
    lines = ranking_lines(found)
    assert [line.text[0] for line in lines[1:3]].count("?") == 1
    assert not any("✓" in line.text or line.role == "winner" for line in lines)


@pytest.mark.parametrize("names", ["tf_efficientnet_lite0", ["a", "a"], ""])
def test_one_network_alone_is_no_ranking(pictures: Path, names: object) -> None:
    with pytest.raises(ConfigError, match="two or more at a time"):
        hs.advise(pictures, backbones=names)
