"""Clips as an index stores them, and indexes of them, made without files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from mretrieve import Clip
from mretrieve.encoders import DEFAULT_ENCODER, PART_ENCODER, WindowEncoder, load_encoder
from mretrieve.indexer.ingest import DEFAULT_WINDOWS, cut_windows
from mretrieve.indexer.settings import Space
from mretrieve.indexer.vector_indexes import update_vector_indexes
from mretrieve.motion import CANONICAL_FPS
from mretrieve.storage.commits import WriterLock, commit
from mretrieve.storage.records import EncoderRecord, VectorSearchSettings
from mretrieve.storage.shard import ShardClip
from mretrieve.storage.shard_writer import write_shard
from mretrieve.storage.snapshot import Snapshot

SPACES = (DEFAULT_ENCODER, PART_ENCODER)


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


def write_library(index: Path, clips: Iterable[ShardClip], shard_clips: int, vector_indexes: bool) -> None:
    """An index of clips with the vectors of SPACES, in shards of so many clips.

    Args:
        index: folder of the index.
        clips: what `stored_clip` makes with the encoders of SPACES.
        shard_clips: clips in a shard.
        vector_indexes: make those that `mretrieve index` makes.
    """
    records = [
        EncoderRecord(one.name, one.fingerprint, one.dimension, weight=float(one.name == DEFAULT_ENCODER))
        for one in map(load_encoder, SPACES)
    ]
    index.mkdir(parents=True)
    with WriterLock(index):
        left, shards = iter(clips), []
        while some := list(islice(left, shard_clips)):
            shards.append(write_shard(index, some))
        commit(
            index,
            None,
            folders={"": index.parent},
            fps=CANONICAL_FPS,
            encoders=records,
            windows=DEFAULT_WINDOWS,
            add=shards,
        )
        if vector_indexes:
            spaces = [Space(record, record.name) for record in records]
            update_vector_indexes(Snapshot.open(index), spaces, VectorSearchSettings(), "mretrieve index")
