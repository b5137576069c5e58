"""Stored maps of the clips of a version, which follow from its vectors: a lost or damaged one is computed again.

A file is named by the hash of what it is computed from, so that readers find it although no manifest names it.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .files import discard, make_folder, publish_file, read_ordinary_file
from .layout import map_file
from .manifest import Manifest

#: Methods of projection, the better ones first.
METHODS = ("umap", "tsne", "pca")
#: Grows when maps are computed in another way.
_REVISION = 2
#: The SHA-256 behind an array; programs that read the array do not look at it.
_SEAL_BYTES = 32


def map_id(manifest: Manifest, space: str, method: str) -> str:
    """Name of the map of a version by the vectors of one space. StopIteration: it has no such space."""
    encoder = next(record for record in manifest.encoders if record.name == space)
    shards = sorted((shard.id, sorted(manifest.removed.get(shard.id, ()))) for shard in manifest.shards)
    described = json.dumps([_REVISION, method, encoder.fingerprint, shards])
    return hashlib.sha256(described.encode()).hexdigest()[:32]


def map_ids(manifest: Manifest) -> Iterator[str]:
    """Names of all maps that a version may have."""
    return (map_id(manifest, encoder.name, method) for encoder in manifest.encoders for method in METHODS)


def read_map(index: Path, map_id: str, clip_count: int) -> NDArray[np.float32] | None:
    """Points (N, 2) of the clips of a version, in the order of its clips; None if there is no sound file."""
    try:
        content = read_ordinary_file(map_file(index, map_id))
        if not is_sealed_map(content):
            return None
        points = np.load(io.BytesIO(content), allow_pickle=False)
    except (OSError, ValueError):
        return None
    sound = points.shape == (clip_count, 2) and points.dtype == np.float32 and np.isfinite(points).all()
    return points if sound else None


def is_sealed_map(content: bytes) -> bool:
    """Whether the content of a file ends with the SHA-256 of what is before."""
    return hashlib.sha256(content[:-_SEAL_BYTES]).digest() == content[-_SEAL_BYTES:]


def write_map(index: Path, map_id: str, points: NDArray[np.float32]) -> None:
    """Store points (N, 2) float32; nothing happens if the index cannot be written, as on a disk that is only read."""
    content = io.BytesIO()
    np.save(content, points)
    content.write(hashlib.sha256(content.getvalue()).digest())
    path = map_file(index, map_id)
    with suppress(OSError):
        make_folder(path.parent)
        discard(path)  # a damaged one
        publish_file(path, [content.getvalue()])
