"""Forward kinematics, frame by frame."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

_ROTATE_X = 3  # kinds of channels: 0-2 translate along X, Y, Z, 3-5 rotate about them


@njit(cache=True, nogil=True)
def forward_kinematics(
    parents: NDArray[np.int32],
    is_parent: NDArray[np.bool_],
    offsets: NDArray[np.float32],
    turns: NDArray[np.float32],
    is_turned: NDArray[np.bool_],
    axes: NDArray[np.float32],
    channel_ends: NDArray[np.int64],
    kinds: NDArray[np.int32],
    channels: NDArray[np.float64],
    positions: NDArray[np.float32],
) -> None:
    """Write world positions (T, J, 3) of the joints of a rig.

    Args:
        parents: (J,), -1 for a root; a parent precedes its children.
        is_parent: (J,).
        offsets: (J, 3) in the rest frame of the parent, 0 in components that a channel drives.
        turns: (J, 3, 3) constant rotations against the parent's.
        is_turned: (J,), False if that is the identity.
        axes: (J, 3, 3), columns: directions of the translation channels.
        channel_ends: (J,), one past each joint's last channel.
        kinds: (C,).
        channels: (T, C), rotations in radians.
        positions: (T, J, 3), the output.
    """
    rotations = np.empty((len(parents), 3, 3), np.float32)
    world, origin = np.eye(3, dtype=np.float32), np.zeros(3, np.float32)
    offset = np.empty(3, np.float32)
    for time in range(len(channels)):
        first_channel = 0
        for joint in range(len(parents)):
            above = world if parents[joint] < 0 else rotations[parents[joint]]
            place = origin if parents[joint] < 0 else positions[time, parents[joint]]
            own = rotations[joint]
            for row in range(3):
                offset[row] = offsets[joint, row]
                for column in range(3):
                    own[row, column] = 0
                    for inner in range(3):
                        own[row, column] += above[row, inner] * turns[joint, inner, column]
            for channel in range(first_channel, channel_ends[joint]):
                kind, value = kinds[channel], channels[time, channel]
                if kind < _ROTATE_X:
                    for axis in range(3):
                        offset[axis] += np.float32(value) * axes[joint, axis, kind]
                    continue
                sine, cosine = np.float32(np.sin(value)), np.float32(np.cos(value))
                one, other = (kind - 2) % 3, (kind - 1) % 3
                for row in range(3):
                    left, right = own[row, one], own[row, other]
                    own[row, one] = left * cosine + right * sine
                    own[row, other] = right * cosine - left * sine
            first_channel = channel_ends[joint]
            for axis in range(3):
                moved = above[axis, 0] * offset[0] + above[axis, 1] * offset[1] + above[axis, 2] * offset[2]
                positions[time, joint, axis] = place[axis] + moved
