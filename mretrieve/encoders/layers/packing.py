"""Padded batches: packed frames without padding between them, and batch normalisation that padding does not change."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Packing:
    """Where the frames of a padded batch (B, T, ...) lie in packed rows (N, ...), N being the number of valid frames.

    Row order: all sequences' first frames, longest sequence first, then the second frames of those that have one, and
    so on. So the rows of one time step are contiguous, the first of them the same sequences as a step before, and a
    recurrent layer computes nothing for what has ended.
    """

    def __init__(self, lengths: Tensor, frames: int) -> None:
        """Lengths (B,), each at least 1, of sequences padded to `frames`."""
        self.batch, self.frames = len(lengths), frames
        self._lengths = lengths
        order = torch.argsort(lengths, descending=True, stable=True)
        steps, places = torch.nonzero(
            torch.arange(frames, device=lengths.device)[:, None] < lengths[order], as_tuple=True
        )
        self._sequence, self._step = order[places], steps
        counts = torch.bincount(steps, minlength=frames)
        self.counts: list[int] = [count for count in counts.tolist() if count]
        starts = torch.cumsum(counts, 0) - counts
        self._order, self._starts = order, starts
        #: (N - B,) for each row but the first B: the row of the same sequence a step before.
        self.before = (starts[steps - 1] + places)[self.batch :]

    def rows(self, x: Tensor) -> Tensor:
        """Packed rows (N, C) of a padded batch (B, T, C)."""
        return x.flatten(0, 1)[self._sequence * self.frames + self._step]

    def reversed_rows(self, x: Tensor) -> Tensor:
        """Packed rows (N, C) of a padded batch (B, T, C) of which each sequence is read from its end."""
        return x.flatten(0, 1)[self._backwards]

    def padded(self, rows: Tensor) -> Tensor:
        """The batch (B, T, C) of packed rows (N, C), zero at padding."""
        return self._spread(rows, self._sequence * self.frames + self._step)

    def padded_from_reversed(self, rows: Tensor) -> Tensor:
        """The batch (B, T, C), in its own order, of rows that were packed by `reversed_rows`."""
        return self._spread(rows, self._backwards)

    def last(self, rows: Tensor) -> Tensor:
        """The last frame (B, C) of each sequence of packed rows (N, C)."""
        place = torch.empty_like(self._order)
        place[self._order] = torch.arange(self.batch, device=place.device)
        return rows[self._starts[self._lengths - 1] + place]

    @property
    def _backwards(self) -> Tensor:
        return self._sequence * self.frames + self._lengths[self._sequence] - 1 - self._step

    def _spread(self, rows: Tensor, places: Tensor) -> Tensor:
        out = rows.new_zeros(self.batch * self.frames, rows.shape[1])
        return out.index_copy(0, places, rows).view(self.batch, self.frames, -1)


class MaskedBatchNorm(nn.Module):
    """Batch normalisation of each channel over the valid frames of a batch (Ioffe and Szegedy 2015)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(channels)

    def forward(self, x: Tensor, valid: Tensor) -> Tensor:
        """The batch (B, T, C) normalised where `valid` (B, T), zero elsewhere."""
        if not self.training:  # an affine map of each frame: nothing to leave out
            return self._flat(x) * valid[..., None]
        if bool(valid.all()):
            return self._flat(x)
        out = torch.zeros_like(x)
        out[valid] = self.norm(x[valid])
        return out

    def _flat(self, x: Tensor) -> Tensor:
        normed: Tensor = self.norm(x.flatten(0, 1))
        return normed.view_as(x)
