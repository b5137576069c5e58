"""Kinds that move the whole body over standing feet: jump, squat, sit, pick up, bow and kick."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .actor import Act, Actor
from .curves import Floats, bump, through
from .track import LEFT, RIGHT, BodyTrack

GRAVITY = 9.81


def _arms(
    track: BodyTrack, t: Floats, actor: Actor, times: list[float], keys: Sequence[tuple[float, ...] | None]
) -> None:
    """Both arms through keys of angles; None is the hanging arm."""
    angles = through(t, times, [actor.arm_rest if key is None else key for key in keys])
    for side in (LEFT, RIGHT):
        track.set_arm(side, angles)


def jump(actor: Actor) -> Act:
    """Crouch, jump up and a little forward, land and straighten."""
    body = actor.body
    height = float(np.clip(actor.about(0.30, 0.15) * actor.size * body.scale, 0.12, 0.55))
    ahead = actor.rng.uniform(0.0, 0.5) * actor.size
    leave = float(np.sqrt(2 * GRAVITY * height))
    toes, soles = 0.055 * body.scale, 0.01 * body.scale  # how much higher the pelvis is at leaving and at landing
    landing = float(np.sqrt(leave**2 + 2 * GRAVITY * (toes - soles)))
    flight_s = (leave + landing) / GRAVITY
    stand, crouched, off = np.cumsum([0.4, actor.about(0.42) / actor.tempo, 0.3]).tolist()
    landed = off + flight_s
    low = landed + 0.2
    duration_s = low + 0.6 / actor.tempo + 0.35
    stance = actor.stance(duration_s)
    depth = 0.30 * body.leg_m * min(actor.size, 1.2)

    def track(t: Floats) -> BodyTrack:
        moved = stance(t)
        times = [stand, crouched, off, landed, low, duration_s - 0.2]
        rise = through(t, times, [0, -depth, toes, soles, -0.8 * depth, 0], {2: leave, 3: -landing})
        flying = (t > off) & (t < landed)
        u = np.clip((t - off) / flight_s, 0, 1)
        rise[flying] = (toes + leave * (t - off) - GRAVITY * (t - off) ** 2 / 2)[flying]
        bent = through(t, times, [0, 1, 0.05, 0.15, 0.7, 0])
        forward = through(t, [crouched, off, landed, low], np.array([0, 0.06, 0.94, 1.0]) * ahead)
        moved.pelvis[:, 1] += rise
        moved.pelvis[:, 2] += forward - 0.10 * body.leg_m * bent
        moved.feet[:, :, 1] += np.where(
            flying, np.maximum(rise - toes + (toes - soles) * u, 0) + 0.06 * actor.size * bump(u), 0
        )[:, None]
        moved.feet[:, :, 2] += (ahead * u)[:, None]
        pitch = through(t, [crouched + 0.1, off, off + 0.4 * flight_s, landed, landed + 0.12], [0, 0.75, 0.7, 0.35, 0])
        moved.foot_pitch[:] = pitch[:, None]
        moved.tilt[:, 0] += 0.55 * bent
        moved.spine[:, 0] += 0.35 * bent
        moved.head[:, 0] -= 0.45 * bent
        arms = [
            None,
            (-0.55, 0.15, 0.25, 0),
            (2.1 * min(actor.size, 1.15), 0.3, 0.3, 0),
            (1.2, 0.5, 0.5, 0),
            (0.5, 0.35, 0.6, 0),
            None,
        ]
        _arms(moved, t, actor, times, arms)
        return moved

    return Act(duration_s, (stand, duration_s - 0.35), track)


def squat(actor: Actor) -> Act:
    """Bend the knees deep with arms held out in front, and rise, two or three times."""
    body, count = actor.body, int(actor.rng.integers(2, 4))
    down, up = actor.about(0.8) / actor.tempo, actor.about(0.7) / actor.tempo
    duration_s = 0.7 + count * (down + up + 0.12)
    stance = actor.stance(duration_s)
    depth = float(np.clip(actor.about(0.50, 0.06) * actor.size, 0.3, 0.62)) * body.leg_m
    low = np.cumsum(np.tile([0.06 + down, 0.06 + up], count)) + 0.35
    times = [0.35, *low.tolist()]

    def track(t: Floats) -> BodyTrack:
        moved = stance(t)
        bent = through(t, times, [0.0, *np.tile([1.0, 0.0], count)])
        moved.pelvis[:, 1] -= depth * bent
        moved.pelvis[:, 2] -= 0.26 * depth * bent
        moved.tilt[:, 0] += 0.50 * bent
        moved.spine[:, 0] += 0.22 * bent
        moved.head[:, 0] -= 0.45 * bent
        moved.knee_out += 0.25 * bent[:, None]
        raised = np.array([1.35, 0.05, 0.15, -0.1])
        rest = np.array(actor.arm_rest)
        for side in (LEFT, RIGHT):
            moved.set_arm(side, rest + bent[:, None] * (raised - rest))
        return moved

    return Act(duration_s, (0.35, duration_s - 0.35), track)


def sit(actor: Actor) -> Act:
    """Sit down on a chair, stay a while and stand up again."""
    body = actor.body
    a, b, c, d, e = [0.35 + time for time in actor.seconds(0.55, 0.65, 1.4, 0.6)]
    e = max(e, d + 0.3)
    end = e + 0.75 / actor.tempo
    duration_s = end + 0.35
    stance = actor.stance(duration_s)
    seat = actor.about(0.47, 0.03) * body.scale

    def track(t: Floats) -> BodyTrack:
        moved = stance(t)
        times = [a, b, c, d, e, end]
        seated = through(t, times, [0, 0.35, 1, 1, 0.85, 0])
        leaning = through(t, times, [0, 0.9, 0.05, 0.05, 1.0, 0])
        moved.pelvis[:, 1] += (seat + 0.07 - moved.pelvis[:, 1]) * seated
        moved.pelvis[:, 2] -= 0.46 * body.leg_m * through(t, times, [0, 0.55, 1, 1, 0.8, 0])
        moved.tilt[:, 0] += 0.55 * leaning - 0.12 * seated
        moved.spine[:, 0] += 0.35 * leaning + 0.05 * seated
        moved.head[:, 0] -= 0.4 * leaning
        on_lap = (0.55, 0.10, 1.05, -0.35)
        _arms(moved, t, actor, times, [None, (0.5, 0.2, 0.6, -0.1), on_lap, on_lap, (0.7, 0.2, 0.7, -0.2), None])
        return moved

    return Act(duration_s, (a, end), track)


def pick_up(actor: Actor) -> Act:
    """Bend down, take something from the floor with the right hand and rise with it."""
    body = actor.body
    a, b, c, d, end = [0.35 + time for time in actor.seconds(0.95, 0.35, 0.95, 0.8)]
    duration_s = end + 0.35
    stance = actor.stance(duration_s)
    place = np.array([-0.12 + actor.rng.uniform(-0.08, 0.05), 0.12, actor.about(0.40, 0.1)]) * body.scale
    knees = float(np.clip(actor.about(0.34, 0.15) * actor.size, 0.2, 0.5))

    def track(t: Floats) -> BodyTrack:
        moved = stance(t)
        times = [a, b, c, d, end]
        bent = through(t, times, [0, 1, 1, 0.06, 0])
        moved.pelvis[:, 1] -= knees * body.leg_m * bent
        moved.pelvis[:, 2] -= 0.20 * body.leg_m * bent
        moved.tilt += bent[:, None] * (0.85, 0.12, 0.05)
        moved.spine += bent[:, None] * (0.50, 0.20, 0.0)
        moved.head[:, 0] -= 0.35 * bent
        moved.knee_out += 0.15 * bent[:, None]
        carrying = (0.65, 0.1, 1.3, -0.2)
        moved.set_arm(
            RIGHT, through(t, times, [actor.arm_rest, (1.2, 0.1, 0.2, 0), (1.2, 0.1, 0.2, 0), carrying, actor.arm_rest])
        )
        moved.set_arm(
            LEFT,
            through(t, times, [actor.arm_rest, (0.9, 0.2, 0.9, 0), (0.9, 0.2, 0.9, 0), actor.arm_rest, actor.arm_rest]),
        )
        moved.grip[:, RIGHT] = through(t, [a + 0.1, b, c, c + 0.55 * (d - c)], [0, 1, 1, 0])
        moved.grip_points[:, RIGHT] = place
        return moved

    return Act(duration_s, (a, end), track)


def bow(actor: Actor) -> Act:
    """Bow from the hips with straight legs, arms at the sides."""
    a, b, c, end = [0.35 + time for time in actor.seconds(0.85, 0.55, 0.95)]
    duration_s = end + 0.35
    stance = actor.stance(duration_s)
    depth = float(np.clip(actor.about(0.95, 0.12) * actor.size, 0.45, 1.3))

    def track(t: Floats) -> BodyTrack:
        moved = stance(t)
        bent = through(t, [a, b, c, end], [0, 1, 1, 0])
        moved.tilt[:, 0] += 0.62 * depth * bent
        moved.spine[:, 0] += 0.45 * depth * bent
        moved.head[:, 0] += 0.12 * bent
        moved.pelvis[:, 2] -= 0.16 * actor.body.leg_m * depth * bent
        at_thigh = (0.55 * depth, 0.04, 0.12, -0.2)
        _arms(moved, t, actor, [a, b, c, end], [None, at_thigh, at_thigh, None])
        return moved

    return Act(duration_s, (a, end), track)


def kick(actor: Actor) -> Act:
    """Swing the right foot forward and high, once or twice."""
    body, count = actor.body, int(actor.rng.integers(1, 3))
    high = float(np.clip(actor.about(0.85, 0.12) * actor.size, 0.5, 1.1)) * body.leg_m
    beats = [actor.about(span, 0.07) / actor.tempo**0.6 for span in (0.36, 0.16, 0.12, 0.06, 0.22, 0.42)] * count
    times = (0.4 + np.cumsum([0.0, *beats])).tolist()
    duration_s = times[-1] + 0.4
    stance = actor.stance(duration_s)
    leg, side = body.leg_m, -body.t_pose[1, 0]
    back, chamber, peak, lowered = (
        (side, 0.16 * leg, -0.45 * leg),
        (side, 0.36 * leg, 0.05 * leg),
        (side * 0.7, high, 0.98 * leg),
        (side, 0.35 * leg, 0.25 * leg),
    )

    def track(t: Floats) -> BodyTrack:
        moved = stance(t)
        ground = (float(moved.feet[0, RIGHT, 0]), 0.0, 0.0)
        keys = [ground, *[back, chamber, peak, peak, lowered, ground] * count]
        moved.feet[:, RIGHT] = through(t, times, keys)
        moved.foot_pitch[:, RIGHT] = through(t, times, [0.0, *[0.7, 0.5, -0.3, -0.3, 0.3, 0.0] * count])
        balance = through(t, times, [0.0, *[0.9, 1.0, 1.0, 1.0, 0.9, 0.0] * count])
        swing = through(t, times, [0.0, *[-0.7, 0.2, 1.0, 1.0, 0.4, 0.0] * count])
        moved.pelvis[:, 0] += 0.85 * body.t_pose[1, 0] * balance
        moved.pelvis[:, 1] -= 0.03 * body.leg_m * balance
        moved.tilt += np.column_stack([-0.22 * swing, 0.22 * swing, -0.06 * balance])
        moved.spine += np.column_stack([0.12 * swing, -0.35 * swing, 0.08 * balance])
        for hand, sign in ((LEFT, 1.0), (RIGHT, -1.0)):
            rest = np.array(actor.arm_rest)
            moved.set_arm(
                hand, rest + balance[:, None] * (0.0, 0.45, 0.5, 0.0) + sign * swing[:, None] * (0.75, 0, 0.2, 0)
            )
        return moved

    return Act(duration_s, (times[0], times[-1]), track)
