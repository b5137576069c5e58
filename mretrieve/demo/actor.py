"""Who performs: body, style and seeded habits, and the stance in which every act begins and ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .body import Body
from .curves import Floats, Wander, eased
from .recipe import STYLES, MotionRecipe, Style
from .track import LEFT, RIGHT, BodyTrack

_WANDER_CHANNELS = 16


@dataclass(frozen=True, eq=False)
class Actor:
    """A performer in a mood; draws all of a performance's chance from one seeded generator."""

    body: Body
    style: Style
    tempo: float
    size: float
    rng: np.random.Generator

    @classmethod
    def of(cls, recipe: MotionRecipe) -> Actor:
        """The performer that a recipe asks for."""
        style = STYLES[recipe.style]
        rng = np.random.default_rng([recipe.seed, *recipe.kind.encode()])
        return cls(recipe.body, style, style.tempo * recipe.speed, style.size * recipe.amplitude, rng)

    def about(self, value: float, spread: float = 0.08) -> float:
        """A number near `value`: what this performance makes of it."""
        return value * float(np.exp(np.clip(self.rng.standard_normal(), -2, 2) * spread))

    def seconds(self, *spans: float) -> list[float]:
        """Moments (K + 1) from 0 on, from K spans in seconds at neutral tempo."""
        return [0.0, *np.cumsum([self.about(span, 0.07) / self.tempo for span in spans]).tolist()]

    @property
    def arm_rest(self) -> tuple[float, float, float, float]:
        """Angles of the hanging arm."""
        return (0.04, self.style.arms_out, self.style.arm_bend, -0.15)

    def stance(self, duration_s: float) -> Stance:
        """How this performer stands during an act of `duration_s` seconds."""
        return Stance(self, duration_s, Wander(self.rng, duration_s, _WANDER_CHANNELS))


@dataclass(frozen=True, eq=False)
class Stance:
    """Standing with the small movements of a living body, which vanish at the start and the end of the act."""

    actor: Actor
    duration_s: float
    wander: Wander

    def __call__(self, t: Floats) -> BodyTrack:
        """The track (T frames) of standing at the origin with heading 0, at the times t in seconds."""
        body, style, frames = self.actor.body, self.actor.style, len(t)
        alive = eased(t / 0.6) * eased((self.duration_s - t) / 0.6)
        noise = self.wander(t) * alive[:, None]
        feet = np.zeros((frames, 2, 3))
        feet[:, LEFT, 0] = body.t_pose[1, 0] * 1.15
        feet[:, RIGHT, 0] = -feet[:, LEFT, 0]
        pelvis = np.zeros((frames, 3))
        pelvis[:, 1] = body.pelvis_height_m - body.leg_m * style.crouch
        pelvis[:, ::2] = noise[:, :2] * 0.007
        track = BodyTrack(
            pelvis=pelvis,
            heading=np.zeros(frames),
            tilt=np.array([style.stoop * 0.3, 0.0, 0.0]) + noise[:, 2:5] * 0.015,
            spine=np.array([style.stoop, 0.0, 0.0]) + noise[:, 5:8] * 0.025,
            head=np.array([style.head - style.stoop * 0.7, 0.0, 0.0]) + noise[:, 8:11] * (0.05, 0.09, 0.03),
            feet=feet,
            foot_yaw=np.tile([0.14, -0.14], (frames, 1)),
            foot_pitch=np.zeros((frames, 2)),
            knee_out=np.zeros((frames, 2)),
            elbows=np.zeros((frames, 2, 3)),
            wrists=np.zeros((frames, 2, 3)),
            hand_bend=np.full((frames, 2), 0.15),
            grip=np.zeros((frames, 2)),
            grip_points=np.zeros((frames, 2, 3)),
        )
        for side in (LEFT, RIGHT):
            sway = np.column_stack([noise[:, 11 + 2 * side : 13 + 2 * side] * (0.05, 0.03), np.zeros((frames, 2))])
            track.set_arm(side, np.array(self.actor.arm_rest) + sway)
        return track


@dataclass(frozen=True, eq=False)
class Act:
    """One performance, from standing to standing; `core` is when what gives it its name happens, in seconds."""

    duration_s: float
    core: tuple[float, float]
    track: Callable[[Floats], BodyTrack]
