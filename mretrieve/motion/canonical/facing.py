"""Which way a body faces, by the joints that bend one way only, given which side is left."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..skeleton import joint

#: Against a foot that points straight forwards. Elbows bend forwards too, but the upper arm turns freely.
_FEET, _KNEES, _ELBOWS = 3.0, 3.0, 0.2


def forward_evidence(positions: NDArray[np.floating], mapped: NDArray[np.intp]) -> float:
    """How clearly a body faces forwards: near 1 if left and right are as the joints say, near -1 if they are swapped.

    `positions` are (T, 22, 3) in any right-handed axes, of which the joints `mapped` are known. Feet point forwards and
    knees bend there; see `feet_forward` and `knees_forward`. 0 if the rig lacks the joints for it.
    """
    legs = _FEET * feet_forward(positions, mapped) + _KNEES * knees_forward(positions, mapped)
    return float(np.clip(legs - _ELBOWS * _bend(positions, mapped, "shoulder", "elbow", "wrist"), -1, 1))


def feet_forward(positions: NDArray[np.floating], mapped: NDArray[np.intp]) -> float:
    """How far feet are in front of their ankles, in lengths of the shank: mean over frames and feet; 0 if unknown.

    The front of a shank is square to it and to the line of the hips, so it turns with the leg: whoever sits with
    straight legs has feet that point up. Toes are at 0.3, a heel that is taken for the foot at -0.1. `positions` are
    (T, 22, 3), of which the joints `mapped` are known.
    """
    left, sides = _left(positions, mapped), _sides(mapped, "knee", "ankle", "foot")
    if left is None or not sides:
        return 0.0
    knees, ankles, feet = (_both(positions, sides, part) for part in ("knee", "ankle", "foot"))
    shanks = knees - ankles
    return float((_volume(feet - ankles, left, shanks) / np.maximum((shanks**2).sum(axis=2), 1e-18)).mean())


def foot_length(positions: NDArray[np.floating], mapped: NDArray[np.intp]) -> float:
    """Mean distance from ankle to foot in lengths of the shank, over frames and feet; 0 if unknown.

    Toes are at 0.33 and more, a heel that is taken for the foot at 0.25. `positions` are (T, 22, 3), of which the
    joints `mapped` are known.
    """
    sides = _sides(mapped, "knee", "ankle", "foot")
    if not sides:
        return 0.0
    knees, ankles, feet = (_both(positions, sides, part) for part in ("knee", "ankle", "foot"))
    squares = ((feet - ankles) ** 2).sum(axis=2) / np.maximum(((knees - ankles) ** 2).sum(axis=2), 1e-18)
    return float(np.sqrt(squares.mean()))


def knees_forward(positions: NDArray[np.floating], mapped: NDArray[np.intp]) -> float:
    """The sine of the bend of knees about the line of the hips, positive if they bend as human ones do; 0 if unknown.

    It is a mean over frames and knees in which each is weighted by its size, so that knees count when they bend.
    `positions` are (T, 22, 3), of which the joints `mapped` are known.
    """
    return _bend(positions, mapped, "hip", "knee", "ankle")


def _bend(positions: NDArray[np.floating], mapped: NDArray[np.intp], *limb: str) -> float:
    left, sides = _left(positions, mapped), _sides(mapped, *limb)
    if left is None or not sides:
        return 0.0
    start, middle, end = (_both(positions, sides, part) for part in limb)
    upper, lower = middle - start, end - middle
    lengths = np.sqrt((upper**2).sum(axis=2) * (lower**2).sum(axis=2))
    bends = _volume(upper, lower, left) / np.maximum(lengths, 1e-18)
    weights = np.abs(bends)
    return float((weights * bends).sum() / max(float(weights.sum()), 1e-9))


def _sides(mapped: NDArray[np.intp], *parts: str) -> list[str]:
    """The sides on which all parts are known."""
    known = set(mapped.tolist())
    return [side for side in ("left", "right") if known.issuperset(joint(f"{side}_{part}") for part in parts)]


def _both(positions: NDArray[np.floating], sides: list[str], part: str) -> NDArray[np.floating]:
    return positions[:, [joint(f"{side}_{part}") for side in sides]]


def _left(positions: NDArray[np.floating], mapped: NDArray[np.intp]) -> NDArray[np.floating] | None:
    """Unit vectors (T, 1, 3) from the right to the left hip, or shoulder if the rig lacks hips."""
    for part in ("hip", "shoulder"):
        if len(_sides(mapped, part)) == 2:
            across = positions[:, [joint(f"left_{part}")]] - positions[:, [joint(f"right_{part}")]]
            return np.asarray(across / np.maximum(np.sqrt((across**2).sum(axis=2, keepdims=True)), 1e-9))
    return None


def _volume(a: NDArray[np.floating], b: NDArray[np.floating], c: NDArray[np.floating]) -> NDArray[np.floating]:
    """The triple product of vectors (..., 3): a . (b x c)."""
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = (np.moveaxis(vectors, -1, 0) for vectors in (a, b, c))
    return np.asarray(ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx))
