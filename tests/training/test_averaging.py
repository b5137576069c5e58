"""The running average of weights: what it is, and that a network gets it and loses it again."""

from __future__ import annotations

import torch
from torch import nn

from mretrieve.training.optimisation import RunningAverage, copied


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


def one_update(net: nn.Module, number: int) -> None:
    """Other weights and other statistics."""
    with torch.no_grad():
        for value in net.parameters():
            value.add_(number)
    net.train()(torch.full((4, 3), float(number)) + torch.eye(4)[:, :3])


def test_the_average_is_that_of_all_updates_the_later_ones_more():
    net = network()
    average = RunningAverage(net, 0.75)
    expected: dict[str, torch.Tensor] = {}
    for number in range(5):
        one_update(net, number)
        average.update()
        now = {key: value.double() for key, value in copied(net).items()}
        expected = {key: 0.75 * expected[key] + 0.25 * value if expected else value for key, value in now.items()}
    last = copied(net)
    with average.in_place():
        inside = copied(net)
    for key, value in expected.items():
        if value.numel() > 1 or "running" in key:  # the count of batches is a whole number
            torch.testing.assert_close(inside[key].double(), value, rtol=1e-5, atol=1e-6)
    assert not torch.equal(inside["0.weight"], last["0.weight"])
    assert not torch.equal(inside["1.running_mean"], last["1.running_mean"])
    assert all(torch.equal(copied(net)[key], value) for key, value in last.items())
    average.take_over()
    assert all(torch.equal(copied(net)[key], value) for key, value in inside.items())


def test_nothing_kept_is_the_last_weights():
    net = network()
    average = RunningAverage(net, 0.0)
    one_update(net, 3)
    average.update()
    last = copied(net)
    with average.in_place():
        assert all(torch.equal(copied(net)[key], value) for key, value in last.items())
    average.take_over()
    assert all(torch.equal(copied(net)[key], value) for key, value in last.items()) and not average.tensors


def test_an_average_that_was_kept_in_a_checkpoint_goes_on_as_if_never_stopped():
    nets = [network(), network()]
    averages = [RunningAverage(net, 0.5) for net in nets]
    for number in range(3):
        for net, average in zip(nets, averages, strict=True):
            one_update(net, number)
            average.update()
    resumed = RunningAverage(nets[1], 0.5)
    resumed.restore({key: value.clone() for key, value in averages[1].tensors.items()})
    for net, average in ((nets[0], averages[0]), (nets[1], resumed)):
        one_update(net, 7)
        average.update()
        average.take_over()
    first, second = (copied(net) for net in nets)
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_a_copy_does_not_change_with_the_network():
    net = network()
    before = copied(net)
    one_update(net, 1)
    assert not torch.equal(before["0.weight"], copied(net)["0.weight"])
