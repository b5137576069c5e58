"""What an index holds, in figures."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from math import log
from pathlib import Path

from mretrieve.sources.labels import RESERVED
from mretrieve.storage import EncoderRecord, Snapshot, WindowSettings, versions

#: Units that motion files come in, in metres; ASF's is the inch divided by the `length 0.45` of CMU's skeletons.
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
    """The clips of one version, counted."""

    clips: int
    files: int
    duration_s: float
    rates_fps: dict[str, int]  # rate of the file -> clips, most first, as all that follow
    units: dict[str, int]  # unit of the file, as the skeleton's size tells it -> clips
    rigs: dict[str, int]  # how the rig was mapped -> clips
    labels: dict[str, dict[str, int]]  # column of the label files -> label -> clips


@dataclass(frozen=True)
class IndexDescription:
    """What `mretrieve info` tells."""

    index: str
    repository: str
    version: int
    versions: tuple[int, ...]  # that can still be opened
    encoders: tuple[EncoderRecord, ...]
    windows: WindowSettings
    window_count: int
    size_bytes: int  # on disk, older versions included
    contents: IndexContents


def describe_index(index: Path) -> IndexDescription:
    """Describe the newest version of an index. IndexStateError: there is none, or it is damaged."""
    snapshot = Snapshot.open(index)
    return IndexDescription(
        index=str(snapshot.index),
        repository=str(snapshot.repository),
        version=snapshot.version,
        versions=tuple(versions(index)),
        encoders=snapshot.encoders,
        windows=snapshot.windows_settings,
        window_count=len(snapshot.window_start),
        size_bytes=_size_bytes(index),
        contents=count_contents(snapshot),
    )


def count_contents(snapshot: Snapshot | None) -> IndexContents:
    """Count what a version holds; None holds nothing."""
    if snapshot is None:
        return IndexContents(0, 0, 0.0, {}, {}, {}, {})
    clips = snapshot.clips
    column = {name: clips.column(name).to_pylist() for name in ("path", "fps", "metres_per_unit", "rig")}
    labels = {
        name: _counted(label for label in clips.column(name).to_pylist() if label is not None)
        for name in clips.column_names
        if name not in RESERVED
    }
    return IndexContents(
        clips=clips.num_rows,
        files=len(set(column["path"])),
        duration_s=sum(clips.column("duration_s").to_pylist()),
        rates_fps=_counted(f"{fps:.6g}" for fps in column["fps"]),
        units=_counted(map(_unit, column["metres_per_unit"])),
        rigs=_counted(column["rig"]),
        labels={name: counts for name, counts in labels.items() if counts},
    )


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items(), key=lambda item: (-item[1], item[0])))


def _unit(metres: float) -> str:
    """The nearest unit: performers differ in size by a few tens of percent, units by more."""
    if metres <= 0:
        return "unknown"
    return min(UNITS_M, key=lambda name: abs(log(metres / UNITS_M[name])))


def _size_bytes(index: Path) -> int:
    """Bytes of all files of an index, also while a writer adds and removes some."""
    size = 0
    for folder, _, names in os.walk(index):
        for name in names:
            with suppress(OSError):
                size += (Path(folder) / name).stat().st_size
    return size
