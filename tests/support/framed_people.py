"""People moving in files of any axes: up, hand and rest pose chosen, everything else drawn by chance."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from mretrieve.formats import MotionFile, ReadingOptions, read_file
from mretrieve.motion import Motion
from support.bodies import names as naming
from support.bodies.bvh_file import frame
from support.bodies.drawing import Perform, drawn_body, drawn_structure, on_rig, text_of
from support.bodies.truth import GeneratedFile

FPS = 24.0
#: Movements that do not show what is up, and yet are in a file.
HELD_AT_ORIGIN, SOMEWHERE = "held at the origin", "somewhere"


def framed(
    perform: Perform, seed: int, up: str = "+Y", *, left_handed: bool = False, rest: str = "T", place: str = SOMEWHERE,
    toes: bool = True, rig: int = 0,
) -> GeneratedFile:  # fmt: skip
    """A person of `seed` on a rig of a tool's names; files of one `rig` have the same joints and rest pose."""
    rng, rigs = np.random.default_rng([seed, 97]), np.random.default_rng([rig, 98])
    movement = perform(rng, drawn_body(rng, "adult"), FPS, np.arange(60) / FPS)
    if place == HELD_AT_ORIGIN:
        movement = replace(movement, root=np.zeros_like(movement.root))
    else:
        movement = movement.moved((rng.uniform(1, 3), 0.0, rng.uniform(1, 3)))
    structure = replace(
        drawn_structure(rigs, extras=()), toes=toes, hip_helper="", collar_helper="", necks=1, handle="", pelvis="one"
    )
    style = naming.STYLES[int(rigs.choice([0, 1, 4, 7, 9, 13, 16, 18]))]
    file = frame(up, left_handed, 0.01, int(rng.integers(4)))
    drawn = on_rig(movement, structure, file, rest, rigs, lambda chance, plan: naming.named(plan, style, chance))
    return GeneratedFile(f"{movement.kind}, {rest}, {up}", text_of([drawn.body], FPS, rng), (drawn.truth,), FPS)


def motion_in(generated: GeneratedFile) -> Motion:
    """The motion of a generated file, as its reader gives it."""
    return read_file(MotionFile(Path("generated.bvh"), generated.text.encode()), ReadingOptions())[0]
