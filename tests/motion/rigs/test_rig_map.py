"""Rig maps: what a body needs, what people see of a map, and maps as files."""

import json

import pytest
from support.walking_body import motion_of, walking, without

from mretrieve.errors import RigError
from mretrieve.motion import JOINTS, canonicalise, find_rig_map, guess_rig_map, load_rig_map, save_rig_map

NAMELESS = tuple(f"j{number:03d}" for number in range(22))


def test_a_rig_without_legs_is_refused_with_what_is_missing_and_how_to_mend_it(walk):
    legs = tuple(f"{side}_{part}" for side in ("left", "right") for part in ("hip", "knee", "ankle", "foot"))
    positions, names, parents = without(walking(), legs)
    with pytest.raises(RigError) as refused:
        canonicalise(motion_of(positions, names, parents, source="upper.bvh"))
    message = str(refused.value)
    assert message.startswith("upper.bvh: ")
    assert "both knees or both ankles" in message
    assert "mretrieve rig upper.bvh --save rig.json" in message
    assert "--rig-map rig.json" in message
    assert "\n" not in message


def test_a_map_of_another_rig_is_refused(walk):
    positions, names, parents = without(walking(), ("right_wrist",))
    with pytest.raises(RigError, match="another rig"):
        canonicalise(motion_of(positions, names, parents), find_rig_map(walk.rig, walk.positions))


def test_a_rig_of_one_joint_is_refused():
    motion = motion_of(walking()[:, :1], ("thing",), (-1,))
    assert guess_rig_map(motion.rig, motion.positions).mapped.size == 0
    with pytest.raises(RigError):
        find_rig_map(motion.rig, motion.positions)


def test_the_rows_name_each_canonical_joint_its_rig_joint_and_how_it_was_found(walk):
    positions, names, parents = without(walking(), ("spine2",))
    motion = motion_of(positions, names, parents)
    rows = find_rig_map(motion.rig, motion.positions).rows(motion.rig)
    assert [row[0] for row in rows] == list(JOINTS)
    assert rows[0] == ("pelvis", "pelvis", "names")
    assert rows[JOINTS.index("spine2")] == ("spine2", "-", "not in the rig: filled from its neighbours")


def test_names_are_surer_than_shape(walk):
    nameless = motion_of(walk.positions, NAMELESS)
    by_name = find_rig_map(walk.rig, walk.positions)
    by_shape = find_rig_map(nameless.rig, nameless.positions)
    assert by_shape.origin == "shape"
    assert 0 < by_shape.confidence < by_name.confidence == 1


def test_a_saved_map_comes_back_as_the_users(walk, tmp_path):
    found = find_rig_map(walk.rig, walk.positions)
    save_rig_map(tmp_path / "rig.json", found, walk.rig)
    loaded = load_rig_map(tmp_path / "rig.json", walk.rig)
    assert (loaded.joints, loaded.origin, loaded.confidence) == (found.joints, "user", 1.0)


def test_a_map_that_lacks_joints_can_be_saved_mended_and_used(walk, tmp_path):
    rig = motion_of(walk.positions, NAMELESS, (-1,) * 22).rig  # points that nothing ties together: no shape either
    path = tmp_path / "rig.json"
    save_rig_map(path, guess_rig_map(rig, walk.positions), rig)
    record = json.loads(path.read_text())
    assert record["joints"] == dict.fromkeys(JOINTS)
    assert record["rig_joints"] == list(NAMELESS)
    record["joints"] = dict(zip(JOINTS, NAMELESS, strict=True))
    path.write_text(json.dumps(record))
    assert load_rig_map(path, rig).joints == tuple(range(22))


def test_joints_of_one_name_are_told_apart_by_a_number(walk, tmp_path):
    names = tuple("joint" if name == "neck" else name for name in JOINTS)
    motion = motion_of(walk.positions, ("joint", *names[1:]))
    path = tmp_path / "rig.json"
    path.write_text(json.dumps({"schema": "mretrieve.rig/1", "joints": {"pelvis": "joint", "neck": "joint#2"}}))
    loaded = load_rig_map(path, motion.rig)
    assert loaded.joints[0] == 0
    assert loaded.joints[JOINTS.index("neck")] == JOINTS.index("neck")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"schema": "mretrieve.rig/1", "joints": {"pelvis": "pelvs"}}', "did you mean 'pelvis'"),
        ('{"schema": "mretrieve.rig/1", "joints": {"left_hipp": "left_hip"}}', "did you mean 'left_hip'"),
        ('{"schema": "mretrieve.rig/1", "joints": {"pelvis": "neck", "neck": "neck"}}', "both pelvis and neck"),
        ('{"schema": "mretrieve.rig/1", "joints": {"pelvis": 3}}', "joints.pelvis"),
        ('{"schema": "other/1", "joints": {}}', "schema"),
        ('{"joints": {}}', "schema"),
        ('["mretrieve.rig/1"]', "schema"),
        ('{"schema": "mretrieve.rig/1"}', "joints"),
        ("not json", "not a rig map"),
        ("", "not a rig map"),
    ],
)
def test_a_file_that_is_no_map_of_this_rig_is_refused_with_its_path(walk, tmp_path, text, said):
    path = tmp_path / "rig.json"
    path.write_text(text)
    with pytest.raises(RigError) as refused:
        load_rig_map(path, walk.rig)
    assert str(path) in str(refused.value)
    assert said in str(refused.value)


def test_a_missing_map_is_refused_with_the_command_that_makes_one(walk, tmp_path):
    with pytest.raises(RigError, match="--save"):
        load_rig_map(tmp_path / "rig.json", walk.rig)


def test_a_map_with_a_joint_lost_still_makes_a_clip(walk, tmp_path):
    path = tmp_path / "rig.json"
    needed = ("left_hip", "right_hip", "left_ankle", "right_ankle", "head")
    path.write_text(json.dumps({"schema": "mretrieve.rig/1", "joints": {name: name for name in needed}}))
    clip = canonicalise(walk, load_rig_map(path, walk.rig))
    assert {JOINTS[j] for j in clip.observed.all(axis=0).nonzero()[0]} == set(needed)
