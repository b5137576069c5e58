"""Several bodies in one joint tree: where one ends and the next begins, and the motion of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..frames import spread_frames
from ..motion import Motion, Poses, Rig
from ..skeleton import JOINTS
from .branches import Branches, ancestors
from .rig_map import RigMap, guess_rig_map

#: A body has at least this many joints, and branches at least at the hips and at the shoulders.
_LEAST_JOINTS, _LEAST_BRANCHINGS = 8, 2
#: Larger trees are not separated: each of their subtrees would have to be looked at.
_MOST_JOINTS = 2000
_LOOKED_AT_FRAMES = 64
#: What has shorter legs than this part of those of the body around it is a hand of that body, whose fingers look like
#: legs and arms: people in one file have .3 or more.
_SMALLEST_LEGS = 0.25
#: A body that takes its limbs from several others is one body if its map is so much surer than theirs: hair and the
#: arms that it reaches may look like a second body above the first.
_SURER = 0.1
_LIMBS = ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")


def separate_bodies(motion: Motion) -> list[Motion]:
    """The bodies in a motion, in the order of its joints; the motion itself if it holds one body or none.

    Bodies are disjoint subtrees of which each has all that a rig map needs, or a tree and subtrees that hang from it.
    Each keeps the joints above it, as they move it too, and is named by its topmost joint. What else hangs from these
    joints, as props do, becomes a motion of its own.
    """
    if len(motion.rig.parents) > _MOST_JOINTS:
        return [motion]
    rig = motion.rig
    subtrees = _subtrees(rig.joint_names, rig.parents.tobytes(), rig.offsets.tobytes())
    if not subtrees.candidates:
        return [motion]
    tops = subtrees.tops
    if tops is None:
        tops = _tops(motion, subtrees)
        if rig.offsets.any():  # else nothing shows that the next motion with these joints is on the same rig
            subtrees.tops = tops
    if len(tops) < 2:
        return [motion]
    owners = subtrees.owners(tops)
    parts: dict[int, list[int]] = {}
    for joint, top in enumerate(owners):
        if top is not None:
            parts.setdefault(top, []).append(joint)
    return [
        _part(motion, sorted({*joints, *ancestors(subtrees.parents, top)}), rig.joint_names[top])
        for top, joints in sorted(parts.items())
    ]


def distinct_names(names: Sequence[str]) -> list[str]:
    """The names of the bodies of a file; a number is appended to a name that was used before."""
    copies: Counter[str] = Counter()
    distinct: dict[str, None] = {}
    for name in (name or "body" for name in names):
        copies[name] += 1
        while (candidate := name if copies[name] == 1 else f"{name}_{copies[name]}") in distinct:
            copies[name] += 1
        distinct[candidate] = None
    return list(distinct)


class _Subtrees:
    """The subtree below each joint of a tree: its size and its branchings.

    `tops` are the topmost joints of the bodies, found in the first motion on the rig and kept for the others.
    """

    def __init__(self, parents: NDArray[np.int32], offsets: NDArray[np.float64]) -> None:
        self.parents: list[int] = parents.tolist()
        count = len(self.parents)
        self.children: list[list[int]] = [[] for _ in range(count)]
        self.sizes, self.branchings = [1] * count, [0] * count
        for joint in range(count - 1, -1, -1):
            self.branchings[joint] += len(self.children[joint]) > 1
            parent = self.parents[joint]
            if parent >= 0:
                self.children[parent].insert(0, joint)
                self.sizes[parent] += self.sizes[joint]
                self.branchings[parent] += self.branchings[joint]

        self.roots = [joint for joint, parent in enumerate(self.parents) if parent < 0]
        self._whole = tuple(sum(counts[root] for root in self.roots) for counts in (self.sizes, self.branchings))
        self._offsets = offsets
        self.tops: list[int] | None = None
        self.candidates = {
            joint
            for joint in range(count)
            if self.may_be_body(joint) and self.leaves_room(joint) and self._has_legs_and_arms(joint)
        }

    def leaves_room(self, joint: int) -> bool:
        """Whether the tree without the subtree below a joint is large enough for a body."""
        size, branchings = self._whole
        return _suffices(size - self.sizes[joint], branchings - self.branchings[joint])

    def may_be_body(self, joint: int, without: Sequence[int] = ()) -> bool:
        """Whether the subtree below a joint, without some subtrees in it, is large enough for a body."""
        return _suffices(
            self.sizes[joint] - sum(self.sizes[inner] for inner in without),
            self.branchings[joint] - sum(self.branchings[inner] for inner in without),
        )

    def _has_legs_and_arms(self, top: int) -> bool:
        """Whether long branches part at two joints below a joint; true if bones are in channels and not in offsets."""
        joints = self.joints(top)
        place = {joint: index for index, joint in enumerate(joints)}
        parents = np.array([place.get(self.parents[joint], -1) for joint in joints], np.int32)
        return len(Branches(parents, self._offsets[None, joints]).partings) >= _LEAST_BRANCHINGS

    def joints(self, top: int, without: Sequence[int] = ()) -> list[int]:
        """The joints of a subtree, without those of some subtrees in it, in ascending order."""
        found, open_ends = [], [top]
        while open_ends:
            found.append(open_ends.pop())
            open_ends += [child for child in self.children[found[-1]] if child not in without]
        return sorted(found)

    def owners(self, tops: Sequence[int]) -> list[int | None]:
        """The topmost joint of the part that each joint belongs to; None for the joints above bodies."""
        above = {joint for top in tops for joint in ancestors(self.parents, top)}
        owners: list[int | None] = []
        for joint, parent in enumerate(self.parents):
            inherited = owners[parent] if parent >= 0 else None
            if joint in tops:
                owners.append(joint)
            elif inherited is not None:
                owners.append(inherited)
            else:
                owners.append(None if joint in above else joint)
        return owners


@lru_cache(maxsize=64)  # the takes of a recording share their rig
def _subtrees(joint_names: tuple[str, ...], parents: bytes, offsets: bytes) -> _Subtrees:
    return _Subtrees(np.frombuffer(parents, np.int32), np.frombuffer(offsets).reshape(-1, 3))


def _suffices(size: int, branchings: int) -> bool:
    return size >= _LEAST_JOINTS and branchings >= _LEAST_BRANCHINGS


@dataclass(frozen=True)
class _Body:
    """A body in a subtree."""

    leg_length: float
    confidence: float  # of its map
    limbs: tuple[int, ...]  # the joints of its limbs, in the whole rig


def _tops(motion: Motion, subtrees: _Subtrees) -> list[int]:
    """The topmost joint of each body, in ascending order; from the ends of the tree towards its roots."""
    frames = spread_frames(motion.frame_count, _LOOKED_AT_FRAMES)
    sample = Motion(motion.rig, motion.positions[frames], motion.fps, motion.source)
    found: list[dict[int, _Body]] = [{} for _ in subtrees.parents]
    for joint in range(len(found) - 1, -1, -1):
        children = subtrees.children[joint]
        inner = {top: body for child in children for top, body in found[child].items()}
        if len(children) == 1 and list(inner) == children:
            found[joint] = {joint: inner[children[0]]}
        elif len(children) < 2:
            found[joint] = inner
        elif inner:
            found[joint] = _outermost(sample, subtrees, joint, inner)
        elif joint in subtrees.candidates and (body := _body(sample, subtrees, joint)):
            found[joint] = {joint: body}
    return sorted(top for root in subtrees.roots for top in found[root])


def _outermost(sample: Motion, subtrees: _Subtrees, joint: int, inner: dict[int, _Body]) -> dict[int, _Body]:
    """The bodies in the subtree below a joint; `inner`, those below its children, may be limbs of one body."""
    whole = _body(sample, subtrees, joint)
    if whole is not None:
        inner = {top: body for top, body in inner.items() if body.leg_length >= _SMALLEST_LEGS * whole.leg_length}
        if not inner:
            return {joint: whole}
    outer = _body(sample, subtrees, joint, list(inner))
    parts = inner if outer is None else {joint: outer, **inner}
    if whole is None:
        return parts
    if len(parts) == 1 and joint in subtrees.candidates:
        return {joint: whole}
    owners = subtrees.owners(list(inner))
    has_limbs_of_several = len({owners[limb] if owners[limb] in inner else None for limb in whole.limbs}) > 1
    is_surer = whole.confidence > max(part.confidence for part in parts.values()) + _SURER
    return {joint: whole} if has_limbs_of_several and is_surer else parts


def _body(sample: Motion, subtrees: _Subtrees, top: int, without: Sequence[int] = ()) -> _Body | None:
    """The body in a subtree, without some subtrees in it; None if it lacks what a body needs."""
    if not subtrees.may_be_body(top, without):
        return None
    joints = subtrees.joints(top, without)
    part = _part(sample, joints, "")
    partings = Branches.moving(part.rig.parents, part.positions).partings  # far cheaper than a rig map
    if len(partings) < _LEAST_BRANCHINGS:
        return None
    rig_map = guess_rig_map(part.rig, part.positions)
    if rig_map.lacking:
        return None
    limbs = tuple(
        joints[index] for name, index in zip(JOINTS, rig_map.joints, strict=True)
        if index is not None and name.endswith(_LIMBS)
    )  # fmt: skip
    return _Body(_leg_length(rig_map, part.positions), rig_map.confidence, limbs)


def _leg_length(rig_map: RigMap, positions: NDArray[np.floating]) -> float:
    """The longer distance from hip, or pelvis, to ankle, or knee: medians over frames; `positions` (T, J, 3)."""
    index = dict(zip(JOINTS, rig_map.joints, strict=True))
    lengths = [0.0]
    for side in ("left", "right"):
        top, end = (
            next((index[name] for name in names if index[name] is not None), None)
            for names in ((f"{side}_hip", "pelvis"), (f"{side}_ankle", f"{side}_knee"))
        )
        if top is not None and end is not None:
            lengths.append(float(np.nanmedian(np.linalg.norm(positions[:, end] - positions[:, top], axis=1))))
    return max(lengths)


def _part(motion: Motion, joints: Sequence[int], name: str) -> Motion:
    """Some joints of a motion, ascending, as a motion; a joint whose parent is not among them is a root."""
    rig = motion.rig
    kept = np.array(joints)
    place = np.full(len(rig.parents) + 1, -1, np.int32)  # the last is the place of no parent
    place[kept] = np.arange(len(kept), dtype=np.int32)
    columns = np.flatnonzero(np.isin(rig.channel_joints, kept))
    part = Rig(
        joint_names=tuple(rig.joint_names[joint] for joint in joints),
        parents=place[rig.parents[kept]],
        offsets=rig.offsets[kept],
        rest_rotations=None if rig.rest_rotations is None else rig.rest_rotations[kept],
        channel_joints=place[rig.channel_joints[columns]],
        channel_kinds=rig.channel_kinds[columns],
    )
    poses = motion.local_poses
    return replace(
        motion,
        rig=part,
        positions=np.ascontiguousarray(motion.positions[:, kept]),
        body=name,
        channels=None if motion.channels is None else np.ascontiguousarray(motion.channels[:, columns]),
        local_poses=None if poses is None else Poses(poses.rotations[:, kept], poses.translations[:, kept]),
    )
