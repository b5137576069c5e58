"""`part-statistics`: a vector for each part of the body, concatenated, so that a query can weigh the parts.

Each part is described as `pose-statistics` describes the whole body (order statistics, Fourier magnitudes, a whitened
linear map fitted without labels by benchmarks/weights/fit_part_statistics.py), from its own joints and the torso's
only: replacing the legs of a clip changes nothing in the vectors of its arms. The vectors answer part queries and
measure how similar parts are; whole bodies are better compared by `pose-statistics`.

No number of a part depends on a joint of another limb. So a limb's directions are taken in its own heading: at right
angles to the line from the neck to its shoulder, or from the pelvis to its hip. The torso's own joints lie on one line
and have no heading; only the elevation of its bones and the distances between its joints are used.
"""

from __future__ import annotations

import copy
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ...motion import Clip
from ...motion.body_parts import PartWeights
from ...motion.body_view import body_view
from ...motion.bones import BONES, USED_JOINTS
from ...motion.skeleton import PARTS, joint
from ..catalogue import WEIGHTS
from ..encoder import WindowEncoder, checked_windows, query_vectors, scaled_vectors
from .pose_features import (
    FOURIER_BINS,
    QUANTILE_COUNT,
    fourier_magnitudes,
    order_statistics,
    signed_root,
    vector_lengths,
)
from .pose_statistics import WhitenedMap, joints_seen, stored_map

_USED_COUNT = len(USED_JOINTS)
#: The joints that a limb's heading is square to the line between.
_SIDES = {
    "left_arm": ("neck", "left_shoulder"),
    "right_arm": ("neck", "right_shoulder"),
    "left_leg": ("pelvis", "left_hip"),
    "right_leg": ("pelvis", "right_hip"),
}
_CHUNK = 512  # windows described at once: bounds memory on long takes


@dataclass(frozen=True, eq=False)
class PartLayout:
    """The channels and features of one part; joints are positions in USED_JOINTS.

    Attributes:
        bones: parent and child.
        pairs: joints whose distance is a channel; only of the torso.
        side: the two joints that define the heading; empty for the torso.
        root: whether the rates of the root are channels: legs carry the body, arms do not.
        first: row of its first channel.
    """

    bones: tuple[tuple[int, int], ...]
    pairs: tuple[tuple[int, int], ...]
    side: tuple[int, ...]
    root: bool
    first: int

    @cached_property
    def poses(self) -> slice:
        """Rows of the channel array: directions of the bones (of the torso's how far they rise), then distances (m)."""
        return slice(self.first, self.first + self._directions + len(self.pairs))

    @cached_property
    def rates(self) -> slice:
        """Rows of the channel array: velocity of the pelvis left, up and forwards (m/s), turning (rad/s)."""
        return slice(self.poses.stop, self.poses.stop + 4 * self.root)

    @property
    def blocks(self) -> dict[str, slice]:
        """Rows of its features, one block after the other."""
        kinds = {"directions": self._directions, "distances": len(self.pairs)}
        sizes = {f"fourier magnitudes of {kind}": FOURIER_BINS * count for kind, count in kinds.items()}
        sizes |= {f"quantiles of {kind}": QUANTILE_COUNT * count for kind, count in kinds.items()}
        sizes |= dict.fromkeys(("mean root rates", "mean absolute root rates"), 4 * self.root)
        ends = np.cumsum(list(sizes.values())).tolist()
        spans = zip(sizes, [0, *ends], ends, strict=False)
        return {name: slice(start, end) for name, start, end in spans if end > start}

    @cached_property
    def feature_joints(self) -> NDArray[np.bool_]:
        """Which used joints each feature is made of, (F, 18)."""
        directions = [(*bone, *self.side) for bone in self.bones for _ in range(3 if self.side else 1)]
        poses = np.array([np.isin(np.arange(_USED_COUNT), joints) for joints in (*directions, *self.pairs)])
        root = np.tile(np.isin(np.arange(_USED_COUNT), self.side), (8 * self.root, 1))
        return np.concatenate([np.repeat(poses, FOURIER_BINS, 0), np.repeat(poses, QUANTILE_COUNT, 0), root])

    @property
    def _directions(self) -> int:
        return (3 if self.side else 1) * len(self.bones)


