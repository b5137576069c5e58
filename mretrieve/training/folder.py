"""The clips of a user's folders, with the labels and groups that their table gives them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import MRetrieveError, RigError
from ..formats import READERS, UNREADABLE, read, recognise
from ..motion import Clip, LabelledClip, Motion, canonicalise, load_rig_map

LABEL_COLUMN = "label"
#: Columns that are taken for the groups of clips where the user names none, the first that there is.
GROUP_COLUMNS = ("group", "subject", "performer", "actor", "style", "take")


@dataclass(frozen=True)
class Source:
    """A folder to read."""

    folder: Path
    paths: tuple[str, ...]  # the files in it, relative; what is no motion file is passed over
    labels: Mapping[str, Mapping[str, str]]  # path -> column -> label; empty where there is none


@dataclass(frozen=True)
class Columns:
    """The columns of the label table that say what a clip is, and what it is no independent answer to."""

    label: str
    group: str | None  # None: by file


@dataclass(frozen=True, eq=False)
class FolderClips:
    """What was read."""

    clips: tuple[LabelledClip, ...]  # by folder and path; a clip without a label has "" for one
    refused: tuple[str, ...]  # files that could not be read, one line each


def choose_columns(sources: Sequence[Source], label: str | None, group: str | None) -> Columns:
    """The columns that a user named, or those that go by a usual name.

    Raises:
        MRetrieveError: there is no such column.
    """
    columns = list(dict.fromkeys(name for source in sources for row in source.labels.values() for name in row))
    has = f"it has {', '.join(columns)}"
    if label is None and LABEL_COLUMN not in columns:
        raise MRetrieveError(f"the label table has no column {LABEL_COLUMN!r}; {has}: name one with --label-column")
    for option, name in (("--label-column", label), ("--group-column", group)):
        if name is not None and name not in columns:
            raise MRetrieveError(f"the label table has no column {name!r}; {has}: give one of them to {option}")
    label = label or LABEL_COLUMN
    usual = [name for name in GROUP_COLUMNS if name in columns and name != label]
    return Columns(label, group or (usual[0] if usual else None))


def read_clips(
    sources: Sequence[Source],
    columns: Columns | None,
    *,
    asf: Path | None = None,
    rig_map: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> FolderClips:
    """Read the motion files of folders.

    Args:
        sources: the folders.
        columns: which columns count; None where there is no table: then no clip has a label.
        asf: the skeleton of all AMC files; else it is looked for beside each.
        rig_map: which joint is which, for the rigs that it fits.
        progress: told the files done, and of how many, after each.

    Raises:
        MRetrieveError: no file could be read.
    """
    clips: list[LabelledClip] = []
    refused: list[str] = []
    total, done = sum(len(source.paths) for source in sources), 0
    for number, source in enumerate(sources):
        prefix = f"{number}/" if len(sources) > 1 else ""  # one path may be in two folders
        for path in source.paths:
            try:
                motions = _motions(source.folder / path, asf)
                read_here = [_clip(motion, rig_map) for motion in motions]
            except (MRetrieveError, OSError, MemoryError, ValueError) as error:
                refused.append(_refusal(source.folder / path, error))
                motions, read_here = [], []
            row = source.labels.get(path, {})
            label = row.get(columns.label, "") if columns is not None else ""
            group = (row.get(columns.group, "") if columns is not None and columns.group else "") or prefix + path
            for motion, clip in zip(motions, read_here, strict=True):
                name = f"{path}#{motion.body}" if len(motions) > 1 else path
                clips.append(LabelledClip(clip, label, group, prefix + name))
            done += 1
            if progress is not None:
                progress(done, total)
    if not clips:
        why = f"; the first reason: {refused[0]}" if refused else f"; mretrieve reads {', '.join(sorted(READERS))}"
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
    """What was read, in lines for the user."""
    classes = Counter(item.label for item in clips.clips if item.label)
    lines = [f"{len(clips.clips)} clips, {sum(item.clip.duration_s for item in clips.clips) / 60:.1f} minutes"]
    if columns is not None:
        groups = f"groups by {columns.group}" if columns.group else "each file its own group"
        lines[0] += f"; {sum(classes.values())} have a label of {len(classes)} classes ({columns.label}); {groups}"
        if single := sorted(name for name, count in classes.items() if count == 1):
            named = ", ".join(single[:5]) + (f" and {len(single) - 5} more" if len(single) > 5 else "")
            lines.append(f"only one clip each, which teaches little: {named}")
    return lines


def _motions(path: Path, asf: Path | None) -> list[Motion]:
    """The motions of a file; none where it is no motion file, or is the skeleton of others."""
    kind = recognise(path)
    if kind is None or kind == "asf":
        return []
    if kind in UNREADABLE:
        raise MRetrieveError(f"{path}: {kind}: {UNREADABLE[kind]}")
    return read(path, asf)


def _clip(motion: Motion, rig_map: Path | None) -> Clip:
    """The clip of a motion; by the user's rig map where it fits, else by the one that is found."""
    if rig_map is not None:
        try:
            return canonicalise(motion, load_rig_map(rig_map, motion.rig))
        except RigError:
            pass  # a folder holds many rigs
    return canonicalise(motion)


def _refusal(path: Path, error: Exception) -> str:
    """Why a file is left out; begins with its path."""
    if isinstance(error, MRetrieveError):
        return str(error) if str(error).startswith(os.fspath(path)) else f"{path}: {error}"
    if isinstance(error, OSError):
        return f"{path}: cannot be read: {error.strerror or error}; check its permissions"
    return f"{path}: cannot be read, and no reader said why ({type(error).__name__}: {error}); please report it"
