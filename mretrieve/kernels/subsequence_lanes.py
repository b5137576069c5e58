"""The recursion of subsequence warping, with the query's frames side by side in SIMD lanes.

As in dtw_lanes the costs are summed as in a matrix product and never leave the registers, but the lanes are LANES
consecutive frames of the query, not as many sequences: takes differ too much in length to lie side by side, and one
long take alone shall be as fast. A tile is a block of LANES query frames against TIMES frames of the sequence. The
cells of one anti-diagonal do not depend on each other, so lane j runs j frames behind lane 0: four blends delay the
costs by 8, 4, 2 and 1 frames in the lanes that have that bit in their number. The next block of query frames runs
LANES frames behind this one and takes its last row. Only the last two anti-diagonals are kept: O(query) memory.

A tile is left out when everything that enters it costs more than the limit, which is the bound or the best match so
far in the same sequence: costs only grow along a path. So this is exact, and of the blocks after the first it leaves
out most. A bound from the sequence's envelope (LB_Keogh's, for all query frames or for those still to come) was tried:
with open ends the envelope is that of the whole sequence, and on real takes it costs as much as it saves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.extending import intrinsic
from numba.np.numpy_support import carray
from numpy.typing import NDArray

from .dtw_lanes import is_finite
from .vector_code import DOUBLES, INT64, INTEGERS, LANES, VectorCode, data_pointer, pointer_to

TIMES = 6  # frames of the sequence in a tile: as many sums as AVX2's 16 registers hold; AVX-512 gains nothing from 8
DELAYS = (8, 4, 2, 1)


def _lower_advance_tile(
    typingctx: Any,
    block: Any,
    frames: Any,
    delayed: Any,
    costs: Any,
    starts: Any,
    line_costs: Any,
    line_starts: Any,
    ahead_costs: Any,
    ahead_starts: Any,
    limit: Any,
) -> tuple[Any, Callable[..., Any]]:
    """One block of LANES query frames against TIMES more frames of the sequence; True if a cell is within the limit.

    block (D, LANES) and delayed (LANES - 1, LANES), the costs that some lanes still wait for, of one type; frames: the
    address of (TIMES, D) of that type; costs (2, LANES) float64 and starts (2, LANES) int32: the last anti-diagonal,
    and the diagonal predecessors of the next one; line_costs, line_starts (TIMES,): the row above the block. The
    TIMES anti-diagonals go to ahead_costs and ahead_starts (TIMES, LANES).
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def pointer(argument: int) -> Any:
            return data_pointer(context, builder, signature, arguments, argument)

        code = VectorCode(builder)
        number = context.get_data_type(signature.args[0].dtype)
        numbers = ir.VectorType(number, LANES)
        block_array = context.make_array(signature.args[0])(context, builder, arguments[0])
        features = builder.extract_value(block_array.shape, 0)
        first_frame = builder.inttoptr(arguments[1], number.as_pointer())
        frame_pointers = [builder.gep(first_frame, [builder.mul(features, INT64(time))]) for time in range(TIMES)]

        # The costs: for each feature, one vector of LANES query values against TIMES values of the sequence.
        before = builder.block
        sum_features = builder.append_basic_block("sum_features")
        recursion = builder.append_basic_block("recursion")
        builder.branch(sum_features)
        builder.position_at_end(sum_features)
        feature = builder.phi(INT64)
        feature.add_incoming(INT64(0), before)
        sums = [builder.phi(numbers) for _ in range(TIMES)]
        query_values = code.load(numbers, block_array.data, builder.mul(feature, INT64(LANES)))
        series = []
        for partial, frame in zip(sums, frame_pointers, strict=True):
            partial.add_incoming(ir.Constant(numbers, [0.0] * LANES), before)
            value = builder.load(builder.gep(frame, [feature]))
            series.append(code.add_square_of_difference(partial, query_values, code.splat(value)))
            partial.add_incoming(series[-1], sum_features)
        next_feature = builder.add(feature, INT64(1))
        feature.add_incoming(next_feature, sum_features)
        builder.cbranch(builder.icmp_signed("<", next_feature, features), sum_features, recursion)

        # Lane j gets its costs j frames later.
        builder.position_at_end(recursion)
        waiting = 0
        for delay in DELAYS:
            places = [INT64((waiting + index) * LANES) for index in range(delay)]
            waiting += delay
            series = [code.load(numbers, pointer(2), place) for place in places] + series
            for place, last in zip(places, series[-delay:], strict=True):
                code.store(last, pointer(2), place)
            late = ir.Constant(ir.VectorType(ir.IntType(1), LANES), [bool(lane & delay) for lane in range(LANES)])
            series = [builder.select(late, series[time], series[time + delay]) for time in range(TIMES)]

        # The recursion: cost + min(diagonal, above, left). Above lies one lane before on the last anti-diagonal, and
        # what was above is diagonal one frame later.
        shift = ir.Constant(INTEGERS, [LANES, *range(LANES - 1)])
        left, diagonal = code.load(DOUBLES, pointer(3)), code.load(DOUBLES, pointer(3), INT64(LANES))
        left_start, diagonal_start = code.load(INTEGERS, pointer(4)), code.load(INTEGERS, pointer(4), INT64(LANES))
        for time, cost in enumerate(series):
            if number != ir.DoubleType():
                cost = builder.fpext(cost, DOUBLES)
            entering = code.splat(builder.load(builder.gep(pointer(5), [INT64(time)])))
            entering_start = code.splat(builder.load(builder.gep(pointer(6), [INT64(time)])))
            above = builder.shuffle_vector(left, entering, shift)
            above_start = builder.shuffle_vector(left_start, entering_start, shift)
            nearer = code.less(above, diagonal)
            best = builder.select(nearer, above, diagonal)
            best_start = builder.select(nearer, above_start, diagonal_start)
            nearer = code.less(left, best)
            best = builder.select(nearer, left, best)
            left_start = builder.select(nearer, left_start, best_start)
            left = builder.fadd(cost, best)
            diagonal, diagonal_start = above, above_start
            code.store(left, pointer(7), INT64(time * LANES))
            code.store(left_start, pointer(8), INT64(time * LANES))
        code.store(left, pointer(3))
        code.store(diagonal, pointer(3), INT64(LANES))
        code.store(left_start, pointer(4))
        code.store(diagonal_start, pointer(4), INT64(LANES))
        limits = code.splat(arguments[9])
        within = builder.or_(builder.fcmp_ordered("<=", left, limits), builder.fcmp_ordered("<=", diagonal, limits))
        return builder.icmp_unsigned("!=", builder.bitcast(within, ir.IntType(LANES)), ir.IntType(LANES)(0))

    return types.boolean(
        block, frames, delayed, costs, starts, line_costs, line_starts, ahead_costs, ahead_starts, limit
    ), codegen


