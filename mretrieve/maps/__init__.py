"""Maps: all clips of an index as points in a plane, alike ones near each other."""

from .library_map import LibraryMap, MapGroup, map_library
from .placing import place

__all__ = ["LibraryMap", "MapGroup", "map_library", "place"]
