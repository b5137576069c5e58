"""Moments exported and read back, on the rigs of the demo library and of real motion capture."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.performed_files import performed

from mretrieve.errors import FormatError, IndexStateError, QueryError, RigError
from mretrieve.export import Exported, ExportOptions, export_moment
from mretrieve.export.moment import leading_rest_frames
from mretrieve.export.partners import mirror_partners
from mretrieve.formats import read
from mretrieve.formats.bvh_writer import write_bvh
from mretrieve.formats.rotation_channels import rig_in_poses
from mretrieve.indexer import build_index
from mretrieve.motion import Motion, Rig, canonicalise, find_rig_map, mirror
from mretrieve.motion.skeleton import joint
from mretrieve.sources.resolve import ClipResolver

REAL = [
    "cmu/bvh/002_01.bvh",
    "cmu/asfamc/02_01.amc",
    "cmu/expmap/test/basketball/basketball_1.txt",
    "hdm05/HDM_bd_depositFloorR_001_120.amc",
    "bandai1/dataset-1_bow_active_001.bvh",
]


@pytest.fixture(scope="module")
def takes(generated: Path) -> list[Path]:
    """A take of every rig of the demo library."""
    found = [sorted([*rig.glob("*.bvh"), *rig.glob("*.amc")]) for rig in sorted(generated.iterdir()) if rig.is_dir()]
    return [files[0] for files in found if files]


def back(exported: Exported, path: Path) -> Motion:
    exported.write(path, replace=True)
    return read(path)[0]


def largest_mm(motion: Motion, positions: np.ndarray, names: tuple[str, ...], metres_per_unit: float) -> float:
    order = [motion.rig.joint_names.index(name) for name in names]
    return float(np.linalg.norm(motion.positions[:, order] - positions, axis=2).max() * metres_per_unit * 1e3)


def check_cut(path: Path, folder: Path) -> None:
    (whole,) = read(path)
    exported = export_moment(f"{path}@0.30-0.90")
    again = back(exported, folder / "cut.bvh")
    assert (exported.first, exported.last) == (round(0.3 * whole.fps), round(0.9 * whole.fps))
    assert again.fps == whole.fps
    assert sorted(again.rig.joint_names) == sorted(whole.rig.joint_names)
    expected = whole.positions[exported.first : exported.last]
    assert largest_mm(again, expected, whole.rig.joint_names, canonicalise(whole).metres_per_unit) < 0.1
    if path.suffix == ".bvh":
        assert np.array_equal(again.channels, whole.channels[exported.first : exported.last])
        assert np.array_equal(again.rig.channel_kinds, whole.rig.channel_kinds)
        assert np.array_equal(again.rig.offsets, whole.rig.offsets)


def check_mirror(path: Path, folder: Path, mean_mm: float) -> None:
    once = back(export_moment(f"{path}@0.30-0.90", ExportOptions(mirrored=True)), folder / "once.bvh")
    plain = back(export_moment(f"{path}@0.30-0.90"), folder / "plain.bvh")
    expected = mirror(canonicalise(plain))
    assert np.linalg.norm(canonicalise(once).positions - expected.positions, axis=2).mean() * 1e3 < mean_mm
    twice = back(export_moment(str(folder / "once.bvh"), ExportOptions(mirrored=True)), folder / "twice.bvh")
    assert largest_mm(twice, plain.positions, plain.rig.joint_names, expected.metres_per_unit) < 0.1


def test_a_moment_of_every_demo_rig_is_cut_without_a_change(takes, tmp_path):
    for path in takes:
        check_cut(path, tmp_path)


@pytest.mark.parametrize("name", REAL)
def test_a_moment_of_every_real_rig_is_cut_without_a_change(mocap, tmp_path, name):
    check_cut(mocap / name, tmp_path)


def test_the_mirror_image_on_every_demo_rig_is_the_canonical_one(takes, tmp_path):
    for path in takes:
        check_mirror(path, tmp_path, mean_mm=5)


@pytest.mark.parametrize(("name", "mean_mm"), list(zip(REAL, [1, 6, 6, 12, 0.01], strict=True)))
def test_the_mirror_image_on_every_real_rig_is_the_canonical_one(mocap, tmp_path, name, mean_mm):
    """Within what the performer's two sides differ in length."""
    check_mirror(mocap / name, tmp_path, mean_mm)


