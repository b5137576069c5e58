"""Conditions on moments: on their clip, and on their label, which may be that of a span.

A moment has the label of a span if both share at least half of the shorter one (`labelled_spans.shares_half`). An event
without a duration must lie in the moment. A moment without a span has the label of its clip. Of a moment with several
spans, the condition must hold for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..labelled_spans import shares_half
from ..storage.rows import Rows
from ..storage.snapshot import Snapshot
from ..storage.spans import ClipSpans
from .columns import Table
from .matches import Match
from .where import matching_rows


@dataclass(frozen=True)
class _ClipsAndSpans:
    """The table of clips, and below it a row for each span: that of its clip, with the label of the span."""

    clips: Table
    spans: ClipSpans

    @property
    def column_names(self) -> Sequence[str]:
        return self.clips.column_names

    def column(self, name: str) -> Any:
        values = self.clips.column(name).to_pylist()
        return values + (list(self.spans.labels) if name == "label" else [values[row] for row in self.spans.clip_rows])


def clips_and_spans(snapshot: Snapshot) -> Table:
    """The table on which conditions are evaluated: the clips and, if the index has spans, a row for each of them."""
    return _ClipsAndSpans(snapshot.clips, snapshot.spans) if len(snapshot.spans) else snapshot.clips


@dataclass(frozen=True, eq=False)
class AllowedMoments:
    """The moments that meet a condition.

    Attributes:
        clips: (C,) clips of which some moment may.
        clip_meets: (C,) clips whose moments outside of spans do.
        span_meets: (S,) spans whose moments do.
        spans: S spans, of all clips.
        rows: of the index.
    """

    clips: NDArray[np.bool_]
    clip_meets: NDArray[np.bool_]
    span_meets: NDArray[np.bool_]
    spans: ClipSpans
    rows: Rows

    @classmethod
    def of(cls, snapshot: Snapshot, where: str) -> AllowedMoments:
        """The moments of an index that meet a condition. QueryError: as `matching_rows`."""
        spans, count = snapshot.spans, snapshot.rows.clip_count
        meets = matching_rows(where, clips_and_spans(snapshot))
        clip_meets, span_meets = meets[:count], meets[count:]
        clips = clip_meets.copy()
        clips[spans.clip_rows[span_meets]] = True
        return cls(clips, clip_meets, span_meets, spans, snapshot.rows)

    @property
    def divides(self) -> bool:
        """Whether some moments of a clip are allowed and others not."""
        return bool(self._divided.any())

    @cached_property
    def _divided(self) -> NDArray[np.bool_]:
        """(C,) clips of which some moments are allowed and others not."""
        divided = np.zeros(len(self.clips), bool)
        divided[self.spans.clip_rows[self.span_meets != self.clip_meets[self.spans.clip_rows]]] = True
        return divided

    def allows(self, clip_row: int, start_frame: float, end_frame: float) -> bool:
        """Whether a moment meets the condition: by any span whose label it has, or by its clip if by none."""
        if not self._divided[clip_row]:
            return bool(self.clips[clip_row])
        own = self.spans.of_clip(clip_row)
        held = shares_half(start_frame, end_frame, self.spans.starts[own], self.spans.ends[own])
        return bool(self.span_meets[own][held].any() if held.any() else self.clip_meets[clip_row])

    @cached_property
    def windows(self) -> NDArray[np.bool_]:
        """(N,) the windows of the index that may hold an allowed moment."""
        rows = self.rows
        allowed = self.clips[rows.window_clip]
        for row in np.flatnonzero(self._divided[rows.window_clip]).tolist():
            clip, start, end = (int(column[row]) for column in (rows.window_clip, rows.window_start, rows.window_end))
            allowed[row] = self.clip_meets[clip] or self.allows(clip, start, end)
        return allowed

    def undivided(self, clips: Sequence[Match]) -> tuple[list[Match], list[Match]]:
        """Those of some whole clips of which all moments are allowed or none, and the others."""
        divided = self._divided[[clip.clip_row for clip in clips]]
        sides: tuple[list[Match], list[Match]] = ([], [])
        for clip, is_divided in zip(clips, divided.tolist(), strict=True):
            sides[is_divided].append(clip)
        return sides

    def only(self, matches: Sequence[Match]) -> list[Match]:
        """The matches that meet the condition."""
        return [match for match in matches if self.allows(match.clip_row, match.start_frame, match.end_frame)]

    def regions(self, regions: Sequence[Match], query_frames: int) -> list[Match]:
        """Regions cut to the spans that meet the condition; around a span shorter than the query, to its length."""
        cut: list[Match] = []
        for region in regions:
            if not self._divided[region.clip_row] or self.clip_meets[region.clip_row]:
                cut.append(region)
                continue
            own = self.spans.of_clip(region.clip_row)
            meets = self.span_meets[own]
            starts, ends = self.spans.starts[own][meets], self.spans.ends[own][meets]
            margins = np.maximum(query_frames - (ends - starts), 0) / 2
            firsts = np.maximum(np.floor(starts - margins).astype(np.int64), region.start_frame)
            lasts = np.minimum(np.ceil(ends + margins).astype(np.int64), region.end_frame)
            cut += [
                replace(region, start_frame=first, end_frame=last)
                for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True)
                if first < last
            ]
        return cut
