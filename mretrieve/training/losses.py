"""The losses of the two published encoders, and the kernels on embeddings that they need.

Both take embeddings of any floating type and compute in float32 (float64 stays), also under automatic mixed precision:
a squared distance is a small difference of large numbers. Both are means, so the size of a batch does not scale them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from .trajectory import DISSIMILAR, SIMILAR


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


#: Below the rounding error of squared distances of unit vectors in float32, whose root has no finite slope at 0.
_LEAST_SQUARE = 1e-6


@dataclass(frozen=True)
class MmdNcaLoss:
    """MMD-NCA (equations 5 to 8): each category of a batch is a distribution; same ones near, other ones far.

    Equation 8 as printed is `exp(-MMD(a, p)) / sum_j exp(-MMD(a, n_j))`, which grows as anchors `a` and positives `p`
    come together and the negatives `n_j` move away: it is a likelihood, and its negative logarithm is the loss here,

        MMD(a, p) + log sum_j exp(-MMD(a, n_j)),

    as in neighbourhood component analysis. Unlike there the positive is not in the sum, so the loss can be negative; on
    the unit sphere it is bounded all the same, because MMD is.

    Attributes:
        kernel: the kernel of MMD.
        squared: take MMD^2 in equation 8, which prints MMD; equations 5 and 7 define MMD^2.
    """

    kernel: Kernel = field(default_factory=RbfMixture)
    squared: bool = False

    def __call__(self, groups: Tensor) -> Tensor:
        """The loss, a scalar, of embeddings (2 + M, m, D): m anchors, m positives of their category, M negatives."""
        if groups.ndim != 3 or len(groups) < 3:
            raise ValueError(f"MMD-NCA needs anchors, positives and negatives (2 + M, m, D), not {tuple(groups.shape)}")
        with torch.autocast(groups.device.type, enabled=False):
            distances = mmd_squared_to_first(in_full_precision(groups), self.kernel)
            if not self.squared:
                distances = distances.clamp(min=_LEAST_SQUARE).sqrt()
            return distances[0] + torch.logsumexp(-distances[1:], 0)


@dataclass(frozen=True)
class ContrastiveLoss:
    """Contrastive loss over all pairs of a batch (DeepHuMS, equation 1): similar pairs attract, dissimilar ones repel.

    A similar pair costs D^2 / 2, a dissimilar one max(0, margin - D)^2 / 2, D being the Euclidean distance. DeepHuMS
    prints (1 - Y) before the first and Y before the second and calls Y = 1 similar; taken together that would push
    similar pairs apart. The formula is that of Hadsell, Chopra and LeCun (2006), where Y = 1 is dissimilar, and so it
    is meant here.

    Attributes:
        margin: distance beyond which a dissimilar pair costs nothing; unit vectors are 2 apart at most.
        balanced: both kinds of pairs weigh the same; False weighs every pair the same.
    """

    margin: float = 1.0
    balanced: bool = True

    def __call__(self, embeddings: Tensor, similarity: Tensor) -> Tensor:
        """The loss, a scalar, of embeddings (B, D).

        `similarity` (B, B), symmetric, holds SIMILAR, DISSIMILAR or IGNORED of `training.trajectory`; each pair counts
        once, the diagonal not at all. A batch without pairs costs 0.
        """
        if similarity.shape != (len(embeddings), len(embeddings)):
            raise ValueError(f"similarity is {tuple(similarity.shape)} for {len(embeddings)} embeddings")
        with torch.autocast(embeddings.device.type, enabled=False):
            full = in_full_precision(embeddings)
            squared = squared_distances(full, full)
            upper = torch.ones_like(similarity, dtype=torch.bool).triu(1)
            similar, dissimilar = (similarity == SIMILAR) & upper, (similarity == DISSIMILAR) & upper
            attracting = squared[similar].sum() / 2
            gaps = (self.margin - squared[dissimilar].clamp(min=_LEAST_SQUARE).sqrt()).clamp(min=0)
            repelling = (gaps * gaps).sum() / 2
            if self.balanced:
                return (attracting / similar.sum().clamp(min=1) + repelling / dissimilar.sum().clamp(min=1)) / 2
            return (attracting + repelling) / (similar | dissimilar).sum().clamp(min=1)


def in_full_precision(embeddings: Tensor) -> Tensor:
    """The embeddings as float32; as they are where they are float64."""
    return embeddings if embeddings.dtype == torch.float64 else embeddings.float()
