"""Lay out the rows of a version from the tables of its shards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .rows import Rows
from .shard import Shard


def live_rows(shards: Sequence[Shard], removed: Mapping[str, Sequence[str]]) -> Rows:
    """Lay out the rows of some shards, less the removed clips (shard id -> clip ids).

    A shard whose tables are damaged has no rows.
    """
    clips, clip_shard, clip_local = _live_clips(shards, removed)
    clip_first = np.empty(len(clips), np.int64)
    windows = []
    cuts = np.cumsum(np.bincount(clip_shard, minlength=len(shards)))[:-1]
    for shard, own in zip(shards, np.split(np.argsort(clip_shard, kind="stable"), cuts), strict=False):
        if not shard.is_readable:
            windows.append(_NO_WINDOWS)
            continue
        clip_first[own] = shard.first_frames[clip_local[own]]
        row_of_local = np.full(shard.record.clip_count, -1, np.int32)
        row_of_local[clip_local[own]] = own
        windows.append(_live_windows(shard, row_of_local))
    lengths = np.unique(np.concatenate([np.zeros(0, np.int64), *(each.lengths for each in windows)]))
    # Rows ascend by this key; within a shard, so do windows.
    starts = [np.searchsorted(lengths, each.lengths) * len(clips) for each in windows]
    keys = [np.repeat(start, each.counts) + each.clips for start, each in zip(starts, windows, strict=True)]
    every_key = np.concatenate([np.zeros(0, np.int64), *keys])
    counts = np.bincount(every_key, minlength=len(lengths) * len(clips))
    before = np.cumsum(counts) - counts
    bounds = np.concatenate([[0], np.cumsum(counts.reshape(len(lengths), len(clips)).sum(axis=1))])
    window_rows = []
    spans = np.empty((2, bounds[-1]), np.int32)
    for shard, each, key in zip(shards, windows, keys, strict=True):
        firsts = np.flatnonzero(np.diff(key, prepend=-1))  # all windows of a key are in one shard
        rows = np.arange(len(key)) + np.repeat(before[key[firsts]] - firsts, np.diff(firsts, append=len(key)))
        for column, values in zip(spans, shard.windows[1:] if len(rows) else (), strict=False):
            column[rows] = values[each.positions]
        window_rows.append(rows)
    return Rows(
        clips=clips,
        clip_shard=clip_shard,
        clip_local=clip_local,
        clip_first=clip_first,
        lengths=lengths,
        bounds=bounds,
        window_clip=np.repeat(np.tile(np.arange(len(clips), dtype=np.int32), len(lengths)), counts),
        window_start=spans[0],
        window_end=spans[1],
        local_windows=tuple(each.positions for each in windows),
        window_rows=tuple(window_rows),
    )


def _live_clips(
    shards: Sequence[Shard], removed: Mapping[str, Sequence[str]]
) -> tuple[tuple[str, ...], NDArray[np.int32], NDArray[np.int32]]:
    """Ids of the live clips, sorted, with their shards and their rows there: (C,) each."""
    live: list[tuple[str, int, int]] = []
    for number, shard in enumerate(shards):
        gone = set(removed.get(shard.record.id, ()))
        ids = shard.clips["clip"].to_pylist() if shard.is_readable else []
        live += [(clip, number, local) for local, clip in enumerate(ids) if clip not in gone]
    live.sort()
    ids, numbers, locals_ = zip(*live, strict=True) if live else ((), (), ())
    return ids, np.array(numbers, np.int32), np.array(locals_, np.int32)


@dataclass(frozen=True, eq=False)
class _LiveWindows:
    """The windows of a shard's live clips, by length, then by clip.

    Attributes:
        positions: (n,) in the shard.
        clips: (n,) rows of their clips.
        lengths: (L,) their lengths, ascending.
        counts: (L,) number of windows of each length.
    """

    positions: NDArray[np.int64]
    clips: NDArray[np.int32]
    lengths: NDArray[np.int32]
    counts: NDArray[np.int64]


def _live_windows(shard: Shard, row_of_local: NDArray[np.int32]) -> _LiveWindows:
    """`row_of_local` has the row of each of the shard's clips, -1 for those that are not live."""
    rows = row_of_local[shard.windows[0]]
    positions = np.flatnonzero(rows >= 0)
    lengths = shard.window_lengths[positions]
    if (np.diff(lengths) < 0).any():  # a shard of 0.1.0
        small = lengths.astype(np.min_scalar_type(lengths.max()))  # 8 or 16 bits are sorted by radix
        order = np.argsort(small, kind="stable")
        positions, lengths = positions[order], lengths[order]
    firsts = np.flatnonzero(np.diff(lengths, prepend=-1))
    return _LiveWindows(positions, rows[positions], lengths[firsts], np.diff(firsts, append=len(positions)))


_NOTHING = np.zeros(0, np.int32)
_NO_WINDOWS = _LiveWindows(_NOTHING.astype(np.int64), _NOTHING, _NOTHING, _NOTHING.astype(np.int64))
