"""Indexes as mretrieve 0.1.0 wrote them: layout 3, or 1 with one encoder and windows of one length. Frozen."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mretrieve.storage.records import EncoderRecord
from mretrieve.storage.shard import ShardClip

_TEXT = ("clip", "path", "body", "content_hash", "rig")
_WHOLE = ("size_bytes", "mtime_ns", "source_frame_count", "frame_count")
_REAL = ("rig_confidence", "fps", "start_s", "metres_per_unit")
_ORDER = (
    *("clip", "path", "body", "content_hash", "size_bytes", "mtime_ns", "rig", "rig_confidence", "fps"),
    *("source_frame_count", "start_s", "metres_per_unit", "notes", "frame_count"),
)


def write_older_index(
    index: Path,
    shards: Sequence[Sequence[ShardClip]],
    *,
    repository: Path,
    encoders: Sequence[EncoderRecord],
    lengths_s: Sequence[float] = (0.2,),
    hop_share: float = 0.5,
    smooth: bool = False,
    labels: pa.Table | None = None,
    removed: Sequence[str] = (),
    schema: int = 3,
) -> None:
    """Write version 1 of an index.

    Args:
        index: its folder, which is made.
        shards: the clips of each shard.
        repository: the indexed folder.
        encoders: of the spaces; all come with mretrieve.
        lengths_s, hop_share: how takes were cut.
        smooth: whether queries are smoothed.
        labels: `path` and one column for each kind of label.
        removed: ids of clips that the version does not have.
        schema: 1 or 3.
    """
    records = [_write_shard(index / "shards", sorted(clips, key=lambda clip: clip.clip)) for clips in shards]
    named = [sorted({clip.clip for clip in clips} & set(removed)) for clips in shards]
    spaces = [
        {"name": each.name, "fingerprint": each.fingerprint, "dimension": each.dimension, "weight": each.weight}
        for each in encoders
    ]
    windows: dict[str, object] = {"lengths_s": list(lengths_s), "hop_share": hop_share}
    if schema == 1:
        windows = {"length_s": lengths_s[0], "hop_s": hop_share * lengths_s[0]}
        spaces = [{key: space[key] for key in ("name", "fingerprint", "dimension")} for space in spaces]
    else:
        spaces = [{**space, "file": None} for space in spaces]
    manifest = {
        "schema": schema,
        "version": 1,
        "writer": "mretrieve 0.1.0",
        "committed_at": "2026-01-01T00:00:00+00:00",
        "repository": str(repository),
        "repository_from_index": os.path.relpath(repository, index),
        "encoders": spaces,
        "windows": windows,
        "smooth": smooth,
        "labels": None if labels is None else _write_labels(index / "labels", labels),
        "shards": records,
        "removed": {record["id"]: clips for record, clips in zip(records, named, strict=True) if clips},
    }
    text = json.dumps(manifest, indent=1) + "\n"
    (index / "manifests").mkdir()
    seal = hashlib.sha256(text.encode()).hexdigest()
    (index / "manifests" / "00000001.json").write_text(f'{{\n "checksum": "{seal}",{text[1:]}')
    (index / "lock").touch()


def _write_shard(folder: Path, clips: Sequence[ShardClip]) -> dict[str, object]:
    """Rows of windows and vectors by clip: the whole clip, then its windows."""
    made = folder / "made"
    made.mkdir(parents=True)
    columns = {name: [getattr(clip, name) for clip in clips] for name in _ORDER[:-1]}
    columns["frame_count"] = [len(clip.positions) for clip in clips]
    kinds = {**dict.fromkeys(_TEXT, pa.string()), **dict.fromkeys(_WHOLE, pa.int64())}
    kinds |= {**dict.fromkeys(_REAL, pa.float64()), "notes": pa.list_(pa.string())}
    schema = pa.schema([(name, kinds[name]) for name in _ORDER])
    pq.write_table(pa.table(columns, schema=schema), made / "clips.parquet", compression="zstd")
    windows = np.concatenate([clip.windows for clip in clips])
    rows = np.repeat(np.arange(len(clips), dtype=np.int32), [len(clip.windows) for clip in clips])
    table = pa.table({"clip": rows, "start_frame": windows[:, 0], "end_frame": windows[:, 1]})
    pq.write_table(table, made / "windows.parquet", compression="zstd")
    with h5py.File(made / "motions.h5", "w", alignment_threshold=0, alignment_interval=64) as file:
        positions = file.create_dataset("positions", data=np.concatenate([clip.positions for clip in clips]))
        observed = file.create_dataset("observed", data=np.concatenate([clip.observed for clip in clips]))
        file.flush()
        offsets = {"positions_offset": positions.id.get_offset(), "observed_offset": observed.id.get_offset()}
        frames, joints = observed.shape
    norms = {}
    for space in clips[0].vectors:
        vectors = np.concatenate([clip.vectors[space] for clip in clips])
        norms[space] = float(np.sqrt((vectors.astype(np.float64) ** 2).sum(axis=1).max()))
        described = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {vectors.shape}, }}".encode()
        header = b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + described.ljust(117) + b"\n"
        (made / f"{space}.npy").write_bytes(header + vectors.tobytes())
    content = {path.name: path.read_bytes() for path in sorted(made.iterdir())}
    checksums = {name: hashlib.sha256(data).hexdigest() for name, data in content.items()}
    shard_id = hashlib.sha256(repr(sorted(checksums.items())).encode()).hexdigest()[:32]
    made.rename(folder / shard_id)
    return {
        "id": shard_id,
        "clip_count": len(clips),
        "window_count": len(windows),
        "frame_count": frames,
        "joint_count": joints,
        **offsets,
        "largest_norms": norms,
        "checksums": checksums,
        "sizes": {name: len(data) for name, data in content.items()},
    }


def _write_labels(folder: Path, labels: pa.Table) -> dict[str, object]:
    folder.mkdir()
    pq.write_table(labels.sort_by("path"), folder / "made", compression="zstd")
    content = (folder / "made").read_bytes()
    checksum = hashlib.sha256(content).hexdigest()
    (folder / "made").rename(folder / f"{checksum[:32]}.parquet")
    return {"id": checksum[:32], "checksum": checksum, "size": len(content)}
