"""Search among the vectors of an index, behind one interface."""

from .flat import FlatIndex
from .interface import Ranking, RowFilter, VectorIndex
from .kinds import VectorKind, open_vectors, register_kind, trainers

__all__ = [
    "FlatIndex",
    "Ranking",
    "RowFilter",
    "VectorIndex",
    "VectorKind",
    "open_vectors",
    "register_kind",
    "trainers",
]
