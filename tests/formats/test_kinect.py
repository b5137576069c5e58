"""Depth sensors: untracked joints are not observed, people are kept apart, files of other shapes are refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from support.mutations import mutate

from mretrieve.errors import FormatError
from mretrieve.formats import read
from mretrieve.formats.frame_files import by_recording
from mretrieve.motion.joint_sets import JOINT_SETS

RNG = np.random.default_rng(0)
V2 = (
    "SpineBase", "SpineMid", "Neck", "Head", "ShoulderLeft", "ElbowLeft", "WristLeft", "HandLeft", "ShoulderRight",
    "ElbowRight", "WristRight", "HandRight", "HipLeft", "KneeLeft", "AnkleLeft", "FootLeft", "HipRight", "KneeRight",
    "AnkleRight", "FootRight", "SpineShoulder", "HandTipLeft", "ThumbLeft", "HandTipRight", "ThumbRight",
)  # fmt: skip
V1 = (
    "HipCenter", "Spine", "ShoulderCenter", "Head", "ShoulderLeft", "ElbowLeft", "WristLeft", "HandLeft",
    "ShoulderRight", "ElbowRight", "WristRight", "HandRight", "HipLeft", "KneeLeft", "AnkleLeft", "FootLeft",
    "HipRight", "KneeRight", "AnkleRight", "FootRight",
)  # fmt: skip
POSITIONS = RNG.uniform(-1, 1, (30, 25, 3))
LEFT_KNEE = V2.index("KneeLeft")


def skeleton_text(people: dict[int, NDArray[np.float64]], states: NDArray[np.int64] | None = None) -> str:
    """An NTU file: joints (T, 25, 3) of each person by id, NaN in frames without them; states (T, 25) of all."""
    frame_count = len(next(iter(people.values())))
    lines = [str(frame_count)]
    for frame in range(frame_count):
        present = {name: joints[frame] for name, joints in people.items() if np.isfinite(joints[frame]).all()}
        lines.append(str(len(present)))
        for name, joints in present.items():
            lines += [f"{name} 0 1 1 1 1 0 0.02 0.1 2", "25"]
            for joint, (x, y, z) in enumerate(joints):
                state = 2 if states is None else states[frame, joint]
                lines.append(f"{x:.7f} {y:.7f} {z:.7f} 280.1 210.2 1100.3 540.4 0.1 0.2 0.3 0.4 {state}")
    return "\n".join(lines) + "\n"


def knee(motion: object) -> NDArray[np.float32]:
    return motion.positions[:, motion.rig.joint_names.index("left_knee")]  # type: ignore[attr-defined]


def test_ntu_joints_are_where_the_file_has_them(tmp_path: Path) -> None:
    (tmp_path / "a.skeleton").write_text(skeleton_text({72057594037931101: POSITIONS}))
    (motion,) = read(tmp_path / "a.skeleton")
    assert (motion.fps, motion.body, motion.declared_up) == (30.0, "", "+Y")
    np.testing.assert_allclose(knee(motion), POSITIONS[:, LEFT_KNEE], atol=1e-6)
    pelvis = motion.positions[:, motion.rig.joint_names.index("pelvis")]
    np.testing.assert_allclose(pelvis, POSITIONS[:, 0], atol=1e-6)


def test_joints_that_the_sensor_guesses_are_not_observed(tmp_path: Path) -> None:
    states = np.full((30, 25), 2)
    states[5:9, LEFT_KNEE] = 1
    (tmp_path / "a.skeleton").write_text(skeleton_text({7: POSITIONS}, states))
    lost = np.isnan(knee(read(tmp_path / "a.skeleton")[0])).all(axis=1)
    assert np.flatnonzero(lost).tolist() == [5, 6, 7, 8]


def test_two_people_are_two_motions_even_if_their_ids_differ_in_the_last_digit(tmp_path: Path) -> None:
    late = POSITIONS + 5
    late[:10] = np.nan
    people = {72057594037931101: POSITIONS, 72057594037931102: late}
    (tmp_path / "a.skeleton").write_text(skeleton_text(people))
    first, second = read(tmp_path / "a.skeleton")
    assert (first.body, second.body, first.frame_count, second.frame_count) == ("1", "2", 30, 20)
    np.testing.assert_allclose(knee(second), late[10:, LEFT_KNEE], atol=1e-6)


def test_frames_without_anybody_and_short_ghosts(tmp_path: Path) -> None:
    gap, ghost = POSITIONS.copy(), np.full_like(POSITIONS, np.nan)
    gap[12:15] = np.nan
    ghost[3:8] = POSITIONS[3:8]
    (tmp_path / "a.skeleton").write_text(skeleton_text({1: gap, 2: ghost}))
    (motion,) = read(tmp_path / "a.skeleton")
    assert np.flatnonzero(np.isnan(knee(motion)).all(axis=1)).tolist() == [12, 13, 14]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: text[: len(text) // 2], "not bodies of 25 joints|has .* frames"),
        (lambda text: text.replace("30\n", "31\n", 1), "has 30 frames, but its first line says 31"),
        (lambda text: text.replace("\n1\n", "\n1000\n", 1), "has 1000 bodies"),
        (lambda text: text.replace("\n25\n", "\n24\n", 1), "not bodies of 25 joints"),
        (lambda text: text.replace("0.1 0.2 0.3 0.4 2", "0.1 0.2 0.3 0.4 0"), "nobody is tracked"),
        (lambda text: text.replace(" 540.4 ", " x ", 1), "'x' is not a finite number"),
    ],
)  # fmt: skip
def test_damaged_ntu_files_are_refused(tmp_path: Path, change: object, reason: str) -> None:
    (tmp_path / "a.skeleton").write_text(change(skeleton_text({1: POSITIONS})))  # type: ignore[operator]
    with pytest.raises(FormatError, match=rf"a\.skeleton.*({reason})"):
        read(tmp_path / "a.skeleton")


def test_mutants_are_read_or_refused(tmp_path: Path) -> None:
    sound, path, refused = skeleton_text({1: POSITIONS[:20]}).encode(), tmp_path / "a.skeleton", 0
    for seed in range(150):
        path.write_bytes(mutate(sound, seed))
        try:
            read(path)
        except FormatError as error:
            refused += 1
            assert len(str(error).splitlines()) == 1
    assert 0 < refused < 150


def test_semicolons_part_the_joints_of_the_first_kinect(tmp_path: Path) -> None:
    lines = ["; ".join(V1)]
    for number, frame in enumerate(POSITIONS[:, :20]):
        joints = [" ".join(f"{value:.6f}" for value in joint) for joint in frame]
        joints[V1.index("KneeLeft")] = "0 0 0" if number == 4 else joints[V1.index("KneeLeft")]
        lines.append(";".join([*joints, "3"]))
    (tmp_path / "a.csv").write_text("\n".join(lines))
    (motion,) = read(tmp_path / "a.csv")
    expected = POSITIONS[:, V1.index("KneeLeft")].copy()
    expected[4] = np.nan
    np.testing.assert_allclose(knee(motion), expected, atol=1e-6)
    assert motion.fps == 30.0


def test_tuples_with_states_and_times(tmp_path: Path) -> None:
    lines = ["Version0.1"]
    for number, frame in enumerate(POSITIONS):
        states = ["Inferred" if number == 6 and joint == "KneeLeft" else "Tracked" for joint in V2]
        joints = [
            f"({name},{state},{x:.6f},{y:.6f},{z:.6f},100.5,200.5)"
            for name, state, (x, y, z) in zip(V2, states, frame, strict=True)
        ]
        lines.append(f"{number},5,{1000 + 50 * number}," + ",".join(joints))
    (tmp_path / "a.txt").write_text("\n".join(lines))
    (motion,) = read(tmp_path / "a.txt")
    expected = POSITIONS[:, LEFT_KNEE].copy()
    expected[6] = np.nan
    np.testing.assert_allclose(knee(motion), expected, atol=1e-6)
    assert motion.fps == 20.0


def test_a_document_a_frame_is_one_recording(tmp_path: Path) -> None:
    for number, frame in enumerate(POSITIONS):
        joints = [
            {"JointType": name, "TrackingState": "True", "Position": dict(zip("XYZ", joint.tolist(), strict=True))}
            for name, joint in zip(V2, frame, strict=True)
        ]
        body = {"TrackingId": 7, "Joints": joints}
        document = {"Timestamp": 637641867152956553 + 333333 * number, "Bodies": [body]}
        (tmp_path / f"frame_{number}.json").write_bytes(json.dumps(document).encode("utf-16-le"))
    (motion,) = read(tmp_path / "frame_0.json")
    np.testing.assert_allclose(knee(motion), POSITIONS[:, LEFT_KNEE], atol=1e-6)
    assert motion.fps == 30.0
    names = [path.name for path in tmp_path.iterdir()]
    assert list(by_recording(names)) == ["frame_0.json"]


def test_the_first_kinect_has_twenty_joints_of_which_the_shoulder_centre_is_the_neck() -> None:
    assert JOINT_SETS["kinect-20"].canonical[12] == V1.index("ShoulderCenter")
