"""Files drawn by chance: people of all shapes on rigs of all tools, in all axes and units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mretrieve.demo import Body
from support.bodies import names as naming
from support.bodies.bvh_file import BvhBody, Frame, bvh_body, bvh_text, frame, rest_pose
from support.bodies.figure import Floats, Movement
from support.bodies.floor_work import FLOOR_WORK
from support.bodies.people import Structure, person
from support.bodies.rig_plan import Plan, branch, moved
from support.bodies.standing import GESTURES, RAISED_ARMS, everyday
from support.bodies.truth import GeneratedFile, TrueBody, true_body

Perform = Callable[[np.random.Generator, Body, float, Floats], Movement]
RESTS = ("T", "A", "arms down", "zero", "lying")
ORDERS = ("ZXY", "ZYX", "XYZ", "YXZ", "YZX", "XZY")
UNITS_M = (1.0, 0.01, 0.001, 0.0254, 0.0254 / 0.45)


@dataclass(frozen=True, eq=False)
class DrawnPerson:
    """A person on a rig in a file's frame: what is written, and the truth."""

    plan: Plan
    body: BvhBody
    truth: TrueBody
    rest: Floats


def drawn_body(rng: np.random.Generator, shape: str = "") -> Body:
    """Proportions: "adult", "child", "dwarf", "long arms"; any of them if none is given."""
    shape = shape or str(rng.choice(["adult"] * 7 + ["child", "dwarf", "long arms"]))
    match shape:
        case "child":
            return Body(rng.uniform(0.95, 1.4), rng.uniform(0.8, 0.95), rng.uniform(0.85, 1.0), rng.uniform(0.8, 1.0))
        case "dwarf":
            return Body(rng.uniform(1.2, 1.4), rng.uniform(0.55, 0.7), rng.uniform(0.65, 0.8), rng.uniform(1.0, 1.2))
        case "long arms":
            return Body(rng.uniform(1.6, 1.9), rng.uniform(0.85, 1.0), rng.uniform(1.2, 1.5), rng.uniform(0.9, 1.2))
        case _:
            return Body(
                rng.uniform(1.5, 2.0), rng.uniform(0.93, 1.07), rng.uniform(0.93, 1.07), rng.uniform(0.88, 1.12)
            )


def drawn_structure(
    rng: np.random.Generator, lost: Sequence[str] = (), extras: Sequence[str] | None = None
) -> Structure:
    """How a rig cuts a person; `extras` are drawn too unless given."""
    if extras is None:
        kinds = ["twists", "twists in chain", "fingers", "face", "hair", "skirt", "cape", "prop", "targets", "heels",
                 "bumps"]  # fmt: skip
        count = int(rng.choice([0, 0, 1, 1, 2, 3]))
        extras = [str(kind) for kind in rng.choice(kinds, size=count, replace=False)]
    return Structure(
        spine=int(rng.choice([1, 2, 3, 3, 3, 4, 5])),
        necks=int(rng.choice([0, 1, 1, 1, 1, 2])),
        collars=bool(rng.random() < 0.85),
        toes=bool(rng.random() < 0.8),
        ends=bool(rng.random() < 0.8),
        handle=str(rng.choice(["", "", "", "world"])),
        pelvis=str(rng.choice(["one", "one", "one", "two", "split"])),
        arms_on=str(rng.choice(["spine", "spine", "spine", "neck"])),
        hip_helper=str(rng.choice([""] * 6 + ["pelvis", "zero"])),
        collar_helper=str(rng.choice([""] * 7 + ["spine", "zero"])),
        lost=tuple(lost),
        extras=tuple(extras),
        arms_first=bool(rng.random() < 0.4),
    )


