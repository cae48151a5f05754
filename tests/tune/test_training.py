"""The training loop: it learns, chooses, guards, repeats itself exactly and touches nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from headstart.backbones.forward import tensors_hash
from headstart.base.errors import ConfigError, HeadstartError
from headstart.records.record import changed, named_values
from headstart.records.training import Epoch, TrainingSettings
from headstart.tune import Trainee, linear_head, pool_bn_head, predict, train

SETTINGS = TrainingSettings(epochs=4, batch_size=8, head_rate=0.03, backbone_rate=0.03)
RECORD = [
    "epoch",
    "train_loss",
    "train_accuracy",
    "choosing_loss",
    "choosing_accuracy",
    "learning_rate",
    "seconds",
    "images_per_second",
]


def plain(records: tuple[Epoch, ...]) -> list[Epoch]:
    return [changed(record, seconds=0.0, images_per_second=0.0) for record in records]


def go(trainee: Trainee, lesson: Any, settings: TrainingSettings = SETTINGS, **others: Any) -> Any:
    arguments = {"seed": 7, "run": "full", "device": "cpu", "guard": False, **others}
    hold_out = arguments.pop("hold_out", True)
    return train(trainee, settings=settings, **lesson.arguments(hold_out=hold_out), **arguments)


@pytest.mark.parametrize("pixels", [False, True], ids=["activations", "pixels"])
@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_it_learns(make_trainee: Any, make_lesson: Any, listener: Any, pixels: bool, optimizer: str) -> None:
    trainee, lesson, heard = make_trainee(), make_lesson(pixels=pixels), listener()
    settings = TrainingSettings(
        epochs=6, choose="loss", batch_size=8, head_rate=0.1, backbone_rate=0.1, optimizer=optimizer, weight_decay=0.001
    )
    trained = go(trainee, lesson, settings, progress=heard)
    assert trained.epochs[-1].choosing_accuracy >= 0.9
    assert [list(named_values(record)) for record in trained.epochs] == [RECORD] * 6
    assert tuple(heard.epochs) == trained.epochs
    assert heard.steps == [(f"full: epoch {epoch} of 6", 40) for epoch in range(1, 7)]
    assert heard.advanced == 6 * 40
    assert not any(module.training for module in trainee.modules())
    best = min(trained.epochs, key=lambda record: record.choosing_loss)
    assert (trained.chosen_epoch, trained.chosen.loss) == (best.epoch, best.choosing_loss)
    scores = predict(trainee, lesson.source, lesson.hold_out_rows)
    assert scores.dtype == np.float32
    right = np.mean(scores.argmax(axis=1) == lesson.source.labels[lesson.hold_out_rows])
    assert right == best.choosing_accuracy, "the chosen weights are the ones that are kept"


def test_the_same_seed_gives_the_same_bits_and_another_does_not(make_trainee: Any, make_lesson: Any) -> None:
    runs = []
    for seed in (1, 1, 2):
        torch.manual_seed(len(runs))  # whatever happened in the process before
        trainee = make_trainee()
        runs.append((go(trainee, make_lesson(pixels=True), seed=seed), tensors_hash(trainee)))
    assert runs[0][1] == runs[1][1] != runs[2][1]
    assert plain(runs[0][0].epochs) == plain(runs[1][0].epochs)


def test_torchs_own_random_state_stays(make_trainee: Any, make_lesson: Any) -> None:
    before = torch.random.get_rng_state()
    go(make_trainee(), make_lesson())
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_memory_layout_of_the_start_does_not_matter(make_trainee: Any, make_lesson: Any) -> None:
    hashes = []
    for layout in (torch.contiguous_format, torch.channels_last):
        trainee = make_trainee().to(memory_format=layout)
        go(trainee, make_lesson(pixels=True))
        hashes.append(tensors_hash(trainee))
    assert hashes[0] == hashes[1]


def test_without_hold_out_the_last_weights_count(make_trainee: Any, make_lesson: Any) -> None:
    trained = go(make_trainee(), make_lesson(), hold_out=False)
    assert (trained.chosen_epoch, trained.chosen, trained.start) == (None, None, None)
    assert all(record.choosing_loss is None and record.choosing_accuracy is None for record in trained.epochs)
    assert len(trained.epochs) == SETTINGS.epochs


def test_the_hold_out_teaches_nothing(make_trainee: Any, make_lesson: Any) -> None:
    lesson, hashes = make_lesson(), []
    for flip in (False, True):
        if flip:
            lesson.source.plain[lesson.hold_out_rows] += 1
        trainee = make_trainee()
        go(trainee, lesson, hold_out=False)
        hashes.append(tensors_hash(trainee))
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize("hold_out", [True, False])
def test_the_mean_of_the_weights_is_the_answer(make_trainee: Any, make_lesson: Any, hold_out: bool) -> None:
    ends, epochs = [], []
    for average in (0.0, 0.01, 2.0):
        trainee = make_trainee()
        settings = changed(SETTINGS, average=average, choose="loss")
        epochs.append(plain(go(trainee, make_lesson(), settings, hold_out=hold_out).epochs))
        ends.append(tensors_hash(trainee))
    assert ends[0] == ends[1] != ends[2]  # the mean over less than a step is the latest step
    trained = [[record.train_loss for record in records] for records in epochs]
    assert trained[0] == trained[2]  # the training goes on from the latest weights, not from their mean
    if hold_out:
        assert epochs[0][-1].choosing_loss != epochs[2][-1].choosing_loss


def test_the_start_is_kept_when_no_epoch_is_better(make_trainee: Any, make_lesson: Any) -> None:
    trainee, lesson = make_trainee(), make_lesson()
    go(trainee, lesson)
    start = tensors_hash(trainee)
    harmful = changed(SETTINGS, epochs=2)
    trained = go(trainee, make_lesson(misled=True), harmful, guard=True)
    assert trained.chosen_epoch == 0
    assert trained.chosen.loss == trained.start.loss
    assert tensors_hash(trainee) == start
    assert len(trained.warnings) == 1
    assert "No epoch of full was better than its start on the 12 training pictures" in trained.warnings[0].text
    assert go(trainee, make_lesson(misled=True), harmful, guard=False).chosen_epoch in (1, 2)


def test_an_epoch_that_beats_the_start_is_kept(make_trainee: Any, make_lesson: Any) -> None:
    trained = go(make_trainee(), make_lesson(), guard=True)
    assert trained.chosen_epoch
    assert trained.chosen.loss < trained.start.loss
    assert trained.warnings == ()


def test_patience_ends_early(make_trainee: Any, make_lesson: Any, listener: Any) -> None:
    trainee, lesson, heard = make_trainee(), make_lesson(), listener()
    go(trainee, lesson)
    harmful = changed(SETTINGS, epochs=9, patience=2, head_rate=0.3)
    trained = go(trainee, make_lesson(misled=True), harmful, guard=True, progress=heard)
    assert [record.epoch for record in trained.epochs] == [1, 2]
    assert heard.messages == ["full: stopped after epoch 2 of 9: epoch 0 was the best."]


def test_a_frozen_batch_norm_keeps_its_statistics_and_learns_its_scale(make_trainee: Any, make_lesson: Any) -> None:
    for mode in ("frozen", "update"):
        trainee = make_trainee()
        norm = trainee.suffix[1]
        mean, weight = norm.running_mean.clone(), norm.weight.detach().clone()
        go(trainee, make_lesson(), TrainingSettings(epochs=1, batch_size=8, batch_norm=mode, head_rate=0.1))
        assert torch.equal(norm.running_mean, mean) == (mode == "frozen")
        assert not torch.equal(norm.weight, weight)


def test_only_the_trainee_moves(make_lesson: Any) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )
    prefix, suffix = network[:2], network[2:]
    frozen, moving = tensors_hash(prefix), tensors_hash(suffix)
    lesson = make_lesson()
    plain_activations = np.concatenate([lesson.source.plain, lesson.source.plain[:, :1]], axis=1)
    lesson.source.plain, lesson.source.views = plain_activations, ()
    go(Trainee(suffix, linear_head(4, 3)), lesson)
    assert tensors_hash(prefix) == frozen
    assert tensors_hash(suffix) != moving


def test_rates_and_decay_differ_by_part(make_trainee: Any, make_lesson: Any) -> None:
    # SGD without momentum, decay alone: gradients are switched off by a rate of 0 in one part.
    trainee = make_trainee()
    before = {name: value.clone() for name, value in trainee.state_dict().items()}
    settings = TrainingSettings(
        epochs=1, batch_size=8, optimizer="sgd", momentum=0.0, head_rate=0.1, backbone_rate=0.0, schedule="constant"
    )
    trained = go(trainee, make_lesson(), settings, hold_out=False)
    after = trainee.state_dict()
    assert torch.equal(after["suffix.0.weight"], before["suffix.0.weight"])
    assert not torch.equal(after["head.weight"], before["head.weight"])
    assert trained.epochs[0].learning_rate == 0.1


def test_norms_and_biases_do_not_decay(make_trainee: Any) -> None:
    from headstart.tune.step import make_optimizer

    trainee = make_trainee()
    groups = make_optimizer(trainee, TrainingSettings(weight_decay=0.5)).param_groups
    decay = {id(parameter): group["weight_decay"] for group in groups for parameter in group["params"]}
    found = {name: decay[id(parameter)] for name, parameter in trainee.named_parameters()}
    assert found == {
        "suffix.0.weight": 0.5,
        "suffix.0.bias": 0.0,
        "suffix.1.weight": 0.0,
        "suffix.1.bias": 0.0,
        "head.weight": 0.5,
        "head.bias": 0.0,
    }


def test_a_last_batch_of_one_picture_does_not_end_it(make_lesson: Any) -> None:
    # Batch norm over single numbers cannot normalise one picture: 9 = 8 + 1 pictures would fail.
    trainee = Trainee(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), pool_bn_head(3, 3))
    trained = go(trainee, make_lesson(train=9))
    assert len(trained.epochs) == SETTINGS.epochs


def test_label_smoothing_is_felt_but_the_recorded_loss_is_plain(make_trainee: Any, make_lesson: Any) -> None:
    still = {"epochs": 1, "batch_size": 8, "head_rate": 0.0, "backbone_rate": 0.0, "batch_norm": "frozen"}
    losses = [
        go(make_trainee(), make_lesson(), TrainingSettings(label_smoothing=share, **still)).epochs[0].train_loss
        for share in (0.0, 0.5)
    ]
    assert losses[0] == pytest.approx(losses[1])
    hashes = set()
    for share in (0.0, 0.5):
        trainee = make_trainee()
        go(trainee, make_lesson(), TrainingSettings(epochs=1, batch_size=8, label_smoothing=share))
        hashes.add(tensors_hash(trainee))
    assert len(hashes) == 2


def test_a_loss_that_runs_away_is_an_error_that_helps(make_trainee: Any, make_lesson: Any) -> None:
    wild = TrainingSettings(
        epochs=8, batch_size=8, optimizer="sgd", head_rate=1e30, backbone_rate=1e30, schedule="constant", clip=None
    )
    trainee = make_trainee(norm=False)
    with pytest.raises(HeadstartError, match=r"loss of full .* in epoch 1") as raised:
        go(trainee, make_lesson(), wild)
    assert "head_rate=1e+29" in raised.value.hint
    assert not trainee.training


@pytest.mark.parametrize("choose", ["loss", "calibrated-loss", "accuracy"])
def test_each_rule_of_choosing_ends(make_trainee: Any, make_lesson: Any, choose: Any) -> None:
    trained = go(make_trainee(), make_lesson(), TrainingSettings(epochs=3, batch_size=8, choose=choose))
    assert trained.chosen_epoch in (1, 2, 3)


@pytest.mark.parametrize(("train_rows", "hold_out_rows"), [([3], [1]), ([1, 2, 3], [3, 4])])
def test_rows_that_cannot_be_right(make_trainee: Any, make_lesson: Any, train_rows: Any, hold_out_rows: Any) -> None:
    with pytest.raises(ConfigError, match="_rows"):
        train(
            make_trainee(),
            make_lesson().source,
            train_rows=np.array(train_rows),
            hold_out_rows=np.array(hold_out_rows),
            settings=SETTINGS,
            seed=0,
            run="x",
            device="cpu",
        )


def test_the_hold_out_is_judged_in_float32(make_trainee: Callable[..., Trainee], make_lesson: Any) -> None:
    trainee, lesson = make_trainee(), make_lesson()
    trained = go(trainee, lesson, TrainingSettings(epochs=1, batch_size=8, precision="bf16"))
    assert "forward" not in vars(trainee), "nothing of Accelerate's stays on the module"
    scores = predict(trainee, lesson.source, lesson.hold_out_rows)
    shifted = torch.log_softmax(torch.from_numpy(scores).double(), dim=1).numpy()
    loss = -shifted[np.arange(len(scores)), lesson.source.labels[lesson.hold_out_rows]].mean()
    assert trained.chosen.loss == pytest.approx(loss, abs=1e-9)


def test_the_last_epoch_is_kept_where_it_is_to_be_whatever_the_hold_out_says(
    make_trainee: Any, make_lesson: Any
) -> None:
    """What it learns makes the hold-out worse, so the best is an early one; the hold-out judges the end even so."""
    settings = {"epochs": 4, "batch_size": 8, "head_rate": 0.3, "backbone_rate": 0.3, "choose": "loss", "average": 0.0}
    best, last = (
        go(make_trainee(), make_lesson(misled=True), TrainingSettings(keep=keep, **settings))
        for keep in ("best", "last")
    )
    assert best.chosen_epoch < 4
    assert last.chosen_epoch == 4
    assert last.chosen.loss == last.epochs[-1].choosing_loss > best.chosen.loss
