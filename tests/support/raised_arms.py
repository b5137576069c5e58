"""Clips whose class is where an arm is held, among everything else a body does at random."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mretrieve.motion import LabelledClip
from mretrieve.motion.skeleton import joint
from support.moving_bodies import random_clip

_HELD_M = ((0.0, 0.0, 0.0), (0.25, 0.35, 0.0), (0.0, 0.2, 0.3), (-0.2, 0.3, 0.1), (0.3, 0.0, -0.2), (0.1, -0.1, 0.4))


def arms_held(classes: int = 3, per_class: int = 12, groups: int = 4, frames: int = 50) -> list[LabelledClip]:
    """Another random motion each, with elbow and wrist displaced as its class has it."""
    items = []
    for number in range(classes * per_class):
        kind = number % classes
        clip = random_clip(1000 + number, frames)
        positions = clip.positions.copy()
        positions[:, joint("left_elbow")] += np.float32(0.5) * np.float32(_HELD_M[kind])
        positions[:, joint("left_wrist")] += np.float32(_HELD_M[kind])
        group = f"performer{number // classes % groups}"
        items.append(LabelledClip(replace(clip, positions=positions), f"held{kind}", group, f"{number:03}.bvh"))
    return items


def relabelled(items: list[LabelledClip], labels: list[str]) -> list[LabelledClip]:
    """The same clips with other labels."""
    return [replace(item, label=label) for item, label in zip(items, labels, strict=True)]
