"""All motion formats that mretrieve knows: recognising a file by its content, and reading it."""

from __future__ import annotations

import math
from pathlib import Path

from ..errors import FormatError
from ..motion.keypoints import Keypoints
from ..motion.motion import Motion
from .amc import AMC
from .asf import ASF
from .bvh import BVH
from .deepmimic import DEEPMIMIC
from .exponential_map import EXPONENTIAL_MAP
from .fbx.reader import FBX
from .frame_files import recording
from .frame_keypoints import FRAME_KEYPOINTS
from .gltf.reader import GLTF
from .image_keypoints import IMAGE_KEYPOINTS
from .joint_arrays import JOINT_ARRAYS
from .joint_table import JOINT_TABLE
from .kinect.json_frames import KINECT_JSON
from .kinect.ntu import NTU
from .kinect.text_frames import KINECT_TABLE
from .markers.c3d import C3D
from .markers.motive import MOTIVE_CSV
from .markers.space_table import SPACE_TABLE
from .markers.tables import QUALISYS_TSV, TRC, VICON_CSV
from .openpose import OPENPOSE
from .reader import MotionFile, Reader, ReadingOptions
from .video.reader import VIDEO

#: The known formats by name; `register_reader` adds one.
READERS: dict[str, Reader] = {
    reader.name: reader
    for reader in (
        VIDEO,
        JOINT_ARRAYS,
        JOINT_TABLE,
        FRAME_KEYPOINTS,
        IMAGE_KEYPOINTS,
        OPENPOSE,
        EXPONENTIAL_MAP,
        DEEPMIMIC,
        C3D,
        TRC,
        QUALISYS_TSV,
        VICON_CSV,
        MOTIVE_CSV,
        SPACE_TABLE,
        KINECT_JSON,
        KINECT_TABLE,
        NTU,
        FBX,
        GLTF,
        ASF,
        AMC,
        BVH,
    )
}


def register_reader(reader: Reader) -> None:
    """Add a format, in this process, or replace the one of the same name; the last one added is tried first."""
    READERS.pop(reader.name, None)
    READERS[reader.name] = reader


def recognise(file: MotionFile | Path | str) -> Reader | None:
    """The format of a file, from its first bytes; None if it is not a motion file.

    Only if the content says nothing (an empty or damaged file) the suffix decides, so that the file is refused with a
    reason and not passed over.

    Raises:
        FormatError: the file cannot be opened.
    """
    file = file if isinstance(file, MotionFile) else MotionFile(Path(file))
    head, suffix = file.head(), file.path.suffix.lower().removeprefix(".")
    latest_first = list(reversed(READERS.values()))
    by_content = (reader for reader in latest_first if reader.recognises(head, file.path))
    by_suffix = (reader for reader in latest_first if suffix in reader.suffixes)
    return next(by_content, None) or next(by_suffix, None)


def read(path: Path | str, asf: Path | str | None = None) -> list[Motion]:
    """The motions in a file, one per body; the format is recognised by the content.

    Args:
        path: a motion file.
        asf: the skeleton of an AMC file; None looks for it next to the motion.

    Raises:
        FormatError: the file's format is unknown or cannot be read, the file is damaged or contradicts itself, or it
            holds keypoints in a picture; the message names file, line and remedy.
    """
    bodies = read_file(MotionFile(Path(path)), ReadingOptions(asf=None if asf is None else Path(asf)))
    motions = [body for body in bodies if isinstance(body, Motion)]
    if len(motions) < len(bodies):
        raise FormatError(f"{path}: holds keypoints in a picture and no motion in space; use mretrieve.read_keypoints")
    return motions


def read_keypoints(path: Path | str, fps: float | None = None) -> list[Keypoints]:
    """The keypoints of each person in a file of a pose detector; the format is recognised by the content.

    Args:
        path: a file, or a folder with a file for each frame, as OpenPose writes them.
        fps: frames per second; None for what the file says.

    Raises:
        FormatError: as `read`, or the file holds motion in space.
        ValueError: `fps` is not a rate.
    """
    if fps is not None and not 0 < fps < math.inf:
        raise ValueError(f"fps={fps}: give frames per second above 0, or None for what the file says")
    path = recording(Path(path))
    bodies = read_file(MotionFile(path), ReadingOptions(fps=fps))
    people = [body for body in bodies if isinstance(body, Keypoints)]
    if len(people) < len(bodies):
        raise FormatError(f"{path}: holds motion in space and no keypoints in a picture; use mretrieve.read")
    return people


def read_file(file: MotionFile, options: ReadingOptions) -> list[Motion | Keypoints]:
    """The bodies in a file on disk or in memory, in space or in a picture. FormatError: as `read`."""
    reader = recognise(file)
    if reader is None:
        raise FormatError(f"{file.path}: not a known motion format; see `mretrieve formats`")
    if reader.read is None or reader.obstacle:
        raise FormatError(f"{file.path}: {reader.name}: {reader.obstacle}")
    return list(reader.read(file, options))
