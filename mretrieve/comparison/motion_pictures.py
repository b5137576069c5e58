"""One motion as a picture: a film strip, or a moving picture of the body. Needs matplotlib."""

from __future__ import annotations

import io
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..atomic_file import atomic_write
from ..errors import MRetrieveError
from ..motion import CANONICAL_FPS
from ..motion.filmstrip import BONES, Filmstrip, filmstrip
from ..motion.skeleton import joint
from ..printable import printable
from ..version import install_hint
from .named_clip import NamedClip

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE_COLOURS = {"left": "#c62828", "right": "#1f4e79", "middle": "#6b7580"}
QUIET = "#5b6570"
_WIDTHS = {"left": 3.2, "right": 1.9, "middle": 2.4}
_HEAD = joint("head")
_DPI = 130
_POSES = 8
#: Pixels of moving pictures across and down: even numbers, which H.264 needs.
_FRAME_SIZE, _FRAME_DPI = (640, 400), 100
#: GIF counts hundredths of a second: this rate is exact.
_GIF_FPS = 20
#: Fonts for names that the default one cannot write, on the usual systems.
_FONTS = ("Noto Sans CJK JP", "Hiragino Sans", "Yu Gothic", "MS Gothic", "WenQuanYi Zen Hei", "Arial Unicode MS")


def draw_motion(path: Path, shown: NamedClip) -> None:
    """Write poses of a motion, from the front and from the side, as a PNG, whole or not at all.

    Raises:
        MRetrieveError: matplotlib is not installed, or the file cannot be written.
    """
    check_matplotlib()
    with readable_names():
        strip = filmstrip(shown.clip, _POSES)
        low, high = strip.extent_m
        wide, tall = strip.pitch_m * len(strip.times_s), 2 * (high - low) + 0.75
        figure = new_figure((12.0, max(2.5, 0.5 + 11.6 * tall / wide)))
        height = float(figure.get_figheight())
        figure.text(0.017, 1 - 0.26 / height, printable(str(shown)), fontsize=11, va="center", parse_math=False)
        draw_strip(figure.add_axes((0.017, 0.0, 0.966, 1 - 0.5 / height)), strip)
        save_picture(path, figure, _DPI)


def animate_gif(path: Path, shown: NamedClip) -> None:
    """Write a motion as a GIF that repeats, 20 frames a second, whole or not at all.

    Raises:
        MRetrieveError: matplotlib is not installed, or the file cannot be written.
    """
    check_matplotlib()
    from PIL import Image  # comes with matplotlib

    first, *others = (Image.fromarray(frame) for frame in _frames(shown, _GIF_FPS))
    with _written(path) as place:
        first.save(place, "GIF", save_all=True, append_images=others, duration=round(1000 / _GIF_FPS), loop=0)


def animate_mp4(path: Path, shown: NamedClip) -> None:
    """Write a motion as a video (H.264 in MP4), 30 frames a second, whole or not at all.

    Raises:
        MRetrieveError: matplotlib or ffmpeg is not installed, or the file cannot be written.
    """
    check_matplotlib()
    program = shutil.which("ffmpeg")
    if program is None:
        raise MRetrieveError("--mp4 needs the program ffmpeg on the PATH; install it, or write a GIF with --gif")
    size = "x".join(map(str, _FRAME_SIZE))
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", f"{CANONICAL_FPS:g}", "-i", "-"]
    with _written(path) as place:
        target = ["-pix_fmt", "yuv420p", "-movflags", "+faststart", "-f", "mp4", "-y", str(place)]
        frames = b"".join(frame.tobytes() for frame in _frames(shown, CANONICAL_FPS))
        made = subprocess.run([program, "-v", "error", *source, *target], input=frames, capture_output=True)
        if made.returncode:
            reason = made.stderr.decode(errors="replace").strip().splitlines() or ["unknown reason"]
            raise MRetrieveError(f"{path}: ffmpeg failed: {printable(reason[-1])}; write a GIF with --gif")


