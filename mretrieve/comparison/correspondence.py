"""Which frame of one motion answers to which of another, as tables for other programs."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..alignment.alignment import Alignment
from ..motion import CANONICAL_FPS
from .named_clip import NamedClip, rounded

#: Name and version of the JSON that `mretrieve align --format json` prints.
SCHEMA = "mretrieve.align/2"
COLUMNS = ("a_frame", "a_s", "a_file_frame", "b_frame", "b_s", "b_file_frame", "distance_mm")


@dataclass(frozen=True, eq=False)
class Correspondence:
    """A warping path between two clips in frames and seconds.

    A row is one step of the path: frames at 30 a second, counted from 0 at the first one that is compared; seconds in
    the clip's file; frames of the file at its own rate, counted from 0 at its first; the mean distance of a joint in
    millimetres, None where none was observed in both.
    """

    first: NamedClip
    second: NamedClip
    alignment: Alignment

    def rows(self) -> list[tuple[int, float, int | None, int, float, int | None, float | None]]:
        """One a step of the path, in the order of COLUMNS."""
        errors = self.alignment.steps_mm.tolist()
        sides = []
        for side, named in enumerate((self.first, self.second)):
            frames = self.alignment.path[:, side]
            seconds = named.clip.start_s + frames / CANONICAL_FPS
            own = [None] * len(frames) if named.fps is None else np.rint(seconds * named.fps).astype(int).tolist()
            sides.append((frames.tolist(), seconds.round(4).tolist(), own))
        return [(*row, rounded(error, 3)) for *row, error in zip(*sides[0], *sides[1], errors, strict=True)]

    def to_csv(self) -> str:
        """A heading and the rows."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(self.rows())
        return text.getvalue()

    def to_dict(self) -> dict[str, Any]:
        """The public JSON contract (schema SCHEMA) as plain dicts and lists."""
        return {
            "schema": SCHEMA,
            "a": {**self.first.to_dict(), "fps": self.first.fps},
            "b": {**self.second.to_dict(), "fps": self.second.fps},
            "fps": CANONICAL_FPS,
            "distance_mm": round(self.alignment.mean_mm, 3),
            "speed": round(self.alignment.speed, 4),
            "columns": list(COLUMNS),
            "rows": [list(row) for row in self.rows()],
        }
