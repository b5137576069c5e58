"""What is read of a mapped file is checked before, block by block, and no more than that."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from mretrieve.errors import IndexStateError
from mretrieve.storage.block_sums import BLOCK_BYTES, CheckedFile, block_sums
from mretrieve.storage.checked_files import corrupt_file_error

#: Two whole blocks and a short one.
WRITTEN = np.random.default_rng(0).integers(0, 256, 2 * BLOCK_BYTES + 100, np.uint8)


def damaged_in(*blocks: int) -> CheckedFile:
    """The file with a changed byte in some blocks."""
    content, sums = WRITTEN.copy(), block_sums([WRITTEN.data])
    content[[block * BLOCK_BYTES + 50 for block in blocks]] ^= 1
    checksum = hashlib.sha256(WRITTEN.data).hexdigest()
    return CheckedFile(Path("vectors.npy"), content, checksum, lambda: sums, corrupt_file_error)


def test_a_row_that_lies_in_two_blocks_is_checked_in_both():
    row_bytes = 600
    across = np.array([BLOCK_BYTES // row_bytes])
    for damaged in (0, 1):
        with pytest.raises(IndexStateError, match=f"block {damaged}, "):
            damaged_in(damaged).check_rows(0, row_bytes, across)
    damaged_in(2).check_rows(0, row_bytes, across)


def test_the_block_in_which_a_stretch_ends_is_checked():
    damaged_in(1, 2).check(10, BLOCK_BYTES)
    with pytest.raises(IndexStateError, match="block 1, "):
        damaged_in(1).check(10, BLOCK_BYTES + 1)
    with pytest.raises(IndexStateError, match="block 2, "):
        damaged_in(2).check(2 * BLOCK_BYTES, len(WRITTEN))


def test_one_block_that_is_sound_says_nothing_of_the_others():
    file = damaged_in(1)
    file.check(0, 10)
    assert not file.complete
    for _ in range(2):  # nor is damage forgotten
        with pytest.raises(IndexStateError, match="block 1, "):
            file.check(0, len(WRITTEN))
    assert file.wrong_blocks() == [1]
