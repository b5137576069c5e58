"""DeepMimic: joints stand where the humanoid's bodies are attached, in the axes of its repository."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mretrieve.errors import FormatError
from mretrieve.formats import read

ORDER = ("root", "chest", "neck", "right_hip", "right_knee", "right_ankle", "right_shoulder", "right_elbow",
         "left_hip", "left_knee", "left_ankle", "left_shoulder", "left_elbow")  # fmt: skip


def rows(turns: dict[str, Rotation], durations: list[float]) -> str:
    frames = []
    for duration in durations:
        row = [duration, 1.0, 2.0, 3.0]
        for joint in ORDER:
            turn = turns.get(joint, Rotation.identity())
            x, y, z, w = turn.as_quat()
            row += [turn.as_rotvec()[2]] if joint.endswith(("knee", "elbow")) else [w, x, y, z]
        frames.append(row)
    return json.dumps({"Loop": "wrap", "Frames": frames})


def test_joints_stand_where_their_turns_put_them(tmp_path: Path) -> None:
    root, hip = Rotation.from_rotvec([0.3, -0.5, 0.2]), Rotation.from_rotvec([-0.4, 0.1, 0.6])
    knee = Rotation.from_rotvec([0, 0, -1.1])
    (tmp_path / "a.txt").write_text(rows({"root": root, "left_hip": hip, "left_knee": knee}, [1 / 30] * 4))
    (motion,) = read(tmp_path / "a.txt")
    joint = motion.rig.joint_names.index
    at_hip = np.array([1, 2, 3]) + root.apply([0, 0, -0.084887])
    at_knee = at_hip + (root * hip).apply([0, -0.421546, 0])
    at_ankle = at_knee + (root * hip * knee).apply([0, -0.40987, 0])
    assert (motion.fps, motion.frame_count, motion.declared_up) == (30.0, 4, "+Y")
    for name, place in (("left_hip", at_hip), ("left_knee", at_knee), ("left_ankle", at_ankle)):
        np.testing.assert_allclose(motion.positions[2, joint(name)], place, atol=1e-6)


def test_durations_of_frames_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(rows({}, [0.0625] * 17))
    (motion,) = read(tmp_path / "a.txt")
    assert motion.duration_s == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("frames", [[], [[0.1] * 43], [["x"] * 44], [[0.0] * 44] * 2, None])
def test_other_rows_are_refused(tmp_path: Path, frames: object) -> None:
    (tmp_path / "a.txt").write_text(json.dumps({"Loop": "none", "Frames": frames}))
    with pytest.raises(FormatError, match=r"a\.txt: `Frames` are not rows of 44 numbers"):
        read(tmp_path / "a.txt")


def test_frames_that_take_no_time_to_speak_of_are_read_or_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(json.dumps({"Loop": "none", "Frames": [[1e-320, *[0.1] * 43]] * 4}))
    (motion,) = read(tmp_path / "a.txt")
    assert motion.frame_count == 1
