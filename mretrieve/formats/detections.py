"""What a detector found in the frames of a video, and the people that it makes together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..motion.keypoints import ASSUMED_FPS, Keypoints
from .reader import LARGEST_POSITIONS, LARGEST_POSITIONS_PER_BYTE
from .tracks import follow_people

#: People who are seen for a shorter time are left out.
SHORTEST_S = 0.5

#: Bodies in a frame. Following them takes a time that grows with its third power.
_LARGEST_CROWD = 200


@dataclass(frozen=True, eq=False)
class Detections:
    """All bodies that were found in the frames of one video.

    Attributes:
        joint_set: name of the joint set.
        frames: (N,) the frame of each body, from 0; never decreasing, if people have names those of each person.
        points: (N, J, 3) float32: x to the right, y down, confidence. A point that was not found has confidence 0.
        people: (N,) the name of the person if the file follows people, else "".
        fps: frames per second; None if the file does not say.
        image_size: width and height in the unit of x and y; None if the file does not say.
        repairs: what the reader corrected or assumed, one line each.
    """

    joint_set: str
    frames: NDArray[np.int64]
    points: NDArray[np.float32]
    people: tuple[str, ...]
    fps: float | None = None
    image_size: tuple[float, float] | None = None
    repairs: tuple[str, ...] = ()


def people_in(found: Detections, source: Path, file_size: int, fps: float | None = None) -> list[Keypoints]:
    """The people in a video in the order in which they appear; the only one has no name.

    People whom the file does not follow from frame to frame are followed here, and numbered from 1.

    Args:
        found: the bodies in all frames.
        source: the file.
        file_size: its bytes, which bound the memory that may be taken.
        fps: frames per second, if the user gives them; they precede those of the file.

    Raises:
        FormatError: nobody is seen for SHORTEST_S, or the frames are too far apart to be those of a video.
    """
    found = _without_empty_bodies(replace(found, fps=fps or found.fps))
    rate = found.fps or ASSUMED_FPS
    if all(found.people):
        names = found.people
    else:
        crowd = int(np.unique(found.frames, return_counts=True)[1].max())
        if crowd > _LARGEST_CROWD:
            raise FormatError(f"{source}: {crowd} bodies in one frame are too many to follow; number the people")
        names = follow_people(found.frames, found.points, rate)
    tracks: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        tracks.setdefault(name, []).append(row)
    lengths = {name: int(found.frames[rows[-1]] - found.frames[rows[0]]) + 1 for name, rows in tracks.items()}
    kept = [name for name, length in lengths.items() if length >= SHORTEST_S * rate]
    if not kept:
        if not lengths:
            raise FormatError(
                f"{source}: nobody is found in any frame: no point has a position and a confidence above 0"
            )
        frames = max(lengths.values())
        raise FormatError(
            f"{source}: nobody is seen for {SHORTEST_S:g} s, only for {frames} frame{'s'[: frames > 1]} in succession; "
            f"motion needs the frames of a video"
        )
    size = 12 * found.points.shape[1] * sum(lengths[name] for name in kept)
    if size > max(LARGEST_POSITIONS, LARGEST_POSITIONS_PER_BYTE * file_size):
        raise FormatError(
            f"{source}: bodies in {len(found.frames)} of the frames {found.frames.min()} to {found.frames.max()} take "
            f"{size >> 20} MiB, too much for {file_size >> 10} KiB of file; number the frames one by one"
        )
    if left_out := len(tracks) - len(kept):
        noun = "person is" if left_out == 1 else "people are"
        found = replace(
            found, repairs=(*found.repairs, f"{left_out} {noun} seen for less than {SHORTEST_S:g} s and left out")
        )
    return [_person(found, tracks[name], source, name if len(kept) > 1 else "") for name in kept]


def _without_empty_bodies(found: Detections) -> Detections:
    """Points that were not found are NaN, with confidence 0; bodies without points are left out."""
    points = found.points.copy()
    known = np.isfinite(points).all(axis=2) & (points[..., 2] > 0)
    if known.any() and points[known][:, :2].min() >= 0:  # in a picture (0, 0) stands for nothing found
        known &= points[..., :2].any(axis=2)
    points[~known] = np.nan, np.nan, 0
    np.clip(points[..., 2], 0, 1, out=points[..., 2])
    rows = np.flatnonzero(known.any(axis=1))
    return replace(found, frames=found.frames[rows], points=points[rows], people=tuple(found.people[r] for r in rows))


def _person(found: Detections, rows: list[int], source: Path, name: str) -> Keypoints:
    """The bodies of some rows as one person."""
    frames = found.frames[rows]
    first, last = int(frames[0]), int(frames[-1])
    points = np.full((last - first + 1, found.points.shape[1], 3), np.nan, np.float32)
    points[..., 2] = 0
    points[frames - first] = found.points[rows]
    return Keypoints(
        found.joint_set,
        np.ascontiguousarray(points[..., :2]),
        np.ascontiguousarray(points[..., 2]),
        source,
        found.fps,
        name,
        first,
        found.image_size,
        found.repairs,
    )
