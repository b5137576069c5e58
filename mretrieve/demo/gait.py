"""Footsteps: a pelvis path and a rhythm give planted feet, the swing between them, and what the body does with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .actor import Stance
from .curves import Floats, bump, eased, through
from .track import LEFT, RIGHT, BodyTrack

#: Where the body is at some times (T,): points on the floor (T, 2) x and z in metres, and headings (T,) in radians.
Path = Callable[[Floats], tuple[Floats, Floats]]


@dataclass(frozen=True)
class Gait:
    """A rhythm of steps. Angles in radians, lengths in metres, shares of the cycle of two steps."""

    cycle_s: float
    duty: float = 0.62  # share of the cycle for which a foot stands
    lift_m: float = 0.09
    heel_off: float = 0.60  # foot pitch when the toes leave the floor
    heel_strike: float = -0.28  # foot pitch when the foot comes down, above 0 on the toes
    width_m: float = 0.17  # between the feet, across the path
    bounce_m: float = 0.018  # the pelvis is highest over the standing foot; below 0: lowest, as in running
    sway_m: float = 0.022
    pelvis_yaw: float = 0.10
    pelvis_roll: float = 0.05
    arm_swing: float = 0.38
    arm_bend: float = 0.22  # of the elbow, swinging
    lean: float = 0.03
    full_speed: float = 1.0  # at this speed (m/s or rad/s along the path) the swings above are reached


def stepping(stance: Stance, gait: Gait, path: Path, t: Floats, duration_s: float) -> BodyTrack:
    """The track at times t of a body that follows `path` in steps, begins and ends standing still."""
    track, style = stance(t), stance.actor.style
    place, heading = path(t)
    phase = t / gait.cycle_s  # whole where the left foot is in the middle of its stance
    active = _activity(path, t, gait)
    wave, twice = 2 * np.pi * phase, 4 * np.pi * phase
    sway = gait.sway_m * style.sway * active * np.cos(wave)
    track.pelvis[:, 0] += place[:, 0] + sway * np.cos(heading)
    track.pelvis[:, 2] += place[:, 1] - sway * np.sin(heading)
    track.pelvis[:, 1] += gait.bounce_m * style.bounce * active * np.cos(twice) - 0.02 * active
    track.heading = heading
    swing = active * np.sin(wave)
    track.tilt += np.column_stack(
        [gait.lean * active * 0.5, gait.pelvis_yaw * swing, gait.pelvis_roll * style.sway * active * np.cos(wave)]
    )
    track.spine += np.column_stack(
        [gait.lean * active * 0.5, -1.9 * gait.pelvis_yaw * swing, -0.8 * gait.pelvis_roll * active * np.cos(wave)]
    )
    track.head[:, 1] += 0.9 * gait.pelvis_yaw * swing
    bend = style.arm_bend + (gait.arm_bend - style.arm_bend) * active * (gait.arm_bend > style.arm_bend)
    for side, sign in ((LEFT, 1.0), (RIGHT, -1.0)):
        forward = gait.arm_swing * style.arm_swing * sign * swing
        angles = np.column_stack(
            [
                forward + 0.04 - 0.15 * (bend - style.arm_bend),
                np.full(len(t), style.arms_out) - 0.1 * np.maximum(forward, 0),
                bend + 0.3 * np.maximum(forward, 0),
                np.full(len(t), -0.15) - 0.25 * (bend - style.arm_bend),
            ]
        )
        track.set_arm(side, angles)
    for side in (LEFT, RIGHT):
        _place_foot(track, side, gait, path, t, duration_s, style.step_lift)
    return track


def _activity(path: Path, t: Floats, gait: Gait) -> Floats:
    """How much of the full swing the speed along the path asks for: (T,) from 0 to 1."""
    half = gait.cycle_s / 4
    (ahead, left), (behind, right) = path(t + half), path(t - half)
    speed = (np.linalg.norm(ahead - behind, axis=1) + np.abs(left - right)) / (2 * half)
    return eased(speed / gait.full_speed)


def _place_foot(
    track: BodyTrack, side: int, gait: Gait, path: Path, t: Floats, duration_s: float, step_lift: float
) -> None:
    first = 0.0 if side == LEFT else 0.5
    middles: Floats = (np.arange(-2.0, int(duration_s / gait.cycle_s) + 3) + first) * gait.cycle_s
    place, yaw = path(middles)
    standing = track.feet[0, side, 0]
    walking = (1 if side == LEFT else -1) * gait.width_m / 2
    out = standing + (walking - standing) * _activity(path, middles, gait)
    spots = np.column_stack([place[:, 0] + out * np.cos(yaw), place[:, 1] - out * np.sin(yaw), yaw])
    n = np.clip(np.searchsorted(middles, t, side="right") - 1, 0, len(middles) - 2)
    swing_s = (1 - gait.duty) * gait.cycle_s
    u = (t - middles[n] - gait.duty * gait.cycle_s / 2) / swing_s
    # A foot rises before it goes forward and has arrived before it is down, or it would scrape the floor.
    spot = spots[n] + eased((u - 0.04) / 0.9)[:, None] * (spots[n + 1] - spots[n])
    step = spots[n + 1] - spots[n]
    stepped = np.clip((np.hypot(step[:, 0], step[:, 1]) / track.pelvis[:, 1].mean() + np.abs(step[:, 2])) / 0.35, 0, 1)
    stepped = eased(stepped)
    track.feet[:, side, 0], track.feet[:, side, 2] = spot[:, 0], spot[:, 1]
    track.feet[:, side, 1] = gait.lift_m * step_lift * stepped * bump(u)
    track.foot_yaw[:, side] = spot[:, 2] + (0.14 if side == LEFT else -0.14)
    off, down = gait.duty / 2, 1 - gait.duty / 2
    mid = (off + down) / 2
    keys = [0.0, 0.3 * off, off, mid, down, down + 0.3 * off, 1.0]
    pitches = [0.0, 0.0, gait.heel_off, 0.35 * max(gait.heel_off, 0.0), gait.heel_strike, 0.0, 0.0]
    track.foot_pitch[:, side] = stepped * through((t - middles[n]) / gait.cycle_s, keys, pitches)


def straight(spans: list[float], distance_m: float, direction: float = 0.0, turn: float = 0.0) -> Path:
    """A path with a rest, a start, an even pace, a stop and a rest, which last as `spans` (5) say, in seconds.

    `direction` is that of the way against the initial heading, `turn` how far the heading has turned at the end; the
    way bends with it. With `distance_m` 0 the body turns on the spot.
    """
    _, start, pace, stop, _ = spans
    edges = np.cumsum([0.0, *spans])
    share = pace + (start + stop) / 2  # even acceleration: half the pace on average
    sampled = np.linspace(0.0, edges[-1], max(64, round(edges[-1] * 60)))
    speed = np.interp(sampled, edges, [0, 0, 1 / share, 1 / share, 0, 0])
    width = sampled[1] - sampled[0]
    progress = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) / 2 * width)])
    progress /= progress[-1]
    headings = turn * progress
    way = np.diff(progress, prepend=0.0) * distance_m
    middle = headings + direction
    places = np.column_stack([np.cumsum(way * np.sin(middle)), np.cumsum(way * np.cos(middle))])

    def path(t: Floats) -> tuple[Floats, Floats]:
        at = [np.interp(t, sampled, column) for column in (*places.T, headings)]
        return np.column_stack(at[:2]), at[2]

    return path
