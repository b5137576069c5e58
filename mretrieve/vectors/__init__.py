"""Search among the vectors of an index, behind one interface."""

from .build import build_vector_index, recall_of
from .choice import choose_kind
from .flat import FlatIndex
from .grouped import GroupedIndex
from .interface import Ranking, RowFilter, VectorIndex
from .kinds import check_kind, kind_names, open_vectors, register_kind, trained_kind
from .trained import Entries, TrainedIndex, TrainingSet, VectorKind

__all__ = [
    "Entries",
    "FlatIndex",
    "GroupedIndex",
    "Ranking",
    "RowFilter",
    "TrainedIndex",
    "TrainingSet",
    "VectorIndex",
    "VectorKind",
    "build_vector_index",
    "check_kind",
    "choose_kind",
    "kind_names",
    "open_vectors",
    "recall_of",
    "register_kind",
    "trained_kind",
]
