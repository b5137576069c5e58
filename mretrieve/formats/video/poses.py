"""The people in a video, as a pose detector finds them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import FormatError
from ...motion.keypoints import Keypoints
from ..detections import Detections, people_in
from ..reader import MotionFile
from ..tracks import follow_people
from .detector import PoseDetector, open_detector
from .frames import open_video
from .pose_cache import keep, load_cached

#: Called with the number of frames that were searched and about how many there are, 0 if that is unknown.
FrameListener = Callable[[int, int], None]


def find_poses(
    file: MotionFile, model: Path | str | None = None, progress: FrameListener = lambda done, expected: None
) -> list[Keypoints]:
    """The people in a video; found once, then read from the cache.

    Args:
        file: the video.
        model: the pose model, see `open_detector`.
        progress: called after each frame.

    Raises:
        FormatError: the video cannot be decoded, or shows nobody.
        MRetrieveError: a library or the pose model is missing.
    """
    content = _hash_of(file)  # first: a missing video is reported before a missing model
    detector = open_detector(model)
    try:
        name = hashlib.sha256(f"1 {content} {detector.fingerprint}".encode()).hexdigest()
        found = load_cached(name)
        if found is None:
            found = _searched(file, detector, progress)
            keep(name, found)
    finally:
        detector.close()
    detections = _detections(found, detector.joint_set)
    if not len(detections.frames):
        raise FormatError(f"{file.path}: no person was found in any of its frames")
    people = people_in(detections, file.path, int(found["points"].nbytes))
    if len(people) < 2:
        return people
    return [replace(person, body=str(number)) for number, person in enumerate(people, start=1)]  # as files name them


def _hash_of(file: MotionFile) -> str:
    """SHA-256 of the content."""
    if file.content is not None:
        return hashlib.sha256(file.content).hexdigest()
    if file.path.is_dir():
        raise FormatError(f"{file.path}: is a folder; name one video")
    try:
        with file.path.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise file.unreadable(error) from None


def _searched(file: MotionFile, detector: PoseDetector, progress: FrameListener) -> dict[str, NDArray[Any]]:
    """Every body in every frame: `frames` and `shots` (N,), `points` (N, J, 3), and `fps` and `size` of the video."""
    frames: list[int] = []
    shots: list[int] = []
    bodies: list[NDArray[np.float32]] = []
    shot, size = 0, (0, 0)
    with open_video(file) as video:
        for count, frame in enumerate(video.frames, start=1):
            shot += frame.begins_shot
            size = frame.image.shape[1], frame.image.shape[0]
            people = detector.detect(frame.image)
            frames += [frame.number] * len(people)
            shots += [shot] * len(people)
            bodies += list(people)
            progress(count, max(video.expected, count) if video.expected else 0)
        fps = video.fps
    return {
        "frames": np.array(frames, np.int64),
        "shots": np.array(shots, np.int64),
        "points": np.array(bodies, np.float32).reshape(len(bodies), -1 if bodies else 0, 3),
        "fps": np.array(fps),
        "size": np.array(size, np.float64),
    }


def _detections(found: dict[str, NDArray[Any]], joint_set: str) -> Detections:
    """The bodies as people, who are followed within a shot."""
    frames, points, fps = found["frames"], found["points"], float(found["fps"])
    names = [""] * len(frames)
    known = 0
    for shot in np.unique(found["shots"]).tolist():
        rows = np.flatnonzero(found["shots"] == shot)
        followed = follow_people(frames[rows], points[rows], fps)
        for row, name in zip(rows.tolist(), followed, strict=True):
            names[row] = str(known + int(name))
        known += len(set(followed))
    width, height = found["size"].tolist()
    return Detections(joint_set, frames, points, tuple(names), fps, (width, height))
