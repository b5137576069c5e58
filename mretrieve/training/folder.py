"""The clips of a user's folders, with labels and groups from a table."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import MRetrieveError
from ..formats import MotionFile, ReadingOptions, recognise
from ..motion import LabelledClip
from ..sources.label_file import find_column
from ..sources.labels import UnmatchedLabelsError, labelled_pieces, read_labels
from ..sources.reading import SourceClip, read_bodies, refusal_reason
from ..sources.scan import scan
from ..storage.spans import SpansOfFiles

LABEL_COLUMN = "label"
#: Columns that may hold the groups of clips if the user names none; the first that exists counts.
GROUP_COLUMNS = ("group", "subject", "performer", "actor", "style", "take")


@dataclass(frozen=True)
class Source:
    """A folder to read.

    Attributes:
        folder: the folder.
        paths: the files in it, relative; those that are not motion files are skipped.
        labels: path -> column -> label; "" if there is none.
        spans: path -> labelled spans of the label files.
    """

    folder: Path
    paths: tuple[str, ...]
    labels: Mapping[str, Mapping[str, str]]
    spans: SpansOfFiles = field(default_factory=dict)


@dataclass(frozen=True)
class Columns:
    """The columns of the label table that hold the label of a clip and its group.

    Attributes:
        label: name of the column of labels.
        group: name of the column of groups, whose clips are not independent of each other; None groups by file.
    """

    label: str
    group: str | None


@dataclass(frozen=True, eq=False)
class FolderClips:
    """The clips of folders.

    Attributes:
        clips: by folder and path; the label of a clip without one is "".
        refused: files that could not be read, one line each.
    """

    clips: tuple[LabelledClip, ...]
    refused: tuple[str, ...]


def find_sources(folders: Sequence[Path], labels: Sequence[Path], message: Callable[[str], None]) -> tuple[Source, ...]:
    """The files of folders with their rows of label files; `message` is called with each warning.

    Raises:
        MRetrieveError: a folder or a label file cannot be read, or the label files name files of no folder.
    """
    sources, unmatched = [], []
    for folder in folders:
        found = scan(folder, folder / ".mretrieve")
        paths = tuple(file.path for file in found.files)
        warnings, rows = list(found.warnings), {}
        spans: SpansOfFiles = {}
        if labels:
            try:
                read = read_labels(labels, {"": folder}, paths)
            except UnmatchedLabelsError as error:
                unmatched.append(error)
            else:
                rows = {row.pop("path"): {key: row[key] or "" for key in row} for row in read.table.to_pylist()}
                spans = read.spans
                warnings += read.warnings if len(folders) == 1 else ()  # another folder may have those files
        for warning in warnings:
            message(warning)
        sources.append(Source(folder, paths, rows, spans))
    if unmatched and len(unmatched) == len(folders):
        raise unmatched[0]
    return tuple(sources)


def choose_columns(sources: Sequence[Source], label: str | None, group: str | None) -> Columns:
    """The columns that a user named, or those with a usual name; upper and lower case do not matter.

    Raises:
        MRetrieveError: there is no such column.
    """
    columns = list(dict.fromkeys(name for source in sources for row in source.labels.values() for name in row))

    def named(name: str, option: str) -> str:
        column = find_column(name, columns)
        if column is None:
            has = ", ".join(columns)
            raise MRetrieveError(f"the label table has no column {name!r}; it has {has}: give one of them to {option}")
        return column

    spans_alone = label is None and find_column(LABEL_COLUMN, columns) is None and any(one.spans for one in sources)
    label = LABEL_COLUMN if spans_alone else named(label or LABEL_COLUMN, "--label-column")
    if group is not None:
        return Columns(label, named(group, "--group-column"))
    usual = (find_column(name, columns) for name in GROUP_COLUMNS)
    return Columns(label, next((name for name in usual if name not in (None, label)), None))


def read_clips(
    sources: Sequence[Source],
    columns: Columns | None,
    *,
    options: ReadingOptions | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> FolderClips:
    """Read the motion files of folders. Of a file with labelled spans, each span is a clip.

    Args:
        sources: the folders.
        columns: the columns of the table; None if there is no table and no clip has a label.
        options: how the files are read; the rig map is for the rigs that it fits.
        progress: called after each file with the number of files read and of all files.

    Raises:
        MRetrieveError: no file could be read.
    """
    options = options or ReadingOptions()
    clips: list[LabelledClip] = []
    refused: list[str] = []
    total, done = sum(len(source.paths) for source in sources), 0
    for number, source in enumerate(sources):
        prefix = f"{number}/" if len(sources) > 1 else ""  # one path may be in two folders
        for path in source.paths:
            try:
                bodies = _read(source.folder / path, options)
            except Exception as error:
                refused.append(_refusal(source.folder / path, error))
                bodies = []
            row = source.labels.get(path, {})
            label = row.get(columns.label, "") if columns is not None else ""
            group = (row.get(columns.group, "") if columns is not None and columns.group else "") or prefix + path
            for body in bodies:
                whole = LabelledClip(body.clip, label, group, prefix + path + body.fragment)
                spans = (*body.labelled_spans, *source.spans.get(path, ())) if columns is not None else ()
                clips += labelled_pieces(whole, spans) or [whole]
            done += 1
            if progress is not None:
                progress(done, total)
    if not clips:
        why = f"; the first reason: {refused[0]}" if refused else "; see `mretrieve formats`"
        raise MRetrieveError(f"{sources[0].folder}: no motion file that can be read{why}")
    return FolderClips(tuple(clips), tuple(refused))


def hold_out(clips: Iterable[LabelledClip], classes: Sequence[str]) -> tuple[list[LabelledClip], list[LabelledClip]]:
    """The clips without those of the classes, and those alone.

    Raises:
        MRetrieveError: no clip is of such a class, or nothing is left.
    """
    clips = list(clips)
    there = Counter(item.label for item in clips if item.label)
    for name in classes:
        if name not in there:
            named = ", ".join(sorted(there)) or "none at all"
            raise MRetrieveError(f"--holdout-classes: no clip has the label {name!r}; there are {named}")
    if classes and set(there) == set(classes):
        raise MRetrieveError("--holdout-classes: no class is left to train on; hold fewer out")
    return [item for item in clips if item.label not in classes], [item for item in clips if item.label in classes]


def described(clips: FolderClips, columns: Columns | None) -> list[str]:
    """Summary lines of what was read."""
    classes = Counter(item.label for item in clips.clips if item.label)
    lines = [f"{len(clips.clips)} clips, {sum(item.clip.duration_s for item in clips.clips) / 60:.1f} minutes"]
    if columns is not None:
        groups = f"groups by {columns.group}" if columns.group else "each file its own group"
        lines[0] += f"; {sum(classes.values())} have a label of {len(classes)} classes ({columns.label}); {groups}"
        if single := sorted(name for name, count in classes.items() if count == 1):
            named = ", ".join(single[:5]) + (f" and {len(single) - 5} more" if len(single) > 5 else "")
            lines.append(f"only one clip each, too few to learn from: {named}")
    return lines


def _read(path: Path, options: ReadingOptions) -> list[SourceClip]:
    """The bodies of a file; none if it is not a motion file, or only accompanies others."""
    reader = recognise(path)
    if reader is None or reader.is_companion:
        return []
    return read_bodies(MotionFile(path), options, mixed_rigs=True)


def _refusal(path: Path, error: Exception) -> str:
    """Why a file is left out; begins with its path."""
    reason = refusal_reason(error)
    return reason if reason.startswith(os.fspath(path)) else f"{path}: {reason}"
