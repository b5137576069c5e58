"""Write clips to shards, and shards to versions of an index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from mretrieve.labelled_spans import LabelledSpan
from mretrieve.motion import CANONICAL_FPS
from mretrieve.storage.commits import commit
from mretrieve.storage.labels import read_labels
from mretrieve.storage.records import ShardRecord
from mretrieve.storage.shard import ShardClip
from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.spans import StoredSpans, read_spans
from mretrieve.storage.verification import is_intact

from .compaction import ShardSize, live_clips, shards_to_merge
from .plan import RunPlan
from .report import removed_files
from .worker import Workers


class Committer:
    """Adds clips to an index, a shard at a time.

    If the plan replaces the index, nothing appears before `finish`, and then in place of all that was there: old and
    new vectors may be of two kinds.
    """

    def __init__(self, plan: RunPlan, size: ShardSize, workers: Workers) -> None:
        self._plan, self._size, self._workers = plan, size, workers
        self.newest = plan.base  # the newest version, which the next one follows
        self._files: list[Sequence[ShardClip]] = []
        self._clips = self._frames = 0
        self._in_writing: list[Callable[[], ShardRecord]] = []
        self._shards: list[ShardRecord] = []
        self._stale: set[str] = set()
        self._labels, self._smooth = plan.labels, plan.smooth  # None if they stay as they are
        stored = StoredSpans({}, {}) if plan.base is None else read_spans(plan.base.index, plan.base.manifest.spans)
        self._in_files = dict(stored.in_files)
        self._given = stored.given if plan.spans is None else plan.spans
        self._stored_spans = stored
        self._removed = {file.path: file for file in removed_files(plan.removed)}
        if plan.base is None:
            return
        if plan.replace:
            self.drop(plan.base.clips.column("clip").to_pylist())
        record = plan.base.manifest.labels
        if plan.labels is not None and record is not None and plan.labels.equals(read_labels(plan.base.index, record)):
            self._labels = None
        if self._smooth == plan.base.smooth:
            self._smooth = None

    def drop(self, clips: Iterable[str]) -> None:
        """Remove clips with the next commit."""
        self._stale.update(clips)

    def label(self, path: str, spans: Sequence[LabelledSpan]) -> None:
        """Replace the labelled spans that a file holds."""
        self._in_files.pop(path, None)
        if spans:
            self._in_files[path] = sorted(spans)

    @property
    def _new_spans(self) -> StoredSpans | None:
        """The labelled spans; None if they are those of the newest version."""
        spans = StoredSpans(dict(self._in_files), self._given)
        return None if spans == self._stored_spans else spans

    def take(self, clips: Sequence[ShardClip], frame_count: int) -> None:
        """Add a file's clips, which have this many canonical frames together."""
        if clips:
            self._files.append(clips)
            for clip in clips:
                self._removed.pop(clip.path, None)  # it has changed since it was removed
            self._clips += len(clips)
            self._frames += frame_count

    def commit_full(self) -> None:
        """Write the added clips if they fill a shard, and commit as soon as no more shards may be in writing."""
        if self._size.filled(self._clips, self._frames) >= 1:
            self._write()
            if len(self._in_writing) >= self._workers.shards_at_once:
                self._wait()
                if not self._plan.replace:
                    self._commit(inventory=False)

    def finish(self) -> None:
        """Commit all changes that are left: clips, removals, labels, settings, folders; merge small shards."""
        self._take_small_shards()
        self._write()
        self._wait()
        newest = self.newest
        unlisted = newest is not self._plan.base and newest is not None and newest.manifest.inventory is None
        if self._shards or unlisted or (newest is not None and self._differs(newest)):
            self._commit(inventory=True)

    def _differs(self, newest: Snapshot) -> bool:
        recorded = {folder.name: Path(folder.path) for folder in newest.manifest.folders}
        same = (self._plan.encoders, self._plan.library.folders) == (newest.encoders, recorded)
        kept = newest.manifest.reading, newest.manifest.removed_files
        same &= kept == (self._plan.reading, tuple(self._removed.values()))
        same &= self._new_spans is None
        return not same or bool(self._stale) or self._labels is not None or self._smooth is not None

    def _take_small_shards(self) -> None:
        newest = self.newest
        if newest is None or self._plan.replace or not (self._files or self._stale):
            return
        added = self._size.filled(self._clips, self._frames)
        merged = shards_to_merge(newest, self._size, added, self._stale)
        intact = [shard for shard in merged if is_intact(newest, shard)]  # damaged data must not get a new checksum
        stored = [newest.stored(row) for row in live_clips(newest, intact)]
        kept = [clip for clip in stored if clip.clip not in self._stale]
        self.take(kept, sum(len(clip.positions) for clip in kept))
        self.drop(clip.clip for clip in kept)

    def _write(self) -> None:
        if self._files:
            self._in_writing.append(self._workers.write(self._plan.spec.index, self._files))
        self._files, self._clips, self._frames = [], 0, 0

    def _wait(self) -> None:
        self._shards += [record() for record in self._in_writing]
        self._in_writing = []

    def _commit(self, inventory: bool) -> None:
        spans = self._new_spans
        commit(
            self._plan.spec.index,
            self.newest,
            folders=self._plan.library.folders,
            fps=CANONICAL_FPS,
            encoders=self._plan.encoders,
            windows=self._plan.spec.windows,
            add=self._shards,
            remove=self._stale,
            labels=self._labels,
            spans=spans,
            smooth=self._smooth,
            reading=self._plan.reading,
            removed_files=tuple(self._removed.values()),
            inventory=inventory,
        )
        self.newest = Snapshot.open(self._plan.spec.index)
        self._shards, self._stale = [], set()
        self._labels = self._smooth = None  # they are in now
        self._stored_spans = spans or self._stored_spans
