"""Forward kinematics: from the channels of a rig to world positions.

The compiled kernel works on blocks of frames, one joint after the other, with every number of a joint (its world
rotation, its position, an angle) held as a row of FRAMES_PER_BLOCK neighbouring float32, so that each arithmetic step
is a few vector instructions. Angles are reduced to [-pi/4, pi/4] in float64, sine and cosine come from Cephes'
polynomials.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .motion import ROTATE_X, Rig

#: Frames that one block holds side by side.
FRAMES_PER_BLOCK = 64

_LANES = FRAMES_PER_BLOCK
_HALF = np.float32(0.5)
_ONE = np.float32(1)
_SINE = tuple(np.float32(factor) for factor in (-1.6666654611e-1, 8.3321608736e-3, -1.9515295891e-4))
_COSINE = tuple(np.float32(factor) for factor in (4.166664568298827e-2, -1.388731625493765e-3, 2.443315711809948e-5))
_QUARTER_TURNS = 2 / np.pi
_QUARTER = np.pi / 2


def joint_positions(rig: Rig, channels: NDArray[np.float64]) -> NDArray[np.float32]:
    """World positions (T, J, 3) in the rig's unit, right to about 1e-6 of the largest distance from the origin.

    Args:
        rig: J joints and C channels.
        channels: (T, C): translations in the rig's unit, rotations in radians.
    """
    channels = np.ascontiguousarray(channels, np.float64)
    joint_count = len(rig.parents)
    positions = np.empty((len(channels), joint_count, 3), np.float32)
    turns, offsets, axes = _against_parents(rig)
    is_turned = np.abs(turns - np.eye(3)).max(axis=(1, 2)) > 0
    is_parent = np.zeros(joint_count, np.bool_)
    is_parent[rig.parents[rig.parents >= 0]] = True
    channel_ends = np.searchsorted(rig.channel_joints, np.arange(joint_count), side="right")
    _positions(
        rig.parents, is_parent, offsets, turns, is_turned, axes, channel_ends, rig.channel_kinds, channels, positions
    )
    return positions


def _against_parents(rig: Rig) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Rest rotations (J, 3, 3), offsets (J, 3) and translation axes (J, 3, 3) in the rest frame of each joint's parent.

    With world rotations carried as `world @ rest`, a joint needs one constant rotation, `rest(parent).T @ rest(joint)`,
    and not two. Components of offsets that a channel drives are zero.
    """
    joint_count = len(rig.parents)
    offsets = rig.offsets.copy()
    translations = rig.channel_kinds < ROTATE_X
    offsets[rig.channel_joints[translations], rig.channel_kinds[translations]] = 0
    if rig.rest_rotations is None:
        identity = np.empty((joint_count, 3, 3), np.float32)
        identity[:] = np.eye(3)
        return identity, offsets.astype(np.float32), identity
    into_parent = rig.rest_rotations[rig.parents].transpose(0, 2, 1).copy()
    into_parent[rig.parents < 0] = np.eye(3)
    turns = into_parent @ rig.rest_rotations
    offsets = (into_parent @ offsets[:, :, None])[..., 0]
    return turns.astype(np.float32), offsets.astype(np.float32), into_parent.astype(np.float32)


# Row r of a joint's block is [r * _LANES : (r + 1) * _LANES]: 0-8 its world rotation by rows, 9-11 its position. The
# working block has its sine and cosine behind that, 12 and 13, and a local translation in 12-14. Literal row numbers
# let the compiler see that rows do not overlap.
_BLOCK = 12 * _LANES


@njit(cache=True, nogil=True, fastmath={"contract"})
def _positions(parents, is_parent, offsets, turns, is_turned, axes, channel_ends, kinds, channels, positions):  # type: ignore[no-untyped-def]
    frame_count, joint_count = positions.shape[0], positions.shape[1]
    blocks = np.zeros((joint_count + 1) * _BLOCK, np.float32)  # block 0 is the world: no rotation, at the origin
    for row in (0, 4, 8):
        for lane in range(_LANES):
            blocks[row * _LANES + lane] = _ONE
    work = np.zeros(15 * _LANES, np.float32)
    angles = np.zeros(_LANES)
    for start in range(0, frame_count, _LANES):
        lanes = min(_LANES, frame_count - start)
        first_channel = 0
        for joint in range(joint_count):
            last_channel = channel_ends[joint]
            parent_block = blocks[(parents[joint] + 1) * _BLOCK : (parents[joint] + 2) * _BLOCK]
            moves = False
            for channel in range(first_channel, last_channel):
                moves = moves or kinds[channel] < ROTATE_X
            if moves:
                own_channels = channels[start : start + lanes, first_channel:last_channel]
                _move(work, parent_block, offsets[joint], axes[joint], kinds[first_channel:last_channel], own_channels)
            else:
                _place(work, parent_block, offsets[joint, 0], offsets[joint, 1], offsets[joint, 2])
            for lane in range(lanes):
                positions[start + lane, joint, 0] = work[9 * _LANES + lane]
                positions[start + lane, joint, 1] = work[10 * _LANES + lane]
                positions[start + lane, joint, 2] = work[11 * _LANES + lane]
            if is_parent[joint]:
                if is_turned[joint]:
                    _turn_constant(work, parent_block, turns[joint])
                else:
                    for index in range(9 * _LANES):
                        work[index] = parent_block[index]
                for channel in range(first_channel, last_channel):
                    if kinds[channel] >= ROTATE_X:
                        for lane in range(lanes):
                            angles[lane] = channels[start + lane, channel]
                        _sine_cosine(work, angles)
                        if kinds[channel] == ROTATE_X:
                            _turn(work, 1, 2)
                        elif kinds[channel] == ROTATE_X + 1:
                            _turn(work, 2, 0)
                        else:
                            _turn(work, 0, 1)
                own_block = blocks[(joint + 1) * _BLOCK : (joint + 2) * _BLOCK]
                for index in range(_BLOCK):
                    own_block[index] = work[index]
            first_channel = last_channel


