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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray

from ...motion import Clip
from ...motion.body_parts import PartWeights
from ...motion.bones import BONES, USED_JOINTS
from ...motion.skeleton import JOINT_COUNT, PARTS, joint
from ..catalogue import WEIGHTS
from ..encoder import WindowEncoder, query_vectors, scaled_vectors
from .pose_features import FOURIER_BINS, QUANTILE_COUNT, body_channels, signed_root, window_statistics
from .pose_statistics import WhitenedMap, joined_windows, joints_seen, stored_map

_USED_COUNT = len(USED_JOINTS)
#: The joints that a limb's heading is square to the line between.
_SIDES = {
    "left_arm": ("neck", "left_shoulder"),
    "right_arm": ("neck", "right_shoulder"),
    "left_leg": ("pelvis", "left_hip"),
    "right_leg": ("pelvis", "right_hip"),
}
_CHUNK = 2048  # windows described at once: bounds memory on long takes


@dataclass(frozen=True, eq=False)
class PartLayout:
    """The channels and features of one part; joints are positions in USED_JOINTS.

    Attributes:
        bones: parent and child.
        pairs: joints whose distance is a channel; only of the torso.
        side: the two joints that define the heading; empty for the torso.
        root: whether the rates of the root are channels: legs carry the body, arms do not.
        seen: (22,) the joints of the part and the torso.
        first: column of its first pose channel.
        first_rate: column of its first rate among those of all parts.
    """

    bones: tuple[tuple[int, int], ...]
    pairs: tuple[tuple[int, int], ...]
    side: tuple[int, ...]
    root: bool
    seen: NDArray[np.bool_]
    first: int
    first_rate: int

    @cached_property
    def poses(self) -> slice:
        """Columns of channels: directions of the bones (of the torso's how far they rise), then distances (m)."""
        return slice(self.first, self.first + self._directions + len(self.pairs))

    @cached_property
    def rates(self) -> slice:
        """Columns of rates: velocity of the pelvis left, up and forwards (m/s), turning (rad/s)."""
        return slice(self.first_rate, self.first_rate + 4 * self.root)

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

    @cached_property
    def _joints(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        """The canonical joints that it needs, and its pairs (2, P) and bones (2, B) by their place among them."""
        used = sorted({number for ends in (*self.bones, *self.pairs) for number in ends})
        pairs, bones = (
            np.array([[used.index(number) for number in ends] for ends in each], np.int32).reshape(-1, 2).T.copy()
            for each in (self.pairs, self.bones)
        )
        return np.array(USED_JOINTS, np.int32)[used], pairs, bones

    def channels(
        self, motions: Sequence[NDArray[np.float32]]
    ) -> tuple[tuple[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]:
        """The columns `poses`, which are directions and distances, and `rates` of positions (T, 22, 3) of motions."""
        values = body_channels(motions, self.seen, *self._joints, 4 * self.root)
        first, rates = len(self.pairs), len(self.pairs) + 3 * len(self.bones)
        directions = values[:, first:rates] if self.side else values[:, first + 1 : rates : 3]
        return (directions, values[:, :first]), values[:, rates:]

    @property
    def _directions(self) -> int:
        return (3 if self.side else 1) * len(self.bones)


def _layouts() -> dict[str, PartLayout]:
    layouts: dict[str, PartLayout] = {}
    first = first_rate = 0
    for part, joints in PARTS.items():
        bones = tuple(bone for bone in BONES if USED_JOINTS[bone[1]] in joints)
        side = tuple(USED_JOINTS.index(joint(name)) for name in _SIDES.get(part, ()))
        pairs = () if side else tuple(combinations([i for i, used in enumerate(USED_JOINTS) if used in joints], 2))
        seen = np.isin(np.arange(JOINT_COUNT), (*PARTS["torso"], *joints))
        layouts[part] = PartLayout(bones, pairs, side, part.endswith("leg"), seen, first, first_rate)
        first, first_rate = layouts[part].poses.stop, layouts[part].rates.stop
    return layouts


#: In the order of `skeleton.PARTS`.
LAYOUTS: Mapping[str, PartLayout] = _layouts()
_POSE_COUNT = max(layout.poses.stop for layout in LAYOUTS.values())


def part_channels(*clips: Clip) -> NDArray[np.float32]:
    """Channels (sum of T, 59) of clips, one after the other: poses and then rates of all parts.

    A channel that rests on unobserved joints holds what was filled in there.
    """
    motions = [clip.positions for clip in clips]
    poses, rates = zip(*(layout.channels(motions) for layout in LAYOUTS.values()), strict=True)
    return np.concatenate([*chain.from_iterable(poses), *rates], axis=1)


def part_features(channels: NDArray[np.float32], spans: NDArray[np.int64]) -> dict[str, NDArray[np.float32]]:
    """Features (S, F) of each part, of spans (S, 2) of channels (T, 59)."""
    magnitudes, quantiles, means = window_statistics(channels, spans, _POSE_COUNT, _POSE_COUNT)
    features = {}
    for part, layout in LAYOUTS.items():
        terms = magnitudes[:, layout.poses], quantiles[:, layout.poses], signed_root(means[..., layout.rates])
        features[part] = np.concatenate([term.reshape(len(spans), -1) for term in terms], axis=1)
    return features


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
        return self.encode_clips([clip], [windows])[0]

    def encode_clips(self, clips: Sequence[Clip], windows: Sequence[NDArray[np.integer]]) -> list[NDArray[np.float32]]:
        """See ClipsEncoder."""
        joined, ends = joined_windows(clips, windows)
        joints, channels = joints_seen(clips, joined), part_channels(*clips)
        vectors = np.empty((len(joined), self.dimension), np.float32)
        vectors[:, -1] = 1
        for first in range(0, len(joined), _CHUNK):
            chunk = slice(first, first + _CHUNK)
            for part, features in part_features(channels, joined[chunk]).items():
                fitted, seen = self._maps[part], joints[chunk]
                vectors[chunk, self.places[part]] = _stored(
                    fitted(features, seen), fitted.variance, _unseen(fitted, seen)
                )
        return np.split(vectors, ends)

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
    if joints.all():
        return np.zeros(len(joints), bool)
    lacking = np.asarray((fitted.feature_kinds & ~joints[:, None]).any(axis=2))
    return np.asarray(lacking.all(axis=1))
