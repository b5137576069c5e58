"""Exact search with the vectors in the memory of GPUs; the same code runs in torch on the CPU.

A device finds every row that can be among the best, given the largest error of a float32 product. The CPU ranks those
as `FlatIndex` does, from the mapped vectors, so that rows, their order and products are equal to those of `FlatIndex`
to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import MRetrieveError
from ..kernels.device.exact import ExactSearch, UnboundedProductsError
from ..storage.rows import VectorBlock, blocks_at, take_rows
from ..storage.snapshot import Snapshot
from .flat import FlatIndex, best_rows
from .interface import Ranking, RowFilter

#: Numbers that are copied to a device at a time: 32 MiB.
_UPLOADED_NUMBERS = 1 << 23


class DeviceIndex:
    """A `VectorIndex`: the windows of a snapshot in one space, or in several side by side, on one or more devices.

    The windows of a length are copied when they are first searched, an equal share to each device, and stay there.
    """

    kind = FlatIndex.kind

    def __init__(self, snapshot: Snapshot, spaces: Sequence[str], devices: Sequence[torch.device]) -> None:
        """
        Args:
            snapshot: that is searched.
            spaces: the space, or several.
            devices: at least one.
        """
        self._snapshot = snapshot
        self._spaces = tuple(spaces)
        self._devices = tuple(devices)
        self._flat = FlatIndex(snapshot, spaces)
        self._windows: dict[int, _Windows] = {}
        self._uploading = Lock()

    def search(self, queries: NDArray[np.float32], k: int, rows: RowFilter) -> Ranking:
        """See VectorIndex; exact for any filter.

        Raises:
            MRetrieveError: the vectors do not fit the memory of a device.
        """
        allowed = rows.allowed_clips(self._snapshot.rows.clip_count)
        queries = np.ascontiguousarray(queries, np.float32)
        try:
            windows = self._windows_of(rows.length)
            shortlists = windows.shortlists(queries, k, allowed)
        except UnboundedProductsError:
            return self._flat.search(queries, k, rows)  # which computes those too, or says what is wrong
        best = [
            best_rows(query[None], blocks_at(windows.blocks, own), k)
            for query, own in zip(queries, shortlists, strict=True)
        ]
        if not best:
            return self._flat.search(queries, k, rows)
        products = np.concatenate([ranking.products for ranking in best])
        return Ranking(products, np.concatenate([ranking.rows for ranking in best]))

    def _windows_of(self, length: int) -> _Windows:
        with self._uploading:
            if length not in self._windows:
                self._windows[length] = self._upload(length)
            return self._windows[length]

    def _upload(self, length: int) -> _Windows:
        blocks = self._snapshot.vector_blocks(self._spaces, length)
        rows = np.concatenate([np.zeros(0, np.int64), *(block.rows for block in blocks)])
        clips, width = self._snapshot.rows.window_clip[rows], self._snapshot.dimension(self._spaces)
        bounds = np.linspace(0, len(rows), len(self._devices) + 1).astype(int).tolist()
        parts = []
        for device, first, last in zip(self._devices, bounds, bounds[1:], strict=False):
            try:
                vectors = _uploaded(blocks, first, last, width, device)
                parts.append(_Part(first, ExactSearch(vectors), torch.from_numpy(clips[first:last]).to(device).long()))
            except torch.cuda.OutOfMemoryError:
                raise MRetrieveError(
                    f"{device}: has no room for {(last - first) * width * 4 / 1e9:.1f} GB of vectors of "
                    f"{','.join(self._spaces)}; leave --device out, or name `all` to share them among GPUs"
                ) from None
        return _Windows(blocks, parts)


@dataclass(frozen=True, eq=False)
class _Part:
    """The vectors that a device has.

    Attributes:
        first: position of its first row among the rows of all blocks.
        search: its rows.
        clips: (n,) int64 clip of each row.
    """

    first: int
    search: ExactSearch
    clips: Tensor

    def shortlists(self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.bool_] | None) -> list[Tensor]:
        """For each query, the positions of all rows that can be among its k nearest of this part."""
        device = self.clips.device
        rows = None if allowed is None else torch.nonzero(torch.tensor(allowed, device=device)[self.clips]).ravel()
        if rows is not None and len(rows) == len(self.clips):
            rows = None
        found = self.search.shortlists(torch.tensor(queries, device=device), k, rows)
        return [each + self.first for each in found]


@dataclass(frozen=True, eq=False)
class _Windows:
    """All windows of one length: mapped, and on devices.

    Attributes:
        blocks: the mapped vectors.
        parts: the same rows on devices, in their order.
    """

    blocks: list[VectorBlock]
    parts: list[_Part]

    def shortlists(
        self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.bool_] | None
    ) -> list[NDArray[np.int64]]:
        """For each query, the positions, ascending, of all rows that can be among its k nearest."""
        found = [part.shortlists(queries, k, allowed) for part in self.parts]
        return [np.concatenate([each.cpu().numpy() for each in own]) for own in zip(*found, strict=True)]


def _uploaded(blocks: Sequence[VectorBlock], first: int, last: int, width: int, device: torch.device) -> Tensor:
    """The vectors at positions `first` to `last` (exclusive) of blocks, side by side, on a device: (n, `width`)."""
    vectors = torch.empty((last - first, width), dtype=torch.float32, device=device)
    size = max(1, _UPLOADED_NUMBERS // width)
    for start in range(first, last, size):
        stop = min(start + size, last)
        vectors[start - first : stop - first] = torch.from_numpy(take_rows(blocks, np.arange(start, stop))).to(device)
    return vectors
