"""A motion's left-right mirror image on its own rig: the same joints and bones, turned as the other side's were.

Let S mirror the world, and M_j, a reflection too, lead from the frame of the joint m on the other side into that of
joint j. With global rotations `S G_m M_j.T`, bones that are alike on both sides are where the mirror shows them; the
local rotations are then `M_p L_m M_j.T` (p the parent of j), local translations `M_p t_m`. As M_m = M_j.T, to mirror
twice gives the motion again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

from ..formats import ReadingOptions
from ..motion import Motion, RigMap
from ..motion.canonical.conversion import measure_axes
from ..motion.canonical.world_axes import find_world_axes
from ..motion.motion import Poses
from ..sources.siblings import siblings_evidence
from .partners import mirror_partners

#: Number of frames, evenly spread, from which the pose of joints is measured.
_LOOKED_AT = 64
#: A rig is symmetric as it is written if its bones, mirrored, miss their partners by less than this part of them.
_SYMMETRIC = 0.25
#: Weight of the frames of joints relative to the direction of bones, which they must not bend.
_FRAMES = 1e-2
#: Weight of the mean pose if the frames are found from it.
_MEAN_POSE = 0.1
#: A local translation that varies by less than this part of itself is a bone.
_RIGID = 1e-2
_AXIS_REFLECTIONS = tuple(np.diag(np.where(np.arange(3) == axis, -1.0, 1.0)) for axis in range(3))
#: The 24 reflections that lead axes to axes.
_BETWEEN_AXES = np.array(
    [
        matrix
        for order in permutations(range(3))
        for signs in product((-1.0, 1.0), repeat=3)
        if np.linalg.det(matrix := np.eye(3)[list(order)] * np.array(signs)[:, None]) < 0
    ]
)


@dataclass(frozen=True, eq=False)
class Mirror:
    """How the poses of one rig are mirrored.

    Attributes:
        partners: (J,) the joint on the other side.
        into_parent: (J, 3, 3) M of each joint's parent, S for a root.
        own: (J, 3, 3) M of each joint.
    """

    partners: NDArray[np.intp]
    into_parent: NDArray[np.float64]
    own: NDArray[np.float64]

    def of(self, poses: Poses) -> Poses:
        """The mirror image of local rotations (T, J, 3, 3) and translations (T, J, 3)."""
        rotations, translations = poses
        mirrored = self.into_parent @ rotations[:, self.partners] @ self.own.transpose(0, 2, 1)
        moved = np.einsum("jab,tjb->tja", self.into_parent, translations[:, self.partners])
        return Poses(mirrored, moved)


def find_mirror(motion: Motion, rig_map: RigMap) -> Mirror:
    """The mirror of a motion's rig, which must have rotations; the plane is the world's, upright through the origin.

    The frames of both sides are compared as the rig is written if that is symmetric; otherwise by the nearest rotation
    in steps of 90 degrees in the mean pose. In both cases bones that differ a little between the sides of a captured
    body get each other's directions, so that only their lengths stay unmirrored.

    Raises:
        RigError: the two sides have no joints to pair, or not the same ones.
    """
    rig = motion.rig
    partners = mirror_partners(rig, rig_map, motion.source)
    looked_at = np.unique(np.linspace(0, motion.frame_count - 1, _LOOKED_AT).astype(int))
    rotations, translations = motion.poses(looked_at)
    world = _world_reflection(motion, rig_map)
    mean_turn, bones = rotations.mean(axis=0), translations.mean(axis=0)
    rigid = translations.std(axis=0).max(axis=1) <= _RIGID * np.linalg.norm(bones, axis=1)
    rigid &= rig.parents >= 0
    bones[~rigid] = 0.0
    plane = _own_plane(bones, partners)

    own = np.empty((len(partners), 3, 3))
    into_parent = np.empty_like(own)
    for joint, (parent, partner) in enumerate(zip(rig.parents.tolist(), partners.tolist(), strict=True)):
        if parent < 0:
            into_parent[joint] = world
        elif partners[parent] != rig.parents[partner]:  # a joint of one side only is mirrored for itself
            into_parent[joint] = _AXIS_REFLECTIONS[0] if plane is None else plane
        else:
            into_parent[joint] = own[parent]
        children = np.flatnonzero((rig.parents == joint) & (rig.parents[partners] == partner))
        to, start = bones[children], bones[partners[children]]
        directions = to.T @ start / max(float(np.linalg.norm(to) * np.linalg.norm(start)), 1e-300)
        if parent < 0 and (np.abs(rotations[:, joint] - mean_turn[joint]) < 1e-6).all():
            own[joint] = mean_turn[joint].T @ world @ mean_turn[joint]  # it does not turn, and must not
            continue
        frames = plane
        if frames is None:
            held = mean_turn[joint].T @ into_parent[joint] @ mean_turn[partner]
            evidence = directions + _MEAN_POSE * held
            frames = _BETWEEN_AXES[np.argmax(np.einsum("nab,ab->n", _BETWEEN_AXES, evidence))]
        own[joint] = _nearest_reflection(directions + _FRAMES * frames)
    return Mirror(partners, into_parent, own)


def _own_plane(bones: NDArray[np.float64], partners: NDArray[np.intp]) -> NDArray[np.float64] | None:
    """The reflection of an axis that leads all bones (J, 3) to their partners', as the rig is written; None: no one."""
    length = max(float(np.linalg.norm(bones)), 1e-300)
    missed = [float(np.linalg.norm(bones @ plane - bones[partners])) / length for plane in _AXIS_REFLECTIONS]
    best = int(np.argmin(missed))
    return _AXIS_REFLECTIONS[best] if missed[best] < _SYMMETRIC else None


def _nearest_reflection(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The orthogonal matrix with determinant -1 that is nearest to a matrix (Kabsch 1976, for reflections)."""
    left, _, right = np.linalg.svd(matrix)
    return np.asarray(left @ np.diag([1.0, 1.0, -np.linalg.det(left) * np.linalg.det(right)]) @ right)


def _world_reflection(motion: Motion, rig_map: RigMap) -> NDArray[np.float64]:
    """The reflection that `mretrieve.motion.mirror` is, in the axes of the file."""
    others = partial(siblings_evidence, motion, rig_map, ReadingOptions())
    across = find_world_axes(measure_axes(motion, rig_map), others).canonical_from_file[0]
    return np.asarray(np.eye(3) - 2 * np.outer(across, across))
