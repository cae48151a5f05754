from __future__ import annotations

import torch
from torch import nn

import headstart as hs
from headstart import backbones
from headstart.backbones import split, tensors_hash
from headstart.backbones.beside import FROZEN, TRAINED
from headstart.experiment.cuts import default_cut


def test_solved_heads_leave_the_whole_network_as_it_was(experiment: hs.api.Experiment) -> None:
    original = tensors_hash(backbones.load(image_size=64).network)
    for name in ("linear", "svm", "knn"):
        assert tensors_hash(experiment.runs[name].model.network) == original


def test_partial_leaves_the_prefix_as_it_was_statistics_included(experiment: hs.api.Experiment) -> None:
    original = backbones.load(image_size=64)
    cut = experiment.runs["partial"].record.cut
    trained = dict(experiment.runs["partial"].model.network.state_dict())
    for place in (FROZEN, TRAINED):  # where the two answer together, of which one is as it was
        trained |= {name.removeprefix(f"{place}."): trained[name] for name in trained if name.startswith(f"{place}.")}
    before = original.network.state_dict()
    prefix_names = _names_in(original, cut)
    assert any("running_mean" in name for name in prefix_names)
    assert all(torch.equal(before[name], trained[name]) for name in prefix_names)
    changed = [name for name in before if name not in prefix_names and not torch.equal(before[name], trained[name])]
    assert not experiment.runs["partial"].record.kept_solved_head
    assert changed


def test_full_trains_everything_it_may(experiment: hs.api.Experiment) -> None:
    original = backbones.load(image_size=64)
    record = experiment.runs["full"].record
    weights = sum(value.numel() for value in original.network.parameters())
    scales = sum(norm.weight.numel() for norm in original.network.modules() if isinstance(norm, nn.BatchNorm2d))
    # The norms stay, and what they multiply by is part of the kernels before them.
    assert record.parameters.trained == weights - scales + 1280 * 2 + 2


def test_the_default_cut_holds_half_of_the_parameters() -> None:
    backbone = backbones.load(random=True, image_size=64)
    assert default_cut(backbone) == "blocks.5"
    assert default_cut(backbones.load("resnet18", random=True, image_size=64)) == "layer4"


def _names_in(backbone: backbones.Backbone, cut: str) -> set[str]:
    """Return the names in the network of the tensors that the prefix holds."""
    inside = {value.data_ptr() for value in split(backbone, cut).prefix.state_dict().values()}
    return {name for name, value in backbone.network.state_dict().items() if value.data_ptr() in inside}
