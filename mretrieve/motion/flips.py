"""A motion with left and right exchanged: of the whole body, or of the arms or the legs alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from .clip import Clip
from .skeleton import MIRROR, PARTS, joint
from .views import body_view, mirror

#: The part of the body in which left and right are exchanged.
Flip = Literal["none", "whole", "arms", "legs"]
FLIPS: tuple[Flip, ...] = get_args(Flip)

#: Remarks after the name of a flipped motion.
REMARKS: dict[Flip, str] = {
    "none": "",
    "whole": " (mirrored)",
    "arms": " (arms exchanged)",
    "legs": " (legs exchanged)",
}

#: The joint that limbs are attached to: they are flipped about it, so that they stay attached.
_ROOT = {"arms": joint("spine3"), "legs": joint("pelvis")}


def flip(clip: Clip, what: Flip) -> Clip:
    """The clip with left and right exchanged in what is named.

    Arms and legs alone take the place of each other's mirror image as the body sees it (body_view), the rest stays.
    """
    if what == "none":
        return clip
    if what == "whole":
        return mirror(clip)
    limbs = np.array([*PARTS[f"left_{what[:-1]}"], *PARTS[f"right_{what[:-1]}"]])
    others = np.array(MIRROR)[limbs]
    root = _ROOT[what]
    heading = body_view(clip.positions, clip.observed).heading
    left = np.stack([np.cos(heading), np.zeros_like(heading), -np.sin(heading)], axis=1)[:, None]  # (T, 1, 3)
    offsets = clip.positions[:, others] - clip.positions[:, [root]]
    positions, observed = clip.positions.copy(), clip.observed.copy()
    positions[:, limbs] = clip.positions[:, [root]] + offsets - 2 * (offsets * left).sum(axis=2, keepdims=True) * left
    observed[:, limbs] = clip.observed[:, others]
    return replace(clip, positions=positions, observed=observed)
