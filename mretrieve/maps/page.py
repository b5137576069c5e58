"""A map as one page for a browser: that of the service, with its data in the file. It loads nothing else."""

from __future__ import annotations

import base64
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from ..built_page import page_with_data
from ..errors import IndexStateError
from ..motion import CANONICAL_FPS, Clip
from ..motion.body_view import body_view
from ..motion.filmstrip import floor_m
from .library_map import LibraryMap

#: The motions of the page: so many bytes in all, of the first seconds of a clip, so many frames a second.
_MOST_BYTES, _LONGEST_S, _FPS = 3_000_000, 3.0, 10.0


def map_page(drawn: LibraryMap, column: str | None = None) -> str:
    """The page as HTML. It is safe to open whatever the names of clips are.

    Raises:
        QueryError: the index has no such column.
        MRetrieveError: the viewer has not been built.
    """
    named, values = drawn.values(column)
    places = drawn.points.astype(float).round(4).tolist()
    clips = [
        {"clip": name, "place": place, "labels": {named: value}}
        for name, place, value in zip(drawn.names, places, values, strict=True)
    ]
    title = f"{len(clips)} clips by {drawn.space} ({drawn.method})"
    return page_with_data("map", "map", {"title": title, "clips": clips, "motions": _motions(drawn), "fps": _FPS})


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
