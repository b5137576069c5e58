"""Small indexes of made-up clips, and what they must answer, computed the plain way."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mretrieve.motion import CANONICAL_FPS
from mretrieve.storage.checked_files import write_weights
from mretrieve.storage.commits import WriterLock, commit
from mretrieve.storage.layout import WHOLE, versions
from mretrieve.storage.records import EncoderRecord, WindowSettings
from mretrieve.storage.rows import Rows
from mretrieve.storage.shard import ShardClip
from mretrieve.storage.shard_writer import write_shard
from mretrieve.storage.snapshot import Snapshot
from mretrieve.vectors import FlatIndex, RowFilter

SPACE = "pose-statistics"
DIMENSION = 8
ENCODER = EncoderRecord(SPACE, "0123abcd", DIMENSION)
WINDOWS = WindowSettings(lengths_s=(0.2,), hop_share=0.5)
WINDOW_FRAMES = 5


def made_clip(clip: str, seed: int = 0, frames: int = 10, windows: int = 3) -> ShardClip:
    """A clip whose numbers depend on its id and a seed; vectors are small whole numbers, so that products often tie."""
    chance = np.random.default_rng(list(hashlib.sha256(f"{clip}/{seed}".encode()).digest()))
    bounds = [(0, frames)] + [
        (start, start + WINDOW_FRAMES) for start in np.arange(windows - 1) % (frames - WINDOW_FRAMES)
    ]
    return ShardClip(
        clip=clip,
        path=clip.partition("#")[0],
        body=clip.partition("#")[2],
        content_hash=hashlib.sha256(bytes([seed])).hexdigest(),
        size_bytes=1000 + seed,
        mtime_ns=10**18 + seed,
        rig="CMU",
        rig_confidence=0.9,
        fps=29.97,
        source_frame_count=4 * frames,
        start_s=0.25,
        metres_per_unit=0.0254,
        notes=("a rest pose at the start was dropped",) if seed % 2 else (),
        positions=chance.standard_normal((frames, 22, 3)).astype(np.float32),
        observed=chance.random((frames, 22)) < 0.9,
        windows=np.array(bounds, np.int32),
        vectors={SPACE: chance.integers(-2, 3, (windows, DIMENSION)).astype(np.float32)},
    )


def made_clips(*names: str, seed: int = 0) -> list[ShardClip]:
    return [made_clip(name, seed) for name in names]


def made_labels(**labels: str) -> pa.Table:
    """Labels of files: `walk_bvh="walk"` labels `walk.bvh`."""
    paths = [name.replace("_", ".") for name in labels]
    return pa.table({"path": pa.array(paths, pa.string()), "label": pa.array(list(labels.values()), pa.string())})


def store(
    index: Path,
    clips: Sequence[ShardClip] = (),
    *,
    remove: Collection[str] = (),
    labels: pa.Table | None = None,
    smooth: bool | None = None,
    folders: Mapping[str, Path] | None = None,
    encoders: Sequence[EncoderRecord] = (ENCODER,),
    weights: Mapping[str, bytes] | None = None,
) -> Snapshot:
    """Make the next version of an index from what the newest one has; `weights` are files of encoders by name."""
    with WriterLock(index):
        base = Snapshot.open(index) if versions(index) else None
        commit(
            index,
            base,
            folders=folders or {"": index.parent},
            fps=CANONICAL_FPS,
            encoders=[_with_file(index, one, (weights or {}).get(one.name)) for one in encoders],
            windows=WINDOWS,
            add=[write_shard(index, clips)] if clips else [],
            remove=remove,
            labels=labels,
            smooth=smooth,
        )
    return Snapshot.open(index)


def _with_file(index: Path, encoder: EncoderRecord, content: bytes | None) -> EncoderRecord:
    return encoder if content is None else replace(encoder, file=write_weights(index, content))


def search(
    snapshot: Snapshot,
    queries: NDArray[np.float32],
    k: int,
    clips: NDArray[np.bool_] | None = None,
    *,
    spaces: Sequence[str] = (SPACE,),
    length: int = WINDOW_FRAMES,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Products and rows of the exact search."""
    ranking = FlatIndex(snapshot, spaces).search(queries, k, RowFilter(length, clips))
    return ranking.products, ranking.rows


def row_mask(rows: Rows, filters: Sequence[RowFilter]) -> NDArray[np.bool_]:
    """The rows (N,) that any of some filters leaves."""
    mask = np.zeros(len(rows.window_clip), bool)
    for each in filters:
        part = rows.of_length(each.length)
        allowed = each.allowed_clips(rows.clip_count)
        mask[part] |= True if allowed is None else allowed[rows.window_clip[part]]
    return mask


def by_length(arrays: Sequence[NDArray[np.generic]], clips: Sequence[ShardClip]) -> NDArray[np.generic]:
    """What is given for the windows of each clip, in the order of a snapshot's rows."""
    lengths = np.concatenate([[WHOLE, *np.diff(clip.windows[1:])[:, 0]] for clip in clips])
    return np.concatenate(arrays)[np.argsort(lengths, kind="stable")]


def expected_search(
    vectors: NDArray[np.float32], queries: NDArray[np.float32], k: int, allowed: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The k best rows of each query by sorting all products; equal products by ascending row."""
    rows = np.flatnonzero(allowed)
    products, best = [], []
    for query in queries.astype(np.float64):
        own = (vectors[rows] * query).sum(axis=1).astype(np.float32)
        order = np.lexsort((rows, -own))[:k]
        products.append(own[order])
        best.append(rows[order])
    return np.array(products), np.array(best)


def assert_holds(snapshot: Snapshot, clips: Sequence[ShardClip], labels: dict[str, str] | None = None) -> None:
    """A snapshot has these clips, all of each, and nothing else, and answers as they demand."""
    ordered = sorted(clips, key=lambda clip: clip.clip)
    table = snapshot.clips
    assert table["clip"].to_pylist() == [clip.clip for clip in ordered]
    assert table["content_hash"].to_pylist() == [clip.content_hash for clip in ordered]
    if labels is not None:
        assert table["label"].to_pylist() == [labels.get(clip.path) for clip in ordered]
    for row, clip in enumerate(ordered):
        assert snapshot.clip_row(clip.clip) == row
        positions, observed = snapshot.motion(row)
        np.testing.assert_array_equal(positions, clip.positions)
        np.testing.assert_array_equal(observed, clip.observed)
    if not ordered:
        assert len(snapshot.rows.window_clip) == 0
        for length in (WHOLE, WINDOW_FRAMES):
            assert search(snapshot, np.ones((1, DIMENSION), np.float32), 5, length=length)[1].shape == (1, 0)
        return
    owners = [np.full(len(clip.windows), row) for row, clip in enumerate(ordered)]
    np.testing.assert_array_equal(snapshot.rows.window_clip, by_length(owners, ordered))
    windows = by_length([clip.windows for clip in ordered], ordered)
    np.testing.assert_array_equal(np.stack([snapshot.rows.window_start, snapshot.rows.window_end], axis=1), windows)
    vectors = by_length([clip.vectors[SPACE] for clip in ordered], ordered)
    np.testing.assert_array_equal(snapshot.vectors(SPACE), vectors)
    for length in (WHOLE, WINDOW_FRAMES):
        products, rows = search(snapshot, vectors[:2], 7, length=length)
        expected = expected_search(vectors, vectors[:2], 7, row_mask(snapshot.rows, [RowFilter(length)]))
        np.testing.assert_array_equal(products, expected[0])
        np.testing.assert_array_equal(rows, expected[1])
