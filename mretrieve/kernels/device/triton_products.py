"""Exact products of queries with listed rows in one launch, without a copy of the rows.

In Triton, which comes with torch for CUDA; `mretrieve.kernels.device.exact` has the same in plain torch.
"""

# Triton is installed on few machines
# pyright: reportMissingImports=false, reportIndexIssue=false

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

#: Numbers of a program, so that they fit in the registers of its threads.
_NUMBERS = 4096


@triton.jit  # type: ignore[untyped-decorator, unused-ignore]
def _multiply(  # type: ignore[no-untyped-def]
    vectors,  # (N, D) float32
    queries,  # (Q, D) float32
    rows,  # (Q, M) int64, -1 for none
    products,  # (Q, M) float32, output
    count,  # M
    width,  # D
    block: tl.constexpr,  # rows of a program
    columns: tl.constexpr,  # D, rounded up to a power of two
    levels: tl.constexpr,  # of that power
):
    programs = tl.cdiv(count, block)  # of a query
    query = (tl.program_id(0) // programs).to(tl.int64)
    place = tl.program_id(0) % programs * block + tl.arange(0, block)
    row = tl.load(rows + query * count + place, mask=place < count, other=-1)
    column = tl.arange(0, columns)
    wanted = (row >= 0)[:, None] & (column < width)[None, :]
    numbers = tl.load(vectors + row[:, None] * width + column[None, :], mask=wanted, other=0.0)
    asked = tl.load(queries + query * width + column, mask=column < width, other=0.0)
    terms = numbers.to(tl.float64) * asked.to(tl.float64)[None, :]
    for level in tl.static_range(levels):  # halves onto halves: the order of _sums
        terms = tl.sum(tl.reshape(terms, [block, 2, columns >> (level + 1)]), axis=1)
    product = tl.where(row >= 0, tl.reshape(terms, [block]).to(tl.float32), float("-inf"))
    tl.store(products + query * count + place, product, mask=place < count)


def products_of(vectors: Tensor, queries: Tensor, rows: Tensor) -> Tensor:
    """Products (Q, M) float32 of queries (Q, D) with rows (Q, M) of vectors (N, D), rounded from float64.

    Minus infinity for a row of -1.
    """
    count, width = rows.shape[1], vectors.shape[1]
    columns = triton.next_power_of_2(width)
    block = max(1, _NUMBERS // columns)
    products = torch.empty(rows.shape, dtype=torch.float32, device=rows.device)
    _multiply[(len(queries) * triton.cdiv(count, block),)](
        vectors.contiguous(),
        queries.contiguous(),
        rows.contiguous(),
        products,
        count,
        width,
        block=block,
        columns=columns,
        levels=columns.bit_length() - 1,
    )
    return products
