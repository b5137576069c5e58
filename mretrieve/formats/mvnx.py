"""MVNX of Xsens MVN (the MVN User Manual, "MVNX file"): XML with the place of each segment in each frame.

A segment begins at the joint that it is named for: `RightUpperArm` at the shoulder. Metres, Z up. Written from the
published layout; no recording was at hand.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..motion.motion import Motion, Rig
from .motion_text import text_head
from .reader import MOST_JOINTS, MotionFile, Reader

_LARGEST = 1 << 30
#: The segment that each hangs from; limbs of both sides have the same ones.
_TRUNK = {"L5": "Pelvis", "L3": "L5", "T12": "L3", "T8": "T12", "Neck": "T8", "Head": "Neck"}
_LIMBS = (("T8", "Shoulder", "UpperArm", "ForeArm", "Hand"), ("Pelvis", "UpperLeg", "LowerLeg", "Foot", "Toe"))
_ABOVE = _TRUNK | {
    f"{side}{segment}": f"{side}{above}" if above != limb[0] else above
    for side in ("Left", "Right")
    for limb in _LIMBS
    for above, segment in pairwise(limb)
}


@dataclass
class _Subject:
    label: str
    fps: float
    segments: list[str] = field(default_factory=list)
    frames: list[NDArray[np.float64]] = field(default_factory=list)


def read_mvnx(file: MotionFile) -> list[Motion]:
    """A motion for each subject; frames of calibration poses (`tpose`, `identity`) are left out.

    Raises:
        FormatError: broken XML, no segments or no frames, or a frame whose places are not three numbers a segment.
    """
    if file.size_bytes > _LARGEST:
        raise FormatError(f"{file.path}: {file.size_bytes >> 20} MiB are too much; export it without sensor data")
    try:
        subjects = [subject for subject in _subjects(file) if subject.frames]
    except (ElementTree.ParseError, ValueError) as error:
        raise FormatError(f"{file.path}: broken XML or numbers ({error}); export it again") from None
    if not subjects:
        raise FormatError(f"{file.path}: no frames with positions of segments; export it again with them")
    return [_motion(file, subject, several=len(subjects) > 1) for subject in subjects]


def _motion(file: MotionFile, subject: _Subject, *, several: bool) -> Motion:
    names = subject.segments
    size = 3 * len(names)
    if not 0 < len(names) <= MOST_JOINTS or any(len(frame) != size for frame in subject.frames):
        raise FormatError(
            f"{file.path}: a frame has not three numbers for each of {len(names)} segments; export it again"
        )
    if len(set(names)) < len(names):
        raise FormatError(f"{file.path}: two segments have one name; export it again")
    number = {name: place for place, name in enumerate(names)}
    parents = np.array([number.get(_ABOVE.get(name, ""), -1) for name in names], np.int32)
    if (parents >= np.arange(len(names))).any():
        raise FormatError(f"{file.path}: a segment precedes the one that it hangs from; export it again")
    with np.errstate(over="ignore"):  # beyond single precision is damage
        positions = np.array(subject.frames).reshape(len(subject.frames), -1, 3).astype(np.float32)
    positions[~np.isfinite(positions).all(axis=2)] = np.nan
    rig = Rig(tuple(names), parents, np.zeros((len(names), 3)))
    return Motion(rig, positions, subject.fps, file.path, subject.label if several else "", declared_up="+Z")


def _subjects(file: MotionFile) -> Iterator[_Subject]:
    """The subjects, with the places of the frames that were recorded."""
    content = file.read_bytes()
    if b"<!DOCTYPE" in content[:4096]:
        raise ValueError("it has a document type")
    subject = _Subject("", 0.0)
    for event, element in ElementTree.iterparse(io.BytesIO(content), ("start", "end")):
        tag = element.tag.rpartition("}")[2]
        if event == "start":
            if tag == "subject":
                subject = _Subject(element.get("label", ""), float(element.get("frameRate", "nan")))
        elif tag == "segment":
            subject.segments.append(element.get("label", ""))
        elif tag == "frame":
            places = next((child.text for child in element if child.tag.rpartition("}")[2] == "position"), None)
            if element.get("type", "normal") == "normal" and places:
                subject.frames.append(np.array(places.split(), np.float64))
            element.clear()
        elif tag == "subject":
            yield subject


def _is_mvnx(head: bytes) -> bool:
    return b"<mvnx" in text_head(head)[:4096]


MVNX = Reader("mvnx", ("mvnx",), lambda head, _: _is_mvnx(head), lambda file, _: read_mvnx(file))