@pytest.mark.parametrize("name", REAL)
def test_pybvh_reads_the_same_places(mocap, tmp_path, name):
    pybvh = pytest.importorskip("pybvh", reason="NO PYBVH: exported files are read by mretrieve alone")
    ours = back(export_moment(f"{mocap / name}@0.3-0.6"), tmp_path / "cut.bvh")
    if np.isin(ours.rig.channel_joints[ours.rig.channel_kinds < 3], ours.rig.roots).all():
        theirs = pybvh.read_bvh_file(tmp_path / "cut.bvh").node_positions()
        apart = np.linalg.norm(theirs - ours.positions, axis=2).max() * canonicalise(ours).metres_per_unit * 1e3
        assert apart < 0.1
    else:
        with pytest.raises(ValueError, match="position channels"):
            pybvh.read_bvh_file(tmp_path / "cut.bvh")


@pytest.mark.parametrize("speed", [0.5, 1.6])
def test_retimed_to_itself_at_another_speed_it_keeps_up_and_does_not_stutter(mocap, tmp_path, speed):
    (motion,) = read(mocap / "cmu/bvh/002_05.bvh")
    part = slice(30, 120)
    write_bvh(tmp_path / "query.bvh", motion.rig, motion.channels[part], motion.fps * speed)
    exported = export_moment(
        f"{mocap / 'cmu/bvh/002_05.bvh'}@0.5-2", ExportOptions(retime_to=str(tmp_path / "query.bvh"))
    )
    retimed, query = (
        canonicalise(back(exported, tmp_path / "retimed.bvh")),
        canonicalise(read(tmp_path / "query.bvh")[0]),
    )
    assert exported.fps == motion.fps
    assert retimed.frame_count == query.frame_count
    assert np.linalg.norm(retimed.positions - query.positions, axis=2).mean() < 0.02
    steps = [np.linalg.norm(np.diff(clip.positions, axis=0), axis=2).max() for clip in (retimed, query)]
    assert steps[0] < 1.25 * steps[1]


def test_mirrored_and_retimed_it_does_what_the_mirrored_motion_does(mocap, tmp_path):
    name = f"{mocap / 'cmu/bvh/002_05.bvh'}@0.5-2"
    once = back(export_moment(name, ExportOptions(mirrored=True)), tmp_path / "mirrored.bvh")
    again = export_moment(name, ExportOptions(mirrored=True, retime_to=str(tmp_path / "mirrored.bvh")))
    same = back(again, tmp_path / "same.bvh")
    frames = min(same.frame_count, once.frame_count)
    assert once.frame_count - frames <= 1  # the query's last frame at 30 a second
    apart_cm = np.linalg.norm(same.positions[:frames] - once.positions[:frames], axis=2)
    assert apart_cm.mean() < 1


def test_a_rate_that_divides_the_files_keeps_its_numbers_and_any_other_its_motion(mocap, tmp_path):
    name = f"{mocap / 'cmu/bvh/002_01.bvh'}@0.5-2"
    whole = export_moment(name)
    assert np.array_equal(export_moment(name, ExportOptions(fps=30)).channels, whole.channels[::2])
    other = export_moment(name, ExportOptions(fps=240))
    assert len(other.channels) == 4 * len(whole.channels) - 3
    again = back(other, tmp_path / "fast.bvh")
    plain = back(whole, tmp_path / "plain.bvh")
    np.testing.assert_allclose(again.positions[::4], plain.positions, atol=1e-3)


def test_rest_poses_are_found_as_in_indexing(mocap):
    for path in [*sorted((mocap / "cmu" / "bvh").glob("*.bvh"))[::4], mocap / "cmu/bvh/007_03.bvh"]:
        (motion,) = read(path)
        assert leading_rest_frames(motion) == round(canonicalise(motion).start_s * motion.fps)


