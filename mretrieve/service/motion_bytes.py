"""Motion for playback: binary frames of one size, so that a range of bytes is a range of frames."""

from __future__ import annotations

import hashlib
import re

import numpy as np
from fastapi import Response

from ..motion import CANONICAL_FPS, JOINT_COUNT, Clip

#: Rows of a frame: the joints, and the rest of the pelvis.
ROWS = JOINT_COUNT + 1
FRAME_BYTES = ROWS * 3 * 2
MEDIA_TYPE = "application/octet-stream"
_LARGEST = 65504.0  # of float16

_RANGE = re.compile(r"bytes=(?P<first>\d{0,18})-(?P<last>\d{0,18})", re.ASCII)


def motion_bytes(clip: Clip) -> bytes:
    """The joints of a clip as float16, little endian: (T, ROWS, 3), metres, Y up.

    Row 0 is the pelvis, rows 1 to 21 are the other joints relative to it, and the last row is what is left of the
    pelvis after rounding: `row 0 + last row` is the pelvis to a tenth of a millimetre up to 100 m from the origin, and
    joints are exact to half a millimetre. A half-precision number alone would be off by 4 mm at 8 m.
    """
    pelvis = np.clip(clip.positions[:, :1], -_LARGEST, _LARGEST)
    rounded = pelvis.astype("<f2")
    rest = pelvis - rounded.astype(np.float32)
    others = np.clip(clip.positions[:, 1:] - clip.positions[:, :1], -_LARGEST, _LARGEST)
    return np.concatenate([rounded, others.astype("<f2"), rest.astype("<f2")], axis=1).tobytes()


def playback(clip: Clip, wanted: str | None = None, known: str | None = None, if_range: str | None = None) -> Response:
    """The answer with the motion of a clip, or with some of its bytes.

    Args:
        clip: the motion.
        wanted: the header Range; None for all. Several ranges, and what cannot be understood, mean all too.
        known: the header If-None-Match: tags of what the client has.
        if_range: the header If-Range; the range counts only if it is the tag of this motion.
    """
    content = motion_bytes(clip)
    tag = f'"{hashlib.blake2b(content, digest_size=16).hexdigest()}"'
    headers = {
        "ETag": tag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Motion-Frames": str(clip.frame_count),
        "Motion-Fps": f"{CANONICAL_FPS:g}",
        "Motion-Start-S": f"{clip.start_s:.4f}",
    }
    if known is not None and (known.strip() == "*" or tag in re.findall(r'"[^"]*"', known)):
        return Response(status_code=304, headers=headers)
    span = None if wanted is None or if_range not in (None, tag) else _RANGE.fullmatch(wanted.replace(" ", ""))
    if span is None or not _is_range(span["first"], span["last"]):
        return Response(content, headers=headers, media_type=MEDIA_TYPE)
    size = len(content)
    if span["first"]:
        first, last = int(span["first"]), min(int(span["last"] or size), size - 1)
    else:
        first, last = max(size - int(span["last"]), 0), size - 1
    if first > last:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return Response(content[first : last + 1], 206, headers, media_type=MEDIA_TYPE)


def _is_range(first: str, last: str) -> bool:
    """Whether the ends of a range of bytes have a meaning."""
    return int(first) <= int(last) if first and last else bool(first or last)