def drawn_names(rng: np.random.Generator, plan: Plan) -> tuple[list[str], str, bool]:
    """Names of a plan's joints, which kind they are, and whether they tell left from right."""
    kind = str(rng.choice(["tool"] * 9 + ["mixed"] * 3 + ["unknown words", "removed", "removed", "shuffled"]))
    if kind == "mixed":
        style = naming.mixed(rng)
    elif kind == "unknown words":
        style = naming.unknown_words(rng)
    else:
        style = naming.STYLES[int(rng.integers(len(naming.STYLES)))]
    plain = naming.named(plan, style, rng)
    knows_sides = style.knows_sides and kind not in ("removed", "shuffled")
    if kind == "removed":
        spelled = naming.numbered(plain, rng)
    elif kind == "shuffled":
        spelled = naming.shuffled([name or "Nub" for name in plain], rng)
    else:
        spelled = naming.decorated(plain, rng) if rng.random() < 0.35 else plain
    label = style.name if kind == "tool" else kind
    spelled = ["" if joint.is_end else name for joint, name in zip(plan, spelled, strict=True)]
    return spelled, label, knows_sides


def drawn_frame(rng: np.random.Generator, up: str = "", left_handed: bool | None = None) -> Frame:
    """A file's axes, hand and unit."""
    up = up or str(rng.choice(["+Y"] * 6 + ["+Z"] * 3 + ["-Y", "+X"]))
    hand = bool(rng.random() < 0.06) if left_handed is None else left_handed
    return frame(up, hand, float(rng.choice(UNITS_M)), int(rng.integers(4)))


def on_rig(
    movement: Movement, structure: Structure, file: Frame, rest: str, rng: np.random.Generator,
    name: Callable[[np.random.Generator, Plan], list[str]],
) -> DrawnPerson:  # fmt: skip
    """A person's movement on a rig with a rest pose, in a file's frame."""
    plan = person(movement.body, structure, rng)
    pose = rest_pose(plan, rest)
    written = bvh_body(moved(plan, movement), name(rng, plan), pose, file)
    lost: set[str] = set()
    whole = person(movement.body, replace(structure, lost=(), extras=()), np.random.default_rng(0))
    for slot in structure.lost:
        lost |= branch(whole, slot)
    return DrawnPerson(plan, written, true_body(plan, written, file, movement.body.height_m, sorted(lost)), pose)


def text_of(bodies: Sequence[BvhBody], fps: float, rng: np.random.Generator) -> str:
    """A file of these bodies with a drawn channel order."""
    return bvh_text(bodies, f"{1 / fps:.7f}", str(rng.choice(ORDERS)))


def drawn_rig(seed: int, number: int) -> GeneratedFile:
    """A person on any rig, doing anything; bar 3 counts wrong maps over these."""
    rng = np.random.default_rng([seed, 1, number])
    body = drawn_body(rng)
    performers: list[Perform] = [everyday] * 6 + [GESTURES[int(rng.integers(len(GESTURES)))]] * 3
    performers.append(FLOOR_WORK[int(rng.integers(len(FLOOR_WORK)))])
    fps = 30.0
    movement = performers[int(rng.integers(len(performers)))](rng, body, fps, np.arange(40) / fps)
    rest = str(rng.choice(RESTS, p=[0.4, 0.2, 0.2, 0.15, 0.05]))
    structure, plan_seed = drawn_structure(rng), int(rng.integers(1 << 30))
    spelled, label, knows_sides = drawn_names(rng, person(body, structure, np.random.default_rng(plan_seed)))
    file = drawn_frame(rng, left_handed=None if knows_sides else False)  # else no one can tell
    drawn = on_rig(movement, structure, file, rest, np.random.default_rng(plan_seed), lambda *_: spelled)
    return GeneratedFile(
        f"rig {number} ({label}, {movement.kind}, {rest} rest, {file.up})", text_of([drawn.body], fps, rng),
        (drawn.truth,), fps, tags={"names": label, "rest": rest, "up": file.up, "kind": movement.kind,
                                   "extras": ", ".join(structure.extras), "sides": "named" if knows_sides else "not"},
    )  # fmt: skip


