"""What poses of a body show: which way it faces, what carries it, and distances in it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

_HIP, _KNEE, _ANKLE, _FOOT, _SHOULDER, _ELBOW, _WRIST = range(7)
_BENDS = ((_HIP, _KNEE, _ANKLE), (_SHOULDER, _HIP, _KNEE), (_SHOULDER, _ELBOW, _WRIST))


@njit(cache=True, nogil=True)
def _volume(a: NDArray[np.float32], b: NDArray[np.float32], c: NDArray[np.float32]) -> Any:
    """The triple product a . (b x c)."""
    return a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) + a[2] * (b[0] * c[1] - b[1] * c[0])


@njit(cache=True, nogil=True)
def facing_signs(poses: NDArray[np.float32], places: NDArray[np.int32]) -> NDArray[np.float64]:
    """Signs (6,) of the direction in which a body faces; each is 0 if the joints for it are not known.

    They are: how far feet are in front of their ankles, and how far from them, in lengths of the shank; the sines of
    the bends of knees, hips (of the same sign as knees) and elbows about the line of the hips, each weighted by its
    size; the cosine of the lines of hips and shoulders. All but the second are means over frames and sides; that is the
    root of a mean square.

    Args:
        poses: (T, N, 3), C-contiguous and finite.
        places: (7, 2) the left and right joint of hips, knees, ankles, feet, shoulders, elbows and wrists; -1 if it is
            not known.
    """
    feet, squares, twist, shanks = 0.0, 0.0, 0.0, 0
    bends, weights = np.zeros(3), np.zeros(3)
    has_hips, has_shoulders = (places[_HIP] >= 0).all(), (places[_SHOULDER] >= 0).all()
    for frame in range(len(poses)):
        pose = poses[frame]
        hips = shoulders = np.zeros(3, np.float32)
        if has_hips:
            across = pose[places[_HIP, 0]] - pose[places[_HIP, 1]]
            hips = across / max(np.sqrt(np.sum(across * across)), np.float32(1e-9))
        if has_shoulders:
            across = pose[places[_SHOULDER, 0]] - pose[places[_SHOULDER, 1]]
            shoulders = across / max(np.sqrt(np.sum(across * across)), np.float32(1e-9))
        left = hips if has_hips else shoulders
        twist += np.sum(hips * shoulders)
        for side in range(2):
            knee, ankle, foot = places[_KNEE, side], places[_ANKLE, side], places[_FOOT, side]
            if knee >= 0 and ankle >= 0 and foot >= 0:
                shank, toes = pose[knee] - pose[ankle], pose[foot] - pose[ankle]
                square = max(np.sum(shank * shank), np.float32(1e-18))
                feet += _volume(toes, left, shank) / square
                squares += np.sum(toes * toes) / square
                shanks += 1
            for bend in range(3):
                first, middle, last = _BENDS[bend]
                if places[first, side] >= 0 and places[middle, side] >= 0 and places[last, side] >= 0:
                    upper = pose[places[middle, side]] - pose[places[first, side]]
                    lower = pose[places[last, side]] - pose[places[middle, side]]
                    size = np.sqrt(np.sum(upper * upper) * np.sum(lower * lower))
                    sine = _volume(upper, lower, left) / max(size, np.float32(1e-18))
                    bends[bend] += abs(sine) * sine
                    weights[bend] += abs(sine)
    signs = np.zeros(6)
    if shanks:
        signs[0], signs[1] = feet / shanks, np.sqrt(squares / shanks)
    signs[2:5] = bends / np.maximum(weights, 1e-9)
    signs[5] = twist / max(len(poses), 1)
    return signs


@njit(cache=True, nogil=True)
def floor_signs(
    here: NDArray[np.float32],
    later: NDArray[np.float32],
    joints: NDArray[np.int32],
    flesh: NDArray[np.float32],
    head: NDArray[np.bool_],
    step_s: float,
    limits: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float64]]:
    """What carries a body if a direction is up, for each of +X, -X, +Y, -Y, +Z and -Z.

    Args:
        here, later: (T, N, 3) poses, metres, and those `step_s` seconds later, C-contiguous and finite.
        joints: (J,) that are looked at.
        flesh: (J,) metres from the joint to the skin.
        head: (J,) which of them are the head.
        limits: (5,) heights above the lowest joint, metres, below which a joint is on the floor, and below which it
            carries; speed, metres a second, below which it is at rest; least and greatest speed that count.

    Returns:
        (6, T) heights of the lowest joint; (T,) speeds of the slowest joint; (6, 4) means over frames of the
        logarithms of the speeds of the stillest lowest and carrying joint (plus the least that counts), of the number
        of joints at rest on a floor at zero, and of whether the head is lowest.
    """
    on_floor, carrying, at_rest, noise, fast = limits
    frames = len(here)
    levels, slowest, signs = np.empty((6, frames), np.float32), np.empty(frames, np.float32), np.zeros((6, 4))
    speeds, heights = np.empty(len(joints), np.float32), np.empty(len(joints), np.float32)
    for frame in range(frames):
        for number in range(len(joints)):
            moved = later[frame, joints[number]] - here[frame, joints[number]]
            speeds[number] = np.sqrt(np.sum(moved * moved)) / step_s
        slowest[frame] = speeds.min()
        for up in range(6):
            for number in range(len(joints)):
                place = here[frame, joints[number], up // 2]
                heights[number] = (place if up % 2 == 0 else -place) - flesh[number]
            level = heights.min()
            levels[up, frame] = level
            lowest, stillest, resting, upside_down = fast, fast, 0, False
            for number in range(len(joints)):
                above = heights[number] - level
                if above <= 0:
                    lowest = min(lowest, speeds[number])
                    upside_down |= head[number]
                if above < carrying:
                    stillest = min(stillest, speeds[number])
                resting += above < on_floor and speeds[number] < at_rest
            signs[up, 0] += np.log(lowest + noise)
            signs[up, 1] += np.log(stillest + noise)
            signs[up, 2] += resting if abs(level) < on_floor else 0
            signs[up, 3] += upside_down
    return levels, slowest, signs / frames


@njit(cache=True, nogil=True)
def distances_between(poses: NDArray[np.float32], ends: NDArray[np.int32]) -> NDArray[np.float64]:
    """Distances (T, D) in poses (T, N, 3), C-contiguous.

    Each is between two points, midway between two joints each: `ends` (D, 4) are the two of the one and of the other.
    """
    distances = np.empty((len(poses), len(ends)))
    for row in range(len(poses)):
        pose = poses[row].astype(np.float64)
        for each in range(len(ends)):
            one, other = pose[ends[each, 0]] + pose[ends[each, 1]], pose[ends[each, 2]] + pose[ends[each, 3]]
            distances[row, each] = 0.5 * np.sqrt(np.sum((one - other) ** 2))
    return distances
