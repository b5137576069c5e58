"""Clips: one body's motion on the canonical skeleton, at one rate for the whole engine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from .skeleton import JOINT_COUNT

#: Frames per second of every canonical clip.
CANONICAL_FPS = 30.0


class CanonicalFrames:
    """Frames at CANONICAL_FPS in which each joint of the canonical skeleton is observed or not.

    Frame t is at `start_s + t / CANONICAL_FPS` seconds of the file. The classes derived from it are dataclasses, all of
    whose arrays have an entry for each frame.

    Attributes:
        observed: (T, 22); False if the joint has no sample there, or no trustworthy one.
        start_s: file time of frame 0.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]
    observed: NDArray[np.bool_]
    start_s: float

    @cached_property
    def seen_joints(self) -> NDArray[np.bool_]:
        """(22,) which joints are observed in at least half of the frames, and can be compared."""
        if self.observed.all():  # of most clips, and found sooner than by counting
            return np.ones(self.observed.shape[1], bool)
        return np.asarray(2 * self.observed.sum(axis=0) >= len(self.observed))

    @property
    def frame_count(self) -> int:
        """Number of canonical frames T."""
        return len(self.observed)

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.observed) / CANONICAL_FPS

    @property
    def end_s(self) -> float:
        """File time at which the frames end."""
        return self.start_s + self.duration_s

    def cut(self, start_frame: int, end_frame: int) -> Self:
        """Frames start_frame to end_frame (exclusive) as a motion of its own; it shares memory with this one."""
        parts: dict[str, Any] = {}
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                value = value[start_frame:end_frame]
            parts[name] = value.cut(start_frame, end_frame) if isinstance(value, CanonicalFrames) else value
        parts["start_s"] = self.start_s + start_frame / CANONICAL_FPS
        return type(self)(**parts)


@dataclass(frozen=True, eq=False)
class Clip(CanonicalFrames):
    """One body's motion on the canonical skeleton: metres (adult size), Y up, right-handed, world frame, 30 fps.

    Frame t is at `start_s + t / CANONICAL_FPS` seconds of the file.

    Attributes:
        positions: (T, 22, 3), finite everywhere.
        observed: (T, 22); False if the rig lacks the joint or the file has no sample. The position is then filled in
            from neighbours in the body or in time and must not be trusted.
        start_s: file time of frame 0: later than 0 if a leading T-pose was dropped.
        metres_per_unit: the file's unit, measured on the skeleton.
        notes: findings and corrections of canonicalisation, one line each.
    """

    positions: NDArray[np.float32]
    observed: NDArray[np.bool_]
    start_s: float = 0.0
    metres_per_unit: float = 1.0
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.positions.shape != (len(self.observed), JOINT_COUNT, 3) or self.observed.shape[1:] != (JOINT_COUNT,):
            raise ValueError(f"positions are {self.positions.shape}, but observed is {self.observed.shape}")


@dataclass(frozen=True, eq=False)
class LabelledClip:
    """A clip for training and evaluation.

    Attributes:
        clip: the motion.
        label: its class; "" if unknown.
        group: performer, style or recording. Clips of one group are not independent of each other.
        path: its file, relative to the folder that was read; breaks ties.
    """

    clip: Clip
    label: str
    group: str
    path: str


def overlapping_spans(start: int, end: int, length: int, hop: int) -> NDArray[np.int64]:
    """Spans (S, 2) of `length` frames in [start, end), `hop` apart, the last one flush with the end.

    If the stretch is not longer than `length`, the stretch itself. They cover every frame if hop <= length.
    """
    last = end - length
    if last <= start:
        return np.array([[start, end]], np.int64)
    starts = np.array([*range(start, last, hop), last], np.int64)
    return np.stack([starts, starts + length], axis=1)
