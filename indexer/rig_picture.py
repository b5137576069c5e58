"""One rig as a picture: a film strip of its motion beside its map. Needs matplotlib."""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from mretrieve.comparison.motion_pictures import (
    QUIET,
    SIDE_COLOURS,
    check_matplotlib,
    draw_strip,
    readable_names,
    save_picture,
)
from mretrieve.printable import printable

from .rig_survey import RigUse

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DPI = 130
_INCHES = (12.0, 7.2)
_DOUBT = "#9a5b00"


def draw_rig(path: Path, use: RigUse) -> None:
    """Write the picture of a rig as a PNG, whole or not at all.

    Raises:
        MRetrieveError: matplotlib is not installed, or the file cannot be written.
    """
    check_matplotlib()
    with readable_names():
        save_picture(path, _figure(use), _DPI)


def _figure(use: RigUse) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # no window, whatever the user's settings are
    from matplotlib.figure import Figure

    assert use.strip is not None
    figure = Figure(_INCHES, facecolor="white")
    FigureCanvasAgg(figure)
    title = f"{use.origin}, confidence {use.confidence:.2f}"
    figure.text(0.02, 0.955, _line(title, 90), fontsize=13, weight="bold", parse_math=False)
    figure.text(0.02, 0.922, _line(use.example, 110), fontsize=9.5, color=QUIET, parse_math=False)
    if use.doubts:
        figure.text(0.02, 0.885, _line(f"Check: {'; '.join(use.doubts)}", 130), color=_DOUBT, parse_math=False)
    draw_strip(figure.add_axes((0.02, 0.26, 0.6, 0.6)), use.strip)
    _draw_map(figure, use)
    _draw_facts(figure, use)
    return figure


def _draw_map(figure: Figure, use: RigUse) -> None:
    """The map, left and right side by side."""
    x, top, step = (0.64, 0.715, 0.86), 0.855, 0.0365
    for column, side in ((1, "left"), (2, "right")):
        figure.text(x[column], top, side, color=SIDE_COLOURS[side], fontsize=9.5, weight="bold")
    for number, (part, names) in enumerate(use.by_part.items(), start=1):
        figure.text(x[0], top - step * number, part, color=QUIET, fontsize=9)
        for column, name in enumerate(names, start=1):
            shown = "filled in" if name == "-" else _line(name, 22 if len(names) > 1 else 48)
            colour = _DOUBT if name == "-" else "black"
            figure.text(x[column], top - step * number, shown, color=colour, fontsize=9, parse_math=False)


def _draw_facts(figure: Figure, use: RigUse) -> None:
    """What the motion was taken for."""
    top = 0.225
    for title, lines in use.facts.items():
        if title != "Clips":
            figure.text(0.02, top, title, color=QUIET, fontsize=9)
            for text in [part for line in lines for part in wrap(printable(line), 150)]:
                figure.text(0.085, top, text, fontsize=9, parse_math=False)
                top -= 0.03
    legend = "Front: the body faces you. Side: it faces right, and so must feet and knees. Left limbs are red."
    figure.text(0.02, 0.02, legend, color=QUIET, fontsize=8.5)


def _line(text: str, length: int) -> str:
    """The text on one line, its beginning left out if it is longer."""
    text = printable(" ".join(text.split()))
    return text if len(text) <= length else "\u2026" + text[1 - length :]
