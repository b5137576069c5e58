"""Files of pose detectors on the command line: indexed, searched for, and looked at like any other file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support.command_line import Run
from support.moving_bodies import random_clip
from support.written_keypoints import COCO, coco_document, one_body, pixels, seen_from, write_json, write_openpose

from mretrieve.lifting import lift
from mretrieve.motion.detection import DETECTED
from mretrieve.sources.resolve import ClipResolver


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """A recording of OpenPose, a file of two people, and one that is damaged."""
    bodies = [pixels(seen_from(random_clip(seed, 60)), "body-25") for seed in (1, 2)]
    write_openpose(tmp_path / "videos" / "dance", one_body(bodies[0]))
    pair = [pixels(seen_from(random_clip(seed, 60)), "coco-17", (300 * seed, 360)) for seed in (1, 3)]
    document = coco_document([list(frame) for frame in zip(*pair, strict=True)], COCO, track_ids=True)
    write_json(tmp_path / "videos" / "pair.json", document)
    (tmp_path / "videos" / "broken.json").write_text('[{"keypoints": [')
    return tmp_path


def results(text: str) -> list[dict]:
    return json.loads(text)["results"]


def test_a_library_of_keypoints_is_indexed_and_searched(mretrieve: Run, videos: Path):
    report = mretrieve("index", "videos", "--jobs", "1", folder=videos)
    assert report.returncode == 0
    assert "The index has 3 clips from 2 files" in report.stdout
    assert "broken.json" in report.stdout
    listed = mretrieve("list", "--format", "json", "--where", "rig LIKE 'joint set%'", folder=videos)
    clips = [clip["clip"] for clip in json.loads(listed.stdout)["clips"]]
    assert clips == ["dance/dance_000000000000_keypoints.json", "pair.json#0", "pair.json#1"]

    answer = mretrieve("query", "videos/dance", "--format", "json", folder=videos)
    first, second = results(answer.stdout)[:2]
    assert {first["clip"], second["clip"]} == {clips[0], "pair.json#0"}  # the same motion by two detectors
    assert second["distance_mm"] < 1
    moment = mretrieve("query", "videos/pair.json#1@0.5-1.5", "--format", "json", folder=videos)
    assert results(moment.stdout)[0]["clip"] == "pair.json#1"


def test_a_file_of_several_people_asks_for_one(mretrieve: Run, videos: Path):
    mretrieve("index", "videos", "--jobs", "1", folder=videos)
    answer = mretrieve("query", "videos/pair.json", folder=videos)
    assert answer.returncode == 2
    assert "holds 2 bodies; choose one of videos/pair.json#0, videos/pair.json#1" in answer.stderr


def test_the_recording_is_read_again_if_any_of_its_frames_changes(mretrieve: Run, videos: Path):
    mretrieve("index", "videos", "--jobs", "1", folder=videos)
    assert "Index is up to date" in mretrieve("index", "videos", folder=videos).stdout
    frame = videos / "videos" / "dance" / "dance_000000000030_keypoints.json"
    frame.write_text(frame.read_text().replace("0.9", "0.8"))
    assert "1 file read" in mretrieve("index", "videos", "--jobs", "1", folder=videos).stdout


def test_the_rate_of_keypoints_is_given_and_remembered(mretrieve: Run, videos: Path):
    mretrieve("index", "videos", "--jobs", "1", "--fps", "60", folder=videos)
    write_openpose(videos / "videos" / "later", one_body(pixels(seen_from(random_clip(5, 60)), "body-25")))
    mretrieve("index", "videos", "--jobs", "1", folder=videos)
    listed = json.loads(mretrieve("list", "--format", "json", folder=videos).stdout)
    assert [(clip["fps"], clip["duration_s"]) for clip in listed["clips"]] == 4 * [(60.0, 1.0)]
    answer = mretrieve("query", "videos/dance", "--fps", "60", "--format", "json", folder=videos)
    assert results(answer.stdout)[0]["end_s"] == pytest.approx(1.0)
    wrong = mretrieve("query", "videos/dance", "--fps", "0", folder=videos)
    assert wrong.returncode == 2


def test_rig_shows_the_joints_of_the_set(mretrieve: Run, videos: Path):
    shown = mretrieve("rig", "videos/dance/dance_000000000000_keypoints.json", folder=videos)
    assert shown.returncode == 0
    assert "joint set body-25, confidence 1.00: 16 of 22 joints" in shown.stdout
    assert "pelvis           mid_hip" in shown.stdout
    saved = mretrieve("rig", "videos/pair.json", "--save", "rig.json", folder=videos)
    assert saved.returncode == 2
    assert "rig maps are for motion in space" in saved.stderr


def test_rig_draws_the_body(mretrieve: Run, videos: Path):
    pytest.importorskip("matplotlib")
    drawn = mretrieve("rig", "videos/pair.json", "--png", "rig.png", folder=videos)
    assert drawn.returncode == 0
    assert (videos / "rig.png").read_bytes().startswith(b"\x89PNG")


def test_there_is_nothing_to_export_from_keypoints(mretrieve: Run, videos: Path):
    refused = mretrieve("export", "videos/pair.json#0", "--to", "out.bvh", folder=videos)
    assert refused.returncode == 2
    assert "holds keypoints in a picture and no motion in space" in refused.stderr


def test_an_indexed_clip_has_its_view_without_its_file(mretrieve: Run, videos: Path):
    mretrieve("index", "videos", "--jobs", "1", folder=videos)
    read = ClipResolver().resolve(f"{videos / 'videos' / 'pair.json'}#1").view
    (videos / "videos" / "pair.json").unlink()
    found = ClipResolver(videos / ".mretrieve").resolve("pair.json#1@0.5-1.5")
    np.testing.assert_array_equal(found.view.points, read.points)
    np.testing.assert_array_equal(found.part_view.observed[:, DETECTED], read.observed[15:45, DETECTED])
    np.testing.assert_array_equal(lift(found.view).positions, found.clip.positions)


def test_an_indexed_file_of_another_rate_has_not_changed(mretrieve: Run, videos: Path):
    assert mretrieve("index", "videos", "--jobs", "1", "--fps", "25", folder=videos).returncode == 0
    exported = mretrieve("export", "pair.json#1", "--to", "out.bvh", folder=videos)
    assert exported.returncode == 2
    assert "holds keypoints in a picture and no motion in space" in exported.stderr


def test_clips_that_were_lifted_are_called_so(mretrieve: Run, videos: Path):
    mretrieve("index", "videos", "--jobs", "1", folder=videos)
    _, *rows = mretrieve("list", folder=videos).stdout.splitlines()
    assert len(rows) == 3 and all(row.endswith(" (lifted from 2D)") for row in rows)
    for command in ("explain", "compare", "align"):
        run = mretrieve(command, "pair.json#0", "dance/dance_000000000000_keypoints.json", folder=videos)
        assert run.returncode == 0, run.stderr
        assert "Note: lifted from 2D: distances are those of the lifted motion" in run.stderr


def test_a_lifted_clip_is_searched_as_the_index_has_it(mretrieve: Run, videos: Path):
    mretrieve("index", "videos", "--jobs", "1", folder=videos)
    with_file = mretrieve("query", "videos/pair.json#1", "--format", "json", folder=videos)
    (videos / "videos" / "pair.json").unlink()
    indexed = mretrieve("query", "pair.json#1", "--format", "json", folder=videos)
    assert results(indexed.stdout)[0]["clip"] == "pair.json#1"
    assert results(indexed.stdout) == results(with_file.stdout)
