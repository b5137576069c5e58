"""The weights that come with mretrieve: a safetensors file, read without the library, which is part of an extra."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FormatError
from .network import ARCHITECTURE, LiftingNetwork

WEIGHTS = Path(__file__).parent / "weights" / "lifting.safetensors"
_TYPES: dict[str, np.dtype[Any]] = {"F16": np.dtype("<f2"), "F32": np.dtype("<f4")}


@lru_cache(maxsize=1)
def shipped_network() -> LiftingNetwork:
    """The network that comes with mretrieve, read once. FormatError if its file is damaged."""
    return read_network(WEIGHTS)


def read_network(path: Path) -> LiftingNetwork:
    """The network in a weights file.

    Raises:
        FormatError: it cannot be read, is damaged, or holds something else.
    """
    try:
        content = path.read_bytes()
        size = int.from_bytes(content[:8], "little")
        header: dict[str, Any] = json.loads(content[8 : 8 + size])
        metadata = header.pop("__metadata__")
        if metadata["architecture"] != ARCHITECTURE:
            raise ValueError(f"it holds {metadata['architecture']!r}")
        data = memoryview(content)[8 + size :]
        tensors = {
            name: np.frombuffer(data[slice(*entry["data_offsets"])], _TYPES[entry["dtype"]]).reshape(entry["shape"])
            for name, entry in header.items()
        }
        return LiftingNetwork(tensors, json.loads(metadata["settings"])["dilations"])
    except (OSError, LookupError, ValueError, TypeError) as error:
        raise FormatError(f"{path}: is not the lifting network ({error}); install mretrieve again") from None
