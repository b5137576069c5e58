"""Classes of motions by their nearest labelled ones: no training, and a new class needs no more than an example.

Shirakawa and Kozakaya, Skip-Pose Vectors, section 3.2: what is registered is the dictionary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..encoders.encoder import ViewFrameEncoder
from ..errors import QueryError
from ..kernels.warping import cosine_warping
from ..motion.view import View


@dataclass(frozen=True)
class Classified:
    """The class of a motion.

    Attributes:
        label: the class that most of the nearest examples have; of several, the one with the nearest example.
        share: part of these examples that have it.
        nearest: distance of the nearest example of this class, or its rank.
        missing_shards: ids of the shards that were not searched, as in `Answer`; nearer examples may be in them.
        damage: what is wrong with those that are damaged.
    """

    label: str
    share: float
    nearest: float
    missing_shards: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()


def vote(labels: Sequence[str], distances: Sequence[float] | NDArray[np.floating]) -> Classified:
    """The class of the examples with these labels and distances, the nearest first.

    Raises:
        QueryError: there is no example.
    """
    if not labels:
        raise QueryError("nothing to classify by: no clip has a label; index them with `--labels FILE.csv`")
    counts = {label: labels.count(label) for label in labels}  # in the order of the nearest
    label = max(counts, key=counts.__getitem__)
    return Classified(label, counts[label] / len(labels), float(distances[labels.index(label)]))


class ViewDictionary:
    """Labelled views, to which others are compared by the vectors of their frames. It grows by `add`."""

    def __init__(self, encoder: ViewFrameEncoder) -> None:
        self._encoder = encoder
        self._labels: list[str] = []
        self._vectors: list[NDArray[np.float32]] = []

    def __len__(self) -> int:
        """Number of examples."""
        return len(self._labels)

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, in the order in which they came."""
        return tuple(dict.fromkeys(self._labels))

    def add(self, view: View, label: str) -> None:
        """Register an example of a class, new or known."""
        self._vectors.append(self._encoder.frame_vectors(view))
        self._labels.append(label)

    def distances(self, view: View) -> NDArray[np.float64]:
        """The distance of each example: the mean of 1 - cosine along the warping path."""
        return cosine_warping(self._encoder.frame_vectors(view), self._vectors).means

    def classify(self, view: View, neighbours: int = 1) -> Classified:
        """The class that most of the nearest examples have. QueryError if there is no example."""
        distances = self.distances(view)
        nearest = np.argsort(distances, kind="stable")[:neighbours]
        return vote([self._labels[number] for number in nearest], distances[nearest])
