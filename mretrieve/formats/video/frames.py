"""The frames of a video, upright, at an even rate."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import FormatError, MRetrieveError
from ...version import install_hint
from ..reader import MotionFile

if TYPE_CHECKING:
    import av.container

#: Poses are searched for at about this rate: canonical clips have 30 frames a second.
_POSE_FPS = 30.0
#: Pixels of a frame; more are damage, or take too much memory.
_MOST_PIXELS = 1 << 26
#: A frame whose small grey picture differs this much from the one before, on a scale of 1, is from another shot.
_CUT = 0.25
_THUMBNAIL = 16
#: A frame may be this part of a period early, as clocks of phones tremble.
_EARLY = 0.2


@dataclass(frozen=True, eq=False)
class VideoFrame:
    """A frame in which people are searched for.

    Attributes:
        number: its place at the rate of `VideoFrames.fps`; places without a frame are left out.
        image: (H, W, 3) uint8, RGB, upright.
        begins_shot: whether the scene changed since the frame before.
    """

    number: int
    image: NDArray[np.uint8]
    begins_shot: bool


@dataclass(frozen=True, eq=False)
class VideoFrames:
    """The frames of one video.

    Attributes:
        fps: the rate of `frames`: that of the video divided by a whole number, near 30.
        expected: about how many frames there are; 0 if the file does not say.
        frames: to be read once.
    """

    fps: float
    expected: int
    frames: Iterator[VideoFrame]


@contextmanager
def open_video(file: MotionFile) -> Iterator[VideoFrames]:
    """Open a video. A frame's place follows from its own time, so videos of a variable rate keep their timing.

    Raises:
        FormatError: the file cannot be decoded, has no pictures, or its pictures are too large.
        MRetrieveError: PyAV is not installed.
    """
    try:
        import av
    except ImportError:
        raise MRetrieveError(f"{file.path}: reading a video needs PyAV; {install_hint('video')}") from None
    source: Any = str(file.path) if file.content is None else io.BytesIO(file.content)
    try:
        with av.open(source) as container:
            yield _frames_of(container, file)
    except av.error.FFmpegError as error:
        raise FormatError(
            f"{file.path}: cannot be decoded: {error.strerror or error}; convert it, for example to MP4 with H.264"
        ) from None


def _frames_of(container: av.container.InputContainer, file: MotionFile) -> VideoFrames:
    if not container.streams.video:
        raise FormatError(f"{file.path}: has no pictures: it is damaged, or holds sound only; export it again")
    stream = container.streams.video[0]
    if stream.width * stream.height > _MOST_PIXELS:
        raise FormatError(
            f"{file.path}: {stream.width} x {stream.height} pixels are too many; scale it to 1920 x 1080 or less"
        )
    rate = _rate_of(float(stream.average_rate or 0), float(stream.guessed_rate or 0))
    fps = rate / max(1, round(rate / _POSE_FPS))
    stream.thread_type = "AUTO"
    return VideoFrames(fps, round(stream.frames * fps / rate), _evenly(container, fps))


def _rate_of(average: float, declared: float) -> float:
    """Frames per second: the declared ones if some are only left out, as phones do in the dark."""
    if not average:
        return declared or _POSE_FPS
    return declared if average <= declared <= 2 * average else average


def _evenly(container: av.container.InputContainer, fps: float) -> Iterator[VideoFrame]:
    """The first frame of each place, placed by its time since the first one."""
    start = last = None
    before: NDArray[np.float32] | None = None
    for frame in container.decode(video=0):
        time = frame.time if frame.time is not None else (last or 0) / fps
        start = time if start is None else start
        number = floor((time - start) * fps + _EARLY)
        if last is not None and number <= last:
            continue
        last = number
        turns = round(frame.rotation / 90) % 4  # the file says how far to turn it to the left
        pixels = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
        image = np.ascontiguousarray(np.rot90(pixels, turns))
        small = _thumbnail(image)
        yield VideoFrame(number, image, before is not None and float(np.abs(small - before).mean()) > _CUT)
        before = small


def _thumbnail(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Grey means (16, 16), from 0 to 1, of sixteenths of an image."""
    rows, columns = (np.linspace(0, size, _THUMBNAIL * 4, endpoint=False).astype(int) for size in image.shape[:2])
    grey = image[np.ix_(rows, columns)].mean(axis=2, dtype=np.float32) / np.float32(255)
    return np.asarray(grey.reshape(_THUMBNAIL, 4, _THUMBNAIL, 4).mean(axis=(1, 3)), np.float32)
