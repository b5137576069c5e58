"""A pose model, and videos of one person by four calibrated cameras; tests that need them are skipped without."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.pose_models import write_calibration, write_pose_model, write_videos


@pytest.fixture(scope="session")
def pose_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of MediaPipe's Pose Landmarker."""
    pytest.importorskip("mediapipe")
    model = write_pose_model(tmp_path_factory.mktemp("model") / "pose.task")
    if model is None:
        pytest.skip("the wheel of MediaPipe 0.10.21 is not in .build/wheels; make test downloads it")
    return model


@pytest.fixture(scope="session")
def videos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The videos, in the order of the cameras."""
    found = write_videos(tmp_path_factory.mktemp("videos"))
    if not found:
        pytest.skip("the wheel of pose2sim is not in .build/wheels; make test downloads it")
    return found


@pytest.fixture(scope="session")
def calibration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The calibration of the cameras."""
    found = write_calibration(tmp_path_factory.mktemp("calibration"))
    if found is None:
        pytest.skip("the wheel of pose2sim is not in .build/wheels; make test downloads it")
    return found


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One cache for all tests."""
    folder = tmp_path_factory.getbasetemp() / "pose_cache"
    monkeypatch.setenv("MRETRIEVE_CACHE", str(folder))
    return folder
