"""Kinds of the arms: wave, reach, punch, throw, clap, and a dance of arms and steps."""

from __future__ import annotations

import numpy as np

from .actor import Act, Actor
from .curves import Floats, bump, through
from .gait import Gait, stepping
from .track import LEFT, RIGHT, BodyTrack


def wave(actor: Actor) -> Act:
    """Raise the right hand and wave it from side to side."""
    count = int(actor.rng.integers(3, 6))
    beat = actor.about(0.46, 0.08) / actor.tempo
    a, up = 0.35, 0.35 + actor.about(0.6) / actor.tempo**0.6
    down = up + count * beat
    end = down + 0.65 / actor.tempo**0.6
    duration_s = end + 0.35
    stance = actor.stance(duration_s)
    out, width = actor.about(1.25, 0.08), 0.42 * actor.size

    def track(t: Floats) -> BodyTrack:
        moved = stance(t)
        raised = (0.25, out, 1.45, 1.35)
        angles = through(t, [a, up, down, end], [actor.arm_rest, raised, raised, actor.arm_rest])
        held = through(t, [up - 0.1, up + 0.15, down - 0.15, down + 0.1], [0, 1, 1, 0])
        swing = held * np.sin(2 * np.pi * (t - up) / beat)
        angles += swing[:, None] * (0.06, 0.05, width, 0.15)
        moved.set_arm(RIGHT, angles)
        moved.hand_bend[:, RIGHT] += 0.3 * swing
        lifted = through(t, [a, up, down, end], [0, 1, 1, 0])
        moved.spine[:, 2] -= 0.06 * lifted
        moved.spine[:, 1] += 0.03 * swing
        return moved

    return Act(duration_s, (a, end), track)


def reach(actor: Actor) -> Act:
    """Stretch to grab something high with the right hand, on the toes, and bring it down."""
    a, b, c, d, end = [0.35 + time for time in actor.seconds(0.85, 0.45, 0.75, 0.6)]
    duration_s = end + 0.35
    stance = actor.stance(duration_s)
    tiptoe = float(np.clip(0.45 * actor.size, 0.2, 0.65))

    def track(t: Floats) -> BodyTrack:
        moved = stance(t)
        times = [a, b, c, d, end]
        up = through(t, times, [0, 1, 1, 0.08, 0])
        high, held = (2.75, 0.12, 0.15, 0.1), (0.6, 0.1, 1.5, -0.2)
        moved.set_arm(RIGHT, through(t, times, [actor.arm_rest, high, high, held, actor.arm_rest]))
        moved.set_arm(LEFT, np.array(actor.arm_rest) + up[:, None] * (-0.15, 0.22, 0.15, 0))
        moved.foot_pitch += tiptoe * up[:, None]
        moved.pelvis[:, 1] += 0.13 * actor.body.scale * np.sin(tiptoe) * up
        moved.pelvis[:, 2] += 0.08 * actor.body.scale * up
        moved.pelvis[:, 0] -= 0.02 * up
        moved.tilt += up[:, None] * (-0.05, 0.0, -0.05)
        moved.spine += up[:, None] * (-0.12, 0.15, -0.14)
        moved.head[:, 0] -= 0.3 * up
        moved.hand_bend[:, RIGHT] += 0.4 * up
        return moved

    return Act(duration_s, (a, end), track)


