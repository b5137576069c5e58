"""Frame times as writers print them, first frames that are not motion, position channels that mean nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from support.bodies import names as naming
from support.bodies.bvh_file import bvh_text, led_in
from support.bodies.drawing import ORDERS, DrawnPerson, drawn_body, drawn_frame, drawn_structure, on_rig
from support.bodies.figure import Floats, Movement
from support.bodies.rig_plan import parents_of
from support.bodies.standing import GESTURES, arms_out, everyday
from support.bodies.truth import GeneratedFile

#: As printed, and the rate that is meant.
FRAME_TIMES: tuple[tuple[str, float], ...] = (
    ("0.004", 250.0), (".004", 250.0), ("0.00400", 250.0), ("4e-3", 250.0), ("0.005", 200.0), ("0.008", 125.0),
    ("0.01", 100.0), ("0.010", 100.0), ("0.02", 50.0), ("0.04", 25.0), ("0.05", 20.0), ("0.1", 10.0), ("0.001", 1000.0),
    ("0.002", 500.0), ("0.0125", 80.0), ("0.025", 40.0), ("1", 1.0), ("0.2", 5.0), ("0.0333333", 30.0),
    ("0.033333", 30.0), ("0.03333333", 30.0), (".0333333", 30.0), ("0,0333333", 30.0), ("0.03333", 30.0),
    ("0.033367", 30000 / 1001), ("0.0333667", 30000 / 1001), ("0.03336667", 30000 / 1001), ("0.016683", 60000 / 1001),
    ("0.0166833", 60000 / 1001), ("0.041708", 24000 / 1001), ("0.0417083", 24000 / 1001), ("0.0083333", 120.0),
    (".0083333", 120.0), ("0.00833333", 120.0), ("0.008333", 120.0), ("0.016667", 60.0), ("0.0166667", 60.0),
    ("0.016666", 60.0), ("0.01666667", 60.0), ("0.0416667", 24.0), ("0.041667", 24.0), ("0.0041667", 240.0),
    ("0.00416667", 240.0), ("0.0111111", 90.0), ("0.0138889", 72.0), ("0.0208333", 48.0), ("0.083333", 12.0),
    ("0.0833333", 12.0), ("0.0666667", 15.0),
)  # fmt: skip


def drawn_first_frame(seed: int, number: int) -> GeneratedFile:
    """A first frame that is the rig's zero or T-pose before any motion at any rate; or none that is to be dropped."""
    rng = np.random.default_rng([seed, 8, number])
    way = ("zero pose", "T-pose", "no rest frame", "stands in T-pose")[number % 4]
    fps = float(rng.choice([1.0, 5.0, 12.0, 24.0, 30.0, 60.0, 120.0]))
    rest = str(rng.choice(["A", "arms down", "zero"] if way == "T-pose" else ["T", "A", "arms down", "zero"]))
    t = np.arange(6 if fps == 1 else max(12, int(1.5 * fps))) / fps
    perform = everyday if rng.random() < 0.6 else GESTURES[int(rng.integers(len(GESTURES)))]
    if way == "stands in T-pose":
        perform = arms_out
    movement = perform(rng, drawn_body(rng, "adult"), fps, t)
    drawn = _plain(rng, movement, rest)
    frames = 0
    body = drawn.body
    if way in ("zero pose", "T-pose"):
        frames = 1
        still = _t_pose(drawn) if way == "T-pose" else np.tile(np.eye(3), (len(body.names), 1, 1))
        root = body.translations[0][0] if rng.random() < 0.5 else np.zeros(3)
        body = led_in(body, still, root)
    truth = replace(drawn.truth, file_positions=body.positions())
    return GeneratedFile(
        f"{way} at {fps:g} fps ({movement.kind}, {rest} rest)",
        bvh_text([body], f"{1 / fps:.7f}", str(rng.choice(ORDERS))), (truth,), fps, frames, {"way": way},
    )  # fmt: skip


def _t_pose(drawn: DrawnPerson) -> Floats:
    """Rotations (J, 3, 3) against the parent that put a rig of any rest pose into T-pose."""
    into = drawn.truth.frame.file_from_world
    world = into @ drawn.rest.transpose(0, 2, 1) @ into.T
    parents = parents_of(drawn.plan)
    local = world.copy()
    below = np.flatnonzero(parents >= 0)
    local[below] = world[parents[below]].transpose(0, 2, 1) @ world[below]
    return local


def drawn_zero_channels(seed: int, number: int) -> GeneratedFile:
    """Position channels that are zero in every frame beside an offset, on some joints or on all but the root."""
    rng = np.random.default_rng([seed, 9, number])
    fps = 30.0
    movement = everyday(rng, drawn_body(rng, "adult"), fps, np.arange(40) / fps)
    drawn = _plain(rng, movement, "T")
    candidates = [joint for joint, name in enumerate(drawn.body.names) if name and joint > 0]
    everywhere = rng.random() < 0.3
    chosen = candidates if everywhere else [joint for joint in candidates if rng.random() < 0.25] or candidates[:2]
    body = replace(drawn.body, zero_channels=frozenset(chosen))
    return GeneratedFile(
        f"zero position channels of {len(chosen)} joints", bvh_text([body], "0.0333333", str(rng.choice(ORDERS))),
        (drawn.truth,), fps, tags={"way": "all joints" if everywhere else "some joints"},
    )  # fmt: skip


def drawn_rate(seed: int, number: int) -> GeneratedFile:
    """A file with each spelling of a frame time in turn."""
    rng = np.random.default_rng([seed, 10, number])
    printed, fps = FRAME_TIMES[number % len(FRAME_TIMES)]
    movement = everyday(rng, drawn_body(rng, "adult"), 30.0, np.arange(8) / 30)
    drawn = _plain(rng, movement, "T")
    text = bvh_text([drawn.body], printed)
    if "," in printed:
        text = text.replace(".", ",")
    return GeneratedFile(f"Frame Time: {printed}", text, (drawn.truth,), fps, tags={"printed": printed})


def _plain(rng: np.random.Generator, movement: Movement, rest: str) -> DrawnPerson:
    style = naming.STYLES[int(rng.choice([0, 1, 16]))]
    structure = replace(drawn_structure(rng, extras=()), hip_helper="", collar_helper="", necks=1, pelvis="one")
    file = drawn_frame(rng, left_handed=False)
    return on_rig(movement, structure, file, rest, rng, lambda chance, plan: naming.named(plan, style, chance))
