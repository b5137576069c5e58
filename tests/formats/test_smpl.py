"""SMPL parameters and HumanML3D features: joints stand where the papers put them; unclear rates are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from mretrieve.errors import FormatError
from mretrieve.formats import read
from mretrieve.motion import canonicalise
from mretrieve.motion.rigs.rig_map import find_rig_map
from mretrieve.motion.skeleton import JOINTS, PARENTS

RNG = np.random.default_rng(0)
POSES = RNG.uniform(-0.5, 0.5, (40, 156))
PATH = np.cumsum(RNG.uniform(-0.02, 0.02, (40, 3)), axis=0)


def archive(path: Path, **arrays: Any) -> Path:
    np.savez(path, **{"poses": POSES, "trans": PATH, "mocap_framerate": 120.0, "gender": "male", **arrays})
    return path


def test_joints_are_those_of_the_average_body_turned_one_after_another(tmp_path: Path) -> None:
    (motion,) = read(archive(tmp_path / "a.npz"))
    assert (motion.fps, motion.rig.joint_names, motion.declared_up) == (120.0, JOINTS, "+Z")
    world: list[Rotation] = []
    expected = np.empty((40, 22, 3))
    for joint, parent in enumerate(PARENTS):
        own = Rotation.from_rotvec(POSES[:, 3 * joint : 3 * joint + 3])
        offset = motion.rig.offsets[joint]
        world.append(own if parent < 0 else world[parent] * own)
        expected[:, joint] = PATH + offset if parent < 0 else expected[:, parent] + world[parent].apply(offset)
    np.testing.assert_allclose(motion.positions, expected, atol=1e-5)
    assert "shape" in motion.repairs[0]


def test_the_body_has_human_proportions_and_its_joints_are_known(tmp_path: Path) -> None:
    (motion,) = read(archive(tmp_path / "a.npz", poses=POSES * 0))
    assert find_rig_map(motion.rig, motion.positions, motion.source).joints == tuple(range(22))
    height = np.ptp(motion.rig.rest_positions[:, 1])
    assert 1.4 < height < 1.6  # from the feet to the middle of the head
    np.testing.assert_array_equal(motion.rig.rest_positions[1] * [-1, 1, 1], motion.rig.rest_positions[2])


def test_z_is_up_in_amass(tmp_path: Path) -> None:
    upright = np.zeros((40, 156))
    upright[:, 0] = np.pi / 2  # Y of the body becomes Z of the world
    (motion,) = read(archive(tmp_path / "a.npz", poses=upright))
    positions = canonicalise(motion).positions
    assert (positions[:, JOINTS.index("head"), 1] > positions[:, JOINTS.index("left_foot"), 1] + 1).all()


@pytest.mark.parametrize("name", ["mocap_framerate", "mocap_frame_rate", "fps"])
def test_the_rate_is_read_in_each_spelling(tmp_path: Path, name: str) -> None:
    np.savez(tmp_path / "a.npz", poses=POSES[:, :72], trans=PATH, **{name: np.array([60])})
    assert read(tmp_path / "a.npz")[0].fps == 60


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "two rates": ({"mocap_frame_rate": 60.0}, "mocap_framerate is 120 but mocap_frame_rate is 60"),
    "no rate": ({"mocap_framerate": "fast"}, "no rate"),
    "a path of other length": ({"trans": PATH[:-1]}, r"\(T, 3 J\)"),
    "half a vector": ({"poses": POSES[:, :155]}, r"\(T, 3 J\)"),
    "not a number": ({"trans": PATH * np.nan}, "not finite"),
    "text": ({"trans": np.full((40, 3), "x")}, "not numbers"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_contradictions_are_refused(tmp_path: Path, kind: str) -> None:
    arrays, reason = REFUSED[kind]
    with pytest.raises(FormatError, match=rf"a\.npz: .*{reason}"):
        read(archive(tmp_path / "a.npz", **arrays))


def features_of(positions: NDArray[np.float64], headings: NDArray[np.float64]) -> NDArray[np.float32]:
    """HumanML3D's features, as far as they are read, of joints (T, 22, 3) whose root faces these headings (T,)."""
    features = np.zeros((len(positions), 263), np.float32)
    into_root = Rotation.from_rotvec(headings[:, None] * [0, 1, 0])  # the root's axes are the world's, turned back
    features[:-1, 0] = np.diff(headings) / 2
    steps = np.diff(positions[:, 0], axis=0)
    features[:-1, 1:3] = into_root[1:].apply(steps)[:, [0, 2]]
    features[:, 3] = positions[:, 0, 1]
    away = positions[:, 1:] - positions[:, :1] * [1, 0, 1]
    features[:, 4:67] = np.stack([into_root.apply(away[:, joint]) for joint in range(21)], axis=1).reshape(-1, 63)
    return features


def test_features_of_humanml3d_give_the_joints_back(tmp_path: Path) -> None:
    positions = RNG.uniform(-1, 1, (30, 22, 3)) + np.cumsum(RNG.uniform(-0.1, 0.1, (30, 1, 3)), axis=0)
    positions[:, :, [0, 2]] -= positions[0, 0, [0, 2]]  # they begin above the origin
    headings = np.concatenate([[0.0], np.cumsum(RNG.uniform(-0.3, 0.3, 29))])
    np.save(tmp_path / "a.npy", features_of(positions, headings))
    (motion,) = read(tmp_path / "a.npy")
    assert (motion.fps, motion.rig.joint_names) == (20.0, JOINTS)
    np.testing.assert_allclose(motion.positions, positions, atol=1e-4)


@pytest.mark.parametrize(
    ("root", "others", "path"),
    [("global_orient", "body_pose", "transl"), ("root_orient", "pose_body", "trans"),
     ("smpl_orient_world", "smpl_pose", "root_trans_world")],
)  # fmt: skip
@pytest.mark.parametrize("shape", [(40, 63), (40, 21, 3)])
def test_root_and_other_joints_may_be_arrays_of_their_own(
    tmp_path: Path, root: str, others: str, path: str, shape: tuple[int, ...]
) -> None:
    (whole,) = read(archive(tmp_path / "a.npz"))
    arrays = {root: POSES[:, :3], others: POSES[:, 3:66].reshape(shape), path: PATH, "fps": 30.0}
    np.savez(tmp_path / "b.npz", **arrays)
    (motion,) = read(tmp_path / "b.npz")
    np.testing.assert_allclose(motion.positions, whole.positions, atol=1e-6)
    assert motion.fps == 30.0


def test_what_romp_finds_is_in_the_axes_of_a_camera(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", smpl_thetas=POSES[:, :72], cam_trans=PATH, fps=25)
    (motion,) = read(tmp_path / "a.npz")
    assert (motion.declared_up, motion.fps, motion.frame_count) == ("-Y", 25.0, 40)


def test_results_that_romp_and_glamr_pickle_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", results=np.array({"smpl_thetas": POSES}, dtype=object))
    with pytest.raises(FormatError, match=r"a\.npz: holds Python objects, which are not read; save arrays of numbers"):
        read(tmp_path / "a.npz")
