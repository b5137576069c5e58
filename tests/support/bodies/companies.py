"""Several people below one root, and people with props: every way in which studios write them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from support.bodies import names as naming
from support.bodies.bvh_file import BvhBody, Frame, below_one_root, bvh_body, bvh_text, rest_pose
from support.bodies.creatures import performing
from support.bodies.drawing import ORDERS, DrawnPerson, drawn_body, drawn_frame, drawn_structure, on_rig
from support.bodies.rig_plan import RigJoint
from support.bodies.standing import GESTURES, everyday
from support.bodies.truth import GeneratedFile

FPS = 30.0


def drawn_company(seed: int, number: int) -> GeneratedFile:
    """Two or three people below one root: told apart by prefix, by suffix, or by their subtrees alone."""
    rng = np.random.default_rng([seed, 5, number])
    way = ("prefix", "suffix", "subtree", "two roots")[number % 4]
    file, style = drawn_frame(rng, left_handed=False), _known_style(rng)
    people = []
    for index in range(3 if rng.random() < 0.3 else 2):
        drawn = _person(rng, file, style, 1.5 * index)
        tag = ("A", "B", "C")[index]
        names = {
            "prefix": [f"{tag}_{name}" if name else "" for name in drawn.body.names],
            "suffix": [f"{name}_{index + 1}" if name else "" for name in drawn.body.names],
        }.get(way, drawn.body.names)
        people.append(replace(drawn, body=replace(drawn.body, names=names)))
    bodies = [drawn.body for drawn in people]
    roots = bodies if way == "two roots" else [below_one_root(bodies, str(rng.choice(["Stage", "Scene", "root"])))]
    return GeneratedFile(
        f"{len(people)} people by {way} ({style.name})", bvh_text(roots, "0.0333333", str(rng.choice(ORDERS))),
        tuple(drawn.truth for drawn in people), FPS, tags={"way": way, "people": str(len(people))},
    )  # fmt: skip


def drawn_with_prop(seed: int, number: int) -> GeneratedFile:
    """A person and a thing: roots of their own, or both below one root, the thing before or after the person."""
    rng = np.random.default_rng([seed, 6, number])
    way = ("prop after", "prop before", "one root, prop after", "one root, prop before")[number % 4]
    file, style = drawn_frame(rng, left_handed=False), _known_style(rng)
    drawn, thing = _person(rng, file, style, 0.0), _prop(rng, file)
    bodies = [thing, drawn.body] if "before" in way else [drawn.body, thing]
    if way.startswith("one root"):
        bodies = [below_one_root(bodies, str(rng.choice(["Stage", "Scene", "Reference"])))]
    return GeneratedFile(
        f"a person and a {thing.names[0]}, {way} ({style.name})",
        bvh_text(bodies, "0.0333333", str(rng.choice(ORDERS))), (drawn.truth,), FPS, tags={"way": way},
    )  # fmt: skip


def _known_style(rng: np.random.Generator) -> naming.NameStyle:
    return naming.STYLES[int(rng.choice([0, 1, 4, 7, 9, 13, 16, 18]))]


def _person(rng: np.random.Generator, file: Frame, style: naming.NameStyle, aside_m: float) -> DrawnPerson:
    perform = everyday if rng.random() < 0.7 else GESTURES[int(rng.integers(len(GESTURES)))]
    movement = perform(rng, drawn_body(rng, "adult"), FPS, np.arange(45) / FPS).moved((aside_m, 0.0, 0.0))
    structure = replace(drawn_structure(rng, extras=()), hip_helper="", collar_helper="", handle="", necks=1)
    return on_rig(movement, structure, file, "T", rng, lambda chance, plan: naming.named(plan, style, chance))


def _prop(rng: np.random.Generator, file: Frame) -> BvhBody:
    """A racket, a stick, a ball, a chair: one to nine joints."""
    kind = str(rng.choice(["Racket", "Sword", "Ball", "Chair", "Camera"]))
    joints = [RigJoint(kind, "", (0.6, 1.0, 0.3), sway=(0.8, 1.0, 0.0, 0))]
    parts = {"Ball": 0, "Camera": 1, "Racket": 2, "Sword": 3, "Chair": 8}[kind]
    for part in range(parts):
        parent = kind if kind == "Chair" or part == 0 else f"{kind}Part{part}"
        x, z = (0.2 * (part % 2), 0.2 * (part // 2)) if kind == "Chair" else (0.0, 0.0)
        joints.append(RigJoint(f"{kind}Part{part + 1}", parent, (0.6 + x, 1.2 + 0.2 * part, 0.3 + z)))
    rig = performing(joints, 0.2, FPS, 45)
    return bvh_body(rig, [joint.slot for joint in rig.plan], rest_pose(rig.plan, "T"), file)


def drawn_unusual_person(seed: int, number: int) -> GeneratedFile:
    """People who must not be refused: dwarfs, long arms, one arm, a prosthesis, skirts, tails of hair, capes."""
    rng = np.random.default_rng([seed, 7, number])
    kind = ("dwarf", "long arms", "child", "one arm", "one forearm", "prosthesis", "skirt", "hair", "cape")[number % 9]
    body = drawn_body(rng, kind if kind in ("dwarf", "long arms", "child") else "adult")
    side = "left" if rng.random() < 0.5 else "right"
    lost = {
        "one arm": (f"{side}_{'shoulder' if rng.random() < 0.5 else 'elbow'}",),
        "one forearm": (f"{side}_wrist",),
        "prosthesis": (f"{side}_foot",),
    }.get(kind, ())
    extras = (kind,) if kind in ("skirt", "hair", "cape") else ()
    perform = everyday if rng.random() < 0.7 else GESTURES[int(rng.integers(len(GESTURES)))]
    movement = perform(rng, body, FPS, np.arange(45) / FPS)
    style = naming.STYLES[int(rng.integers(len(naming.STYLES)))]
    structure = replace(drawn_structure(rng, lost, extras), hip_helper="", collar_helper="")
    if kind == "prosthesis":
        structure = replace(structure, toes=True)
    rest = str(rng.choice(["T", "A", "arms down"]))
    drawn = on_rig(movement, structure, drawn_frame(rng, left_handed=False), rest, rng,
                   lambda chance, plan: naming.named(plan, style, chance))  # fmt: skip
    return GeneratedFile(
        f"{kind} {number} ({style.name}, {movement.kind})", bvh_text([drawn.body], "0.0333333"), (drawn.truth,), FPS,
        tags={"kind": kind, "names": style.name},
    )  # fmt: skip
