"""Rotations of bones from joint positions, as exponential maps in the torso's frame."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


def swing_rotations(
    directions: NDArray[np.float32], rest: NDArray[np.float32], across: tuple[tuple[int, int], ...], up: tuple[int, ...]
) -> NDArray[np.float32]:
    """The rotation of each bone from its rest direction, seen from the torso, as an exponential map.

    Positions do not determine the rotation of a bone about itself, so the smallest rotation from the rest direction is
    taken. The result does not change if the whole body is turned or leans (mmd-nca.md, section 7: poses are aligned to
    the torso and expressed as exponential maps). Rotations are not relative to the parents: otherwise a missing bone
    would change all bones further out.

    Args:
        directions: (N, B, 3) unit vectors, any frame of reference; zero if a bone is not observed.
        rest: (B, 3) unit directions at rest, in the torso's frame left, up, forwards.
        across: pairs of bones that point to the body's left and right: the sum of their differences is its left.
        up: bones whose sum is the torso's up. With several of either, one bone that is not observed does little harm.

    Returns:
        (N, B, 3) float32, radians along the axis of rotation; zero if a bone is not observed. If the torso has no
        direction, its frame is the frame of reference.
    """
    flat = np.ascontiguousarray(directions, np.float32)
    left, right = np.array(across, np.int64).T
    towards_left = flat[:, left].sum(axis=1) - flat[:, right].sum(axis=1)
    upwards = flat[:, list(up)].sum(axis=1)
    turns: NDArray[np.float32] = _swings(flat, np.ascontiguousarray(rest, np.float32), towards_left, upwards)
    return turns


@njit(nogil=True, cache=True)
def _swings(directions, rest, left, up):  # type: ignore[no-untyped-def]  # pragma: no cover
    count, bones, _ = directions.shape
    out = np.zeros((count, bones, 3), np.float32)
    torso = np.empty((3, 3), np.float32)  # columns: left, up, forwards
    for n in range(count):
        _torso(left[n], up[n], torso)
        for b in range(bones):
            d, r = directions[n, b], rest[b]
            if d[0] * d[0] + d[1] * d[1] + d[2] * d[2] < 0.25:
                continue
            x = torso[0, 0] * d[0] + torso[1, 0] * d[1] + torso[2, 0] * d[2]
            y = torso[0, 1] * d[0] + torso[1, 1] * d[1] + torso[2, 1] * d[2]
            z = torso[0, 2] * d[0] + torso[1, 2] * d[1] + torso[2, 2] * d[2]
            ax, ay, az = r[1] * z - r[2] * y, r[2] * x - r[0] * z, r[0] * y - r[1] * x
            sine = np.sqrt(ax * ax + ay * ay + az * az)
            cosine = r[0] * x + r[1] * y + r[2] * z
            if sine < 1e-6:
                if cosine > 0:
                    continue
                # opposite to rest: any axis square to it will do
                ax, ay, az = (r[1], -r[0], np.float32(0.0)) if abs(r[2]) < 0.9 else (np.float32(0.0), r[2], -r[1])
                sine = np.sqrt(ax * ax + ay * ay + az * az)
                scale = np.float32(np.pi) / sine
            else:
                scale = np.float32(np.arctan2(sine, cosine)) / sine
            out[n, b, 0], out[n, b, 1], out[n, b, 2] = ax * scale, ay * scale, az * scale
    return out


@njit(nogil=True, cache=True)
def _torso(left, up, frame):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Axes left, up, forwards as columns, orthogonal; the frame of reference if the body has none."""
    frame[:] = np.eye(3, dtype=np.float32)
    length = np.sqrt(up[0] * up[0] + up[1] * up[1] + up[2] * up[2])
    if length < 1e-3:
        return
    y = up / length
    x = left - y * (left[0] * y[0] + left[1] * y[1] + left[2] * y[2])
    length = np.sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2])
    if length < 1e-3:
        return
    x = x / length
    for i in range(3):
        frame[i, 0], frame[i, 1] = x[i], y[i]
    frame[0, 2] = x[1] * y[2] - x[2] * y[1]
    frame[1, 2] = x[2] * y[0] - x[0] * y[2]
    frame[2, 2] = x[0] * y[1] - x[1] * y[0]