_advance_tile: Any = intrinsic(_lower_advance_tile)


@njit(cache=True, nogil=True)
def sweep_ends(
    blocks: NDArray[np.floating],
    query_length: int,
    address: int,
    length: int,
    bound: float,
    best_only: bool,
    end_costs: NDArray[np.float64],
    end_starts: NDArray[np.int64],
) -> tuple[float, int, int]:
    """The cost, first frame and end of the best match: (inf, 0, 0) if it costs more than the bound.

    blocks: (blocks, D, LANES), the query's frames in blocks of LANES, the last one filled up. address: of the
    sequence's (length, D) frames of the query's type. Unless best_only, cost and first frame of the best match that
    ends with each frame go to end_costs and end_starts (length,); costs that are infinite are not written. The
    cost is NaN if a value of the sequence is not finite.
    """
    block_count, features, _ = blocks.shape
    costs = np.full((block_count, 2, LANES), np.inf)
    starts = np.zeros((block_count, 2, LANES), np.int32)
    delayed = np.zeros((block_count, LANES - 1, LANES), blocks.dtype)
    # The rows above the blocks, from the block's next frame to the TIMES frames after: it lags by LANES frames, the row
    # above it by LANES - 1. A match begins below a row of zeros.
    line_costs = np.full((block_count + 1, 1 + TIMES), np.inf)
    line_starts = np.zeros((block_count + 1, 1 + TIMES), np.int32)
    line_costs[0] = 0.0
    costs[0, 1, 0] = 0.0
    # What is alive holds a cost within the limit. What is not keeps its last costs: they stay above the limit.
    alive, line_alive = np.zeros(block_count, np.bool_), np.zeros(block_count + 1, np.bool_)
    line_alive[0] = True
    ahead_costs, ahead_starts = np.empty((TIMES, LANES)), np.empty((TIMES, LANES), np.int32)
    frames = carray(pointer_to(address), (length, features), blocks.dtype)
    padded = np.zeros((TIMES, features), blocks.dtype)
    limit = min(bound, np.finfo(np.float64).max)
    visited = 0.0  # the costs of the query's first frame, which meets every frame
    best, best_start, best_end = np.inf, 0, 0
    last_lane = (query_length - 1) % LANES
    for begin in range(0, length + query_length - 1, TIMES):
        for time in range(TIMES):
            line_starts[0, time] = begin + time + 1
        for block in range(block_count):
            below = block + 1
            enters = alive[block] or line_alive[block]
            if not (enters or line_alive[below]):
                continue
            line_costs[below, 0], line_starts[below, 0] = line_costs[below, TIMES], line_starts[below, TIMES]
            line_alive[below] = line_costs[below, 0] <= limit
            if not enters:
                line_costs[below, 1:] = np.inf
                continue
            first = begin - block * LANES
            here = address + first * features * blocks.itemsize
            if first < 0 or first + TIMES > length:
                for time in range(max(0, -first), min(TIMES, length - first)):
                    padded[time] = frames[first + time]
                here = np.int64(padded.ctypes.data)
            alive[block] = _advance_tile(
                blocks[block],
                here,
                delayed[block],
                costs[block],
                starts[block],
                line_costs[block],
                line_starts[block],
                ahead_costs,
                ahead_starts,
                limit,
            )
            if block == 0:
                for time in range(TIMES):
                    visited += ahead_costs[time, 0]
            if below < block_count:
                for time in range(TIMES):
                    line_costs[below, 1 + time] = ahead_costs[time, LANES - 1]
                    line_starts[below, 1 + time] = ahead_starts[time, LANES - 1]
                    line_alive[below] |= ahead_costs[time, LANES - 1] <= limit
                continue
            for time in range(TIMES):
                end = begin + time - (query_length - 1)
                cost = ahead_costs[time, last_lane]
                if 0 <= end < length and cost <= limit:
                    if best_only:
                        limit = cost
                    else:
                        end_costs[end], end_starts[end] = cost, ahead_starts[time, last_lane]
                    if cost < best:
                        best, best_start, best_end = cost, ahead_starts[time, last_lane], end + 1
    if not visited < np.inf and not is_finite(frames.reshape(-1)):
        best = np.nan
    return best, best_start, best_end


@njit(cache=True, nogil=True)
def sweep_matches(
    blocks: NDArray[np.floating],
    query_length: int,
    addresses: NDArray[np.int64],
    lengths: NDArray[np.int64],
    bounds: NDArray[np.float64],
    order: NDArray[np.int64],
    costs: NDArray[np.float64],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> None:
    """Write the best match (see sweep_ends) of each sequence that `order` lists."""
    nothing, nowhere = np.empty(0), np.empty(0, np.int64)
    for index in order:
        costs[index], starts[index], ends[index] = sweep_ends(
            blocks, query_length, addresses[index], lengths[index], bounds[index], True, nothing, nowhere
        )
