"""How functions of the compiled libraries are called: the types of their arguments, and arrays in memory."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import addressof, c_char, c_int64, c_void_p
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def address(array: NDArray[Any]) -> int:
    """The address of an array in C order; numpy's `ctypes.data` takes four times as long."""
    if array.flags.writeable and array.size:  # which ctypes requires
        return addressof(c_char.from_buffer(array.data))
    return array.ctypes.data


class _Array:
    """The type of an argument that is an array in C order; numpy's `ndpointer` takes ten times as long."""

    def __init__(self, dtype: str) -> None:
        self._dtype = np.dtype(dtype)

    def from_param(self, array: NDArray[Any]) -> c_void_p:
        if array.dtype != self._dtype or not array.flags.c_contiguous:
            raise TypeError(f"an array of {self._dtype} in C order is needed, not one of {array.dtype}")
        return c_void_p(address(array))


_REALS = {np.dtype(name): _Array(name) for name in ("float32", "float64")}
FLOAT32, FLOAT64 = _REALS.values()
BOOL, UINT8, INT16, INT32, INT64, UINT64, POINTERS = map(
    _Array, ("bool", "uint8", "int16", "int32", "int64", "uint64", "uintp")
)


#: Of the compiled libraries that these declarations fit: `kernel_version` in native.h.
_VERSION = 13


def _library(name: str) -> ctypes.CDLL:
    for suffix in EXTENSION_SUFFIXES:
        path = Path(__file__).with_name(name + suffix)
        if path.is_file():
            try:
                library = ctypes.CDLL(str(path))
                if library.kernel_version() == _VERSION:
                    return library
            except (OSError, AttributeError) as error:
                raise ImportError(str(error)) from error
            raise ImportError(f"{path} was compiled from another version; install the package again")
    raise ImportError(f"the kernels of {name} are not compiled")


def declared(library: ctypes.CDLL, name: str, *arguments: Any, result: Any = ctypes.c_int) -> Any:
    """The function with the types of its arguments and of its result."""
    function = getattr(library, name)
    function.argtypes, function.restype = arguments, result
    return function


def declared_for_both(name: str, *arguments: Any, result: Any = ctypes.c_int) -> dict[np.dtype[Any], Any]:
    """The function for float32 and the one for float64; `...` stands for an argument that is an array of that type."""
    return {
        dtype: declared(
            FUSED, f"{name}_{dtype}", *(reals if each is ... else each for each in arguments), result=result
        )
        for dtype, reals in _REALS.items()
    }


FUSED, EXACT = _library("fused"), _library("exact")
SEQUENCES = POINTERS, INT64, INT64, c_int64  # addresses, lengths, order


def in_memory(
    sequences: Sequence[NDArray[Any]], order: NDArray[np.int64]
) -> tuple[NDArray[np.uintp], NDArray[np.int64], NDArray[np.int64], int]:
    """Addresses and lengths (C,) of the sequences, which are in C order; `order` and its length.

    Only those that `order` lists are looked up, because threads that share the sequences take turns at that.
    """
    addresses, lengths = np.empty(len(sequences), np.uintp), np.empty(len(sequences), np.int64)
    listed = [sequences[index] for index in order.tolist()]
    addresses[order] = [address(sequence) for sequence in listed]
    lengths[order] = [len(sequence) for sequence in listed]
    return addresses, lengths, order, len(order)


def addresses_and_lengths(motions: Sequence[NDArray[np.float32]]) -> tuple[NDArray[np.uintp], NDArray[np.int64]]:
    """Addresses and lengths of motions, which are in C order."""
    addresses = np.array([address(motion) for motion in motions], np.uintp)
    return addresses, np.array([len(motion) for motion in motions], np.int64)


def check_memory(failed: int) -> None:
    """MemoryError if a function says that it had too little."""
    if failed:
        raise MemoryError
