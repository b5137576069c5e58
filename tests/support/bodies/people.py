"""The joints of people as different tools cut them: spines of one to five joints, missing parts, helpers, clothes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from mretrieve.demo import Body
from support.bodies.additions import ADDITIONS
from support.bodies.figure import SIDES, Floats, outward, places
from support.bodies.rig_plan import Plan, RigJoint, branch, depth_first, located, without


@dataclass(frozen=True)
class Structure:
    """How a rig cuts a person into joints.

    Attributes:
        spine: number of joints between pelvis and neck, 1 to 5.
        necks: number of joints of the neck, 0 to 2.
        collars, toes, ends: whether the rig has them.
        handle: a root above the pelvis: "" none, "world" stays at the origin.
        pelvis: "one" joint; "two" in one place; "split" has a joint for the legs in the place of the one for the back.
        arms_on: "spine" or "neck", where collars or shoulders hang.
        hip_helper, collar_helper: a joint before the limb: "" none, "pelvis" far from it, "zero" in its place.
        lost: branches that the person does not have, by their first joint: "left_elbow", "right_ankle".
        extras: kinds of additional joints, names of `ADDITIONS`.
        arms_first: whether the file lists arms and head before the legs.
    """

    spine: int = 3
    necks: int = 1
    collars: bool = True
    toes: bool = True
    ends: bool = True
    handle: str = ""
    pelvis: str = "one"
    arms_on: str = "spine"
    hip_helper: str = ""
    collar_helper: str = ""
    lost: tuple[str, ...] = ()
    extras: tuple[str, ...] = field(default=())
    arms_first: bool = False


def person(body: Body, structure: Structure, rng: np.random.Generator) -> Plan:
    """The plan of a person's rig."""
    at = places(body)
    joints = [RigJoint("pelvis", "", located(at["pelvis"]), "pelvis", "pelvis")]
    legs_on = upper_on = "pelvis"
    if structure.pelvis == "two":
        joints.append(RigJoint("pelvis.2", "pelvis", located(at["pelvis"]), "pelvis"))
        legs_on = upper_on = "pelvis.2"
    elif structure.pelvis == "split":
        joints.append(RigJoint("pelvis.lower", "pelvis", located(at["pelvis"]), "pelvis"))
        legs_on = "pelvis.lower"
    if structure.handle:
        joints = [replace(joint, parent=joint.parent or "handle") for joint in joints]
        joints.insert(0, RigJoint("handle", "", (0.0, 0.0, 0.0), structure.handle))
    legs = [joint for side in SIDES for joint in _leg(at, side, structure, legs_on, body.scale)]
    spine, chest = _spine(at, structure.spine, upper_on)
    top = chest
    head: list[RigJoint] = []
    for number in range(structure.necks):
        place = at["neck"] + number * 0.4 * (at["head"] - at["neck"])
        slot = "neck" if number == 0 else f"neck.{number + 1}"
        head.append(RigJoint(slot, top, located(place), "neck", "neck" if number == 0 else ""))
        top = slot
    head.append(RigJoint("head", top, located(at["head"]), "head", "head"))
    if structure.ends:
        head.append(RigJoint("head.end", "head", located(at["head_end"]), "head", is_end=True))
    arms_on = "neck" if structure.arms_on == "neck" and structure.necks else chest
    arms = [joint for side in SIDES for joint in _arm(at, side, structure, arms_on)]
    upper = spine + head + arms
    joints += upper + legs if structure.arms_first else legs + upper
    for kind in structure.extras:
        joints = ADDITIONS[kind](joints, body, rng)
    plan: Plan = depth_first(joints)
    for slot in structure.lost:
        plan = without(plan, sorted(branch(plan, slot)))
    return plan


def _spine(at: dict[str, Floats], count: int, parent: str) -> tuple[list[RigJoint], str]:
    """Joints of the back: where SMPL has its own, thinned out or with more between them."""
    follows = {1: (2,), 2: (1, 3), 3: (1, 2, 3), 4: (1, 2, 2, 3), 5: (1, 1, 2, 2, 3)}[count]
    joints: list[RigJoint] = []
    for number, segment in enumerate(follows, start=1):
        place = at[f"spine{segment}"]
        if number < count and follows[number] == segment:  # half-way from the joint below
            place = (place + (np.array(joints[-1].place) if joints else at["pelvis"])) / 2
        slot = f"spine.{number}"
        joints.append(RigJoint(slot, parent, located(place), f"spine{segment}", f"spine{segment}"))
        parent = slot
    return joints, parent


def _leg(at: dict[str, Floats], side: str, structure: Structure, parent: str, scale: float) -> list[RigJoint]:
    joints: list[RigJoint] = []
    if structure.hip_helper:
        beside = located(at["pelvis"], 0.02 * scale * outward(side), -0.01, 0.0)
        place = located(at[f"{side}_hip"]) if structure.hip_helper == "zero" else beside
        joints.append(RigJoint(f"{side}_hip.helper", parent, place, "pelvis"))
        parent = f"{side}_hip.helper"
    for part in ("hip", "knee", "ankle", "foot")[: 4 if structure.toes else 3]:
        slot = f"{side}_{part}"
        joints.append(RigJoint(slot, parent, located(at[slot]), slot, slot))
        parent = slot
    if structure.ends:
        end = at[f"{side}_toe_end"] if structure.toes else at[f"{side}_foot"]
        joints.append(RigJoint(f"{side}_toe.end", parent, located(end), joints[-1].follows, is_end=True))
    return joints


def _arm(at: dict[str, Floats], side: str, structure: Structure, parent: str) -> list[RigJoint]:
    joints = []
    collar = f"{side}_collar"
    if structure.collar_helper:
        place = at[collar] if structure.collar_helper == "zero" else at["spine3"]
        joints.append(RigJoint(f"{collar}.helper", parent, located(place), "spine3"))
        parent = f"{collar}.helper"
    for part in ("collar", "shoulder", "elbow", "wrist")[0 if structure.collars else 1 :]:
        slot = f"{side}_{part}"
        joints.append(RigJoint(slot, parent, located(at[slot]), slot, slot))
        parent = slot
    if structure.ends:
        joints.append(RigJoint(f"{side}_hand.end", parent, located(at[f"{side}_hand_end"]), parent, is_end=True))
    return joints
