"""Makes and maintains an index: scan a folder, read, canonicalise, cut, encode, write shards, commit."""

from .build import build_index
from .describe import IndexDescription, describe_index
from .remove import remove_clips
from .report import FileEntry, IngestProgress, IngestReport, Outcome
from .summary import summary_lines

__all__ = [
    "FileEntry",
    "IndexDescription",
    "IngestProgress",
    "IngestReport",
    "Outcome",
    "build_index",
    "describe_index",
    "remove_clips",
    "summary_lines",
]
