"""Every motion format that mretrieve knows, how its content is recognised, and which of them it can read."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from ..errors import FormatError
from ..motion.motion import Motion
from .amc import read_amc
from .bvh import read_bvh
from .exponential_map import read_exponential_map
from .exponential_map_layouts import LAYOUTS
from .motion_text import MotionText

#: The formats that can be read: name -> reader.
READERS: dict[str, Callable[[MotionText, Path | None], list[Motion]]] = {
    "amc": read_amc,
    "bvh": read_bvh,
    "expmap": read_exponential_map,
}

#: The formats that are known but not read: name -> why, and what to do.
UNREADABLE: dict[str, str] = {
    "asf": "a skeleton and no motion; read the .amc that belongs to it",
    "c3d": "marker files cannot be read yet; export the solved skeleton as BVH",
    "fbx": "FBX cannot be read yet; export the take as BVH",
    "glb": "glTF cannot be read yet; export the take as BVH",
    "npz": "NumPy archives cannot be read yet",
    "trc": "marker files cannot be read yet; export the solved skeleton as BVH",
}

_COMMENTS = rb"(?:\s*+#[^\r\n]*+)*+\s*+"
_AMC_START = re.compile(
    _COMMENTS
    + rb"(?::(?:FULLY-SPECIFIED|DEGREES|RADIANS|SAMPLES-PER-SECOND)\b|\d++[ \t]*+[\r\n]\s*+[^\s,]++[ \t]+[-+.\d])",
    re.IGNORECASE,
)
_ASF_START = re.compile(_COMMENTS + rb":(?:version|name|units|documentation|root|bonedata)\b", re.IGNORECASE)
_ROW = re.compile(rb"[^\r\n]++")
_NUMERIC_ROW = re.compile(rb"[-+.\deEnNaAiIfF, \t]++")  # with nan and inf, so that they are refused by line


def recognise(path: Path | str) -> str | None:
    """Name of a file's format, a key of READERS or UNREADABLE, from its first bytes; None: it is no motion file.

    Only where the content says nothing (an empty or damaged file) the suffix decides, so that the file is refused with
    a reason and not passed over. FormatError: the file cannot be opened.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            beginning = file.read(65536)
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error.strerror or error}; check the path and its rights") from None
    return _by_content(beginning) or _by_suffix(path)


def read(path: Path | str, asf: Path | str | None = None) -> list[Motion]:
    """The motions in a file, one a body; the reader is chosen by the content.

    Args:
        path: a BVH or AMC file, or exponential-map text of CMU or Human3.6M.
        asf: the skeleton of an AMC; otherwise it is looked for beside the motion.

    Raises:
        FormatError: the file is of no format that can be read, damaged, or contradicts itself; the message names file,
            line and what to do.
    """
    path = Path(path)
    name = recognise(path)
    if name is None:
        raise FormatError(f"{path}: no motion format is recognised; readable are {', '.join(sorted(READERS))}")
    if name in UNREADABLE:
        raise FormatError(f"{path}: {name}: {UNREADABLE[name]}")
    return READERS[name](MotionText.load(path), None if asf is None else Path(asf))


def _by_content(beginning: bytes) -> str | None:
    if beginning.startswith((b"\xff\xfe", b"\xfe\xff")):
        beginning = beginning.decode("utf-16", "replace").encode()
    beginning = beginning.removeprefix(b"\xef\xbb\xbf")
    if beginning.lstrip()[:9].upper() == b"HIERARCHY":
        return "bvh"
    if _AMC_START.match(beginning) and b"root" in beginning:
        return "amc"
    if _ASF_START.match(beginning):
        return "asf"
    if beginning.startswith((b"Kaydara FBX Binary", b"; FBX")):
        return "fbx"
    if beginning.startswith(b"glTF"):
        return "glb"
    if len(beginning) >= 512 and 0 < beginning[0] < 32 and beginning[1] == 0x50 and 0 in beginning[:512]:
        return "c3d"
    if beginning.startswith(b"PathFileType"):
        return "trc"
    if beginning.startswith(b"PK\x03\x04") and b".npy" in beginning[:300]:
        return "npz"
    rows = islice(_ROW.finditer(beginning.lstrip()), 2)  # one of the two may be damaged
    if any(row.group().count(b",") + 1 in LAYOUTS and _NUMERIC_ROW.fullmatch(row.group()) for row in rows):
        return "expmap"
    return None


def _by_suffix(path: Path) -> str | None:
    suffix = path.suffix.lower().removeprefix(".")
    return suffix if suffix in READERS or suffix in UNREADABLE else None
