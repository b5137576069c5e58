"""`pose-statistics`: order statistics of poses, whitened by what augmentation changes; no network, no labels.

A window is described twice: by the features of the whole window, and by the mean and standard deviation of the features
of its 2-second pieces, which keeps long takes distinct. Each description is a linear map of the features, fitted
without labels (benchmarks/weights/fit_pose_statistics.py): the principal directions of the training clips, scaled down
where copies of one clip at another speed, crop or body size differ (within-class covariance normalisation, Hatch et al.
2006, with augmented copies as the class).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...motion import Clip
from ...motion.bones import USED_JOINTS
from ...motion.clip import overlapping_spans
from ..catalogue import WEIGHTS
from ..encoder import WindowEncoder, blended_numbers, checked_windows, query_vectors, scaled_vectors
from .pose_features import BLOCKS, FEATURE_COUNT, FEATURE_JOINTS, pose_channels, window_features

#: Part of the fingerprint: to be raised whenever the same weights would give other vectors.
_PREPROCESSING = 1
#: Two seconds, a second apart.
PIECE_FRAMES, PIECE_HOP = 60, 30
_STORED = ("mean", "block_scales", "basis", "spread", "noise", "whitening", "variance")


@dataclass(frozen=True, eq=False)
class WhitenedMap:
    """A linear map from F features to K numbers, which can be estimated from a part of the features.

    The features are taken as mean + basis @ z + noise, with z of variance `spread` and noise of variance `noise`; the
    map is z times `whitening`. If joints are missing, z is its mean given the other features.

    Attributes:
        mean: (F,) mean of the features.
        scale: (F,) weight of each feature.
        basis: (F, L) orthonormal columns, L >= K.
        spread: (L,) variances of z.
        noise: (F,) variances of the noise.
        whitening: (L, K) map of z.
        variance: mean squared norm of the mapped training windows, whose mean is 0.
        feature_joints: (F, 18) the used joints that each feature depends on.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    basis: NDArray[np.float32]
    spread: NDArray[np.float32]
    noise: NDArray[np.float32]
    whitening: NDArray[np.float32]
    variance: float
    feature_joints: NDArray[np.bool_]

    def __call__(self, features: NDArray[np.float32], joints: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Mapped features (N, K) of features (N, F) of windows that have the used joints `joints` (N, 18)."""
        if joints.all():
            return self._of_observed(features, np.ones(len(self.mean), bool))
        mapped = np.empty((len(features), self.whitening.shape[1]), np.float32)
        patterns, members = np.unique(joints, axis=0, return_inverse=True)
        for pattern, has in enumerate(patterns):
            rows = np.flatnonzero(members.ravel() == pattern)
            mapped[rows] = self._of_observed(features[rows], np.asarray(~self.feature_joints[:, ~has].any(axis=1)))
        return mapped

    def _of_observed(self, features: NDArray[np.float32], observed: NDArray[np.bool_]) -> NDArray[np.float32]:
        if observed.all():
            return np.asarray((features - self.mean) @ self._projection, np.float32)
        centred = (features[:, observed] - self.mean[observed]) * self.scale[observed]
        basis = self.basis[observed]
        weighted = basis / self.noise[observed, None]
        posterior = np.linalg.solve(basis.T @ weighted + np.diag(1 / self.spread), (centred @ weighted).T).T
        return np.asarray(posterior @ self.whitening, np.float32)

    @cached_property
    def feature_kinds(self) -> NDArray[np.bool_]:
        """The different rows (n, 18) of `feature_joints`."""
        return np.unique(self.feature_joints, axis=0)

    @cached_property
    def _projection(self) -> NDArray[np.float32]:
        return np.asarray(self.scale[:, None] * (self.basis @ self.whitening), np.float32)


class PoseStatistics(WindowEncoder):
    """The default encoder. With two parts, each of K numbers and their scale, a vector holds some 200 floats.

    The distance of a part is that of `squared_distance.scaled_vectors`.
    """

    name = "pose-statistics"

    def __init__(self, weights_file: bytes | None = None) -> None:
        """Load fitted maps: the file that ships with the package, or the bytes of another."""
        weights_file = weights_file or (WEIGHTS / "pose_statistics.npz").read_bytes()
        with np.load(io.BytesIO(weights_file), allow_pickle=False) as arrays:
            blocks = tuple(BLOCKS.values())
            self._whole = stored_map(arrays, "whole", blocks, FEATURE_JOINTS)
            self._piece = stored_map(arrays, "piece", blocks, FEATURE_JOINTS)
            self._piece_share = float(arrays["piece_share"])
        self.fingerprint = hashlib.sha256(weights_file + bytes([_PREPROCESSING])).hexdigest()
        self._sizes = (self._whole.whitening.shape[1], 2 * self._piece.whitening.shape[1])
        self.dimension = sum(self._sizes) + 4

    def encode_windows(self, clip: Clip, windows: NDArray[np.integer]) -> NDArray[np.float32]:
        """See WindowEncoder. ValueError for a window that is empty or leaves the clip."""
        windows = checked_windows(clip, windows)
        pieces = [overlapping_spans(int(start), int(end), PIECE_FRAMES, PIECE_HOP) for start, end in windows]
        spans = np.unique(np.concatenate([windows, *pieces]), axis=0)
        features, joints = _features(clip, spans)
        row = {(int(start), int(end)): number for number, (start, end) in enumerate(spans)}
        whole_rows = [row[int(start), int(end)] for start, end in windows]
        whole = self._whole(features[whole_rows], joints[whole_rows])
        mapped = self._piece(features, joints)
        pooled = np.empty((len(windows), self._sizes[1]), np.float32)
        for number, parts in enumerate(pieces):
            members = mapped[[row[int(start), int(end)] for start, end in parts]]
            pooled[number] = np.concatenate([members.mean(axis=0), members.std(axis=0)])
        return self._stored(whole, pooled)

    def as_queries(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """See WindowEncoder."""
        return np.concatenate([query_vectors(vectors[:, part]) for part in self.parts], axis=1)

    def blend(self, vectors: NDArray[np.float32], weights: NDArray[np.floating]) -> NDArray[np.float32]:
        """See WindowEncoder."""
        return self._stored(*(blended_numbers(vectors[..., part], weights) for part in self.parts))

    @property
    def parts(self) -> tuple[slice, slice]:
        """Slices of a vector: the part of the whole window, and that of its pieces."""
        middle = self._sizes[0] + 2
        return slice(0, middle), slice(middle, self.dimension)

    def _stored(self, *descriptions: NDArray[np.float32]) -> NDArray[np.float32]:
        """Vectors (N, D) from the mapped numbers of both parts: (N, 64) and (N, 128)."""
        vectors = np.empty((len(descriptions[0]), self.dimension), np.float32)
        variances = (self._whole.variance, self._piece.variance)
        shares = (1 - self._piece_share, self._piece_share)
        for part, numbers, variance, share in zip(self.parts, descriptions, variances, shares, strict=True):
            vectors[:, part] = np.sqrt(share) * scaled_vectors(numbers, (numbers**2).sum(axis=1), variance)
        return vectors


def joints_seen(clip: Clip, spans: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Which used joints (S, 18) half of the frames or more of each span (S, 2) show."""
    seen = np.zeros((clip.frame_count + 1, len(USED_JOINTS)), np.int64)
    np.cumsum(clip.observed[:, USED_JOINTS], axis=0, out=seen[1:])
    lengths = spans[:, 1] - spans[:, 0]
    return np.asarray(2 * (seen[spans[:, 1]] - seen[spans[:, 0]]) >= lengths[:, None])


def _features(clip: Clip, spans: NDArray[np.integer]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Features (S, 1965) of spans (S, 2) of a clip, and which used joints (S, 18) half of their frames or more show."""
    channels = pose_channels(clip)
    joints = joints_seen(clip, spans)
    lengths = spans[:, 1] - spans[:, 0]
    features = np.empty((len(spans), FEATURE_COUNT), np.float32)
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        features[rows] = window_features(channels, spans[rows, 0], int(length), joints[rows])
    return features, joints


def stored_map(
    arrays: Mapping[str, NDArray[np.generic]], name: str, blocks: Sequence[slice], feature_joints: NDArray[np.bool_]
) -> WhitenedMap:
    """One of the maps of a weights file; half precision there, single here. `blocks` of features share a scale."""
    array = {key: np.asarray(arrays[f"{name}_{key}"], np.float32) for key in _STORED}
    scale = np.repeat(array["block_scales"], [rows.stop - rows.start for rows in blocks])
    return WhitenedMap(
        array["mean"],
        scale,
        array["basis"],
        array["spread"],
        array["noise"],
        array["whitening"],
        float(array["variance"]),
        feature_joints,
    )
