"""Search among the vectors of an index, behind one interface."""

from .flat import FlatIndex
from .interface import Ranking, RowFilter, VectorIndex

__all__ = ["FlatIndex", "Ranking", "RowFilter", "VectorIndex"]
