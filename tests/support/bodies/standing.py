"""People who stand: steps and gestures of the demo, and arms and legs that mislead about the sides of a body."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mretrieve.demo import STYLES, Body, MotionRecipe
from mretrieve.demo.synthesis import KINDS, perform
from support.bodies.figure import Floats, Movement
from support.bodies.postures import animated, grounded, posture

Perform = Callable[[np.random.Generator, Body, float, Floats], Movement]
DEMO_KINDS = tuple(kind for kind in KINDS if kind != "crawl")


def everyday(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """A walk, a jump, a wave ...: a piece of one of the demo's kinds that begins at a random time."""
    kind, style = str(rng.choice(DEMO_KINDS)), str(rng.choice(list(STYLES)))
    recipe = MotionRecipe(
        kind, style, side="left" if rng.random() < 0.5 else "right", body=body, seed=int(rng.integers(1 << 30))
    )
    performance = perform(recipe, fps)
    first = int(rng.integers(max(1, len(performance.root) - len(t))))
    movement = Movement(kind, body, fps, performance.rotations, performance.root)
    return movement.cut(first, first + len(t))


def squats(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """Squats with the arms stretched forwards."""
    down = posture(flex=1.9, knee=2.1, point=-0.3, bow=0.4, pitch=0.2, swing=1.4)
    return _between(rng, body, fps, t, "squats", posture(swing=0.3), down)


def nod(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """Nods and shakes the head."""
    return _between(rng, body, fps, t, "nod", posture(nod=-0.2), posture(nod=0.5, shake=rng.uniform(-0.6, 0.6)))


def heel_turn(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """Turns on the heels with the toes up and lifts one arm."""
    up = posture(point=-0.35, pitch=-0.05, right_swing=2.6)
    return _between(rng, body, fps, t, "heel turn", posture(), posture(up, yaw=rng.uniform(-1.5, 1.5)))


def binoculars(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """Holds the hands at the eyes, elbows raised forwards, legs straight, and turns the head."""
    held = posture(knee=0.0, swing=1.9, out=0.5, bend=2.4, spin=-0.3)
    return _between(rng, body, fps, t, "binoculars", held, posture(held, shake=rng.uniform(-0.8, 0.8)))


def hands_at_face(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """Holds the hands before the face, elbows forward of the shoulders."""
    held = posture(knee=0.0, swing=1.5, bend=2.3, out=0.1)
    return _between(rng, body, fps, t, "hands at face", held, posture(held, swing=1.8))


def arms_overhead(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """Raises straight or bent arms over the head, legs straight."""
    held = posture(knee=0.0, swing=rng.uniform(2.4, 3.1), bend=rng.uniform(0.0, 1.6), out=0.3)
    return _between(rng, body, fps, t, "arms overhead", posture(knee=0.0), held)


def surrender(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """Upper arms level at the sides, forearms up."""
    held = posture(knee=0.0, swing=0.0, out=1.5, spin=1.57, bend=1.5)
    return _between(rng, body, fps, t, "surrender", held, posture(held, spin=1.2, twist=rng.uniform(-0.5, 0.5)))


def hands_on_head(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """Hands on the head, elbows out and forwards."""
    held = posture(knee=0.0, swing=2.2, out=0.9, bend=2.3, spin=0.4)
    return _between(rng, body, fps, t, "hands on head", held, posture(held, twist=rng.uniform(-0.6, 0.6)))


def arms_out(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """Arms held out straight as in T-pose, legs straight, a turn of the trunk."""
    held = posture(knee=0.0, out=1.57, bend=0.0)
    return _between(rng, body, fps, t, "arms out", held, posture(held, twist=rng.uniform(-0.8, 0.8), side=0.2))


def stiff_walk(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
    """Walks with straight legs."""
    one = posture(left_flex=0.35, right_flex=-0.35, left_swing=-0.3, right_swing=0.3, knee=0.0)
    other = posture(left_flex=-0.35, right_flex=0.35, left_swing=0.3, right_swing=-0.3, knee=0.0)
    keys = [one, other, one, other]
    angles = animated(rng, keys, np.linspace(0, float(t[-1]), 4).tolist(), t, 0.01)
    return grounded("stiff walk", body, angles, fps)


def _between(
    rng: np.random.Generator, body: Body, fps: float, t: Floats, kind: str, one: dict[str, float],
    other: dict[str, float],
) -> Movement:  # fmt: skip
    end = float(t[-1])
    keys, times = [one, other, one], [0.0, end / 2, end]
    if rng.random() < 0.4:
        keys, times = [one, other], [0.0, end]
    return grounded(kind, body, animated(rng, keys, times, t, 0.012), fps)


RAISED_ARMS: tuple[Perform, ...] = (
    binoculars, hands_at_face, arms_overhead, surrender, hands_on_head, arms_out, stiff_walk, heel_turn,
)  # fmt: skip
GESTURES: tuple[Perform, ...] = (squats, nod, heel_turn, *RAISED_ARMS)