def punch(actor: Actor) -> Act:
    """Take guard, the left foot ahead, and punch straight with the right fist, two or three times."""
    body, count = actor.body, int(actor.rng.integers(2, 4))
    guard_s, out_s, back_s, wait_s = (actor.about(s) / actor.tempo**0.6 for s in (0.55, 0.17, 0.28, 0.3))
    guard = 0.35 + guard_s
    hits = [guard + 0.25 + n * (out_s + back_s + wait_s) for n in range(count)]
    lowered = hits[-1] + out_s + back_s + 0.25
    end = lowered + 0.6 / actor.tempo**0.6
    duration_s = end + 0.35
    stance = actor.stance(duration_s)
    times = [time for hit in hits for time in (hit, hit + out_s, hit + out_s + back_s)]
    step = 0.34 * body.leg_m

    def track(t: Floats) -> BodyTrack:
        moved = stance(t)
        ready = through(t, [0.35, guard, lowered, end], [0, 1, 1, 0])
        hit = through(t, times, [0.0, 1.0, 0.0] * count) * min(actor.size, 1.15)
        u = np.clip((t - 0.4) / (guard_s - 0.1), 0, 1)
        back = np.clip((t - lowered - 0.05) / (end - lowered - 0.1), 0, 1)
        moved.feet[:, LEFT, 2] += step * through(t, [0.4, guard - 0.05, lowered + 0.05, end - 0.05], [0, 1, 1, 0])
        moved.feet[:, LEFT, 1] += 0.06 * (bump(u) + bump(back))
        moved.foot_pitch[:, RIGHT] = 0.25 * ready + 0.35 * hit
        moved.pelvis[:, 1] -= 0.06 * body.leg_m * ready
        moved.pelvis[:, 2] += step * (0.5 * ready + 0.22 * hit)
        moved.tilt += np.column_stack([0.06 * ready + 0.08 * hit, -0.35 * ready + 0.55 * hit, 0 * t])
        moved.spine += np.column_stack([0.1 * ready + 0.05 * hit, -0.15 * ready + 0.5 * hit, 0 * t])
        moved.head[:, 1] += 0.45 * ready - 0.95 * hit
        rest, raised, extended = (
            np.array(actor.arm_rest),
            np.array([0.65, 0.1, 2.15, -0.3]),
            np.array([1.55, -0.12, 0.12, -0.4]),
        )
        angles = rest + ready[:, None] * (raised - rest)
        moved.set_arm(LEFT, angles + hit[:, None] * (-0.15, 0.05, 0.1, 0))
        moved.set_arm(RIGHT, angles + np.clip(hit, 0, 1.05)[:, None] * (extended - raised))
        moved.hand_bend -= 0.15 * ready[:, None]
        return moved

    return Act(duration_s, (0.35, end), track)


def throw(actor: Actor) -> Act:
    """Throw overarm with the right hand: wind up, step with the left foot, release, follow through."""
    body = actor.body
    a, wound, cocked, release, through_s, settled, end = [
        0.35 + time for time in actor.seconds(0.65, 0.25, 0.22, 0.27, 0.35, 0.7)
    ]
    duration_s = end + 0.35
    stance = actor.stance(duration_s)
    step = 0.55 * body.leg_m * min(actor.size, 1.2)

    def track(t: Floats) -> BodyTrack:
        moved = stance(t)
        times = [a, wound, cocked, release, through_s, settled, end]
        up = np.clip((t - wound + 0.2) / (cocked - wound + 0.25), 0, 1)
        back = np.clip((t - settled) / (end - settled), 0, 1)
        moved.feet[:, LEFT, 2] += step * through(t, [wound - 0.2, cocked + 0.05, settled, end], [0, 1, 1, 0])
        moved.feet[:, LEFT, 1] += 0.13 * bump(up) + 0.07 * bump(back)
        moved.foot_pitch[:, LEFT] = -0.25 * bump(up)
        moved.foot_pitch[:, RIGHT] = through(t, times, [0, 0, 0.25, 0.6, 0.75, 0.5, 0])
        weight = through(t, times, [0, -0.14, 0.25, 0.55, 0.75, 0.62, 0])
        moved.pelvis[:, 2] += step * weight
        moved.pelvis[:, 1] -= 0.05 * body.leg_m * through(t, times, [0, 1, 1.5, 1.2, 1.3, 1, 0])
        turn = through(t, times, [0, -0.75, -0.7, 0.25, 0.5, 0.3, 0]) * min(actor.size, 1.2)
        bend = through(t, times, [0, -0.15, -0.18, 0.2, 0.5, 0.3, 0]) * actor.size
        moved.tilt += np.column_stack([0.35 * bend, 0.5 * turn, 0.05 * turn])
        moved.spine += np.column_stack([0.75 * bend, 0.85 * turn, 0.12 * turn])
        moved.head += np.column_stack([-0.4 * bend, -0.95 * turn, 0 * t])
        rest = actor.arm_rest
        moved.set_arm(RIGHT, through(t, times, [
            rest, (0.1, 1.45, 1.5, 0.9), (0.1, 1.6, 1.7, 1.3), (1.55, 0.45, 0.35, 0.5), (0.9, -0.35, 0.4, -0.2),
            (0.5, -0.1, 0.5, 0), rest,
        ]))  # fmt: skip
        moved.set_arm(LEFT, through(t, times, [
            rest, (1.35, 0.25, 0.35, 0), (1.3, 0.3, 0.4, 0), (0.5, 0.4, 1.4, 0), (-0.3, 0.35, 1.2, 0),
            (-0.1, 0.25, 0.8, 0), rest,
        ]))  # fmt: skip
        return moved

    return Act(duration_s, (a, end), track)


