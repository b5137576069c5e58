"""Motions with a known change, for which the right advice is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mretrieve.motion import CANONICAL_FPS, Clip
from mretrieve.motion.body_view import body_view
from mretrieve.motion.skeleton import PARTS


def raised_right_arm(clip: Clip, start_s: float, end_s: float, degrees: float = 60.0) -> Clip:
    """The clip with the right arm swung outwards and up about the shoulder between two times, blended in 0.1 s."""
    times = np.arange(clip.frame_count) / CANONICAL_FPS
    shape = np.clip(np.minimum(times - start_s, end_s - times) / 0.1, 0, 1)
    angle = -np.radians(degrees) * shape[:, None, None]
    heading = body_view(clip.positions).heading
    axis = np.stack([np.sin(heading), np.zeros_like(heading), np.cos(heading)], axis=1)[:, None]  # forwards
    _collar, shoulder, *rest = PARTS["right_arm"]
    arm = clip.positions[:, rest] - clip.positions[:, [shoulder]]
    along = axis * (arm * axis).sum(axis=2, keepdims=True)
    turned = along + np.cos(angle) * (arm - along) + np.sin(angle) * np.cross(axis, arm)
    positions = clip.positions.copy()
    positions[:, rest] = clip.positions[:, [shoulder]] + turned
    return replace(clip, positions=positions)


def delayed(clip: Clip, part: str, frames: int) -> Clip:
    """The clip with one limb, as the body sees it, doing everything so many frames later."""
    view = body_view(clip.positions)
    limb = list(PARTS[part])
    shifted = view.positions.copy()
    shifted[frames:, limb] = view.positions[: len(shifted) - frames, limb]
    cosine, sine = np.cos(view.heading)[:, None], np.sin(view.heading)[:, None]
    left, up, forwards = np.moveaxis(shifted, -1, 0)
    world = np.stack([cosine * left + sine * forwards, up, -sine * left + cosine * forwards], axis=-1)
    return replace(clip, positions=(world + view.origin[:, None]).astype(np.float32))
