"""All motion formats that mretrieve knows: recognising a file by its content, and reading it."""

from __future__ import annotations

import math
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from pkgutil import resolve_name

from ..errors import FormatError
from ..motion.keypoints import Keypoints
from ..motion.motion import Motion
from .frame_files import recording
from .reader import MotionFile, Reader, ReadingOptions

#: Where the readers are that come with mretrieve, in the order in which they are added.
_BUILT_IN = {
    "video": "video.reader:VIDEO",
    "numpy": "joint_arrays:JOINT_ARRAYS",
    "joint table": "joint_table:JOINT_TABLE",
    "keypoints": "frame_keypoints:FRAME_KEYPOINTS",
    "coco": "image_keypoints:IMAGE_KEYPOINTS",
    "openpose": "openpose:OPENPOSE",
    "expmap": "exponential_map:EXPONENTIAL_MAP",
    "deepmimic": "deepmimic:DEEPMIMIC",
    "c3d": "markers.c3d:C3D",
    "trc": "markers.tables:TRC",
    "qualisys": "markers.tables:QUALISYS_TSV",
    "vicon": "markers.tables:VICON_CSV",
    "motive": "markers.motive:MOTIVE_CSV",
    "space table": "markers.space_table:SPACE_TABLE",
    "kinect-json": "kinect.json_frames:KINECT_JSON",
    "kinect": "kinect.text_frames:KINECT_TABLE",
    "skeleton": "kinect.ntu:NTU",
    "rokoko": "rokoko:ROKOKO",
    "mvnx": "mvnx:MVNX",
    "osim": "opensim.model:OSIM",
    "opensim": "opensim.reader:OPENSIM",
    "fbx": "fbx.reader:FBX",
    "usd": "usd.reader:USD",
    "unity": "unity:UNITY",
    "gltf": "gltf.reader:GLTF",
    "asf": "asf:ASF",
    "amc": "amc:AMC",
    "bvh": "bvh:BVH",
}


class _Readers(MutableMapping[str, Reader]):
    """Readers by name, in the order in which they were added; a built-in one is imported when it is looked up."""

    def __init__(self) -> None:
        self._found: dict[str, Reader | str] = dict(_BUILT_IN)

    def __getitem__(self, name: str) -> Reader:
        found = self._found[name]
        if isinstance(found, str):
            reader: Reader = resolve_name(f"{__package__}.{found}")
            self._found[name] = found = reader
        return found

    def __setitem__(self, name: str, reader: Reader) -> None:
        self._found[name] = reader

    def __delitem__(self, name: str) -> None:
        del self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


#: The known formats by name; `register_reader` adds one.
READERS: MutableMapping[str, Reader] = _Readers()


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
    latest_first = list(READERS)[::-1]  # their names: most files are recognised before all readers are imported
    by_content = (READERS[name] for name in latest_first if READERS[name].recognises(head, file.path))
    by_suffix = (READERS[name] for name in latest_first if suffix in READERS[name].suffixes)
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
