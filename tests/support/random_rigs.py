"""Rigs of random trees and channel orders, with random motion on them."""

import numpy as np
from hypothesis import strategies as st

from mretrieve.motion import Rig
from mretrieve.motion.rotations import rotation_about

AXIS_ORDERS = [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]


def rig_of(names, parents, channels, rng, rests=False):
    """A rig with channels such as "xyzZXY" per joint and random offsets and frames."""
    flat = [(joint, "xyzXYZ".index(letter)) for joint, letters in enumerate(channels) for letter in letters]
    frames = None
    if rests:
        angles = rng.uniform(-2, 2, (3, len(names)))
        frames = rotation_about(2, angles[0]) @ rotation_about(1, angles[1]) @ rotation_about(0, angles[2])
        frames[[not letters for letters in channels]] = np.eye(3)
    joints, kinds = zip(*flat, strict=True)
    return Rig(
        tuple(names), np.array(parents, np.int32), rng.uniform(-5, 5, (len(names), 3)), frames,
        np.array(joints, np.int32), np.array(kinds, np.int32),
    )  # fmt: skip


def random_channels(rig, frame_count, rng):
    channels = rng.uniform(-3, 3, (frame_count, len(rig.channel_kinds)))
    channels[:, rig.channel_kinds < 3] *= 10
    return channels


@st.composite
def random_rigs(draw):
    """Trees of up to 9 joints with 0, 1, 3 or 6 channels in any order."""
    count = draw(st.integers(1, 9))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    parents = [-1] + [draw(st.integers(0, n - 1)) for n in range(1, count)]
    orders = st.sampled_from(["", "Z", "ZXY", "XYZ", "YZX", "xyzZYX", "yxzYXZ", "XZ"])
    channels = [draw(st.sampled_from(["xyzZXY", "XYZxyz", "ZYX"]))] + [draw(orders) for _ in parents[1:]]
    rig = rig_of([f"bone{n}" for n in range(count)], parents, channels, rng)
    return rig, random_channels(rig, draw(st.integers(1, 4)), rng)
