"""`view-statistics`: order statistics of poses in the image, whitened by what cameras change; no network, no labels.

As `pose-statistics`, for views. The linear map is fitted without labels on views that random cameras have of motion
capture (benchmarks/weights/fit_view_statistics.py): its directions are scaled down where views of one motion, from
other cameras, on other bodies and at other speeds, differ. So it keeps what can be told of a motion from any side.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...motion.view import View
from ..catalogue import WEIGHTS
from ..encoder import blended_numbers, query_vectors, scaled_vectors
from ..view_poses import VIEW_JOINTS
from .pose_statistics import stored_map
from .view_features import BLOCKS, FEATURE_JOINTS, view_features

#: Part of the fingerprint: to be raised whenever the same weights would give other vectors.
_PREPROCESSING = 1


class ViewStatistics:
    """A `ViewEncoder`. The distance is that of `scaled_vectors`."""

    name = "view-statistics"

    def __init__(self, weights_file: bytes | None = None) -> None:
        """Load the fitted map: the file that ships with the package, or the bytes of another."""
        weights_file = weights_file or (WEIGHTS / "view_statistics.npz").read_bytes()
        with np.load(io.BytesIO(weights_file), allow_pickle=False) as arrays:
            self._map = stored_map(arrays, "whole", tuple(BLOCKS.values()), FEATURE_JOINTS)
        self.fingerprint = hashlib.sha256(weights_file + bytes([_PREPROCESSING])).hexdigest()
        self.dimension = self._map.whitening.shape[1] + 2

    def encode(self, views: Sequence[View]) -> NDArray[np.float32]:
        """See ViewEncoder. Features of joints that are observed in less than half of a view's frames are estimated."""
        if not views:
            return np.empty((0, self.dimension), np.float32)
        features = np.stack([view_features(view) for view in views])
        numbers = self._map(features, np.stack([view.seen_joints[list(VIEW_JOINTS)] for view in views]))
        return self._stored(numbers)

    def as_queries(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """See ViewEncoder."""
        return query_vectors(vectors)

    def blend(self, vectors: NDArray[np.float32], weights: NDArray[np.floating]) -> NDArray[np.float32]:
        """See ViewEncoder."""
        return self._stored(blended_numbers(vectors, weights))

    def _stored(self, numbers: NDArray[np.float32]) -> NDArray[np.float32]:
        return scaled_vectors(numbers, np.square(numbers).sum(axis=1), self._map.variance)
