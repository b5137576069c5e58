"""From a track to joints: legs and arms by two-bone inverse kinematics, the pelvis no higher than the legs reach."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..motion import JOINTS, MIRROR, PARENTS
from ..motion.skeleton import joint
from .body import Body
from .curves import Floats
from .rotations import about, apply, turned, unit
from .track import LEFT, RIGHT, BodyTrack

_SIDES = ((LEFT, "left"), (RIGHT, "right"))
#: Bend that elbows and knees do not exceed, radians.
MAX_BEND = np.radians(150)
#: How near the floor a foot counts as carrying, metres: the pelvis comes down for it.
_CONTACT_M = 0.03
_SMOOTHING_S = 0.05
#: In limb lengths: how far a carrying leg reaches, where limbs begin to resist, and where they end.
_CARRYING_REACH, _SOFT_REACH, _LONGEST_REACH = 0.988, 0.975, 0.998


@dataclass(frozen=True, eq=False)
class Performance:
    """A solved motion: what any rig of the same body can be made to do."""

    body: Body
    fps: float
    rotations: Floats  # (T, 22, 3, 3) of each canonical joint in the world, relative to T-pose facing +Z
    root: Floats  # (T, 3) pelvis, metres

    def positions(self) -> Floats:
        """World positions (T, 22, 3) of the canonical joints, metres."""
        positions = np.empty((len(self.root), len(JOINTS), 3))
        positions[:, 0] = self.root
        for index, parent in enumerate(PARENTS[1:], start=1):
            positions[:, index] = positions[:, parent] + self.rotations[:, parent] @ self.body.offsets[index]
        return positions

    def moved_to(self, place: Floats, heading: float) -> Performance:
        """The same from another place (3,), added, and with the heading turned by `heading` radians to the left."""
        turn = about("y", heading)
        return replace(self, rotations=turn @ self.rotations, root=self.root @ turn.T + place)

    def mirrored(self) -> Performance:
        """The same with left and right exchanged."""
        flip = np.array([-1.0, 1.0, 1.0])
        rotations = self.rotations[:, list(MIRROR)] * flip[:, None] * flip
        return replace(self, rotations=rotations, root=self.root * flip)


def solve(track: BodyTrack, body: Body, fps: float) -> Performance:
    """Joint rotations and root path of a track, at the track's own frames."""
    rotations = np.tile(np.eye(3), (len(track.pelvis), len(JOINTS), 1, 1))
    pelvis = about("y", track.heading) @ turned(track.tilt)
    half_spine, half_head = turned(track.spine / 2), turned(track.head / 2)
    chest = pelvis @ half_spine @ half_spine
    rotations[:, 0] = pelvis
    rotations[:, joint("spine1")] = pelvis @ half_spine
    rotations[:, joint("spine2")] = rotations[:, joint("spine3")] = chest  # the rib cage is one piece
    rotations[:, joint("neck")] = chest @ half_head
    rotations[:, joint("head")] = chest @ half_head @ half_head
    feet = [_Foot(track, side, body) for side, _ in _SIDES]
    root = _reachable(track, pelvis, feet, body, fps)
    for (side, name), foot in zip(_SIDES, feet, strict=True):
        _solve_leg(rotations, track, root, foot, side, name, body)
    chest_position = root + pelvis @ body.offset("spine1")
    chest_position = chest_position + rotations[:, joint("spine1")] @ body.offset("spine2")
    chest_position = chest_position + chest @ body.offset("spine3")
    for side, name in _SIDES:
        _solve_arm(rotations, track, chest_position, side, name, body)
    return Performance(body, fps, rotations, root)


