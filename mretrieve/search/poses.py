"""A query of one frame is a pose, and compared with every pose of the library: vectors of windows do not show one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..alignment.pose_features import UNRELATED_M, counted_joints
from ..motion import CANONICAL_FPS, Clip
from ..motion.body_parts import PartWeights
from ..storage.snapshot import Snapshot
from .matches import Match, best_first

#: Poses of one clip that are less than this apart in time are the same moment.
APART_FRAMES = round(CANONICAL_FPS)
#: Poses farther from the query than this, of about 1 for unrelated ones, are not further moments of a clip.
FARTHEST_POSE = 0.5


def match_pose(
    snapshot: Snapshot,
    variants: Sequence[Clip],
    rows: Sequence[int],
    part_weights: PartWeights,
    *,
    all_moments: bool = False,
) -> list[Match]:
    """The nearest pose of each clip, best first. Where the body stands and faces, and how it moves, does not count.

    Args:
        snapshot: the index.
        variants: the pose in each of its variants: clips of one frame.
        rows: the clips that are compared.
        part_weights: how much each body part counts.
        all_moments: every pose that is the nearest one for a second around, if it is nearer than FARTHEST_POSE.

    Raises:
        IndexStateError: a shard is damaged.
    """
    matches: list[Match] = []
    for row in rows:
        positions, observed = snapshot.motion(row)
        if not len(positions):
            continue
        seen = part_weights.masked(Clip(positions, observed)).seen_joints
        distances = np.stack([_distances(pose, positions, seen, part_weights) for pose in variants])
        variant, nearest = distances.argmin(axis=0), distances.min(axis=0)
        frames = _lowest(nearest) if all_moments else [int(nearest.argmin())]
        matches += [
            Match(row, frame, frame + 1, int(variant[frame]), float(nearest[frame]), float(nearest[frame]))
            for frame in frames
        ]
    return best_first(matches)


def _distances(
    pose: Clip, positions: NDArray[np.float32], seen: NDArray[np.bool_], part_weights: PartWeights
) -> NDArray[np.float64]:
    """Root mean squared distance per joint from a pose to each of a clip's (T,), about 1 for unrelated ones.

    Both are compared from the means of their joints, and each pose is turned about the vertical so that it is as near
    as can be: the sum of the products of its joints with those of the query, as complex numbers in the plane of the
    ground, then has no imaginary part, and its size is the sum of the real products.
    """
    joints = counted_joints(pose.seen_joints & seen, part_weights)
    weights = part_weights.of_joints()[joints]
    weights = weights / weights.sum()
    query = pose.positions[0, joints].astype(np.float64)
    query -= weights @ query
    x, y, z = (weights[:, None] * query).T
    none = np.zeros(len(joints))
    columns = [(x, none, z), (-z, none, x), (none, y, none), (weights, none, none), (none, weights, none)]
    columns.append((none, none, weights))
    factors = np.array(columns).transpose(2, 1, 0).reshape(-1, 6).astype(np.float32)  # of x, y and z of each joint

    near = (positions[:, joints] - positions[:, joints[:1]]).reshape(len(positions), -1)
    real, imaginary, upwards, *mean = (near @ factors).T.astype(np.float64)
    size = (near * near) @ np.repeat(weights, 3) - sum(axis**2 for axis in mean)
    squares = weights @ (query**2).sum(axis=1) + size - 2 * (np.hypot(real, imaginary) + upwards)
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)) / UNRELATED_M)


def _lowest(distances: NDArray[np.float64]) -> list[int]:
    """The nearest frame, then those at least APART_FRAMES from all nearer ones and not beyond FARTHEST_POSE."""
    kept: list[int] = []
    for frame in np.argsort(distances, kind="stable").tolist():
        if kept and distances[frame] > FARTHEST_POSE:
            break
        if all(abs(frame - other) >= APART_FRAMES for other in kept):
            kept.append(frame)
    return kept
