"""Query -> candidates -> re-rank -> hits."""

from .engine import Index, QueryOptions, open_index
from .hit import SCHEMA, Answer, Hit, Took

__all__ = ["SCHEMA", "Answer", "Hit", "Index", "QueryOptions", "Took", "open_index"]
