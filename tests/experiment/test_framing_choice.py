"""When another choice is clearly better, by more than one standard error of the gains; and what is asked for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from builders import STAGES, context_of, resolved_of, separable
from numpy.typing import NDArray

from headstart.evidence.choosing import clearly_better, losses_of
from headstart.experiment.framing_choice import choose, out_of_fold_losses, undecided
from headstart.experiment.request import Request
from headstart.experiment.resolve import AUGMENTATIONS_TRIED
from headstart.features import PLAIN, View
from headstart.records.preprocessing import Preprocessing
from headstart.strategies.context import FitContext
from headstart.strategies.division import Part
from headstart.strategies.passes import FEATURES, FakePasses, Look, fake_backbone

GAINS = np.array([0.0, 1.0, 2.0, 3.0]) - 1.5  # mean 0; standard error of the mean 0.6455


@pytest.mark.parametrize(("gain", "chosen"), [(0.60, "pool"), (0.70, "stages"), (-0.70, "pool"), (0.0, "pool")])
def test_the_first_unless_the_gain_is_more_than_its_error(gain: float, chosen: str) -> None:
    losses = np.full(4, 5.0)
    assert clearly_better({"pool": losses, "stages": losses - GAINS - gain}) == chosen


def test_equal_losses_leave_the_first() -> None:
    losses = np.array([0.1, 0.2, 0.3])
    assert clearly_better({"squash": losses, "crop": losses}) == "squash"


def test_of_several_the_one_of_least_loss_is_the_rival() -> None:
    losses = np.linspace(1.0, 2.0, 9)
    assert clearly_better({"a": losses, "b": losses - 0.1, "c": losses - 0.2}) == "c"


def test_pictures_that_one_was_not_asked_about_do_not_count() -> None:
    losses = np.array([1.0, 1.0, 1.0, 1.0])
    other = np.array([0.9, 0.8, 0.9, np.nan])
    assert clearly_better({"pool": losses, "stages": other}) == "stages"
    assert (
        clearly_better({"pool": np.array([1.0, 1.0, 1.0, 100.0]), "stages": np.array([1.1, 1.2, 1.1, np.nan])})
        == "pool"
    )


def test_one_picture_that_is_surely_wrong_does_not_outweigh_the_others() -> None:
    scores, labels = np.tile([[2.0, 0.0]], (20, 1)), np.zeros(20, np.int64)
    scores[3] = [-5000.0, 5000.0]
    assert losses_of(scores, labels).max() == pytest.approx(np.log(2 * 21))


@dataclass(eq=False)
class Seen(FakePasses):
    """Passes in which each way of seeing tells the classes apart so well."""

    tells: Any = None

    def features(
        self,
        part: Part,
        preprocessing: Preprocessing,
        *,
        look: Look = FEATURES,
        view: View = PLAIN,
        readout: str = "pool",
    ) -> NDArray[np.float32]:
        self.asked.append((part, look.name, view))
        way = preprocessing.framing if view == PLAIN else view.kind
        return separable(self.division.labels, distance=self.tells[way])[self.division.rows(part)]


def seen(tells: dict[str, float], **options: Any) -> FitContext:
    asked: dict[str, Any] = {"strategies": ("linear", "full"), "framing": "squash", "augment": "none", **options}
    context = context_of(request=Request(**asked))
    return replace(context, passes=Seen(context.division, separable(context.division.labels), tells=tells))


@pytest.mark.parametrize(
    ("squash", "crop", "framing"), [(0.3, 3.0, "crop"), (3.0, 0.3, "squash"), (1.0, 1.0, "squash")]
)
def test_the_framing_that_tells_more_of_the_training_pictures(squash: float, crop: float, framing: str) -> None:
    context = seen({"squash": squash, "crop": crop}, framing="auto")
    found = choose(context)
    assert (found.preprocessing.framing, found.augment) == (framing, "none")
    assert set(found.losses.framing) == {"squash", "crop"}
    assert found.losses.augment == {}
    assert isinstance(context.passes, FakePasses)
    assert {part for part, _, _ in context.passes.asked} == {"looked at"}


@pytest.mark.parametrize("kind", AUGMENTATIONS_TRIED)
def test_the_augmentation_whose_pictures_teach_more(kind: str) -> None:
    others = dict.fromkeys(AUGMENTATIONS_TRIED, 0.2)
    found = choose(seen({"squash": 1.0, **others, kind: 3.0}, augment="auto"))
    assert found.augment == kind
    assert set(found.losses.augment) == set(AUGMENTATIONS_TRIED)
    assert found.losses.augment[kind] == min(found.losses.augment.values())


def test_what_is_asked_for_is_not_looked_at() -> None:
    context = seen({}, framing="pad", augment="photo")
    found = choose(context)
    assert (found.preprocessing.framing, found.augment) == ("pad", "photo")
    assert isinstance(context.passes, FakePasses)
    assert context.passes.asked == []
    assert undecided(context).framing == "pad"


def test_without_a_pretrained_network_nobody_can_be_asked() -> None:
    context = context_of()
    request = Request(strategies=("scratch",))
    context = replace(context, resolved=resolved_of(request, fake_backbone(12, stages=STAGES)))
    found = choose(context)
    assert (found.preprocessing.framing, found.augment) == ("squash", "photo")
    assert found.preprocessing.input_size == 64, "that of the network from nothing"


def test_a_picture_and_its_copies_are_in_one_fold() -> None:
    """Copies of a picture, with its label and nothing else to go by: whoever has seen one would be right."""
    context = context_of()
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(len(context.division.looked_at), 60)).astype(np.float32)
    alone, doubled = out_of_fold_losses(context, [noise]), out_of_fold_losses(context, [noise, noise])
    assert len(doubled) == len(alone)
    assert doubled.mean() > 0.6
