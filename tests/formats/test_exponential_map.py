"""Exponential-map text: bodies stand where the published rule puts them; what does not fit is refused by line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from support.expmap_files import expmap_text, write_human36m
from support.written_motion import write_motion_bvh

from mretrieve.demo import MotionRecipe
from mretrieve.errors import FormatError
from mretrieve.formats import read
from mretrieve.formats.exponential_map import CMU, HUMAN36M, ExponentialMapLayout
from mretrieve.motion import JOINTS, canonicalise
from mretrieve.motion.rigs.rig_map import find_rig_map

LAYOUTS = pytest.mark.parametrize("layout", [HUMAN36M, CMU], ids=lambda layout: layout.name)


def random_rows(layout: ExponentialMapLayout, frame_count: int = 5, seed: int = 0) -> NDArray[np.float64]:
    """Numbers of a layout, end joints at rest, every other joint turned anyhow."""
    rows = np.random.default_rng(seed).uniform(-2, 2, (frame_count, layout.columns))
    rows[:, 3:].reshape(frame_count, -1, 3)[:, layout.ends] = 0.0
    return rows


def by_the_published_rule(layout: ExponentialMapLayout, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Positions (T, J, 3) by Martinez et al.: row vectors, the parent's rotation applied from the right."""
    turns = Rotation.from_rotvec(rows[:, 3:].reshape(-1, 3)).as_matrix().reshape(len(rows), -1, 3, 3)
    positions = np.zeros((len(rows), turns.shape[1], 3))
    for joint, (parent, offset) in enumerate(zip(layout.rig.parents, layout.rig.offsets, strict=True)):
        if parent < 0:
            positions[:, joint] = rows[:, :3]
        else:
            positions[:, joint] = offset @ turns[:, parent] + positions[:, parent]
            turns[:, joint] = turns[:, joint] @ turns[:, parent]
    return positions


def test_cmu_joints_stand_where_the_published_rule_puts_them(tmp_path: Path) -> None:
    rows = random_rows(CMU)
    (tmp_path / "a.txt").write_text(expmap_text(rows))
    (motion,) = read(tmp_path / "a.txt")
    np.testing.assert_allclose(motion.positions, by_the_published_rule(CMU, rows), atol=2e-5)
    assert (motion.fps, motion.body, motion.repairs) == (120.0, "", ())
    assert motion.metres_per_unit == pytest.approx(0.0564444, rel=1e-5)


def test_human36m_joints_stand_where_the_published_rule_puts_them_about_a_root_at_rest(tmp_path: Path) -> None:
    rows = random_rows(HUMAN36M)
    (tmp_path / "a.txt").write_text(expmap_text(rows))
    (motion,) = read(tmp_path / "a.txt")
    rows[:, :6] = 0.0
    np.testing.assert_allclose(motion.positions, by_the_published_rule(HUMAN36M, rows), atol=2e-3)  # millimetres
    assert (motion.fps, motion.metres_per_unit) == (50.0, 0.001)
    assert "root's path and turns are left out" in motion.repairs[0]


@LAYOUTS
@pytest.mark.parametrize("angle", [0.0, 1e-9, 1e-4, np.pi / 2, np.pi, 2 * np.pi, 7.0])
def test_angles_of_any_size_are_understood(tmp_path: Path, layout: ExponentialMapLayout, angle: float) -> None:
    rows = np.zeros((3, layout.columns))
    knees = [3 + 3 * joint for joint, (name, *_) in enumerate(layout.joints) if name in ("LeftLeg", "ltibia")]
    for axis in range(3):
        rows[axis, knees[0] + axis] = angle
    (tmp_path / "a.txt").write_text(expmap_text(rows))
    (motion,) = read(tmp_path / "a.txt")
    expected = by_the_published_rule(layout, np.round(rows, 7)) * layout.metres_per_unit
    np.testing.assert_allclose(motion.positions * layout.metres_per_unit, expected, atol=1e-6)


@pytest.mark.parametrize("kind", ["walk", "crawl", "kick", "wave"])
def test_human36m_bodies_do_what_was_performed(tmp_path: Path, kind: str) -> None:
    """Seen from the hips, whose own turns the file does not have, every limb points where the performer's did."""
    performance = write_human36m(tmp_path / "a.txt", MotionRecipe(kind, seed=3))
    (motion,) = read(tmp_path / "a.txt")
    rig_joints = find_rig_map(motion.rig, motion.positions).joints
    performed = np.einsum("tji,tkj->tki", performance.rotations[:, 0], performance.positions())
    for upper, lower in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist")):
        for side in ("left", "right"):
            begin, end = JOINTS.index(f"{side}_{upper}"), JOINTS.index(f"{side}_{lower}")
            found = motion.positions[:, rig_joints[end]] - motion.positions[:, rig_joints[begin]]
            np.testing.assert_allclose(unit(found), unit(performed[:, end] - performed[:, begin]), atol=1e-4)


