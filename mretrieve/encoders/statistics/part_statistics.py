"""`body-parts`: a vector for each part of the body, side by side, so that a query can ask for some of them.

Each part is described as `pose-statistics` describes the whole body (order statistics, Fourier magnitudes, a whitened
linear map fitted without labels by benchmarks/fit_body_parts.py), from its own joints and the torso's alone: replace
the legs of a clip, and nothing changes in the vectors of its arms. The vectors answer part queries and tell how alike
the parts are; whole bodies are better compared by `pose-statistics`.
"""

from __future__ import annotations

import copy
import hashlib
import io
from collections.abc import Sequence
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from ...motion import Clip
from ...motion.body_parts import PartWeights
from .part_features import LAYOUTS, part_channels, part_features
from .pose_statistics import WhitenedMap, checked_windows, joints_seen, stored_map

#: Part of the fingerprint: to be raised whenever the same weights would give other vectors.
_PREPROCESSING = 1


class BodyParts:
    """Meets Encoder. The distance is the mean of the parts' distances by weights that are the query's alone.

    A part's distance is |q - x|^2 / (s_q s_x) of its mapped numbers, with s as in PoseStatistics, and 1 where a stored
    window shows nothing of the part. A part of which the query shows nothing is left out of the mean; where that leaves
    no part with a weight, everything is at distance 1.

    A part is stored as (x / s, s - variance / s, 1 / s, 0), or as (0, 0, 0, 1) where nothing of it is seen; a 1 follows
    the last. It is asked as (2 q / s, -1 / s, variance / s - s, -1) times its weight.
    """

    name = "body-parts"

    def __init__(self, weights: bytes | None = None) -> None:
        """Load fitted maps: the file that ships with the package, or the bytes of another."""
        weights = weights or (files("mretrieve.encoders") / "weights" / "body_parts.npz").read_bytes()
        with np.load(io.BytesIO(weights), allow_pickle=False) as arrays:
            self._maps = {
                part: stored_map(arrays, part, tuple(layout.blocks.values()), layout.feature_joints)
                for part, layout in LAYOUTS.items()
            }
        self.fingerprint = hashlib.sha256(weights + bytes([_PREPROCESSING])).hexdigest()
        ends = np.cumsum([fitted.whitening.shape[1] + 3 for fitted in self._maps.values()]).tolist()
        #: Where a vector holds each part.
        self.places = {part: slice(start, end) for part, start, end in zip(LAYOUTS, [0, *ends], ends, strict=False)}
        self.dimension = int(ends[-1]) + 1
        self._weights = PartWeights()

    def weighted(self, weights: PartWeights) -> BodyParts:
        """The same encoder, of the same fingerprint and stored vectors, whose queries weigh the parts like this."""
        other = copy.copy(self)
        other._weights = weights
        return other

    def encode(self, clips: Sequence[Clip]) -> NDArray[np.float32]:
        """See Encoder."""
        vectors = [self.encode_windows(clip, np.array([[0, clip.frame_count]])) for clip in clips]
        return np.concatenate(vectors) if vectors else np.empty((0, self.dimension), np.float32)

    def encode_windows(self, clip: Clip, windows: NDArray[np.integer]) -> NDArray[np.float32]:
        """See Encoder. ValueError for a window that is empty or leaves the clip."""
        windows = checked_windows(clip, windows)
        features = part_features(part_channels(clip), windows)
        joints = joints_seen(clip, windows)
        vectors = np.ones((len(windows), self.dimension), np.float32)
        for part, place in self.places.items():
            fitted = self._maps[part]
            vectors[:, place] = _stored(fitted(features[part], joints), fitted.variance, _unseen(fitted, joints))
        return vectors

    def as_queries(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """See Encoder; the parts weigh what `weighted` was given, else alike."""
        flags = vectors[:, [place.stop - 1 for place in self.places.values()]]
        shares = np.array([weight for _, weight in self._weights.items()], np.float32) * (flags < 0.5)
        total = shares.sum(axis=1, keepdims=True)
        shares /= np.where(total > 0, total, 1)
        queries = np.zeros_like(vectors)
        for share, place in zip(shares.T[..., None], self.places.values(), strict=True):
            part = vectors[:, place]
            queries[:, place] = share * np.concatenate(
                [2 * part[:, :-3], -part[:, -2:-1], -part[:, -3:-2], np.full_like(share, -1)], axis=1
            )
        queries[:, -1] = np.where(total > 0, 0, -1)[:, 0]
        return queries

    def blend(self, vectors: NDArray[np.float32], weights: NDArray[np.floating]) -> NDArray[np.float32]:
        """See Encoder. A part is blended of those that show it."""
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
    """What is stored (N, K + 3) of the mapped numbers (N, K) of a part, and whether nothing of it is seen (N,)."""
    scale = np.sqrt((numbers**2).sum(axis=1, keepdims=True) + np.float32(variance))
    stored = np.concatenate([numbers / scale, scale - variance / scale, 1 / scale, np.zeros_like(scale)], axis=1)
    stored[unseen] = 0
    stored[unseen, -1] = 1
    return np.asarray(stored, np.float32)


def _unseen(fitted: WhitenedMap, joints: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether (N,) the used joints (N, 18) that are there leave no feature of a map."""
    kinds = np.unique(fitted.feature_joints, axis=0)
    lacking = np.asarray((kinds & ~joints[:, None]).any(axis=2))
    return np.asarray(lacking.all(axis=1))