def clap(actor: Actor) -> Act:
    """Clap the hands in front of the chest."""
    body, count = actor.body, int(actor.rng.integers(4, 8))
    beat = actor.about(0.40, 0.08) / actor.tempo
    up = 0.35 + actor.about(0.5) / actor.tempo**0.6
    down = up + count * beat
    end = down + 0.55 / actor.tempo**0.6
    duration_s = end + 0.35
    stance = actor.stance(duration_s)
    half_width = float(body.t_pose[16, 0]) / body.arm_m  # from a shoulder to the midline, in arm lengths
    apart = 0.30 * actor.size
    low, ahead = actor.rng.uniform(-0.28, -0.12), actor.rng.uniform(0.52, 0.6)

    def track(t: Floats) -> BodyTrack:
        moved = stance(t)
        clapping = through(t, [up, up + 0.1, down - 0.1, down], [0, 1, 1, 0])
        open_ = apart * (0.5 + 0.5 * np.cos(2 * np.pi * (t - up) / beat) * clapping + 0.5 * (1 - clapping))
        hands = np.column_stack([-half_width + 0.07 + open_, low + 0.1 * open_, np.full(len(t), ahead) - 0.1 * open_])
        raised = through(t, [0.35, up, down, end], [0, 1, 1, 0])[:, None]
        elbow = np.array([0.28, -0.45, 0.05])
        for side in (LEFT, RIGHT):
            moved.wrists[:, side] += raised * (hands - moved.wrists[:, side])
            moved.elbows[:, side] += raised * (elbow - moved.elbows[:, side])
        moved.spine[:, 0] += 0.04 * raised[:, 0] * np.cos(2 * np.pi * (t - up) / beat)
        moved.hand_bend -= 0.1 * raised
        return moved

    return Act(duration_s, (0.35, end), track)


def dance(actor: Actor) -> Act:
    """Step from side to side to a beat, the arms pumping and opening in turn."""
    body, count = actor.body, 4
    cycle = actor.about(1.15, 0.04) / actor.tempo**0.6
    begin, finish = 0.5, 0.5 + count * cycle
    duration_s = finish + 0.7
    stance = actor.stance(duration_s)
    wide = 0.22 * body.leg_m * actor.size
    gait = Gait(
        cycle / 2, duty=0.6, lift_m=0.09, heel_off=0.25, heel_strike=0.1, width_m=0.2, bounce_m=0.0, sway_m=0.0,
        pelvis_yaw=0.0, pelvis_roll=0.0, arm_swing=0.0, full_speed=0.4,
    )  # fmt: skip

    def path(t: Floats) -> tuple[Floats, Floats]:
        going = through(t, [begin, begin + 0.3, finish - 0.3, finish], [0, 1, 1, 0])
        aside = wide * going * np.sin(2 * np.pi * (t - begin) / cycle)
        return np.column_stack([aside, 0 * t]), 0 * t

    def track(t: Floats) -> BodyTrack:
        moved: BodyTrack = stepping(stance, gait, path, t, duration_s)
        going = through(t, [begin, begin + 0.4, finish - 0.4, finish], [0, 1, 1, 0])
        beat = 2 * np.pi * (t - begin) / cycle
        moved.pelvis[:, 1] -= going * body.leg_m * (0.06 + 0.03 * actor.style.bounce * np.cos(4 * beat))
        moved.tilt += going[:, None] * np.column_stack([0.05 + 0 * t, 0.22 * np.sin(2 * beat), 0.12 * np.sin(beat)])
        moved.spine += going[:, None] * np.column_stack(
            [0.05 + 0.05 * np.cos(4 * beat), -0.35 * np.sin(2 * beat), -0.18 * np.sin(beat)]
        )
        moved.head += going[:, None] * np.column_stack(
            [0.10 * np.cos(4 * beat), 0.1 * np.sin(beat), 0.1 * np.sin(beat)]
        )
        rest = np.array(actor.arm_rest)
        for side, sign in ((LEFT, 1.0), (RIGHT, -1.0)):
            pump = sign * np.sin(2 * beat)
            opened = 0.5 + 0.5 * sign * np.sin(beat)
            groove = np.column_stack(
                [0.75 + 0.45 * pump, 0.25 + 0.75 * opened * actor.size, 1.7 - 0.5 * opened, 0.1 + 0.7 * opened]
            )
            moved.set_arm(side, rest + going[:, None] * (groove - rest))
        return moved

    return Act(duration_s, (begin, finish), track)
