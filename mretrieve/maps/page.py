"""A map as one page for a browser: zoom, names, and small moving skeletons. It loads nothing else."""

from __future__ import annotations

import base64
import hashlib
import re
from contextlib import suppress
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import IndexStateError
from ..json_text import json_element
from ..motion import CANONICAL_FPS, PARENTS, Clip
from ..motion.body_view import body_view
from ..motion.filmstrip import BONES, floor_m
from .library_map import LibraryMap

#: The skeletons of the page: so many bytes in all, of the first seconds of a clip, so many frames a second.
_MOST_BYTES, _LONGEST_S, _FPS = 3_000_000, 3.0, 10.0


def map_page(drawn: LibraryMap, column: str | None = None) -> str:
    """The page as HTML. It is safe to open whatever the names of clips are.

    Raises:
        QueryError: the index has no such column.
    """
    named, groups, of_clip = drawn.groups(column)
    data: dict[str, Any] = {
        "title": f"{len(drawn.points)} clips by {drawn.space} ({drawn.method}), coloured by {named}",
        "groups": [{"name": group.name, "colour": group.colour, "count": group.count} for group in groups],
        "names": drawn.names,
        "group": of_clip.tolist(),
        "points": [[round(float(x), 4), round(float(y), 4)] for x, y in drawn.points],
        "motions": _motions(drawn),
        "fps": _FPS,
        "bones": [[*bone, side] for side, bones in BONES.items() for bone in bones],
        "joints": len(PARENTS),
    }
    template = (files("mretrieve.maps") / "map_page.html").read_text(encoding="utf-8")
    (script,) = re.findall(r"<script>(.*?)</script>", template, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    before, _, after = template.replace("SCRIPT-HASH", f"sha256-{digest}").partition("<!-- data -->")
    return before + json_element("data", data) + after


def _motions(drawn: LibraryMap) -> list[str | None]:
    """The motion of each clip in base64, see `_poses`; None for clips beyond the limit of the page."""
    motions: list[str | None] = [None] * len(drawn.points)
    room = _MOST_BYTES
    for row in np.random.default_rng(0).permutation(len(motions)).tolist():  # not only those of the first folder
        with suppress(IndexStateError):  # a damaged shard: the points of its clips are shown all the same
            positions, observed = drawn.snapshot.motion(row)
            shown = slice(0, round(_LONGEST_S * CANONICAL_FPS))
            text = base64.b64encode(_poses(Clip(positions[shown], observed[shown])).tobytes()).decode()
            room -= len(text)
            if room < 0:
                break
            motions[row] = text
    return motions


def _poses(clip: Clip) -> NDArray[np.int8]:
    """Poses (F, 22, 3) at _FPS in centimetres: left of the hips, above a metre over the floor, in front of the hips."""
    view = body_view(clip.positions, clip.observed)
    frames = slice(None, None, round(CANONICAL_FPS / _FPS))
    poses = view.positions[frames].copy()
    poses[..., 1] += view.origin[frames, None, 1] - np.float32(floor_m(clip) + 1)
    return np.clip(np.round(poses * 100), -127, 127).astype(np.int8)