def _layouts() -> dict[str, PartLayout]:
    layouts: dict[str, PartLayout] = {}
    first = 0
    for part, joints in PARTS.items():
        bones = tuple(bone for bone in BONES if USED_JOINTS[bone[1]] in joints)
        side = tuple(USED_JOINTS.index(joint(name)) for name in _SIDES.get(part, ()))
        pairs = () if side else tuple(combinations([i for i, used in enumerate(USED_JOINTS) if used in joints], 2))
        layouts[part] = PartLayout(bones, pairs, side, part.endswith("leg"), first)
        first = layouts[part].rates.stop
    return layouts


#: In the order of `skeleton.PARTS`.
LAYOUTS: Mapping[str, PartLayout] = _layouts()
CHANNEL_COUNT = max(layout.rates.stop for layout in LAYOUTS.values())


def part_channels(clip: Clip) -> NDArray[np.float32]:
    """Channels (59, T) of a clip; a channel that rests on unobserved joints holds what was filled in there."""
    values = np.empty((CHANNEL_COUNT, clip.frame_count), np.float32)
    for part, layout in LAYOUTS.items():
        if not layout.side:
            joints = (clip.positions - clip.positions[:, :1])[:, USED_JOINTS].transpose(1, 2, 0)
            first, second = np.array(layout.pairs).T
            apart = np.asarray(joints[first] - joints[second], np.float32)
            values[layout.poses] = np.concatenate([_directions(joints, layout.bones)[:, 1], vector_lengths(apart)])
            continue
        kept = PartWeights(**{name: float(name in ("torso", part)) for name in PARTS}).of_joints() > 0
        view = body_view(clip.positions, np.broadcast_to(kept, clip.observed.shape))
        joints = view.positions[:, USED_JOINTS].transpose(1, 2, 0)
        values[layout.poses] = _directions(joints, layout.bones).reshape(-1, clip.frame_count)
        if layout.root:
            values[layout.rates] = np.concatenate([view.velocity().T, view.turning()[None]])
    return values


def part_features(channels: NDArray[np.float32], spans: NDArray[np.integer]) -> dict[str, NDArray[np.float32]]:
    """Features (S, F) of each part, of spans (S, 2) of the clip with these channels (59, T)."""
    features = {
        part: np.empty((len(spans), len(layout.feature_joints)), np.float32) for part, layout in LAYOUTS.items()
    }
    lengths = spans[:, 1] - spans[:, 0]
    for length in np.unique(lengths):
        every = np.lib.stride_tricks.sliding_window_view(channels, int(length), axis=1).transpose(1, 0, 2)
        members = np.flatnonzero(lengths == length)
        for first in range(0, len(members), _CHUNK):
            rows = members[first : first + _CHUNK]
            windows = every[spans[rows, 0]]
            for part, layout in LAYOUTS.items():
                features[part][rows] = _statistics(windows[:, layout.poses], windows[:, layout.rates])
    return features


def _statistics(poses: NDArray[np.float32], root: NDArray[np.float32]) -> NDArray[np.float32]:
    count = len(poses)
    terms = [fourier_magnitudes(poses).reshape(count, -1), order_statistics(poses).reshape(count, -1)]
    return signed_root(np.concatenate([*terms, root.mean(axis=2), np.abs(root).mean(axis=2)], axis=1))


def _directions(joints: NDArray[np.float32], bones: tuple[tuple[int, int], ...]) -> NDArray[np.float32]:
    """Unit vectors (B, 3, T) along bones, of joints (18, 3, T)."""
    parents, children = np.array(bones).T
    vectors = joints[children] - joints[parents]
    return np.asarray(vectors / np.maximum(vector_lengths(vectors), 1e-6)[:, None], np.float32)


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
    lacking = np.asarray((fitted.feature_kinds & ~joints[:, None]).any(axis=2))
    return np.asarray(lacking.all(axis=1))
