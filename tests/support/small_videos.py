"""Small videos whose frames are known, encoded by PyAV."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 96, 64


def grey(level: float) -> NDArray[np.uint8]:
    """A picture of one grey, 0 to 1."""
    return np.full((HEIGHT, WIDTH, 3), round(255 * level), np.uint8)


def corner(row: int, column: int) -> NDArray[np.uint8]:
    """A black picture with one white quarter: the upper (0) or lower (1), left (0) or right (1) one."""
    picture = grey(0)
    picture[row * HEIGHT // 2 : (row + 1) * HEIGHT // 2, column * WIDTH // 2 : (column + 1) * WIDTH // 2] = 255
    return picture


def write_video(
    path: Path,
    pictures: Sequence[NDArray[np.uint8]],
    fps: int = 30,
    times_s: Sequence[float] | None = None,
    rotation: int = 0,
) -> Path:
    """An MP4 of pictures, at even times or at `times_s`; `rotation` is what players turn it by, to the left."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=fps)
        height, width = pictures[0].shape[:2]
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.bit_rate = 2_000_000
        stream.codec_context.time_base = Fraction(1, 3000)
        if rotation:
            stream.set_display_rotation(rotation)
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = round(3000 * (number / fps if times_s is None else times_s[number]))
            frame.time_base = Fraction(1, 3000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
