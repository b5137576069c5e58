"""Bodies that a depth sensor saw, frame by frame, and the motions that they make."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import FormatError
from ...motion.joint_sets import JointSet
from ...motion.motion import Motion
from ..joint_motion import motion_of_joints
from ..reader import LARGEST_POSITIONS, LARGEST_POSITIONS_PER_BYTE

#: Frames per second of Kinect v1 and v2.
SENSOR_FPS = 30.0
#: Bodies that are seen for a shorter time are furniture, shadows and passers-by.
SHORTEST_S = 0.5
#: Places of bodies in one frame; the sensors follow up to six.
MOST_BODIES = 100


@dataclass(frozen=True, eq=False)
class SensorBodies:
    """All bodies that a sensor saw.

    Attributes:
        joint_set: the sensor's joints.
        frames: (N,) the frame of each body, from 0, increasing for each person.
        people: (N,) a number for each person, the same in all frames.
        positions: (N, J, 3) metres; NaN for joints that were not tracked.
        fps: frames per second.
    """

    joint_set: JointSet
    frames: NDArray[np.int64]
    people: NDArray[np.int64]
    positions: NDArray[np.float32]
    fps: float = SENSOR_FPS


def motions_of(bodies: SensorBodies, source: Path, file_size: int) -> list[Motion]:
    """A motion for each person who is seen for SHORTEST_S, in the order in which they appear; NaN in between.

    Raises:
        FormatError: nobody is seen as long, or the frames are too far apart to be those of a recording.
    """
    seen = np.any(np.isfinite(bodies.positions).all(axis=2), axis=1)
    motions: list[Motion] = []
    _, first_rows = np.unique(bodies.people[seen], return_index=True)
    for person in bodies.people[seen][np.sort(first_rows)]:
        own = seen & (bodies.people == person)
        frames = bodies.frames[own] - bodies.frames[own][0]
        count = int(frames[-1]) + 1
        if count < SHORTEST_S * bodies.fps:
            continue
        size = 12 * count * bodies.positions.shape[1]
        if size > max(LARGEST_POSITIONS, LARGEST_POSITIONS_PER_BYTE * file_size):
            raise FormatError(f"{source}: frames {count} apart are not of one recording; cut the file")
        positions = np.full((count, *bodies.positions.shape[1:]), np.nan, np.float32)
        positions[frames] = bodies.positions[own]
        name = str(len(motions) + 1)
        motions.append(motion_of_joints(bodies.joint_set, positions, bodies.fps, source, body=name))
    if not motions:
        raise FormatError(f"{source}: nobody is tracked for {SHORTEST_S:g} s; record again, nearer to the sensor")
    return motions if len(motions) > 1 else [replace(motions[0], body="")]


def frames_at(times_s: NDArray[np.float64]) -> tuple[NDArray[np.int64], float]:
    """The frame (N,) of each time (N,) in seconds, from 0, and the rate: that of most steps."""
    steps_s = np.diff(times_s)
    steps_s = steps_s[steps_s > 0]
    if not len(steps_s) or not np.isfinite(steps_s).all():
        return np.arange(len(times_s), dtype=np.int64), SENSOR_FPS
    fps = 1.0 / float(np.median(steps_s))
    fps = float(round(fps)) if abs(fps - round(fps)) < 0.02 * fps else fps
    fps = min(max(fps, 1.0), 1000.0)
    return np.round((times_s - times_s[0]) * fps).clip(0, 1 << 40).astype(np.int64), fps
