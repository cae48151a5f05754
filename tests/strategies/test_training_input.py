"""What a training works with: its pictures, live or as stored activations, and the sides at which it sees them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from builders import context_of, table_of
from tiny import CUT, tiny_backbone, tiny_pictures
from tiny import PREPROCESSING as SEEN
from torch import nn

from headstart.backbones.held import Held
from headstart.experiment.request import Request
from headstart.records.plan import ChoiceLosses
from headstart.records.preprocessing import Preprocessing
from headstart.records.progress import Silent
from headstart.records.training import TrainingSettings
from headstart.strategies.division import Part
from headstart.strategies.passes import FakePasses, fake_backbone
from headstart.strategies.resolved import Choices
from headstart.strategies.training_input import TrainingInput, _sides, training_input_of
from headstart.tune import ActivationSource, PixelSource, PrefixSource
from headstart.tune.progressive import sides


class Network(nn.Module):
    """Pools any picture; or refuses, or answers otherwise, where its side is not among some."""

    def __init__(self, *taken: int, refuse: bool = True) -> None:
        super().__init__()
        self.taken, self.refuse, self.seen = taken, refuse, list[int]()

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        side = batch.shape[-1]
        self.seen.append(side)
        if self.taken and side not in self.taken:
            if self.refuse:
                raise RuntimeError(f"input size {side} does not match")
            return batch.mean(dim=(1, 2))  # as many numbers as the picture is wide
        return batch.mean(dim=(2, 3))


def asked(network: Network, *, progressive: bool = True, epochs: int = 10) -> tuple[tuple[int, ...], list[str]]:
    said: list[str] = []
    held = Held(lambda: network, side=224, flops=1.0)
    backbone = replace(fake_backbone(3), name="net", held=held)
    settings = TrainingSettings(epochs=epochs, progressive=progressive)
    return _sides(backbone, Preprocessing(input_size=224), settings, said.append), said


@pytest.mark.network
def test_a_network_that_takes_any_size_grows() -> None:
    network = Network()
    assert asked(network) == (sides(224, 10), [])
    assert network.seen == [128, 160, 224], "each side is tried once"


@pytest.mark.parametrize("refuse", [True, False])
@pytest.mark.parametrize("taken", [(224,), (128, 224), (160, 224)])
def test_one_that_refuses_any_of_the_sides_sees_its_own_only_and_it_is_said(taken: Any, refuse: bool) -> None:
    found, said = asked(Network(*taken, refuse=refuse))
    assert found == ()
    assert said == ["net works at one picture size only, so 'progressive' changes nothing."]


def test_where_nothing_is_asked_for_nothing_is_tried() -> None:
    network = Network(224)
    assert asked(network, progressive=False) == ((), [])
    assert network.seen == []


def test_what_is_tried_leaves_the_network_as_it_was() -> None:
    network = Network().train()
    state = torch.random.get_rng_state()
    asked(network)
    assert network.training
    assert torch.equal(torch.random.get_rng_state(), state)


@dataclass(eq=False)
class TinyPasses(FakePasses):
    """Fakes of a tiny network: whatever enters the part after its cut is nothing."""

    def activations(self, part: Part, preprocessing: Preprocessing, **options: Any) -> Any:
        self.asked.append((part, options["look"].name, options["view"]))
        return np.zeros((len(self.division.rows(part)), 4, 8, 8), np.float16)


def inputs(
    name: str, *, limit: int = 10**9, augment: str = "none", table: Any = None, **training: Any
) -> tuple[TrainingInput, TinyPasses, list[str]]:
    """Return what a training works with, what was asked of the passes, and what was said."""
    said: list[str] = []

    class Told(Silent):
        def message(self, text: str) -> None:
            said.append(text)

    settings = {"refit": False, **training}  # whatever the strategies' own defaults are
    request = Request(strategies=(name,), cut=CUT, framing="squash", augment=augment, views=3, training=settings)
    context = context_of(table or table_of(each=60), request=request, progress=Told())
    passes = TinyPasses(context.division, context.passes.features("train", SEEN))
    resolved = replace(
        context.resolved,
        backbone=None if name == "scratch" else tiny_backbone(),
        make_scratch=tiny_backbone,
        activation_limit=limit,
    )
    pictures = tiny_pictures(context.division.labels)
    context = replace(context, resolved=resolved, passes=passes, pixels=pictures)
    (strategy,) = resolved.strategies
    assert strategy.training is not None
    found = training_input_of(context, Choices(SEEN, augment, ChoiceLosses()), strategy, strategy.training)
    return found, passes, said


@pytest.mark.network
def test_a_part_learns_from_stored_views_and_is_judged_on_the_pictures_as_they_are() -> None:
    found, passes, said = inputs("partial", augment="photo")
    assert isinstance(found.source, ActivationSource)
    assert found.source.stored_views == 3
    assert found.shared == ("decode", "framing", "augment", "features", "activations")
    assert [(part, name) for part, name, _ in passes.asked] == [
        ("learning", "activations, view 1 of 3"),
        ("learning", "activations, view 2 of 3"),
        ("learning", "activations, view 3 of 3"),
        ("learning and choosing", "activations"),
    ]
    assert said == []
    assert len(found.train_rows) == len(found.learning) == 96
    assert found.choosing_rows.tolist() == list(range(96, 120))


@pytest.mark.network
def test_without_augmentation_there_is_one_view() -> None:
    found, passes, _ = inputs("partial")
    assert found.source.stored_views == 1
    assert len(passes.asked) == 2


@pytest.mark.network
@pytest.mark.parametrize(
    ("splits", "most", "part"),
    [
        ("train test", 120, "learning and choosing"),
        ("train test", 119, "learning"),
        ("train val test", 120, "learning"),
    ],
)
def test_who_is_trained_again_with_the_choosing_pictures_has_views_of_them_too(
    splits: str, most: int, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headstart.strategies.division.REFIT_MOST", most)
    _, passes, _ = inputs("partial", augment="photo", table=table_of(splits, each=60), refit=True)
    assert {asked for asked, name, _ in passes.asked if "view" in name} == {part}


@pytest.mark.network
def test_activations_that_do_not_fit_pass_again_in_each_epoch_and_it_is_said() -> None:
    found, passes, said = inputs("partial", limit=1000)
    assert isinstance(found.source, PrefixSource)
    assert passes.asked == []
    assert "activations" not in found.shared
    (text,) = said
    assert text.startswith("partial: the activations at 'late' need")


@pytest.mark.network
@pytest.mark.parametrize("name", ["full", "scratch"])
def test_a_whole_network_learns_from_pictures(name: str) -> None:
    found, passes, _ = inputs(name)
    assert type(found.source) is PixelSource
    assert (found.cut, found.source.stored_views, passes.asked) == ("input", None, [])
    assert ("features" in found.shared) == (name == "full")


@pytest.mark.network
@pytest.mark.parametrize(("name", "folded"), [("partial", 1), ("full", 2)])
@pytest.mark.parametrize("limit", [10**9, 1000])
def test_norms_that_are_to_stay_are_folded_and_others_are_not(name: str, folded: int, limit: int) -> None:
    def norms(found: TrainingInput) -> int:
        return sum(isinstance(part, nn.BatchNorm2d) for part in found.suffix.modules())

    updated, _, _ = inputs(name, limit=limit, batch_norm="update")
    assert (norms(updated), list(updated.folded.pairs)) == (folded, [])
    assert updated.suffix is updated.folded.network
    frozen, _, _ = inputs(name, limit=limit, batch_norm="frozen")
    assert (norms(frozen), len(frozen.folded.pairs)) == (0, folded)
    batch = frozen.source.batch(np.arange(3), None)
    with torch.inference_mode():
        torch.testing.assert_close(frozen.suffix(batch), updated.suffix(batch))
    for found, left in ((updated, folded), (frozen, 0)):
        again = found.on_all(tiny_backbone(seed=1), after=4)
        assert norms(again) == left
        assert len(again.folded.pairs) == folded - left
        own = dict(again.backbone.network.named_parameters())["late.0.weight"]
        assert dict(again.folded.network.named_parameters())["late.0.weight"] is own, "where it is put back"


@pytest.mark.network
def test_all_of_train_is_those_that_learn_and_those_that_chose() -> None:
    found, _, _ = inputs("partial")
    again = found.on_all(tiny_backbone(seed=1), after=4)
    assert again.learning.tolist() == [*found.learning, *found.choosing]
    assert len(again.choosing) == 0
    assert (found.source.seen, again.source.seen) == (0, 4), "it goes on with other views"
    assert again.suffix is not found.suffix
