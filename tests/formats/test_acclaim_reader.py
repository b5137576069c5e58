"""ASF and AMC: the numbers of the file, the skeleton's conventions, and refusals with line, frame and bone."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from support.sample_files import AMC, ASF

from mretrieve.errors import FormatError
from mretrieve.formats import read
from mretrieve.motion import Motion


@pytest.fixture
def read_pair(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Reads an AMC text (or bytes) named take.amc beside an ASF text named take.asf."""

    def read_it(amc: str | bytes = AMC, asf: str | bytes = ASF) -> Motion:
        for name, content in (("take.amc", amc), ("take.asf", asf)):
            (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        (motion,) = read(tmp_path / "take.amc")
        return motion

    return read_it


def plain_acclaim(amc: str, asf: str) -> dict[str, np.ndarray]:
    """Where each bone ends in each frame (T, 3), by the textbook: M = C R C^-1 down the tree, one bone at a time.

    An independent reading for well-formed files: words and SciPy, nothing of the project.
    """
    degrees = "angle rad" not in asf
    blocks = re.findall(r"begin\s+id(.*?)\bend", asf.partition(":bonedata")[2].partition(":hierarchy")[0], re.DOTALL)
    bones = {}
    for block in blocks:
        words = {line.split()[0]: line.split()[1:] for line in block.splitlines()[1:] if line.split()}
        order = words["axis"][3].lower()
        frame = Rotation.from_euler(order, [float(words["axis"]["xyz".index(a)]) for a in order], degrees=degrees)
        tip = np.array(words["direction"], float) * float(words["length"][0])
        bones[words["name"][0]] = (frame, tip, words.get("dof", []))
    parents = {}
    for line in asf.partition(":hierarchy")[2].split("begin")[1].split("end")[0].splitlines():
        for child in line.split()[1:]:
            parents[child] = line.split()[0]
    root_order = re.search(r"order (.*)", asf)[1].lower().split()  # type: ignore[index]
    ends: dict[str, list[np.ndarray]] = {name: [] for name in ["root", *bones]}
    for frame_text in re.split(r"^\d+\s*$", amc, flags=re.MULTILINE)[1:]:
        values = {
            line.split()[0]: list(map(float, line.split()[1:])) for line in frame_text.splitlines() if line.split()
        }
        root = dict(zip(root_order, values["root"], strict=True))
        in_degrees = ":RADIANS" not in amc and degrees

        def turned(dofs: list[str], numbers: list[float], in_degrees: bool = in_degrees) -> Rotation:
            axes = "".join(dof[1] for dof in dofs if dof[0] == "r")
            angles = [number for dof, number in zip(dofs, numbers, strict=True) if dof[0] == "r"]
            return Rotation.from_euler(axes, angles, degrees=in_degrees) if axes else Rotation.identity()

        world = {"root": turned(root_order, values["root"])}  # lower-case axes: about fixed axes, first named first
        end = {"root": np.array([root["tx"], root["ty"], root["tz"]])}
        waiting = list(bones)
        while waiting:
            name = waiting.pop(0)
            if parents[name] not in world:
                waiting.append(name)
                continue
            frame, tip, dofs = bones[name]
            world[name] = world[parents[name]] * frame * turned(dofs, values.get(name, [])) * frame.inv()
            end[name] = end[parents[name]] + world[name].apply(tip)
        for name in ends:
            ends[name].append(end[name])
    return {name: np.array(positions) for name, positions in ends.items()}


def assert_same_ends(motion: Motion, expected: dict[str, np.ndarray]) -> None:
    """Each bone ends where its children begin, or at '<bone>_end'."""
    names = list(motion.rig.joint_names)
    for bone, end in expected.items():
        joint = names.index(bone)
        children = (
            [names.index(bone + "_end")] if bone + "_end" in names else np.flatnonzero(motion.rig.parents == joint)
        )
        for child in children:
            np.testing.assert_allclose(motion.positions[:, child], end, atol=2e-5, err_msg=bone)


def test_the_plain_pair(read_pair) -> None:  # type: ignore[no-untyped-def]
    motion = read_pair()
    assert motion.rig.joint_names == ("root", "hip", "femur", "tibia", "tibia_end", "spine", "spine_end")
    assert motion.rig.parents.tolist() == [-1, 0, 1, 2, 3, 0, 5]
    assert (motion.frame_count, motion.fps, motion.body, motion.repairs) == (3, 120.0, "", ())
    assert motion.metres_per_unit == pytest.approx(0.0254 / 0.45)
    np.testing.assert_allclose(motion.positions[:, 0], [[1, 2, 3], [1.5, 2, 3], [2, 2, 3]])
    assert_same_ends(motion, plain_acclaim(AMC, ASF))


@pytest.mark.parametrize("order", ["XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX"])
def test_any_axis_order(read_pair, order: str) -> None:  # type: ignore[no-untyped-def]
    asf = ASF.replace("axis 10 -20 30 ZYX", f"axis 10 -20 30 {order}")
    assert_same_ends(read_pair(asf=asf), plain_acclaim(AMC, asf))


@pytest.mark.parametrize("dofs", ["rx ry rz", "rz ry rx", "ry rz rx", "rx rz ry"])
def test_any_order_of_degrees_of_freedom(read_pair, dofs: str) -> None:  # type: ignore[no-untyped-def]
    asf = ASF.replace("dof rx ry rz", f"dof {dofs}")
    assert_same_ends(read_pair(asf=asf), plain_acclaim(AMC, asf))


@pytest.mark.parametrize("order", ["TX TY TZ RZ RY RX", "RX RY RZ TX TY TZ", "TZ RY TX RX TY RZ"])
def test_any_order_of_the_root(read_pair, order: str) -> None:  # type: ignore[no-untyped-def]
    asf = ASF.replace("order TX TY TZ RX RY RZ", f"order {order}")
    assert_same_ends(read_pair(asf=asf), plain_acclaim(AMC, asf))


def test_angles_in_radians_by_the_units_of_the_skeleton(read_pair) -> None:  # type: ignore[no-untyped-def]
    asf = ASF.replace("angle deg", "angle rad")
    amc = AMC.replace(":DEGREES\n", "")
    assert_same_ends(read_pair(amc, asf), plain_acclaim(amc, asf))


def test_the_motion_may_state_another_unit_than_the_skeleton(read_pair) -> None:  # type: ignore[no-untyped-def]
    amc = AMC.replace(":DEGREES", ":RADIANS")
    assert_same_ends(read_pair(amc), plain_acclaim(amc, ASF))


def test_root_position_and_orientation(read_pair) -> None:  # type: ignore[no-untyped-def]
    """The orientation is the root's frame C, the position is added to every frame's translation."""
    asf = ASF.replace("position 0 0 0", "position 5 6 7").replace("orientation 0 0 0", "orientation 10 20 30")
    motion = read_pair(asf=asf)
    np.testing.assert_allclose(motion.positions[:, 0], [[6, 8, 10], [6.5, 8, 10], [7, 8, 10]])
    frame, turn = (
        Rotation.from_euler("xyz", [10, 20, 30], degrees=True),
        Rotation.from_euler("xyz", [10, 20, 30], degrees=True),
    )
    hip_end = motion.positions[0, 0] + (frame * turn * frame.inv()).apply([2, 0, 0])
    np.testing.assert_allclose(motion.positions[0, 2], hip_end, atol=1e-5)


def test_translations_of_a_bone_move_its_begin_within_its_frame(read_pair) -> None:  # type: ignore[no-untyped-def]
    asf = ASF.replace("axis 0 90 0 XYZ\n     dof ry", "axis 0 90 0 XYZ\n     dof tx ry tz")
    amc = re.sub(r"spine .*", "spine 3 0 4", AMC).replace("root 1 2 3 10 20 30", "root 1 2 3 0 0 0")
    motion = read_pair(amc, asf)
    np.testing.assert_allclose(motion.positions[0, 5], [1 + 4, 2, 3 - 3], atol=1e-5)  # x -> -z, z -> x at 90 about Y


def test_length_changes_are_left_out_and_said(read_pair) -> None:  # type: ignore[no-untyped-def]
    asf, amc = ASF.replace("dof ry", "dof ry l"), re.sub(r"(spine .*)", r"\1 0.25", AMC)
    motion = read_pair(amc, asf)
    assert_same_ends(motion, plain_acclaim(AMC, ASF))
    assert "spine" in motion.repairs[0]


SAME_NUMBERS = {
    "no header lines": AMC[AMC.index("1\n") :],
    "Latin-1 comment": AMC.replace("ASF sample", "ASF für Bonn").encode("latin-1"),
    "CRLF": AMC.replace("\n", "\r\n"),
    "CR": AMC.replace("\n", "\r"),
    "frame numbers with LF among CRLF": AMC.replace("\n", "\r\n").replace("\n2\r\n", "\n2\n"),
    "blank lines": AMC.replace("\n", "\n\n"),
    "blanks at line ends": AMC.replace("\n", " \t\n"),
    "byte-order mark": "\ufeff" + AMC,
    "no final newline": AMC.rstrip(),
    "numbered from 345": re.sub(r"^(\d)$", lambda frame: str(344 + int(frame[1])), AMC, flags=re.MULTILINE),
    "bones in another order": AMC.replace("spine 5\nfemur 10 20 30\n", "femur 10 20 30\nspine 5\n"),
    "bones in another order later on": AMC.replace("spine 7\nfemur 12 22 32\n", "femur 12 22 32\nspine 7\n"),
    "comments between frames": AMC.replace("\n3\n", "\n# three\n3\n"),
    "comma decimals": AMC.replace(".", ","),
}


@pytest.mark.parametrize("variant", SAME_NUMBERS)
def test_a_legal_variant_is_read_to_the_same_numbers(read_pair, variant: str) -> None:  # type: ignore[no-untyped-def]
    motion = read_pair(SAME_NUMBERS[variant])
    assert_same_ends(motion, plain_acclaim(AMC, ASF))
    assert motion.frame_count == 3


def line_of(words: str, text: str) -> int:
    return text[: text.index(words)].count("\n") + 1


REFUSED_MOTIONS = {
    "a frame without a bone": (AMC.replace("spine 5e-015\n", ""), 9, "frame 2 lacks spine"),
    "a truncated last frame": (AMC[: AMC.index("femur 12")], 14, "frame 3 lacks femur, tibia"),
    "a truncated last line": (AMC[: AMC.index(" 52")], 18, "frame 3: bone 'tibia' has 1 values"),
    "an unknown bone": (AMC.replace("spine 7", "spin 7"), 16, "frame 3: bone 'spin' is not in take.asf"),
    "a bone twice": (AMC.replace("spine 7", "spine 7\nspine 7"), 17, "'spine' occurs twice"),
    "a value too many": (AMC.replace("spine 7", "spine 7 8"), 16, "frame 3: bone 'spine' has 2 values"),
    "a value too few": (AMC.replace("femur 12 22 32", "femur 12 22"), 17, "has 2 values, in take.asf it has 3"),
    "nan": (AMC.replace("spine 7", "spine nan"), 16, "frame 3, bone 'spine': 'nan' is not a finite number"),
    "1e400": (AMC.replace("-11 ", "1e400 "), 12, "frame 2, bone 'femur': '1e400'"),
    "Visual C's not-a-number": (AMC.replace("spine 7", "spine -1.#IND"), 16, "'-1.#IND'"),
    "a frame number skipped": (AMC.replace("\n3\n", "\n4\n"), 14, "frame 4 where frame 3 is due"),
    "a frame number twice": (AMC.replace("\n3\n", "\n2\n"), 14, "frame 2 where frame 3 is due"),
    "a frame number lost": (AMC.replace("\n3\n", "\n"), 14, "where frame number 3 is due"),
    "a word before the frames": (AMC.replace("\n1\n", "\nhello\n1\n"), 4, "'hello' before the first frame"),
    "zero frames": (AMC[: AMC.index("1\n")], 4, "zero frames"),
    "control character": (AMC.replace("spine 7", "spine\x007"), 16, "frame 3"),
    "a rate of zero": (AMC.replace(":DEGREES", ":DEGREES\n:SAMPLES-PER-SECOND 0"), 4, "SAMPLES-PER-SECOND"),
}


@pytest.mark.parametrize("variant", REFUSED_MOTIONS)
def test_a_damaged_motion_is_refused_with_line_frame_and_bone(read_pair, variant: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    text, line, words = REFUSED_MOTIONS[variant]
    with pytest.raises(FormatError) as refused:
        read_pair(text)
    assert str(refused.value).startswith(f"{tmp_path / 'take.amc'}:{line}: ")
    assert words in str(refused.value)


# Variant -> what is replaced by what, the words whose line is named, words of the complaint.
REFUSED_SKELETONS = {
    "a bone with two parents": ("femur tibia", "femur tibia\n    spine tibia", None, "two parents"),
    "a circle": ("femur tibia", "femur tibia\n    tibia hip", None, "two parents"),
    "a bone that hangs on nothing": ("    femur tibia\n", "", None, "'tibia' is not connected"),
    "an unknown bone in the hierarchy": ("femur tibia", "femur shin", "femur shin", "'shin'"),
    "a bone twice": ("name tibia", "name femur", None, "a second bone 'femur'"),
    "a bone without a name": ("     name tibia\n", "", None, "without a name"),
    "a direction that is none": ("direction 0 -1 0", "direction 0 -2 0", None, "unit vector"),
    "two numbers for a direction": ("direction 0 -1 0", "direction 0 -1", "direction 0 -1", "needs 3 finite"),
    "an infinite length": ("length 7.5", "length inf", "length inf", "needs 1 finite"),
    "an unknown axis order": ("30 ZYX", "30 ZZX", "30 ZZX", "axis order 'zzx'"),
    "an unknown degree of freedom": ("dof rz rx", "dof rz rw", "dof rz rw", "degrees of freedom"),
    "an unknown angle unit": ("angle deg", "angle grad", "angle grad", "deg or rad"),
    "a block without end": ("     dof ry\n  end", "     dof ry", None, "has no end"),
    "no hierarchy": (":hierarchy", ":anarchy", None, "no :hierarchy"),
    "a length unit of zero": ("length 0.45", "length 0", None, "unit of length"),
    "a root without order": ("   order TX TY TZ RX RY RZ\n", "", None, "`order`"),
}


@pytest.mark.parametrize("variant", REFUSED_SKELETONS)
def test_a_damaged_skeleton_is_refused_with_its_line(read_pair, variant: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    old, new, named, words = REFUSED_SKELETONS[variant]
    asf = ASF.replace(old, new)
    assert asf != ASF
    with pytest.raises(FormatError) as refused:
        read_pair(asf=asf)
    line = f":{line_of(named, asf)}: " if named else ":"
    assert str(refused.value).startswith(f"{tmp_path / 'take.asf'}{line}")
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("skeletons", "found"),
    [
        (["HDM_tr_walk_001.asf", "HDM_tr.asf"], "HDM_tr_walk_001.asf"),  # the same stem
        (["HDM_tr.asf", "HDM_t.asf", "HDM.asf"], "HDM_tr.asf"),  # the longest beginning
        (["HDM_TR.ASF", "other.asf"], "HDM_TR.ASF"),  # in any case
        (["nobody.asf"], "nobody.asf"),  # the only one
    ],
)
def test_the_skeleton_is_found_beside_the_motion(tmp_path: Path, skeletons: list[str], found: str) -> None:
    for name in skeletons:
        scale = 2 if name == found else 1
        (tmp_path / name).write_text(ASF.replace("length 0.45", f"length {scale}"))
    (tmp_path / "HDM_tr_walk_001.amc").write_text(AMC)
    (motion,) = read(tmp_path / "HDM_tr_walk_001.amc")
    assert motion.metres_per_unit == pytest.approx(0.0254 / 2)


@pytest.mark.parametrize(
    ("motion", "skeleton", "fits"),
    [
        ("02_01.amc", "02.asf", True),
        ("02_01.amc", "02_01.asf", True),
        ("hdm_TR_walk.amc", "HDM_tr.asf", True),
        ("05_01.amc", "02.asf", False),
        ("021.amc", "02.asf", False),  # 021 is another number than 02
        ("HDM_tr_walk.amc", "HDM_t.asf", False),
        ("walk.amc", "skeleton.asf", False),
    ],
)
def test_a_skeleton_whose_name_does_not_fit_is_named(tmp_path: Path, motion: str, skeleton: str, fits: bool) -> None:
    (tmp_path / skeleton).write_text(ASF)
    (tmp_path / motion).write_text(AMC)
    (read_motion,) = read(tmp_path / motion)
    assert [skeleton in repair for repair in read_motion.repairs] == [True] * (not fits)
    assert read(tmp_path / motion, asf=tmp_path / skeleton)[0].repairs == ()


@pytest.mark.parametrize("skeletons", [[], ["HDM_t.asf", "HDM_bk.asf"]])
def test_a_motion_without_a_skeleton_is_refused_and_asf_is_named(tmp_path: Path, skeletons: list[str]) -> None:
    for name in skeletons:
        (tmp_path / name).write_text(ASF)
    (tmp_path / "HDM_tr_001.amc").write_text(AMC)
    with pytest.raises(FormatError, match=r"HDM_tr_001\.amc: no skeleton.*--asf"):
        read(tmp_path / "HDM_tr_001.amc")


def test_a_named_skeleton_goes_before_the_one_beside_the_motion(read_pair, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    read_pair()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x.asf").write_text(ASF.replace("length 0.45", "length 1"))
    (motion,) = read(tmp_path / "take.amc", asf=tmp_path / "other" / "x.asf")
    assert motion.metres_per_unit == pytest.approx(0.0254)


def test_a_changed_skeleton_is_read_again(read_pair, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert read_pair().metres_per_unit == pytest.approx(0.0254 / 0.45)
    assert read_pair(asf=ASF.replace("length 0.45", "length 1.00")).metres_per_unit == pytest.approx(0.0254)


def test_a_rate_in_the_header_is_used(read_pair) -> None:  # type: ignore[no-untyped-def]
    assert read_pair(AMC.replace(":DEGREES", ":DEGREES\n:SAMPLES-PER-SECOND 59.94")).fps == 59.94


@pytest.mark.parametrize("name", ["hdm05/HDM_bd_depositFloorR_001_120.amc", "cmu/asfamc/02_01.amc"])
def test_real_pairs_agree_with_a_plain_reading(mocap: Path, name: str) -> None:
    path = mocap / name
    (motion,) = read(path)
    asf = next(path.parent.glob(path.stem[:6] + ".asf" if "HDM" in name else "02.asf")).read_text("latin-1")
    amc = path.read_text("latin-1")
    amc = amc[: [frame.start() for frame in re.finditer(r"^\d+\s*$", amc, re.MULTILINE)][5]]
    expected = plain_acclaim(amc, asf)
    some = Motion(motion.rig, motion.positions[:5], motion.fps, motion.source)
    assert_same_ends(some, expected)


def test_the_unit_of_mass_is_not_that_of_length(read_pair):
    exchanged = ASF.replace("  mass 1.0\n  length 0.45\n", "  length 0.45\n  mass 1.0\n")
    assert read_pair(asf=exchanged).metres_per_unit == read_pair().metres_per_unit == pytest.approx(0.0254 / 0.45)
