"""Dynamic time warping in one launch: a thread for each sequence, by the recursion of the CPU's kernel.

In Triton, which comes with torch for CUDA; `mretrieve.kernels.device.warping` is the same in plain torch, documents the
results, and is used if Triton is not installed.
"""

# Triton is installed on few machines
# pyright: reportMissingImports=false, reportIndexIssue=false

from __future__ import annotations

import numpy as np
import torch
import triton
import triton.language as tl
from numpy.typing import NDArray
from torch import Tensor

from .exact import chunk_size

#: Sequences of a program, one for each thread of a warp: only it reads what it wrote.
_LANES = 32


@triton.jit  # type: ignore[untyped-decorator, unused-ignore]
def _align(  # type: ignore[no-untyped-def]
    products,  # (F, n) float64: of frames and query frames
    frame_norms,  # (F,) float64: squared norms
    query_norms,  # (n,) float64
    order,  # (C,) int64: sequences of similar lengths next to each other
    firsts,  # (C,) int64: the first frame of each sequence
    lengths,  # (C,) int64
    column,  # (n, C) float64: infinite; costs of the frame before
    column_starts,  # (n, C) int32: where the matches of those costs begin
    costs,  # (C,) float64, output
    starts,  # (C,) int64, output if anywhere
    ends,  # (C,) int64, output if anywhere
    count,
    query_length,
    rounding_error,  # of a squared distance, relative to the sum of both squared norms
    anywhere: tl.constexpr,  # a match may begin and end with any frame of the sequence
    lanes: tl.constexpr,
):
    lane = tl.program_id(0) * lanes + tl.arange(0, lanes)
    inside = lane < count
    member = tl.load(order + lane, mask=inside, other=0)
    first = tl.load(firsts + member, mask=inside, other=0)
    length = tl.load(lengths + member, mask=inside, other=0)
    nothing = tl.zeros([lanes], tl.float64)
    infinite = tl.full([lanes], float("inf"), tl.float64)
    cost, start, end = infinite, tl.zeros([lanes], tl.int32), tl.zeros([lanes], tl.int32)
    for time in range(tl.max(length).to(tl.int32)):
        active = time < length
        frame_norm = tl.load(frame_norms + first + time, mask=active, other=0.0)
        # The row above the query's first frame: zeros if a match begins anywhere, else a zero in its corner.
        diagonal = nothing if anywhere else tl.where(time == 0, nothing, infinite)
        above = nothing if anywhere else infinite
        diagonal_start = tl.zeros([lanes], tl.int32) + time
        above_start = diagonal_start + 1
        for row in range(query_length):
            place = row * count + lane
            left = tl.load(column + place, mask=active, other=float("inf"))
            product = tl.load(products + (first + time) * query_length + row, mask=active, other=0.0)
            norms = frame_norm + tl.load(query_norms + row)
            square = norms - 2.0 * product
            square = tl.where(square > rounding_error * norms, square, nothing).to(tl.float32).to(tl.float64)
            if anywhere:
                left_start = tl.load(column_starts + place, mask=active, other=0)
                best_start = tl.where(above < diagonal, above_start, diagonal_start)
                best_start = tl.where(left < tl.minimum(above, diagonal), left_start, best_start)
                tl.store(column_starts + place, best_start, mask=active)
                diagonal_start, above_start = left_start, best_start
            above = square + tl.minimum(tl.minimum(above, diagonal), left)
            diagonal = left
            tl.store(column + place, above, mask=active)
        if anywhere:
            better = active & (above < cost)
            start = tl.where(better, above_start, start)
            end = tl.where(better, time + 1, end)
        else:
            better = active
        cost = tl.where(better, above, cost)
    tl.store(costs + member, cost, mask=inside)
    if anywhere:
        tl.store(starts + member, start.to(tl.int64), mask=inside)
        tl.store(ends + member, end.to(tl.int64), mask=inside)


def align(
    query: Tensor, frames: Tensor, lengths: NDArray[np.int64], *, anywhere: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Align the query with each of C sequences, or with the best part of each.

    Args:
        query: (n, D) float32, finite.
        frames: (F, D) float32, finite: of all sequences, end to end.
        lengths: (C,) frames of each sequence, at least 1.
        anywhere: whether the query may match any part of a sequence.

    Returns:
        Costs (C,) float64; first frames (C,) and ends (C,) int64 if `anywhere`.
    """
    count, device = len(lengths), query.device
    costs = torch.empty(count, dtype=torch.float64, device=device)
    starts, ends = torch.zeros((2, count), dtype=torch.int64, device=device)
    at_once = chunk_size(device, max(query.shape))
    stops = np.cumsum(lengths)
    first = 0
    while first < count:
        begin = int(stops[first] - lengths[first])
        last = max(first + 1, int(np.searchsorted(stops, begin + at_once, "right")))
        own = slice(first, last)
        _align_all(
            query, frames[begin : int(stops[last - 1])], lengths[own], costs[own], starts[own], ends[own], anywhere
        )
        first = last
    return costs, starts, ends


def _align_all(
    query: Tensor,
    frames: Tensor,
    lengths: NDArray[np.int64],
    costs: Tensor,
    starts: Tensor,
    ends: Tensor,
    anywhere: bool,
) -> None:
    """As `align`, of sequences whose products with the query fit in memory; writes to the last tensors."""
    count, device = len(lengths), query.device
    origin = query[0].double()  # small numbers lose fewer digits
    own, other = frames.double() - origin, query.double() - origin
    sizes = torch.from_numpy(lengths).to(device)
    shape = len(query), count
    _align[(triton.cdiv(count, _LANES),)](
        own @ other.T,
        own.square().sum(dim=1),
        other.square().sum(dim=1),
        sizes.sort(descending=True).indices,
        sizes.cumsum(0) - sizes,
        sizes,
        torch.full(shape, torch.inf, dtype=torch.float64, device=device),
        torch.zeros(shape if anywhere else (1, 1), dtype=torch.int32, device=device),
        costs,
        starts,
        ends,
        count,
        len(query),
        2.0 * (query.shape[1] + 4) * 2.0**-53,
        anywhere=anywhere,
        lanes=_LANES,
        num_warps=1,
    )
