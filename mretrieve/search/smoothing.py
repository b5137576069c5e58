"""Label-free smoothing: each clip, and the query, is moved towards its nearest neighbours in the gallery.

This is query and gallery expansion with weights that fall to zero at the gallery's mean distance. It draws renditions
of one action together and pays off from some hundred clips on. In a library of few clips, or mostly of one action, the
neighbours of a clip are unrelated and it does harm; so it is an option of the index.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..encoders import WindowEncoder
from ..encoders.encoder import ViewEncoder
from ..storage.layout import WHOLE
from ..storage.rows import VectorBlock
from ..storage.snapshot import Snapshot
from ..vectors import Ranking, RowFilter, VectorIndex
from ..vectors.flat import best_rows

NEIGHBOURS = 5
_CHUNK_DISTANCES = 1 << 24  # distances computed at a time: 64 MiB


class SmoothedIndex:
    """An index whose whole-clip vectors are blended with their nearest; windows stay as they are.

    Several spaces, and the encoder that fuses them, count as one space whose vectors lie side by side.
    """

    def __init__(self, snapshot: Snapshot, spaces: Sequence[str], encoder: WindowEncoder, windows: VectorIndex) -> None:
        self.kind = windows.kind
        self._encoder = encoder
        self._windows = windows
        blocks = snapshot.vector_blocks(spaces, WHOLE)  # without shards that are known to be damaged
        self._clips = np.sort(np.concatenate([np.zeros(0, np.int64), *(block.rows for block in blocks)]))
        self._gallery = np.empty((len(self._clips), snapshot.dimension(spaces)), np.float32)
        for block in blocks:
            self._gallery[np.searchsorted(self._clips, block.rows)] = block.numbers()
        self._clip_count = snapshot.rows.clip_count
        self._blended_gallery = blended(encoder, self._gallery, self._gallery, own=np.arange(len(self._gallery)))
        norms = np.linalg.norm(self._blended_gallery.astype(np.float64), axis=1)
        self._largest_norm = float(norms.max(initial=0.0))

    def search(self, queries: NDArray[np.float32], k: int, rows: RowFilter) -> Ranking:
        """See VectorIndex."""
        if rows.length != WHOLE:
            return self._windows.search(queries, k, rows)
        block = VectorBlock((self._blended_gallery,), None, self._clips, (self._largest_norm,))
        allowed = rows.allowed_clips(self._clip_count)
        return best_rows(queries, [block if allowed is None else block.subset(allowed[self._clips])], k)

    def query(self, encoded: NDArray[np.float32], without_clips: tuple[int, ...]) -> NDArray[np.float32]:
        """Encoded queries (Q, D) blended with their nearest in the gallery, some clips (the query's own) left out."""
        gallery = self._gallery
        if without_clips:
            gallery = gallery[~np.isin(self._clips, without_clips)]
        return blended(self._encoder, encoded, gallery)


def blended(
    encoder: WindowEncoder | ViewEncoder,
    vectors: NDArray[np.float32],
    gallery: NDArray[np.float32],
    own: NDArray[np.intp] | None = None,
) -> NDArray[np.float32]:
    """`vectors` (M, D) blended with their neighbours in `gallery` (G, D); `own` (M,) are their own rows there."""
    count = min(NEIGHBOURS, len(gallery) - (own is not None))
    if count < 1:
        return vectors
    result = np.empty_like(vectors)
    chunk = max(1, _CHUNK_DISTANCES // len(gallery))
    for start in range(0, len(vectors), chunk):
        part = vectors[start : start + chunk]
        distances = encoder.as_queries(part) @ gallery.T
        np.maximum(np.negative(distances, out=distances), 0.0, out=distances)
        typical = distances.mean(axis=1, keepdims=True)
        if own is not None:
            distances[np.arange(len(part)), own[start : start + chunk]] = np.inf
        nearest = np.stack([_smallest(row, count) for row in distances])
        near = np.take_along_axis(distances, nearest, axis=1)
        weights = np.maximum(0.0, 1.0 - near / np.maximum(typical, 1e-12)) ** 3
        members = np.concatenate([part[:, None], gallery[nearest]], axis=1)
        weights = np.concatenate([np.ones((len(part), 1)), weights], axis=1)
        result[start : start + chunk] = encoder.blend(members, weights)
    return result


def _smallest(values: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """Positions of the `count` smallest values, ascending; of equal values the first. Cheaper than sorting all."""
    limit = np.partition(values, count - 1)[count - 1]
    candidates = np.flatnonzero(values <= limit)
    return candidates[np.argsort(values[candidates], kind="stable")[:count]]
