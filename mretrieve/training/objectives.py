"""Losses over embeddings, each with the batches that it needs; those to compare with come from pytorch-metric-learning.

Each is taken on the unit sphere, with the library's defaults unless stated here, in float32 (float64 stays). A batch
without pairs or triplets costs 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ..encoders.embedding_network import EmbeddingNetwork
from ..errors import MRetrieveError
from ..version import install_hint
from .batches import Batch, Composition
from .losses import in_full_precision

#: The mean cost of embeddings (B, D) with class numbers (B,): a scalar.
BaselineLoss = Callable[[Tensor, Tensor], Tensor]

TRIPLET_MARGIN = 0.2  # FaceNet's, in squared distance of unit vectors
SPREAD_WEIGHT = 1.0  # of the global orthogonal regularisation


def baseline_loss(name: str) -> BaselineLoss:
    """The loss of that name, one of BASELINE_LOSSES; MRetrieveError for another name or without the library.

    | name | loss |
    |---|---|
    | contrastive | same class: D; other class: max(0, 1 - D); mean over the pairs of each kind that cost something |
    | triplet | FaceNet's max(0, D_ap^2 - D_an^2 + 0.2), mean over all triplets of the batch that violate the margin |
    | triplet-gor | the same plus `global_orthogonal_regularisation` |
    | triplet-anchors | triplet, but anchors and positives of the first sample's class only, as MMD-NCA has them |
    | n-pair | softmax over inner products: each anchor finds its positive among those of all classes (Sohn 2016) |
    | supcon | supervised contrastive, temperature 0.1 (Khosla et al. 2020) |
    | nca | neighbourhood component analysis, softmax over -D^2 (Goldberger et al. 2005) |

    Triplets are not mined further than by their margin: the semi-hard ones alone run out early in small batches, and
    the hardest alone are known to collapse the embedding (FaceNet, section 3.2).
    """
    if name not in BASELINE_LOSSES:
        raise MRetrieveError(f"no loss {name!r}; choose one of {', '.join(BASELINE_LOSSES)}")
    try:
        import pytorch_metric_learning  # noqa: F401
    except ImportError as error:
        raise MRetrieveError(f"the loss {name!r} needs pytorch-metric-learning; {install_hint('learned')}") from error
    loss = BASELINE_LOSSES[name]()

    def in_float32(embeddings: Tensor, labels: Tensor) -> Tensor:
        with torch.autocast(embeddings.device.type, enabled=False):
            return loss(in_full_precision(embeddings), labels)

    return in_float32


def global_orthogonal_regularisation(embeddings: Tensor, labels: Tensor) -> Tensor:
    """M1^2 + max(0, M2 - 1 / D): mean and mean square of the cosines of pairs of other classes, as random ones have.

    Zhang et al., Learning spread-out local feature descriptors (2017), equations 6 and 7. Embeddings (B, D).
    """
    unit = normalize(embeddings)
    cosines = unit @ unit.T
    other = labels[:, None] != labels
    count = other.sum().clamp(min=1)
    first = (cosines * other).sum() / count
    second = (cosines * cosines * other).sum() / count
    spread: Tensor = first * first + (second - 1 / embeddings.shape[1]).clamp(min=0) * other.any()
    return spread


def _contrastive() -> BaselineLoss:
    from pytorch_metric_learning.losses import ContrastiveLoss

    return _typed(ContrastiveLoss(pos_margin=0, neg_margin=1))


def _triplet() -> BaselineLoss:
    from pytorch_metric_learning.distances import LpDistance
    from pytorch_metric_learning.losses import TripletMarginLoss

    # its default reducer is the mean over the triplets that cost something
    return _typed(TripletMarginLoss(margin=TRIPLET_MARGIN, distance=LpDistance(power=2)))


def _triplet_with_spread() -> BaselineLoss:
    triplet = _triplet()
    return lambda embeddings, labels: (
        triplet(embeddings, labels) + SPREAD_WEIGHT * global_orthogonal_regularisation(embeddings, labels)
    )


def _triplet_of_first_class() -> BaselineLoss:
    triplet = _triplet()

    def of_first_class(embeddings: Tensor, labels: Tensor) -> Tensor:
        """Samples of other classes are each the only one of theirs, so they are negatives and nothing else."""
        alone = labels.max() + 1 + torch.arange(len(labels), device=labels.device)
        return triplet(embeddings, torch.where(labels == labels[0], labels, alone))

    return of_first_class


def _n_pair() -> BaselineLoss:
    from pytorch_metric_learning.losses import NPairsLoss

    one_pair_a_class = _typed(NPairsLoss())

    def all_pairs(embeddings: Tensor, labels: Tensor) -> Tensor:
        """The library takes the first pair of each class; here every sample is in one pair: 1 with 2, 3 with 4, ..."""
        same = labels[:, None] == labels
        turn = same.tril(-1).sum(1) // 2  # in the n-th pair of its class
        paired = (same & (turn[:, None] == turn)).sum(1) == 2
        rounds = [one_pair_a_class(embeddings[take], labels[take]) for take in _rounds(turn, paired)]
        return torch.stack(rounds).mean() if rounds else embeddings.sum() * 0

    return all_pairs


def _rounds(turn: Tensor, paired: Tensor) -> list[Tensor]:
    """Which samples are in the first pairs of their classes, which in the second ones, ...; rounds of one class go."""
    rounds = [paired & (turn == number) for number in range(int(turn.max()) + 1)]
    return [take for take in rounds if int(take.sum()) > 2]


def _supervised_contrastive() -> BaselineLoss:
    from pytorch_metric_learning.losses import SupConLoss

    return _typed(SupConLoss(temperature=0.1))


def _neighbourhood_components() -> BaselineLoss:
    from pytorch_metric_learning.losses import NCALoss

    neighbours = _typed(NCALoss(softmax_scale=1))

    def of_classes_with_neighbours(embeddings: Tensor, labels: Tensor) -> Tensor:
        """Where no class is there twice the library takes the mean of nothing, which is not a number."""
        alone = int((labels[:, None] == labels).sum()) == len(labels)
        return embeddings.sum() * 0 if alone else neighbours(embeddings, labels)

    return of_classes_with_neighbours


def _typed(loss: BaselineLoss) -> BaselineLoss:
    """The library has no types; its losses are called with embeddings and labels and give a scalar."""
    return loss


#: Every baseline loss by its name.
BASELINE_LOSSES: dict[str, Callable[[], BaselineLoss]] = {
    "contrastive": _contrastive,
    "triplet": _triplet,
    "triplet-gor": _triplet_with_spread,
    "triplet-anchors": _triplet_of_first_class,
    "n-pair": _n_pair,
    "supcon": _supervised_contrastive,
    "nca": _neighbourhood_components,
}


class Objective(Composition):
    """What a network is trained for. Subclasses are frozen dataclasses, whose fields are settings of the loss.

    Attributes:
        name: the loss, as `--loss` names it.
    """

    name: str

    @property
    def needs_labels(self) -> bool:
        """Whether clips without a label are of no use to it."""
        return True

    def loss(self, network: EmbeddingNetwork, embeddings: Tensor, batch: Batch) -> Tensor:
        """The loss, a scalar, of embeddings (B, E) of a batch."""
        raise NotImplementedError


@dataclass(frozen=True)
class ClassObjective(Objective):
    """A loss of `baseline_losses`.

    Attributes:
        name: the loss.
    """

    name: str

    def loss(self, network: EmbeddingNetwork, embeddings: Tensor, batch: Batch) -> Tensor:
        """See Objective. MRetrieveError if the loss is unknown or its library is not installed."""
        return baseline_loss(self.name)(embeddings, torch.from_numpy(batch.labels).to(embeddings.device))
