"""Animals and things: four and six legs, hands, tails, wings, snakes, cameras, vehicles, faces, in motion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from support.bodies.bvh_file import bvh_body, bvh_text, rest_pose
from support.bodies.drawing import ORDERS, drawn_frame
from support.bodies.figure import SIDES, Floats, outward
from support.bodies.rig_plan import MovedRig, RigJoint, depth_first, parents_of, swaying
from support.bodies.truth import GeneratedFile

Place = tuple[float, float, float]
Joints = list[RigJoint]


def _chain(
    slots: Sequence[str], parent: str, start: Sequence[float] | Floats, steps: Sequence[Sequence[float]],
    sway: tuple[float, float, float, int], lag: float = 0.6,
) -> Joints:  # fmt: skip
    """Joints one below the other; each swings a little later than the one before."""
    joints, place = [], np.array(start, float)
    amplitude, frequency, phase, axis = sway
    for number, slot in enumerate(slots):
        x, y, z = place.tolist()
        joints.append(RigJoint(slot, parent, (x, y, z), sway=(amplitude, frequency, phase - lag * number, axis)))
        parent = slot
        place = place + np.array(steps[min(number, len(steps) - 1)])
    return joints


def four_legs(rng: np.random.Generator) -> Joints:
    """A dog to a horse: a level trunk over four limbs of about one length, a neck, a head and mostly a tail."""
    size, lanky, fore_legs = rng.uniform(0.5, 1.6), rng.uniform(0.8, 1.3), rng.uniform(0.8, 1.2)
    high, long, wide = 0.9 * size * lanky, 0.8 * size, 0.14 * size
    phase = [0.0, np.pi, np.pi, 0.0]
    joints = [RigJoint("pelvis", "", (0.0, high, 0.0), sway=(0.03, 2.0, 0.0, 0))]
    backs = int(rng.integers(1, 5))
    backbone = [f"spine.{number + 1}" for number in range(backs)]
    step = np.array([0.0, (fore_legs - 1) * high, long]) / backs
    hips = np.array([0.0, high, 0.0])
    chest = hips + backs * step
    joints += _chain(backbone, "pelvis", hips + step, [step.tolist()], (0.03, 2.0, 1.0, 0))
    rising = np.array([0.0, 0.25, 0.2]) * size
    joints += _chain(["neck", "head", "head.end"], backbone[-1], chest + rising / 3, [rising.tolist()], (0.08, 2, 0, 0))
    bones = np.array([[0, -0.38, 0.02], [0, -0.4, -0.03], [0, -0.17, 0.05], [0, -0.03, 0.06]]) * high
    for parts, parent, start, length in (
        (("hip", "knee", "ankle", "foot"), "pelvis", hips, 1.0),
        (("collar", "shoulder", "elbow", "wrist", "finger"), backbone[-1], chest, fore_legs),
    ):
        steps = (bones * length * rng.uniform(0.95, 1.05, (4, 1))).tolist()
        steps = [[0.0, -0.04, 0.0], *steps] if "collar" in parts else steps
        aside = np.array([wide * rng.uniform(0.8, 1.3), 0.0, 0.0])
        for side in SIDES:
            swing = (0.35, 2.0, phase.pop(), 0)
            joints += _chain([f"{side}_{part}" for part in parts], parent, start + outward(side) * aside, steps, swing)
    if rng.random() < 0.85:
        count = int(rng.integers(2, 7))
        tail = [f"tail.{number + 1}" for number in range(count)]
        joints += _chain(tail, "pelvis", [0, high, -0.1 * size], [[0, 0.02, -0.1 * size]], (0.2, 1.5, 0, 1))
    return joints


def many_legs(rng: np.random.Generator) -> Joints:
    """An insect or a spider: a body with three or four pairs of legs."""
    pairs, size = int(rng.integers(3, 5)), rng.uniform(0.3, 1.5)
    joints = [RigJoint("pelvis", "", (0.0, 0.5 * size, 0.0))]
    joints += _chain(["spine.1", "neck", "head"], "pelvis", [0, 0.5 * size, 0.2 * size], [[0, 0, 0.2 * size]],
                     (0.05, 1.0, 0, 0))  # fmt: skip
    for pair in range(pairs):
        for number, side in enumerate(SIDES):
            out = outward(side) * size
            slots = [f"{side}_leg{pair}.{joint}" for joint in (1, 2, 3, 4)]
            steps = [[0.25 * out, 0.2 * size, 0], [0.3 * out, -0.3 * size, 0], [0.1 * out, -0.35 * size, 0]]
            start = [0.08 * out, 0.5 * size, (pair - 1) * 0.15 * size]
            joints += _chain(slots, "pelvis", start, steps, (0.25, 2.0, np.pi * (pair + number), 1))
    return joints


def hand(rng: np.random.Generator) -> Joints:
    """A hand alone, or on a forearm; some have a second one."""
    joints = [RigJoint("pelvis", "", (0.0, 1.0, 0.0))]
    for side in SIDES[: int(rng.integers(1, 3))]:
        out = outward(side)
        joints += _chain([f"{side}_wrist"], "pelvis", [0.25 * out, 1.0, 0.0], [[0, 0, 0]], (0.2, 0.6, 0, 0))
        for number, finger in enumerate(("thumb", "index", "middle", "ring", "pinky")):
            slots = [f"{side}_{finger}.{joint}" for joint in (1, 2, 3, 4)]
            start = [(0.3 + 0.02 * (number > 0)) * out, 1.0, 0.04 - 0.02 * number]
            joints += _chain(slots, f"{side}_wrist", start, [[0.04 * out, 0, 0]], (0.4, 0.8, number, 2), 0.1)
    return joints


def snake(rng: np.random.Generator) -> Joints:
    """A long chain that winds over the floor."""
    count = int(rng.integers(12, 40))
    slots = ["pelvis", *(f"spine.{number}" for number in range(1, count - 1)), "head"]
    return _chain(slots, "", [0, 0.05, 0], [[0, 0, 0.08]], (0.25, 0.8, 0, 1), 0.5)


def bird(rng: np.random.Generator) -> Joints:
    """Wings longer than the legs, a neck, a tail; it flies or stands."""
    size, count = rng.uniform(0.3, 1.5), int(rng.integers(3, 5))
    joints = [RigJoint("pelvis", "", (0.0, 0.8 * size, 0.0))]
    joints += _chain(["spine.1", "spine.2", "neck", "neck.2", "head", "beak"], "pelvis",
                     [0, 0.85 * size, 0.1 * size], [[0, 0.03 * size, 0.12 * size]], (0.04, 2.0, 0, 0))  # fmt: skip
    for side in SIDES:
        out = outward(side) * size
        wing = ["shoulder", "elbow", "wrist", "finger"][:count]
        joints += _chain([f"{side}_{part}" for part in wing], "spine.2", [0.08 * out, 0.88 * size, 0.2 * size],
                         [[0.3 * out, 0, 0]], (0.5, 3.0, 0.0 if side == "left" else np.pi, 2), 0.2)  # fmt: skip
        leg = [f"{side}_{part}" for part in ("hip", "knee", "ankle", "foot")]
        steps = [[0, -0.15 * size, 0.08 * size], [0, -0.2 * size, -0.1 * size], [0, -0.2 * size, 0.0]]
        joints += _chain(leg, "pelvis", [0.07 * out, 0.75 * size, 0.0], steps, (0.1, 1.0, 0, 0))
    joints += _chain(["tail.1", "tail.2"], "pelvis", [0, 0.8 * size, -0.1], [[0, 0, -0.2 * size]], (0.2, 1.0, 0, 0))
    return joints


def tail(rng: np.random.Generator) -> Joints:
    """A tail, a rope or a tentacle with side chains."""
    joints = _chain([f"tail.{number}" for number in range(1, int(rng.integers(6, 16)))], "", [0, 1, 0],
                    [[0, -0.05, -0.1]], (0.2, 0.7, 0, 0))  # fmt: skip
    for side in SIDES[: int(rng.integers(3))]:
        slots = [f"{side}_fin.{number}" for number in (1, 2, 3)]
        joints += _chain(slots, "tail.2", [0.1 * outward(side), 0.95, -0.1], [[0.1 * outward(side), 0, 0]],
                         (0.3, 1.0, 0, 2))  # fmt: skip
    return joints


def camera(rng: np.random.Generator) -> Joints:
    """A camera with its target, or on a crane."""
    joints = [RigJoint("camera", "", (0.0, 1.5, 0.0), sway=(0.3, 0.3, 0.0, 1))]
    slots = [["target"], ["arm.1", "arm.2", "arm.3", "lens"], []][int(rng.integers(3))]
    return joints + _chain(slots, "camera", [0, 1.5, 1.0], [[0, 0, 0.7]], (0.1, 0.3, 0, 0))


def vehicle(rng: np.random.Generator) -> Joints:
    """A car: a body, four wheels on their arms, doors, a steering wheel."""
    joints = [RigJoint("body", "", (0.0, 0.5, 0.0))]
    for side in SIDES:
        out = outward(side)
        for end, z in (("front", 1.3), ("rear", -1.3)):
            slots = [f"{side}_{end}arm.1", f"{side}_{end}wheel.1", f"{side}_{end}hub.1"]
            joints += _chain(slots, "body", [0.3 * out, 0.35, z], [[0.4 * out, 0, 0]], (0.3, 0.8, 0, 0))
        joints += _chain([f"{side}_door.1", f"{side}_door.2"], "body", [0.8 * out, 0.8, 0.3], [[0, 0, -0.9]],
                         (0.1, 0.3, 0, 1))  # fmt: skip
    return joints + _chain(["wheel.1", "wheel.2"], "body", [0.3, 0.9, 0.4], [[0, 0.1, -0.2]], (0.4, 0.5, 0, 2))


def face(rng: np.random.Generator) -> Joints:
    """A head full of points."""
    joints = [RigJoint("neck", "", (0.0, 1.5, 0.0)), RigJoint("head", "neck", (0.0, 1.6, 0.0), sway=(0.2, 0.5, 0, 1))]
    for number in range(int(rng.integers(10, 45))):
        x, y, z = rng.uniform(-0.08, 0.08), rng.uniform(1.55, 1.8), rng.uniform(0.05, 0.12)
        joints.append(RigJoint(f"point{number}", "head", (x, y, z), sway=(0.05, 2.0, number, 0)))
    return joints


KINDS: tuple[Callable[[np.random.Generator], Joints], ...] = (
    four_legs, many_legs, hand, snake, bird, tail, camera, vehicle, face,
)  # fmt: skip

#: What the best-known public animal captures call their joints: a human's names.
_HUMAN = {
    "pelvis": "Hips", "neck": "Neck", "head": "Head", "collar": "Shoulder", "shoulder": "Arm", "elbow": "ForeArm",
    "wrist": "Hand", "hip": "UpLeg", "knee": "Leg", "ankle": "Foot", "foot": "ToeBase", "body": "Hips",
    "camera": "Hips", "leg0": "UpLeg", "leg1": "Leg", "leg2": "Arm", "leg3": "ForeArm", "frontarm": "Arm",
    "reararm": "UpLeg", "frontwheel": "ForeArm", "rearwheel": "Leg", "fronthub": "Hand", "rearhub": "Foot",
}  # fmt: skip
_ANIMAL = {
    "pelvis": "Pelvis", "collar": "Scapula", "shoulder": "FrontLegUpper", "elbow": "FrontLegLower", "wrist": "FrontPaw",
    "hip": "BackLegUpper", "knee": "BackLegLower", "ankle": "BackPaw", "foot": "BackToe", "finger": "FrontToe",
}  # fmt: skip


@dataclass(frozen=True)
class _Naming:
    """How the joints of a creature are called: a human's, an animal's or no names."""

    kind: str
    sided: str

    def spell(self, slot: str, number: int) -> str:
        side, _, stem = slot.partition("_") if slot.startswith(SIDES) else ("", "", slot)
        part, _, count = stem.partition(".")
        if self.kind == "none":
            return f"joint{number:02d}"
        words = _HUMAN if self.kind == "human" else _ANIMAL
        word = words.get(part, part.title())
        if count.isdigit() and count != "1" and self.kind == "human" and part in ("leg0", "leg1", "leg2", "leg3"):
            chain = {"leg0": ("UpLeg", "Leg", "Foot", "ToeBase"), "leg2": ("Shoulder", "Arm", "ForeArm", "Hand")}
            word = chain.get(part, ("MidLeg", "MidLeg1", "MidLeg2", "MidLeg3"))[int(count) - 1]
        elif part == "spine" and count == "1":
            word = "Spine"
        elif count and part not in ("pelvis",):
            word += "" if count == "1" else count.title()
        if not side:
            return word
        sides = ("Left", "Right") if self.sided == "{s}{w}" else ("L", "R")
        return self.sided.format(s=sides[side == "right"], w=word)


def performing(plan: Sequence[RigJoint], speed: float, fps: float, frame_count: int) -> MovedRig:
    """A creature that swings its joints and travels forwards."""
    plan = depth_first(plan)
    t = np.arange(frame_count) / fps
    rotations = np.empty((frame_count, len(plan), 3, 3))
    positions = np.empty((frame_count, len(plan), 3))
    for number, (joint, parent) in enumerate(zip(plan, parents_of(plan).tolist(), strict=True)):
        own: Floats = swaying(joint.sway, t) if joint.sway else np.tile(np.eye(3), (frame_count, 1, 1))
        if parent < 0:
            rotations[:, number] = own
            positions[:, number] = np.array(joint.place) + np.column_stack([0 * t, 0.01 * np.sin(9 * t), speed * t])
            continue
        rotations[:, number] = rotations[:, parent] @ own
        offset = np.array(joint.place) - np.array(plan[parent].place)
        positions[:, number] = positions[:, parent] + rotations[:, parent] @ offset
    return MovedRig(plan, rotations, positions)


def drawn_creature(seed: int, number: int) -> GeneratedFile:
    """An animal or a thing with a human's names, an animal's, or none."""
    rng = np.random.default_rng([seed, 4, number])
    build = KINDS[number % len(KINDS)] if rng.random() < 0.6 else four_legs
    naming = _Naming(("human", "animal", "none")[number % 3], str(rng.choice(["{s}{w}", "{s}_{w}", "{w}_{s}"])))
    rig = performing(build(rng), rng.uniform(0.0, 1.5), 30.0, 45)
    spelled = [naming.spell(joint.slot, index) for index, joint in enumerate(rig.plan)]
    names = ["" if joint.slot.endswith(".end") else name for joint, name in zip(rig.plan, spelled, strict=True)]
    rest = "zero" if rng.random() < 0.25 else "T"
    body = bvh_body(rig, names, rest_pose(rig.plan, rest), drawn_frame(rng, left_handed=False))
    return GeneratedFile(
        f"{build.__name__} {number}, {naming.kind} names", bvh_text([body], "0.0333333", str(rng.choice(ORDERS))),
        (), 30.0, tags={"kind": build.__name__, "names": naming.kind},
    )  # fmt: skip
