from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from headstart.backbones import evaluating, load, normalise, tensors_hash
from headstart.backbones.forward import forward
from headstart.backbones.held import Held
from headstart.records.preprocessing import Preprocessing


@pytest.fixture
def batch():
    return np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)


def test_normalise_is_pixel_minus_mean_over_std(batch):
    preparation = Preprocessing(input_size=8, mean=(0.1, 0.2, 0.3), std=(0.5, 0.25, 2.0))
    tensor = normalise(batch, preparation)
    wanted = (batch / 255.0 - np.array([0.1, 0.2, 0.3])) / np.array([0.5, 0.25, 2.0])
    assert tensor.dtype is torch.float32
    assert tensor.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_allclose(tensor.permute(0, 2, 3, 1).numpy(), wanted, atol=1e-6)


def test_normalise_leaves_read_only_pictures_alone(batch):
    before = batch.copy()
    batch.flags.writeable = False
    normalise(batch, Preprocessing(input_size=8)).zero_()
    np.testing.assert_array_equal(batch, before)


def test_forward_evaluates_and_gives_the_modes_back(batch):
    network = load("convnet64", random=True, image_size=32).network
    network.train()
    network.block2.eval()
    modes = [part.training for part in network.modules()]
    hash_before = tensors_hash(network)
    pictures = torch.randn(4, 3, 32, 32)
    answers = list(forward(network, [pictures[:2], pictures[2:]]))
    assert [part.training for part in network.modules()] == modes
    assert tensors_hash(network) == hash_before
    with evaluating(network), torch.no_grad():
        wanted = network(pictures)
    torch.testing.assert_close(torch.cat(answers), wanted)
    assert torch.equal(answers[0], next(forward(network, [pictures[:2]])))


def test_forward_hands_over_control_with_modes_and_gradients_as_they_were():
    network = load("convnet64", random=True, image_size=32).network.train()
    for _ in forward(network, [torch.zeros(1, 3, 32, 32)]):
        assert network.training
        assert torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()


def test_forward_gives_the_modes_back_after_an_error():
    network = load("convnet64", random=True, image_size=32).network.train()
    with pytest.raises(RuntimeError):
        next(forward(network, [torch.zeros(1, 5, 32, 32)]))
    assert all(part.training for part in network.modules())


def test_forward_takes_activations_that_are_no_pictures():
    answer = next(forward(nn.Linear(4, 2), [torch.zeros(3, 5, 4, dtype=torch.float16)]))
    assert answer.shape == (3, 5, 2)
    assert answer.dtype is torch.float32


def test_the_hash_sees_statistics_and_counters_but_not_the_memory_order():
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    before = tensors_hash(module)
    assert tensors_hash(module.to(memory_format=torch.channels_last)) == before
    module[1].num_batches_tracked += 1
    counted = tensors_hash(module)
    module[1].running_mean[0] += 1e-3
    assert len({before, counted, tensors_hash(module)}) == 3


def changes() -> dict[str, Callable[[nn.Sequential], object]]:
    def step(module: nn.Sequential) -> None:
        module(torch.rand(2, 3, 5, 5)).sum().backward()
        torch.optim.SGD(module.parameters(), lr=0.1).step()

    def replace(module: nn.Sequential) -> None:
        module[0].weight = nn.Parameter(torch.rand(4, 3, 3, 3))

    return {
        "optimizer": step,
        "statistics": lambda module: module.train()(torch.rand(2, 3, 5, 5)),
        "state": lambda module: module.load_state_dict(nn.Sequential(*make()).state_dict()),
        "replaced": replace,
        "in place": lambda module: module[0].weight.detach().zero_(),
    }


def make() -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)


@pytest.mark.parametrize("change", changes())
def test_a_network_is_hashed_again_only_after_it_has_changed(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = []
    monkeypatch.setattr(
        "headstart.backbones.forward.tensors_hash", lambda module: (hashed.append(module), tensors_hash(module))[1]
    )
    held = Held(lambda: nn.Sequential(*make()).eval(), side=5, flops=1.0)
    before = held.digest
    assert (held.digest, len(hashed)) == (before, 1)
    changes()[change](held.network)
    assert held.digest == tensors_hash(held.network) != before
    assert len(hashed) == 2


def test_a_network_whose_changes_nobody_counts_is_always_hashed() -> None:
    with torch.inference_mode():
        held = Held(lambda: nn.Sequential(*make()).eval(), side=5, flops=1.0)
        before = held.digest
        held.network[0].weight.zero_()
    assert held.digest == tensors_hash(held.network) != before
