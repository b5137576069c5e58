"""From motion files to clips as an index stores them: read, canonicalise, cut, encode; a bad file is an entry."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mretrieve.errors import MRetrieveError, RigError
from mretrieve.formats import read
from mretrieve.motion import CANONICAL_FPS, Clip, Motion, RigMap, canonicalise, find_rig_map, load_rig_map
from mretrieve.storage import ShardClip, Snapshot, WindowSettings

from .changes import Task, content_hash
from .report import FileEntry, Outcome
from .target_spaces import Space
from .windows import cut_windows


@dataclass(frozen=True)
class Recipe:
    """How the files of a run become clips."""

    repository: Path
    index: Path
    spaces: tuple[Space, ...]
    windows: WindowSettings
    asf: Path | None = None
    rig_map: Path | None = None
    stored_version: int | None = None  # of the index, whose clips are encoded anew; None where they stay as they are


@dataclass(frozen=True, eq=False)
class Ingested:
    """What became of one file."""

    entry: FileEntry
    clips: tuple[ShardClip, ...] = ()


class Ingester:
    """Turns files into clips by one recipe, in one process."""

    def __init__(self, recipe: Recipe) -> None:
        """Load the encoders. IndexStateError: one is not that which made the index's vectors."""
        self._recipe = recipe
        self._encoders = {space: space.load(recipe.index, recipe.repository) for space in recipe.spaces}

    def ingest(self, tasks: Sequence[Task]) -> list[Ingested]:
        """Each file's outcome, in their order. Whatever is wrong with a file is in its entry and never raised."""
        return [self._with_stored(task, self._unread(task) if task.stored else self._ingest(task)) for task in tasks]

    def _unread(self, task: Task) -> Ingested:
        """A file that is as the index has it, or that cannot be seen today."""
        assert task.known is not None
        found, known = task.found, task.known
        entry = FileEntry(found.path, Outcome.UNCHANGED, found.size_bytes, found.mtime_ns, known.content_hash)
        return Ingested(replace(entry, clips=known.clips))

    def _with_stored(self, task: Task, ingested: Ingested) -> Ingested:
        """With the clips that the index has of the file, where they stay and all clips are encoded anew."""
        if self._recipe.stored_version is None or task.known is None or ingested.entry.replaces_clips:
            return ingested
        stored = [self._stored.stored(self._stored.clip_row(clip)) for clip in task.known.clips]
        try:
            clips = tuple(map(self._encoded_anew, stored))
        except Exception as error:
            return _refused(task, error)
        duration_s = sum(len(clip.positions) for clip in clips) / CANONICAL_FPS
        return Ingested(replace(ingested.entry, duration_s=duration_s), clips)

    @cached_property
    def _stored(self) -> Snapshot:
        return Snapshot.open(self._recipe.index, self._recipe.stored_version)

    def _encoded_anew(self, stored: ShardClip) -> ShardClip:
        """A clip of the index with its vectors in the spaces of this run; those that it has already are kept."""
        clip = Clip(stored.positions, stored.observed, stored.start_s, stored.metres_per_unit, stored.notes)
        had = {record.fingerprint: stored.vectors[record.name] for record in self._stored.encoders}
        vectors = {}
        for space in self._recipe.spaces:
            own = had.get(space.record.fingerprint)
            vectors[space.record.name] = own if own is not None else self._vectors(space, clip, stored.windows)
        return replace(stored, vectors=vectors)

    def _vectors(self, space: Space, clip: Clip, windows: NDArray[np.int32]) -> NDArray[np.float32]:
        encoder = self._encoders[space]
        vectors = encoder.encode_windows(clip, windows)
        if vectors.shape != (len(windows), encoder.dimension) or not np.isfinite(vectors).all():
            name = space.record.name
            raise ValueError(
                f"{name}: {len(windows)} windows gave vectors {vectors.shape}, or some that are not finite"
            )
        return vectors

    def _ingest(self, task: Task) -> Ingested:
        path = self._recipe.repository / task.found.path
        found = task.found
        try:
            hashed = content_hash(path, task.skeletons)
        except OSError as error:
            return _refused(task, error)
        entry = FileEntry(found.path, Outcome.READ, found.size_bytes, found.mtime_ns, hashed)
        if task.known is not None and task.known.content_hash == hashed:
            if not task.known.clips and task.known.entry is not None:  # refused before, and still the same
                return Ingested(replace(task.known.entry, size_bytes=found.size_bytes, mtime_ns=found.mtime_ns))
            return Ingested(replace(entry, outcome=Outcome.UNCHANGED, clips=task.known.clips))
        try:
            _check_name(found.path)
            motions = read(path, asf=self._recipe.asf)
            several = len(motions) > 1
            names = [f"{found.path}#{motion.body}" if several else found.path for motion in motions]
            clips = [self._clip(motion, entry, name) for motion, name in zip(motions, names, strict=True)]
        except Exception as error:
            return _refused(task, error, hashed)
        return Ingested(
            replace(
                entry,
                clips=tuple(clip.clip for clip in clips),
                duration_s=sum(clip.positions.shape[0] for clip in clips) / CANONICAL_FPS,
                repairs=tuple(dict.fromkeys(repair for motion in motions for repair in motion.repairs)),
                notes=tuple(dict.fromkeys(note for clip in clips for note in clip.notes)),
            ),
            tuple(clips),
        )

    def _clip(self, motion: Motion, entry: FileEntry, name: str) -> ShardClip:
        rig_map = self._rig_map(motion)
        clip = canonicalise(motion, rig_map)
        windows = cut_windows(clip.frame_count, self._recipe.windows)
        return ShardClip(
            clip=name,
            path=entry.path,
            body=motion.body,
            content_hash=entry.content_hash,
            size_bytes=entry.size_bytes,
            mtime_ns=entry.mtime_ns,
            rig=rig_map.origin,
            rig_confidence=rig_map.confidence,
            fps=motion.fps,
            source_frame_count=motion.frame_count,
            start_s=clip.start_s,
            metres_per_unit=clip.metres_per_unit,
            notes=clip.notes,
            positions=clip.positions,
            observed=clip.observed,
            windows=windows,
            vectors={space.record.name: self._vectors(space, clip, windows) for space in self._recipe.spaces},
        )

    def _rig_map(self, motion: Motion) -> RigMap:
        """The user's map where it fits the rig, else the one that is found: a folder holds many rigs."""
        unfit = None
        if self._recipe.rig_map is not None:
            try:
                return load_rig_map(self._recipe.rig_map, motion.rig)
            except MRetrieveError as error:
                unfit = error
        try:
            return find_rig_map(motion.rig, motion.positions)
        except RigError as error:
            raise unfit or RigError(str(error).replace("FILE", str(motion.source))) from None


def _refused(task: Task, error: Exception, hashed: str = "") -> Ingested:
    """A file without a clip. Where the fault may not be the file's, no hash: then the next run tries again."""
    found = task.found
    if not isinstance(error, MRetrieveError):
        hashed = ""
    entry = FileEntry(found.path, Outcome.REFUSED, found.size_bytes, found.mtime_ns, hashed, reason=_reason(error))
    return Ingested(entry)


def _reason(error: Exception) -> str:
    match error:
        case MRetrieveError():
            return str(error)
        case FileNotFoundError():
            return "vanished while the folder was read"
        case OSError():
            return f"cannot be read: {error.strerror or error}; check its permissions"
        case MemoryError():
            return "does not fit in memory; cut the recording into shorter files"
        case _:
            return f"cannot be read, and no reader said why ({type(error).__name__}: {error}); please report it"


def _check_name(path: str) -> None:
    try:
        os.fsencode(path).decode()
    except UnicodeDecodeError:
        raise MRetrieveError("its name is not valid UTF-8 and cannot be stored; rename it") from None
