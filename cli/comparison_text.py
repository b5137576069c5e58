"""Explanations and comparisons as text for a terminal."""

from __future__ import annotations

import numpy as np

from mretrieve.comparison.differences import Comparison
from mretrieve.comparison.explanation import Explanation
from mretrieve.comparison.key_frames import evenly_spaced, farthest_frames, nearest_frames
from mretrieve.comparison.named_clip import display_name, pace, without_side
from mretrieve.motion.skeleton import JOINTS, PARTS
from mretrieve.printable import printable

from .colours import score_in_colour
from .options import flush_columns

_ROWS = 9
_COLUMNS = 10


def explanation_text(explanation: Explanation) -> str:
    """The parts with their joints, then the course of time: lines for a terminal."""
    alignment = explanation.alignment
    lines = [
        f"query  {printable(str(explanation.query))}",
        f"clip   {printable(str(explanation.other))}",
        f"{alignment.mean_mm:.0f} mm apart, {pace(alignment.speed)}",
        "",
    ]
    rows = [["part", "weight", "score", "distance", "joints, mm"]]
    for part, weight in alignment.weights.items():
        if part not in alignment.parts_mm:
            rows.append([display_name(part), f"{weight:g}", "", "", "not compared"])
            continue
        joints = ", ".join(
            f"{without_side(JOINTS[joint])} {alignment.joints_mm[joint]:.0f}"
            for joint in PARTS[part]
            if np.isfinite(alignment.joints_mm[joint])
        )
        score = score_in_colour(alignment.part_scores[part], f"{alignment.part_scores[part]:.3f}")
        apart = f"{alignment.parts_mm[part]:.0f} mm"
        rows.append([display_name(part), f"{weight:g}", score, apart, joints])
    lines += [*flush_columns(rows, right=range(1, 4)), ""]

    worst = {key.query_frame: "farthest" for key in farthest_frames(alignment)}
    best = {key.query_frame: "nearest" for key in nearest_frames(alignment)}
    notes = best | worst
    frames = {key.query_frame: key for key in (*farthest_frames(alignment), *nearest_frames(alignment))}
    frames |= {key.query_frame: key for key in evenly_spaced(alignment, _ROWS)}
    attended = [f"{printable(seen.encoder)} attends" for seen in explanation.attention]
    rows = [["query", "clip", "pace", "distance", *attended, "", "worst part"]]
    for frame, key in sorted(frames.items()):
        attention = [f"{seen.query[frame]:.2f}" for seen in explanation.attention]
        apart = f"{key.distance_mm:.0f} mm"
        farthest = f"{display_name(key.part)} {key.part_mm:.0f} mm"
        pace_there = f"{alignment.slope[frame]:.2f}"
        times = f"{key.query_s:.2f} s", f"{key.other_s:.2f} s"
        rows.append([*times, pace_there, apart, *attention, notes.get(frame, ""), farthest])
    lines += flush_columns(rows, right=range(len(rows[0]) - 2))
    lines.append("pace: seconds of the clip per second of the query")
    if explanation.attention:
        lines.append("attends: weight of the frame in the vector of the query; the mean frame has weight 1")
    return "\n".join(lines) + "\n"


def comparison_text(comparison: Comparison) -> str:
    """The parts over time, and the advice: lines for a terminal."""
    alignment = comparison.alignment
    timeline = comparison.timeline(_COLUMNS)
    lines = [
        f"A  {printable(str(comparison.first))}",
        f"B  {printable(str(comparison.second))}",
        f"{alignment.mean_mm:.0f} mm apart, B is {pace(alignment.speed)}",
        "",
    ]
    rows = [["score, from", "all", *(f"{edge_s:.1f} s" for edge_s in timeline.edges_s[:-1])]]
    for part, scores in timeline.scores.items():
        whole = alignment.part_scores[part]
        shown = ["" if score is None else score_in_colour(score, f"{score:.2f}") for score in (whole, *scores)]
        rows.append([display_name(part), *shown])
    lines += [*flush_columns(rows, right=range(1, len(rows[0]))), ""]
    lines += [said.text for said in comparison.advice]
    return "\n".join(lines) + "\n"
