"""An alignment as a picture: stick figures of both at key frames over the errors of the parts. Needs matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..motion import CANONICAL_FPS
from ..motion.skeleton import JOINTS, PARENTS, joint
from .key_frames import frames_to_draw, smoothed
from .motion_pictures import check_matplotlib, save_picture
from .named_clip import display_name, pace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..alignment.alignment import Alignment
    from .explanation import Attention, Explanation

_DPI = 130
_INCHES = (12.0, 7.0)
QUERY_COLOUR, OTHER_COLOUR = "#1f4e79", "#e07b00"
#: Limbs in pairs of hues, the left one darker.
PART_COLOURS = {
    "torso": "#555555",
    "left_arm": "#7b3294",
    "right_arm": "#c994d8",
    "left_leg": "#1a7f5a",
    "right_leg": "#74c476",
}
#: From where the bodies are seen: radians to their right from straight in front, and down; so forwards is rightwards.
_YAW, _PITCH = np.radians(55.0), np.radians(12.0)
_BONES = np.array([(parent, child) for child, parent in enumerate(PARENTS) if parent >= 0])
_FAR = np.array([JOINTS[child].startswith("left_") for _, child in _BONES])
_HEAD = joint("head")
#: Joints nearer than this are not pointed at.
_WORTH_A_LINE_MM = 60.0


def projected(poses: NDArray[np.floating]) -> NDArray[np.float64]:
    """Body-frame poses (..., 22, 3) as seen from half in front: (..., 22, 2), right and up, metres."""
    left, up, forwards = np.moveaxis(np.asarray(poses, np.float64), -1, 0)
    across = left * np.cos(_YAW) + forwards * np.sin(_YAW)
    towards = -left * np.sin(_YAW) + forwards * np.cos(_YAW)
    return np.stack([across, up * np.cos(_PITCH) - towards * np.sin(_PITCH)], axis=-1)


def draw_explanation(path: Path, explanation: Explanation) -> None:
    """Write the picture of an explanation as a PNG, whole or not at all.

    Raises:
        MRetrieveError: matplotlib is not installed, or the file cannot be written.
    """
    check_matplotlib()
    save_picture(path, _figure(explanation), _DPI)


def _figure(explanation: Explanation) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # no window, whatever the user's settings are
    from matplotlib.figure import Figure

    alignment = explanation.alignment
    strips = len(explanation.attention)
    figure = Figure(_INCHES, facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(
        2 + strips,
        1,
        height_ratios=[3.4, 2.5, *[0.3] * strips],
        hspace=0.16,
        left=0.075,
        right=0.985,
        top=0.87,
        bottom=0.085,
    )
    curves = figure.add_subplot(grid[1])
    _draw_curves(curves, alignment)
    frames = frames_to_draw(alignment)
    _draw_figures(figure, figure.add_subplot(grid[0]), curves, alignment, frames)
    _draw_heading(figure, explanation)
    below = curves
    for number, seen in enumerate(explanation.attention):
        below = figure.add_subplot(grid[2 + number], sharex=curves)
        _draw_attention(below, explanation, seen)
    for axes in figure.axes[:-1]:
        axes.tick_params(labelbottom=False)
    below.tick_params(labelbottom=True)
    below.set_xlabel(f"seconds in {_shortened(explanation.query.name, 70)}", parse_math=False)
    return figure


def _draw_heading(figure: Figure, explanation: Explanation) -> None:
    alignment = explanation.alignment
    for row, (shown, colour) in enumerate(((explanation.query, QUERY_COLOUR), (explanation.other, OTHER_COLOUR))):
        height = 0.962 - 0.036 * row
        figure.text(0.02, height, "\u25cf", color=colour, fontsize=13, va="center", parse_math=False)
        text = _shortened(str(shown), 105)
        figure.text(0.036, height, text, fontsize=11, va="center", parse_math=False)
    figure.text(0.985, 0.962, f"{alignment.mean_mm:.0f} mm apart", fontsize=13, weight="bold", ha="right", va="center")
    figure.text(0.985, 0.926, pace(alignment.speed), fontsize=10, ha="right", va="center", color="#555555")


def _draw_curves(axes: Axes, alignment: Alignment) -> None:
    """Errors of the parts over the query's time, the whole body's as an area."""
    seconds = alignment.query_s
    axes.fill_between(seconds, smoothed(alignment.frames_mm, 3) / 10, color="#dddddd", lw=0, label="whole body")
    for part, errors in alignment.parts_over_time_mm.items():
        axes.plot(seconds, smoothed(errors, 3) / 10, color=PART_COLOURS[part], lw=1.7, label=display_name(part))
    axes.set_ylabel("apart (cm)")
    axes.set_ylim(0, max(axes.get_ylim()[1] * 1.18, 2.0))  # with room for the legend
    axes.set_xlim(seconds[0], max(seconds[-1], seconds[0] + 1 / CANONICAL_FPS))
    axes.grid(axis="y", alpha=0.25)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(ncols=6, fontsize=8.5, frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.02))


def _draw_figures(figure: Figure, axes: Axes, curves: Axes, alignment: Alignment, frames: list[int]) -> None:
    """Both bodies on each other at some query frames, with a line from each to its time below."""
    from matplotlib.patches import ConnectionPatch

    query = projected(alignment.query_poses[frames])
    other = projected(alignment.other_poses[alignment.nearest_other[frames]])
    both = np.concatenate([query, other])
    low, high = both[..., 1].min(), both[..., 1].max()
    wide = 1.15 * np.ptp(both[..., 0], axis=1).max()
    box = axes.get_position()
    ratio = box.width * _INCHES[0] / (box.height * _INCHES[1])
    pitch = max(wide, (high - low) * 1.12 * ratio / len(frames))
    for place, frame in enumerate(frames):
        shift = np.array([pitch * place, 0.0])
        apart = alignment.over_time_mm[frame]
        worst = int(np.nanargmax(apart)) if np.isfinite(apart).any() else None
        _draw_body(axes, other[place] + shift, OTHER_COLOUR, alignment.joints_mm)
        _draw_body(axes, query[place] + shift, QUERY_COLOUR, alignment.joints_mm)
        if worst is not None and apart[worst] > _WORTH_A_LINE_MM:
            ends = np.stack([query[place, worst], other[place, worst]]) + shift
            axes.plot(*ends.T, color="#d62728", lw=1.2, ls=(0, (2, 1.2)), zorder=4)
            axes.annotate(
                f"{apart[worst] / 10:.0f} cm", ends.mean(axis=0), (4, 3), textcoords="offset points", fontsize=8,
                color="#d62728", zorder=5, bbox={"fc": "white", "ec": "none", "alpha": 0.8, "pad": 0.6},
            )  # fmt: skip
        times = f"{alignment.query_s[frame]:.2f} s"
        axes.text(shift[0], low - 0.05, times, color=QUERY_COLOUR, ha="right", va="top", fontsize=9.5, weight="bold")
        times = f"  {alignment.other_s[frame]:.2f} s"
        axes.text(shift[0], low - 0.05, times, color=OTHER_COLOUR, ha="left", va="top", fontsize=9.5, weight="bold")
        top = curves.get_ylim()[1]
        curves.axvline(alignment.query_s[frame], color="#999999", lw=0.8, ls=":", zorder=1.5)
        figure.add_artist(
            ConnectionPatch(
                (shift[0], low - 0.17), (alignment.query_s[frame], top), "data", "data", axesA=axes, axesB=curves,
                color="#bbbbbb", lw=0.8, ls=":",
            )
        )  # fmt: skip
    axes.set_xlim(-0.5 * pitch, (len(frames) - 0.5) * pitch)
    axes.set_ylim(low - 0.18, high + 0.04)
    axes.set_aspect("equal", adjustable="box")
    axes.set_axis_off()


def _draw_body(axes: Axes, joints: NDArray[np.floating], colour: str, compared: NDArray[np.floating]) -> None:
    """One body; limbs on its far side are paler, and so, thinner, is what is not compared."""
    from matplotlib.collections import LineCollection

    known = np.isfinite(compared[_BONES[:, 1]])
    for chosen, width, alpha in ((~known, 1.2, 0.3), (known & _FAR, 2.2, 0.5), (known & ~_FAR, 2.8, 0.95)):
        lines = LineCollection(list(joints[_BONES[chosen]]), colors=colour, linewidths=width, alpha=alpha)
        lines.set_capstyle("round")
        axes.add_collection(lines)
    axes.scatter(joints[_HEAD, 0], joints[_HEAD, 1], s=75, color=colour, zorder=3, lw=0)


def _draw_attention(axes: Axes, explanation: Explanation, seen: Attention) -> None:
    """Two strips over the query's time: what the encoder looked at in the query, and in what answers to it."""
    alignment = explanation.alignment
    answering = seen.other[alignment.nearest_other]
    half = 0.5 / CANONICAL_FPS
    shown = np.stack([answering, seen.query])
    axes.imshow(
        shown, aspect="auto", cmap="Greys", vmin=0, vmax=max(2.0, float(shown.max())), origin="lower",
        extent=(alignment.query_s[0] - half, alignment.query_s[-1] + half, 0, 2),
    )  # fmt: skip
    axes.axhline(1, color="white", lw=1.5)
    axes.set_yticks([1.5, 0.5], ["\u25cf", "\u25cf"])
    axes.tick_params(axis="y", length=0, pad=1)
    for label, colour in zip(axes.get_yticklabels(), (QUERY_COLOUR, OTHER_COLOUR), strict=True):
        label.set_color(colour)
    axes.set_ylabel(f"{seen.encoder}\nattends to", rotation=0, ha="right", va="center", fontsize=8, labelpad=4)


def _shortened(text: str, length: int) -> str:
    """The text on one line, its beginning left out where it is longer."""
    text = " ".join(text.split())
    return text if len(text) <= length else "\u2026" + text[1 - length :]