@pytest.mark.parametrize("kind", ["walk", "crawl", "jump"])
def test_human36m_clips_are_upright_people_of_human_size(tmp_path: Path, kind: str) -> None:
    write_human36m(tmp_path / "a.txt", MotionRecipe(kind, seed=4))
    (motion,) = read(tmp_path / "a.txt")
    rig_map = find_rig_map(motion.rig, motion.positions)
    assert [JOINTS[j] for j in range(22) if rig_map.joints[j] is None] == ["spine2"]  # its spine has two joints
    clip = canonicalise(motion)
    assert clip.notes == ("joints that the rig lacks, filled in: spine2",)
    assert clip.metres_per_unit == pytest.approx(0.001, rel=0.1)  # the body is an adult's, measured
    lowest = clip.positions[:, [JOINTS.index("left_ankle"), JOINTS.index("right_ankle")], 1].min(axis=1)
    assert 1.2 < (clip.positions[:, JOINTS.index("head"), 1] - lowest).max() < 1.6


def test_the_rotations_can_be_exported_as_bvh(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(expmap_text(random_rows(CMU)))
    (motion,) = read(tmp_path / "a.txt")
    write_motion_bvh(tmp_path / "a.bvh", motion)
    (again,) = read(tmp_path / "a.bvh")
    order = [again.rig.joint_names.index(name) for name in motion.rig.joint_names]
    np.testing.assert_allclose(again.positions[:, order], motion.positions, atol=1e-4)


@pytest.mark.parametrize(
    "rewritten",
    [
        lambda text: text.replace(",", ", "),
        lambda text: text.replace(",", " ,\t"),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: "\n \n" + text.replace("\n", "\n\n"),
        lambda text: text.rstrip("\n"),
        lambda text: "\ufeff" + text,
        lambda text: "\n".join(",".join(f"{float(word):.17e}" for word in row.split(",")) for row in text.split()),
    ],
    ids=["blanks", "tabs", "Windows", "old Macintosh", "blank lines", "no last line end", "mark", "exponents"],
)
def test_the_same_numbers_in_another_spelling(tmp_path: Path, rewritten: Callable[[str], str]) -> None:
    text = expmap_text(random_rows(CMU))
    (tmp_path / "a.txt").write_text(text)
    (tmp_path / "b.txt").write_bytes(rewritten(text).encode())
    assert np.array_equal(read(tmp_path / "b.txt")[0].positions, read(tmp_path / "a.txt")[0].positions)


def with_field(row: int, column: int, field: str) -> str:
    """Three rows of the CMU layout, one field of which is something else; row and column from 1."""
    rows = [["0.5"] * CMU.columns for _ in range(3)]
    rows[row - 1][column - 1] = field
    return "\n".join(",".join(fields) for fields in rows) + "\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (with_field(2, 7, "nan"), r":2: frame 2, column 7: 'nan' is not a finite number"),
        (with_field(1, 1, "inf"), r":1: frame 1, column 1: 'inf' is not a finite number"),
        (with_field(3, 117, "1e400"), r":3: frame 3, column 117: '1e400' is not a finite number"),
        (with_field(3, 4, "2e9"), r":3: frame 3, column 4: '2e9' is larger than any motion"),
        (with_field(2, 9, "1.2.3"), r":2: frame 2, column 9: '1.2.3' is not a finite number"),
        (with_field(2, 9, ""), r":2: frame 2, column 9: no number"),
        (with_field(2, 117, " "), r":2: frame 2, column 117: no number"),
        (with_field(2, 9, "1 2"), r":2: frame 2, column 9: '1 2' is not one number"),
        (with_field(2, 9, "1 2").replace("0.5,", ",", 1), r":1: frame 1, column 1: no number"),
        (with_field(2, 9, "1,2"), r":2: frame 2 has 118 columns, the first 117; correct or delete"),
        (with_field(3, 1, "1\n2"), r":3: frame 3 has 1 columns, the first 117"),
        (with_field(1, 1, "0\n0.5"), r":1: 1 columns; exponential maps have 99 \(Human3.6M\) or 117 \(CMU\)"),
    ],
)
def test_what_does_not_fit_is_refused_by_line(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text)
    with pytest.raises(FormatError, match=rf"a\.txt{complaint}"):
        read(path)


def test_other_tables_of_as_many_columns_are_refused(tmp_path: Path) -> None:
    """33 landmarks of three coordinates are 99 columns too, but there nothing holds still."""
    (tmp_path / "landmarks.csv").write_text(expmap_text(np.random.default_rng(1).uniform(0, 1, (20, 99))))
    with pytest.raises(FormatError, match=r"landmarks\.csv:1: columns 19 to 21 change, .* 'RightToeEnd', the end"):
        read(tmp_path / "landmarks.csv")


def test_real_cmu_files_are_upright_people_whose_rest_pose_is_left_out(mocap: Path) -> None:
    for path in sorted(mocap.glob("cmu/expmap/**/*.txt"))[::5]:
        (motion,) = read(path)
        assert motion.metres_per_unit is not None
        assert find_rig_map(motion.rig, motion.positions).confidence == 1.0
        clip = canonicalise(motion)
        assert clip.notes == ("rest pose: the first frame dropped",)
        assert clip.metres_per_unit == pytest.approx(motion.metres_per_unit, rel=0.01)
        height = clip.positions[:, JOINTS.index("head"), 1] - clip.positions[..., 1].min(axis=1)
        assert 1.3 < height.max() < 1.6


def unit(vectors: NDArray[np.floating]) -> NDArray[np.floating]:
    """Vectors (T, 3) brought to length 1."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
