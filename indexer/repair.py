"""Make the damaged parts of an index again: from what is left of them, or from the motion files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mretrieve.errors import IndexStateError
from mretrieve.formats import ReadingOptions
from mretrieve.formats.content_hash import is_same_content
from mretrieve.motion import Clip
from mretrieve.sources.keypoint_bodies import is_joint_set
from mretrieve.sources.scan import FoundFile
from mretrieve.storage.commits import WriterLock, amend
from mretrieve.storage.files import discard, os_errors_as_index_errors, sync_folder
from mretrieve.storage.layout import INVENTORIES, MANIFESTS, SHARDS, labels_file, manifest_file, vector_index_file
from mretrieve.storage.records import ShardRecord
from mretrieve.storage.shard import CLIP_COLUMNS, ShardClip
from mretrieve.storage.shard_writer import write_shard
from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.spans import StoredSpans
from mretrieve.storage.verification import Problem, verify

from .changes import FileTask
from .ingest import Ingested, Ingester, IngestSpec, cut_windows
from .report import FileEntry, Outcome, RunSettings, remembered
from .settings import chosen_spaces
from .vector_indexes import update_vector_indexes

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Repair:
    """A repair.

    Attributes:
        version: the newest version of the index.
        shards: ids of the shards that were made again.
        kept: number of clips that were made again from what the index has of them.
        read_again: ids of clips that were made again from their motion files.
        lost: ids of clips that the index has no more, and why.
        dropped: versions that were kept and are removed, because they are damaged.
        remarks: what else was done or could not be saved, one line each.
    """

    version: int
    shards: tuple[str, ...] = ()
    kept: int = 0
    read_again: tuple[str, ...] = ()
    lost: dict[str, str] = field(default_factory=dict)
    dropped: tuple[int, ...] = ()
    remarks: tuple[str, ...] = ()


def repair_index(index: Path | str) -> Repair:
    """Make damaged shards, labels and vector indexes again, and drop damaged versions that are merely kept.

    A clip is made again from its motion in the index or, if that is damaged, from its motion file, if that has the
    content that was indexed. Vectors that are damaged are computed again. Other clips leave the index.

    Raises:
        IndexStateError: there is no index, another writer holds it, its newest manifest or a weights file is damaged,
            or it cannot be written.
    """
    place = Path(index)
    Snapshot.open(place)  # raises if there is no index, before the lock creates one
    with WriterLock(place):
        problems = _damage(place)
        base = Snapshot.open(place)
        for encoder in base.encoders:
            base.weights(encoder)
        wrong = [problem for problem in problems if not problem.is_old]
        repair = _repaired(place, base, wrong) if wrong else Repair(base.version)
        return replace(repair, dropped=_drop_damaged(place) if problems else ())


def _damage(place: Path) -> list[Problem]:
    """What is wrong with files that versions need; without files that others put there."""
    return [
        problem
        for problem in verify(place)
        if problem.versions and (not problem.harmless or problem.path.parent.name == INVENTORIES)
    ]


def _repaired(place: Path, base: Snapshot, problems: Sequence[Problem]) -> Repair:
    """A new version in which what is damaged was made again."""
    damaged = {problem.path.parent.name for problem in problems if problem.path.parent.parent.name == SHARDS}
    numbers = [number for number, record in enumerate(base.shards) if record.id in damaged]
    paths = {problem.path for problem in problems}
    remarks: list[str] = []
    record = base.manifest.labels
    is_lost = record is not None and labels_file(place, record.id) in paths
    labels = _saved_labels(base, remarks) if is_lost else None
    spans = None
    if base.manifest.spans is not None and labels_file(place, base.manifest.spans.id) in paths:
        spans = StoredSpans({}, {})
        remarks.append(
            "the labelled spans are lost; `mretrieve index DIR --rebuild` reads those of motion files again, with "
            "--labels FILE those of label files"
        )
    rescue = _Rescue(place, base)
    made: list[ShardRecord] = []
    gone: set[str] = set()
    for number in numbers:
        ids = base.shard_clips(number)
        if not ids:
            remarks.append(
                f"{base.shards[number].id}: the list of its clips is lost; `{base.index_command}` reads its files again"
            )
        clips = rescue.clips_of(number)
        gone.update(ids)
        if clips:
            made.append(write_shard(place, clips))
    sound = [one for one in base.vector_indexes if vector_index_file(place, one.file.id) not in paths]
    left = {record.id for record in base.shards}.difference(damaged).union(record.id for record in made)
    kept = [one for one in sound if left.intersection(one.shards)]
    amend(base, add=made, remove=gone, labels=labels, spans=spans, vector_indexes=kept)
    newest = Snapshot.open(place)
    spaces = chosen_spaces(place, newest, None, None, rebuild=False)
    newest = update_vector_indexes(newest, spaces, newest.manifest.vector_search, newest.index_command)
    if len(sound) < len(base.vector_indexes):
        remarks.append(f"{len(base.vector_indexes) - len(sound)} vector indexes were damaged and made again if needed")
    return Repair(
        newest.version,
        tuple(base.shards[number].id for number in numbers),
        rescue.kept,
        tuple(rescue.read_again),
        rescue.lost,
        remarks=tuple(remarks),
    )


class _Rescue:
    """Makes the clips of damaged shards again.

    Attributes:
        kept: number of clips made of what the index has.
        read_again: ids of clips that were read again.
        lost: ids of the others, and why.
    """

    def __init__(self, place: Path, base: Snapshot) -> None:
        self._place, self._base = place, base
        self._settings = remembered(base, place)[0]
        self.kept, self.read_again, self.lost = 0, list[str](), dict[str, str]()

    def clips_of(self, number: int) -> list[ShardClip]:
        """The clips of a shard, as far as they can be saved."""
        rows = np.flatnonzero(self._base.rows.clip_shard == number).tolist()
        stored: list[Ingested] = []
        unreadable: list[dict[str, Any]] = []
        for row in rows:
            (record,) = self._base.clips.slice(row, 1).to_pylist()
            try:
                stored.append(_from_index(self._base, row, record))
            except IndexStateError:
                unreadable.append(record)
        self.kept += len(stored)
        clips = [clip for ingested in self._ingester.encoded(stored) for clip in ingested.clips] if stored else []
        return clips + list(self._read(unreadable))

    def _read(self, records: Sequence[dict[str, Any]]) -> Iterator[ShardClip]:
        """The clips of these rows of the table, from their files."""
        wanted: dict[str, list[dict[str, Any]]] = {}
        for record in records:
            wanted.setdefault(record["path"], []).append(record)
        for path, own in wanted.items():
            hashed = own[0]["content_hash"]
            found = FoundFile(path, own[0]["size_bytes"], own[0]["mtime_ns"])
            (read,) = self._ingester.ingest([FileTask(found, hashed.partition(":")[2], None)])
            clips = {clip.clip: clip for clip in read.clips}
            for record in own:
                name = record["clip"]
                if is_same_content(hashed, read.entry.content_hash) and name in clips:
                    self.read_again.append(name)
                    yield clips[name]
                else:
                    self.lost[name] = read.entry.reason or (
                        f"{path}: has changed since it was indexed; the next `mretrieve index` reads it"
                    )

    @cached_property
    def _ingester(self) -> Ingester:
        reading = (self._settings or RunSettings("", "")).reading
        spec = IngestSpec(
            folders=self._base.folders,
            index=self._place,
            spaces=chosen_spaces(self._place, self._base, None, None, rebuild=False),
            windows=self._base.windows_settings,
            reading=ReadingOptions(_if_there(reading.asf), _if_there(reading.rig_map), reading.fps),
        )
        return Ingester(spec)


def _if_there(path: Path | None) -> Path | None:
    return path if path is not None and path.is_file() else None


def _from_index(base: Snapshot, row: int, record: dict[str, Any]) -> Ingested:
    """A clip from what the index has of it, without the vectors that are damaged. IndexStateError: it is damaged."""
    positions, observed = base.motion(row)
    points = base.points(row) if is_joint_set(record["rig"]) else None
    windows, vectors = base.windows_left(row)
    if windows is None:
        windows = cut_windows(len(positions), base.windows_settings)
    columns = {name: record[name] for name in CLIP_COLUMNS}
    clip = ShardClip(
        **{**columns, "notes": tuple(record["notes"])},
        positions=positions.copy(),
        observed=observed.copy(),
        windows=windows,
        vectors=vectors,
        points=None if points is None else points.copy(),
    )
    motion = Clip(clip.positions, clip.observed, clip.start_s, clip.metres_per_unit, clip.notes)
    return Ingested(FileEntry(clip.path, Outcome.UNCHANGED), (clip,), motions=(motion,))


def _saved_labels(base: Snapshot, remarks: list[str]) -> pa.Table:
    """The labels of the clips, from the inventory."""
    import pyarrow as pa

    try:
        clips = base.clips
    except IndexStateError:
        remarks.append("the labels are lost; give them again with `mretrieve index DIR --labels FILE`")
        return pa.table({"path": pa.array([], pa.string())})
    others = {*CLIP_COLUMNS, "frame_count", "duration_s", "end_s"}
    names = ["path", *(name for name in clips.column_names if name not in others)]
    rows = {row["path"]: row for row in clips.select(names).to_pylist()}
    remarks.append("the labels were saved from the list of clips; those of files without a clip are lost")
    return pa.table({name: pa.array([row[name] for row in rows.values()], pa.string()) for name in names})


def _drop_damaged(place: Path) -> tuple[int, ...]:
    """Remove the manifests of damaged versions other than the newest."""
    damaged = {number for problem in _damage(place) if problem.is_old for number in problem.versions}
    for number in damaged:
        discard(manifest_file(place, number))
    if damaged:
        with os_errors_as_index_errors(place):
            sync_folder(place / MANIFESTS)
    return tuple(sorted(damaged))
