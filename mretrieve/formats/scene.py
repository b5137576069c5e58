"""Scenes of nodes with translation, rotation and scale (glTF, FBX): which nodes are joints, and their motions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..motion.motion import Motion
from ..motion.rotations import from_quaternions
from .keyframes import Track
from .placements import Placements, placed_motion
from .reader import MOST_JOINTS

#: Rotations and translations of a motion may take this much memory (bytes).
LARGEST_POSES = 1 << 30
#: A tree of fewer joints is a prop, a camera or the handle of a rig.
FEWEST_JOINTS = 3


class _Placement(NamedTuple):
    """A node in its parent or in the world, for T frames, or one if it does not move."""

    matrices: NDArray[np.float64]  # (T, 3, 3), with scale
    positions: NDArray[np.float64]  # (T, 3)
    rotations: NDArray[np.float64]  # (T, 3, 3)


@dataclass(frozen=True, eq=False)
class Scene:
    """The N nodes of a file, as they are without an animation.

    Attributes:
        source: the file.
        names: N names, not always unique.
        parents: (N,) index of each node's parent, which precedes it; -1 for a root.
        translations: (N, 3) in the parent.
        rotations: (N, 4) quaternions x, y, z, w.
        scales: (N, 3).
        is_joint: (N,) which nodes the file calls bones or joints.
        has_shape: (N,) which nodes are meshes, cameras or lights.
        declared_up: as in `Motion`.
    """

    source: Path
    names: tuple[str, ...]
    parents: NDArray[np.int32]
    translations: NDArray[np.float64]
    rotations: NDArray[np.float64]
    scales: NDArray[np.float64]
    is_joint: NDArray[np.bool_]
    has_shape: NDArray[np.bool_]
    declared_up: str | None = None

    def joints(self, tracks: Sequence[Track]) -> NDArray[np.intp]:
        """The nodes (K,) that are joints, if all animations of the file consist of these tracks.

        They are the nodes that the file calls so and those that move; in a file that calls none so also those below a
        node that moves.
        """
        kept = self.is_joint.copy()
        kept[[track.node for track in tracks if track.target != "scale"]] = True
        if not self.is_joint.any():
            for node, parent in enumerate(self.parents.tolist()):
                kept[node] |= parent >= 0 and kept[parent] and not self.has_shape[node]
        return np.flatnonzero(kept)

    def motions(
        self, joints: NDArray[np.intp], tracks: Sequence[Track], fps: float, take: str = ""
    ) -> Iterator[Motion]:
        """A motion for each tree of joints that a take moves; local rotations are relative to the pose without a take.

        Args:
            joints: the nodes that are joints.
            tracks: the take, with a track at least.
            fps: at which it is sampled, frames per second.
            take: its name, if the file has several.

        Raises:
            FormatError: the poses do not fit in memory.
        """
        start_s, end_s = min(track.times_s[0] for track in tracks), max(track.times_s[-1] for track in tracks)
        self._require_memory((end_s - start_s) * fps + 1)
        times_s = start_s + np.arange(int((end_s - start_s) * fps + 1e-3) + 1) / fps
        moved = {track.node for track in tracks if track.target != "scale"}
        roots = self._roots(joints)
        trees = [joints[roots == root] for root in np.unique(roots)]
        trees = [tree for tree in trees if len(tree) >= FEWEST_JOINTS and not moved.isdisjoint(tree.tolist())]
        moving = self._placements(tracks, times_s) if trees else []
        for tree in trees:
            root_name = self.names[tree[0]] if len(trees) > 1 else ""
            body = "/".join(part for part in (take, root_name) if part)
            yield self._motion(tree, moving, len(times_s), fps, body)

    def _motion(
        self, nodes: NDArray[np.intp], moving: list[_Placement], frame_count: int, fps: float, body: str
    ) -> Motion:
        number_of = {node: number for number, node in enumerate(nodes.tolist())}
        parents = np.array([number_of.get(parent, -1) for parent in self._joints_above(nodes)], np.int32)
        rest = Placements(
            np.stack([self._rest[node].rotations[0] for node in nodes]),
            np.stack([self._rest[node].positions[0] for node in nodes]),
        )
        frames = Placements(np.empty((frame_count, len(nodes), 3, 3)), np.empty((frame_count, len(nodes), 3)))
        for number, node in enumerate(nodes.tolist()):
            frames.rotations[:, number] = moving[node].rotations
            frames.positions[:, number] = moving[node].positions
        names = [self.names[node] for node in nodes]
        return placed_motion(self.source, names, parents, rest, frames, fps, body=body, declared_up=self.declared_up)

    @cached_property
    def _rest(self) -> list[_Placement]:
        return self._placements([], np.zeros(1))

    def _placements(self, tracks: Sequence[Track], times_s: NDArray[np.float64]) -> list[_Placement]:
        """All nodes in the world at times (T,)."""
        of_node = {(track.node, track.target): track.at(times_s) for track in tracks}
        rotations = from_quaternions(self.rotations)
        placed: list[_Placement] = []
        for node, parent in enumerate(self.parents.tolist()):
            translation = of_node.get((node, "translation"), self.translations[node][None])
            rotation = of_node.get((node, "rotation"), rotations[node][None])
            scale = of_node.get((node, "scale"), self.scales[node][None])
            own = _Placement(rotation * scale[:, None, :], translation, rotation)
            if parent >= 0:
                above = placed[parent]
                moved = np.einsum("tij,tj->ti", above.matrices, own.positions)
                own = _Placement(
                    above.matrices @ own.matrices, above.positions + moved, above.rotations @ own.rotations
                )
            placed.append(own)
        return placed

    def _joints_above(self, joints: NDArray[np.intp]) -> list[int]:
        """The nearest joint above each, -1 for none."""
        kept, above = set(joints.tolist()), []
        for node in joints.tolist():
            parent = int(self.parents[node])
            while parent >= 0 and parent not in kept:
                parent = int(self.parents[parent])
            above.append(parent)
        return above

    def _roots(self, joints: NDArray[np.intp]) -> NDArray[np.intp]:
        """The joint (K,) at the root of each joint's tree."""
        roots: dict[int, int] = {}
        for joint, parent in zip(joints.tolist(), self._joints_above(joints), strict=True):
            roots[joint] = roots.get(parent, joint)
        return np.array(list(roots.values()), np.intp)

    def _require_memory(self, frame_count: float) -> None:
        if len(self.names) > MOST_JOINTS:
            raise FormatError(f"{self.source}: {len(self.names)} nodes are too many; export the skeleton only")
        if not frame_count * len(self.names) * 96 <= LARGEST_POSES:
            raise FormatError(
                f"{self.source}: {len(self.names)} nodes in {frame_count:.0f} frames take more than "
                f"{LARGEST_POSES >> 20} MiB; cut the take or export the skeleton only"
            )


def depth_first(parents: Sequence[int]) -> list[int]:
    """The nodes (N,) so that parents precede their children, and each subtree is in one piece.

    Raises:
        ValueError: nodes are their own ancestors.
    """
    children: dict[int, list[int]] = {}
    for node, parent in enumerate(parents):
        children.setdefault(parent, []).append(node)
    order: list[int] = []
    waiting = children.get(-1, [])[::-1]
    while waiting:
        order.append(waiting.pop())
        waiting += reversed(children.get(order[-1], []))
    if len(order) < len(parents):
        raise ValueError("nodes are their own ancestors")
    return order
