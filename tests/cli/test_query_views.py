"""What `mretrieve query` prints for a query in two dimensions: the camera, and what makes the answer less certain."""

from __future__ import annotations

import csv
import io

import pytest
from support.generated_library import Library

from mretrieve import Answer, Clip
from mretrieve.cli.query import _csv, _table
from mretrieve.motion.camera import Camera, film
from mretrieve.motion.detection import as_detected


@pytest.fixture(scope="module")
def answer(library: Library) -> Answer:
    snapshot = library.snapshot
    clip = Clip(*snapshot.motion(snapshot.clip_row(library.short_clip)))
    return library.opened.search(as_detected(film(clip, Camera(90, 60))), k=2)


def test_the_table_has_a_column_for_the_camera_and_lines_for_notes(answer: Answer):
    lines = _table(answer, True).splitlines()
    assert "camera" in lines[1] and "90°, 60° down" in lines[2]
    assert any(line.startswith("Note: seen from 60 degrees above") for line in lines)


def test_csv_has_columns_for_the_camera(answer: Answer, library: Library):
    first, _ = csv.DictReader(io.StringIO(_csv(answer, True)))
    assert (first["camera_azimuth_deg"], first["camera_pitch_deg"]) == ("90.0", "60.0")
    in_space = library.opened.search(library.short_clip, k=2)
    assert "camera" not in _csv(in_space, True) and "camera" not in _table(in_space, True)
