"""The running average of a network's weights, which is better than any of the weights that it is the average of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


class RunningAverage:
    """The average of weights, and of the statistics of batch norm, over the last updates; or the last ones alone."""

    def __init__(self, network: nn.Module, kept: float) -> None:
        """`kept`: how much of the average remains at each update; 0: all that it ever is are the last weights."""
        self._network = network
        averaged = get_ema_multi_avg_fn(kept)  # type: ignore[no-untyped-call]
        self._average = AveragedModel(network, multi_avg_fn=averaged, use_buffers=True) if kept else None

    def update(self) -> None:
        """Take in the weights as they are now."""
        if self._average is not None:
            self._average.update_parameters(self._network)

    def take_over(self) -> None:
        """Give the network the average for good."""
        if self._average is not None:
            self._network.load_state_dict(self._average.module.state_dict())

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Inside it the network has the average, after it what it had before."""
        own = copied(self._network)
        self.take_over()
        try:
            yield
        finally:
            self._network.load_state_dict(own)

    @property
    def tensors(self) -> dict[str, Tensor]:
        """All that a checkpoint must hold of it."""
        return {} if self._average is None else self._average.state_dict()

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Put back what `tensors` gave."""
        if self._average is not None:
            self._average.load_state_dict(tensors)


def copied(network: nn.Module) -> dict[str, Tensor]:
    """A copy of a network's weights and statistics on the CPU."""
    return {key: value.detach().to("cpu", copy=True) for key, value in network.state_dict().items()}