@njit(cache=True, nogil=True, fastmath={"contract"})
def _place(work, parent, x, y, z):  # type: ignore[no-untyped-def]
    """Rows 9-11: the parent's position plus its rotation of the offset (x, y, z)."""
    for lane in range(_LANES):
        work[9 * _LANES + lane] = (
            parent[9 * _LANES + lane] + parent[lane] * x + parent[_LANES + lane] * y + parent[2 * _LANES + lane] * z
        )
        work[10 * _LANES + lane] = (
            parent[10 * _LANES + lane]
            + parent[3 * _LANES + lane] * x
            + parent[4 * _LANES + lane] * y
            + parent[5 * _LANES + lane] * z
        )
        work[11 * _LANES + lane] = (
            parent[11 * _LANES + lane]
            + parent[6 * _LANES + lane] * x
            + parent[7 * _LANES + lane] * y
            + parent[8 * _LANES + lane] * z
        )


@njit(cache=True, nogil=True, fastmath={"contract"})
def _move(work, parent, offset, axes, kinds, channels):  # type: ignore[no-untyped-def]
    """Rows 9-11 as in `_place`, with an offset of its own in each frame: constant parts plus translation channels."""
    for axis in range(3):
        constant = offset[axis]
        for lane in range(_LANES):
            work[(12 + axis) * _LANES + lane] = constant
    for channel in range(len(kinds)):
        if kinds[channel] < ROTATE_X:
            x, y, z = axes[0, kinds[channel]], axes[1, kinds[channel]], axes[2, kinds[channel]]
            for lane in range(len(channels)):
                distance = np.float32(channels[lane, channel])
                work[12 * _LANES + lane] += distance * x
                work[13 * _LANES + lane] += distance * y
                work[14 * _LANES + lane] += distance * z
    for row in range(3):
        first = 3 * row * _LANES
        for lane in range(_LANES):
            work[(9 + row) * _LANES + lane] = (
                parent[(9 + row) * _LANES + lane]
                + parent[first + lane] * work[12 * _LANES + lane]
                + parent[first + _LANES + lane] * work[13 * _LANES + lane]
                + parent[first + 2 * _LANES + lane] * work[14 * _LANES + lane]
            )


@njit(cache=True, nogil=True, fastmath={"contract"})
def _turn_constant(work, parent, turn):  # type: ignore[no-untyped-def]
    """Rows 0-8: the parent's rotation times one constant rotation."""
    for column in range(3):
        x, y, z = turn[0, column], turn[1, column], turn[2, column]
        for row in range(3):
            first = 3 * row * _LANES
            for lane in range(_LANES):
                work[first + column * _LANES + lane] = (
                    parent[first + lane] * x + parent[first + _LANES + lane] * y + parent[first + 2 * _LANES + lane] * z
                )


@njit(cache=True, nogil=True, fastmath={"contract"})
def _sine_cosine(work, angles):  # type: ignore[no-untyped-def]
    """Rows 12 and 13: sine and cosine of the angles."""
    for lane in range(_LANES):
        angle = angles[lane]
        turns = np.floor(angle * _QUARTER_TURNS + 0.5)
        rest = np.float32(angle - turns * _QUARTER)
        square = rest * rest
        sine = rest + rest * square * (_SINE[0] + square * (_SINE[1] + square * _SINE[2]))
        cosine = _ONE - _HALF * square + square * square * (_COSINE[0] + square * (_COSINE[1] + square * _COSINE[2]))
        quadrant = np.int32(turns)
        odd = (quadrant & np.int32(1)) != 0
        first = cosine if odd else sine
        second = sine if odd else cosine
        work[12 * _LANES + lane] = -first if (quadrant & np.int32(2)) != 0 else first
        work[13 * _LANES + lane] = -second if ((quadrant + np.int32(1)) & np.int32(2)) != 0 else second


@njit(cache=True, nogil=True, fastmath={"contract"}, inline="always")
def _turn(work, first_column, second_column):  # type: ignore[no-untyped-def]
    """Rows 0-8 times a rotation about X, Y or Z, which mixes columns 1 and 2, 2 and 0, or 0 and 1."""
    for lane in range(_LANES):
        sine, cosine = work[12 * _LANES + lane], work[13 * _LANES + lane]
        for row in range(0, 9, 3):
            first, second = work[(row + first_column) * _LANES + lane], work[(row + second_column) * _LANES + lane]
            work[(row + first_column) * _LANES + lane] = first * cosine + second * sine
            work[(row + second_column) * _LANES + lane] = second * cosine - first * sine
