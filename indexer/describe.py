"""The contents of an index: figures of a version, and its clips one by one."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from math import log
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mretrieve.search.moment_labels import AllowedMoments
from mretrieve.sources.keypoint_bodies import is_joint_set
from mretrieve.sources.label_file import RESERVED
from mretrieve.storage.folders import file_of
from mretrieve.storage.layout import versions
from mretrieve.storage.records import EncoderRecord, VectorIndexRecord, VectorSearchSettings, WindowSettings
from mretrieve.storage.snapshot import Snapshot

#: Units of motion files in metres; ASF's is the inch divided by the `length 0.45` of CMU's skeletons.
UNITS_M = {
    "millimetres": 0.001,
    "centimetres": 0.01,
    "inches": 0.0254,
    "ASF units": 0.0254 / 0.45,
    "decimetres": 0.1,
    "feet": 0.3048,
    "metres": 1.0,
}


@dataclass(frozen=True)
class IndexContents:
    """The clips of one version, counted. The most frequent value comes first in each mapping.

    Attributes:
        clips: number of clips.
        files: number of files that they are from.
        duration_s: their total duration.
        rates_fps: clips by frame rate of their file.
        units: clips by unit of their file, judged by the size of the skeleton.
        rigs: clips by origin of their rig map.
        labels: for each column of the label files, clips by label.
    """

    clips: int
    files: int
    duration_s: float
    rates_fps: dict[str, int]
    units: dict[str, int]
    rigs: dict[str, int]
    labels: dict[str, dict[str, int]]


@dataclass(frozen=True)
class IndexDescription:
    """An index as `mretrieve info` describes it.

    Attributes:
        index: its folder.
        folders: the indexed folders by name.
        version: the version that is described.
        versions: those that can still be opened.
        encoders: its spaces.
        windows: how clips were cut.
        window_count: number of windows.
        vector_search: settings by which vector indexes are chosen.
        vector_indexes: its vector indexes; windows in none of them are searched exactly.
        size_bytes: on disk, older versions included.
        contents: its clips, counted.
    """

    index: str
    folders: dict[str, str]
    version: int
    versions: tuple[int, ...]
    encoders: tuple[EncoderRecord, ...]
    windows: WindowSettings
    window_count: int
    vector_search: VectorSearchSettings
    vector_indexes: tuple[VectorIndexRecord, ...]
    size_bytes: int
    contents: IndexContents


@dataclass(frozen=True)
class ClipDescription:
    """A clip as `mretrieve list` describes it.

    Attributes:
        clip: its id.
        file: absolute path of its file.
        duration_s: its duration.
        fps: frame rate of its file.
        labels: its labels by column of the label files; None if it has none in a column.
        lifted: whether it was lifted from 2D keypoints.
    """

    clip: str
    file: str
    duration_s: float
    fps: float
    labels: dict[str, str | None]
    lifted: bool


def describe_index(snapshot: Snapshot) -> IndexDescription:
    """Describe a version of an index. IndexStateError: it is damaged."""
    return IndexDescription(
        index=str(snapshot.index),
        folders={name: str(path) for name, path in snapshot.folders.items()},
        version=snapshot.version,
        versions=tuple(versions(snapshot.index)),
        encoders=snapshot.encoders,
        windows=snapshot.windows_settings,
        window_count=len(snapshot.rows.window_start),
        vector_search=snapshot.manifest.vector_search,
        vector_indexes=snapshot.vector_indexes,
        size_bytes=_size_bytes(snapshot.index),
        contents=count_contents(snapshot),
    )


def find_clips(snapshot: Snapshot, where: str | None = None) -> NDArray[np.intp]:
    """Rows of the clips of which some moment meets a condition; all for None. They are sorted by the ids of the clips.

    Raises:
        IndexStateError: the index is damaged.
        QueryError: the condition cannot be understood.
    """
    if where is None:
        return np.arange(snapshot.rows.clip_count)
    return np.flatnonzero(AllowedMoments.of(snapshot, where).clips)


def describe_clips(snapshot: Snapshot, rows: NDArray[np.intp]) -> list[ClipDescription]:
    """The clips of an index at some rows. IndexStateError: the index is damaged."""
    names = label_columns(snapshot.clips.column_names)
    table = snapshot.clips.select(["clip", "path", "duration_s", "fps", "rig", *names]).take(rows)
    return [
        ClipDescription(
            row["clip"],
            str(file_of(snapshot.folders, row["path"])),
            row["duration_s"],
            row["fps"],
            {name: row[name] for name in names},
            is_joint_set(row["rig"]),
        )
        for row in table.to_pylist()
    ]


def count_contents(snapshot: Snapshot | None) -> IndexContents:
    """Count the clips of a version; None has none."""
    if snapshot is None:
        return IndexContents(0, 0, 0.0, {}, {}, {}, {})
    clips = snapshot.clips
    column = {name: clips.column(name).to_pylist() for name in ("path", "fps", "metres_per_unit", "rig")}
    labels = {
        name: _counted(label for label in clips.column(name).to_pylist() if label is not None)
        for name in label_columns(clips.column_names)
    }
    return IndexContents(
        clips=clips.num_rows,
        files=len(set(column["path"])),
        duration_s=sum(clips.column("duration_s").to_pylist()),
        rates_fps=_counted(f"{fps:.6g}" for fps in column["fps"]),
        units=_counted(map(nearest_unit, column["metres_per_unit"])),
        rigs=_counted(column["rig"]),
        labels={name: counts for name, counts in labels.items() if counts},
    )


def label_columns(names: Iterable[str]) -> list[str]:
    """Those columns of the clips table that come from label files."""
    return [name for name in names if name not in RESERVED]


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items(), key=lambda item: (-item[1], item[0])))


def nearest_unit(metres: float) -> str:
    """The unit nearest to a scale: performers differ in size by a few tens of percent, units by more."""
    if metres <= 0:
        return "unknown"
    return min(UNITS_M, key=lambda name: abs(log(metres / UNITS_M[name])))


def _size_bytes(index: Path) -> int:
    """Bytes of all files of an index, even while a writer adds and removes some."""
    size = 0
    for folder, _, names in os.walk(index):
        for name in names:
            with suppress(OSError):
                size += (Path(folder) / name).stat().st_size
    return size
