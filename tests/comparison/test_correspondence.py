"""Frame correspondence: rows that other programs read."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from mretrieve.alignment.alignment import align
from mretrieve.comparison import NamedClip
from mretrieve.comparison.correspondence import COLUMNS, Correspondence
from mretrieve.comparison.explanation import moment_like


def test_a_row_tells_frames_and_seconds_of_both_files(walk: NamedClip):
    piece = replace(walk, clip=walk.clip.cut(15, 45))
    moment = moment_like(piece, walk)
    found = Correspondence(piece, moment, align(piece.clip, moment.clip))
    rows = found.rows()
    assert len(rows) == len(found.alignment.path)
    for row in rows:
        said = dict(zip(COLUMNS, row, strict=True))
        assert said["b_frame"] == said["a_frame"]
        assert said["a_s"] == pytest.approx(said["b_s"])
        assert said["a_s"] == pytest.approx(piece.clip.start_s + said["a_frame"] / 30, abs=1e-4)
        assert said["a_file_frame"] == round(said["a_s"] * walk.fps)
        assert said["distance_mm"] < 5


def test_csv_and_json_hold_the_same_rows(waves: tuple[NamedClip, NamedClip]):
    found = Correspondence(*waves, align(waves[0].clip, waves[1].clip))
    heading, *rows = csv.reader(io.StringIO(found.to_csv()))
    said = found.to_dict()
    assert said["schema"] == "mretrieve.align/2"
    assert tuple(heading) == tuple(said["columns"]) == COLUMNS
    assert [[float(cell) for cell in row] for row in rows] == said["rows"]
    assert said["distance_mm"] == pytest.approx(np.mean([row[-1] for row in said["rows"]]), abs=1e-2)
