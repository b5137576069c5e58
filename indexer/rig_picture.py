"""One rig as a picture: a film strip of its motion beside its map. Needs matplotlib."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np

from mretrieve.atomic_file import atomic_write
from mretrieve.errors import MRetrieveError
from mretrieve.motion.filmstrip import BONES, Filmstrip
from mretrieve.motion.skeleton import joint
from mretrieve.printable import printable
from mretrieve.version import install_hint

from .rig_survey import RigUse

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DPI = 130
_INCHES = (12.0, 7.2)
_COLOURS = {"left": "#c62828", "right": "#1f4e79", "middle": "#6b7580"}
_WIDTHS = {"left": 3.2, "right": 1.9, "middle": 2.4}
_HEAD = joint("head")
_QUIET, _DOUBT = "#5b6570", "#9a5b00"
#: Fonts for names that the default one cannot write, on the usual systems.
_FONTS = ("Noto Sans CJK JP", "Hiragino Sans", "Yu Gothic", "MS Gothic", "WenQuanYi Zen Hei", "Arial Unicode MS")


def draw_rig(path: Path, use: RigUse) -> None:
    """Write the picture of a rig as a PNG, whole or not at all.

    Raises:
        MRetrieveError: matplotlib is not installed, or the file cannot be written.
    """
    if find_spec("matplotlib") is None:
        raise MRetrieveError(f"a picture needs matplotlib; {install_hint('plots')}")
    from matplotlib import font_manager, rc_context

    fonts = ["DejaVu Sans", *sorted(set(_FONTS) & set(font_manager.get_font_names()), key=_FONTS.index)]
    try:
        with warnings.catch_warnings(), rc_context({"font.family": fonts}), atomic_write(path) as temporary:
            warnings.filterwarnings("ignore", message="Glyph .* missing")  # shown as a box
            _figure(use).savefig(temporary, format="png", dpi=_DPI, metadata={"Software": None})
    except OSError as error:
        raise MRetrieveError(f"{path}: cannot be written: {error.strerror or error}; name another file") from None


def _figure(use: RigUse) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # no window, whatever the user's settings are
    from matplotlib.figure import Figure

    assert use.strip is not None
    figure = Figure(_INCHES, facecolor="white")
    FigureCanvasAgg(figure)
    title = f"{use.origin}, confidence {use.confidence:.2f}"
    figure.text(0.02, 0.955, _line(title, 90), fontsize=13, weight="bold", parse_math=False)
    figure.text(0.02, 0.922, _line(use.example, 110), fontsize=9.5, color=_QUIET, parse_math=False)
    if use.doubts:
        figure.text(0.02, 0.885, _line(f"Check: {'; '.join(use.doubts)}", 130), color=_DOUBT, parse_math=False)
    _draw_strip(figure.add_axes((0.02, 0.26, 0.6, 0.6)), use.strip)
    _draw_map(figure, use)
    _draw_facts(figure, use)
    return figure


def _draw_strip(axes: Axes, strip: Filmstrip) -> None:
    """A row of poses from the front above one from the side, both on their floor."""
    from matplotlib.collections import LineCollection

    low, high = strip.extent_m
    width, row = strip.pitch_m * len(strip.times_s), high - low + 0.3
    for name, poses, floor in (("front", strip.front, row), ("side", strip.side, 0.0)):
        axes.plot([0, width], [floor, floor], color="#d0d5da", lw=0.8, zorder=0)
        axes.text(0, floor + high + 0.14, name, color=_QUIET, fontsize=8.5, va="center")
        for number, relative in enumerate(poses):
            pose = relative + np.array([strip.pitch_m * (number + 0.5), floor])
            for order, (side, bones) in enumerate(BONES.items()):
                for is_seen, style in ((True, "-"), (False, (0, (1, 1.5)))):
                    lines = [pose[list(bone)] for bone in bones if strip.seen[bone[1]] == is_seen]
                    axes.add_collection(
                        LineCollection(
                            lines, colors=_COLOURS[side], linewidths=_WIDTHS[side], linestyles=[style], zorder=order + 1
                        )
                    )
            axes.scatter(pose[_HEAD, 0], pose[_HEAD, 1], s=60, color=_COLOURS["middle"], zorder=5, lw=0)
    for number, time_s in enumerate(strip.times_s):
        middle = strip.pitch_m * (number + 0.5)
        axes.text(middle, low - 0.12, f"{time_s:.2f} s", color=_QUIET, fontsize=8.5, ha="center", va="center")
    axes.set_xlim(0, width)
    axes.set_ylim(low - 0.2, row + high + 0.25)
    axes.set_aspect("equal", anchor="NW")
    axes.set_axis_off()


def _draw_map(figure: Figure, use: RigUse) -> None:
    """The map, left and right side by side."""
    x, top, step = (0.64, 0.715, 0.86), 0.855, 0.0365
    for column, side in ((1, "left"), (2, "right")):
        figure.text(x[column], top, side, color=_COLOURS[side], fontsize=9.5, weight="bold")
    for number, (part, names) in enumerate(use.by_part.items(), start=1):
        figure.text(x[0], top - step * number, part, color=_QUIET, fontsize=9)
        for column, name in enumerate(names, start=1):
            shown = "filled in" if name == "-" else _line(name, 22 if len(names) > 1 else 48)
            colour = _DOUBT if name == "-" else "black"
            figure.text(x[column], top - step * number, shown, color=colour, fontsize=9, parse_math=False)


def _draw_facts(figure: Figure, use: RigUse) -> None:
    """What the motion was taken for."""
    top = 0.225
    for title, lines in use.facts.items():
        if title != "Clips":
            figure.text(0.02, top, title, color=_QUIET, fontsize=9)
            for text in [part for line in lines for part in wrap(printable(line), 150)]:
                figure.text(0.085, top, text, fontsize=9, parse_math=False)
                top -= 0.03
    legend = "Front: the body faces you. Side: it faces right, and so must feet and knees. Left limbs are red."
    figure.text(0.02, 0.02, legend, color=_QUIET, fontsize=8.5)


def _line(text: str, length: int) -> str:
    """The text on one line, its beginning left out if it is longer."""
    text = printable(" ".join(text.split()))
    return text if len(text) <= length else "\u2026" + text[1 - length :]
