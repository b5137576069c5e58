"""Convert motion files to the clips of an index: read, canonicalise, cut, encode. A bad file becomes a report entry."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mretrieve.devices import find_devices
from mretrieve.encoders import ClipsEncoder, DeviceEncoder, WindowEncoder
from mretrieve.errors import MRetrieveError
from mretrieve.formats import MotionFile, ReadingOptions
from mretrieve.formats.content_hash import ReadHash, content_hash
from mretrieve.labelled_spans import LabelledSpan
from mretrieve.motion import CANONICAL_FPS, Clip, Rig, RigMap
from mretrieve.motion.clip import overlapping_spans
from mretrieve.motion.keypoints import ASSUMED_FPS
from mretrieve.sources.reading import SourceClip, read_bodies, refusal_reason
from mretrieve.storage.folders import file_of, index_command
from mretrieve.storage.records import WindowSettings
from mretrieve.storage.shard import ShardClip
from mretrieve.storage.snapshot import Snapshot

from .changes import FileTask
from .folders import KnownFile
from .report import FileEntry, Outcome
from .settings import Space

#: The lengths of a gesture, an action and a few actions, so that queries of 0.5 to 12 s find windows of their length.
#: Half a length apart is enough to find a moment (benchmarks/localisation.py compares other settings).
DEFAULT_WINDOWS = WindowSettings(lengths_s=(1.0, 2.0, 4.0), hop_share=0.5)

#: A clip is cut only if it is this many times longer than a window; the windows of a shorter one would repeat it.
CUT_FROM_LENGTHS = 1.5


def cut_windows(frame_count: int, settings: WindowSettings) -> NDArray[np.int32]:
    """Start and end (exclusive) of each window of a clip, in canonical frames: (W, 2).

    The first row is the whole clip. Windows of each length follow if the clip is longer than CUT_FROM_LENGTHS of them,
    shortest first. They start a share of their length apart, and the last one ends with the clip.
    """
    rows = [[0, frame_count]]
    for length_s in settings.lengths_s:
        length = max(1, round(length_s * CANONICAL_FPS))
        if frame_count > CUT_FROM_LENGTHS * length:
            hop = max(1, round(length_s * settings.hop_share * CANONICAL_FPS))
            rows += overlapping_spans(0, frame_count, length, hop).tolist()
    return np.array(rows, np.int32)


@dataclass(frozen=True)
class IngestSpec:
    """How the files of a run become clips.

    Attributes:
        folders: the indexed folders by name.
        index: path of the index.
        spaces: the encoders.
        windows: how clips are cut.
        reading: how files are read.
        stored_version: version of the index whose clips are encoded again; None keeps their vectors.
        device: where encoders run that can, as `find_devices` names it; None for the CPU.
    """

    folders: Mapping[str, Path]
    index: Path
    spaces: tuple[Space, ...]
    windows: WindowSettings
    reading: ReadingOptions = field(default_factory=ReadingOptions)
    stored_version: int | None = None
    device: str | None = None


@dataclass(frozen=True, eq=False)
class Ingested:
    """The outcome for one file.

    Attributes:
        entry: for the report.
        clips: of the file.
        rigs: if it was read, the rig of each clip and its map.
        motions: what is to be encoded of each clip; () when it is done.
        spans: labels that the file holds for parts of its motion; None if it was not read.
    """

    entry: FileEntry
    clips: Sequence[ShardClip] = ()
    rigs: tuple[tuple[Rig, RigMap], ...] = ()
    motions: tuple[Clip, ...] = ()
    spans: tuple[LabelledSpan, ...] | None = None

    @property
    def frame_count(self) -> int:
        """Canonical frames of its clips."""
        return round(self.entry.duration_s * CANONICAL_FPS)


class Ingester:
    """Converts files to clips in one process."""

    def __init__(self, spec: IngestSpec, number: int = 0) -> None:
        """Load the encoders. Processes of several numbers share the devices, if there are several.

        Raises:
            IndexStateError: an encoder is not the one that made the vectors of the index.
            MRetrieveError: there is no such device.
        """
        self._spec = spec
        command = index_command(spec.folders.values(), spec.index)
        encoders = {space: space.load(spec.index, command) for space in spec.spaces}
        devices = () if spec.device is None else find_devices(spec.device)
        self._encoders = {
            space: _encode_on(encoder.on_device(devices[number % len(devices)]))
            if devices and isinstance(encoder, DeviceEncoder)
            else _encode_by(encoder)
            for space, encoder in encoders.items()
        }

    def ingest(self, tasks: Sequence[FileTask]) -> list[Ingested]:
        """The outcomes for files, in their order. Errors in a file go to its entry and are never raised."""
        done = [self._with_stored(task, self._ingest(task)) for task in tasks]
        try:
            return self.encoded(done)
        except Exception:  # of one file, which is refused alone
            return [self._encoded_alone(task, ingested) for task, ingested in zip(tasks, done, strict=True)]

    def _encoded_alone(self, task: FileTask, ingested: Ingested) -> Ingested:
        try:
            return self.encoded([ingested])[0]
        except Exception as error:
            return _refused(task, error, ingested.entry.content_hash)

    def encoded(self, done: Sequence[Ingested]) -> list[Ingested]:
        """The same with the vectors that are missing; clips of all files are encoded together."""
        clips = [clip for ingested in done for clip in ingested.clips]
        motions = [motion for ingested in done for motion in ingested.motions]
        vectors = [dict(clip.vectors) for clip in clips]
        for space, encode in self._encoders.items():
            name = space.record.name
            rows = [row for row, own in enumerate(vectors) if name not in own]
            windows = [clips[row].windows for row in rows]
            made = encode([motions[row] for row in rows], windows) if rows else []
            for row, own in zip(rows, made, strict=True):
                vectors[row][name] = _checked(space, clips[row].windows, own)
        left = iter([replace(clip, vectors=own) for clip, own in zip(clips, vectors, strict=True)])
        return [replace(ingested, clips=tuple(islice(left, len(ingested.clips))), motions=()) for ingested in done]

    def _with_stored(self, task: FileTask, ingested: Ingested) -> Ingested:
        """Add the stored clips of a file that keeps them, if all clips are encoded again."""
        if self._spec.stored_version is None or task.known is None or ingested.entry.replaces_clips:
            return ingested
        stored = [self._stored.stored(self._stored.clip_row(clip)) for clip in task.known.clips]
        try:
            motions, clips = tuple(map(_motion, stored)), tuple(map(self._kept, stored))
        except Exception as error:
            return _refused(task, error)
        duration_s = sum(len(clip.positions) for clip in clips) / CANONICAL_FPS
        return Ingested(replace(ingested.entry, duration_s=duration_s), clips, motions=motions)

    @cached_property
    def _stored(self) -> Snapshot:
        return Snapshot.open(self._spec.index, self._spec.stored_version)

    def _kept(self, stored: ShardClip) -> ShardClip:
        """A stored clip with those of its vectors that are in spaces of this run."""
        had = {record.fingerprint: stored.vectors[record.name] for record in self._stored.encoders}
        kept = {
            space.record.name: had[space.record.fingerprint]
            for space in self._spec.spaces
            if space.record.fingerprint in had
        }
        return replace(stored, vectors=kept)

    def _ingest(self, task: FileTask) -> Ingested:
        path = file_of(self._spec.folders, task.found.path)
        if task.known is not None:
            try:
                if task.stored or content_hash(path, task.skeletons) == task.known.content_hash:
                    return _unchanged(task, task.known)
            except OSError as error:
                return _refused(task, error)
        read_hash = ReadHash()
        try:
            _check_name(task.found.path)
            bodies = read_bodies(MotionFile(path, read_hash=read_hash), self._spec.reading, mixed_rigs=True)
            hashed = read_hash.value(task.skeletons) or content_hash(path, task.skeletons)  # a reader may open the path
            if task.known is not None and task.known.content_hash == hashed:  # with the files beside it
                return _unchanged(task, task.known)
            found = task.found
            entry = FileEntry(found.path, Outcome.READ, found.size_bytes, found.mtime_ns, hashed)
            clips = [self._clip(body, entry) for body in bodies]
        except Exception as error:
            return _refused(task, error, read_hash.value(task.skeletons))
        return Ingested(
            replace(
                entry,
                clips=tuple(clip.clip for clip in clips),
                duration_s=sum(clip.positions.shape[0] for clip in clips) / CANONICAL_FPS,
                repairs=tuple(dict.fromkeys(repair for body in bodies for repair in body.motion.repairs)),
                notes=tuple(dict.fromkeys(note for clip in clips for note in clip.notes)),
            ),
            tuple(clips),
            tuple((body.rig, body.rig_map) for body in bodies),
            tuple(body.clip for body in bodies),
            tuple(dict.fromkeys(span for body in bodies for span in body.labelled_spans)),
        )

    def _clip(self, body: SourceClip, entry: FileEntry) -> ShardClip:
        motion, clip = body.motion, body.clip
        return ShardClip(
            clip=entry.path + body.fragment,
            path=entry.path,
            body=motion.body,
            content_hash=entry.content_hash,
            size_bytes=entry.size_bytes,
            mtime_ns=entry.mtime_ns,
            rig=body.rig_map.origin,
            rig_confidence=body.rig_map.confidence,
            fps=motion.fps or ASSUMED_FPS,
            source_frame_count=motion.frame_count,
            start_s=clip.start_s,
            metres_per_unit=clip.metres_per_unit,
            notes=clip.notes,
            positions=clip.positions,
            observed=clip.observed,
            windows=cut_windows(clip.frame_count, self._spec.windows),
            vectors={},
            points=None if body.view is None else body.view.points,
        )


#: Vectors of the windows of each clip.
Encode = Callable[[Sequence[Clip], Sequence[NDArray[np.integer]]], list[NDArray[np.float32]]]


def _encode_on(encoder: DeviceEncoder) -> Encode:
    return encoder.encode_all


def _encode_by(encoder: WindowEncoder) -> Encode:
    if isinstance(encoder, ClipsEncoder):
        return encoder.encode_clips
    return lambda clips, windows: list(map(encoder.encode_windows, clips, windows))


def _motion(stored: ShardClip) -> Clip:
    return Clip(stored.positions, stored.observed, stored.start_s, stored.metres_per_unit, stored.notes)


def _checked(space: Space, windows: NDArray[np.int32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    if vectors.shape != (len(windows), space.record.dimension) or not np.isfinite(vectors).all():
        name = space.record.name
        raise ValueError(f"{name}: {len(windows)} windows gave vectors {vectors.shape}, or some that are not finite")
    return vectors


def _unchanged(task: FileTask, known: KnownFile) -> Ingested:
    """A file that has the content that the index knows."""
    found = task.found
    if not known.clips and known.entry is not None:  # refused before, and still the same
        return Ingested(replace(known.entry, size_bytes=found.size_bytes, mtime_ns=found.mtime_ns))
    entry = FileEntry(found.path, Outcome.UNCHANGED, found.size_bytes, found.mtime_ns, known.content_hash)
    return Ingested(replace(entry, clips=known.clips))


def _refused(task: FileTask, error: Exception, hashed: str = "") -> Ingested:
    """A file without a clip. Without a hash, if the fault may lie elsewhere, the next run tries again."""
    found = task.found
    if not isinstance(error, MRetrieveError):
        hashed = ""
    reason = refusal_reason(error)
    return Ingested(FileEntry(found.path, Outcome.REFUSED, found.size_bytes, found.mtime_ns, hashed, reason=reason))


def _check_name(path: str) -> None:
    try:
        os.fsencode(path).decode()
    except UnicodeDecodeError:
        raise MRetrieveError("its name is not valid UTF-8 and cannot be stored; rename it") from None
