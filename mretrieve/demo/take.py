"""Long takes: acts of one performer in one mood, one after another without a cut, and when each of them happens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .recipe import MotionRecipe
from .solve import Performance
from .synthesis import perform_whole


@dataclass(frozen=True)
class Moment:
    """What happens in a take from `start_s` to `end_s`."""

    recipe: MotionRecipe
    start_s: float
    end_s: float


def perform_take(recipes: Iterable[MotionRecipe], fps: float) -> tuple[Performance, list[Moment]]:
    """The recipes in turn, each beginning where and as the one before it ended; all of one body and one style.

    Every kind but "crawl", which does not begin standing, can be part of a take.
    """
    pieces: list[Performance] = []
    moments: list[Moment] = []
    place, heading, frames = np.zeros(3), 0.0, 0
    for recipe in recipes:
        performance, (start_s, end_s) = perform_whole(recipe, fps)
        moments.append(Moment(recipe, frames / fps + start_s, frames / fps + end_s))
        moved = performance.moved_to(place, heading)
        pieces.append(moved)
        frames += len(moved.root) - 1  # the last frame is the first of what follows
        place = moved.root[-1] * (1.0, 0.0, 1.0)
        forward = moved.rotations[-1, 0, :, 2]
        heading = float(np.arctan2(forward[0], forward[2]))
    rotations = np.concatenate([piece.rotations[:-1] for piece in pieces])
    root = np.concatenate([piece.root[:-1] for piece in pieces])
    return Performance(pieces[0].body, fps, rotations, root), moments
