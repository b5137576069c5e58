"""Hands, knees and feet that stay where they are planted: the whole body gives way, as little as it can."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mretrieve.demo import Body
from support.bodies.figure import SIDES, Floats, Movement, carried, flesh_m, part_of, places
from support.bodies.postures import ANGLES, CONTACTS, grounded, rotations_of

HANDS = tuple(f"{side}_{part}" for side in SIDES for part in ("wrist", "hand_end"))
TOES = tuple(f"{side}_{part}" for side in SIDES for part in ("foot", "toe_end"))
SHANKS = tuple(f"{side}_{part}" for side in SIDES for part in ("knee", "ankle"))
HEELS = tuple(f"{side}_heel" for side in SIDES)

#: Segments that lie flat if both ends are planted: the other end, and whether it is ahead (1) or behind (-1).
_FLAT = {"hand_end": ("wrist", 1), "toe_end": ("foot", 1), "ankle": ("knee", -1)}
#: The most rounds of solving, and the damping of the first (radians and metres).
_ROUNDS, _DAMPING = 60, 10.0
#: A frame is solved if a round changes what is wrong by less than this share, or if its damping is this large.
_SETTLED, _STUCK = 0.01, 1e9
#: What costs as much as a radian off the angle that was drawn: metres off a planted point and below the floor, and
#: radians of elbows and knees that bend backwards.
_OFF_M, _BELOW_M, _BACKWARDS = 0.001, 0.03, 0.05
#: A planted point this far off shows that no solution was found.
_LOST_M = 0.02
_STEP = 1e-4
#: Angles that should not be below zero.
_HINGES = [column for column, name in enumerate(ANGLES) if name.endswith(("_bend", "_knee"))]


def planted(kind: str, body: Body, angles: Floats, fps: float, points: Sequence[str]) -> Movement:
    """A movement in which `points` lie on the floor and stay there, palms flat, from angles (T, A) that nearly do so.

    They are where the first frame has them. Elbows and knees do not bend backwards.
    """
    start = grounded(kind, body, angles, fps)
    targets = _targets(start, points)
    drawn = np.concatenate([angles, start.root], axis=1)
    first = _solved(body, drawn[:1], points, targets)
    drawn[:, :-3] += first[:, :-3] - drawn[:1, :-3]  # flat hands, for one
    drawn[:, -3:] = (targets - carried(body, rotations_of(drawn[:, :-3]), tuple(points))).mean(axis=1)
    solved = _solved(body, drawn, points, targets)
    off = np.abs(carried(body, rotations_of(solved[:, :-3]), tuple(points)) + solved[:, None, -3:] - targets)
    if (lost := off.max(axis=(1, 2)) > _LOST_M).any() and not lost.all():  # begin again from the frames around
        frames = np.arange(len(solved))
        for column in range(solved.shape[1]):
            solved[lost, column] = np.interp(frames[lost], frames[~lost], solved[~lost, column])
        solved[lost] = _solved(body, solved[lost], points, targets)
    return Movement(kind, body, fps, rotations_of(solved[:, :-3]), solved[:, -3:])


def _solved(body: Body, drawn: Floats, points: Sequence[str], targets: Floats) -> Floats:
    """The angles and places (T, A + 3) nearest to the drawn ones that have points at targets (K, 3).

    Nearest by least squares, after Levenberg and Marquardt, each frame for itself. Nothing is below the floor.
    """
    columns = [CONTACTS.index(point) for point in points]
    flesh = np.array([flesh_m(body, point) for point in CONTACTS])
    count = len(ANGLES)

    def misses(tried: Floats, wanted: Floats) -> Floats:
        """What is wrong (..., T, R) with angles and places (..., T, A + 3)."""
        flat = tried.reshape(-1, count + 3)
        at = carried(body, rotations_of(flat[:, :-3]), CONTACTS) + flat[:, None, -3:]
        off = (at[:, columns] - targets).reshape(len(at), -1) / _OFF_M
        below = np.maximum(flesh - at[..., 1], 0.0) / _BELOW_M
        together = np.concatenate([off, below], axis=1).reshape(*tried.shape[:-1], -1)
        backwards = np.minimum(tried[..., _HINGES], 0.0) / _BACKWARDS
        return np.concatenate([together, backwards, tried[..., :-3] - wanted[:, :-3]], axis=-1)

    solved, damping = drawn.copy(), np.full(len(drawn), _DAMPING)
    missing = misses(solved, drawn)
    open_frames = np.arange(len(drawn))
    for _ in range(_ROUNDS):
        at, lacks, wanted = solved[open_frames], missing[open_frames], drawn[open_frames]
        slopes = (misses(at + _STEP * np.eye(count + 3)[:, None], wanted) - lacks) / _STEP  # (A + 3, T, R)
        slopes = slopes.transpose(1, 0, 2)
        squared = slopes @ slopes.transpose(0, 2, 1) + damping[open_frames, None, None] * np.eye(count + 3)
        tried = at - np.linalg.solve(squared, slopes @ lacks[..., None])[..., 0]
        still = misses(tried, wanted)
        before, after = (lacks**2).sum(axis=1), (still**2).sum(axis=1)
        better = after < before
        solved[open_frames[better]], missing[open_frames[better]] = tried[better], still[better]
        damping[open_frames] *= np.where(better, 0.2, 8.0)
        open_frames = open_frames[~better | (before - after > _SETTLED * before) | (damping[open_frames] > 1.0)]
        open_frames = open_frames[damping[open_frames] < _STUCK]
        if not len(open_frames):
            break
    return solved


def _targets(start: Movement, points: Sequence[str]) -> Floats:
    """Where points (K, 3) stay: on the floor where the first frame has them; hands, feet and shanks lie flat."""
    body, at_rest = start.body, places(start.body)
    targets = carried(body, start.rotations[:1], tuple(points))[0] + start.root[0]
    targets[:, 1] = [flesh_m(body, point) for point in points]
    for column, point in enumerate(points):
        holder, way = _FLAT.get(part_of(point), ("", 0))
        if (held := point.replace(part_of(point), holder)) in points:
            near = targets[points.index(held)]
            length = np.linalg.norm(at_rest[point] - at_rest[held])
            targets[column, 0] = near[0]
            targets[column, 2] = near[2] + way * np.sqrt(length**2 - (targets[column, 1] - near[1]) ** 2)
    return targets
