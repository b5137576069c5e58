"""One person filmed by four cameras: each video finds the same moment of a library that holds the motion in space."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av")

from support.calibrated_cameras import read_calibration, triangulated

import mretrieve
from mretrieve import Answer, Index, build_index
from mretrieve.demo.library import make_library
from mretrieve.formats import MotionFile
from mretrieve.formats.video.poses import find_poses

#: Two cameras and the cameras that answers name differ by no more than this.
MOST_DEG = 15.0


@pytest.fixture(scope="module")
def motion(videos: list[Path], pose_model: Path, calibration: Path) -> np.ndarray:
    """(50, 33, 3) millimetres, Z up: the joints that MediaPipe finds, triangulated."""
    people = [find_poses(MotionFile(video), pose_model)[0] for video in videos]
    cameras = read_calibration(calibration)
    return triangulated(cameras, [each.points for each in people], [each.confidence for each in people])


@pytest.fixture(scope="module")
def answers(
    motion: np.ndarray, videos: list[Path], pose_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[Answer]:
    """The answers to the four videos, in a library of generated motion and this one."""
    library = tmp_path_factory.mktemp("library")
    make_library(library)
    joints = np.concatenate([np.repeat(motion[:1], 30, axis=0), motion, np.repeat(motion[-1:], 30, axis=0)])
    np.savez(library / "filmed.npz", joints=(joints / 1000).astype(np.float32), fps=30.0, joint_set="mediapipe-33")
    build_index(library, library / ".mretrieve")
    index = mretrieve.open_index(library / ".mretrieve")
    assert isinstance(index, Index)
    return [index.search(video, pose_model=pose_model) for video in videos]


@pytest.mark.parametrize("camera", [0, 1, 2, 3])
def test_each_camera_finds_the_motion_first_and_the_moment_in_it(answers: list[Answer], camera: int):
    first = answers[camera][0]
    assert first.clip == "filmed.npz"
    assert first.start_s == pytest.approx(1.0, abs=0.3)
    assert first.end_s == pytest.approx(1.0 + 50 / 30, abs=0.3)


def test_the_angles_between_the_cameras_are_those_of_the_calibration(
    answers: list[Answer], motion: np.ndarray, calibration: Path
):
    hips = motion[:, 23:25].mean(axis=(0, 1))
    true = [camera.azimuth_deg(hips) for camera in read_calibration(calibration)]
    named = [answer[0].camera_azimuth_deg for answer in answers]
    for one in range(4):
        for other in range(one):
            difference = (named[one] - named[other]) - (true[one] - true[other])
            assert abs((difference + 180) % 360 - 180) <= MOST_DEG, (one, other)
