"""Clips become shards, and shards versions of an index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from mretrieve.motion import CANONICAL_FPS
from mretrieve.storage import EncoderRecord, ShardClip, ShardRecord, Snapshot, WindowSettings, commit, write_shard
from mretrieve.storage.labels import read_labels
from mretrieve.vectors import trainers


@dataclass(frozen=True)
class ShardSize:
    """When the clips in hand become a shard: what an interruption can lose, and the memory that waiting takes."""

    clips: int = 512
    frames: int = 200_000  # canonical frames: 57 MB, nearly two hours of motion


DEFAULT_SIZE = ShardSize()


@dataclass(eq=False)
class Committer:
    """Takes clips in, and lets them appear in the index a shard at a time.

    With `replace` nothing appears before `finish`, and then in place of all that was there: old and new vectors may be
    of two kinds.
    """

    index: Path
    base: Snapshot | None  # the version that the next one follows
    repository: Path
    encoders: tuple[EncoderRecord, ...]
    windows: WindowSettings
    labels: pa.Table | None  # None keeps those that the index has
    smooth: bool | None  # None keeps what the index has
    size: ShardSize
    replace: bool
    _clips: list[ShardClip] = field(default_factory=list)
    _frames: int = 0
    _shards: list[ShardRecord] = field(default_factory=list)
    _stale: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        if self.base is None:
            return
        if self.replace:
            self.drop(self.base.clips.column("clip").to_pylist())
        if self.labels is not None and self.labels.equals(labels_of(self.base)):
            self.labels = None
        if self.smooth == self.base.smooth:
            self.smooth = None

    def drop(self, clips: Iterable[str]) -> None:
        """Take clips out of the index with the next commit."""
        self._stale.update(clips)

    def take(self, clips: Sequence[ShardClip]) -> None:
        """Add a file's clips."""
        self._clips += clips
        self._frames += sum(len(clip.positions) for clip in clips)

    def commit_full(self) -> None:
        """Commit what is in hand where it has come to the size of a shard."""
        if len(self._clips) >= self.size.clips or self._frames >= self.size.frames:
            self._write()
            if not self.replace:
                self._commit()

    def finish(self) -> None:
        """Commit what is in hand, be it a new shard, clips that are gone, labels or a setting."""
        self._write()
        changed = self._stale or self.labels is not None or self.smooth is not None
        if self._shards or (self.base is not None and (changed or self.encoders != self.base.encoders)):
            self._commit()

    def _write(self) -> None:
        if self._clips:
            self._shards.append(write_shard(self.index, self._clips, trainers(self.encoders)))
        self._clips, self._frames = [], 0

    def _commit(self) -> None:
        commit(
            self.index,
            self.base,
            folders={"": self.repository},
            fps=CANONICAL_FPS,
            encoders=self.encoders,
            windows=self.windows,
            add=self._shards,
            remove=self._stale,
            labels=self.labels,
            smooth=self.smooth,
        )
        self.base = Snapshot.open(self.index)
        self._shards, self._stale = [], set()
        self.labels = self.smooth = None  # they are in now


def labels_of(snapshot: Snapshot) -> pa.Table | None:
    """The label table of a version. IndexStateError: it is damaged."""
    record = snapshot.manifest.labels
    return None if record is None else read_labels(snapshot.index, record)
