"""From motion files to clips as an index stores them: read, canonicalise, cut, encode; a bad file is an entry."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mretrieve.encoders import load_encoder
from mretrieve.errors import MRetrieveError, RigError
from mretrieve.formats import read
from mretrieve.index import ShardClip, WindowSettings
from mretrieve.motion import CANONICAL_FPS, Motion, RigMap, canonicalise, find_rig_map, load_rig_map

from .changes import Task, content_hash
from .report import FileEntry, Outcome
from .windows import cut_windows


@dataclass(frozen=True)
class Recipe:
    """How the files of a run become clips."""

    repository: Path
    encoder: str
    windows: WindowSettings
    asf: Path | None = None
    rig_map: Path | None = None


@dataclass(frozen=True, eq=False)
class Ingested:
    """What became of one file."""

    entry: FileEntry
    clips: tuple[ShardClip, ...] = ()


class Ingester:
    """Turns files into clips by one recipe, in one process."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._encoder = load_encoder(recipe.encoder)

    def ingest(self, tasks: Sequence[Task]) -> list[Ingested]:
        """Each file's outcome, in their order. Whatever is wrong with a file is in its entry and never raised."""
        return [self._ingest(task) for task in tasks]

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
        vectors = self._encoder.encode_windows(clip, windows)
        if vectors.shape != (len(windows), self._encoder.dimension) or not np.isfinite(vectors).all():
            raise ValueError(f"{len(windows)} windows gave vectors {vectors.shape}, or some that are not finite")
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
            vectors={self._encoder.name: vectors},
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