class _Foot:
    """Where a foot puts its ankle, and how it and its toes are turned."""

    def __init__(self, track: BodyTrack, side: int, body: Body) -> None:
        pitch, lift = track.foot_pitch[:, side], track.feet[:, side, 1]
        yaw = about("y", track.foot_yaw[:, side])
        ball, toe, heel = body.offset("left_foot"), body.offset("left_toe_end"), -0.05 * body.scale
        up = np.array([0.0, body.ankle_height_m, 0.0])
        pivot = np.where(pitch[:, None] > 0, ball, (0.0, -body.ankle_height_m, heel))
        self.rotation = yaw @ about("x", pitch)
        flat = np.exp(-lift / _CONTACT_M)  # toes of a foot on the floor lie flat; lifted they follow the foot
        bend = np.clip(np.minimum(pitch, 2.4 - pitch), 0.0, 0.9)  # none where the foot lies on its back
        self.toe_rotation = yaw @ about("x", pitch - bend * (0.5 + 0.5 * flat))
        self.ankle = track.feet[:, side] + up + apply(yaw, pivot) - apply(self.rotation, pivot)
        self.carrying = np.exp(-np.maximum(lift, 0) / _CONTACT_M)
        ball_y = self.ankle[:, 1] + (self.rotation @ ball)[:, 1]
        toe_y = ball_y + (self.toe_rotation @ toe)[:, 1]
        heel_y = self.ankle[:, 1] + (self.rotation @ np.array([0.0, -body.ankle_height_m, heel]))[:, 1]
        self.ankle[:, 1] += np.maximum(0.0, -np.minimum(np.minimum(ball_y, toe_y), heel_y))


def _reachable(track: BodyTrack, pelvis: Floats, feet: list[_Foot], body: Body, fps: float) -> Floats:
    """The pelvis path, lowered where a carrying leg would not reach its foot."""
    drop = np.zeros(len(track.pelvis))
    for (_, name), foot in zip(_SIDES, feet, strict=True):
        hip = track.pelvis + pelvis @ body.offset(f"{name}_hip")
        away = np.hypot(*(hip - foot.ankle)[:, ::2].T)
        highest = foot.ankle[:, 1] + np.sqrt(np.maximum((_CARRYING_REACH * body.leg_m) ** 2 - away**2, 0.0))
        drop = np.maximum(drop, np.maximum(hip[:, 1] - highest, 0.0) * foot.carrying)
    reach = max(1, round(2.5 * _SMOOTHING_S * fps))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (_SMOOTHING_S * fps)) ** 2)
    padded = np.pad(drop, reach, mode="edge")
    smooth = np.asarray(np.convolve(padded, kernel / kernel.sum(), mode="valid"), np.float64)
    return track.pelvis - smooth[:, None] * (0.0, 1.0, 0.0)


def _softly_limited(reach: Floats) -> Floats:
    """A limb's reach, in its lengths, kept below 1 without a jerk: a knee that locks at full speed would snap."""
    beyond = np.maximum(reach - _SOFT_REACH, 0.0) / (_LONGEST_REACH - _SOFT_REACH)
    return np.minimum(reach, _SOFT_REACH) + (_LONGEST_REACH - _SOFT_REACH) * (1 - np.exp(-beyond))


def _two_bones(start: Floats, target: Floats, side: Floats, upper: float, lower: float) -> tuple[Floats, ...]:
    """Directions of two bones from `start` to `target` (T, 3) and of the bend, which lies towards `side`."""
    nearest = float(np.sqrt(upper**2 + lower**2 + 2 * upper * lower * np.cos(MAX_BEND)))
    distance = np.maximum(np.linalg.norm(target - start, axis=1), nearest)[:, None]
    distance = _softly_limited(distance / (upper + lower)) * (upper + lower)
    along = unit(target - start)
    bend = unit(side - along * np.sum(side * along, axis=1, keepdims=True))
    cosine = (upper**2 + distance**2 - lower**2) / (2 * upper * distance)
    upper_way = along * cosine + bend * np.sqrt(np.maximum(1 - cosine**2, 0.0))
    return upper_way, unit(along * distance - upper_way * upper), bend


