"""AMC frames from bytes in one compiled pass, for files in which every frame names its bones in the same order."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .number_scan import DIFFERS, DONE, NEEDS_FLOAT, eight_bytes, scan_long_number, scan_short_number

#: The names of a frame's bones in words of eight bytes: the words, which of their bits count, how many of their bytes,
#: and where the words of each bone end (beginning with 0).
Layout = tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int64]]


def layout_of(names: list[bytes]) -> Layout:
    """The names of a frame's bones as `scan_frames` compares them."""
    pieces = [[name[at : at + 8] for at in range(0, len(name), 8)] for name in names]
    lengths = np.array([len(piece) for own in pieces for piece in own], np.uint64)
    words = np.frombuffer(b"".join(piece.ljust(8, b"\0") for own in pieces for piece in own), "<u8").astype(np.uint64)
    masks = np.array([2 ** (8 * int(length)) - 1 for length in lengths], np.uint64)
    return words, masks, lengths, np.cumsum([0] + [len(own) for own in pieces])


@njit(cache=True, nogil=True)
def scan_frames(text, stop, mark, layout, column_ends, values, state):  # type: ignore[no-untyped-def]
    """Fill `values` (T, N) with the frames of text[:stop] from `state` on.

    The layout is that of `layout_of`, and the columns of each bone end at one of `column_ends`. `state` is (position,
    frame, bone or -1 between frames, column, whether the bone's name is read, number of the last frame, position of
    this frame), and the scan can go on from it: NEEDS_FLOAT at the start of a token for `float()`. DIFFERS means that
    the frame at state[6] breaks with the layout or the numbering.
    """
    position, end = np.uint64(state[0]), np.uint64(stop)
    frame, bone, column, named, last_number, frame_position = state[1], state[2], state[3], state[4], state[5], state[6]
    name_words, name_masks, name_lengths, name_ends = layout
    one = np.uint64(1)
    status = DONE
    while True:
        understood = True
        while understood and status == DONE:
            if bone < 0:  # between frames
                while position < end and (text[position] == 32 or 9 <= text[position] <= 13):
                    position += one
                frame_position = np.int64(position)
                if position >= end:
                    break
                number = np.int64(0)
                last_digit = position + np.uint64(15)
                while position < last_digit and np.uint64(text[position]) - np.uint64(48) < np.uint64(10):
                    number = number * 10 + np.int64(text[position]) - 48
                    position += one
                position = _skip_blanks(text, position)
                if text[position] > 32 or number != last_number + 1 or frame >= values.shape[0]:
                    status = DIFFERS
                last_number = number
                bone = column = named = 0
                continue
            if named == 0:
                while position < end and (text[position] == 32 or 9 <= text[position] <= 13):
                    position += one
                for index in range(name_ends[bone], name_ends[bone + 1]):
                    if position >= end or eight_bytes(text, position) & name_masks[index] != name_words[index]:
                        status = DIFFERS
                        break
                    position += name_lengths[index]
                if text[position] > 32:
                    status = DIFFERS
                named = 1
            column_end = column_ends[bone]
            while column < column_end:
                position = _skip_blanks(text, position)
                if text[position] <= 32:
                    status = DIFFERS
                    break
                after, value, understood = scan_short_number(text, position, mark)
                if not understood:
                    break
                values[frame, column] = value
                column += 1
                position = after
            if column == column_end:
                position = _skip_blanks(text, position)
                if text[position] > 32:
                    status = DIFFERS
                named = 0
                bone += 1
                if bone == column_ends.size:
                    bone = -1
                    frame += 1
        if understood or status != DONE:
            break
        after, value, understood = scan_long_number(text, position, mark)
        if not understood:
            status = NEEDS_FLOAT
            break
        values[frame, column] = value
        column += 1
        position = after
    state[0], state[1], state[2], state[3] = np.int64(position), frame, bone, column
    state[4], state[5], state[6] = named, last_number, frame_position
    return status


@njit(cache=True, nogil=True)
def _skip_blanks(text, position):  # type: ignore[no-untyped-def]
    while text[position] == 32 or text[position] == 9:
        position += np.uint64(1)
    return position
