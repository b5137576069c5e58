"""MVNX: segments are where the file has them, calibration poses are left out, damage is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.mutations import mutate
from support.walking_body import walking

from mretrieve.errors import FormatError
from mretrieve.formats import read
from mretrieve.motion import JOINTS, canonicalise, find_rig_map

#: The segments that begin at canonical joints.
SEGMENTS = {
    "Pelvis": "pelvis", "L5": "spine1", "L3": "spine2", "T8": "spine3", "Neck": "neck", "Head": "head",
    **{f"{side.title()}{segment}": f"{side}_{joint}" for side in ("right", "left") for segment, joint in (
        ("Shoulder", "collar"), ("UpperArm", "shoulder"), ("ForeArm", "elbow"), ("Hand", "wrist"),
        ("UpperLeg", "hip"), ("LowerLeg", "knee"), ("Foot", "ankle"), ("Toe", "foot"))},
}  # fmt: skip
#: Z up in the file.
PLACES = walking(40)[:, [JOINTS.index(joint) for joint in SEGMENTS.values()]][..., [2, 0, 1]]


def mvnx(*subjects: str) -> str:
    segments = "".join(f'<segment label="{name}" id="{number}"/>' for number, name in enumerate(SEGMENTS, start=1))
    frames = "".join(
        f'<frame time="{number}" type="{kind}"><orientation>1 0 0 0</orientation>'
        f"<position>{' '.join(f'{value:.6f}' for value in places.ravel())}</position></frame>"
        for number, (kind, places) in enumerate([("identity", PLACES[0] * 0), ("tpose", PLACES[0] + 9)])
    ) + "".join(
        f'<frame time="{number}" type="normal"><position>{" ".join(f"{value:.6f}" for value in places.ravel())}'
        "</position></frame>"
        for number, places in enumerate(PLACES)
    )
    bodies = "".join(
        f'<subject label="{label}" frameRate="60" segmentCount="{len(SEGMENTS)}">'
        f"<segments>{segments}</segments><frames>{frames}</frames></subject>"
        for label in subjects
    )
    return f'<?xml version="1.0"?>\n<mvnx xmlns="http://www.xsens.com/mvn/mvnx" version="4">{bodies}</mvnx>\n'


def test_segments_are_where_the_file_has_them_without_the_calibration_poses(tmp_path: Path) -> None:
    (tmp_path / "a.mvnx").write_text(mvnx("Ann"))
    (motion,) = read(tmp_path / "a.mvnx")
    assert (motion.fps, motion.body, motion.declared_up) == (60.0, "", "+Z")
    assert motion.rig.joint_names == tuple(SEGMENTS)
    np.testing.assert_allclose(motion.positions, PLACES, atol=1e-5)


def test_each_segment_is_the_joint_where_it_begins(tmp_path: Path) -> None:
    (tmp_path / "a.mvnx").write_text(mvnx("Ann"))
    (motion,) = read(tmp_path / "a.mvnx")
    found = find_rig_map(motion.rig, motion.positions)
    named = {
        joint: motion.rig.joint_names[index]
        for joint, index in zip(JOINTS, found.joints, strict=True)
        if index is not None
    }
    limbs = {
        joint: segment for segment, joint in SEGMENTS.items() if "_" in joint or joint in ("pelvis", "neck", "head")
    }
    assert {joint: named[joint] for joint in limbs} == limbs
    clip = canonicalise(motion)
    assert (clip.positions[:, JOINTS.index("head"), 1] - clip.positions[:, JOINTS.index("left_foot"), 1]).min() > 1.2


def test_two_subjects_are_two_bodies(tmp_path: Path) -> None:
    (tmp_path / "a.mvnx").write_text(mvnx("Ann", "Ben"))
    assert [motion.body for motion in read(tmp_path / "a.mvnx")] == ["Ann", "Ben"]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("</mvnx>", "", "broken XML"),
        ("<position>", "<position>1 ", "three numbers"),
        ("<position>", "<position>x ", "broken XML or numbers"),
        ("position", "velocity", "no frames with positions"),
        ('label="L3"', 'label="L5"', "two segments have one name"),
        ("<mvnx", "<!DOCTYPE a>\n<mvnx", "document type"),
    ],
)
def test_damage_is_refused_in_one_line(tmp_path: Path, old: str, new: str, reason: str) -> None:
    (tmp_path / "a.mvnx").write_text(mvnx("Ann").replace(old, new))
    with pytest.raises(FormatError, match=reason) as refusal:
        read(tmp_path / "a.mvnx")
    assert "a.mvnx" in str(refusal.value) and len(str(refusal.value).splitlines()) == 1


def test_mutants_are_read_or_refused(tmp_path: Path) -> None:
    content = mvnx("Ann").encode()
    for seed in range(60):
        (tmp_path / "a.mvnx").write_bytes(mutate(content, seed))
        try:
            read(tmp_path / "a.mvnx")
        except FormatError as error:
            assert "a.mvnx" in str(error)
