"""Arrays in .npy and .npz files, without pickle and without more memory than the file holds."""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from .reader import LARGEST_POSITIONS, MotionFile

#: Members of an archive together, unpacked.
_LARGEST_ARCHIVE = 4 * LARGEST_POSITIONS
_MOST_MEMBERS = 1000


def load_arrays(file: MotionFile) -> dict[str, NDArray[Any]]:
    """The arrays of numbers or text in a file, by name; that of a .npy file has the name "".

    Raises:
        FormatError: the file is damaged, too large, or holds nothing but Python objects.
    """
    content = file.read_bytes()
    if content[:6] == b"\x93NUMPY":
        return {"": _array(content, file, "the array")}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [each for each in archive.infolist() if each.filename.endswith(".npy")]
            if len(members) > _MOST_MEMBERS or sum(each.file_size for each in members) > _LARGEST_ARCHIVE:
                raise FormatError(f"{file.path}: unpacks to more than {_LARGEST_ARCHIVE >> 20} MiB; split the archive")
            unpacked = {each.filename.removesuffix(".npy"): archive.read(each) for each in members}
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, ValueError, zlib.error) as error:
        raise FormatError(f"{file.path}: a damaged archive ({error}); save it again with numpy.savez") from None
    arrays = {name: _array(array, file, name) for name, array in unpacked.items() if not _holds_objects(array)}
    if not arrays:
        raise FormatError(f"{file.path}: holds Python objects, which are not read; save arrays of numbers")
    return arrays


def _header(content: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Shape, order, type and the place of the numbers. ValueError: there is no such header."""
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(stream)
    return shape, fortran, dtype, stream.tell()


def _holds_objects(content: bytes) -> bool:
    try:
        return bool(_header(content)[2].hasobject)
    except Exception:
        return False


def _array(content: bytes, file: MotionFile, name: str) -> NDArray[Any]:
    try:
        shape, fortran, dtype, start = _header(content)
    except Exception as error:  # ast and tokenize raise whatever they like
        raise FormatError(f"{file.path}: {name} has a damaged header ({type(error).__name__}); save it again") from None
    if dtype.hasobject:
        raise FormatError(f"{file.path}: {name} holds Python objects, which are not read; save an array of numbers")
    if math.prod(shape) * dtype.itemsize != len(content) - start or not all(size >= 0 for size in shape):
        raise FormatError(
            f"{file.path}: {name} should hold {' x '.join(map(str, shape))} numbers, but the file has "
            f"{len(content) - start} bytes of them; save it again"
        )
    flat = np.frombuffer(content, dtype, math.prod(shape), start) if math.prod(shape) else np.zeros(0, dtype)
    return flat.reshape(shape, order="F" if fortran else "C")
