"""People found in real videos: the four calibrated cameras of the pose2sim sample, by MediaPipe."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av")
pytest.importorskip("mediapipe")

from support.small_videos import grey, write_video

from mretrieve import FormatError, MRetrieveError
from mretrieve.formats import MotionFile
from mretrieve.formats.video import poses
from mretrieve.formats.video.detector import open_detector
from mretrieve.formats.video.poses import find_poses
from mretrieve.motion.joint_sets import JOINT_SETS


@pytest.mark.parametrize("camera", [1, 2, 3, 4])
def test_the_person_is_found_in_the_frames_of_each_camera(videos: list[Path], pose_model: Path, camera: int):
    (person,) = find_poses(MotionFile(videos[camera - 1]), pose_model)
    assert (person.fps, person.start_frame) == (30, 0)
    assert person.frame_count == 50  # 100 frames at 60 frames a second, every other one
    assert (person.confidence.max(axis=1) > 0.9).mean() >= 0.95  # two cameras see a blurred face
    joints = JOINT_SETS[person.joint_set].joints
    head, ankle = joints.index("nose"), joints.index("left_ankle")
    assert np.median(person.points[:, head, 1]) < np.median(person.points[:, ankle, 1])  # y is down


def test_the_body_of_a_person_who_is_seen_from_behind_is_not_mirrored(videos: list[Path], pose_model: Path):
    sides = []
    for video in (videos[1], videos[2]):  # from the front, from behind
        (person,) = find_poses(MotionFile(video), pose_model)
        joints = JOINT_SETS[person.joint_set].joints
        left, right = (
            person.points[:5, joints.index("left_shoulder")],
            person.points[:5, joints.index("right_shoulder")],
        )
        sides.append(np.sign((left - right)[:, 0].mean()))
    assert sides == [1, -1]


def test_a_video_is_searched_once(videos: list[Path], pose_model: Path, monkeypatch: pytest.MonkeyPatch):
    first = find_poses(MotionFile(videos[0]), pose_model)
    monkeypatch.setattr(poses, "open_video", lambda file: pytest.fail("it was opened again"))
    again = find_poses(MotionFile(Path("-"), videos[0].read_bytes()), pose_model)  # the same content, another name
    np.testing.assert_array_equal(first[0].points, again[0].points)


def test_a_damaged_cache_is_not_used(videos: list[Path], pose_model: Path, cache: Path):
    first = find_poses(MotionFile(videos[1]), pose_model)
    for file in (cache / "poses").iterdir():
        file.write_bytes(file.read_bytes()[:100])
    again = find_poses(MotionFile(videos[1]), pose_model)
    np.testing.assert_array_equal(first[0].points, again[0].points)


def test_a_video_without_people_is_refused(tmp_path: Path, pose_model: Path):
    video = write_video(tmp_path / "wall.mp4", [grey(0.4)] * 20)
    with pytest.raises(FormatError, match=r"wall\.mp4: no person was found"):
        find_poses(MotionFile(video), pose_model)


def test_the_model_is_named_by_an_environment_variable(pose_model: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MRETRIEVE_POSE_MODEL", str(pose_model))
    detector = open_detector()
    assert detector.detect(np.zeros((64, 64, 3), np.uint8)).shape == (0, 33, 3)
    detector.close()


def test_without_a_model_the_message_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("MRETRIEVE_POSE_MODEL", raising=False)
    with pytest.raises(MRetrieveError, match=r"no pose model: download .*--pose-model FILE or \$MRETRIEVE_POSE_MODEL"):
        open_detector()


@pytest.mark.parametrize("content", [None, b"", b"no zip at all"])
def test_a_model_that_is_none_is_refused_in_one_line(tmp_path: Path, content: bytes | None):
    model = tmp_path / "pose.task"
    if content is not None:
        model.write_bytes(content)
    with pytest.raises(MRetrieveError, match=r"pose\.task: (no such pose model|not a MediaPipe)"):
        open_detector(model)


def test_the_command_writes_keypoints_that_read_back_the_same(
    videos: list[Path], pose_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from click.testing import CliRunner

    from mretrieve import read_keypoints
    from mretrieve.cli import main

    out = tmp_path / "dance.json"
    result = CliRunner().invoke(main, ["pose", str(videos[0]), "--out", str(out), "--pose-model", str(pose_model)])
    assert result.exit_code == 0, result.output
    assert "1 person: 0.00 to 1.67 s" in result.output
    (written,), (found,) = read_keypoints(out), find_poses(MotionFile(videos[0]), pose_model)
    assert (written.joint_set, written.fps, written.image_size) == (found.joint_set, found.fps, found.image_size)
    np.testing.assert_allclose(written.points, found.points, atol=0.006)
    np.testing.assert_allclose(written.confidence, found.confidence, atol=0.0006)
    assert {"images", "annotations", "categories"} <= json.loads(out.read_text()).keys()
    again = CliRunner().invoke(main, ["pose", str(videos[0]), "--out", str(out), "--pose-model", str(pose_model)])
    assert again.exit_code == 2
    assert "--force" in again.output


class Passers:
    """A detector that sees two people throughout, and in the first frame a third, left of them."""

    joint_set, fingerprint = "coco-17", "passers"

    def __init__(self) -> None:
        self.frame = -1

    def detect(self, image: np.ndarray) -> np.ndarray:
        self.frame += 1
        body = np.random.default_rng(0).uniform(0, 50, (17, 3))
        body[:, 2] = 1
        places = (0, 300, 600)[self.frame > 0 :]
        return np.stack([body + np.array([place, 0, 0]) for place in places]).astype(np.float32)

    def close(self) -> None:
        pass


def test_people_have_the_numbers_that_they_have_in_the_written_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from mretrieve import read_keypoints
    from mretrieve.formats.coco_writer import write_keypoints

    monkeypatch.setattr(poses, "open_detector", lambda model: Passers())
    people = find_poses(MotionFile(write_video(tmp_path / "street.mp4", [grey(0.4)] * 20)))
    assert [person.body for person in people] == ["1", "2"]
    write_keypoints(tmp_path / "street.json", people)
    written = read_keypoints(tmp_path / "street.json")
    assert [person.body for person in written] == ["1", "2"]
    np.testing.assert_allclose(written[1].points, people[1].points, atol=0.006)


def test_a_missing_video_is_reported_before_a_missing_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("MRETRIEVE_POSE_MODEL", raising=False)
    with pytest.raises(FormatError, match=r"none\.mp4: cannot be read: No such file or directory; check the path"):
        find_poses(MotionFile(tmp_path / "none.mp4"))


def test_a_missing_library_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "rtmlib", None)
    monkeypatch.delitem(sys.modules, "mretrieve.formats.video.rtmlib_body", raising=False)
    with pytest.raises(MRetrieveError, match="needs rtmlib; install it with: pip install rtmlib"):
        open_detector("rtmlib")
