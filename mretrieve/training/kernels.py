"""Kernels on embeddings, and the distance between two sets of embeddings that they give (MMD)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class Kernel(Protocol):
    """A positive definite function of two embeddings."""

    def __call__(self, first: Tensor, second: Tensor) -> Tensor:
        """The kernel matrix (m, n) of embeddings (m, D) and (n, D)."""
        ...


@dataclass(frozen=True)
class RbfMixture:
    """Sum of Gaussian kernels exp(-|x - y|^2 / (2 sigma^2)), one a bandwidth (MMD-NCA, equation 6).

    Attributes:
        bandwidths: sigma, in units of the embedding.
    """

    bandwidths: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0)

    def __call__(self, first: Tensor, second: Tensor) -> Tensor:
        squared = squared_distances(first, second)
        return torch.stack([torch.exp(squared / (-2 * sigma * sigma)) for sigma in self.bandwidths]).sum(0)


@dataclass(frozen=True)
class LinearKernel:
    """The inner product: MMD is then the distance between the two means (ablation of MMD-NCA, section 7.3)."""

    def __call__(self, first: Tensor, second: Tensor) -> Tensor:
        return first @ second.T


@dataclass(frozen=True)
class PolynomialKernel:
    """(x . y + offset)^degree: compares moments up to `degree` (ablation of MMD-NCA; the paper names no parameters)."""

    degree: int = 2
    offset: float = 1.0

    def __call__(self, first: Tensor, second: Tensor) -> Tensor:
        powers: Tensor = (first @ second.T + self.offset) ** self.degree
        return powers


#: The kernels of MMD-NCA's ablation by the names that options give them.
KERNELS: dict[str, Kernel] = {"rbf": RbfMixture(), "linear": LinearKernel(), "polynomial": PolynomialKernel()}


def squared_distances(first: Tensor, second: Tensor) -> Tensor:
    """Squared Euclidean distances (m, n) of (m, D) and (n, D), as one matrix product; never negative."""
    lengths = (first * first).sum(1)[:, None] + (second * second).sum(1)
    return (lengths - 2 * first @ second.T).clamp(min=0)


def mmd_squared(first: Tensor, second: Tensor, kernel: Kernel) -> Tensor:
    """Squared maximum mean discrepancy of the sample sets (m, D) and (n, D): a scalar (MMD-NCA, equation 7).

    It is the printed, biased estimate: pairs of a sample with itself count, so equal sets are at 0.
    """
    return kernel(first, first).mean() - 2 * kernel(first, second).mean() + kernel(second, second).mean()


def mmd_squared_to_first(groups: Tensor, kernel: Kernel) -> Tensor:
    """`mmd_squared` between group 0 and each other group of (G, m, D): (G - 1,), from one kernel matrix."""
    count, size, width = groups.shape
    rows = groups.reshape(count * size, width)
    means = kernel(rows, rows).reshape(count, size, count, size).mean((1, 3))
    within = means.diagonal()
    return within[0] - 2 * means[0, 1:] + within[1:]
