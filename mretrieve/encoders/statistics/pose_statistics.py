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
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from ...kernels.compiled import map_rows
from ...motion import Clip
from ...motion.bones import USED_JOINTS
from ..catalogue import WEIGHTS
from ..encoder import WindowEncoder, blended_numbers, query_vectors, scaled_vectors
from .pose_features import BLOCKS, FEATURE_JOINTS, pose_channels, window_features

#: Part of the fingerprint: to be raised whenever the same weights would give other vectors.
_PREPROCESSING = 1
#: Two seconds, a second apart.
PIECE_FRAMES, PIECE_HOP = 60, 30
#: Windows described at once: their features fit into a processor's cache.
_CHUNK = 96
#: Columns of a matrix that lie together as `map_rows` takes it.
MAPPED_AT_ONCE = 16
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
        if (joints == joints[:1]).all():  # so in most clips
            return self._of_joints(features, joints[0])
        mapped = np.empty((len(features), self.dimension), np.float32)
        patterns, members = np.unique(joints, axis=0, return_inverse=True)
        for pattern, has in enumerate(patterns):
            rows = np.flatnonzero(members.ravel() == pattern)
            mapped[rows] = self._of_joints(features[rows], has)
        return mapped

    def _of_joints(self, features: NDArray[np.float32], has: NDArray[np.bool_]) -> NDArray[np.float32]:
        return map_rows(features, *_projection(self, has.tobytes()))

    @property
    def dimension(self) -> int:
        """K."""
        return int(self.whitening.shape[1])

    @cached_property
    def feature_kinds(self) -> NDArray[np.bool_]:
        """The different rows (n, 18) of `feature_joints`."""
        return np.unique(self.feature_joints, axis=0)


@lru_cache(maxsize=32)
def _projection(fitted: WhitenedMap, joints: bytes) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A map, given which used joints (18,) there are: a matrix as `map_rows` takes it, and what becomes of the mean."""
    observed = np.asarray(~fitted.feature_joints[:, ~np.frombuffer(joints, bool)].any(axis=1))
    if observed.all():
        matrix = np.asarray(fitted.scale[:, None] * (fitted.basis @ fitted.whitening), np.float32)
    else:
        basis = fitted.basis[observed].astype(np.float64)
        weighted = basis / fitted.noise[observed, None]
        posterior = np.linalg.solve(basis.T @ weighted + np.diag(1 / fitted.spread), fitted.whitening)
        matrix = np.zeros((len(fitted.scale), fitted.dimension), np.float32)
        matrix[observed] = fitted.scale[observed, None] * (weighted @ posterior)
    centre = np.asarray(fitted.mean.astype(np.float64) @ matrix, np.float32)
    filled_up = np.pad(matrix, ((0, 0), (0, -fitted.dimension % MAPPED_AT_ONCE)))
    blocks = filled_up.reshape(len(matrix), -1, MAPPED_AT_ONCE).transpose(1, 0, 2)
    return np.ascontiguousarray(blocks), centre


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
        self._sizes = (self._whole.dimension, 2 * self._piece.dimension)
        self.dimension = sum(self._sizes) + 4

    def encode_windows(self, clip: Clip, windows: NDArray[np.integer]) -> NDArray[np.float32]:
        """See WindowEncoder. ValueError for a window that is empty or leaves the clip."""
        return self.encode_clips([clip], [windows])[0]

    def encode_clips(self, clips: Sequence[Clip], windows: Sequence[NDArray[np.integer]]) -> list[NDArray[np.float32]]:
        """See ClipsEncoder."""
        joined, ends = joined_windows(clips, windows)
        pieces, counts = _pieces(joined)
        spans, rows = _distinct(np.concatenate([joined, pieces]))
        joints, channels = joints_seen(clips, spans), pose_channels(*clips)
        numbers = np.empty((len(spans), self._whole.dimension + self._piece.dimension), np.float32)
        for first in range(0, len(spans), _CHUNK):
            chunk = slice(first, first + _CHUNK)
            features = window_features(channels, spans[chunk], joints[chunk])
            numbers[chunk, : self._whole.dimension] = self._whole(features, joints[chunk])
            numbers[chunk, self._whole.dimension :] = self._piece(features, joints[chunk])
        whole, piece = np.split(numbers, [self._whole.dimension], axis=1)
        return np.split(self._stored(whole[rows[: len(joined)]], _pooled(piece[rows[len(joined) :]], counts)), ends)

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


def joined_windows(
    clips: Sequence[Clip], windows: Sequence[NDArray[np.integer]]
) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Windows (W, 2) in the frames of one clip after the other, and where those of each clip but the last end.

    ValueError for a window that is empty or leaves its clip.
    """
    counts, lengths = ([len(each) for each in several] for several in (windows, [clip.observed for clip in clips]))
    starts = np.repeat(np.cumsum([0, *lengths[:-1]]), counts)[:, None]
    joined = np.concatenate([np.asarray(own, np.int64).reshape(-1, 2) for own in windows])
    if (joined < 0).any() or (joined[:, 1] > np.repeat(lengths, counts)).any() or (joined[:, 0] >= joined[:, 1]).any():
        raise ValueError("windows are empty or leave their clip")
    return joined + starts, np.cumsum(counts[:-1], dtype=np.intp)


