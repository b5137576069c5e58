"""FBX: joints stand where its Euler angles put them; crashes, time and damage end in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from support.fbx_files import fbx_text
from support.mutations import mutate

import mretrieve
from mretrieve.errors import FormatError
from mretrieve.formats import read
from mretrieve.formats.fbx import reader
from mretrieve.motion import canonicalise

NAMES = ("Hips", "LeftUpLeg", "LeftLeg", "Spine")
PARENTS = (-1, 0, 1, 0)
OFFSETS = np.array([[0.0, 95, 0], [10, -5, 0], [0, -42, 1], [0, 20, 0]])
RNG = np.random.default_rng(0)
ANGLES_DEG = np.linspace(0, 1, 13)[:, None, None] * RNG.uniform(-60, 60, (4, 3))
PATH = RNG.uniform(-50, 50, (13, 3))
TEXT = fbx_text(NAMES, PARENTS, OFFSETS, ANGLES_DEG, PATH)


@pytest.fixture
def fbx(tmp_path: Path) -> Path:
    pytest.importorskip("ufbx")
    (tmp_path / "a.fbx").write_text(TEXT)
    return tmp_path / "a.fbx"


def test_joints_stand_where_the_euler_angles_put_them(fbx: Path) -> None:
    (motion,) = read(fbx)
    assert (motion.rig.joint_names, motion.fps, motion.declared_up, motion.body) == (NAMES, 30.0, "+Y", "")
    world: list[Rotation] = []
    expected = np.empty((13, 4, 3))
    for joint, parent in enumerate(PARENTS):
        turn = Rotation.from_euler("xyz", ANGLES_DEG[:, joint], degrees=True)  # about fixed X, then Y, then Z
        world.append(turn if parent < 0 else world[parent] * turn)
        expected[:, joint] = PATH if parent < 0 else expected[:, parent] + world[parent].apply(OFFSETS[joint])
    np.testing.assert_allclose(motion.positions, expected, atol=1e-3)  # centimetres
    np.testing.assert_allclose(motion.rig.rest_positions[2], [10, 48, 1], atol=1e-4)


def test_damaged_files_are_read_or_refused(fbx: Path) -> None:
    for seed in range(12):  # each is a process
        fbx.write_bytes(mutate(TEXT.encode(), seed))
        try:
            assert all(np.isfinite(motion.positions).all() for motion in read(fbx))
        except FormatError as error:
            assert "a.fbx" in str(error)
            assert len(str(error).splitlines()) == 1


def test_a_file_without_animation_is_refused(fbx: Path) -> None:
    fbx.write_text(TEXT.replace("AnimationCurve", "Something"))
    with pytest.raises(FormatError, match=r"a\.fbx: holds no animation of bones"):
        read(fbx)


@pytest.mark.parametrize(
    ("program", "reason"),
    [("import os; os.abort()", "ufbx crashed on it"), ("import time; time.sleep(60)", "not read after 1 s")],
)
def test_a_crash_or_a_hang_of_the_library_is_a_refusal(
    fbx: Path, monkeypatch: pytest.MonkeyPatch, program: str, reason: str
) -> None:
    (fbx.parent / "worker.py").write_text(program)
    monkeypatch.setattr(reader, "__file__", str(fbx.parent / "reader.py"))
    monkeypatch.setattr(reader, "LONGEST_READ_S", 1.0)
    with pytest.raises(FormatError, match=rf"a\.fbx: {reason}; .* export the skeleton as BVH"):
        read(fbx)


def test_without_the_library_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.fbx").write_text(TEXT)
    monkeypatch.setattr("mretrieve.formats.reader.find_spec", lambda name: None)
    with pytest.raises(FormatError, match=r"a\.fbx: fbx: needs ufbx; install it with: pip install '.*\[formats\]'"):
        read(tmp_path / "a.fbx")


def test_the_same_performance_is_found_in_another_format(mocap: Path, tmp_path: Path) -> None:
    pytest.importorskip("ufbx")
    mretrieve.build_index(mocap / "cmu" / "bvh", tmp_path / "index")
    answer = mretrieve.open_index(tmp_path / "index").search(mocap / "formats" / "fbx" / "07_01_cmu.fbx", k=1)
    assert answer[0].clip == "007_01.bvh"


def test_a_declared_unit_that_makes_giants_is_not_believed(mocap: Path) -> None:
    pytest.importorskip("ufbx")
    (motion,) = read(mocap / "formats" / "fbx" / "07_01_cmu.fbx")
    positions = canonicalise(motion).positions
    assert 1.2 < np.ptp(positions[0, :, 1]) < 2.0
