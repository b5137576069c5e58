"""Joints that rigs have beyond a body: twists, fingers, faces, hair, clothes, things, targets, heels, flesh."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mretrieve.demo import Body
from support.bodies.figure import SIDES, Floats, outward, places
from support.bodies.rig_plan import RigJoint, located


def _twists(joints: list[RigJoint], body: Body, rng: np.random.Generator) -> list[RigJoint]:
    """Leaves half-way along the long bones."""
    at = places(body)
    bones = [("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle")]
    for side in SIDES:
        for upper, lower in bones[: int(rng.integers(2, 5))]:
            holder = f"{side}_{upper}"
            place = at[holder] + 0.5 * (at[f"{side}_{lower}"] - at[holder])
            joints.append(RigJoint(f"{holder}.twist", holder, located(place), holder))
    return joints


def _twists_in_chain(joints: list[RigJoint], body: Body, rng: np.random.Generator) -> list[RigJoint]:
    """A joint in the middle of upper arm, forearm or thigh, through which the limb goes on."""
    at = places(body)
    upper, lower = [("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee")][int(rng.integers(3))]
    for side in SIDES:
        holder, below = f"{side}_{upper}", f"{side}_{lower}"
        place = at[holder] + rng.uniform(0.4, 0.7) * (at[below] - at[holder])
        slot = f"{holder}.roll"
        joints = [replace(joint, parent=slot) if joint.slot == below else joint for joint in joints]
        joints.append(RigJoint(slot, holder, located(place), holder))
    return joints


def _fingers(joints: list[RigJoint], body: Body, rng: np.random.Generator) -> list[RigJoint]:
    """Thumb and four fingers of three joints; some hands have a palm joint before each."""
    at, scale = places(body), body.scale
    for side in SIDES:
        wrist, out = at[f"{side}_wrist"], outward(side)
        for number, finger in enumerate(("thumb", "index", "middle", "ring", "pinky")):
            parent, aside = f"{side}_wrist", (0.03 - 0.02 * number) * scale
            reach = 0.03 if finger == "thumb" else 0.09
            for joint in (1, 2, 3):
                place = wrist + np.array([out * scale * (reach + 0.03 * (joint - 1)), 0.0, aside])
                slot = f"{side}_{finger}.{joint}"
                sway = (0.3, 0.7, float(number), 2)
                joints.append(RigJoint(slot, parent, located(place), sway=sway))
                parent = slot
    return joints


def _face(joints: list[RigJoint], body: Body, rng: np.random.Generator) -> list[RigJoint]:
    """Eyes, jaw and brows."""
    head, scale = places(body)["head"], body.scale
    for side in SIDES:
        out = outward(side) * scale
        for part, shift in (("eye", (0.03 * out, 0.06, 0.07)), ("brow", (0.03 * out, 0.09, 0.08))):
            joints.append(RigJoint(f"{side}_{part}", "head", located(head + np.array(shift)), "head"))
    joints.append(RigJoint("jaw", "head", located(head, 0, -0.02, 0.03), "head", sway=(0.15, 1.5, 0.0, 0)))
    joints.append(RigJoint("jaw.end", "jaw", located(head, 0, -0.06, 0.10), is_end=True))
    return joints


def _chain(
    slot: str, parent: str, start: Floats, step: Floats, count: int, sway: float, phase: float
) -> list[RigJoint]:
    joints = []
    for number in range(count):
        name = f"{slot}.{number + 1}"
        swinging = (sway, 1.1, phase - 0.5 * number, int(phase * 7) % 2 * 2)
        joints.append(RigJoint(name, parent, located(start + number * step), sway=swinging))
        parent = name
    return joints


def _hair(joints: list[RigJoint], body: Body, rng: np.random.Generator) -> list[RigJoint]:
    """A pony tail that may reach to the hips, or strands on both sides."""
    head, scale = places(body)["head"], body.scale
    count, length = int(rng.integers(3, 9)), rng.uniform(0.2, 0.8) * scale
    step = np.array([0.0, -1.0, -0.15]) * length / count
    if rng.random() < 0.5:
        return joints + _chain("hair", "head", head + np.array([0, 0.08, -0.1]), step, count, 0.12, 0.3)
    for side in SIDES:
        start = head + np.array([0.08 * outward(side), 0.06, 0.0])
        joints += _chain(f"{side}_hair", "head", start, step, count, 0.1, 0.5)
    return joints


def _skirt(joints: list[RigJoint], body: Body, rng: np.random.Generator) -> list[RigJoint]:
    """A ring of hanging chains about the pelvis."""
    count, scale = int(rng.integers(4, 9)), body.scale
    length = rng.uniform(0.3, 0.8) * scale
    for number in range(count):
        angle = 2 * np.pi * (number + 0.5) / count
        start = np.array([0.15 * np.sin(angle), -0.05, 0.12 * np.cos(angle)]) * scale
        step = np.array([0.05 * np.sin(angle), -1.0, 0.05 * np.cos(angle)]) * length / 3
        joints = joints + _chain(f"skirt_{number}", "pelvis", start, step, 3, 0.12, angle)
    return joints


def _cape(joints: list[RigJoint], body: Body, rng: np.random.Generator) -> list[RigJoint]:
    """One to three chains that hang from the shoulders to the calves."""
    top = max((joint.slot for joint in joints if joint.slot.startswith("spine.")), default="pelvis")
    start, across = places(body)["neck"] + np.array([-0.12, -0.05, -0.1]), np.array([0.12, 0.0, 0.0])
    for number in range(int(rng.integers(1, 4))):
        step = np.array([0.0, -0.22, -0.03]) * body.scale
        joints = joints + _chain(f"cape_{number}", top, start + number * across, step, 5, 0.1, number / 2)
    return joints


def _prop(joints: list[RigJoint], body: Body, rng: np.random.Generator) -> list[RigJoint]:
    """A sword in a hand, a pack on the back, or both."""
    at, scale = places(body), body.scale
    if rng.random() < 0.7:
        side = SIDES[int(rng.integers(2))]
        hand = at[f"{side}_hand_end"]
        joints = joints + _chain("sword", f"{side}_wrist", hand, np.array([0, 0, 0.5 * scale]), 3, 0.0, 0.0)
    else:
        joints = joints + _chain("pack", "spine.1", at["spine1"] + (0, 0.1, -0.2), np.array([0, 0.2, 0]), 2, 0.0, 0.0)
    return joints


def _targets(joints: list[RigJoint], body: Body, rng: np.random.Generator) -> list[RigJoint]:
    """Targets of inverse kinematics below the root, which keep to hands and feet."""
    at, root = places(body), joints[0].slot
    for side in SIDES:
        for part in ("ankle", "wrist"):
            slot = f"{side}_{part}"
            if any(joint.slot == slot for joint in joints):
                joints.append(RigJoint(f"{slot}.target", root, located(at[slot]), slot, tracks=slot))
    return joints


def _heels(joints: list[RigJoint], body: Body, rng: np.random.Generator) -> list[RigJoint]:
    """Heels, whose branch may be longer than that of the toes."""
    at = places(body)
    for side in SIDES:
        ankle = f"{side}_ankle"
        reach = rng.uniform(1.0, 1.6)
        heel = RigJoint(f"{side}_heel", ankle, located(at[ankle] + reach * (at[f"{side}_heel"] - at[ankle])), ankle)
        end = replace(heel, slot=f"{side}_heel.end", parent=heel.slot, is_end=True)
        end = replace(end, place=located(np.array(heel.place), 0.0, 0.0, -0.04))
        joints = [*joints, heel, end]
    return joints


def _bumps(joints: list[RigJoint], body: Body, rng: np.random.Generator) -> list[RigJoint]:
    """Muscles and flesh at chest and hips."""
    at = places(body)
    top = max(joint.slot for joint in joints if joint.slot.startswith("spine."))
    for side in SIDES:
        out = outward(side)
        joints.append(
            RigJoint(f"{side}_breast", top, located(at["spine3"] + (0.08 * out, 0.05, 0.1)), follows="spine3")
        )
        joints.append(
            RigJoint(f"{side}_buttock", "pelvis", located(at["pelvis"] + (0.09 * out, -0.04, -0.1)), "pelvis")
        )
    return joints


ADDITIONS = {
    "twists": _twists, "twists in chain": _twists_in_chain, "fingers": _fingers, "face": _face, "hair": _hair,
    "skirt": _skirt, "cape": _cape, "prop": _prop, "targets": _targets, "heels": _heels, "bumps": _bumps,
}  # fmt: skip
