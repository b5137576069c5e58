"""The kind of vector index for a number of windows: the one place that chooses.

The thresholds are measured by benchmarks/vector_index.py.
"""

from __future__ import annotations

import math
from importlib.util import find_spec

from ..storage.records import VectorSearchSettings
from .codes import FLAT_CODES
from .faiss_kinds import FAST_SCAN, IVF_FAST_SCAN, RABITQ
from .flat import FlatIndex

#: Stands for the choice among the kinds.
AUTOMATIC = "auto"
#: Below this many windows of one length (clips as a whole are one), reading all their vectors takes a few milliseconds.
TRAINED_FROM = 30_000
#: From this many on, a search that misses some is worth its recall.
APPROXIMATE_FROM = 1_000_000
#: Fewer windows than this train no index, whatever the settings.
LEAST_WINDOWS = 1000


def choose_kind(windows: int, dimension: int, settings: VectorSearchSettings, *, weighted: bool = False) -> str:
    """The name of the kind for the windows of one length in one space.

    Args:
        windows: number of live windows.
        dimension: of the vectors.
        settings: of the index.
        weighted: whether queries weigh the numbers of the space, so that only an exact kind keeps its recall.
    """
    automatic = settings.kind == AUTOMATIC
    if windows < (TRAINED_FROM if automatic else LEAST_WINDOWS):
        return FlatIndex.kind
    if not automatic:
        return FLAT_CODES.name if weighted and settings.kind != FlatIndex.kind else settings.kind
    row_bytes = math.inf if settings.memory_bytes is None else settings.memory_bytes / windows
    approximate = settings.recall < 1 and not weighted and find_spec("faiss") is not None
    if not approximate or (windows < APPROXIMATE_FROM and dimension <= row_bytes):
        return FLAT_CODES.name
    if dimension / 4 > row_bytes:  # 4 bits for two numbers
        return RABITQ.name
    return IVF_FAST_SCAN.name if dimension / 4 + 8 <= row_bytes else FAST_SCAN.name
