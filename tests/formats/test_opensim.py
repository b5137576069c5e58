"""OpenSim's tables: joints are where the model's joints put them; what is no motion of a body is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.mutations import mutate
from support.opensim_files import COORDINATES, joint_places, model, movement, table

from mretrieve.errors import FormatError
from mretrieve.formats import read, recognise
from mretrieve.motion import JOINTS, canonicalise, find_rig_map

VALUES = movement(40)


@pytest.fixture
def mot(tmp_path: Path) -> Path:
    (tmp_path / "walk.mot").write_text(table(VALUES))
    (tmp_path / "subject.osim").write_text(model(40000))
    return tmp_path / "walk.mot"


@pytest.mark.parametrize("version", [40000, 30000])
@pytest.mark.parametrize("degrees", [True, False])
@pytest.mark.parametrize("states", [True, False])
def test_joints_are_where_the_joints_of_the_model_put_them(
    mot: Path, version: int, degrees: bool, states: bool
) -> None:
    mot.with_name("subject.osim").write_text(model(version))
    mot.write_text(table(VALUES, degrees=degrees, states=states))
    (motion,) = read(mot)
    assert (motion.fps, motion.declared_up) == (100.0, "+Y")
    for child, places in joint_places(VALUES).items():
        np.testing.assert_allclose(
            motion.positions[:, motion.rig.joint_names.index(child)], places, atol=1e-5, err_msg=child
        )


def test_rotations_and_translations_lead_to_the_positions(mot: Path) -> None:
    (motion,) = read(mot)
    turns, places = np.empty((40, len(motion.rig.parents), 3, 3)), np.empty((40, len(motion.rig.parents), 3))
    for joint, parent in enumerate(motion.rig.parents.tolist()):
        above, at = (np.eye(3), 0.0) if parent < 0 else (turns[:, parent], places[:, parent])
        turns[:, joint] = above @ motion.rotations[:, joint]
        places[:, joint] = at + (above @ motion.translations[:, joint, :, None])[..., 0]
    np.testing.assert_allclose(places, motion.positions, atol=1e-5)


def test_a_body_of_opensim_is_mapped(mot: Path) -> None:
    (motion,) = read(mot)
    found = find_rig_map(motion.rig, motion.positions)
    named = {
        JOINTS[place]: motion.rig.joint_names[joint] for place, joint in enumerate(found.joints) if joint is not None
    }
    assert named["left_hip"] == "femur_l" and named["right_elbow"] == "ulna_r" and named["left_foot"] == "toes_l"
    assert canonicalise(motion).observed[:, JOINTS.index("right_knee")].all()


def test_coordinates_that_the_table_lacks_are_told(mot: Path) -> None:
    (motion,) = read(mot)
    assert motion.repairs == ("coordinates that are not in the file rest: wrist_dev_l",)


def test_the_model_with_the_name_of_the_table_is_taken(mot: Path) -> None:
    mot.with_name("other.osim").write_text("<OpenSimDocument/>")
    with pytest.raises(FormatError, match=r"2 \.osim files beside it, none of its name"):
        read(mot)
    mot.with_name("walk.osim").write_text(model(40000))
    assert read(mot)[0].frame_count == 40


def test_without_a_model_one_line_says_what_to_do(mot: Path) -> None:
    mot.with_name("subject.osim").unlink()
    with pytest.raises(
        FormatError, match=r"no \.osim file beside it; put the OpenSim model .* as walk\.osim, or export"
    ):
        read(mot)


def test_uneven_rows_are_put_on_the_raster_of_most_steps(mot: Path) -> None:
    lines = table(VALUES).splitlines(keepends=True)
    kept = lines[:12] + lines[14:20] + [lines[19]] + lines[20:]  # two rows are lost, one is there twice
    mot.write_text("".join(kept))
    (motion,) = read(mot)
    expected = joint_places(VALUES)["femur_r"]
    there = [*range(4), *range(6, 40)]
    np.testing.assert_allclose(
        motion.positions[there, motion.rig.joint_names.index("femur_r")], expected[there], atol=1e-5
    )


def test_models_accompany_tables_and_are_no_motion(mot: Path) -> None:
    reader = recognise(mot.with_name("subject.osim"))
    assert reader is not None and reader.is_companion
    with pytest.raises(FormatError, match="a model and no motion"):
        read(mot.with_name("subject.osim"))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("endheader\n", "endheader\n\n\n", ""),
        ("time\t", "x\t", "no column `time`"),
        ("\n0.0100000000", "\n5", "times go back"),
        ("tilt\tlist", "list\tlist", "two columns have one name"),
        ("\n0.0200000000\t", "\n0.0200000000\tx\t", "walk.mot:11: frame 3: 'x' is not a finite number"),
    ],
)
def test_damaged_tables_are_refused(mot: Path, old: str, new: str, reason: str) -> None:
    mot.write_text(table(VALUES).replace(old, new))
    if not reason:
        assert read(mot)
        return
    with pytest.raises(FormatError, match=reason) as refusal:
        read(mot)
    assert len(str(refusal.value).splitlines()) == 1


def test_a_table_of_forces_is_refused(mot: Path) -> None:
    text = table(VALUES)
    for name in COORDINATES:
        text = text.replace(f"\t{name}", f"\tforce_{name}")
    mot.write_text(text)
    with pytest.raises(FormatError, match=r"its columns \(force_tilt, .*\) are no coordinates of subject\.osim"):
        read(mot)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("PinJoint", "ScrewJoint", "a joint of the kind ScrewJoint"),
        ("SimmSpline", "GCVSpline", "a function of the kind GCVSpline"),
        ("/bodyset/ground", "/bodyset/hand_l", "nodes are their own ancestors"),
        ("</JointSet>", "", "broken XML"),
        ("<axis>0 0 1</axis>", "<axis>0 0 1e300</axis>", "an axis without direction"),
        ("<translation>", "<translation>nan ", "numbers that are not finite"),
        ("<translation>", "<translation>1 ", "not three numbers"),
        ("<OpenSimDocument", '<!DOCTYPE a [<!ENTITY b "c">]><OpenSimDocument', "it has a document type"),
    ],
)
def test_models_that_cannot_be_read_are_refused(mot: Path, old: str, new: str, reason: str) -> None:
    mot.with_name("subject.osim").write_text(model(40000).replace(old, new))
    with pytest.raises(FormatError, match=reason) as refusal:
        read(mot)
    assert "subject.osim" in str(refusal.value) and len(str(refusal.value).splitlines()) == 1


def test_damaged_files_are_read_or_refused(mot: Path) -> None:
    whole, bones = table(VALUES).encode(), model(40000).encode()
    for seed in range(120):
        mot.write_bytes(mutate(whole, seed) if seed % 2 else whole)
        mot.with_name("subject.osim").write_bytes(bones if seed % 2 else mutate(bones, seed))
        try:
            assert np.isfinite(read(mot)[0].positions).all()
        except FormatError as error:
            assert len(str(error).splitlines()) == 1
