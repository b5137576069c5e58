"""Query -> candidates -> aligned matches -> hits."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # at run time a name is imported when it is first used: options load no NumPy
    from .answer import SCHEMA, Answer, Hit, StepTimes
    from .answering import answer_query
    from .options import QueryOptions
    from .query import Query
    from .spaces import Spaces

__all__ = ["SCHEMA", "Answer", "Hit", "Query", "QueryOptions", "Spaces", "StepTimes", "answer_query"]

_MODULE = {
    "SCHEMA": "answer",
    "Answer": "answer",
    "Hit": "answer",
    "Query": "query",
    "QueryOptions": "options",
    "Spaces": "spaces",
    "StepTimes": "answer",
    "answer_query": "answering",
}


def __getattr__(name: str) -> object:
    if name not in _MODULE:
        raise AttributeError(f"mretrieve.search has no public name {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE[name]}"), name)
