"""Bodies that move at random, made by arithmetic: whatever an encoder must hold for, it must hold for these."""

from __future__ import annotations

import numpy as np

from mretrieve.motion import JOINTS, PARENTS, Clip

#: From the parent, arms hanging, of the left side and the midline: left, up, forwards in metres.
_OFFSETS = {
    "pelvis": (0, 0.95, 0), "hip": (0.07, -0.09, 0), "knee": (0, -0.38, 0), "ankle": (0, -0.41, -0.02),
    "foot": (0.02, -0.06, 0.12), "spine1": (0, 0.11, 0), "spine2": (0, 0.14, 0), "spine3": (0, 0.06, 0.02),
    "neck": (0, 0.21, -0.02), "head": (0, 0.09, 0.04), "collar": (0.08, 0.11, 0), "shoulder": (0.1, 0.04, 0),
    "elbow": (0.03, -0.26, 0), "wrist": (0.02, -0.26, 0.01),
}  # fmt: skip


def random_clip(seed: int, frame_count: int = 130) -> Clip:
    """A body whose bones swing smoothly about random axes while it walks along a curve."""
    generator = np.random.default_rng(seed)
    time_s = np.arange(frame_count) / 30
    positions = np.zeros((frame_count, len(JOINTS), 3))
    for joint, name in enumerate(JOINTS):
        part = name.removeprefix("left_").removeprefix("right_")
        offset = np.array(_OFFSETS[part]) * ((-1 if name.startswith("right") else 1), 1, 1)
        phases, rates = generator.uniform(0, 2 * np.pi, 3), generator.uniform(0.2, 1.5, 3)
        swing = 0.35 * np.linalg.norm(offset) * np.sin(2 * np.pi * rates * time_s[:, None] + phases)
        bone = offset + (0.2 if "spine" in name or part in ("hip", "collar") else 1.0) * swing
        positions[:, joint] = bone + (positions[:, PARENTS[joint]] if joint else 0)
    heading = generator.uniform(-1, 1) * time_s + generator.uniform(0, 2 * np.pi)
    speed = generator.uniform(-1.5, 1.5)
    cosine, sine = np.cos(heading), np.sin(heading)
    x, z = positions[..., 0].copy(), positions[..., 2].copy()
    positions[..., 0] = cosine[:, None] * x + sine[:, None] * z + np.cumsum(sine * speed / 30)[:, None]
    positions[..., 2] = cosine[:, None] * z - sine[:, None] * x + np.cumsum(cosine * speed / 30)[:, None]
    return Clip(positions.astype(np.float32), np.ones((frame_count, len(JOINTS)), bool))
