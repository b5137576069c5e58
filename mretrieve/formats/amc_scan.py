"""AMC frames from bytes in one compiled pass, for files in which every frame names its bones in the same order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..kernels.compiled import scan_frames

__all__ = ["Layout", "layout_of", "scan_frames"]

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
