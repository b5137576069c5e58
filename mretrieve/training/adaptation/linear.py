"""Linear metrics learned from labels in seconds: LDA and NCA on the numbers of `pose-statistics`.

Each labelled clip comes with augmented copies (other speed, crop, body size). The settings were chosen on HDM05, two
labelled performers against the two others, mirrored and at other speeds; they are flat there (+-.005 mAP).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ...encoders.statistics.linear_metric import LinearMetric, default_encoder, descriptions
from ...motion import Clip
from ...motion.augmentation import Augmentation

COPIES = 4
_AUGMENTATION = Augmentation(shortest_part=0.7)


@dataclass(frozen=True)
class LdaSettings:
    """Linear discriminant analysis with a within-class covariance that few labels cannot spoil.

    Attributes:
        class_share: share of the labelled classes' scatter in the within-class covariance; the rest is the unit matrix.
        ridge: weight of a unit matrix that is added to it.
        gain: additional weight of directions that separate classes.
    """

    class_share: float = 0.5
    ridge: float = 0.3
    gain: float = 2.0


@dataclass(frozen=True)
class NcaSettings:
    """Supervised contrast (Khosla et al. 2020) of negative squared distances, starting from LDA without gain.

    Attributes:
        temperature: in units of the mean squared distance at the start.
        pull: weight of the mean squared difference from the start.
        updates: number of training steps.
        batch: number of descriptions in a batch.
        learning_rate: of Adam, in units of the largest entry; falls linearly to 0.
    """

    temperature: float = 0.3
    pull: float = 0.01
    updates: int = 120
    batch: int = 700
    learning_rate: float = 0.005


def described_copies(clips: Sequence[Clip], seed: int) -> NDArray[np.float64]:
    """Descriptions (1 + COPIES, N, 192) of clips and of augmented copies of them."""
    generator = np.random.default_rng(seed)
    clips = [Clip(clip.positions, clip.observed) for clip in clips]  # a view could not be augmented alike
    versions = [clips, *([_AUGMENTATION.draw(clip, generator) for clip in clips] for _ in range(COPIES))]
    return np.stack([descriptions(default_encoder().encode(version)) for version in versions]).astype(np.float64)


def fit_lda(described: NDArray[np.float64], labels: Sequence[str], settings: LdaSettings | None = None) -> LinearMetric:
    """A metric from descriptions (C, N, 192) of N clips in C versions with their labels.

    Whitening by `class_share` of the scatter within classes and the rest of the unit matrix (`pose-statistics` is
    white already in what augmentation changes), plus `ridge`; then I + gain * the projector on the space between
    classes.
    """
    settings = settings or LdaSettings()
    numbers, classes, mean, scale = _prepared(described, labels)
    means, whitening = _whitened(numbers, classes, settings)
    centred = (means - means.mean(axis=0)) @ whitening
    _, singular, directions = np.linalg.svd(centred, full_matrices=False)
    between = directions[singular > 1e-6 * max(singular[0], 1e-12)]
    matrix = whitening @ (np.eye(len(whitening)) + settings.gain * between.T @ between)
    return _metric(described, mean, scale[:, None] * matrix, "lda")


def fit_nca(
    described: NDArray[np.float64], labels: Sequence[str], seed: int, settings: NcaSettings | None = None
) -> LinearMetric:
    """A metric from descriptions (C, N, 192) of N clips in C versions: by gradient, so that same labels are nearest."""
    from pytorch_metric_learning.distances import LpDistance
    from pytorch_metric_learning.losses import SupConLoss

    settings = settings or NcaSettings()
    numbers, classes, mean, scale = _prepared(described, labels)
    _, start = _whitened(numbers, classes, LdaSettings())
    first, inputs, targets = (torch.from_numpy(array) for array in (start, numbers, classes))
    matrix = first.clone().requires_grad_()
    squared = LpDistance(normalize_embeddings=False, power=2)
    unit = 2 * float(np.var(numbers @ start, axis=0).sum())  # mean squared distance
    contrast = SupConLoss(temperature=settings.temperature * max(unit, 1e-12), distance=squared)
    optimiser = torch.optim.Adam([matrix], lr=settings.learning_rate * float(np.abs(start).max()))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda update: 1 - update / settings.updates)
    generator = np.random.default_rng(seed)
    for _ in range(settings.updates):
        rows = torch.from_numpy(generator.permutation(len(numbers))[: settings.batch])
        loss = contrast(inputs[rows] @ matrix, targets[rows]) + settings.pull * (matrix - first).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return _metric(described, mean, scale[:, None] * matrix.detach().numpy(), "nca")


def _prepared(
    described: NDArray[np.float64], labels: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Centred and scaled numbers (C N, 192), class numbers (C N,), and the mean and the scale (192,) that were used.

    A number of the whole and one of the pieces vary differently; each block is brought to variance 1 on the average.
    """
    copies, count, size = described.shape
    mean = described.mean(axis=(0, 1))
    whole = size // 3
    spread = described[0].var(axis=0)
    block = np.repeat([spread[:whole].mean(), spread[whole:].mean()], [whole, size - whole])
    scale = 1 / np.sqrt(np.maximum(block, 1e-12))
    _, classes = np.unique(np.asarray(labels), return_inverse=True)
    numbers = ((described - mean) * scale).reshape(copies * count, size)
    return numbers, np.tile(classes.ravel(), copies), mean, scale


def _whitened(
    numbers: NDArray[np.float64], classes: NDArray[np.intp], settings: LdaSettings
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Class means (K, 192) and the whitening (192, 192) of what differs within classes."""
    counts = np.bincount(classes)
    means = np.stack([numbers[classes == number].mean(axis=0) for number in range(len(counts))])
    residuals = numbers - means[classes]
    scatter = residuals.T @ residuals
    scatter *= len(scatter) / max(np.trace(scatter), 1e-12)
    within = settings.class_share * scatter + (1 - settings.class_share + settings.ridge) * np.eye(len(scatter))
    values, vectors = np.linalg.eigh(within)
    return means, vectors / np.sqrt(values) @ vectors.T


def _metric(
    described: NDArray[np.float64], mean: NDArray[np.float64], matrix: NDArray[np.float64], name: str
) -> LinearMetric:
    variance = (((described[0] - mean) @ matrix) ** 2).sum(axis=1).mean()
    return LinearMetric(mean, matrix, float(max(variance, 1e-6)), name)
