"""The losses of the two published encoders: MMD-NCA's, and DeepHuMS's contrastive loss.

Both take embeddings of any floating type and compute in float32 (float64 stays), also under automatic mixed precision:
a squared distance is a small difference of large numbers. Both are means, so the size of a batch does not scale them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from .kernels import Kernel, RbfMixture, mmd_squared_to_first, squared_distances
from .trajectory import DISSIMILAR, SIMILAR

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
