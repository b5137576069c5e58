"""Unity's clips: bones stand where their curves put them, in right-handed axes; muscles and damage are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from support.mutations import mutate
from support.unity_files import clip

from mretrieve.errors import FormatError
from mretrieve.formats import read, recognise

PATHS = (
    "Hips", "Hips/LeftUpLeg", "Hips/LeftUpLeg/LeftLeg", "Hips/LeftUpLeg/LeftLeg/LeftFoot", "Hips/RightUpLeg",
    "Hips/RightUpLeg/RightLeg", "Hips/RightUpLeg/RightLeg/RightFoot", "Hips/Spine", "Hips/Spine/Head",
)  # fmt: skip
PARENTS = (-1, 0, 1, 2, 0, 4, 5, 0, 7)
RNG = np.random.default_rng(0)
OFFSETS = RNG.uniform(-0.5, 0.5, (9, 3))
TIMES_S = np.arange(13) / 30
TURNS = np.cumsum(RNG.uniform(-0.1, 0.1, (13, 9, 3)), axis=0)
PLACES = np.tile(OFFSETS, (13, 1, 1)) + np.cumsum(RNG.uniform(-0.01, 0.01, (13, 9, 3)), axis=0)
FLIP = np.diag([-1.0, 1, 1])


def text(*, euler: bool = False) -> str:
    turns = [Rotation.from_rotvec(TURNS[:, joint]) for joint in range(9)]
    return clip(PATHS, TIMES_S, PLACES, turns, euler=euler, fps=30)


def expected() -> np.ndarray:
    """The joints in the left-handed axes of Unity, then mirrored."""
    found, above = np.empty((13, 9, 3)), []
    for joint, parent in enumerate(PARENTS):
        own = Rotation.from_rotvec(TURNS[:, joint])
        above.append(own if parent < 0 else above[parent] * own)
        found[:, joint] = PLACES[:, joint]
        if parent >= 0:
            found[:, joint] = found[:, parent] + above[parent].apply(PLACES[:, joint])
    return found @ FLIP


@pytest.mark.parametrize("euler", [False, True])
def test_bones_stand_where_their_curves_put_them(tmp_path: Path, euler: bool) -> None:
    (tmp_path / "a.anim").write_text(text(euler=euler))
    (motion,) = read(tmp_path / "a.anim")
    assert (motion.fps, motion.declared_up) == (30.0, "+Y")
    assert motion.rig.joint_names == tuple(path.rpartition("/")[2] for path in PATHS)
    np.testing.assert_allclose(motion.positions, expected(), atol=1e-4)


def test_muscles_are_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.anim").write_text(
        "%YAML 1.1\n%TAG !u! tag:unity3d.com,2011:\n--- !u!74 &7400000\nAnimationClip:\n  m_SampleRate: 60\n"
        "  m_FloatCurves:\n  - curve:\n      m_Curve:\n      - time: 0\n        value: 0.5\n    attribute: RootT.x\n"
    )
    with pytest.raises(FormatError, match=r"holds muscles of a humanoid, .* export the motion from Unity as FBX"):
        read(tmp_path / "a.anim")


def test_bones_without_places_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.anim").write_text(text().replace("m_PositionCurves", "m_ScaleCurves"))
    with pytest.raises(FormatError, match="has places of 0 bones, and the skeleton is not in the file"):
        read(tmp_path / "a.anim")


def test_the_recording_at_hand_holds_muscles(mocap: Path) -> None:
    reader = recognise(mocap / "formats" / "unity" / "Wave.anim")
    assert reader is not None and reader.name == "unity"
    with pytest.raises(FormatError, match="holds muscles"):
        read(mocap / "formats" / "unity" / "Wave.anim")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("time: 0.1", "time: x", "is not a number"),
        ("value: {x:", "value: {q:", "not the numbers"),
        ("m_SampleRate: 30", "m_SampleRate: 0", "a sample rate of 0"),
        ("        inSlope:", "        outSlope:", "are not complete"),
    ],
)
def test_damage_is_refused_in_one_line(tmp_path: Path, old: str, new: str, reason: str) -> None:
    (tmp_path / "a.anim").write_text(text().replace(old, new))
    with pytest.raises(FormatError, match=reason) as refusal:
        read(tmp_path / "a.anim")
    assert len(str(refusal.value).splitlines()) == 1


def test_damaged_files_are_read_or_refused(tmp_path: Path) -> None:
    content = text().encode()
    for seed in range(60):
        (tmp_path / "a.anim").write_bytes(mutate(content, seed))
        try:
            assert all(np.isfinite(motion.positions).all() for motion in read(tmp_path / "a.anim"))
        except FormatError as error:
            assert len(str(error).splitlines()) == 1
