"""People followed from frame to frame, if a file only lists the bodies of each frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..kernels.assignment import best_assignment

#: A person who is not found for longer is another one afterwards.
LONGEST_GAP_S = 0.5
#: A body farther from where a person is expected is another one: mean distance of the joints, in heights of the body;
#: the second number is added for each second without a body.
_FARTHEST, _FARTHEST_PER_S = 0.35, 0.7
#: What it counts that only the middle of a body is near.
_LEAST_NEARNESS = 0.01
#: The part of the newest velocity in the one that is expected, a frame; detections tremble.
_NEWEST_VELOCITY = 0.3


@dataclass(eq=False)
class _Person:
    name: str
    points: NDArray[np.float64]  # (J, 2) where they were last seen
    velocity: NDArray[np.float64]  # (2,) of the whole body, a frame
    frame: int

    @property
    def size(self) -> float:
        return _size(self.points)

    def expected(self, frame: int) -> NDArray[np.float64]:
        return self.points + self.velocity * (frame - self.frame)

    def move_to(self, points: NDArray[np.float64], frame: int) -> None:
        seen = np.isfinite(points[:, 0])
        both = seen & np.isfinite(self.points[:, 0])
        if both.any():
            newest = (points[both] - self.points[both]).mean(axis=0) / (frame - self.frame)
            self.velocity += _NEWEST_VELOCITY * (newest - self.velocity)
        self.points = np.where(seen[:, None], points, self.expected(frame))
        self.frame = frame


def follow_people(frames: NDArray[np.int64], points: NDArray[np.float32], fps: float) -> tuple[str, ...]:
    """The person that each body is, numbered from "1" in the order of their first frames.

    In each frame bodies are assigned to people so that the joints are nearest to where each person would be by
    constant velocity, measured by the size of the body.

    Args:
        frames: (N,) never decreasing.
        points: (N, J, 3) x, y and confidence; NaN where nothing was found.
        fps: frames per second.
    """
    names = [""] * len(frames)
    people: list[_Person] = []
    count = 0
    starts = np.flatnonzero(np.diff(frames, prepend=-1))
    for start, end in zip(starts, [*starts[1:], len(frames)], strict=True):
        frame = int(frames[start])
        bodies = points[start:end, :, :2].astype(np.float64)
        people = [person for person in people if frame - person.frame <= LONGEST_GAP_S * fps]
        for number, place in enumerate(best_assignment(_nearness(people, bodies, frame, fps).T)):
            if place < 0:
                count += 1
                people.append(_Person(str(count), bodies[number], np.zeros(2), frame))
            else:
                people[place].move_to(bodies[number], frame)
            names[start + number] = people[place].name
    return tuple(names)


def _nearness(people: list[_Person], bodies: NDArray[np.float64], frame: int, fps: float) -> NDArray[np.float64]:
    """(P, B) positive where a body may be a person, the larger the nearer.

    A body whose middle is where that of the person is expected may be the person although its joints are far away, as
    detectors exchange left and right; but any body with nearer joints is preferred.
    """
    scores = np.full((len(people), len(bodies)), -1.0)
    own_sizes = np.array([_size(body) for body in bodies])
    for row, person in enumerate(people):
        sizes = np.maximum(own_sizes, person.size)
        offsets = bodies - person.expected(frame)
        known = np.isfinite(offsets[..., 0])
        both = known.any(axis=1) & (sizes > 0)
        offsets[~known] = 0
        sizes[sizes == 0] = 1  # both are points: `both` leaves them out
        counts = np.maximum(known.sum(axis=1), 1)
        of_joints = np.linalg.norm(offsets, axis=2).sum(axis=1) / counts
        of_middles = np.linalg.norm(offsets.sum(axis=1), axis=1) / counts
        allowed = _FARTHEST + _FARTHEST_PER_S * (frame - person.frame) / fps
        nearness = np.maximum(allowed - of_joints / sizes, _LEAST_NEARNESS * (allowed - 2 * of_middles / sizes))
        scores[row, both] = nearness[both]
    return scores


def _size(body: NDArray[np.float64]) -> float:
    """The longer side of the box around (J, 2) points."""
    known = body[np.isfinite(body[:, 0])]
    return float(np.ptp(known, axis=0).max()) if len(known) else 0.0
