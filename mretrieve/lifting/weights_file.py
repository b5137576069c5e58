"""The weights that come with mretrieve: a safetensors file, read without the library, which is part of an extra."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from ..errors import FormatError
from ..storage.tensors_file import unpack_tensors
from .network import ARCHITECTURE, LiftingNetwork

WEIGHTS = Path(__file__).parent / "weights" / "lifting.safetensors"


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
        tensors, metadata = unpack_tensors(path.read_bytes())
        if metadata["architecture"] != ARCHITECTURE:
            raise ValueError(f"it holds {metadata['architecture']!r}")
        return LiftingNetwork(tensors, json.loads(metadata["settings"])["dilations"])
    except (OSError, LookupError, ValueError, TypeError) as error:
        raise FormatError(f"{path}: is not the lifting network ({error}); install mretrieve again") from None
