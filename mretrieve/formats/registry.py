"""All motion formats that mretrieve knows: recognising a file by its content, and reading it."""

from __future__ import annotations

from pathlib import Path

from ..errors import FormatError
from ..motion.motion import Motion
from .amc import AMC
from .asf import ASF
from .bvh import BVH
from .exponential_map import EXPONENTIAL_MAP
from .reader import MotionFile, Reader, ReadingOptions

_EXPORT = "cannot be read yet; export the take as BVH"
_MARKERS = "marker files cannot be read yet; export the solved skeleton as BVH"

UNREADABLE = (
    Reader(
        "c3d",
        ("c3d",),
        lambda head, _: len(head) >= 512 and 0 < head[0] < 32 and head[1] == 0x50 and 0 in head[:512],
        hint=_MARKERS,
    ),
    Reader("fbx", ("fbx",), lambda head, _: head.startswith((b"Kaydara FBX Binary", b"; FBX")), hint=f"FBX {_EXPORT}"),
    Reader("glb", ("glb",), lambda head, _: head.startswith(b"glTF"), hint=f"glTF {_EXPORT}"),
    Reader(
        "npz",
        ("npz",),
        lambda head, _: head.startswith(b"PK\x03\x04") and b".npy" in head[:300],
        hint="NumPy archives cannot be read yet",
    ),
    Reader("trc", ("trc",), lambda head, _: head.startswith(b"PathFileType"), hint=_MARKERS),
)


#: The known formats by name; `register_reader` adds one.
READERS: dict[str, Reader] = {reader.name: reader for reader in (*UNREADABLE, EXPONENTIAL_MAP, ASF, AMC, BVH)}


def register_reader(reader: Reader) -> None:
    """Add a format, in this process, or replace the one of the same name; the last one added is tried first."""
    READERS.pop(reader.name, None)
    READERS[reader.name] = reader


def readable_formats() -> list[str]:
    """Names of the formats that can be read, sorted."""
    return sorted(name for name, reader in READERS.items() if reader.read is not None)


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
        path: a BVH or AMC file, or exponential-map text of CMU or Human3.6M.
        asf: the skeleton of an AMC file; None looks for it next to the motion.

    Raises:
        FormatError: the file's format is unknown or cannot be read, or the file is damaged or contradicts itself; the
            message names file, line and remedy.
    """
    return read_file(MotionFile(Path(path)), ReadingOptions(asf=None if asf is None else Path(asf)))


def read_file(file: MotionFile, options: ReadingOptions) -> list[Motion]:
    """As `read`, for a file on disk or in memory."""
    reader = recognise(file)
    if reader is None:
        raise FormatError(f"{file.path}: not a known motion format; mretrieve reads {', '.join(readable_formats())}")
    if reader.read is None:
        raise FormatError(f"{file.path}: {reader.name}: {reader.hint}")
    return reader.read(file, options)
