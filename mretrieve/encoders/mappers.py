"""The mappers that exist: those that come with mretrieve, or the file that somebody trained."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from .weights_file import file_settings, read_mapper

if TYPE_CHECKING:
    from .systems.submotion import SubmotionMapper

_WEIGHTS = Path(__file__).parent / "weights"


@lru_cache(maxsize=8)
def load_mapper(path: Path) -> SubmotionMapper:
    """The mapper in a .safetensors file, loaded once.

    Raises:
        FormatError: the file cannot be read, or is no mapper's.
    """
    return read_mapper(path)[0]


@lru_cache(maxsize=8)
def shipped_mapper(encoder_fingerprint: str) -> SubmotionMapper | None:
    """The mapper that comes with mretrieve into the space of an encoder; None where there is none for its weights.

    Reads the heads of a few small files, and loads torch only where there is one.
    """
    for path in sorted(_WEIGHTS.glob("submotion_*.safetensors")):
        if file_settings(path)["over_fingerprint"] == encoder_fingerprint:
            return load_mapper(path)
    return None
