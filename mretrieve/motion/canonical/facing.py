"""Which way a body faces, by the joints that bend one way only, given which side is left."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ...kernels.compiled import facing_signs
from ..skeleton import joint

#: Against a foot that points straight forwards. Elbows bend forwards too, but the upper arm turns freely.
_FEET, _KNEES, _ELBOWS = 3.0, 3.0, 0.2


def forward_evidence(positions: NDArray[np.floating], mapped: NDArray[np.intp]) -> float:
    """How clearly a body faces forwards: near 1 if left and right are as the joints say, near -1 if they are swapped.

    `positions` are (T, 22, 3) in any right-handed axes, of which the joints `mapped` are known. Feet point forwards and
    knees bend there; see `Facing`. 0 if the rig lacks the joints for it.
    """
    return Facing(positions, mapped).forwards


#: Whose joints `facing_signs` looks at.
_PARTS = ("hip", "knee", "ankle", "foot", "shoulder", "elbow", "wrist")


class Facing:
    """Signs of the direction in which a body faces; each is 0 if the rig lacks the joints for it, or without frames.

    Attributes:
        feet: how far feet are in front of their ankles, in lengths of the shank: mean over frames and feet. The front
            of a shank is square to it and to the line of the hips, so it turns with the leg: whoever sits with straight
            legs has feet that point up. Toes are at 0.3, a heel that is taken for the foot at -0.1.
        foot_length: root mean square distance from ankle to foot in lengths of the shank. Toes are at 0.33 and more, a
            heel that is taken for the foot at 0.25.
        knees: the sine of the bend of knees about the line of the hips, positive if they bend as human ones do. It is a
            mean over frames and knees in which each is weighted by its size, so that knees count when they bend.
        hips: the same of hips; backs and hips bend backwards too, but not far.
        elbows: the same of elbows; human ones are below zero, unless the upper arm turns.
        twist: mean cosine of the lines of hips and shoulders, both from right to left.
    """

    def __init__(self, positions: NDArray[np.floating], mapped: NDArray[np.intp]) -> None:
        """`positions` are (T, 22, 3) in any right-handed axes, of which the joints `mapped` are known."""
        poses = np.ascontiguousarray(positions, np.float32)
        signs: list[float] = facing_signs(poses, _places(mapped.tobytes())).tolist()
        self.feet, self.foot_length, self.knees, hips, self.elbows, self.twist = signs
        self.hips = -hips

    @property
    def forwards(self) -> float:
        """See `forward_evidence`."""
        return min(max(_FEET * self.feet + _KNEES * self.knees - _ELBOWS * self.elbows, -1.0), 1.0)


@lru_cache(maxsize=256)
def _places(mapped: bytes) -> NDArray[np.int32]:
    """The left and right joints (7, 2) of _PARTS; -1 if it is not known."""
    known = set(np.frombuffer(mapped, np.intp).tolist())
    both = [[joint(f"{side}_{part}") for side in ("left", "right")] for part in _PARTS]
    return np.array([[index if index in known else -1 for index in sides] for sides in both], np.int32)