def joints_seen(clips: Sequence[Clip], spans: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Which used joints (S, 18) half of the frames or more of each span (S, 2) of one clip after the other show."""
    observed = clips[0].observed if len(clips) == 1 else np.concatenate([clip.observed for clip in clips])
    if (observed == observed[0]).all():  # quick, and so in most clips
        return np.tile(observed[0, USED_JOINTS], (len(spans), 1))
    seen = np.zeros((len(observed) + 1, len(USED_JOINTS)), np.int64)
    np.cumsum(observed[:, USED_JOINTS], axis=0, out=seen[1:])
    lengths = spans[:, 1] - spans[:, 0]
    return np.asarray(2 * (seen[spans[:, 1]] - seen[spans[:, 0]]) >= lengths[:, None])


def _pieces(windows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The `overlapping_spans` (P, 2) of all windows (W, 2), one after the other, and their number in each window."""
    starts, lengths = windows[:, 0], windows[:, 1] - windows[:, 0]
    spare = np.maximum(lengths - PIECE_FRAMES, 0)  # by how much the last piece starts behind the first
    counts = 1 - -spare // PIECE_HOP
    window = np.repeat(np.arange(len(windows)), counts)
    number = np.arange(len(window)) - np.repeat(np.cumsum(counts) - counts, counts)
    firsts = starts[window] + np.minimum(number * PIECE_HOP, spare[window])
    return np.stack([firsts, firsts + np.minimum(lengths, PIECE_FRAMES)[window]], axis=1), counts


def _distinct(spans: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """The different rows (n, 2) of spans (S, 2), sorted, and the row of each span among them."""
    longest = int(spans.max(initial=0)) + 1
    keys, rows = np.unique(spans[:, 0] * longest + spans[:, 1], return_inverse=True)
    return np.stack(np.divmod(keys, longest), axis=1), rows


def _pooled(numbers: NDArray[np.float32], counts: NDArray[np.intp]) -> NDArray[np.float32]:
    """Mean and standard deviation (N, 2 K) of groups of rows, one after the other, of numbers (R, K)."""
    pooled = np.empty((len(counts), 2 * numbers.shape[1]), np.float32)
    firsts = np.cumsum(counts) - counts
    for count in np.unique(counts):
        groups = np.flatnonzero(counts == count)
        members = numbers[firsts[groups, None] + np.arange(count)]
        means = np.add.reduce(members, axis=1) / np.float32(count)
        spreads = np.sqrt(np.add.reduce((members - means[:, None]) ** 2, axis=1) / np.float32(count))
        pooled[groups] = np.concatenate([means, spreads], axis=1)
    return pooled


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