def _frame(long_axis: Floats, hinge: Floats, axis: str) -> Floats:
    """Rotations whose `axis` column ("x" or "y") is `long_axis` and whose other one of the two is `hinge`."""
    if axis == "y":
        return np.stack([hinge, long_axis, np.cross(hinge, long_axis)], axis=-1)
    return np.stack([long_axis, hinge, np.cross(long_axis, hinge)], axis=-1)


def _solve_leg(
    rotations: Floats, track: BodyTrack, root: Floats, foot: _Foot, side: int, name: str, body: Body
) -> None:
    hip = root + rotations[:, 0] @ body.offset(f"{name}_hip")
    outward = track.knee_out[:, side] * (1 if side == LEFT else -1)
    yaw = track.heading + track.tilt[:, 1] * 0.5
    knee_yaw = yaw + np.angle(np.exp(1j * (track.foot_yaw[:, side] - yaw))) * 0.7 + outward
    # Forward under a hanging leg, up over one that is stretched out in front.
    knee_side = about("y", knee_yaw)[..., 2] + np.array([0.0, 0.5, 0.0])
    thigh, shin = -body.offset(f"{name}_knee")[1], -body.offset(f"{name}_ankle")[1]
    thigh_way, shin_way, knee = _two_bones(hip, foot.ankle, knee_side, thigh, shin)
    hinge = unit(np.cross(-unit(foot.ankle - hip), knee))
    rotations[:, joint(f"{name}_hip")] = _frame(-thigh_way, hinge, "y")
    rotations[:, joint(f"{name}_knee")] = _frame(-shin_way, hinge, "y")
    rotations[:, joint(f"{name}_ankle")] = foot.rotation
    rotations[:, joint(f"{name}_foot")] = foot.toe_rotation


def _solve_arm(rotations: Floats, track: BodyTrack, spine3: Floats, side: int, name: str, body: Body) -> None:
    chest, sign = rotations[:, joint("spine3")], 1.0 if side == LEFT else -1.0
    outward = np.array([sign, 1.0, 1.0])
    wrist, elbow = track.wrists[:, side] * outward, apply(chest, track.elbows[:, side] * outward) * body.arm_m
    collar_offset, shoulder_offset = body.offset(f"{name}_collar"), body.offset(f"{name}_shoulder")
    resting = spine3 + chest @ (collar_offset + shoulder_offset)
    grip = track.grip[:, side, None]
    target = resting + apply(chest, wrist) * body.arm_m
    target += grip * (track.grip_points[:, side] - target)
    # The shoulder blade follows the hand: up with a raised arm, forward with one that reaches forward.
    reach = apply(chest.swapaxes(-1, -2), target - resting) / body.arm_m
    raised, ahead = np.clip(reach[:, 1] + 0.5, 0.0, 1.6) * 0.26, np.clip(reach[:, 2] - 0.4, 0.0, 0.7) * 0.35
    collar = chest @ about("y", -sign * ahead) @ about("z", sign * raised)
    rotations[:, joint(f"{name}_collar")] = collar
    shoulder = spine3 + chest @ collar_offset + collar @ shoulder_offset
    elbow_side = elbow + (resting - shoulder) * (1 - grip)
    upper, lower = abs(body.offset(f"{name}_elbow")[0]), abs(body.offset(f"{name}_wrist")[0])
    upper_way, lower_way, bend = _two_bones(shoulder, target, elbow_side, upper, lower)
    upright = unit(np.cross(unit(target - shoulder), bend)) * sign  # of a T-pose with the elbow to the back: up
    rotations[:, joint(f"{name}_shoulder")] = _frame(upper_way * sign, upright, "x")
    forearm = _frame(lower_way * sign, upright, "x")
    rotations[:, joint(f"{name}_elbow")] = forearm
    rotations[:, joint(f"{name}_wrist")] = forearm @ about("z", -sign * track.hand_bend[:, side])
