"""Vector instructions for numba intrinsics, written in LLVM's vector types.

LLVM does not find the vectorisation of the warping kernels in a loop. It fits these vectors, LANES numbers wide
whatever the numbers are, to the registers that the processor has (AVX-512, AVX2, NEON, ...).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

LANES = 16  # numbers side by side: one AVX-512 register of float32, two of AVX2

INT32, INT64 = ir.IntType(32), ir.IntType(64)
INTEGERS, DOUBLES = ir.VectorType(INT32, LANES), ir.VectorType(ir.DoubleType(), LANES)
_START = INT64(0)


class VectorCode:
    """Appends instructions on vectors of LANES numbers to the code of one intrinsic."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder

    def load(self, vector: Any, pointer: Any, offset: Any = _START) -> Any:
        """The vector that begins `offset` numbers after the pointer."""
        builder = self.builder
        loaded = builder.load(builder.bitcast(builder.gep(pointer, [offset]), vector.as_pointer()))
        loaded.align = 4  # numpy promises no more than the item's own alignment
        return loaded

    def store(self, value: Any, pointer: Any, offset: Any = _START) -> None:
        """Write the vector `offset` numbers after the pointer."""
        builder = self.builder
        stored = builder.store(value, builder.bitcast(builder.gep(pointer, [offset]), value.type.as_pointer()))
        stored.align = 4

    def splat(self, scalar: Any) -> Any:
        """The scalar in all lanes."""
        undefined = ir.Constant(ir.VectorType(scalar.type, LANES), ir.Undefined)
        first = self.builder.insert_element(undefined, scalar, INT32(0))
        return self.builder.shuffle_vector(first, undefined, ir.Constant(INTEGERS, [0] * LANES))

    def add_square_of_difference(self, total: Any, left: Any, right: Any) -> Any:
        """total + (left - right)**2, by a fused instruction where there is one."""
        difference = self.builder.fsub(left, right)
        square = self.builder.fmul(difference, difference, flags=("contract",))
        return self.builder.fadd(total, square, flags=("contract",))

    def less(self, left: Any, right: Any) -> Any:
        """Where left < right."""
        return self.builder.fcmp_ordered("<", left, right)


def data_pointer(context: Any, builder: Any, signature: Any, arguments: Any, argument: int) -> Any:
    """Where the numbers of one of the intrinsic's array arguments begin."""
    return context.make_array(signature.args[argument])(context, builder, arguments[argument]).data


def _lower_pointer(typingctx: Any, address: Any) -> tuple[Any, Callable[..., Any]]:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(address), codegen


#: The address as what numba's carray takes.
pointer_to: Any = intrinsic(_lower_pointer)


def in_blocks(query: NDArray[Any], size: int) -> NDArray[Any]:
    """The query (n, D) as the kernels want it: (blocks, D, size), the last block filled up with zeros."""
    blocks = np.zeros((-(-len(query) // size) * size, query.shape[1]), query.dtype)
    blocks[: len(query)] = query
    return np.ascontiguousarray(blocks.reshape(-1, size, query.shape[1]).transpose(0, 2, 1))