def drawn_takes(seed: int, number: int) -> list[GeneratedFile]:
    """Five movements on one rig, from standing to floor work."""
    rng = np.random.default_rng([seed, 11, number])
    body, structure, file = drawn_body(rng), drawn_structure(rng), drawn_frame(rng, left_handed=False)
    rest, plan_seed = str(rng.choice(RESTS[:4])), int(rng.integers(1 << 30))
    spelled, label, _ = drawn_names(rng, person(body, structure, np.random.default_rng(plan_seed)))
    performers: list[Perform] = [everyday, everyday, GESTURES[int(rng.integers(len(GESTURES)))]]
    performers += [FLOOR_WORK[int(one)] for one in rng.integers(len(FLOOR_WORK), size=2)]
    files = []
    for perform in performers:
        movement = perform(rng, body, 30.0, np.arange(40) / 30)
        drawn = on_rig(movement, structure, file, rest, np.random.default_rng(plan_seed), lambda *_: spelled)
        text = bvh_text([drawn.body], "0.0333333")
        files.append(GeneratedFile(movement.kind, text, (drawn.truth,), 30.0, tags={"names": label}))
    return files


def drawn_floor_work(seed: int, number: int) -> GeneratedFile:
    """Floor work on a well-named rig, in each convention, with and without a rest pose that shows what is up."""
    rng = np.random.default_rng([seed, 2, number])
    perform = FLOOR_WORK[number % len(FLOOR_WORK)]
    up = ("+Y", "+Z", "-Y")[number // len(FLOOR_WORK) % 3]
    left_handed = number // (3 * len(FLOOR_WORK)) % 2 == 1
    rest = str(rng.choice(RESTS, p=[0.3, 0.15, 0.15, 0.25, 0.15]))
    if perform.__name__ in ("swim",) and rest in ("zero", "lying"):
        rest = "T"  # nothing in such a file tells what is up
    fps = 24.0
    movement = perform(rng, drawn_body(rng), fps, np.arange(60) / fps)
    shows_up = rest not in ("zero", "lying")
    floor_m = rng.uniform(-1.2, 1.2) if shows_up and rng.random() < 0.25 else 0.0
    movement = movement.moved((rng.uniform(-3, 3), floor_m, rng.uniform(-3, 3)))
    file = frame(up, left_handed, float(rng.choice(UNITS_M)), int(rng.integers(4)))
    return _plain_person(rng, movement, rest, file, toes=True if left_handed else None)


def drawn_raised_arms(seed: int, number: int) -> GeneratedFile:
    """Raised arms and straight legs, with and without toes; one in four is left-handed and has toes to show it."""
    rng = np.random.default_rng([seed, 3, number])
    perform = RAISED_ARMS[number % len(RAISED_ARMS)]
    left_handed = number % 4 == 3
    fps = 24.0
    movement = perform(rng, drawn_body(rng), fps, np.arange(48) / fps)
    rest = str(rng.choice(["T", "A", "arms down"]))
    file = drawn_frame(rng, str(rng.choice(["+Y", "+Y", "+Z", "-Y"])), left_handed)
    return _plain_person(rng, movement, rest, file, toes=True if left_handed else bool(rng.random() < 0.4))


def _plain_person(
    rng: np.random.Generator, movement: Movement, rest: str, file: Frame, toes: bool | None = None
) -> GeneratedFile:
    """A person on a rig of a tool whose names every reader knows, with no additional joints."""
    style = naming.STYLES[int(rng.choice([0, 1, 4, 7, 9, 13, 16, 18]))]
    structure = drawn_structure(rng, extras=())
    structure = replace(structure, toes=structure.toes if toes is None else toes, spine=int(rng.integers(1, 5)),
                        hip_helper="", collar_helper="", necks=1)  # fmt: skip
    drawn = on_rig(movement, structure, file, rest, rng, lambda chance, plan: naming.named(plan, style, chance))
    hand = "left-handed" if file.left_handed else "right-handed"
    return GeneratedFile(
        f"{movement.kind} ({rest} rest, {file.up} up, {hand}, {style.name})",
        text_of([drawn.body], movement.fps, rng), (drawn.truth,), movement.fps,
        tags={"kind": movement.kind, "rest": rest, "up": file.up, "hand": hand, "toes": str(structure.toes)},
    )  # fmt: skip
