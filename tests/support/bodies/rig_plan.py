"""Rigs as plans: joints with a place in T-pose and the segment that turns them; and people moved on such rigs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mretrieve.motion import JOINTS
from support.bodies.figure import Floats, Movement


@dataclass(frozen=True)
class RigJoint:
    """One joint of a rig.

    Attributes:
        slot: what it is, unique in its rig: "left_knee", "spine.2", "left_index.1"; names are derived from it.
        parent: the slot of its parent; "" for the root.
        place: metres from the pelvis in T-pose.
        follows: the canonical joint with which it turns; "" turns with its parent, "world" not at all.
        plays: the canonical joint that it is; "" for helpers, fingers, hair.
        sway: (amplitude in radians, frequency in Hz, phase, axis 0 to 2) of its own swinging, on top.
        tracks: a joint whose position it keeps in the world though it hangs elsewhere, as targets do; "" for none.
        is_end: it only marks the end of a bone.
    """

    slot: str
    parent: str
    place: tuple[float, float, float]
    follows: str = ""
    plays: str = ""
    sway: tuple[float, float, float, int] | None = None
    tracks: str = ""
    is_end: bool = False


Plan = tuple[RigJoint, ...]


def located(place: Floats, *shift: float) -> tuple[float, float, float]:
    """A place, or one that is shifted by three numbers from it."""
    x, y, z = (np.asarray(place, float) + (np.array(shift) if shift else 0.0)).tolist()
    return (x, y, z)


def depth_first(joints: Sequence[RigJoint]) -> Plan:
    """The joints as a file lists them, a parent before its children and each branch together."""
    children: dict[str, list[RigJoint]] = {}
    for joint in joints:
        children.setdefault(joint.parent, []).append(joint)
    ordered: list[RigJoint] = []

    def add(joint: RigJoint) -> None:
        ordered.append(joint)
        for child in children.get(joint.slot, ()):
            add(child)

    for root in children.get("", ()):
        add(root)
    if len(ordered) != len(joints):
        lost = {joint.slot for joint in joints} - {joint.slot for joint in ordered}
        raise ValueError(f"joints without a parent, or two of one slot: {sorted(lost)}")
    return tuple(ordered)


def without(plan: Sequence[RigJoint], slots: Sequence[str]) -> Plan:
    """The plan without some joints; their children hang from the nearest joint that is left."""
    parent_of = {joint.slot: joint.parent for joint in plan}
    gone = set(slots)
    kept = []
    for joint in plan:
        parent = joint.parent
        while parent in gone:
            parent = parent_of[parent]
        if joint.slot not in gone:
            kept.append(replace(joint, parent=parent))
    return tuple(kept)


def branch(plan: Sequence[RigJoint], slot: str) -> set[str]:
    """The slots of a joint and everything below it."""
    found = {slot}
    for joint in plan:
        if joint.parent in found:
            found.add(joint.slot)
    return found


def parents_of(plan: Plan) -> NDArray[np.int32]:
    """(J,) index of each joint's parent, -1 for the root."""
    index = {joint.slot: number for number, joint in enumerate(plan)}
    return np.array([index[joint.parent] if joint.parent else -1 for joint in plan], np.int32)


@dataclass(frozen=True, eq=False)
class MovedRig:
    """A rig in motion, in metres, Y up, right-handed.

    Attributes:
        plan: its joints.
        rotations: (T, J, 3, 3) of each joint in the world, against T-pose.
        positions: (T, J, 3).
    """

    plan: Plan
    rotations: Floats
    positions: Floats

    def at(self, slot: str) -> Floats:
        """Positions (T, 3) of the joint in a slot."""
        return self.positions[:, [joint.slot for joint in self.plan].index(slot)]


def moved(plan: Plan, movement: Movement) -> MovedRig:
    """Forward kinematics of a person's movement on a rig: places carried by segments, from the root outwards."""
    frame_count = len(movement.root)
    t = np.arange(frame_count) / movement.fps
    parents = parents_of(plan)
    rotations = np.empty((frame_count, len(plan), 3, 3))
    positions = np.empty((frame_count, len(plan), 3))
    for number, (joint, parent) in enumerate(zip(plan, parents.tolist(), strict=True)):
        place = np.array(joint.place)
        if joint.follows == "world":
            rotations[:, number] = np.eye(3)
        elif joint.follows:
            rotations[:, number] = movement.rotations[:, JOINTS.index(joint.follows)]
        else:
            rotations[:, number] = rotations[:, parent] if parent >= 0 else np.eye(3)
        if joint.sway is not None:
            rotations[:, number] = rotations[:, number] @ swaying(joint.sway, t)
        if parent < 0 or (plan[parent].follows == "world" and joint.follows != "world"):
            positions[:, number] = place if joint.follows == "world" else movement.root + place
        else:
            positions[:, number] = positions[:, parent] + rotations[:, parent] @ (place - np.array(plan[parent].place))
    slots = [joint.slot for joint in plan]
    for number, joint in enumerate(plan):
        if joint.tracks in slots and joint.tracks:
            target = slots.index(joint.tracks)
            shift = np.array(joint.place) - np.array(plan[target].place)
            positions[:, number] = positions[:, target] + rotations[:, target] @ shift
    return MovedRig(plan, rotations, positions)


def swaying(sway: tuple[float, float, float, int], t: Floats) -> Floats:
    """Rotations (T, 3, 3) to and fro about one axis."""
    amplitude, frequency, phase, axis = sway
    angle = amplitude * np.sin(2 * np.pi * frequency * t + phase)
    first, second = (axis + 1) % 3, (axis + 2) % 3
    rotation = np.zeros((len(t), 3, 3))
    rotation[:, axis, axis] = 1.0
    rotation[:, first, first] = rotation[:, second, second] = np.cos(angle)
    rotation[:, second, first] = np.sin(angle)
    rotation[:, first, second] = -np.sin(angle)
    return rotation
