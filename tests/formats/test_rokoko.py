"""Rokoko's tables: joints are where the file has them, in right-handed axes; unclear tables are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.mutations import mutate
from support.rokoko_files import NAMES, rokoko_csv
from support.walking_body import walking

from mretrieve.errors import FormatError
from mretrieve.formats import read, recognise
from mretrieve.motion import JOINTS, canonicalise, find_rig_map

PLACES = walking(40)[:, [JOINTS.index(joint) for joint in NAMES.values()]]


@pytest.mark.parametrize("position", ["{}_position_{}", "{}_P_{}", "{}_{}", "{}_position.{}"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_joints_are_where_the_file_has_them(tmp_path: Path, position: str, delimiter: str) -> None:
    (tmp_path / "a.csv").write_text(rokoko_csv(PLACES, position, delimiter=delimiter))
    reader = recognise(tmp_path / "a.csv")
    assert reader is not None and reader.name == "rokoko"
    (motion,) = read(tmp_path / "a.csv")
    assert (motion.fps, motion.declared_up) == (60.0, "+Y")
    for joint, name in enumerate(NAMES):
        np.testing.assert_allclose(motion.positions[:, motion.rig.joint_names.index(name)], PLACES[:, joint], atol=1e-5)


def test_the_body_is_mapped_and_walks_forwards(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(rokoko_csv(PLACES))
    (motion,) = read(tmp_path / "a.csv")
    found = find_rig_map(motion.rig, motion.positions)
    assert [motion.rig.joint_names[found.joints[JOINTS.index(name)] or 0] for name in ("left_hip", "right_wrist")] == [
        "LeftThigh",
        "RightHand",
    ]
    clip = canonicalise(motion)
    assert not [note for note in clip.notes if note.startswith("sides:")]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [("\n0.000,", "\nx,", "not a number"), ("Timestamp", "Time", ""), ("\n16.667,", "\n16.667,1,1,1,", "more columns")],
)
def test_damage_is_refused_in_one_line(tmp_path: Path, old: str, new: str, reason: str) -> None:
    (tmp_path / "a.csv").write_text(rokoko_csv(PLACES).replace(old, new))
    if not reason:
        assert read(tmp_path / "a.csv")
        return
    with pytest.raises(FormatError, match=reason):
        read(tmp_path / "a.csv")


def test_times_that_are_no_rate_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(rokoko_csv(PLACES, step_ms=0.0))
    with pytest.raises(FormatError, match="steps of 0 ms in `Timestamp` are no rate"):
        read(tmp_path / "a.csv")


def test_damaged_files_are_read_or_refused(tmp_path: Path) -> None:
    for seed in range(60):
        (tmp_path / "a.csv").write_bytes(mutate(rokoko_csv(PLACES).encode(), seed))
        try:
            read(tmp_path / "a.csv")
        except FormatError as error:
            assert len(str(error).splitlines()) == 1
