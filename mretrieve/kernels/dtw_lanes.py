"""Warping distances of many candidates at once, side by side in SIMD lanes.

`sweep` is a matrix product fused with the recursion. LANES candidates of similar length lie side by side, so that one
vector instruction works on the same cell of all of them; a block of ROWS query frames stays in registers while the
features are summed, exactly as in a matrix product, but of (q - c)**2 instead of q * c. That is as fast, needs no norms
and, unlike |q|**2 + |c|**2 - 2 q.c, loses no digits between nearly equal frames. The costs never leave the registers:
the recursion takes them there, and keeps one column of cumulative costs in float64.
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

from .vector_code import DOUBLES, INT32, INT64, INTEGERS, LANES, VectorCode, data_pointer, pointer_to

ROWS = 6  # query frames summed at once: as many sums as AVX2's 16 registers hold; AVX-512 would gain 5 % from 8


def _lower_advance_block(
    typingctx: Any, query: Any, frames: Any, column: Any, carry: Any, band_from: Any, band_to: Any, row: Any
) -> tuple[Any, Callable[..., Any]]:
    """Rows row to row + ROWS (a multiple of ROWS) of the next column of the recursion, for LANES candidates at once.

    query (blocks, D, ROWS) and frames (D, LANES) of one type; column (1 + blocks * ROWS, LANES) float64, entry 1 + i is
    row i's cumulative cost, before: of the last column, after: of this one; carry (2, LANES) float64 hands on the cells
    diagonally before and above the block's first; band_from and band_to (LANES,) int32 say which rows are allowed.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def pointer(argument: int) -> Any:
            return data_pointer(context, builder, signature, arguments, argument)

        def minimum(left: Any, right: Any) -> Any:
            return builder.select(code.less(left, right), left, right)

        code = VectorCode(builder)
        number = context.get_data_type(signature.args[0].dtype)
        numbers = ir.VectorType(number, LANES)
        query_array = context.make_array(signature.args[0])(context, builder, arguments[0])
        features = builder.extract_value(query_array.shape, 1)
        row = arguments[6]
        block = builder.gep(query_array.data, [builder.mul(row, features)])

        # The costs: for each feature, ROWS query values against one vector of LANES candidate values.
        before = builder.block
        sum_features = builder.append_basic_block("sum_features")
        recursion = builder.append_basic_block("recursion")
        builder.branch(sum_features)
        builder.position_at_end(sum_features)
        feature = builder.phi(INT64)
        feature.add_incoming(INT64(0), before)
        sums = [builder.phi(numbers) for _ in range(ROWS)]
        frame = code.load(numbers, pointer(1), builder.mul(feature, INT64(LANES)))
        block_feature = builder.gep(block, [builder.mul(feature, INT64(ROWS))])
        costs = []
        for index, partial in enumerate(sums):
            partial.add_incoming(ir.Constant(numbers, [0.0] * LANES), before)
            query_value = builder.load(builder.gep(block_feature, [INT64(index)]))
            costs.append(code.add_square_of_difference(partial, frame, code.splat(query_value)))
            partial.add_incoming(costs[-1], sum_features)
        next_feature = builder.add(feature, INT64(1))
        feature.add_incoming(next_feature, sum_features)
        builder.cbranch(builder.icmp_signed("<", next_feature, features), sum_features, recursion)

        # The recursion: cost + min(diagonal, left, above), infinite outside the band.
        builder.position_at_end(recursion)
        allowed_from, allowed_to = code.load(INTEGERS, pointer(4)), code.load(INTEGERS, pointer(5))
        carried = pointer(3)
        diagonal, above = code.load(DOUBLES, carried), code.load(DOUBLES, carried, INT64(LANES))
        infinite = ir.Constant(numbers, [float("inf")] * LANES)
        for index, cost in enumerate(costs):
            this_row = code.splat(builder.trunc(builder.add(row, INT64(index)), INT32))
            allowed = builder.and_(
                builder.icmp_signed("<=", allowed_from, this_row), builder.icmp_signed("<", this_row, allowed_to)
            )
            cost = builder.select(allowed, cost, infinite)
            if number != ir.DoubleType():
                cost = builder.fpext(cost, DOUBLES)
            entry = builder.mul(builder.add(row, INT64(1 + index)), INT64(LANES))
            left = code.load(DOUBLES, pointer(2), entry)
            above = builder.fadd(cost, minimum(minimum(diagonal, left), above))
            code.store(above, pointer(2), entry)
            diagonal = left
        code.store(diagonal, carried)
        code.store(above, carried, INT64(LANES))
        return context.get_dummy_value()

    return types.void(query, frames, column, carry, band_from, band_to, row), codegen


