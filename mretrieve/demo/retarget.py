"""From a solved performance to the rig of a tool: the same movement, told in that tool's joints and channels."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..motion import JOINTS, Rig
from ..motion.rotations import euler_angles
from .body import Body
from .curves import Floats
from .rigs import RigJoint, RigTemplate
from .rotations import about
from .solve import Performance

_KINDS = "xyzXYZ"


def retarget(performance: Performance, template: RigTemplate) -> tuple[Rig, Floats]:
    """The rig and its channels (T, C), radians and the template's unit, at the performance's own rate."""
    rig = rig_of(template, performance.body)
    turned = {  # each canonical joint against the rig at rest
        plays: template.world
        @ performance.rotations[:, JOINTS.index(plays)]
        @ template.rest(plays).T
        @ template.world.T
        for plays in {joint.plays for joint in template.joints if joint.plays}
    }
    columns: list[Floats] = []
    for number, joint in enumerate(template.joints):
        if "x" in joint.channels:
            columns += list((performance.root @ template.world.T / template.metres_per_unit).T)
        axes = tuple("XYZ".index(kind) for kind in joint.channels if kind in "XYZ")
        leader = template.joints[rig.parents[number]].plays if joint.parent else ""
        if leader == joint.plays:  # it goes along with its parent
            columns += [np.zeros(len(performance.root))] * len(axes)
            continue
        if not axes:
            continue
        local = turned[leader].swapaxes(-1, -2) @ turned[joint.plays] if leader else turned[joint.plays]
        if rig.rest_rotations is not None:
            local = rig.rest_rotations[number].T @ local @ rig.rest_rotations[number]
        columns += list(np.unwrap(_angles(local, axes), axis=0).T)
    return rig, np.stack(columns, axis=1)


@lru_cache(maxsize=64)
def rig_of(template: RigTemplate, body: Body) -> Rig:
    """The rig that a tool makes of a body, in its rest pose."""
    names = [joint.name for joint in template.joints]
    parents = np.array([names.index(joint.parent) if joint.parent else -1 for joint in template.joints], np.int32)
    places = np.array([_place(joint, body) for joint in template.joints])
    offsets = np.zeros_like(places)
    for number, parent in enumerate(parents):
        if parent >= 0:
            rest = template.rest(template.joints[parent].plays)
            offsets[number] = template.world @ rest @ (places[number] - places[parent]) / template.metres_per_unit
    rests = None
    if template.suffix == ".amc":
        rests = np.array([template.rest(joint.plays) @ _axis(joint) for joint in template.joints])
        rests[[joint.name.endswith("_end") for joint in template.joints]] = np.eye(3)
    channels = [(number, kind) for number, joint in enumerate(template.joints) for kind in joint.channels]
    return Rig(
        tuple(names),
        parents,
        offsets,
        rests,
        np.array([number for number, _ in channels], np.int32),
        np.array([_KINDS.index(kind) for _, kind in channels], np.int32),
    )


def _axis(joint: RigJoint) -> Floats:
    x, y, z = np.radians(joint.axis_deg)
    return about("z", z) @ about("y", y) @ about("x", x)


def _place(joint: RigJoint, body: Body) -> Floats:
    """Where a joint is in T-pose, from the pelvis, metres."""
    outward = -1.0 if "right_" in joint.plays else 1.0
    points = [_point(name, body) for name in joint.at or (joint.plays or "pelvis",)]
    return np.asarray(np.mean(points, axis=0) + np.array(joint.shift) * (outward, 1.0, 1.0) * body.scale)


def _point(name: str, body: Body) -> Floats:
    if name in JOINTS:
        return np.asarray(body.t_pose[JOINTS.index(name)])
    holder = {"head_end": "head"}.get(name, name.replace("hand_end", "wrist").replace("toe_end", "foot"))
    return np.asarray(body.t_pose[JOINTS.index(holder)] + body.offset(name))


def _angles(local: Floats, axes: tuple[int, ...]) -> Floats:
    """Angles (T, 3) about three axes, or (T, 1) of a rotation that is about one alone."""
    if len(axes) == 1:
        second, third = (axes[0] + 1) % 3, (axes[0] + 2) % 3
        return np.asarray(np.arctan2(local[:, third, second], local[:, second, second])[:, None])
    first, second, third = axes
    return euler_angles(local, (first, second, third))
