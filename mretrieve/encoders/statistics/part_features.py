"""What `part-statistics` looks at: the statistics of each body part, seen from that part and the torso alone.

No number of a part depends on a joint of another limb. So a limb's directions are taken in a heading of its own: square
to the line from the neck to its shoulder, or from the pelvis to its hip. The torso's own joints lie on one line and
tell no heading; how far its bones rise and how far apart its joints are is what is left of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ...motion import Clip
from ...motion.body_parts import PartWeights
from ...motion.skeleton import PARTS, joint
from ...motion.views import body_view
from .pose_channels import BONES, USED_JOINTS, vector_lengths
from .pose_features import FOURIER_BINS, QUANTILE_COUNT, fourier_magnitudes, order_statistics, signed_root

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

    @property
    def poses(self) -> slice:
        """Rows of the channel array: directions of the bones (of the torso's how far they rise), then distances (m)."""
        return slice(self.first, self.first + self._directions + len(self.pairs))

    @property
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

    @property
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
            values[layout.poses] = np.concatenate(
                [_directions(joints, layout.bones)[:, 1], vector_lengths(joints[first] - joints[second])]
            )
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
    return np.asarray(vectors / np.maximum(vector_lengths(vectors), 1e-6)[:, None])
