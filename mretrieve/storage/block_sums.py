"""Sums of the blocks of mapped files. A block is compared with its sum when it is first read, and not again.

The sums are XXH3 (xxhash), which notices damage as surely as a cryptographic hash and is ten times as fast; it is no
protection against somebody who changes a file and its sums.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64, xxh3_64_intdigest

from ..errors import IndexStateError
from .files import Bytes

#: Of the files of a shard. A query reads some hundred stretches of motion and rows of vectors of a large library; with
#: larger blocks it would read several times as much to check them.
BLOCK_BYTES = 1 << 14


def block_sums(parts: Iterable[Bytes], block_bytes: int = BLOCK_BYTES) -> NDArray[np.uint64]:
    """The sums of the blocks of a file whose parts follow each other; the last block may be shorter."""
    sums: list[int] = []
    hasher, room = xxh3_64(), block_bytes
    for part in parts:
        left = memoryview(part).cast("B")
        while left:
            taken, left = left[:room], left[room:]
            hasher.update(taken)
            room -= len(taken)
            if not room:
                sums.append(hasher.intdigest())
                hasher, room = xxh3_64(), block_bytes
    if room < block_bytes:
        sums.append(hasher.intdigest())
    return np.array(sums, np.uint64)


def block_count(size: int, block_bytes: int = BLOCK_BYTES) -> int:
    """Number of blocks of a file of this size in bytes."""
    return -(-size // block_bytes)


def wrong_blocks(content: NDArray[np.uint8], sums: NDArray[np.uint64], numbers: Iterable[int], size: int) -> list[int]:
    """Those of some blocks of `size` bytes whose sums are others."""
    memory = content.data
    return [
        number for number in numbers if xxh3_64_intdigest(memory[number * size : (number + 1) * size]) != sums[number]
    ]


def described_blocks(numbers: list[int], block_bytes: int = BLOCK_BYTES) -> str:
    """What is wrong with a file in which some blocks are not what was written."""
    first = numbers[0]
    place = f"block {first}, from byte {first * block_bytes}"
    more = f", and {len(numbers) - 1} more" if len(numbers) > 1 else ""
    return f"{place}{more}: not what was written"


class CheckedFile:
    """A mapped file that never changes. What is read of it is to be checked before.

    Attributes:
        content: its bytes, read-only.
        complete: whether all of it was checked.
    """

    def __init__(
        self,
        path: Path,
        content: NDArray[np.uint8],
        checksum: str,
        sums: Callable[[], NDArray[np.uint64] | None],
        damaged: Callable[[Path, str], IndexStateError],
    ) -> None:
        """
        Args:
            path: of the file.
            content: its bytes.
            checksum: its SHA-256.
            sums: gives the sums of its blocks; None if there are none: then it is compared as a whole.
            damaged: gives the error to raise if the file is not what was written, from its path and the reason.
        """
        self.content, self.complete = content, False
        self._path, self._checksum, self._sums, self._damaged = path, checksum, sums, damaged
        self._seen = bytearray(block_count(len(content)))

    def check(self, start: int, end: int) -> None:
        """Check the bytes from `start` up to `end`. IndexStateError: they are not what was written."""
        first, last = start // BLOCK_BYTES, block_count(end)
        if not self.complete and self._seen.find(0, first, last) >= 0:
            self._check(number for number in range(first, last) if not self._seen[number])

    def check_rows(self, start: int, row_bytes: int, rows: NDArray[np.integer]) -> None:
        """Check some rows of an array that begins at byte `start`. IndexStateError: they are not what was written."""
        if self.complete or not len(rows):
            return
        firsts = start + rows.astype(np.int64) * row_bytes
        spans = [firsts + offset for offset in range(0, row_bytes - 1, BLOCK_BYTES)]
        blocks = np.unique(np.concatenate([*spans, firsts + row_bytes - 1]) // BLOCK_BYTES)
        self._check(number for number in blocks.tolist() if not self._seen[number])

    def check_some(self, count: int, chance: Random) -> None:
        """Check so many of its blocks, chosen at random, if there are sums. IndexStateError: they are damaged."""
        if self._sums() is not None:
            self._check(sorted(chance.sample(range(len(self._seen)), min(count, len(self._seen)))))

    def wrong_blocks(self) -> list[int]:
        """Numbers of all blocks that are not what was written; none if there are no sums."""
        sums = self._sums()
        return [] if sums is None else wrong_blocks(self.content, sums, range(len(sums)), BLOCK_BYTES)

    def _check(self, unseen: Iterable[int]) -> None:
        sums = self._sums()
        if sums is None:
            if hashlib.sha256(self.content.data).hexdigest() != self._checksum:
                raise self._damaged(self._path, "its checksum is wrong")
            self.complete = True
            return
        numbers = list(unseen)
        if wrong := wrong_blocks(self.content, sums, numbers, BLOCK_BYTES):
            raise self._damaged(self._path, described_blocks(wrong))
        for number in numbers:
            self._seen[number] = 1
        self.complete = 0 not in self._seen
