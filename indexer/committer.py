"""Write clips to shards, and shards to versions of an index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from mretrieve.motion import CANONICAL_FPS
from mretrieve.storage import EncoderRecord, ShardClip, ShardRecord, Snapshot, WindowSettings, commit, write_shard
from mretrieve.storage.labels import read_labels
from mretrieve.vectors import trainers


@dataclass(frozen=True)
class ShardSize:
    """Clips become a shard when one of these is reached. It limits memory, and what an interruption can lose.

    Attributes:
        clips: number of clips.
        frames: their canonical frames; 200,000 are 57 MB, nearly two hours of motion.
    """

    clips: int = 512
    frames: int = 200_000


DEFAULT_SIZE = ShardSize()


@dataclass(eq=False)
class Committer:
    """Adds clips to an index, a shard at a time.

    Attributes:
        index: folder of the index.
        base: the version that the next one follows; None for a new index.
        folders: the indexed folders by name.
        encoders: the spaces.
        windows: how clips are cut.
        labels: the new labels; None keeps those of the index.
        smooth: the new setting; None keeps that of the index.
        size: when clips become a shard.
        replace: whether nothing appears before `finish`, and then in place of all that was there: old and new vectors
            may be of two kinds.
    """

    index: Path
    base: Snapshot | None
    folders: Mapping[str, Path]
    encoders: tuple[EncoderRecord, ...]
    windows: WindowSettings
    labels: pa.Table | None
    smooth: bool | None
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
        """Remove clips with the next commit."""
        self._stale.update(clips)

    def take(self, clips: Sequence[ShardClip]) -> None:
        """Add a file's clips."""
        self._clips += clips
        self._frames += sum(len(clip.positions) for clip in clips)

    def commit_full(self) -> None:
        """Commit the added clips if they fill a shard."""
        if len(self._clips) >= self.size.clips or self._frames >= self.size.frames:
            self._write()
            if not self.replace:
                self._commit()

    def finish(self) -> None:
        """Commit all changes that are left: clips, removals, labels, settings, folders."""
        self._write()
        if self._shards or (self.base is not None and self._differs(self.base)):
            self._commit()

    def _differs(self, base: Snapshot) -> bool:
        recorded = {folder.name: Path(folder.path) for folder in base.manifest.folders}
        settings = (self.encoders, self.folders) != (base.encoders, recorded)
        return settings or bool(self._stale) or self.labels is not None or self.smooth is not None

    def _write(self) -> None:
        if self._clips:
            self._shards.append(write_shard(self.index, self._clips, trainers(self.encoders)))
        self._clips, self._frames = [], 0

    def _commit(self) -> None:
        commit(
            self.index,
            self.base,
            folders=self.folders,
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
    """The labels of a version. IndexStateError: they are damaged."""
    record = snapshot.manifest.labels
    return None if record is None else read_labels(snapshot.index, record)
