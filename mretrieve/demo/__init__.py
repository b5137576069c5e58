"""Generated motion capture: the demo library, and motions for tests, performed by a procedural human."""

from .body import Body
from .library import make_library, write_query
from .recipe import STYLES, MotionRecipe, Style
from .rigs import RIGS, RigTemplate
from .synthesis import KINDS, synthesise, synthesise_clip

__all__ = [
    "KINDS",
    "RIGS",
    "STYLES",
    "Body",
    "MotionRecipe",
    "RigTemplate",
    "Style",
    "make_library",
    "synthesise",
    "synthesise_clip",
    "write_query",
]
