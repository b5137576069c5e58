"""Files in two dimensions: read as views, lifted to clips, and named like any other file."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from support.moving_bodies import random_clip
from support.written_keypoints import one_body, pixels, seen_from, write_openpose

from mretrieve.errors import QueryError
from mretrieve.formats import MotionFile, ReadingOptions
from mretrieve.lifting import lift
from mretrieve.motion.canonical.keypoint_view import view_of_keypoints
from mretrieve.motion.keypoints import Keypoints
from mretrieve.sources.reading import read_bodies
from mretrieve.sources.resolve import ClipResolver
from mretrieve.sources.scan import scan

WRITTEN = pixels(seen_from(random_clip(3, 60)), "body-25")


@pytest.fixture
def dance(tmp_path: Path) -> Path:
    return write_openpose(tmp_path / "video", one_body(WRITTEN))


def test_a_body_has_its_keypoints_its_view_and_the_clip_that_is_lifted(dance: Path):
    (body,) = read_bodies(MotionFile(dance), ReadingOptions())
    assert isinstance(body.motion, Keypoints)
    assert body.rig_map.origin == "joint set body-25"
    assert body.view is not None
    np.testing.assert_array_equal(body.clip.positions, lift(body.view).positions)
    assert "lifted from 2D" in body.clip.notes
    assert any("--fps" in note for note in body.clip.notes)


def test_the_users_rate_precedes_that_of_the_file(dance: Path):
    (body,) = read_bodies(MotionFile(dance), ReadingOptions(fps=60))
    assert body.clip.frame_count == 30
    assert not any("--fps" in note for note in body.clip.notes)


def test_a_part_of_a_clip_is_the_same_part_of_its_view(dance: Path):
    moment = ClipResolver().resolve(f"{dance}@0.5-1.5")
    assert moment.view is not None
    assert moment.part_view is not None
    assert moment.view.frame_count == 60
    assert (moment.part_view.frame_count, moment.part_view.start_s) == (30, 0.5)
    np.testing.assert_array_equal(moment.part_view.points, moment.view.points[15:45])


def test_a_folder_of_frames_is_named_as_one_file(dance: Path):
    found = ClipResolver().resolve(dance.parent)
    assert found.file == dance
    assert ClipResolver().resolve(f"{dance.parent}@0.5-1").part.frame_count == 15


def test_keypoints_and_views_are_queries_of_their_own():
    points = WRITTEN.astype(np.float32)
    keypoints = Keypoints("body-25", points[..., :2], points[..., 2], Path("from python"), 30.0)
    view = view_of_keypoints(keypoints)
    for query in (keypoints, view):
        found = ClipResolver().resolve(query, start_s=1.0)
        assert found.part_view is not None
        np.testing.assert_array_equal(found.part_view.points, view.points[30:])


def test_json_on_standard_input_is_keypoints_or_an_answer(monkeypatch: pytest.MonkeyPatch):
    frames = {"fps": 30, "frames": [{"keypoints": body.tolist()} for body in WRITTEN]}
    content = io.TextIOWrapper(io.BytesIO(json.dumps(frames).encode()))
    monkeypatch.setattr(sys, "stdin", content)
    assert ClipResolver().resolve("-").clip.frame_count == 60


def test_there_is_no_motion_in_space_to_export(dance: Path):
    with pytest.raises(QueryError, match="keypoints"):
        _ = ClipResolver().resolve(dance).motion


def test_motion_in_space_has_no_view(generated: Path):
    assert ClipResolver().resolve(min(generated.rglob("*.bvh"))).view is None


def test_the_frames_of_a_video_are_one_file_of_a_folder(dance: Path):
    (dance.parent / "notes.txt").write_text("x")
    write_openpose(dance.parent, one_body(WRITTEN[:30]), "second", first=3)
    found = scan(dance.parent.parent, dance.parent / "index")
    assert [file.path for file in found.files] == [
        "video/dance_000000000000_keypoints.json",
        "video/notes.txt",
        "video/second_000000000003_keypoints.json",
    ]
    sizes = [path.stat().st_size for path in dance.parent.glob("dance_*.json")]
    assert found.files[0].size_bytes == sum(sizes)


def test_the_only_person_needs_no_name(dance: Path):
    with pytest.raises(QueryError, match=r"holds 1 body, which has no name; leave out '#9'"):
        ClipResolver().resolve(f"{dance}#9")
