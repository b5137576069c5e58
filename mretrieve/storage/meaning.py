"""Whether files that have the right sums also make sense: an index may have been written by a stranger.

A file is not parsed further once something in it is wrong, so each check may rely on those before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import IndexStateError
from .checked_files import is_plain_array
from .layout import CLIPS_FILE, LIFTED, MOTIONS_FILE, POINTS, WINDOWS_FILE, shard_folder, vectors_file
from .manifest import Manifest
from .records import ShardRecord
from .shard import Shard, clips_schema
from .tables import numbers

#: Rounding of a norm that was computed in another order of adding.
_ROUNDING = 1e-5

#: Errors of looking at arrays and tables that are not of the expected form.
_NONSENSE = (IndexStateError, ValueError, TypeError, LookupError, OverflowError)


def shard_contradictions(index: Path, record: ShardRecord, manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Files of a shard that contradict the manifest or each other, and how."""
    shard = Shard(index, record)
    for name, check in ((CLIPS_FILE, _wrong_clips), (WINDOWS_FILE, _wrong_windows), (MOTIONS_FILE, _wrong_motions)):
        try:
            what = check(shard)
        except _NONSENSE as error:
            what = f"cannot be understood ({str(error).splitlines()[0]})"
        if what:
            yield name, what
            return
    for encoder in manifest.encoders:
        try:
            vectors = shard.rows_of(encoder.name, encoder.dimension).vectors
        except (*_NONSENSE, KeyError) as error:
            yield vectors_file(encoder.name), str(error)
            continue
        with np.errstate(invalid="ignore", over="ignore"):
            norm = np.sqrt((vectors.astype(np.float64) ** 2).sum(axis=1).max(initial=0.0))
        if not norm <= record.largest_norms[encoder.name] * (1 + _ROUNDING):
            yield vectors_file(encoder.name), "has vectors that are not finite, or longer than the manifest says"


def version_contradictions(index: Path, manifest: Manifest) -> Iterator[str]:
    """Contradictions between the shards of a version."""
    ids = [record.id for record in manifest.shards]
    if len(set(ids)) < len(ids):
        yield "names a shard twice"
        return
    seen: set[str] = set()
    for record in manifest.shards:
        try:
            clips = set(Shard(index, record).clips["clip"].to_pylist()) - set(manifest.removed.get(record.id, ()))
        except _NONSENSE:
            continue  # reported for the shard
        if twice := seen & clips:
            yield f"has the clip {min(twice)!r} in two shards"
        seen |= clips


def _wrong_clips(shard: Shard) -> str:
    clips, record = shard.clips, shard.record
    if clips.schema.remove_metadata() != clips_schema():
        return "has other columns than the clips of an index"
    if len(clips) != record.clip_count or not len(clips):
        return f"has {len(clips)} rows, but the manifest says {record.clip_count}"
    ids = clips["clip"].to_pylist()
    if any(column.null_count for column in clips.columns) or ids != sorted(set(ids)):
        return "has clips without a value, in the wrong order, or twice"
    if unsafe := next((path for path in clips["path"].to_pylist() if not is_inside(path)), None):
        return f"has a clip outside of the indexed folder: {unsafe!r}"
    named = zip(ids, clips["path"].to_pylist(), clips["body"].to_pylist(), strict=True)
    if other := next((clip for clip, path, body in named if clip not in (path, f"{path}#{body}")), None):
        return f"has a clip that is not named by its file: {other!r}"
    frames = numbers(clips["frame_count"])
    if frames.min() < 1 or int(frames.sum()) != record.frame_count:
        return f"has clips of {int(frames.sum())} frames, but the manifest says {record.frame_count}"
    for name in ("fps", "metres_per_unit", "rig_confidence", "start_s"):
        if not np.isfinite(numbers(clips[name])).all() or (name == "fps" and numbers(clips[name]).min() <= 0):
            return f"has values of {name} that are not numbers"
    if min(numbers(clips["size_bytes"]).min(), numbers(clips["source_frame_count"]).min()) < 0:
        return "has clips of a negative size"
    return ""


def is_inside(path: str) -> bool:
    """Whether a path of an index stays in its folder."""
    parts = path.replace("\\", "/").split("/")
    return bool(path) and "\0" not in path and parts[0] != "" and ".." not in parts and parts[0][1:2] != ":"


def _wrong_windows(shard: Shard) -> str:
    record = shard.record
    clip, start, end = shard.windows
    if len(clip) != record.window_count:
        return f"has {len(clip)} rows, but the manifest says {record.window_count}"
    if any(column.dtype != np.int32 for column in (clip, start, end)):
        return "has columns of other types"
    if clip.min() < 0 or clip.max() >= record.clip_count:
        return "has windows of clips that the shard does not have"
    frames = np.diff(shard.first_frames)
    if start.min() < 0 or (start >= end).any() or (end > frames[clip]).any():
        return "has windows outside of their clips"
    whole = np.unique(clip, return_index=True)
    if len(whole[0]) != record.clip_count or start[whole[1]].any() or (end[whole[1]] != frames).any():
        return "lacks the window of a whole clip"
    return ""


def _wrong_motions(shard: Shard) -> str:
    import h5py

    record = shard.record
    path = shard_folder(shard.index, record.id) / MOTIONS_FILE
    try:
        with h5py.File(path, "r") as file:
            return _wrong_arrays(file, shard)
    except (OSError, RuntimeError, KeyError) as error:
        return f"cannot be read as HDF5 ({str(error).splitlines()[0]})"


def _wrong_arrays(file: Any, shard: Shard) -> str:
    record = shard.record
    shape = (record.frame_count, record.joint_count)
    expected = {
        "positions": ((*shape, 3), "<f4", record.positions_offset),
        "observed": (shape, "|b1", record.observed_offset),
    }
    lifted = [name for name in (LIFTED, POINTS) if name in file]
    if set(file.keys()) - {*expected, *lifted}:
        return "has parts that motions do not have"
    for name in (*expected, *lifted):
        if not is_plain_array(file, name):
            return f"{name} is not a plain array in the file"
        if name in expected:
            stored = file[name]
            wanted, kind, offset = expected[name]
            if stored.shape != wanted or stored.dtype != np.dtype(kind) or stored.id.get_offset() != offset:
                return f"{name} is not where the manifest says"
    _, observed = shard.frames(0, record.frame_count)  # IndexStateError: positions are not finite
    if observed.view(np.uint8).max() > 1:
        return "has joints that are neither observed nor not"
    if lifted:
        rows = file[LIFTED][:] if len(lifted) == 2 else np.zeros(0, np.int32)
        known = len(rows) and rows.min() >= 0 and rows.max() < record.clip_count and (np.diff(rows) > 0).all()
        frames = int(np.diff(shard.first_frames)[rows].sum()) if known else -1
        if file[lifted[-1]].shape != (frames, record.joint_count, 2):
            return "has points that belong to no clip"
        if not all(np.isfinite(points).all() for points in map(shard.points, rows.tolist()) if points is not None):
            return "has points that are not finite numbers"
    return ""
