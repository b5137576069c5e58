"""Checks of a clip on the canonical skeleton that need no truth: size, floor, and left and right.

They use joint positions alone, and only frames in which the body stands. Left and right are checked by the direction of
the toes of feet on the floor and by the side to which knees stand out from the leg. Neither changes if left and right
are exchanged, whereas the front that is compared with them, square to the line from the right hip to the left one, is
then reversed; the same is true of a body that was mirrored without its names.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import inf

import numpy as np
from numpy.typing import NDArray

from mretrieve import Clip
from mretrieve.motion import PARTS
from mretrieve.motion.skeleton import joint

Floats = NDArray[np.floating]

#: What bodies must keep to: metres, ratios, and cosines between the front and what should point there.
HEIGHT_M = (1.3, 2.1)
LIMB_RATIO, SIDE_RATIO = (0.6, 1.6), 1.15
LEVEL_M = 0.08
LEAST_COSINE = 0.25
#: Joints between which a bone changes its length by more than this are estimated each for itself, as by a depth sensor.
RIGID_M = 0.02

#: From the sole to the ankle, and from the head joint to the crown: a twentieth and a tenth of an adult's height.
_SOLE_M, _CROWN_M = 0.08, 0.17
_WINDOW_FRAMES = 60
#: A body stands if its trunk is within 45 degrees of the vertical and its hips are this far above its lowest joint.
_UPRIGHT, _HIPS_M = 0.7, 0.6
#: A foot is on the floor this close to the lowest joint of the legs; shorter vectors in the plane have no direction.
_ON_FLOOR_M, _SHORTEST_M = 0.05, 0.03
#: The same of estimated knees: a Kinect gives the thigh of one person 37 cm in one clip and 44 cm in another.
_SHORTEST_ESTIMATED_M = 0.07
_FEWEST = 5
#: The path is measured over half a second.
_STRIDE_FRAMES, _STRIDE_M = 15, 0.25
_UP, _LEVEL = np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 1.0])


@dataclass(frozen=True)
class Fault:
    """A rule that a body breaks.

    Attributes:
        text: what was measured.
        excess: how far that is beyond the limit, in metres, or as a ratio or cosine; infinite if it has no size.
    """

    text: str
    excess: float = inf


@dataclass(frozen=True)
class BodyMeasures:
    """What the positions of a clip show; NaN if they do not show it.

    Attributes:
        height_m: along the bones from ankle to head, with sole and crown.
        limb_ratio: of the lower part of a limb to its upper part, the farthest from 1 of the four limbs.
        side_ratio: of a limb's length to the other side's, the longer to the shorter, of arms and legs the larger.
        bone_change_m: from the 5th to the 95th percentile of the length of a limb's bone, the largest of the eight.
        standing_frames: in how many frames the body stands.
        foot_levels_m: (left, right) the mean of the lowest twentieth of each foot's heights.
        floor_range_m: by how much the lowest feet of windows of 2 s differ.
        toes, knees: mean cosine between the front that the hips give and the direction of toes and knees.
        elbows: the same of elbows, which are behind a hanging arm and anywhere with a raised one.
        path: the same of the path of the hips: 1 forwards, -1 backwards.
    """

    height_m: float
    limb_ratio: float
    side_ratio: float
    bone_change_m: float
    standing_frames: int
    foot_levels_m: tuple[float, float]
    floor_range_m: float
    toes: float
    knees: float
    elbows: float
    path: float

    @property
    def faults(self) -> dict[str, Fault]:
        """Each kind of fault: "size", "limbs", "standing", "feet", "floor", "sides"."""
        found = {}
        if not HEIGHT_M[0] <= self.height_m <= HEIGHT_M[1]:
            excess = max(HEIGHT_M[0] - self.height_m, self.height_m - HEIGHT_M[1])
            found["size"] = Fault(f"{self.height_m:.2f} m high", excess)
        beyond = max(LIMB_RATIO[0] - self.limb_ratio, self.limb_ratio - LIMB_RATIO[1], self.side_ratio - SIDE_RATIO)
        if beyond > 0 and self.bone_change_m <= RIGID_M:
            found["limbs"] = Fault(f"limb parts 1 : {self.limb_ratio:.2f}, sides 1 : {self.side_ratio:.2f}", beyond)
        if not self.standing_frames:
            found["standing"] = Fault("never stands")
        left, right = self.foot_levels_m
        if abs(left - right) > LEVEL_M:
            text = f"left foot at {left:.2f} m, right foot at {right:.2f} m"
            found["feet"] = Fault(text, abs(left - right) - LEVEL_M)
        if self.floor_range_m > LEVEL_M:
            text = f"the lowest foot changes by {self.floor_range_m:.2f} m"
            found["floor"] = Fault(text, self.floor_range_m - LEVEL_M)
        wrong = {part: value for part, value in self.directions.items() if value < LEAST_COSINE}
        if wrong:
            parts = ", ".join(f"{part} {value:.2f}" for part, value in wrong.items())
            found["sides"] = Fault(f"cosine of the front and the {parts}", LEAST_COSINE - min(wrong.values()))
        return found

    @property
    def directions(self) -> dict[str, float]:
        """What must point to the front."""
        return {"toes": self.toes, "knees": self.knees}


def measure(clip: Clip) -> BodyMeasures:
    """The measures of a clip."""
    hip, knee, ankle, foot = (pair(clip, part) for part in ("hip", "knee", "ankle", "foot"))
    shoulder, elbow, wrist = (pair(clip, part) for part in ("shoulder", "elbow", "wrist"))
    back = _back(clip)
    heights = np.minimum(ankle, foot)[..., 1]  # (T, 2)
    standing = _unit(back[-2] - back[0])[:, 1] > _UPRIGHT
    standing &= back[0][:, 1] - heights.min(axis=1) > _HIPS_M
    on_floor = standing[:, None] & (foot[..., 1] < heights.min(axis=1, keepdims=True) + _ON_FLOOR_M)

    limbs = np.array([_lengths(*limb) for limb in ((hip, knee, ankle), (shoulder, elbow, wrist))])  # limb, part, side
    bone_change_m = max(
        _change(*bone) for limb in ((hip, knee, ankle), (shoulder, elbow, wrist)) for bone in pairwise(limb)
    )
    knee_shortest_m = _SHORTEST_M if bone_change_m <= RIGID_M else _SHORTEST_ESTIMATED_M
    whole, ratios = limbs.sum(axis=1), limbs[:, 1] / limbs[:, 0]
    sides = whole[:, 0] / whole[:, 1]
    floors = [_low(part.min(axis=1)) for part in _windows(heights[standing])]
    return BodyMeasures(
        height_m=float(_SOLE_M + whole[0].mean() + _lengths(*back).sum() + _CROWN_M),
        limb_ratio=float(ratios.flat[np.abs(np.log(ratios)).argmax()]),
        side_ratio=float(np.maximum(sides, 1 / sides).max()),
        bone_change_m=bone_change_m,
        standing_frames=int(standing.sum()),
        foot_levels_m=(_low(heights[standing, 0]), _low(heights[standing, 1])),
        floor_range_m=max(floors) - min(floors),
        toes=_agreement(clip, foot - ankle, on_floor & _seen(clip, "hip", "ankle", "foot")),
        knees=_agreement(
            clip, knee - (hip + ankle) / 2, standing[:, None] & _seen(clip, "hip", "knee", "ankle"), knee_shortest_m
        ),
        elbows=_agreement(clip, elbow - (shoulder + wrist) / 2, standing[:, None] & _seen(clip, "hip", "elbow")),
        path=path_direction(clip)[0],
    )


def pair(clip: Clip, part: str) -> Floats:
    """Positions (T, 2, 3) of the left and the right joint of a name."""
    return clip.positions[:, [joint(f"left_{part}"), joint(f"right_{part}")]].astype(np.float64)


def front(clip: Clip) -> Floats:
    """Level unit vectors (T, 3) to the front of the hips, given which of them is called left."""
    hip = pair(clip, "hip")
    return _unit(np.cross(hip[:, 0] - hip[:, 1], _UP))


def path_direction(clip: Clip) -> tuple[float, float]:
    """Where the hips go while they move at over 0.5 m/s: mean cosines with the front and with the body's left."""
    hips = pair(clip, "hip").mean(axis=1)
    moves = (hips[_STRIDE_FRAMES:] - hips[:-_STRIDE_FRAMES]) * _LEVEL
    moving = np.linalg.norm(moves, axis=1) > _STRIDE_M
    if moving.sum() < _FEWEST:
        return np.nan, np.nan
    facing, moves = front(clip)[_STRIDE_FRAMES // 2 :][: len(moves)][moving], _unit(moves[moving])
    return float((moves * facing).sum(axis=1).mean()), float((moves * np.cross(_UP, facing)).sum(axis=1).mean())


def _agreement(clip: Clip, vectors: Floats, counted: NDArray[np.bool_], shortest_m: float = _SHORTEST_M) -> float:
    """Mean cosine of vectors (T, 2, 3), seen from above, and the front; NaN if too few are `counted` (T, 2 or 1)."""
    level = vectors * _LEVEL
    cosines = (_unit(level) * front(clip)[:, None]).sum(axis=-1)[
        counted & (np.linalg.norm(level, axis=-1) > shortest_m)
    ]
    return float(cosines.mean()) if len(cosines) >= _FEWEST else np.nan


def _back(clip: Clip) -> list[Floats]:
    """The middle of the hips (T, 3), and the joints of the trunk above it up to neck and head."""
    return [pair(clip, "hip").mean(axis=1), *(clip.positions[:, j].astype(np.float64) for j in PARTS["torso"])]


def _lengths(*points: Floats) -> Floats:
    """Median lengths over the frames of the bones from each point (T, ..., 3) to the next."""
    return np.array([np.median(np.linalg.norm(b - a, axis=-1), axis=0) for a, b in pairwise(points)])


def _change(start: Floats, end: Floats) -> float:
    """From the 5th to the 95th percentile of the length of a bone with ends (T, 2, 3), the larger of both sides."""
    low, high = np.percentile(np.linalg.norm(end - start, axis=-1), (5, 95), axis=0)
    return float((high - low).max())


def _windows(heights: Floats) -> list[Floats]:
    """Pieces of 2 s; a shorter rest belongs to the last one."""
    count = max(1, len(heights) // _WINDOW_FRAMES)
    return [heights[i * _WINDOW_FRAMES : (i + 1) * _WINDOW_FRAMES if i < count - 1 else None] for i in range(count)]


def _low(heights: Floats) -> float:
    return float(np.sort(heights)[: max(1, len(heights) // 20)].mean()) if len(heights) else np.nan


def _seen(clip: Clip, *parts: str) -> NDArray[np.bool_]:
    """The frames (T, 1) in which these parts of both sides are in the file."""
    joints = [joint(f"{side}_{part}") for side in ("left", "right") for part in parts]
    return np.asarray(clip.observed[:, joints].all(axis=1, keepdims=True))


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9))
