"""Files of named arrays in the safetensors layout, written and read without the library, which is part of an extra.

Eight bytes hold the length of the header, a JSON object with type, shape and place of each array; the arrays follow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .files import Bytes

_TYPES: dict[str, np.dtype[Any]] = {
    "U8": np.dtype("u1"),
    "I32": np.dtype("<i4"),
    "F16": np.dtype("<f2"),
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
}
_NAMES = {dtype: name for name, dtype in _TYPES.items()}
_ALIGNMENT = 64  # of the first array, so that it can be used as it is mapped


def pack_tensors(tensors: Mapping[str, NDArray[Any]]) -> list[Bytes]:
    """The content of a file with these arrays, in parts that are not copied.

    Arrays follow each other in the given order without gaps; only the first is sure to be aligned.
    """
    header: dict[str, Any] = {}
    parts: list[Bytes] = []
    end = 0
    for name, values in tensors.items():
        parts.append(np.ascontiguousarray(values).reshape(-1).view(np.uint8).data)
        start, end = end, end + values.nbytes
        header[name] = {"dtype": _NAMES[values.dtype], "shape": values.shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text = text.ljust(len(text) + -(8 + len(text)) % _ALIGNMENT)
    return [len(text).to_bytes(8, "little") + text, *parts]


def unpack_tensors(content: NDArray[np.uint8] | bytes) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """The arrays in the content of a file, which share its memory, and its metadata.

    Raises:
        ValueError, LookupError, TypeError: it is damaged.
    """
    data = np.frombuffer(content, np.uint8)
    size = int.from_bytes(data[:8].tobytes(), "little")
    header: dict[str, Any] = json.loads(data[8 : 8 + size].tobytes())
    metadata: dict[str, str] = header.pop("__metadata__", {})
    data = data[8 + size :]
    tensors = {
        name: data[slice(*entry["data_offsets"])].view(_TYPES[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in header.items()
    }
    return tensors, metadata
