"""glTF: joints stand where the specification puts them, VRM names them, damaged files are refused in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.interpolate import CubicHermiteSpline
from scipy.spatial.transform import Rotation, Slerp
from support.gltf_files import GltfWriter
from support.structured_mutations import mutate_structure

from mretrieve.errors import FormatError
from mretrieve.formats import read
from mretrieve.formats.keyframes import Track
from mretrieve.motion.rigs.rig_map import find_rig_map

NAMES = ("root", "hips", "knee", "foot", "spine")
PARENTS = (-1, 0, 1, 2, 1)
OFFSETS = np.array([[0, 0, 0], [0, 0.9, 0.1], [0.1, -0.4, 0], [0, -0.4, 0.05], [0, 0.3, 0]])
RNG = np.random.default_rng(0)
REST = Rotation.random(5, rng=RNG)
TIMES_S = np.arange(25) / 24
TURNS = [Rotation.random(25, rng=RNG) for _ in NAMES]
PATH = RNG.uniform(-1, 1, (25, 3))
SCALE = 0.01


def nodes() -> list[dict[str, Any]]:
    own = [
        {"name": name, "translation": offset.tolist(), "rotation": turn.as_quat().tolist()}
        for name, offset, turn in zip(NAMES, OFFSETS / SCALE, REST, strict=True)
    ]
    for child, parent in enumerate(PARENTS):
        if parent >= 0:
            own[parent].setdefault("children", []).append(child)  # type: ignore[attr-defined]
    own.append({"name": "Armature", "scale": [SCALE] * 3, "children": [0]})
    return own


def writer(
    interpolation: str = "LINEAR", quaternions: Callable[[Rotation], NDArray[Any]] = Rotation.as_quat
) -> GltfWriter:
    document = GltfWriter(nodes())
    tracks = [(joint, "rotation", TIMES_S, quaternions(turn)) for joint, turn in enumerate(TURNS)]
    document.animate("walk", [*tracks, (0, "translation", TIMES_S, PATH / SCALE)], interpolation)
    return document


def places(turns: list[Rotation], path: NDArray[np.float64]) -> NDArray[np.float64]:
    """Positions (T, J, 3) of nodes, parents before children: the product of their matrices."""
    world, positions = list(turns), np.empty((len(path), len(NAMES), 3))
    positions[:, 0] = path
    for joint, parent in enumerate(PARENTS[1:], start=1):
        positions[:, joint] = positions[:, parent] + world[parent].apply(OFFSETS[joint])
        world[joint] = world[parent] * turns[joint]
    return positions


def test_joints_stand_where_the_matrices_put_them_and_rest_where_the_nodes_are(tmp_path: Path) -> None:
    (tmp_path / "a.glb").write_bytes(writer().glb())
    (motion,) = read(tmp_path / "a.glb")
    assert (motion.rig.joint_names, motion.fps, motion.body, motion.declared_up) == (NAMES, 24.0, "", "+Y")
    np.testing.assert_allclose(motion.positions, places(TURNS, PATH), atol=1e-5)
    rest = places([Rotation.from_quat(turn.as_quat()[None]) for turn in REST], OFFSETS[:1])
    np.testing.assert_allclose(motion.rig.rest_positions, rest[0], atol=1e-6)


def test_local_poses_give_the_positions(tmp_path: Path) -> None:
    (tmp_path / "a.glb").write_bytes(writer().glb())
    (motion,) = read(tmp_path / "a.glb")
    world, at = np.empty((25, 5, 3, 3)), np.empty((25, 5, 3))
    for joint, parent in enumerate(motion.rig.parents):
        turns, shifts = motion.rotations[:, joint], motion.translations[:, joint]
        world[:, joint] = turns if parent < 0 else world[:, parent] @ turns
        at[:, joint] = shifts if parent < 0 else at[:, parent] + np.einsum("tij,tj->ti", world[:, parent], shifts)
    np.testing.assert_allclose(at, motion.positions, atol=1e-5)
    np.testing.assert_allclose(np.linalg.det(motion.rotations), 1.0)


def test_text_and_buffers_in_files_next_to_it_are_the_same_motion(tmp_path: Path) -> None:
    document = writer()
    (tmp_path / "a.glb").write_bytes(document.glb())
    (tmp_path / "b.gltf").write_text(document.text())
    (tmp_path / "c.gltf").write_text(document.text("take%201.bin"))
    (tmp_path / "take 1.bin").write_bytes(document.binary)
    expected = read(tmp_path / "a.glb")[0].positions
    for name in ("b.gltf", "c.gltf"):
        np.testing.assert_array_equal(read(tmp_path / name)[0].positions, expected)


def test_between_key_frames_rotations_take_the_shorter_arc(tmp_path: Path) -> None:
    keys_s = np.array([0.0, 0.35, 1.1])
    turns = Rotation.from_rotvec([[0, 0, 0], [0, 2.0, 0], [0.5, 2.5, 0]])
    quaternions = turns.as_quat() * np.array([[1], [-1], [1]])  # -q is the same rotation
    document = GltfWriter(nodes())
    document.animate("turn", [(1, "rotation", keys_s, quaternions)])
    (tmp_path / "a.glb").write_bytes(document.glb())
    (motion,) = read(tmp_path / "a.glb")
    assert (motion.fps, motion.frame_count) == (30.0, 34)  # no raster
    hips = Slerp(keys_s, turns)(np.arange(34) / 30)
    still = [Rotation.from_quat(np.tile(turn.as_quat(), (34, 1))) for turn in REST]
    still[1] = hips
    expected = places(still, np.tile(OFFSETS[0], (34, 1)))[:, 1:]  # the root neither moves nor is a joint of a skin
    np.testing.assert_allclose(motion.positions, expected, atol=1e-5)


def test_steps_hold_and_splines_bend(tmp_path: Path) -> None:
    keys_s = np.array([0.0, 1.0])
    values = np.array([[0.0, 0, 0], [1.0, 0, 0]]) / SCALE
    still = np.zeros((2, 3))
    for interpolation, numbers, expected in (
        ("STEP", values, np.where(np.arange(31) < 30, 0.0, 1.0)),
        ("CUBICSPLINE", np.stack([still, values, still], axis=1).reshape(-1, 3), None),
    ):
        document = GltfWriter(nodes())
        document.animate("slide", [(0, "translation", keys_s, numbers)], interpolation)
        (tmp_path / "a.glb").write_bytes(document.glb())
        root = read(tmp_path / "a.glb")[0].positions[:, 0, 0]
        share = np.arange(31) / 30
        np.testing.assert_allclose(root, 3 * share**2 - 2 * share**3 if expected is None else expected, atol=1e-5)


def test_normalised_integers_are_fractions(tmp_path: Path) -> None:
    whole = writer(quaternions=lambda turn: np.round(turn.as_quat() * 32767).astype(np.int16))
    (tmp_path / "a.glb").write_bytes(whole.glb())
    np.testing.assert_allclose(read(tmp_path / "a.glb")[0].positions, places(TURNS, PATH), atol=2e-4)


def test_each_animation_and_each_figure_is_a_motion(tmp_path: Path) -> None:
    document = writer()
    document.json["nodes"] += [{"name": "Box", "children": [7]}, {"name": "Lid", "children": [8]}, {"name": "Knob"}]
    document.json["nodes"].append({"name": "Camera"})
    quaternions = Rotation.random(25, rng=RNG).as_quat()
    document.animate("run", [(node, "rotation", TIMES_S, quaternions) for node in (1, 6, 7, 8, 9)])
    document.animate("blink", [])
    (tmp_path / "a.glb").write_bytes(document.glb())
    assert [motion.body for motion in read(tmp_path / "a.glb")] == ["walk", "run/root", "run/Box"]


@pytest.mark.parametrize("extension", ["VRM", "VRMC_vrm", "VRMC_vrm_animation"])
def test_vrm_names_the_joints(tmp_path: Path, extension: str) -> None:
    document = writer()
    bones = {"hips": 1, "leftLowerLeg": 2, "leftFoot": 3, "spine": 4}
    entries: Any = {bone: {"node": node} for bone, node in bones.items()}
    if extension == "VRM":
        entries = [{"bone": bone, "node": node} for bone, node in bones.items()]
    document.json["extensions"] = {extension: {"humanoid": {"humanBones": entries}}}
    (tmp_path / "a.vrm").write_bytes(document.glb())
    assert read(tmp_path / "a.vrm")[0].rig.joint_names == ("root", "hips", "leftLowerLeg", "leftFoot", "spine")


def _broken(change: Callable[[GltfWriter], None]) -> bytes:
    document = writer()
    change(document)
    return document.glb()


REFUSED: dict[str, tuple[bytes, str]] = {
    "cut": (writer().glb()[:-40], "ends in the middle of a chunk"),
    "no animation": (_broken(lambda document: document.json.pop("animations")), "without animation"),
    "no skeleton": (_broken(lambda document: document.json.update(animations=[])), "without animation"),
    "version 1": (_broken(lambda document: document.json.update(asset={"version": "1.0"})), "not glTF 2.0"),
    "more numbers than bytes": (
        _broken(lambda document: document.json["accessors"][0].update(count=10**9)),
        "bytes that the file does not have",
    ),
    "no accessor": (
        _broken(lambda document: document.json["animations"][0]["samplers"][0].update(input=99)),
        "number 99",
    ),
    "circle": (_broken(lambda document: document.json["nodes"][3].update(children=[5])), "own ancestors"),
    "two parents": (_broken(lambda document: document.json["nodes"][4].update(children=[3])), "two parents"),
    "compressed": (
        _broken(lambda document: document.json["bufferViews"][0].update(extensions={"EXT_meshopt_compression": {}})),
        "without compression",
    ),
    "times that go back": (
        _broken(lambda document: document.animate("x", [(0, "rotation", TIMES_S[::-1], TURNS[0].as_quat())])),
        "do not increase",
    ),
    "a year": (
        _broken(lambda document: document.animate("x", [(0, "translation", TIMES_S * 3e7, PATH)])),
        "MiB; cut the take",
    ),
    "not a number": (
        _broken(lambda document: document.animate("x", [(0, "translation", TIMES_S, PATH * np.nan)])),
        "not finite",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_damage_is_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    content, reason = REFUSED[kind]
    (tmp_path / "a.glb").write_bytes(content)
    with pytest.raises(FormatError, match=rf"a\.glb: .*{reason}") as refusal:
        read(tmp_path / "a.glb")
    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize(
    "uri", ["../a.bin", "/etc/passwd", "file:///etc/passwd", "http://localhost/a.bin", "..", "c:a.bin"]
)
def test_buffers_elsewhere_are_not_read(tmp_path: Path, uri: str) -> None:
    (tmp_path / "take").mkdir()
    (tmp_path / "a.bin").write_bytes(writer().binary)
    (tmp_path / "take" / "a.gltf").write_text(writer().text(uri))
    with pytest.raises(FormatError, match="buffer"):
        read(tmp_path / "take" / "a.gltf")


def test_damaged_files_are_read_or_refused(tmp_path: Path) -> None:
    sound, path, refused = writer().text().encode(), tmp_path / "a.gltf", 0
    for seed in range(150):
        path.write_bytes(mutate_structure(sound, seed))
        try:
            motions = read(path)
        except FormatError as error:
            refused += 1
            assert len(str(error).splitlines()) == 1
        else:
            assert all(np.isfinite(motion.positions).all() for motion in motions)
    assert 0 < refused < 150


def test_a_humanoid_is_mapped_by_its_vrm_names(tmp_path: Path) -> None:
    """An avatar whose nodes have names of no language is read by the names of VRM."""
    joints = {
        "hips": ("", 0, 0.95, 0),
        "spine": ("hips", 0, 0.12, 0),
        "chest": ("spine", 0, 0.2, 0),
        "neck": ("chest", 0, 0.25, 0),
        "head": ("neck", 0, 0.1, 0),
    }
    for side, sign in (("left", 1), ("right", -1)):
        joints |= {
            f"{side}UpperLeg": ("hips", sign * 0.1, -0.05, 0),
            f"{side}LowerLeg": (f"{side}UpperLeg", 0, -0.42, 0.01),
            f"{side}Foot": (f"{side}LowerLeg", 0, -0.42, -0.02),
            f"{side}Toes": (f"{side}Foot", 0, -0.06, 0.14),
            f"{side}Shoulder": ("chest", sign * 0.05, 0.2, 0),
            f"{side}UpperArm": (f"{side}Shoulder", sign * 0.12, 0, 0),
            f"{side}LowerArm": (f"{side}UpperArm", sign * 0.28, 0, 0),
            f"{side}Hand": (f"{side}LowerArm", sign * 0.25, 0, 0),
        }
    names = list(joints)
    own = [
        {
            "name": f"x{number}",
            "translation": list(joints[name][1:]),
            "children": [child for child, other in enumerate(names) if joints[other][0] == name],
        }
        for number, name in enumerate(names)
    ]
    document = GltfWriter(own)
    document.json["extensions"] = {
        "VRMC_vrm_animation": {"humanoid": {"humanBones": {name: {"node": node} for node, name in enumerate(names)}}}
    }
    turns = Rotation.from_rotvec(np.linspace(0, 1, 25)[:, None] * [0, 1, 0]).as_quat()
    document.animate("nod", [(names.index("neck"), "rotation", TIMES_S, turns)])
    (tmp_path / "a.vrma").write_bytes(document.glb())
    (motion,) = read(tmp_path / "a.vrma")
    rig_map = find_rig_map(motion.rig, motion.positions, motion.source)
    assert [motion.rig.joint_names[joint or 0] for joint in rig_map.joints[:3]] == [
        "hips",
        "leftUpperLeg",
        "rightUpperLeg",
    ]
    assert rig_map.confidence > 0.9


def test_splines_leave_and_enter_key_frames_by_their_tangents() -> None:
    keys_s, times_s = np.array([0.0, 0.5, 2.0]), np.linspace(0, 2, 41)
    values, into, out_of = np.random.default_rng(0).standard_normal((3, 3, 3))
    track = Track(0, "translation", keys_s, np.stack([into, values, out_of], axis=1), "CUBICSPLINE")
    for first, last in ((0, 1), (1, 2)):
        spline = CubicHermiteSpline(keys_s[[first, last]], values[[first, last]], [out_of[first], into[last]])
        part = times_s[(times_s >= keys_s[first]) & (times_s <= keys_s[last])]
        np.testing.assert_allclose(track.at(part), spline(part), atol=1e-12)
