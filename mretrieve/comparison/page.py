"""A comparison as one page for a browser: both bodies, the parts over time, the advice; it loads nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from ..motion import CANONICAL_FPS
from ..motion.skeleton import JOINTS, PARENTS, joint
from .differences import Comparison
from .named_clip import display_name, pace

#: More frames than these are thinned: a page of two hours of motion would take a browser minutes to open.
_MOST_FRAMES = 1500
#: The timeline's drawing, in its own units: where the plot begins and ends, and how high a row is.
_LEFT, _RIGHT, _ROW = 90, 980, 26
_ALIKE, _APART = np.array([0xE4, 0xEE, 0xF5]), np.array([0xC2, 0x3B, 0x22])


def page(comparison: Comparison) -> str:
    """The page as HTML. Names are escaped, everything is inside, and it asks no server for anything."""
    alignment = comparison.alignment
    summary = f"{alignment.mean_mm:.0f} mm apart on average, B is {pace(alignment.speed)}"
    filled = {
        "title": escape(f"{comparison.first.name} and {comparison.second.name}"),
        "summary": escape(summary),
        "first": escape(str(comparison.first)),
        "second": escape(str(comparison.second)),
        "advice": "\n".join(_advice(comparison)),
        "timeline": _timeline(comparison),
        "legend": escape(
            "Rows: how alike each part is over the time of A, from pale (alike) to red (apart); framed is where it is "
            "clearly farther apart than it mostly is. Right limbs are drawn stronger. Directions are A's own."
        ),
        "data": _data(comparison),
    }
    return fill_template("mretrieve.comparison", "page.html", filled)


def fill_template(package: str, name: str, parts: Mapping[str, str]) -> str:
    """A template of a package with each {{place}} replaced by the part of its name, HTML that is already escaped."""
    template = (files(package) / name).read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], template)  # once: parts are not searched


def _step(comparison: Comparison) -> int:
    return -(-len(comparison.alignment.query_s) // _MOST_FRAMES)


def _advice(comparison: Comparison) -> list[str]:
    start_s, step = float(comparison.alignment.query_s[0]), _step(comparison)
    lines = []
    for said in comparison.advice:
        score = f"score {comparison.alignment.part_scores[said.part]:.2f}"
        frame = ""
        if said.start_s is not None:
            frame = f' data-frame="{round((said.start_s - start_s) * CANONICAL_FPS) // step}"'
        kind = "" if said.kind == "alike" else ' class="differs"'
        lines.append(f"<li{kind}{frame}>{escape(said.text)}<small>{score}</small></li>")
    return lines


def _data(comparison: Comparison) -> str:
    """What the page's program draws, as JSON that may stand inside a script element."""
    alignment, step = comparison.alignment, _step(comparison)
    data = {
        "fps": CANONICAL_FPS / step,
        "plot": [_LEFT, _RIGHT],
        "parents": PARENTS,
        "left": [name.startswith("left_") for name in JOINTS],
        "head": joint("head"),
        "a": _millimetres(alignment.query_poses[::step]),
        "b": _millimetres(alignment.other_poses[alignment.nearest_other[::step]]),
        "a_s": alignment.query_s[::step].round(3).tolist(),
        "b_s": alignment.other_s[::step].round(3).tolist(),
    }
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def _millimetres(poses: NDArray[np.floating]) -> list[list[int]]:
    rows: list[list[int]] = np.rint(poses * 1000.0).astype(int).reshape(len(poses), -1).tolist()
    return rows


def _timeline(comparison: Comparison) -> str:
    """Rows of parts over the time of A as SVG."""
    timeline = comparison.timeline()
    edges_s, scores = timeline.edges_s, timeline.scores
    first_s, length_s = float(edges_s[0]), float(edges_s[-1] - edges_s[0])

    def x(time_s: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (time_s - first_s) / length_s

    height = _ROW * len(scores)
    drawn = [f'<svg id="timeline" viewBox="0 0 1000 {height + 22}" role="img" aria-label="Parts over time">']
    for row, (part, values) in enumerate(scores.items()):
        top = row * _ROW
        drawn.append(f'<text x="{_LEFT - 8}" y="{top + 17}" text-anchor="end">{display_name(part)}</text>')
        for start_s, end_s, score in zip(edges_s[:-1], edges_s[1:], values, strict=True):
            width = x(float(end_s)) - x(float(start_s)) + 0.3
            title = f"{start_s:.2f} s: {'not seen' if score is None else f'{score:.2f}'}"
            drawn.append(
                f'<rect x="{x(float(start_s)):.2f}" y="{top + 2}" width="{width:.2f}" height="{_ROW - 4}" '
                f'fill="{_colour(score)}"><title>{title}</title></rect>'
            )
        for one in (one for one in comparison.differences if one.part == part):
            start, end = (x(first_s + frame / CANONICAL_FPS) for frame in (one.start_frame, one.end_frame))
            drawn.append(
                f'<rect x="{start:.2f}" y="{top + 2}" width="{end - start:.2f}" height="{_ROW - 4}" rx="3" fill="none" '
                'stroke="#222" stroke-width="1.6"/>'
            )
    drawn += [
        f'<text class="scale" x="{x(tick_s):.1f}" y="{height + 15}" text-anchor="middle">{tick_s:.2f}</text>'
        for tick_s in np.linspace(first_s, first_s + length_s, 11).tolist()
    ]
    drawn.append(f'<line id="cursor" x1="{_LEFT}" x2="{_LEFT}" y1="0" y2="{height}" stroke="#000" stroke-width="1.5"/>')
    return "\n".join([*drawn, "</svg>"])


def _colour(score: float | None) -> str:
    if score is None:
        return "#bbbbbb"
    red, green, blue = np.rint(_APART + (_ALIKE - _APART) * score).astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"
