"""Files of one rig in a folder: where one does not show which way is up, they decide together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.bodies.floor_work import lie_on_back
from support.bodies.standing import everyday
from support.framed_people import HELD_AT_ORIGIN, framed

from mretrieve.formats import MotionFile, ReadingOptions, read
from mretrieve.motion import find_rig_map
from mretrieve.motion.joint_sets import JOINT_SETS
from mretrieve.sources.reading import read_bodies
from mretrieve.sources.resolve import ClipResolver
from mretrieve.sources.siblings import siblings_evidence


def write(folder: Path, name: str, *, up: str, rig: int, upright: bool) -> Path:
    """A walk, or a person who lies about the origin, of whom nothing shows which way is up."""
    shown = {"place": "somewhere"} if upright else {"place": HELD_AT_ORIGIN}
    generated = framed(everyday if upright else lie_on_back, rig, up, rest="zero", rig=rig, **shown)
    (folder / name).write_text(generated.text, encoding="utf-8")
    return folder / name


def axes_notes(path: Path) -> list[str]:
    (body,) = read_bodies(MotionFile(path), ReadingOptions())
    return [note for note in body.clip.notes if "is up in the file" in note]


@pytest.mark.parametrize("rig", range(10))
def test_a_clip_that_shows_little_has_the_axes_of_the_others_of_its_rig(tmp_path: Path, rig: int):
    lying = write(tmp_path, "lying.bvh", up="+Z", rig=rig, upright=False)
    assert axes_notes(lying) == []
    for number in range(3):
        write(tmp_path, f"walk_{number}.bvh", up="+Z", rig=rig, upright=True)
    (note,) = axes_notes(lying)
    assert note.startswith("axes: +Z is up in the file")
    assert "with 3 other files of the rig" in note


def test_index_query_and_motion_decide_alike(tmp_path: Path):
    lying = write(tmp_path, "lying.bvh", up="+Z", rig=0, upright=False)
    write(tmp_path, "walk.bvh", up="+Z", rig=0, upright=True)
    (indexed,) = read_bodies(MotionFile(lying), ReadingOptions(), mixed_rigs=True)
    for query in (str(lying), read(lying)[0]):
        assert ClipResolver().resolve(query).clip.notes == indexed.clip.notes


def test_files_of_other_rigs_and_damaged_files_are_not_counted(tmp_path: Path):
    lying = write(tmp_path, "lying.bvh", up="+Z", rig=0, upright=False)
    for rig in range(1, 4):
        write(tmp_path, f"other_{rig}.bvh", up="-Y", rig=rig, upright=True)
    (tmp_path / "damaged.bvh").write_text("HIERARCHY", encoding="utf-8")
    assert axes_notes(lying) == []


def test_few_files_of_a_large_folder_are_read_and_the_same_ones_for_all(tmp_path: Path):
    paths = [write(tmp_path, f"walk_{number:02}.bvh", up="+Y", rig=0, upright=True) for number in range(30)]
    counts = []
    for path in paths:
        (motion,) = read(path)
        rig_map = find_rig_map(motion.rig, motion.positions)
        counts.append(len(siblings_evidence(motion, rig_map, ReadingOptions())))
    assert sorted(counts) == [7] * 8 + [8] * 22


def test_the_frames_of_a_recording_are_not_files_of_their_own(tmp_path: Path):
    for frame in range(20):
        joints = [
            {"JointType": name, "Position": {"X": 0.1 * number, "Y": -0.1 * number, "Z": 2.0}}
            for number, name in enumerate(JOINT_SETS["kinect-25"].joints)
        ]
        document = {"Timestamp": frame * 333_333, "Bodies": [{"TrackingId": 1, "Joints": joints}]}
        (tmp_path / f"frame_{frame}.json").write_text(json.dumps(document), encoding="utf-8")
    for frame in (0, 7):
        (motion,) = read(tmp_path / f"frame_{frame}.json")
        rig_map = find_rig_map(motion.rig, motion.positions)
        assert siblings_evidence(motion, rig_map, ReadingOptions()) == []


def test_content_in_memory_has_no_siblings(tmp_path: Path):
    lying = write(tmp_path, "lying.bvh", up="+Z", rig=0, upright=False)
    write(tmp_path, "walk.bvh", up="+Z", rig=0, upright=True)
    (body,) = read_bodies(MotionFile(Path("standard input"), lying.read_bytes()), ReadingOptions())
    assert not any("is up in the file" in note for note in body.clip.notes)
