"""C3D (the C3D File Format User Guide, Motion Lab Systems): points of Intel, DEC and SGI files, integer and real.

Not read by ezc3d, which reads no SGI files, cannot be bounded in time and memory, and takes longer to load than most
files take to be read.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import FormatError
from ...labelled_spans import LabelledSpan
from ...motion.motion import Motion
from ..reader import MotionFile, Reader
from .landmarks import landmark_of
from .marker_motion import Markers, motions_of_markers

_BLOCK = 512
_INTEL, _DEC, _SGI = 84, 85, 86
_PROCESSORS = (_INTEL, _DEC, _SGI)
_LARGEST = 1 << 30
_POINT = "POINT"
#: Parameters of POINT, a text for each point.
_NOT_NEEDED = "DESCRIPTIONS"
_EVENT = "EVENT"


@dataclass(frozen=True)
class _Content:
    """The bytes of a file and how its processor writes numbers."""

    path: Path
    data: bytes
    processor: int

    def integers(self, start: int, count: int, width: int = 2) -> NDArray[np.int64]:
        """Signed integers. FormatError: they are beyond the end of the file."""
        order = ">" if self.processor == _SGI else "<"
        return self._array(start, count, f"{order}i{width}").astype(np.int64)

    def reals(self, start: int, count: int) -> NDArray[np.float64]:
        """Numbers of 32 bits. FormatError: they are beyond the end of the file."""
        if self.processor != _DEC:
            return self._array(start, count, ">f4" if self.processor == _SGI else "<f4").astype(np.float64)
        words = self._array(start, 2 * count, "<u2").reshape(-1, 2)[:, ::-1]  # VAX F: words swapped, exponent two more
        return np.ascontiguousarray(words).view("<f4")[:, 0].astype(np.float64) / 4.0

    def _array(self, start: int, count: int, dtype: str) -> NDArray[Any]:
        if start < 0 or count < 0 or start + count * np.dtype(dtype).itemsize > len(self.data):
            raise self.error("ends too early; copy the file again")
        return np.frombuffer(self.data, dtype, count, start)

    def error(self, message: str) -> FormatError:
        return FormatError(f"{self.path}: {message}")


def read_c3d(file: MotionFile) -> list[Motion]:
    """A motion for each subject in a file, on the joints that its markers tell; analog data is left out.

    Raises:
        FormatError: the file is damaged, holds no points, or markers of no known set.
    """
    if file.size_bytes > _LARGEST:
        raise FormatError(f"{file.path}: {file.size_bytes >> 20} MiB are too much; cut the take")
    data = file.read_bytes()
    if len(data) < 2 * _BLOCK or data[1] != 0x50:
        raise FormatError(f"{file.path}: not a C3D file, or an empty one; export it again")
    start = (data[0] - 1) * _BLOCK
    if not 0 < start < len(data) - 4 or data[start + 3] not in _PROCESSORS:
        raise FormatError(f"{file.path}: its parameters are not where the header says; export it again")
    content = _Content(file.path, data, data[start + 3])
    parameters = _parameters(content, start)
    markers = _markers(content, parameters)
    events = _events(parameters, (int(content.integers(6, 1)[0] & 0xFFFF) - 1) / markers.fps)
    return [replace(motion, spans=events) for motion in motions_of_markers(markers, file.path)]


def _events(parameters: dict[str, Any], first_frame_s: float) -> tuple[LabelledSpan, ...]:
    """Its events, "Left Foot Strike", as spans without a duration; their times count from frame 1 of the recording."""
    labels, contexts = (parameters.get(f"{_EVENT}:{name}") for name in ("LABELS", "CONTEXTS"))
    times = parameters.get(f"{_EVENT}:TIMES")  # minutes and seconds of each
    if not isinstance(labels, list) or not isinstance(times, np.ndarray) or len(times) < 2 * len(labels):
        return ()
    sides = contexts if isinstance(contexts, list) and len(contexts) == len(labels) else [""] * len(labels)
    times_s = times[0::2] * 60.0 + times[1::2] - first_frame_s
    named = [f"{'' if side == 'General' else side} {label}".strip() for side, label in zip(sides, labels, strict=True)]
    events = sorted(zip(times_s.tolist(), named, strict=False))
    return tuple(LabelledSpan(at_s, at_s, label) for at_s, label in events if label and np.isfinite(at_s))


def _parameters(content: _Content, start: int) -> dict[str, Any]:
    """Values of the groups POINT and EVENT by `POINT:NAME`: lists of text, or arrays of numbers."""
    groups: dict[int, str] = {}
    places: list[tuple[int, str, int]] = []
    place, order = start + 4, ">h" if content.processor == _SGI else "<h"
    while place + 4 <= len(content.data):
        length, group = struct.unpack_from("bb", content.data, place)
        if length == 0:
            break
        name_end = place + 2 + abs(length)
        name = content.data[place + 2 : name_end].decode("latin-1").strip().upper()
        if name_end + 2 > len(content.data):
            raise content.error("ends too early; copy the file again")
        (step,) = struct.unpack_from(order, content.data, name_end)
        if group < 0:
            groups[-group] = name
        else:
            places.append((group, name, name_end + 2))
        if step <= 0:
            break
        place = name_end + step
    found: dict[str, Any] = {}
    for group, name, place in places:
        of = groups.get(group)
        if of == _EVENT or (of == _POINT and not name.startswith(_NOT_NEEDED)):
            with suppress(FormatError):  # a parameter that nobody needs may be damaged
                found[f"{of}:{name}"] = _value(content, place)
    return found


def _value(content: _Content, place: int) -> Any:
    kind, dimension_count = np.frombuffer(content.data[place : place + 2].ljust(2, b"\0"), np.int8).tolist()
    dimensions = list(content.data[place + 2 : place + 2 + max(dimension_count, 0)])
    count = int(np.prod(dimensions, dtype=np.int64))
    first = place + 2 + len(dimensions)
    if kind == -1:
        width = dimensions[0] if dimensions else 1
        text = content.data[first : first + count]
        rows = [text[row * width : (row + 1) * width] for row in range(count // width if width else 0)]
        return [row.decode("latin-1").strip(" \0") for row in rows]
    if kind == 4:
        return content.reals(first, count)
    return content.integers(first, count, 1 if kind == 1 else 2)


def _markers(content: _Content, parameters: dict[str, Any]) -> Markers:
    header = content.integers(2, 9) & 0xFFFF
    count = _unsigned(parameters, "POINT:USED", int(header[0]))
    first_frame, last_frame = int(header[2]), int(header[3])
    scale = _real(parameters, "POINT:SCALE", float(content.reals(12, 1)[0]))
    data_start = ((_unsigned(parameters, "POINT:DATA_START", 0) or int(header[7])) - 1) * _BLOCK
    fps = _real(parameters, "POINT:RATE", float(content.reals(20, 1)[0]))
    analog = int(header[1])
    item = 4 if scale < 0 else 2
    frame_size = item * (4 * count + analog)
    if count == 0 or not 0 < data_start < len(content.data):
        raise content.error("holds no points; export the markers")
    if not (np.isfinite(fps) and 0 < fps < 1e5 and np.isfinite(scale) and scale != 0):
        raise content.error(f"a rate of {fps:g} and a scale of {scale:g} are damage; export the file again")
    held = (len(content.data) - data_start) // frame_size
    declared = last_frame - first_frame + 1
    frames = held if not 0 < declared < 65535 else min(held, declared)
    if frames == 0:
        raise content.error("holds no frames; export the markers")
    labels = _labels(parameters, count)
    known = [place for place, label in enumerate(labels) if landmark_of(label)]
    others = tuple(label for label in labels if not landmark_of(label))
    points = _points(content, data_start, frames, frame_size, item, known)
    positions = points[:, :, :3] * (scale if item == 2 else 1.0)
    is_lost = (points[:, :, 3] < 0) | ~(positions != 0).any(axis=2) | ~np.isfinite(positions).all(axis=2)
    positions[is_lost] = np.nan
    return Markers(tuple(labels[place] for place in known), positions, fps, _up(parameters), others)


def _points(
    content: _Content, start: int, frames: int, frame_size: int, item: int, known: list[int]
) -> NDArray[np.float64]:
    """X, Y, Z and residual (T, K, 4) of some points of the frames (T) from a byte on; the others stay as they are."""
    rows = np.frombuffer(content.data, np.uint8, frames * frame_size, start).reshape(frames, frame_size)
    cells = [rows[:, 4 * item * place : 4 * item * (place + 1)] for place in known]
    own = _Content(content.path, np.stack(cells, axis=1).tobytes() if cells else b"", content.processor)
    numbers = (own.integers if item == 2 else own.reals)(0, 4 * frames * len(known))
    return numbers.astype(np.float64, copy=False).reshape(frames, len(known), 4)


def _labels(parameters: dict[str, Any], count: int) -> tuple[str, ...]:
    """A label for each point; POINT:LABELS holds 255, LABELS2 the next."""
    labels: list[str] = []
    for name in ("LABELS", *(f"LABELS{number}" for number in range(2, 300))):
        more = parameters.get(f"POINT:{name}")
        if not isinstance(more, list):
            break
        labels += more
    return tuple(labels[:count]) + ("",) * (count - len(labels[:count]))


def _up(parameters: dict[str, Any]) -> str | None:
    """The axis that points up on the screen."""
    value = parameters.get("POINT:Y_SCREEN")
    axis = value[0].upper() if isinstance(value, list) and value else ""
    return axis if axis in ("+X", "-X", "+Y", "-Y", "+Z", "-Z") else None


def _unsigned(parameters: dict[str, Any], name: str, default: int) -> int:
    value = parameters.get(name)
    return int(value[0]) & 0xFFFF if isinstance(value, np.ndarray) and len(value) else default


def _real(parameters: dict[str, Any], name: str, default: float) -> float:
    value = parameters.get(name)
    return float(value[0]) if isinstance(value, np.ndarray) and len(value) else default


C3D = Reader(
    "c3d",
    ("c3d",),
    lambda head, _: len(head) >= _BLOCK and 0 < head[0] < 32 and head[1] == 0x50 and 0 in head[:_BLOCK],
    lambda file, _: read_c3d(file),
)
