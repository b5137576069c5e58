"""`part-statistics`: a vector for each part of the body, concatenated, so that a query can weigh the parts.

Each part is described as `pose-statistics` describes the whole body (order statistics, Fourier magnitudes, a whitened
linear map fitted without labels by benchmarks/weights/fit_part_statistics.py), from its own joints and the torso's
only: replacing the legs of a clip changes nothing in the vectors of its arms. The vectors answer part queries and
measure how similar parts are; whole bodies are better compared by `pose-statistics`.
"""

from __future__ import annotations

import copy
import hashlib
import io

import numpy as np
from numpy.typing import NDArray

from ...motion import Clip
from ...motion.body_parts import PartWeights
from ..catalogue import WEIGHTS
from ..encoder import WindowEncoder, checked_windows
from ..squared_distance import query_vectors, scaled_vectors
from .part_features import LAYOUTS, part_channels, part_features
from .pose_statistics import WhitenedMap, joints_seen, stored_map

#: Part of the fingerprint: to be raised whenever the same weights would give other vectors.
_PREPROCESSING = 1


class PartStatistics(WindowEncoder):
    """A `PartEncoder`. The distance is the weighted mean of the parts' distances; only queries carry the weights.

    A part's distance is that of `squared_distance.scaled_vectors`, and 1 if a stored window shows nothing of the part.
    A part of which the query shows nothing is left out of the mean; if no part with a weight is left, everything is at
    distance 1.

    A part is stored as its scaled vector and 0, or as zeros and 1 if nothing of it is seen; a 1 follows the last part.
    A query holds its query vector and -1, times its weight.
    """

    name = "part-statistics"

    def __init__(self, weights_file: bytes | None = None) -> None:
        """Load fitted maps: the file that ships with the package, or the bytes of another."""
        weights_file = weights_file or (WEIGHTS / "part_statistics.npz").read_bytes()
        with np.load(io.BytesIO(weights_file), allow_pickle=False) as arrays:
            self._maps = {
                part: stored_map(arrays, part, tuple(layout.blocks.values()), layout.feature_joints)
                for part, layout in LAYOUTS.items()
            }
        self.fingerprint = hashlib.sha256(weights_file + bytes([_PREPROCESSING])).hexdigest()
        ends = np.cumsum([fitted.whitening.shape[1] + 3 for fitted in self._maps.values()]).tolist()
        #: Where a vector holds each part.
        self.places = {part: slice(start, end) for part, start, end in zip(LAYOUTS, [0, *ends], ends, strict=False)}
        self.dimension = int(ends[-1]) + 1
        self._part_weights = PartWeights()

    def weighted(self, part_weights: PartWeights) -> PartStatistics:
        """See PartEncoder."""
        other = copy.copy(self)
        other._part_weights = part_weights
        return other

    def encode_windows(self, clip: Clip, windows: NDArray[np.integer]) -> NDArray[np.float32]:
        """See WindowEncoder. ValueError for a window that is empty or leaves the clip."""
        windows = checked_windows(clip, windows)
        features = part_features(part_channels(clip), windows)
        joints = joints_seen(clip, windows)
        vectors = np.ones((len(windows), self.dimension), np.float32)
        for part, place in self.places.items():
            fitted = self._maps[part]
            vectors[:, place] = _stored(fitted(features[part], joints), fitted.variance, _unseen(fitted, joints))
        return vectors

    def as_queries(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """See WindowEncoder; parts have the weights that `weighted` was given, else equal ones."""
        flags = vectors[:, [place.stop - 1 for place in self.places.values()]]
        shares = np.array([weight for _, weight in self._part_weights.items()], np.float32) * (flags < 0.5)
        total = shares.sum(axis=1, keepdims=True)
        shares /= np.where(total > 0, total, 1)
        queries = np.zeros_like(vectors)
        for share, place in zip(shares.T[..., None], self.places.values(), strict=True):
            part = vectors[:, place]
            queries[:, place] = share * np.concatenate([query_vectors(part[:, :-1]), np.full_like(share, -1)], axis=1)
        queries[:, -1] = np.where(total > 0, 0, -1)[:, 0]
        return queries

    def blend(self, vectors: NDArray[np.float32], weights: NDArray[np.floating]) -> NDArray[np.float32]:
        """See WindowEncoder. A part is blended of those that show it."""
        blended = np.ones((len(vectors), self.dimension), np.float32)
        for part, place in self.places.items():
            stored = vectors[..., place]
            numbers, inverse, seen = stored[..., :-3], stored[..., -2:-1], stored[..., -1:] < 0.5
            shares = weights[..., None] * seen
            total = shares.sum(axis=1)
            means = np.sum(shares * numbers / np.where(seen, inverse, 1), axis=1) / np.where(total > 0, total, 1)
            blended[:, place] = _stored(means.astype(np.float32), self._maps[part].variance, total[:, 0] <= 0)
        return blended


def _stored(numbers: NDArray[np.float32], variance: float, unseen: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The stored part (N, K + 3) of mapped numbers (N, K), of which nothing is seen if `unseen` (N,)."""
    scaled = scaled_vectors(numbers, (numbers**2).sum(axis=1), np.float32(variance))
    stored = np.concatenate([scaled, np.zeros((len(scaled), 1), np.float32)], axis=1)
    stored[unseen] = 0
    stored[unseen, -1] = 1
    return np.asarray(stored, np.float32)


def _unseen(fitted: WhitenedMap, joints: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether the used joints (N, 18) that are seen leave no feature of a map, (N,)."""
    kinds = np.unique(fitted.feature_joints, axis=0)
    lacking = np.asarray((kinds & ~joints[:, None]).any(axis=2))
    return np.asarray(lacking.all(axis=1))
