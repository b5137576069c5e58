"""Reading motion files, one reader per format, chosen by content; writing BVH and ASF/AMC."""

from .reader import MotionFile, Reader, ReadingOptions
from .registry import READERS, read, read_file, read_keypoints, recognise, register_reader

__all__ = [
    "READERS",
    "MotionFile",
    "Reader",
    "ReadingOptions",
    "read",
    "read_file",
    "read_keypoints",
    "recognise",
    "register_reader",
]
