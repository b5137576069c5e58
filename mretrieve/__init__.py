"""Find the moments in a motion library where a body moves like this one."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .version import __version__ as __version__

if TYPE_CHECKING:  # for readers and type checkers; at run time a name is imported when it is first used
    from .errors import FormatError, IndexStateError, MRetrieveError, QueryError, RigError
    from .formats import read, read_keypoints
    from .index import Index, open_index
    from .indexer import build_index
    from .motion import Clip, Motion, RigMap, canonicalise
    from .motion.keypoints import Keypoints
    from .motion.view import View
    from .search.answer import Answer, Hit
    from .search.options import QueryOptions

__all__ = [
    "Answer",
    "Clip",
    "FormatError",
    "Hit",
    "Index",
    "IndexStateError",
    "Keypoints",
    "MRetrieveError",
    "Motion",
    "QueryError",
    "QueryOptions",
    "RigError",
    "RigMap",
    "View",
    "build_index",
    "canonicalise",
    "open_index",
    "read",
    "read_keypoints",
]

_ROOM = {
    "Answer": "search.answer",
    "Clip": "motion",
    "FormatError": "errors",
    "Hit": "search.answer",
    "Index": "index",
    "IndexStateError": "errors",
    "Keypoints": "motion.keypoints",
    "MRetrieveError": "errors",
    "Motion": "motion",
    "QueryError": "errors",
    "RigError": "errors",
    "RigMap": "motion",
    "QueryOptions": "search.options",
    "View": "motion.view",
    "build_index": "indexer",
    "canonicalise": "motion",
    "open_index": "index",
    "read": "formats",
    "read_keypoints": "formats",
}


def __getattr__(name: str) -> object:
    if name not in _ROOM:
        raise AttributeError(f"mretrieve has no public name {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOM[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
