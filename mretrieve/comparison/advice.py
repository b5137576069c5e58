"""What to change in one take of a motion to come nearer to another, in plain words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..alignment.alignment import Alignment, align
from ..motion import CANONICAL_FPS
from ..motion.skeleton import JOINTS, PARTS
from .named_clip import display_name, without_side

#: Errors up to it are no reason for advice: other rigs place the joints of the same pose that far apart.
_ALIKE_MM = 40.0
#: From this error on, which a short delay of a slow motion has, it is looked whether a part comes late.
_WORTH_A_LAG_MM = 15.0
#: A part is late or early where a shift in time of at least so many frames leaves so little of the squared error.
_LEAST_LAG, _MOST_LAG = 3, 15
_LEFT_BY_LAG = 0.4
#: A joint is on one side of the other's where its mean offset is at least this part of its mean distance.
_ONE_SIDED = 0.6
#: A second direction is named where its offset is at least this part of the first one's.
_SECOND = 0.6
#: What lies in the positive and in the negative direction of the body's axes: left, up, forwards.
_DIRECTIONS = (("farther left", "farther right"), ("higher", "lower"), ("farther forward", "farther back"))


@dataclass(frozen=True)
class Advice:
    """What there is to say about one part of the body."""

    part: str
    text: str  # one line, which begins with the part
    kind: Literal["alike", "place", "timing", "movement"]
    start_s: float | None = None  # file time of the stretch that it is about; None for the whole
    end_s: float | None = None
    joint: str | None = None  # the joint that is farthest apart
    offset_mm: tuple[float, float, float] | None = None  # of the joint, from its place in the other: left, up, forwards
    late_s: float | None = None  # negative where the part is early

    def to_dict(self) -> dict[str, Any]:
        """As plain dicts and lists."""
        offset = None if self.offset_mm is None else [round(axis, 1) for axis in self.offset_mm]
        return {
            "text": self.text,
            "kind": self.kind,
            "start_s": None if self.start_s is None else round(self.start_s, 4),
            "end_s": None if self.end_s is None else round(self.end_s, 4),
            "joint": self.joint,
            "offset_mm": offset,
            "late_s": None if self.late_s is None else round(self.late_s, 4),
        }


def advise(alignment: Alignment, part: str, span: tuple[int, int] | None) -> Advice:
    """Advice about a part.

    Args:
        alignment: of the take that is advised (the query) with the one that it should come nearer to.
        part: one that is compared.
        span: the frames of the query that it is about, the end exclusive; None for all of them.
    """
    name = display_name(part)
    mean_mm = alignment.parts_mm[part]
    start, end = span or (0, len(alignment.query_s))
    start_s = float(alignment.query_s[start])
    end_s = float(alignment.query_s[end - 1]) + 1 / CANONICAL_FPS
    when = f" between {start_s:.1f} s and {end_s:.1f} s" if span else " throughout"
    about = partial(Advice, part, start_s=start_s if span else None, end_s=end_s if span else None)

    joints = np.array([joint for joint in PARTS[part] if np.isfinite(alignment.over_time_mm[start:end, joint]).any()])
    lag = _lag(alignment, part, joints, np.arange(start, end)) if mean_mm > _WORTH_A_LAG_MM else 0
    if lag:
        late_s = lag / CANONICAL_FPS
        text = f"{name}: {abs(late_s):.2f} s {'late' if lag > 0 else 'early'}{when}"
        return about(text=text, kind="timing", late_s=late_s)
    if span is None and mean_mm < _ALIKE_MM:
        return Advice(part, f"{name}: as in B, {_cm(mean_mm)} apart on average", "alike")

    worst = int(joints[np.argmax(np.nanmean(alignment.over_time_mm[start:end, joints], axis=0))])
    offsets = _offsets_mm(alignment, worst, start, end)
    offset, distance = offsets.mean(axis=0), float(np.linalg.norm(offsets, axis=1).mean())
    joint = without_side(JOINTS[worst])
    if np.linalg.norm(offset) < _ONE_SIDED * distance:
        text = f"{name}: your {joint} moves differently from B{when}, {_cm(distance)} apart on average"
        return about(text=text, kind="movement", joint=JOINTS[worst])
    text = f"{name}: your {joint} is {_towards(offset)} than in B{when}"
    left, up, forwards = (float(axis) for axis in offset)
    return about(text=text, kind="place", joint=JOINTS[worst], offset_mm=(left, up, forwards))


def _offsets_mm(alignment: Alignment, joint: int, start: int, end: int) -> NDArray[np.float64]:
    """Where a joint of the query is, from its place in the other (k, 3), in the frames that both have observed."""
    frames = np.arange(start, end)[np.isfinite(alignment.over_time_mm[start:end, joint])]
    other = alignment.other_poses[alignment.nearest_other[frames], joint]
    return np.asarray((alignment.query_poses[frames, joint] - other) * 1000.0, np.float64)


def _lag(alignment: Alignment, part: str, joints: NDArray[np.intp], frames: NDArray[np.intp]) -> int:
    """Frames by which a part of the query comes after the rest of the body; 0 where a shift explains little.

    The rest alone tells which frame of the other answers to query frame t; with that one's joints those of query frame
    t + lag are compared.
    """
    if not any(weight for other, weight in alignment.weights.items() if other != part and other in alignment.parts_mm):
        return 0
    rest = replace(alignment.weights, **{part: 0.0})
    answering = align(alignment.query, alignment.other, rest).nearest_other
    last = len(answering) - 1
    most = min(_MOST_LAG, len(frames) // 2)
    left_over = {}
    for lag in range(-most, most + 1):
        kept = frames[(frames + lag >= 0) & (frames + lag <= last)]
        wanted = alignment.other_poses[answering[kept]][:, joints]
        shifted = np.square(alignment.query_poses[kept + lag][:, joints] - wanted).sum()
        unshifted = np.square(alignment.query_poses[kept][:, joints] - wanted).sum()
        left_over[lag] = float(shifted / max(unshifted, 1e-12))
    best = min(left_over, key=lambda lag: (left_over[lag], abs(lag)))
    clear = left_over[best] < _LEFT_BY_LAG and _LEAST_LAG <= abs(best) < most
    return best if clear else 0


def _towards(offset: NDArray[np.float64]) -> str:
    """The one or two main directions of an offset in the body frame, millimetres."""
    order = np.argsort(-np.abs(offset), kind="stable")
    first, second = (int(axis) for axis in order[:2])
    said = [first] + ([second] if abs(offset[second]) >= _SECOND * abs(offset[first]) else [])
    return " and ".join(f"{_cm(abs(offset[axis]))} {_DIRECTIONS[axis][int(offset[axis] < 0)]}" for axis in said)


def _cm(millimetres: float) -> str:
    return f"{millimetres / 10:.0f} cm" if millimetres >= 10 else f"{millimetres / 10:.1f} cm"
