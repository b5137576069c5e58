"""Movements in which nobody stands upright for long: on the floor, on the hands, in the water, on wheels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mretrieve.demo import Body, MotionRecipe
from mretrieve.demo.synthesis import perform
from support.bodies.figure import Floats, Movement, carried
from support.bodies.planting import HANDS, HEELS, SHANKS, TOES, planted
from support.bodies.postures import ANGLES, animated, grounded, levelled, mirrored, posture, rotations_of

QUARTER = np.pi / 2
_HANDS = ("left_hand_end", "right_hand_end", "left_wrist", "right_wrist")
_TOES = ("left_toe_end", "right_toe_end", "left_foot", "right_foot")
_KNEES = ("left_knee", "right_knee")
_ELBOWS = ("left_elbow", "right_elbow")

Perform = Callable[[np.random.Generator, Body, float, Floats], Movement]


def _times(t: Floats, count: int) -> list[float]:
    return [float(time) for time in np.linspace(t[0], t[-1], count)]


def lie_on_back(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """Lies on the back, rolls the head, and may draw up a knee."""
    lying = posture({}, pitch=-QUARTER, out=rng.uniform(0.1, 1.4), bend=rng.uniform(0.0, 0.5), point=0.4, apart=0.1)
    turned = posture(lying, shake=rng.uniform(-0.7, 0.7), left_flex=rng.choice([0.0, 0.8]))
    turned = posture(turned, left_knee=1.8 * turned["left_flex"])
    return grounded("lie on back", body, animated(rng, [lying, turned, lying], _times(t, 3), t), fps)


def lie_on_belly(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """Lies on the belly, the head turned aside, and moves the arms."""
    lying = posture(
        {}, pitch=QUARTER, swing=rng.choice([-0.05, 2.9]), out=0.3, point=1.2, shake=rng.choice([-1.0, 1.0])
    )
    moved = posture(lying, out=rng.uniform(0.3, 1.2), left_knee=rng.uniform(0.0, 1.2))
    return grounded("lie on belly", body, animated(rng, [lying, moved], _times(t, 2), t), fps)


def lie_on_side(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """Lies on a side with knees drawn up and stretches."""
    turn = float(rng.choice([-1.0, 1.0])) * QUARTER
    lying = posture({}, pitch=-QUARTER, roll=turn, flex=0.9, knee=1.3, swing=0.9, bend=1.2, nod=0.3)
    stretched = posture(lying, flex=0.3, knee=0.4, swing=1.6, bend=0.2)
    return grounded("lie on side", body, animated(rng, [lying, stretched, lying], _times(t, 3), t), fps)


def roll_over(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """Rolls over the floor like a log."""
    way = float(rng.choice([-1.0, 1.0])) * rng.uniform(1.0, 2.0) * np.pi
    lying = posture({}, pitch=-QUARTER, out=0.1, swing=2.9 * float(rng.integers(2)), point=0.6)
    return grounded("roll over", body, animated(rng, [lying, posture(lying, roll=way)], _times(t, 2), t), fps)


def sit_ups(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """Comes up from the back to the knees and goes down again."""
    down = posture({}, pitch=-QUARTER, flex=0.75, knee=1.5, swing=2.6, bend=2.2, out=0.6)
    up = posture(down, pitch=-0.9, flex=1.45, bow=0.9, nod=0.3)
    keys = [down, up] * int(rng.integers(1, 3)) + [down]
    return planted("sit-ups", body, animated(rng, keys, _times(t, len(keys)), t), fps, ("pelvis", *HEELS))


def leg_raises(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """On the back, raises straight legs to the vertical."""
    down = posture({}, pitch=-QUARTER, out=0.3, point=0.5)
    keys = [down, posture(down, flex=QUARTER * rng.uniform(0.7, 1.1)), down]
    return grounded("leg raises", body, animated(rng, keys, _times(t, 3), t), fps)


def push_ups(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """Push-ups on hands and toes; some only hold the plank."""
    up = posture({}, pitch=1.3, swing=1.45, out=0.1, bend=0.1, hand=1.5, toes=1.2, point=0.1, nod=-0.2)
    down = posture(up, pitch=1.5, swing=0.16, bend=1.85, out=0.4)
    keys = [up, posture(up, bend=0.15)] if rng.random() < 0.2 else [up, down] * int(rng.integers(1, 4)) + [up]
    angles = animated(rng, keys, _times(t, len(keys)), t, 0.01)
    return planted("push-ups", body, levelled(body, angles, _HANDS, _TOES), fps, (*HANDS, *TOES))


def yoga(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """Between the plank, the dog that looks down and the cobra."""
    plank = posture({}, pitch=1.3, swing=1.35, hand=1.5, toes=1.2)
    dog = posture(plank, pitch=2.2, swing=2.9, flex=1.3, toes=0.6, point=-0.3)
    cobra = posture(plank, pitch=1.35, bow=-0.9, swing=0.9, nod=-0.5, point=1.2, toes=0.0)
    keys = [plank, dog, plank, cobra][: int(rng.integers(2, 5))]
    angles = animated(rng, keys, _times(t, len(keys)), t, 0.01)
    return planted(
        "yoga", body, levelled(body, angles, _HANDS, (*_TOES, *_KNEES)), fps, (*HANDS, "left_toe_end", "right_toe_end")
    )


def cat_and_cow(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """On hands and knees, the back bends up and down."""
    cat = posture({}, pitch=1.4, swing=1.45, flex=1.4, knee=1.5, point=1.3, hand=1.5, bow=0.5, nod=0.5)
    cow = posture(cat, bow=-0.4, nod=-0.6)
    angles = animated(rng, [cat, cow, cat, cow], _times(t, 4), t, 0.01)
    return planted("cat and cow", body, levelled(body, angles, _HANDS, _KNEES), fps, (*HANDS, *SHANKS))


def belly_crawl(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """Crawls on the belly, pulled by elbows and pushed by knees in turn."""
    one = posture({}, pitch=1.45, left_swing=2.5, right_swing=1.5, bend=1.5, out=0.5, nod=-0.6, point=1.2, apart=0.25)
    one = posture(one, left_flex=0.1, right_flex=1.0, right_knee=1.5, right_apart=1.0, side=0.15)
    keys = [one, mirrored(one)] * 2
    movement = grounded("belly crawl", body, animated(rng, keys, _times(t, 4), t), fps)
    steps = np.diff(carried(body, movement.rotations, _ELBOWS)[..., 2], axis=0).min(axis=1)
    root = movement.root.copy()
    root[:, 0] = root[0, 0]
    root[1:, 2] = root[0, 2] - np.cumsum(steps)  # the elbow that pulls stays
    return Movement(movement.kind, body, fps, movement.rotations, root)


def crawl(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """Crawls on hands and knees."""
    performance = perform(MotionRecipe("crawl", body=body, seed=int(rng.integers(1 << 30))), fps)
    return Movement("crawl", body, fps, performance.rotations, performance.root).cut(0, len(t))


def handstand(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """Stands on the hands; some come into it from their feet."""
    held = posture({}, pitch=np.pi, swing=np.pi - 0.05, hand=1.5, point=0.9, nod=-0.5, flex=0.05)
    split = posture(held, left_flex=rng.uniform(-0.5, 1.0), right_knee=rng.uniform(0.0, 1.2))
    if rng.random() < 0.4:
        bent = posture(held, pitch=1.9, flex=1.3, point=0.2)
        return grounded("handstand", body, animated(rng, [posture(), bent, held, split, held], _times(t, 5), t), fps)
    return planted("handstand", body, animated(rng, [held, split, held], _times(t, 3), t), fps, HANDS)


def cartwheel(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """Turns a wheel sideways over hands and feet."""
    spread = posture({}, out=2.75, apart=0.55, hand=-0.4, point=0.3)
    turns = 2 * np.pi * float(rng.choice([-1.0, 1.0]))
    keys = [spread, posture(spread, lean=turns)]
    return grounded("cartwheel", body, animated(rng, keys, _times(t, 2), t), fps)


def forward_roll(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """From a crouch over the back to a crouch."""
    crouch = posture({}, flex=2.0, knee=2.2, point=-0.4, bow=0.9, swing=1.6, pitch=0.2)
    tucked = posture(crouch, pitch=np.pi, bow=1.3, nod=0.6, swing=1.2, bend=1.2)
    return grounded(
        "forward roll", body,
        animated(rng, [crouch, tucked, posture(crouch, pitch=2 * np.pi + 0.2)], _times(t, 3), t), fps,
    )  # fmt: skip


def lie_down(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """From standing over sitting to lying; or, from lying, gets up."""
    sitting = posture({}, pitch=-0.3, flex=1.4, knee=0.8, swing=-0.5, out=0.4, bow=0.4)
    lying = posture({}, pitch=-QUARTER, out=0.4, point=0.4)
    keys = [posture(), posture(flex=1.9, knee=2.2, bow=0.6, pitch=0.2, point=-0.3), sitting, lying, lying]
    if rng.random() < 0.4:
        keys.reverse()
    return grounded("lie down, get up", body, animated(rng, keys, _times(t, 5), t), fps)


def sit_on_floor(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """Sits with straight or crossed legs and reaches for the toes."""
    legs = {"flex": 1.5, "apart": 0.2} if rng.random() < 0.5 else {"flex": 1.6, "turn": 0.9, "knee": 2.1, "apart": 0.4}
    sitting = posture({}, pitch=-0.1, swing=0.5, bend=0.6, **legs)
    reaching = posture(sitting, bow=1.1, swing=1.6, bend=0.1)
    return grounded("sit on floor", body, animated(rng, [sitting, reaching, sitting], _times(t, 3), t), fps)


def kneel(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """Kneels upright and bows to the floor."""
    upright = posture({}, knee=1.57, point=1.4, swing=0.2, bend=0.5)
    bowed = posture(upright, pitch=1.0, flex=1.9, knee=2.4, bow=0.8, swing=2.4, bend=0.3)
    return grounded("kneel", body, animated(rng, [upright, bowed, upright], _times(t, 3), t), fps)


def ground_fight(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """Struggles on the floor: from the back to the side to the belly, limbs everywhere."""
    keys, roll = [], 0.0
    for _ in range(5):
        roll += rng.uniform(-1.6, 1.6)
        key = posture({}, pitch=-QUARTER, roll=roll, bow=rng.uniform(0, 0.6), out=rng.uniform(0.1, 1.0))
        for side in ("left", "right"):
            flex, knee = rng.uniform(0, 1.6), rng.uniform(0, 1.8)
            key |= {f"{side}_flex": flex, f"{side}_knee": knee, f"{side}_swing": rng.uniform(0, 2.5)}
            key[f"{side}_bend"] = rng.uniform(0, 1.8)
        keys.append(key)
    return grounded("ground fight", body, animated(rng, keys, _times(t, 5), t), fps)


def swim(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """Crawl or breaststroke at the surface, a metre and more above the floor of the pool."""
    stretched = posture({}, pitch=1.5, swing=2.9, point=1.2, nod=-0.3)
    if rng.random() < 0.5:
        pulled = posture(stretched, swing=0.9, bend=1.4, out=0.7, flex=0.9, knee=1.9, apart=0.4)
        angles = animated(rng, [stretched, pulled] * 2 + [stretched], _times(t, 5), t)
    else:
        angles = animated(rng, [stretched], [0.0], t)
        names = {name: column for column, name in enumerate(ANGLES)}
        phase = 2 * np.pi * rng.uniform(0.6, 1.0) * t
        angles[:, names["left_swing"]], angles[:, names["right_swing"]] = phase, phase + np.pi
        angles[:, names["left_flex"]] = 0.25 * np.sin(3 * phase)
        angles[:, names["right_flex"]] = -0.25 * np.sin(3 * phase)
        angles[:, names["roll"]] += 0.4 * np.sin(phase)
    root = np.column_stack([0 * t, 1.3 + 0.04 * np.sin(5 * t), rng.uniform(0.8, 1.5) * t])
    return Movement("swim", body, fps, rotations_of(angles), root)


def wheelchair(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """Sits and drives a wheelchair with the arms, straight on or in a bend."""
    sitting = posture({}, flex=1.45, knee=1.4, point=0.0, swing=-0.5, out=0.3, bend=1.0)
    pushing = posture(sitting, swing=0.7, bend=0.5, bow=0.35)
    angles = animated(rng, [sitting, pushing] * 2 + [sitting], _times(t, 5), t)
    yaw = rng.uniform(-0.6, 0.6) * t
    angles[:, 0] += yaw
    speed = rng.uniform(0.6, 1.4) * np.gradient(t)
    root = np.column_stack([np.cumsum(np.sin(yaw) * speed), np.full(len(t), 0.66 * body.scale), 0 * t])
    root[:, 2] = np.cumsum(np.cos(yaw) * speed)
    return Movement("wheelchair", body, fps, rotations_of(angles), root)


FLOOR_WORK: tuple[Perform, ...] = (
    lie_on_back, lie_on_belly, lie_on_side, roll_over, sit_ups, leg_raises, push_ups, yoga, cat_and_cow, belly_crawl,
    crawl, handstand, cartwheel, forward_roll, lie_down, sit_on_floor, kneel, ground_fight, swim, wheelchair,
)  # fmt: skip
