"""Write clips as an immutable shard: tables (Parquet), motions (HDF5), vectors (.npy)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .block_sums import block_sums
from .checked_files import npy_header, sha256_of_file
from .files import (
    Bytes,
    discard,
    is_link,
    make_folder,
    move_aside,
    os_errors_as_index_errors,
    publish_folder,
    replace_files,
    sync_folder,
    temporary_name,
    write_file,
)
from .layout import (
    BLOCKS_FILE,
    CLIPS_FILE,
    LIFTED,
    MOTIONS_FILE,
    POINTS,
    WHOLE,
    WINDOWS_FILE,
    shard_folder,
    vectors_file,
)
from .records import ShardRecord
from .shard import CLIP_COLUMNS, ShardClip, clips_schema
from .tables import parquet


def write_shard(index: Path, clips: Sequence[ShardClip]) -> ShardRecord:
    """Write clips as a shard, complete and synced when this returns. A commit makes it part of a version.

    The same clips in any order give the same bytes and the same shard. The caller holds the WriterLock.

    Args:
        index: the folder of the index.
        clips: at least one; all of the same joints and spaces.

    Raises:
        IndexStateError: the disk is full, or the index cannot be written. The index stays as it was.
        ValueError: there are no clips, two of one name, or they do not agree in joints and spaces.
    """
    ordered = sorted(clips, key=lambda clip: clip.clip)
    _check_agreement(ordered)
    motions, positions_offset, observed_offset = _motions(ordered)
    by_length = np.argsort(_lengths(ordered), kind="stable")
    spaces = {space: _stacked(ordered, space)[by_length] for space in sorted(ordered[0].vectors)}
    contents: dict[str, list[Bytes]] = {
        CLIPS_FILE: [_clip_rows(ordered)],
        WINDOWS_FILE: [_window_rows(ordered, by_length)],
        MOTIONS_FILE: [motions],
        **{vectors_file(space): [npy_header(*vectors.shape), vectors.data] for space, vectors in spaces.items()},
    }
    mapped = sorted([MOTIONS_FILE, *map(vectors_file, spaces)])
    contents[BLOCKS_FILE] = [block_sums(contents[name]).astype("<u8").tobytes() for name in mapped]
    checksums = {name: _sha256(parts) for name, parts in contents.items()}
    record = ShardRecord(
        id=hashlib.sha256(repr(sorted(checksums.items())).encode()).hexdigest()[:32],
        clip_count=len(ordered),
        window_count=sum(len(clip.windows) for clip in ordered),
        frame_count=sum(len(clip.positions) for clip in ordered),
        joint_count=ordered[0].positions.shape[1],
        positions_offset=positions_offset,
        observed_offset=observed_offset,
        largest_norms={space: _largest_norm(vectors) for space, vectors in spaces.items()},
        checksums=checksums,
        sizes={name: sum(memoryview(part).nbytes for part in parts) for name, parts in contents.items()},
    )
    folder = shard_folder(index, record.id)
    with os_errors_as_index_errors(folder):
        publish_shard(folder, record, contents)
    return record


def publish_shard(folder: Path, record: ShardRecord, contents: Mapping[str, Iterable[Bytes]]) -> None:
    """Write the files of a shard, each in parts, unless they are there. OSError: they cannot be written.

    The files of a damaged shard are replaced one by one: after a crash, what was sound of it is still there.
    """
    make_folder(folder.parent)
    if folder.exists():
        if _is_intact(folder, record):
            folder.touch()  # its time of grace before it may be collected starts again
            for path in (folder, folder.parent):  # the run that gave the names may have ended before this
                sync_folder(path)
            return
        if not _is_replaceable(folder, record):
            move_aside(folder)
    made = temporary_name(folder)
    try:
        make_folder(made)
        for name, parts in contents.items():
            write_file(made / name, parts)
        if folder.exists():
            replace_files(made, folder)
        else:
            publish_folder(made, folder)
    finally:
        for path in (*made.glob("*"), made):
            discard(path)


def _is_intact(folder: Path, record: ShardRecord) -> bool:
    """Whether a shard from an earlier, perhaps interrupted, run has exactly the bytes that would be written."""
    try:
        return {path.name for path in folder.iterdir()} == set(record.checksums) and all(
            sha256_of_file(folder / name) == checksum for name, checksum in record.checksums.items()
        )
    except OSError:
        return False


def _is_replaceable(folder: Path, record: ShardRecord) -> bool:
    """Whether a folder has only ordinary files of a shard, as far as it has any."""
    if is_link(folder) or not folder.is_dir():
        return False
    return all(path.name in record.checksums and path.is_file() and not is_link(path) for path in folder.iterdir())


def _check_agreement(clips: Sequence[ShardClip]) -> None:
    if not clips:
        raise ValueError("a shard needs at least one clip")
    for before, clip in pairwise(clips):
        if before.clip == clip.clip:
            raise ValueError(f"two clips are named {clip.clip!r}")
        if _shapes(before) != _shapes(clip):
            raise ValueError(
                f"{before.clip} has {_shapes(before)} and {clip.clip} has {_shapes(clip)}: one shard needs one"
            )


def _shapes(clip: ShardClip) -> dict[str, int]:
    """Number of joints, and of dimensions of each space."""
    return {"joints": clip.positions.shape[1], **{space: vectors.shape[1] for space, vectors in clip.vectors.items()}}


def _clip_rows(clips: Sequence[ShardClip]) -> memoryview:
    import pyarrow as pa

    columns: dict[str, Any] = {name: [getattr(clip, name) for clip in clips] for name in CLIP_COLUMNS}
    columns["frame_count"] = [len(clip.positions) for clip in clips]
    return parquet(pa.table(columns, schema=clips_schema()))


def _lengths(clips: Sequence[ShardClip]) -> NDArray[np.int32]:
    """The length of each window, WHOLE for whole clips."""
    return np.concatenate([[WHOLE, *np.diff(clip.windows[1:])[:, 0]] for clip in clips]).astype(np.int32)


def _window_rows(clips: Sequence[ShardClip], order: NDArray[np.intp]) -> memoryview:
    import pyarrow as pa

    windows = np.concatenate([np.asarray(clip.windows, np.int32) for clip in clips])[order]
    clip_rows = np.repeat(np.arange(len(clips), dtype=np.int32), [len(clip.windows) for clip in clips])[order]
    return parquet(pa.table({"clip": clip_rows, "start_frame": windows[:, 0], "end_frame": windows[:, 1]}))


def _motions(clips: Sequence[ShardClip]) -> tuple[bytes, int, int]:
    """The HDF5 file with the motions of all clips, one after the other, and where its two arrays begin."""
    import h5py

    # Without times, so that the same clips give the same bytes; in memory, so that all writing is in one place;
    # aligned, so that the arrays can be mapped.
    with h5py.File(
        "motions", "w", driver="core", backing_store=False, alignment_threshold=0, alignment_interval=64
    ) as file:
        positions = np.concatenate([np.asarray(clip.positions, "<f4") for clip in clips])
        observed = np.concatenate([np.asarray(clip.observed, bool) for clip in clips])
        arrays = [
            file.create_dataset(name, data=values, track_times=False)
            for name, values in (("positions", positions), ("observed", observed))
        ]
        views = {row: clip.points for row, clip in enumerate(clips) if clip.points is not None}
        if views:
            file.create_dataset(LIFTED, data=np.array(list(views), "<i4"), track_times=False)
            file.create_dataset(POINTS, data=np.concatenate(list(views.values()), dtype="<f4"), track_times=False)
        file.flush()
        offsets = [int(array.id.get_offset()) for array in arrays]
        return file.id.get_file_image(), offsets[0], offsets[1]


def _stacked(clips: Sequence[ShardClip], space: str) -> NDArray[np.float32]:
    return np.concatenate([np.asarray(clip.vectors[space], "<f4") for clip in clips])


def _largest_norm(vectors: NDArray[np.float32]) -> float:
    return float(np.sqrt((vectors.astype(np.float64) ** 2).sum(axis=1).max()))


def _sha256(parts: Sequence[Bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
