"""USD: joints stand where the transforms of their skeletons put them; damage and what is missing end in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from support.mutations import mutate
from support.usd_files import animation, stage

from mretrieve.errors import FormatError
from mretrieve.formats import MotionFile, ReadingOptions, read, read_file, recognise
from mretrieve.formats.usd import reader

JOINTS = ("Hips", "Hips/LeftUpLeg", "Hips/LeftUpLeg/LeftLeg", "Hips/Spine")
PARENTS = (-1, 0, 1, 0)
RNG = np.random.default_rng(0)
REST = np.array([[0.0, 95, 0], [10, -5, 0], [0, -42, 1], [0, 20, 0]])
REST_TURNS = Rotation.from_rotvec(RNG.uniform(-1, 1, (4, 3)))
PLACES = REST + np.cumsum(RNG.uniform(-1, 1, (13, 4, 3)), axis=0)
TURNS = [Rotation.from_rotvec(vectors) for vectors in np.cumsum(RNG.uniform(-0.2, 0.2, (13, 4, 3)), axis=0)]
WALK = animation("Walk", JOINTS, PLACES, TURNS)
TEXT = stage(JOINTS, REST, REST_TURNS, {"Walk": WALK}, bound="Walk")


def world(places: np.ndarray, turns: list[Rotation]) -> np.ndarray:
    expected = np.empty(places.shape)
    for frame, (own, turned) in enumerate(zip(places, turns, strict=True)):
        above: list[Rotation] = []
        for joint, parent in enumerate(PARENTS):
            above.append(turned[joint] if parent < 0 else above[parent] * turned[joint])
            at = expected[frame, parent] + above[parent].apply(own[joint]) if parent >= 0 else own[joint]
            expected[frame, joint] = at
    return expected


@pytest.fixture
def usd(tmp_path: Path) -> Path:
    pytest.importorskip("pxr")
    (tmp_path / "a.usda").write_text(TEXT)
    return tmp_path / "a.usda"


def test_joints_stand_where_the_transforms_put_them(usd: Path) -> None:
    (motion,) = read(usd)
    assert (motion.rig.joint_names, motion.fps) == (("Hips", "LeftUpLeg", "LeftLeg", "Spine"), 24.0)
    assert (motion.declared_up, motion.body) == ("+Y", "")
    np.testing.assert_allclose(motion.positions, world(PLACES, TURNS), atol=1e-3)  # centimetres
    rest = world(REST[None], [REST_TURNS])[0]
    np.testing.assert_allclose(motion.rig.rest_positions, rest, atol=1e-3)


def test_the_same_file_in_memory_and_under_another_name(usd: Path) -> None:
    (motion,) = read(usd)
    (in_memory,) = read_file(MotionFile(Path("a.bin"), TEXT.encode()), ReadingOptions())
    np.testing.assert_array_equal(motion.positions, in_memory.positions)


def test_a_binary_stage_and_a_package_hold_the_same(usd: Path) -> None:
    pxr = pytest.importorskip("pxr")
    from pxr import Usd, UsdUtils

    assert pxr
    Usd.Stage.Open(str(usd)).Export(str(usd.with_suffix(".usdc")))
    UsdUtils.CreateNewUsdzPackage(str(usd), str(usd.with_suffix(".usdz")))
    for suffix in (".usdc", ".usdz"):
        found = recognise(usd.with_suffix(suffix))
        assert found is not None and found.name == "usd"
        np.testing.assert_allclose(read(usd.with_suffix(suffix))[0].positions, read(usd)[0].positions, atol=1e-4)


def test_several_animations_are_several_takes(usd: Path) -> None:
    run = animation("Run", JOINTS, PLACES[::-1], TURNS[::-1])
    usd.write_text(stage(JOINTS, REST, REST_TURNS, {"Walk": WALK, "Run": run}, bound="Walk", fps=30, up="Z"))
    motions = read(usd)
    assert [(motion.body, motion.fps, motion.declared_up) for motion in motions] == [
        ("Walk", 30.0, "+Z"),
        ("Run", 30.0, "+Z"),
    ]
    np.testing.assert_allclose(motions[1].positions, motions[0].positions[::-1], atol=1e-4)


def test_joints_that_an_animation_lacks_rest(usd: Path) -> None:
    own = [0, 2]
    part = animation("Walk", [JOINTS[joint] for joint in own], PLACES[:, own], [turns[own] for turns in TURNS])
    usd.write_text(stage(JOINTS, REST, REST_TURNS, {"Walk": part}, bound="Walk"))
    places = np.tile(REST, (13, 1, 1))
    places[:, own] = PLACES[:, own]
    turns = [
        Rotation.from_quat(np.stack([(moved if joint in own else REST_TURNS)[joint].as_quat() for joint in range(4)]))
        for moved in TURNS
    ]
    np.testing.assert_allclose(read(usd)[0].positions, world(places, turns), atol=1e-3)


def test_a_skeleton_moves_with_the_prim_around_it(usd: Path) -> None:
    path = """double3 xformOp:translate.timeSamples = { 1: (0, 0, 0), 13: (120, 0, 0) }
    uniform token[] xformOpOrder = ["xformOp:translate"]"""
    usd.write_text(stage(JOINTS, REST, REST_TURNS, {"Walk": WALK}, bound="Walk", root=path))
    (motion,) = read(usd)
    expected = world(PLACES, TURNS) + np.arange(13)[:, None, None] * [10.0, 0, 0]
    named = [motion.rig.joint_names.index(joint.rpartition("/")[2]) for joint in JOINTS]
    np.testing.assert_allclose(motion.positions[:, named], expected, atol=1e-3)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (stage(JOINTS, REST, REST_TURNS, {}), "holds no animation of bones"),
        (TEXT.replace("def Skeleton", "def Xform"), "holds no animation of bones"),
        (TEXT.replace("}\n}", ""), "usd-core cannot read it"),
        (TEXT.replace("float3[] translations", "int translations"), "usd-core cannot read it"),
        (TEXT.replace('joints = ["Hips", ', "joints = [", 2), "one for each of 3 joints"),
    ],
)  # fmt: skip
def test_what_holds_no_motion_is_refused_in_one_line(usd: Path, text: str, reason: str) -> None:
    usd.write_text(text)
    with pytest.raises(FormatError, match=rf"a\.usda: .*{reason}") as refusal:
        read(usd)
    assert len(str(refusal.value).splitlines()) == 1


def test_damaged_files_are_read_or_refused(usd: Path) -> None:
    for seed in range(12):  # each is a process
        usd.write_bytes(mutate(TEXT.encode(), seed))
        try:
            assert all(np.isfinite(motion.positions).all() for motion in read(usd))
        except FormatError as error:
            assert "a.usda" in str(error) and len(str(error).splitlines()) == 1


def test_a_crash_of_the_library_is_a_refusal(usd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (usd.parent / "worker.py").write_text("import os; os.abort()")
    monkeypatch.setattr(reader, "__file__", str(usd.parent / "reader.py"))
    with pytest.raises(FormatError, match=r"a\.usda: usd-core crashed on it; open it in Blender"):
        read(usd)


def test_without_the_library_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.usda").write_text(TEXT)
    monkeypatch.setattr("mretrieve.formats.reader.find_spec", lambda name: None)
    with pytest.raises(FormatError, match=r"a\.usda: usd: needs pxr; install it with: pip install '.*\[usd\]'"):
        read(tmp_path / "a.usda")
