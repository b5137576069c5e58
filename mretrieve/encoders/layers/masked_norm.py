"""Batch normalisation of padded sequences: padding neither counts nor changes."""

from __future__ import annotations

import torch
from torch import Tensor, nn


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
