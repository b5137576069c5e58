"""Joint centres from markers: hips by regression, knees, ankles, elbows and wrists between the markers at their sides.

Hips: Bell et al., "A comparison of the accuracy of several hip center location prediction methods" (J. Biomech. 1990):
36 % of the distance of the anterior iliac spines to the side, 19 % behind and 30 % below their middle. If a joint has a
marker on one side only, the centre is inside of it by a share of the limb's length. Markers on segments between joints
tell none; of a leg with such markers only, the ankle is known by heel and toe.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .landmarks import Landmark

Points = NDArray[np.float64]
_TO_THE_SIDE, _BEHIND, _BELOW = 0.36, 0.19, 0.30
#: Half the width of a knee over the length of the thigh, and of an ankle over the length of the shank (adults: 5 of
#: 42 cm, 3.5 of 42 cm).
_HALF_KNEE, _HALF_ANKLE = 0.12, 0.085
#: The centre of an ankle without markers at its sides is before the heel marker by the first share of the distance from
#: heel to toe, and above it by the second: in ten feet of five sets that have both they are 0.13 to 0.42 and 0.14 to
#: 0.26, which is an error of 1 to 5 cm.
_BEFORE_HEEL, _ABOVE_HEEL = 0.28, 0.20
#: The centre of a shoulder is below the acromion by this share of the distance of both (adults: 6 of 36 cm).
_BELOW_ACROMION = 0.17
#: The centre of a hip is inside of the trochanter by this share of the distance of both (adults: 7 of 33 cm).
_INSIDE_TROCHANTER = 0.21


class JointCentres:
    """The joints (T, 3) that a body's markers tell, by canonical names, NaN in frames without the markers.

    Args:
        landmarks: positions (T, 3) of the body's landmarks.
    """

    def __init__(self, landmarks: dict[Landmark, Points]) -> None:
        self._at = landmarks
        self.joints: dict[str, Points] = {}
        for side, name in (("l", "left"), ("r", "right")):
            self._add(f"{name}_hip", self._hip(side))
        self._add("pelvis", self._mean("left_hip", "right_hip"))
        for side, name in (("l", "left"), ("r", "right")):
            hip = self.joints.get(f"{name}_hip")
            knee = self._add(f"{name}_knee", self._hinge("knee", side, hip, _HALF_KNEE))
            ankle = self._hinge("ankle", side, knee, _HALF_ANKLE)
            self._add(f"{name}_ankle", self._above_heel(side, hip) if _is_lost(ankle) else ankle)
            toes = self._middle((("toe", side),), (("first metatarsal", side), ("fifth metatarsal", side)))
            self._add(f"{name}_foot", self._middle((("fifth metatarsal", side),)) if toes is None else toes)
        chest = self._middle((("c7", ""), ("clavicles", "")))
        self._add("neck", self._middle((("c7", ""),), (("clavicles", ""),)) if chest is None else chest)
        self._add("spine2", self._middle((("t10", ""), ("sternum", "")), (("t10", ""),)))
        front, back = (("front head", "l"), ("front head", "r")), (("back head", "l"), ("back head", "r"))
        self._add("head", self._middle(front + back, front, (("forehead", ""),), (("top of head", ""),)))
        for side, name in (("l", "left"), ("r", "right")):
            self._add(f"{name}_shoulder", self._shoulder(side))
            elbow = ((("elbow centre", side),), (("lateral elbow", side), ("medial elbow", side)))
            self._add(f"{name}_elbow", self._middle(*elbow, (("lateral elbow", side),)))
            wrist = ((("wrist centre", side),), (("radial wrist", side), ("ulnar wrist", side)), (("wrist", side),))
            self._add(f"{name}_wrist", self._middle(*wrist, (("radial wrist", side),), (("ulnar wrist", side),)))

    def _add(self, joint: str, points: Points | None) -> Points | None:
        if points is not None:
            self.joints[joint] = points
        return points

    def _middle(self, *choices: tuple[Landmark, ...]) -> Points | None:
        """The mean of the landmarks of the first choice of which the body has all."""
        for choice in choices:
            if all(landmark in self._at for landmark in choice):
                return np.asarray(np.mean([self._at[landmark] for landmark in choice], axis=0))
        return None

    def _mean(self, *joints: str) -> Points | None:
        if not all(joint in self.joints for joint in joints):
            return None
        return np.asarray(np.mean([self.joints[joint] for joint in joints], axis=0))

    def _hip(self, side: str) -> Points | None:
        centre = self._at.get(("hip centre", side))
        if centre is not None:
            return centre
        left, right = self._at.get(("asis", "l")), self._at.get(("asis", "r"))
        behind = self._middle((("psis", "l"), ("psis", "r")), (("sacrum", ""),))
        if left is not None and right is not None and behind is not None:
            middle, width = (left + right) / 2, np.linalg.norm(left - right, axis=1, keepdims=True)
            to_left = _unit(left - right)
            forward = middle - behind
            forward = _unit(forward - np.sum(forward * to_left, axis=1, keepdims=True) * to_left)
            up = np.cross(forward, to_left)  # of a right-handed body
            outward = to_left if side == "l" else -to_left
            return np.asarray(middle + width * (_TO_THE_SIDE * outward - _BEHIND * forward - _BELOW * up))
        own, other = self._at.get(("trochanter", side)), self._at.get(("trochanter", "r" if side == "l" else "l"))
        return None if own is None or other is None else own + _INSIDE_TROCHANTER * (other - own)

    def _hinge(self, joint: str, side: str, above: Points | None, half_width: float) -> Points | None:
        """A knee or an ankle: its centre, the middle of its sides, or inside of the outer one."""
        found = self._middle((((f"{joint} centre"), side),), ((f"lateral {joint}", side), (f"medial {joint}", side)))
        outer = self._at.get((f"lateral {joint}", side))
        left, right = self.joints.get("left_hip"), self.joints.get("right_hip")
        if found is not None or outer is None or above is None or left is None or right is None:
            return outer if found is None else found
        along = _unit(outer - above)
        inward = right - left if side == "l" else left - right
        inward = _unit(inward - np.sum(inward * along, axis=1, keepdims=True) * along)
        return np.asarray(outer + half_width * np.linalg.norm(outer - above, axis=1, keepdims=True) * inward)

    def _above_heel(self, side: str, hip: Points | None) -> Points | None:
        """The centre of an ankle by heel and toe, on the side of the foot that is towards the hip."""
        heel, toe = self._at.get(("heel", side)), self._at.get(("toe", side))
        if heel is None or toe is None or hip is None:
            return None
        sole, up = toe - heel, hip - heel
        length, forward = np.linalg.norm(sole, axis=1, keepdims=True), _unit(sole)
        up = _unit(up - np.sum(up * forward, axis=1, keepdims=True) * forward)
        return np.asarray(heel + length * (_BEFORE_HEEL * forward + _ABOVE_HEEL * up))

    def _shoulder(self, side: str) -> Points | None:
        centre = self._at.get(("shoulder centre", side))
        own, other = self._at.get(("acromion", side)), self._at.get(("acromion", "r" if side == "l" else "l"))
        pelvis, neck = self.joints.get("pelvis"), self.joints.get("neck")
        if centre is not None or own is None or other is None or pelvis is None:
            return own if centre is None else centre
        down = _unit(pelvis - ((own + other) / 2 if neck is None else neck))
        return np.asarray(own + _BELOW_ACROMION * np.linalg.norm(own - other, axis=1, keepdims=True) * down)


def _is_lost(points: Points | None) -> bool:
    return points is None or not np.isfinite(points).any()


def _unit(vectors: Points) -> Points:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
