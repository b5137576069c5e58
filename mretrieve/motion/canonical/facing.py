"""Which way a body faces, by the joints that bend one way only, given which side is left."""

from __future__ import annotations

from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from ..skeleton import joint

#: Against a foot that points straight forwards. Elbows bend forwards too, but the upper arm turns freely.
_FEET, _KNEES, _ELBOWS = 3.0, 3.0, 0.2


def forward_evidence(positions: NDArray[np.floating], mapped: NDArray[np.intp]) -> float:
    """How clearly a body faces forwards: near 1 if left and right are as the joints say, near -1 if they are swapped.

    `positions` are (T, 22, 3) in any right-handed axes, of which the joints `mapped` are known. Feet point forwards and
    knees bend there; see `Facing`. 0 if the rig lacks the joints for it.
    """
    facing = Facing(positions, mapped)
    evidence = _FEET * facing.feet + _KNEES * facing.knees
    if abs(evidence) < 1 + _ELBOWS:  # else elbows make no difference
        evidence -= _ELBOWS * facing.elbows
    return min(max(evidence, -1.0), 1.0)


class Facing:
    """Signs of the direction in which a body faces; each is 0 if the rig lacks the joints for it."""

    def __init__(self, positions: NDArray[np.floating], mapped: NDArray[np.intp]) -> None:
        """`positions` are (T, 22, 3) in any right-handed axes, of which the joints `mapped` are known."""
        self._rows = positions.transpose(2, 1, 0).copy()  # (3, 22, T): long rows are fast
        self._mapped = mapped.tobytes()

    @cached_property
    def feet(self) -> float:
        """How far feet are in front of their ankles, in lengths of the shank: mean over frames and feet.

        The front of a shank is square to it and to the line of the hips, so it turns with the leg: whoever sits with
        straight legs has feet that point up. Toes are at 0.3, a heel that is taken for the foot at -0.1.
        """
        if self._left is None or self._shanks_and_feet is None:
            return 0.0
        shanks, feet, squares = self._shanks_and_feet
        return float((_volume(feet, self._left, shanks) / squares).mean())

    @cached_property
    def foot_length(self) -> float:
        """Mean distance from ankle to foot in lengths of the shank, over frames and feet.

        Toes are at 0.33 and more, a heel that is taken for the foot at 0.25.
        """
        if self._shanks_and_feet is None:
            return 0.0
        _, feet, squares = self._shanks_and_feet
        return float(np.sqrt((_squares(feet) / squares).mean()))

    @cached_property
    def knees(self) -> float:
        """The sine of the bend of knees about the line of the hips, positive if they bend as human ones do.

        It is a mean over frames and knees in which each is weighted by its size, so that knees count when they bend.
        """
        return self._bend("hip", "knee", "ankle")

    @cached_property
    def hips(self) -> float:
        """The same of hips; backs and hips bend backwards too, but not far."""
        return -self._bend("shoulder", "hip", "knee")

    @cached_property
    def elbows(self) -> float:
        """The same of elbows; human ones are below zero, unless the upper arm turns."""
        return self._bend("shoulder", "elbow", "wrist")

    def _bend(self, *limb: str) -> float:
        ends = self._both(*limb)
        if self._left is None or ends is None:
            return 0.0
        upper, lower = ends[:, 1] - ends[:, 0], ends[:, 2] - ends[:, 1]
        bends = _volume(upper, lower, self._left) / np.maximum(np.sqrt(_squares(upper) * _squares(lower)), 1e-18)
        weights = np.abs(bends)
        return float((weights * bends).sum()) / max(float(weights.sum()), 1e-9)

    @cached_property
    def _left(self) -> NDArray[np.floating] | None:
        """Unit vectors (3, 1, T) from the right to the left hip, or shoulder if the rig lacks hips."""
        for part in ("hip", "shoulder"):
            ends = self._both(part)
            if ends is not None and ends.shape[2] == 2:
                across = ends[:, 0, :1] - ends[:, 0, 1:]
                return np.asarray(across / np.maximum(np.sqrt(_squares(across)), 1e-9))
        return None

    @cached_property
    def _shanks_and_feet(self) -> tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.floating]] | None:
        """From ankles to knees and to feet, (3, S, T), and the squared lengths (S, T) of the former, not zero."""
        ends = self._both("knee", "ankle", "foot")
        if ends is None:
            return None
        shanks, feet = ends[:, 0] - ends[:, 1], ends[:, 2] - ends[:, 1]
        return shanks, feet, np.maximum(_squares(shanks), 1e-18)

    def _both(self, *parts: str) -> NDArray[np.floating] | None:
        """Positions (3, P, S, T) of P parts on those sides on which all of them are known; None if on neither."""
        places = _places(self._mapped, parts)
        return self._rows[:, places] if places.size else None


@lru_cache(maxsize=256)
def _places(mapped: bytes, parts: tuple[str, ...]) -> NDArray[np.intp]:
    """The joints (P, S) of all parts on the sides on which all of them are known."""
    known = set(np.frombuffer(mapped, np.intp).tolist())
    sides = [side for side in ("left", "right") if known.issuperset(joint(f"{side}_{part}") for part in parts)]
    return np.array([[joint(f"{side}_{part}") for side in sides] for part in parts], np.intp)


def _squares(vectors: NDArray[np.floating]) -> NDArray[np.floating]:
    """Squared lengths of vectors (3, ...)."""
    x, y, z = vectors
    return np.asarray(x * x + y * y + z * z)


def _volume(a: NDArray[np.floating], b: NDArray[np.floating], c: NDArray[np.floating]) -> NDArray[np.floating]:
    """The triple product of vectors (3, ...): a . (b x c)."""
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = a, b, c
    return np.asarray(ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx))
