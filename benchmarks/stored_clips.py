"""Clips as an index stores them, made without files."""

from __future__ import annotations

from collections.abc import Sequence

from mretrieve import Clip
from mretrieve.encoders import WindowEncoder
from mretrieve.indexer.ingest import DEFAULT_WINDOWS, cut_windows
from mretrieve.motion import CANONICAL_FPS
from mretrieve.storage.shard import ShardClip


def stored_clip(name: str, clip: Clip, encoders: Sequence[WindowEncoder], content_hash: str = "") -> ShardClip:
    """A clip of that name, with the vectors of its windows."""
    windows = cut_windows(clip.frame_count, DEFAULT_WINDOWS)
    return ShardClip(
        clip=name,
        path=name,
        body="",
        content_hash=content_hash,
        size_bytes=0,
        mtime_ns=0,
        rig="canonical",
        rig_confidence=1.0,
        fps=CANONICAL_FPS,
        source_frame_count=clip.frame_count,
        start_s=clip.start_s,
        metres_per_unit=1.0,
        notes=(),
        positions=clip.positions,
        observed=clip.observed,
        windows=windows,
        vectors={encoder.name: encoder.encode_windows(clip, windows) for encoder in encoders},
    )
