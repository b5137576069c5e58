"""Create and maintain an index: scan folders, read, canonicalise, cut, encode, write shards, commit."""

from __future__ import annotations

from .build import build_index
from .checkup import Checkup, SearchCheck, check_up
from .compaction import Compaction, compact_index
from .describe import ClipDescription, IndexContents, IndexDescription, describe_clips, describe_index, find_clips
from .remove import Removal, remove_clips
from .repair import Repair, repair_index
from .report import FileEntry, IngestProgress, IngestReport, Outcome
from .report_page import report_page
from .rig_survey import RigSurvey
from .summary import description_rows, summary_lines, windows_of

__all__ = [
    "Checkup",
    "ClipDescription",
    "Compaction",
    "FileEntry",
    "IndexContents",
    "IndexDescription",
    "IngestProgress",
    "IngestReport",
    "Outcome",
    "Removal",
    "Repair",
    "RigSurvey",
    "SearchCheck",
    "build_index",
    "check_up",
    "compact_index",
    "describe_clips",
    "describe_index",
    "description_rows",
    "find_clips",
    "remove_clips",
    "repair_index",
    "report_page",
    "summary_lines",
    "windows_of",
]
