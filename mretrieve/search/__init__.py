"""Query -> candidates -> re-rank -> hits."""

from .engine import Index, open_index
from .hit import SCHEMA, Answer, Hit, Took
from .options import QueryOptions

__all__ = ["SCHEMA", "Answer", "Hit", "Index", "QueryOptions", "Took", "open_index"]