def test_a_rest_pose_comes_along_only_when_asked_for(mocap):
    name = str(mocap / "cmu/bvh/007_03.bvh")
    assert export_moment(name).first == export_moment(f"{name}@0-1").first == 1
    assert export_moment(name, ExportOptions(keep_rest_pose=True)).first == 0
    with pytest.raises(QueryError, match="--keep-rest-pose"):
        export_moment(f"{name}@0-0.01")


def test_a_body_of_several_is_named_behind_a_hash(takes, tmp_path):
    (one,) = read(next(path for path in takes if path.suffix == ".bvh"))
    text, renamed = tmp_path / "one.bvh", tmp_path / "two.bvh"
    write_bvh(text, one.rig, one.channels, one.fps)
    hierarchy, rows = text.read_text().split("MOTION\n")
    frames = rows.splitlines()
    root = one.rig.joint_names[0]
    second = hierarchy.replace("HIERARCHY\n", "").replace(f"ROOT {root}", "ROOT other", 1)
    both = [*frames[:2], *(f"{row} {row}" for row in frames[2:])]
    renamed.write_text(hierarchy + second + "MOTION\n" + "\n".join(both) + "\n")
    exported = export_moment(f"{renamed}#other@0.2-0.5")
    first, last = exported.first, exported.last
    np.testing.assert_allclose(exported.channels, one.channels[first:last], atol=1e-6)
    with pytest.raises(QueryError, match="#other"):
        export_moment(str(renamed))


@pytest.mark.parametrize(
    ("rig", "left", "right"),
    [
        ("cmu", r"^l(?=[a-z]+$)(?!ower)", "r"),
        ("mixamo", "Left", "Right"),
        ("unreal", "_l(?=_|$)", "_r"),
        ("cmu/bvh/002_01.bvh", "_L_", "_R_"),
    ],
)
def test_joints_with_a_side_in_their_name_are_partners(takes, mocap, rig, left, right):
    path = next((take for take in takes if take.parent.name == rig), mocap / rig)
    (motion,) = read(path)
    names = motion.rig.joint_names
    partners = mirror_partners(motion.rig, find_rig_map(motion.rig, motion.positions), path)
    assert np.array_equal(partners[partners], np.arange(len(names)))
    found = {names[joint]: names[partner] for joint, partner in enumerate(partners)}
    sided = {name: re.sub(left, right, name) for name in names if re.search(left, name)}
    assert len(sided) >= 8
    assert {name: found[name] for name in sided} == sided
    others = set(names) - set(sided) - set(sided.values())
    assert all(found[name] == name for name in others if not name.endswith("_end"))


def test_a_rig_with_one_leg_longer_by_a_joint_is_refused(mocap):
    (motion,) = read(mocap / "cmu/bvh/002_01.bvh")
    rig = motion.rig
    rig_map = find_rig_map(rig, motion.positions)
    knee = rig_map.joints[4]
    assert knee is not None
    parents = rig.parents.copy()
    parents[rig_map.joints[7]] = rig.parents[knee]  # the left ankle now hangs at the hip
    crippled = Rig(rig.joint_names, parents, rig.offsets, None, rig.channel_joints, rig.channel_kinds)
    with pytest.raises(RigError, match=r"cannot be mirrored; retarget") as refused:
        mirror_partners(crippled, rig_map, "take.bvh")
    assert "\n" not in str(refused.value)


def test_joints_that_are_placed_by_channels_change_sides_in_the_mirror(takes, tmp_path):
    """Many programs write a position for every joint."""
    (motion,) = read(next(take for take in takes if take.parent.name == "mixamo"))
    rig, joints = motion.rig, np.arange(len(motion.rig.parents))
    kinds = [rig.channel_kinds[(rig.channel_joints == number) & (rig.channel_kinds >= 3)] for number in joints]
    placed = replace(
        rig,
        channel_joints=np.repeat(joints, [3 + len(own) for own in kinds]).astype(np.int32),
        channel_kinds=np.concatenate([kind for own in kinds for kind in ([0, 1, 2], own)]).astype(np.int32),
    )
    placed, channels = rig_in_poses(placed, [motion.poses(slice(None))], motion.frame_count)
    write_bvh(tmp_path / "placed.bvh", placed, channels, motion.fps)
    check_mirror(tmp_path / "placed.bvh", tmp_path, mean_mm=5)


