"""Motion files in: one reader per format, chosen by content; BVH and ASF/AMC out."""

from .registry import READERS, UNREADABLE, read, recognise

__all__ = ["READERS", "UNREADABLE", "read", "recognise"]
