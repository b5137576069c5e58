"""The rest pose or T-pose that an exporter put before the motion, as tools that bind a skin to the rig ask for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..motion import ROTATE_X, Motion
from ..rotations import unit_vectors
from ..skeleton import joint

_LONGEST_REST_S = 2.0
#: Mean displacement of the joints, in metres, below which a body holds still, and above which it has jumped.
_STILL_M, _JUMP_M = 2e-4, 0.03
#: Faster than this, as a mean of the joints relative to their centre, nobody moves.
_FASTEST_M_PER_S = 5.0
#: The jump out of any rest pose is this many times the largest displacement in the frames that follow.
_JUMP_RATIO, _LOOK_AHEAD_FRAMES = 3.0, 6
#: Most motions move within these frames.
_QUICK_LOOK_FRAMES = 4
#: A body that goes on moving as it left a pose takes a next step in this direction (cosine) of this part of the length.
_SAME_DIRECTION, _LEAST_NEXT_STEP = 0.5, 0.5
#: Between frames farther apart a body may do anything.
_LONGEST_STEP_S = 0.15
#: Rotations up to this, in radians or as elements of matrices, are none.
_NO_TURN = 1e-4
#: Deviations of limbs in a rest pose with arms anywhere, in a T-pose, and, beyond it, in a pose that is none; degrees.
_STRAIGHT_DEG, _HANGING_DEG, _T_POSE_DEG, _OTHER_POSE_DEG = 20.0, 32.0, 10.0, 25.0
#: Nobody holds all limbs so exactly in T-pose, in degrees.
_EXACT_DEG = 0.1


def leading_rest_frames(motion: Motion, positions: NDArray[np.floating], mapped: NDArray[np.intp], scale: float) -> int:
    """Number of frames at the start of a motion that were not captured: 0 for most files.

    The body holds a pose and is in another from one frame to the next. The pose is one of these:

    - the rig's zero pose: all joints below the roots have no rotation, and have some after it. It goes unless the body
      moves on as it left, at a speed that people reach: then the motion was made, and starts there;
    - an exact T-pose, under the same condition, however near the motion comes to it;
    - a T-pose that the body leaves by a jump and does not move on as it left;
    - straight limbs, hanging legs, arms anywhere, left by a jump far larger than the steps that follow, or faster than
      people move.

    So a performer who stands in T-pose and moves out of it is kept at any rate that shows this. The axes of the file
    are not known yet: legs hang, and arms are level, if the axis that is nearest to the trunk is up.

    Args:
        motion: whose rotations are looked at, if it has any.
        positions: (T, 22, 3) of its canonical joints in the unit and axes of the file.
        mapped: the canonical joints that the rig has; the others are not looked at.
        scale: metres per unit.
    """
    longest = max(1, int(_LONGEST_REST_S * motion.fps))
    if len(positions) < 2:
        return 0
    for looked_at in (_QUICK_LOOK_FRAMES, longest):
        ahead = positions[: looked_at + _LOOK_AHEAD_FRAMES + 2, mapped]
        relative = ahead - ahead.mean(axis=1, keepdims=True)
        displacement = np.diff(relative, axis=0)
        steps = np.sqrt(np.einsum("tji,tji->tj", displacement, displacement)).mean(axis=1) * scale
        last = int(np.argmax(steps > _STILL_M))  # 0 if nothing moves
        if steps[last] > _STILL_M and last < looked_at:
            break
    step, following = float(steps[last]), steps[last + 1 : last + 1 + _LOOK_AHEAD_FRAMES]
    if step <= _STILL_M or last >= longest:
        return 0
    too_fast = step * motion.fps > _FASTEST_M_PER_S
    breaks_off = too_fast or not _moves_on(displacement[last : last + 2], motion.fps)
    if breaks_off and _is_zero_pose(motion, last) and not _is_zero_pose(motion, last + 1):
        return last + 1
    if step < _JUMP_M and not breaks_off:
        return 0
    pose, next_pose = positions[last], positions[last + 1]
    up = _trunk_axis(pose, mapped)
    limbs, legs, arms = _deviations_deg(pose, mapped, up)
    from_t_pose = max(limbs, legs, arms)
    if breaks_off and from_t_pose < _EXACT_DEG and _bends(relative[last : last + 2] * scale):
        return last + 1
    if step < _JUMP_M:
        return 0
    if breaks_off and from_t_pose < _T_POSE_DEG and max(_deviations_deg(next_pose, mapped, up)) > _OTHER_POSE_DEG:
        return last + 1
    stands_out = too_fast or not len(following) or step >= _JUMP_RATIO * following.max()
    return last + 1 if stands_out and limbs < _STRAIGHT_DEG and legs < _HANGING_DEG else 0


def _moves_on(displacement: NDArray[np.floating], fps: float) -> bool:
    """Whether the second of two displacements (2, J, 3) between frames carries on the first."""
    if len(displacement) < 2 or fps * _LONGEST_STEP_S < 1:
        return False
    first, second = displacement.reshape(2, -1)
    lengths = np.linalg.norm(first), np.linalg.norm(second)
    same_direction = float(first @ second) > _SAME_DIRECTION * lengths[0] * lengths[1]
    return bool(same_direction and lengths[1] >= _LEAST_NEXT_STEP * lengths[0])


def _bends(poses: NDArray[np.floating]) -> bool:
    """Whether two poses (2, J, 3), metres about the centre of their joints, differ by more than a turn of the body."""
    from_centre = np.sqrt(np.einsum("tji,tji->tj", poses, poses))
    return bool(np.abs(from_centre[1] - from_centre[0]).max() > _STILL_M)


def _is_zero_pose(motion: Motion, frame: int) -> bool:
    """Whether all joints below the roots are unturned in a frame; False for a motion without rotations."""
    below_root = motion.rig.parents >= 0
    if motion.channels is not None:
        turning = (motion.rig.channel_kinds >= ROTATE_X) & below_root[motion.rig.channel_joints]
        turns = motion.channels[frame, turning]
    elif motion.local_poses is not None:
        turns = motion.local_poses.rotations[frame, below_root] - np.eye(3)
    else:
        return False
    return turns.size > 0 and bool(np.abs(turns).max() <= _NO_TURN)


def _trunk_axis(pose: NDArray[np.floating], mapped: NDArray[np.intp]) -> NDArray[np.float64]:
    """The direction (3,) along an axis that is nearest to that of the trunk of a pose (22, 3), from hips to neck."""
    lower, upper = ("left_hip", "right_hip"), ("neck", "head", "left_shoulder", "right_shoulder")
    hips, top = ([joint(name) for name in names if joint(name) in mapped] for names in (lower, upper))
    trunk = pose[top or [joint("neck")]].mean(axis=0) - pose[hips or [joint("pelvis")]].mean(axis=0)
    longest = int(np.argmax(np.abs(trunk)))
    return np.asarray(np.sign(trunk[longest]) * np.eye(3)[longest])


def _deviations_deg(
    pose: NDArray[np.floating], mapped: NDArray[np.intp], up: NDArray[np.float64]
) -> tuple[float, float, float]:
    """How far from straight the limbs of a pose (22, 3) are, thighs from hanging and upper arms from level.

    Each is the largest of the limbs that are known: 0 if none is, but 90 for arms.
    """
    known = set(mapped.tolist())
    legs, arms = (
        [limb for side in ("left", "right") if known.issuperset(limb := [joint(f"{side}_{part}") for part in parts])]
        for parts in (("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist"))
    )
    if not legs + arms:
        return 0.0, 0.0, 90.0
    ends = pose[legs + arms].astype(np.float64)
    upper, lower = unit_vectors(ends[:, 1] - ends[:, 0]), unit_vectors(ends[:, 2] - ends[:, 1])
    straight, from_up = _angles_deg(np.einsum("li,li->l", upper, lower)), _angles_deg(upper @ up)
    hanging, level = 180 - from_up[: len(legs)], np.abs(90 - from_up[len(legs) :])
    return float(straight.max()), float(hanging.max(initial=0.0)), float(level.max()) if arms else 90.0


def _angles_deg(cosines: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(np.degrees(np.arccos(np.clip(cosines, -1, 1))))