def test_at_another_rate_frames_lie_between_those_of_the_file(takes, tmp_path):
    path = takes[0]
    whole, twice = (export_moment(f"{path}@0.30-0.90", ExportOptions(fps=fps)) for fps in (None, 2 * read(path)[0].fps))
    plain, between = back(whole, tmp_path / "plain.bvh").positions, back(twice, tmp_path / "twice.bvh").positions
    assert len(between) == 2 * len(plain) - 1
    np.testing.assert_allclose(between[::2], plain, atol=1e-3)
    steps = np.linalg.norm(np.diff(plain, axis=0), axis=2)
    off = np.linalg.norm(between[1::2] - (plain[1:] + plain[:-1]) / 2, axis=2)
    assert off.max() < 0.2 * steps.max()


@pytest.mark.parametrize("frames", range(28, 32))
def test_no_frame_is_lost_to_rounding(tmp_path, frames):
    rig, channels = performed("bow", 100.0)
    write_bvh(tmp_path / "take.bvh", rig, channels[:frames], 100.0)
    assert len(export_moment(str(tmp_path / "take.bvh")).channels) == frames


def test_of_a_fast_file_as_many_rest_frames_are_left_out_as_it_has(tmp_path):
    rig, channels = performed("kick", 120.0)
    zero = np.concatenate([channels[:1, :3], 0 * channels[:1, 3:]], axis=1)
    write_bvh(tmp_path / "take.bvh", rig, np.concatenate([zero, channels]), 120.0)
    assert leading_rest_frames(read(tmp_path / "take.bvh")[0]) == 1
    assert export_moment(str(tmp_path / "take.bvh")).first == 1


def test_a_file_that_has_become_longer_since_it_was_indexed_is_not_cut(tmp_path):
    rig, channels = performed("kick", 30.0)
    take = tmp_path / "motions" / "take.bvh"
    take.parent.mkdir()
    write_bvh(take, rig, channels, 30.0)
    build_index(take.parent, tmp_path / "index", jobs=1)
    indexed = ClipResolver(tmp_path / "index")
    assert export_moment("take.bvh@0.3-0.9", resolver=indexed).last == 27
    write_bvh(take, rig, np.concatenate([channels[:5], channels]), 30.0)
    with pytest.raises(IndexStateError, match="has changed since it was indexed"):
        export_moment("take.bvh@0.3-0.9", resolver=indexed)


def test_fingers_are_partners_by_their_names_in_whatever_order_they_come(takes):
    (motion,) = read(next(take for take in takes if take.parent.name == "mixamo"))
    rig_map = find_rig_map(motion.rig, motion.positions)
    hands = [rig_map.joints[joint(f"{side}_wrist")] for side in ("left", "right")]
    names = ("LeftThumb", "LeftPinky", "RightPinky", "RightThumb")
    parents = np.concatenate([motion.rig.parents, np.repeat(hands, 2)]).astype(np.int32)
    rig = Rig(motion.rig.joint_names + names, parents, np.concatenate([motion.rig.offsets, np.zeros((4, 3))]))
    partners = mirror_partners(rig, rig_map, "take.bvh")
    assert [rig.joint_names[partner] for partner in partners[-4:]] == [names[3], names[2], names[1], names[0]]


def test_positions_without_rotations_are_refused(takes):
    (motion,) = read(takes[0])
    points = Motion(motion.rig, motion.positions, motion.fps, motion.source)
    assert points.cut(3, 9).frame_count == 6
    with pytest.raises(FormatError, match="finite"):
        Exported(motion.rig, motion.channels * np.nan, 30.0, "take", 0, 1, 0, True).text().__next__()