_advance_block: Any = intrinsic(_lower_advance_block)


@njit(cache=True, nogil=True)
def _level(frame: int, scale: float) -> int:
    return int((frame + 1) * scale)  # rounds down


@njit(cache=True, nogil=True)
def is_finite(values: NDArray[np.floating]) -> bool:
    """Whether all of (N,) are finite."""
    refused = 0
    for value in values:
        refused += not abs(value) < np.inf
    return refused == 0


@njit(cache=True, nogil=True)
def sweep(
    query: NDArray[np.floating],
    query_length: int,
    addresses: NDArray[np.int64],
    lengths: NDArray[np.int64],
    limits: NDArray[np.float64],
    order: NDArray[np.int64],
    bound: float,
    distances: NDArray[np.float64],
) -> None:
    """Write the distance of each candidate that `order` lists to `distances`; NaN where its frames are not finite.

    query: (blocks, D, ROWS), frames in blocks of ROWS. addresses: of each candidate's frames, (length, D) in C order
    and of the query's type. limits: (C, 4), see Band. order: similar lengths next to each other, the longest first.
    """
    blocks, features, _ = query.shape
    frames = np.empty((features, LANES), query.dtype)
    column = np.empty((1 + blocks * ROWS, LANES), np.float64)
    carry = np.empty((2, LANES), np.float64)
    band_from, band_to = np.empty(LANES, np.int32), np.empty(LANES, np.int32)
    for start in range(0, len(order), LANES):
        group = order[start : start + LANES]
        distances[group] = np.inf
        frames[:] = 0
        column[:] = np.inf
        column[0] = 0
        band_from[:] = 0
        band_to[:] = 0
        live = len(group)  # lanes still running; the lanes are sorted, so the shortest candidate's is the last
        for time in range(lengths[group[0]]):
            while lengths[group[live - 1]] <= time:
                live -= 1
            first_row, last_row = query_length, 0
            for lane in range(live):
                candidate = group[lane]
                low, high, query_scale, candidate_scale = limits[candidate]
                level = _level(time, candidate_scale)
                while band_from[lane] < query_length and level - _level(band_from[lane], query_scale) > high:
                    band_from[lane] += 1
                while band_to[lane] < query_length and level - _level(band_to[lane], query_scale) >= low:
                    band_to[lane] += 1
                first_row, last_row = min(first_row, band_from[lane]), max(last_row, band_to[lane])
                address = addresses[candidate] + time * features * query.itemsize
                frame = carray(pointer_to(address), (features,), query.dtype)
                for feature in range(features):
                    frames[feature, lane] = frame[feature]
            first_row -= first_row % ROWS
            carry[0] = column[first_row]
            carry[1] = np.inf
            column[first_row] = np.inf  # the row before the band is not reached any more
            for row in range(first_row, last_row, ROWS):
                _advance_block(query, frames, column, carry, band_from, band_to, row)
            for lane in range(live):
                if lengths[group[lane]] == time + 1:
                    distance = column[query_length, lane]
                    distances[group[lane]] = distance if distance <= bound else np.inf
            if bound < np.inf and time % 8 == 7 and not _any_within(column[1 + first_row : 1 + last_row, :live], bound):
                break
        for candidate in group:
            # A path visits every frame: what is not finite there shows in the distance, unless it was abandoned.
            if distances[candidate] == np.inf:
                values = carray(pointer_to(addresses[candidate]), (lengths[candidate] * features,), query.dtype)
                if not is_finite(values):
                    distances[candidate] = np.nan


@njit(cache=True, nogil=True)
def _any_within(column: NDArray[np.float64], bound: float) -> bool:
    for row in column:
        for value in row:
            if value <= bound:
                return True
    return False
