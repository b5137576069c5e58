"""Kinds that travel on their feet: walks, runs, side steps, turns, hops on one leg and crawling."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .actor import Act, Actor
from .curves import Floats, eased, through
from .gait import Gait, Path, stepping, straight
from .track import LEFT, RIGHT, BodyTrack

_REST_S = 0.35


def _travel(actor: Actor, gait: Gait, steps: float, stride_m: float, direction: float = 0.0, turn: float = 0.0) -> Act:
    """`steps` steps of half a `stride_m` each; with no stride, turning on the spot."""
    gait = replace(gait, cycle_s=actor.about(gait.cycle_s, 0.04) / actor.tempo**0.75)
    stride_m *= actor.about(actor.tempo**0.3 * actor.size**0.5, 0.05)
    start = gait.cycle_s * 0.7
    pace = gait.cycle_s * steps / 2
    spans = [_REST_S, start, pace, start, _REST_S + gait.cycle_s * 0.8]
    path = straight(spans, stride_m * (steps / 2 + 0.7), direction, turn)
    speed = abs(turn) / (pace + start) if stride_m == 0 else stride_m / gait.cycle_s
    gait = replace(gait, full_speed=0.9 * speed)
    duration_s = sum(spans)
    stance = actor.stance(duration_s)
    begun = _REST_S + start * 0.8
    return Act(duration_s, (begun, begun + pace + start * 0.5), lambda t: stepping(stance, gait, path, t, duration_s))


def walk(actor: Actor) -> Act:
    """Walk forward, in a slight bend."""
    gait = Gait(1.12, lift_m=0.10, heel_strike=-0.3)
    return _travel(actor, gait, 7, 0.80 * actor.body.leg_m * 2, turn=actor.rng.uniform(-0.35, 0.35))


def walk_backward(actor: Actor) -> Act:
    """Walk backward: the toes come down first."""
    gait = Gait(1.2, duty=0.64, lift_m=0.10, heel_off=-0.12, heel_strike=0.4, arm_swing=-0.22, lean=-0.02)
    return _travel(actor, gait, 6, 0.56 * actor.body.leg_m * 2, direction=np.pi, turn=actor.rng.uniform(-0.2, 0.2))


def sidestep(actor: Actor) -> Act:
    """Step to the right, closing with the left foot."""
    gait = Gait(
        1.0, duty=0.66, lift_m=0.09, heel_off=0.2, heel_strike=0.1, width_m=0.36, bounce_m=0.012, sway_m=-0.01,
        pelvis_yaw=0.02, arm_swing=0.08, arm_bend=0.45,
    )  # fmt: skip
    return _travel(actor, gait, 7, 0.50 * actor.body.leg_m * 2 * 0.72, direction=-np.pi / 2)


def run(actor: Actor) -> Act:
    """Run forward, with a flight between the steps."""
    lift_m = 0.32 * min(actor.size, 1.15) / actor.style.step_lift**0.9  # heels fly high in any style
    gait = Gait(
        0.72, duty=0.34, lift_m=lift_m, heel_off=0.95, heel_strike=-0.05, width_m=0.10, bounce_m=-0.045,
        sway_m=0.01, pelvis_yaw=0.16, pelvis_roll=0.06, arm_swing=0.75, arm_bend=1.5, lean=0.22,
    )  # fmt: skip
    return _travel(actor, gait, 9, 1.32 * actor.body.leg_m * 2, turn=actor.rng.uniform(-0.3, 0.3))


def turn(actor: Actor) -> Act:
    """Turn to the right on the spot."""
    gait = Gait(
        1.0, duty=0.64, lift_m=0.07, heel_off=0.3, heel_strike=0.0, width_m=0.2, bounce_m=0.008, sway_m=0.025,
        pelvis_yaw=0.04, arm_swing=0.12,
    )  # fmt: skip
    angle = -actor.about(np.pi, 0.25) * actor.size
    return _travel(actor, gait, 5, 0.0, turn=float(np.clip(angle, -6.0, -1.6)))


def hop(actor: Actor) -> Act:
    """Hop forward on the right leg, the left one held up behind."""
    body, count = actor.body, 5
    cycle = actor.about(0.58, 0.05) / actor.tempo**0.5
    stride = 0.34 * body.leg_m * actor.size
    height = float(np.clip(0.5 * 9.81 * (0.25 * cycle) ** 2, 0.04, 0.16)) * actor.size
    lifted, lowered = 0.9, 0.9 + count * cycle
    duration_s = lowered + 1.0
    stance = actor.stance(duration_s)
    arms = np.array([0.25, 0.75, 0.7, 0.0])

    def track(t: Floats) -> BodyTrack:
        moved = stance(t)
        up = through(t, [0.15, lifted - 0.1, lowered + 0.1, duration_s - 0.15], [0, 1, 1, 0])
        phase = np.clip((t - lifted) / cycle, 0, count - 1e-9)
        u = phase % 1.0  # a hop: load for 0.3, push to 0.45, fly to 0.9, land
        flight = np.clip((u - 0.45) / 0.45, 0.0, 1.0)
        airborne = 4 * flight * (1 - flight) * height
        load = np.sin(np.pi * np.clip((u + 0.1) % 1.0 / 0.55, 0, 1)) ** 2
        going = (t > lifted) & (t < lowered)
        ahead = stride * (np.floor(phase) + eased(flight))
        ahead[t >= lowered] = stride * count
        body_ahead = through(
            t,
            [lifted, lifted + cycle, lowered - 0.3 * cycle, lowered + 0.1],
            np.array([0, 0.8, count - 0.6, count]) * stride,
        )
        foot_x = moved.feet[:, RIGHT, 0].copy()
        moved.pelvis[:, 0] += up * (foot_x * 0.8)
        moved.pelvis[:, 1] += going * (airborne - 0.10 * body.leg_m * load) - 0.02 * up
        moved.pelvis[:, 2] += body_ahead
        moved.feet[:, RIGHT, 1] = going * airborne
        moved.feet[:, RIGHT, 2] += ahead
        moved.foot_pitch[:, RIGHT] = going * 0.5 * np.exp(-(((u - 0.5) / 0.16) ** 2))
        held = np.stack(
            [
                moved.feet[:, LEFT, 0] * 0.7,
                0.30 * body.leg_m + moved.pelvis[:, 1] - body.pelvis_height_m,
                body_ahead - 0.38 * body.leg_m,
            ],
            axis=-1,
        )
        moved.feet[:, LEFT] += up[:, None] * (held - moved.feet[:, LEFT])
        returned = eased((t - lowered) / 0.6)
        moved.feet[:, LEFT, 2] += returned * (1 - up) * (stride * count)
        moved.foot_pitch[:, LEFT] = 0.9 * up
        moved.tilt[:, 0] += 0.10 * up
        moved.tilt[:, 2] -= 0.08 * up
        moved.spine[:, 2] += 0.12 * up
        envelope = through(t, [lifted, lifted + 0.3, lowered - 0.3, lowered], [0, 1, 1, 0])
        beat = -0.5 * np.cos(2 * np.pi * u) * envelope
        rest = np.array(actor.arm_rest)
        for side in (LEFT, RIGHT):
            angles = rest + up[:, None] * (arms - rest) + beat[:, None] * (0.35, 0.25, 0.2, 0.0)
            moved.set_arm(side, angles)
        return moved

    return Act(duration_s, (lifted - 0.3, lowered + 0.2), track)


def crawl(actor: Actor) -> Act:
    """Crawl forward on hands and knees; the only kind that does not begin and end standing."""
    body, count = actor.body, 4
    cycle = actor.about(1.25, 0.06) / actor.tempo**0.75
    stride = 0.62 * body.leg_m * actor.size**0.5
    duration_s = cycle * count
    stance = actor.stance(duration_s)
    rhythm = Gait(cycle, duty=0.66, lift_m=0.03, heel_off=0.0, heel_strike=0.0, width_m=0.19 * body.scale)
    hands = replace(rhythm, lift_m=0.08, width_m=0.40 * body.scale * body.shoulders)
    height = 0.44 * body.leg_m + 0.07 * body.scale + 0.05

    def ahead_of(distance: float) -> Path:
        return lambda t: (np.column_stack([np.zeros_like(t), t * stride / cycle + distance]), np.zeros_like(t))

    def track(t: Floats) -> BodyTrack:
        moved = stance(t)
        knees = stepping(stance, rhythm, ahead_of(-0.49 * body.leg_m - 0.33 * body.scale), t, duration_s)
        # A hand goes with the knee of the other side: the rhythm of the hands is half a cycle off.
        palms = stepping(stance, hands, ahead_of(0.58 * body.scale), t + cycle / 2, duration_s + cycle)
        wave = 2 * np.pi * t / cycle
        moved.pelvis = np.column_stack([0.02 * np.sin(wave), height + 0.008 * np.cos(2 * wave), t * stride / cycle])
        moved.tilt += np.column_stack(
            [np.full(len(t), 1.28 - actor.style.stoop * 0.3), 0.07 * np.sin(wave), 0.06 * np.cos(wave)]
        )
        moved.spine += np.column_stack(
            [np.full(len(t), 0.12 - actor.style.stoop), -0.02 * np.sin(wave), -0.06 * np.cos(wave)]
        )
        moved.head[:, 0] += -0.75 + actor.style.stoop * 0.7
        moved.feet = knees.feet
        moved.feet[:, :, 1] -= 0.03 * body.scale
        moved.foot_pitch[:] = 2.45
        moved.foot_yaw[:] = 0.0
        moved.grip[:] = 1.0
        moved.grip_points = palms.feet + np.array([0.0, 0.05 * body.scale, -stride / 2])
        moved.hand_bend[:] = -1.25
        moved.elbows[:] = (0.5, 0.2, -0.6)
        return moved

    return Act(duration_s, (0.0, duration_s), track)