def _frames(shown: NamedClip, fps: float) -> Iterator[NDArray[np.uint8]]:
    """Pictures (400, 640, 3) of the body from the front and from the side, `fps` a second."""
    clip = shown.clip
    strip = filmstrip(clip, clip.frame_count)
    half, (low, high) = strip.pitch_m / 2, strip.extent_m
    for time_s in np.arange(0, clip.duration_s, 1 / fps):
        frame = min(round(float(time_s) * CANONICAL_FPS), clip.frame_count - 1)
        with readable_names():
            figure = new_figure((_FRAME_SIZE[0] / _FRAME_DPI, _FRAME_SIZE[1] / _FRAME_DPI))
            axes = figure.add_axes((0.02, 0.02, 0.96, 0.86))
            title = f"{printable(shown.name)}, {strip.times_s[frame]:.2f} s"
            figure.text(0.03, 0.94, title, fontsize=10, va="center", parse_math=False)
            for name, poses, middle in (("front", strip.front, -half), ("side", strip.side, half)):
                _draw_body(axes, poses[frame] + np.array([middle, 0.0], np.float32), strip.seen)
                axes.text(middle, low - 0.08, name, color=QUIET, fontsize=8.5, ha="center", va="top")
            axes.plot([-2 * half, 2 * half], [0, 0], color="#d0d5da", lw=0.8, zorder=0)
            axes.set_xlim(-2 * half, 2 * half)
            axes.set_ylim(low - 0.22, high + 0.15)
            axes.set_aspect("equal")
            axes.set_axis_off()
            pixels = io.BytesIO()
            figure.savefig(pixels, format="rgba", dpi=_FRAME_DPI)
        yield np.frombuffer(pixels.getvalue(), np.uint8).reshape(_FRAME_SIZE[1], _FRAME_SIZE[0], 4)[..., :3]


def draw_strip(axes: Axes, strip: Filmstrip) -> None:
    """A row of poses from the front above one from the side, both on their floor."""
    low, high = strip.extent_m
    width, row = strip.pitch_m * len(strip.times_s), high - low + 0.3
    for name, poses, floor in (("front", strip.front, row), ("side", strip.side, 0.0)):
        axes.plot([0, width], [floor, floor], color="#d0d5da", lw=0.8, zorder=0)
        axes.text(0, floor + high + 0.14, name, color=QUIET, fontsize=8.5, va="center")
        for number, relative in enumerate(poses):
            pose = relative + np.array([strip.pitch_m * (number + 0.5), floor])
            _draw_body(axes, pose, strip.seen)
    for number, time_s in enumerate(strip.times_s):
        middle = strip.pitch_m * (number + 0.5)
        axes.text(middle, low - 0.12, f"{time_s:.2f} s", color=QUIET, fontsize=8.5, ha="center", va="center")
    axes.set_xlim(0, width)
    axes.set_ylim(low - 0.2, row + high + 0.25)
    axes.set_aspect("equal", anchor="NW")
    axes.set_axis_off()


def _draw_body(axes: Axes, pose: NDArray[np.floating], seen: NDArray[np.bool_]) -> None:
    """One pose (22, 2): bones of joints that are filled in are dotted."""
    from matplotlib.collections import LineCollection

    for order, (side, bones) in enumerate(BONES.items()):
        for is_seen, style in ((True, "-"), (False, (0, (1, 1.5)))):
            lines = [pose[list(bone)] for bone in bones if seen[bone[1]] == is_seen]
            drawn = LineCollection(lines, colors=SIDE_COLOURS[side], linewidths=_WIDTHS[side], linestyles=[style])
            drawn.set_zorder(order + 1)
            axes.add_collection(drawn)
    axes.scatter(pose[_HEAD, 0], pose[_HEAD, 1], s=60, color=SIDE_COLOURS["middle"], zorder=5, lw=0)


def check_matplotlib() -> None:
    """MRetrieveError if matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        raise MRetrieveError(f"a picture needs matplotlib; {install_hint('plots')}")


@contextmanager
def readable_names() -> Iterator[None]:
    """In it, names in any script are written as far as the system has fonts; other letters become boxes."""
    from matplotlib import font_manager, rc_context

    fonts = ["DejaVu Sans", *sorted(set(_FONTS) & set(font_manager.get_font_names()), key=_FONTS.index)]
    with warnings.catch_warnings(), rc_context({"font.family": fonts}):
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        yield


def save_picture(path: Path, figure: Figure, dpi: int) -> None:
    """Write a figure as a PNG, whole or not at all. MRetrieveError: it cannot be written."""
    with _written(path) as place:
        figure.savefig(place, format="png", dpi=dpi, metadata={"Software": None})


@contextmanager
def _written(path: Path) -> Iterator[Path]:
    try:
        with atomic_write(path) as place:
            yield place
    except OSError as error:
        raise MRetrieveError(f"{path}: cannot be written: {error.strerror or error}; name another file") from None


def new_figure(inches: tuple[float, float]) -> Figure:
    """An empty figure that needs no window."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # no window, whatever the user's settings are
    from matplotlib.figure import Figure

    figure = Figure(inches, facecolor="white")
    FigureCanvasAgg(figure)
    return figure
