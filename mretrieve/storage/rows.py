"""The rows of a version: which clips and windows of its shards are live, and the one order they have for a reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .shard import Shard


@dataclass(frozen=True, eq=False)
class Rows:
    """Live clips by id, and live windows by clip, then as in the shard (the whole clip first)."""

    clips: tuple[str, ...]  # C ids
    clip_shard: NDArray[np.int32]  # (C,) which shard holds the clip
    clip_local: NDArray[np.int32]  # (C,) its row there
    window_clip: NDArray[np.int32]  # (N,) row of the clip
    window_start: NDArray[np.int32]  # (N,) first frame
    window_end: NDArray[np.int32]  # (N,) frame after the last
    local_windows: tuple[NDArray[np.int64], ...]  # for each shard, its live windows, ascending (n,)
    window_rows: tuple[NDArray[np.int64], ...]  # for each shard, their rows here (n,)


def live_rows(shards: Sequence[Shard], removed: Mapping[str, Sequence[str]]) -> Rows:
    """Lay out the rows of some shards, less the removed clips (shard id -> clip ids)."""
    live: list[tuple[str, int, int]] = []
    for number, shard in enumerate(shards):
        gone = set(removed.get(shard.record.id, ()))
        ids = shard.clips["clip"].to_pylist()
        live += [(clip, number, local) for local, clip in enumerate(ids) if clip not in gone]
    live.sort()
    clip_shard = np.array([number for _, number, _ in live], np.int32)
    clip_local = np.array([local for _, _, local in live], np.int32)

    columns: list[list[NDArray[np.int32]]] = [[np.zeros(0, np.int32)], [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]]
    local_windows = []
    for number, shard in enumerate(shards):
        here = clip_shard == number
        row_of_local = np.full(shard.record.clip_count, -1, np.int32)
        row_of_local[clip_local[here]] = np.flatnonzero(here)
        clip, start, end = shard.windows
        rows = row_of_local[clip]
        kept = np.flatnonzero(rows >= 0)
        local_windows.append(kept)
        for column, values in zip(columns, (rows, start, end), strict=True):
            column.append(values[kept])
    window_clip, window_start, window_end = map(np.concatenate, columns)
    order = np.argsort(window_clip, kind="stable")  # a clip's windows lie in one shard, in order
    row_of = np.empty(len(order), np.int64)
    row_of[order] = np.arange(len(order))
    bounds = np.cumsum([len(kept) for kept in local_windows])
    return Rows(
        clips=tuple(clip for clip, _, _ in live),
        clip_shard=clip_shard,
        clip_local=clip_local,
        window_clip=window_clip[order],
        window_start=window_start[order],
        window_end=window_end[order],
        local_windows=tuple(local_windows),
        window_rows=tuple(np.split(row_of, bounds[:-1])) if shards else (),
    )
