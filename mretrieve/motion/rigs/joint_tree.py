"""A rig's joint tree with measured bones: who is below whom, how far, and how straight the way is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..frames import medians, spread_frames

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_LOOKED_AT_FRAMES = 32
#: A link whose length varies by more than this part of itself plus this part of the longest bone is not a bone, but a
#: root that stays behind or a target that follows a foot. The second part is for bones of zero length and for captured
#: points, which vary.
_RIGID_VARIATION, _RIGID_NOISE = 0.25, 0.01


class JointTree:
    """The bones of a rig, J joints; links that are not rigid are cut.

    Attributes:
        moving: (T, J, 3) of up to 32 frames without missing samples, T = 0 if there are none.
        positions: those that are measured: the same, or one given pose.
        parents: (J,), -1 for roots and joints that nothing rigid ties to their parent.
        depth: (J,) number of joints above each.
        path: (J,) length of the way from the root, medians over the frames.
        reach: (J,) length of the longest way that goes on below each joint.
        is_above: (J, J), true if the first joint is an ancestor of the second.
    """

    def __init__(
        self, parents: NDArray[np.int32], positions: NDArray[np.floating], pose: NDArray[np.floating] | None = None
    ) -> None:
        """`parents` (J,), `positions` (T, J, 3), NaN for missing samples; `pose` (J, 3) stands in for the positions."""
        frames = spread_frames(len(positions), _LOOKED_AT_FRAMES)
        looked_at = np.asarray(positions[frames], np.float64)
        sampled: NDArray[np.bool_] = np.asarray(np.isfinite(looked_at).all(axis=2))
        self.is_sampled: NDArray[np.bool_] = np.asarray(sampled.any(axis=0))
        looked_at = looked_at[sampled[:, self.is_sampled].all(axis=1)]
        self.positions = self.moving = looked_at
        count = len(parents)
        self.parents = np.array(parents, np.intp)
        self.parents[~self.is_sampled] = -1
        lengths = np.zeros(count)
        children = np.flatnonzero((self.parents >= 0) & self.is_sampled[self.parents])
        self.parents[np.setdiff1d(np.arange(count), children)] = -1
        if len(looked_at) and len(children):
            bones = np.sort(_distances(looked_at, children, self.parents[children]), axis=0)
            low, lengths[children], high = (bones[round(part * (len(bones) - 1))] for part in (0.1, 0.5, 0.9))
            noise = _RIGID_NOISE * lengths.max()
            loose = high - low > _RIGID_VARIATION * lengths[children] + noise
            self.parents[children[loose]] = -1
            lengths[children[loose]] = 0
        self._parents: list[int] = self.parents.tolist()
        if pose is not None:
            self.positions = np.asarray(pose, np.float64)[None]
        self.depth = np.zeros(count, np.intp)
        self.path = np.zeros(count)
        self.is_above = np.zeros((count, count), np.bool_)
        for index, parent in enumerate(self._parents):
            if parent >= 0:
                self.depth[index] = self.depth[parent] + 1
                self.path[index] = self.path[parent] + lengths[index]
                self.is_above[:, index] = self.is_above[:, parent]
                self.is_above[parent, index] = True
        self.reach = self.path.copy()
        for index in range(count - 1, -1, -1):
            if (parent := self._parents[index]) >= 0:
                self.reach[parent] = max(self.reach[parent], self.reach[index])
        self.reach -= self.path

    def distances(self, first: Indices, second: Indices) -> Floats:
        """Median distances (K,) of pairs of joints."""
        return medians(_distances(self.positions[::2], first, second))

    def moving_distances(self, first: Indices, second: Indices) -> Floats:
        """Median distances (K,) of pairs of joints in motion, where limbs bend, whatever the pose that is measured."""
        return medians(_distances(self.moving[::2], first, second))

    def length(self, a: int, b: int) -> float:
        """Median distance between two joints."""
        return float(self.distances(np.array([a]), np.array([b]))[0])

    def below(self, index: int) -> list[int]:
        """All joints below one, in the order of the rig."""
        return np.flatnonzero(self.is_above[index]).tolist()

    def way(self, top: int, bottom: int) -> list[int]:
        """Joints from `top` down to `bottom`, which is below it or is it, both included."""
        if not (bottom == top or self.is_above[top, bottom]):
            raise ValueError(f"joint {bottom} is not below joint {top}")
        joints = [bottom]
        while joints[-1] != top:
            joints.append(self._parents[joints[-1]])
        return joints[::-1]

    def common_ancestors(self, first: Indices, second: Indices) -> Indices:
        """The deepest joint above or at both of each pair (K,); -1 if they are in different trees."""
        at_or_above = self.is_above | np.eye(len(self.parents), dtype=np.bool_)
        shared = at_or_above[:, first] & at_or_above[:, second]
        return np.where(shared.any(axis=0), np.where(shared, self.depth[:, None], -1).argmax(axis=0), -1)

    def towards(self, top: int, bottom: int) -> int:
        """The child of `top` on the way down to `bottom`, which is below it or is it; then `top` itself."""
        return self.way(top, bottom)[min(1, int(self.depth[bottom] - self.depth[top]))]


def _distances(positions: Floats, first: Indices, second: Indices) -> Floats:
    bones = positions[:, first] - positions[:, second]
    return np.asarray(np.sqrt(np.einsum("tki,tki->tk", bones, bones)))
