"""Dynamic time warping of one query against many sequences at once, anti-diagonal by anti-diagonal.

The results are those of `mretrieve.kernels.warping`. The cells of one anti-diagonal do
not depend on each other, so a step computes one cell for each query frame of every sequence: n + m - 1 steps in all.

Squared distances of frames are |q|^2 + |c|^2 - 2 q.c, a matrix product in float64, rounded to float32 at the end: for
float32 frames they are more exact than a sum of squared differences in float32. What is below the rounding error of the
float64 sum is set to 0, so that equal frames have a distance of 0. Costs differ from those of the CPU's kernels by the
rounding errors of the latter, about one part in a million.

On CUDA the kernel of `triton_warping` does the same in one launch, if Triton is installed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from .exact import chunk_size, has_triton

#: Numbers that are packed for a copy to the device: 32 MiB.
_PACKED_NUMBERS = 1 << 23


@dataclass(frozen=True, eq=False)
class Sequences:
    """Sequences of frames on a device, end to end.

    Attributes:
        frames: (F, D) float32.
        lengths: (C,) frames of each sequence, at least 1; their sum is F.
    """

    frames: Tensor
    lengths: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.frames.ndim != 2 or self.frames.dtype != torch.float32 or int(self.lengths.sum()) != len(self.frames):
            raise ValueError(f"frames are {tuple(self.frames.shape)} {self.frames.dtype}; needed: (F, D) float32")
        if len(self.lengths) and self.lengths.min() < 1:
            raise ValueError(f"sequence {int(self.lengths.argmin())} is empty")
        if not bool(torch.isfinite(self.frames).all()):
            raise ValueError("a sequence holds NaN or infinite values")

    @classmethod
    def of(cls, sequences: Sequence[ArrayLike], width: int, device: torch.device | str) -> Sequences:
        """Sequences (m_i, D) of D = `width` numbers a frame, moved to a device.

        Raises:
            ValueError: a sequence is empty, of another width, or holds NaN or infinity.
        """
        arrays = [np.asarray(sequence, np.float32) for sequence in sequences]
        for index, array in enumerate(arrays):
            if array.ndim != 2 or array.shape[1] != width:
                raise ValueError(f"sequence {index} has shape {array.shape}; wanted (frames, {width}) as the query")
        lengths = np.array([len(array) for array in arrays], np.int64)
        frames = torch.empty((int(lengths.sum()), width), dtype=torch.float32, device=device)
        stops, first = np.cumsum(lengths), 0
        while first < len(arrays):
            begin = int(stops[first] - lengths[first])
            last = max(first + 1, int(np.searchsorted(stops, begin + _PACKED_NUMBERS // width, "right")))
            part = frames[begin : int(stops[last - 1])]
            # From page-locked memory the copy goes on while the next sequences are packed.
            packed = torch.empty(part.shape, dtype=torch.float32, pin_memory=frames.is_cuda)
            np.concatenate(arrays[first:last], out=packed.numpy())
            part.copy_(packed, non_blocking=True)
            first = last
        return cls(frames, lengths)


@dataclass(frozen=True, eq=False)
class SequenceMatches:
    """The best match of a query in each of C sequences: frames starts[i] to ends[i] of sequence i.

    Attributes:
        costs: (C,) float64, sums of squared distances along the path.
        starts: (C,) int64, the first frame; 0 if the cost is infinite.
        ends: (C,) int64, one past the last frame; 0 if the cost is infinite.
    """

    costs: Tensor
    starts: Tensor
    ends: Tensor


def dtw_distances(query: Tensor, candidates: Sequences) -> Tensor:
    """The sum of squared Euclidean frame distances along the best warping path, for each candidate: (C,) float64.

    Infinite if values are too large to square in float32.

    Args:
        query: (n, D) float32, on the candidates' device.
        candidates: the candidates.

    Raises:
        ValueError: the query is empty, of another width, or holds NaN or infinity.
    """
    _check(query, candidates)
    if has_triton(query.device):
        from . import triton_warping

        return triton_warping.align(query, candidates.frames, candidates.lengths, anywhere=False)[0]
    distances = torch.empty(len(candidates.lengths), dtype=torch.float64, device=query.device)
    for group in _groups(query, candidates):
        costs = _Diagonals(group.squares[:, 0], torch.float64, torch.inf)
        costs.before_last[:, -1] = 0.0  # the path begins with the first frames of both
        ended = torch.empty(len(group.lengths), dtype=torch.float64, device=query.device)
        for step, active in enumerate(group.active):
            above, left, diagonal = costs.neighbours(active)
            best = torch.minimum(torch.minimum(above, left), diagonal)
            torch.add(best, group.cells(step, active), out=costs.next[:active, :-1])
            costs.advance()
            if step == 0:
                costs.next[:, -1] = torch.inf
            remaining = group.active[step + 1] if step + 1 < len(group.active) else 0
            if remaining < active:
                ended[remaining:active] = costs.last[remaining:active, 0]
        distances[group.members] = ended
    return distances


def subsequence_matches(query: Tensor, sequences: Sequences) -> SequenceMatches:
    """The cheapest match of the whole query with any part of each sequence.

    Of several that cost the same the one that ends first; steps as in `mretrieve.kernels.warping`.

    Args:
        query: (n, D) float32, on the sequences' device.
        sequences: the sequences.

    Raises:
        ValueError: the query is empty, of another width, or holds NaN or infinity.
    """
    _check(query, sequences)
    if has_triton(query.device):
        from . import triton_warping

        return SequenceMatches(*triton_warping.align(query, sequences.frames, sequences.lengths, anywhere=True))
    count, device = len(sequences.lengths), query.device
    matches = SequenceMatches(
        torch.empty(count, dtype=torch.float64, device=device),
        torch.empty(count, dtype=torch.int64, device=device),
        torch.empty(count, dtype=torch.int64, device=device),
    )
    for group in _groups(query, sequences):
        end_costs, end_starts = _last_row(group, len(query))
        best = end_costs.min(dim=0)  # of equal ones the first
        found = torch.isfinite(best.values)
        starts = end_starts.gather(0, best.indices[None])[0]
        matches.costs[group.members] = best.values
        matches.starts[group.members] = torch.where(found, starts, 0).long()
        matches.ends[group.members] = torch.where(found, best.indices + 1, 0)
    return matches


def _last_row(group: _Group, query_length: int) -> tuple[Tensor, Tensor]:
    """Cost and first frame of the best match that ends with each frame of each sequence: (m, C) float64 and int32."""
    frames, count = int(group.lengths[0]), len(group.lengths)
    end_costs = torch.full((frames, count), torch.inf, dtype=torch.float64, device=group.squares.device)
    end_starts = torch.zeros((frames, count), dtype=torch.int32, device=group.squares.device)
    costs, starts = (
        _Diagonals(group.squares[:, 0], torch.float64, torch.inf),
        _Diagonals(group.squares[:, 0], torch.int32, 0),
    )
    for each in (costs.before_last, costs.last, costs.next):
        each[:, -1] = 0.0  # a match begins below a row of zeros
    for step, active in enumerate(group.active):
        starts.before_last[:, -1] = step
        above, left, best = costs.neighbours(active)
        above_start, left_start, start = starts.neighbours(active)
        start = torch.where(above < best, above_start, start)
        best = torch.minimum(above, best)
        torch.where(left < best, left_start, start, out=starts.next[:active, :-1])
        torch.add(torch.minimum(left, best), group.cells(step, active), out=costs.next[:active, :-1])
        costs.advance()
        starts.advance()
        end = step - query_length + 1
        if end >= 0:
            end_costs[end, :active], end_starts[end, :active] = costs.last[:active, 0], starts.last[:active, 0]
    return end_costs, end_starts


class _Diagonals:
    """The last two anti-diagonals of the recursion and the next one: (C, n + 1) each.

    Column j is the cell of query frame n - 1 - j; the last column stands before the query's first frame.
    """

    def __init__(self, like: Tensor, dtype: torch.dtype, value: float) -> None:
        shape = len(like), like.shape[1] + 1
        self.before_last, self.last, self.next = (
            torch.full(shape, value, dtype=dtype, device=like.device) for _ in range(3)
        )

    def neighbours(self, active: int) -> tuple[Tensor, Tensor, Tensor]:
        """Of each next cell of the first `active` sequences: the one a query frame before, a frame before, and both."""
        return self.last[:active, 1:], self.last[:active, :-1], self.before_last[:active, 1:]

    def advance(self) -> None:
        """The next anti-diagonal becomes the last one."""
        self.before_last, self.last, self.next = self.last, self.next, self.before_last


@dataclass(frozen=True, eq=False)
class _Group:
    """Sequences that are aligned together.

    Attributes:
        members: (C,) int64, their numbers.
        lengths: (C,) descending.
        squares: (C, n - 1 + m + n - 1, n) float32, squared distances of the frames of each sequence from the query's
            frames, last one first; infinite before the first frame and behind the last one of a sequence.
        active: for each step, how many sequences have not come to their end.
    """

    members: Tensor
    lengths: NDArray[np.int64]
    squares: Tensor
    active: list[int]

    def cells(self, step: int, active: int) -> Tensor:
        """Squared distances (active, n) of an anti-diagonal: column j is frame `step` - (n - 1 - j) of a sequence."""
        _, rows, width = self.squares.shape
        return self.squares.as_strided((active, width), (rows * width, width + 1), step * width)


def _check(query: Tensor, sequences: Sequences) -> None:
    if query.ndim != 2 or 0 in query.shape or query.dtype != torch.float32 or not bool(torch.isfinite(query).all()):
        raise ValueError(
            f"the query is {tuple(query.shape)} {query.dtype}; needed: (n, D) float32, finite, n and D > 0"
        )
    if query.shape[1] != sequences.frames.shape[1]:
        raise ValueError(f"the query has {query.shape[1]} numbers a frame, the sequences {sequences.frames.shape[1]}")


def _groups(query: Tensor, sequences: Sequences) -> Iterator[_Group]:
    """Sequences of similar lengths, as many as fit in memory."""
    order = np.argsort(-sequences.lengths, kind="stable")
    offsets = np.cumsum(sequences.lengths) - sequences.lengths
    width, first = len(query), 0
    while first < len(order):
        rows = int(sequences.lengths[order[first]]) + 2 * (width - 1)
        members = order[first : first + chunk_size(query.device, rows * width)]
        lengths = sequences.lengths[members]
        steps = np.arange(lengths[0] + width - 1)
        yield _Group(
            torch.from_numpy(members).to(query.device),
            lengths,
            _squares(query, sequences.frames, offsets[members], lengths),
            np.searchsorted(-lengths, width - 1 - steps).tolist(),
        )
        first += len(members)


def _squares(query: Tensor, frames: Tensor, offsets: NDArray[np.int64], lengths: NDArray[np.int64]) -> Tensor:
    """See _Group.squares; the sequences begin at `offsets` (C,) of the frames."""
    count, width, device = len(lengths), len(query), query.device
    rows = int(lengths[0]) + 2 * (width - 1)
    squares = torch.full((count * rows, width), torch.inf, dtype=torch.float32, device=device)
    sizes = torch.from_numpy(lengths).to(device)
    owners = torch.repeat_interleave(torch.arange(count, device=device), sizes)
    within = torch.arange(len(owners), device=device) - (sizes.cumsum(0) - sizes)[owners]
    sources = torch.from_numpy(offsets).to(device)[owners] + within
    targets = owners * rows + (width - 1) + within
    origin = query[0].double()  # small numbers lose fewer digits
    backwards = query.flip(0).double() - origin
    query_norms = backwards.square().sum(dim=1)
    rounding_error = 2.0 * (query.shape[1] + 4) * 2.0**-53
    size = chunk_size(device, 8 * width)
    for first in range(0, len(owners), size):
        part = slice(first, first + size)
        own = frames[sources[part]].double() - origin
        norms = own.square().sum(dim=1)[:, None] + query_norms
        sums = torch.addmm(norms, own, backwards.T, alpha=-2.0)
        squares[targets[part]] = torch.where(sums > rounding_error * norms, sums, 0.0).float()
    return squares.view(count, rows, width)
