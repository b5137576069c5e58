"""Canonical motion: one body, whatever the rig, the unit, the axes, the rate and the gaps of its file."""

from dataclasses import replace

import numpy as np
import pytest
from support.walking_body import motion_of, t_pose, walking, without

from mretrieve.errors import FormatError, RigError
from mretrieve.motion import JOINTS, RigMap, canonicalise, heading_view
from mretrieve.motion.skeleton import joint

TRUNK = [joint(name) for name in ("pelvis", "spine1", "spine2", "spine3", "left_collar", "right_collar")]
LIMBS = [j for j in range(22) if j not in TRUNK]

AXES = {
    "+Y": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "+Z": [[1, 0, 0], [0, 0, -1], [0, 1, 0]],
    "+X": [[0, 1, 0], [0, 0, 1], [1, 0, 0]],
    "-Y": [[1, 0, 0], [0, -1, 0], [0, 0, -1]],
}


@pytest.mark.parametrize("unit", [1.0, 100.0, 39.37, 0.1, 1e4])
def test_the_unit_is_found_from_the_body(walk, unit):
    clip = canonicalise(motion_of(walking() * unit))
    np.testing.assert_allclose(clip.positions, canonicalise(walk).positions, atol=1e-4)
    assert clip.metres_per_unit * unit == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("up", AXES)
def test_up_is_found_from_the_body(walk, up):
    clip = canonicalise(motion_of(walking() @ np.array(AXES[up]).T))
    assert any(f"{up} is up" in note for note in clip.notes) == (up != "+Y")
    assert (clip.positions[:, joint("head"), 1] > clip.positions[:, joint("left_hip"), 1]).all()
    np.testing.assert_allclose(heading_view(clip.positions), heading_view(canonicalise(walk).positions), atol=1e-4)


@pytest.mark.parametrize("mirrored_axis", range(3))
def test_left_handed_axes_are_found_from_the_body(walk, mirrored_axis):
    positions = walking()
    positions[..., mirrored_axis] *= -1
    clip = canonicalise(motion_of(positions))
    assert any("left-handed" in note for note in clip.notes)
    np.testing.assert_allclose(heading_view(clip.positions), heading_view(canonicalise(walk).positions), atol=1e-4)


def test_limbs_stay_where_the_file_has_them_and_the_path_has_the_scale_of_the_body(walk):
    clip = canonicalise(walk)
    assert clip.notes == ()
    assert clip.observed.all()
    np.testing.assert_allclose(clip.positions[:, LIMBS], walk.positions[:, LIMBS] * clip.metres_per_unit, atol=1e-5)
    went = np.linalg.norm(clip.positions[-1, 0] - clip.positions[0, 0])
    assert went == pytest.approx(1.2 * 89 / 30, rel=0.01)


def test_the_trunk_stands_in_one_place_wherever_a_rig_puts_its_spine(walk):
    body = walking()
    hips, neck = (body[:, 1] + body[:, 2]) / 2, body[:, 12]
    other = body.copy()
    for j, part in ((0, 0.02), (3, 0.1), (6, 0.2), (9, 0.5)):
        other[:, j] = hips + part * (neck - hips)
    for j in (13, 14):
        other[:, j] = neck
    first, second = canonicalise(walk).positions[:, TRUNK], canonicalise(motion_of(other)).positions[:, TRUNK]
    assert np.linalg.norm(first - second, axis=2).max() < 0.035


@pytest.mark.parametrize("fps", [24.0, 25.0, 30000 / 1001, 50.0, 59.94, 60.0, 90.0, 100.0, 120.0, 240.0])
def test_every_rate_gives_the_same_clip_at_30_fps(walk, fps):
    clip = canonicalise(motion_of(walking(int(3 * fps), fps), fps=fps))
    assert clip.duration_s == pytest.approx(3.0, abs=0.05)
    count = min(clip.frame_count, 88)
    apart = np.linalg.norm(clip.positions[:count] - canonicalise(walk).positions[:count], axis=2)
    assert apart.max() < 0.01


@pytest.mark.parametrize("fps", [30.0, 60.0, 120.0])
@pytest.mark.parametrize("rest_frames", [1, 5])
def test_a_leading_t_pose_is_dropped_and_the_time_of_the_file_kept(fps, rest_frames):
    walked = walking(int(3 * fps), fps)
    positions = np.concatenate([np.repeat(t_pose(), rest_frames, axis=0), walked])
    clip = canonicalise(motion_of(positions, fps=fps))
    plain = canonicalise(motion_of(walked, fps=fps))
    assert clip.start_s == pytest.approx(rest_frames / fps)
    assert any("rest pose" in note for note in clip.notes)
    np.testing.assert_allclose(clip.positions, plain.positions, atol=2e-3)


def test_a_performer_who_moves_out_of_a_t_pose_is_kept():
    pose, first = t_pose()[0], walking(1)[0]
    blend = np.concatenate([np.zeros(10), np.linspace(0, 1, 20), np.ones(30)])[:, None, None]
    clip = canonicalise(motion_of(pose * (1 - blend) + first * blend))
    assert clip.start_s == 0
    assert clip.frame_count == 60


def test_nothing_else_is_dropped(walk):
    assert canonicalise(walk).start_s == 0
    assert canonicalise(motion_of(t_pose())).frame_count == 1
    assert canonicalise(motion_of(np.repeat(t_pose(), 40, axis=0))).frame_count == 40


@pytest.mark.parametrize(
    "lacking",
    [(name,) for name in JOINTS if not name.startswith("right")]
    + [
        ("left_hip", "right_hip"),
        ("left_knee", "right_knee"),
        ("left_ankle", "right_ankle", "left_foot", "right_foot"),
        ("left_elbow", "right_elbow"),
        ("left_shoulder", "right_shoulder", "left_collar", "right_collar"),
        ("neck", "head"),
        ("spine1", "spine2", "spine3"),
    ],
    ids=lambda names: " ".join(names),
)
def test_a_joint_that_the_rig_lacks_is_filled_in_from_its_neighbours_and_masked(walk, lacking):
    positions, names, parents = without(walking(), lacking)
    rig_map = RigMap(tuple(names.index(name) if name in names else None for name in JOINTS), "user", 1.0)
    clip = canonicalise(motion_of(positions, names, parents), rig_map)
    lost = [joint(name) for name in lacking]
    assert not clip.observed[:, lost].any()
    assert np.delete(clip.observed, lost, axis=1).all()
    assert any(lacking[0] in note for note in clip.notes)
    apart = np.linalg.norm(clip.positions - canonicalise(walk).positions, axis=2)
    assert apart[:, lost].mean() < 0.25
    assert np.delete(apart, lost, axis=1).max() < 0.12


def test_samples_that_are_missing_are_filled_in_time_and_masked(walk):
    positions = walk.positions.copy()
    positions[20:26, joint("left_wrist")] = np.nan
    positions[:3] = np.nan
    clip, plain = canonicalise(motion_of(positions)), canonicalise(walk)
    assert not clip.observed[20:26, joint("left_wrist")].any()
    assert not clip.observed[:3].any()
    assert clip.observed.sum() == 90 * 22 - 6 - 3 * 22
    apart = np.linalg.norm(clip.positions - plain.positions, axis=2)
    assert apart[clip.observed].max() < 0.03
    assert apart[20:26, joint("left_wrist")].max() < 0.1
    assert any("missing" in note for note in clip.notes)


def test_missing_samples_of_a_fast_file_are_masked_in_the_new_frames():
    positions = walking(240, fps=120.0)
    positions[100:140, joint("left_wrist")] = np.nan
    observed = canonicalise(motion_of(positions, fps=120.0)).observed[:, joint("left_wrist")]
    assert not observed[26:34].any()
    assert observed[:24].all()
    assert observed[37:].all()


def test_a_joint_without_any_sample_counts_as_lacking(walk):
    positions = walk.positions.copy()
    positions[:, joint("head")] = np.nan
    clip = canonicalise(motion_of(positions))
    assert not clip.observed[:, joint("head")].any()
    assert np.linalg.norm(clip.positions - canonicalise(walk).positions, axis=2).max() < 0.05


def test_a_bone_of_zero_length_does_not_change_the_size(walk):
    positions = walk.positions.copy()
    positions[:, joint("left_wrist")] = positions[:, joint("left_elbow")]
    clip = canonicalise(motion_of(positions))
    assert clip.metres_per_unit == pytest.approx(canonicalise(walk).metres_per_unit, rel=0.01)


def test_one_frame_is_a_clip_of_one_frame():
    clip = canonicalise(motion_of(walking(1), fps=120.0))
    assert clip.frame_count == 1
    assert np.isfinite(clip.positions).all()


@pytest.mark.parametrize(
    ("motion", "error", "said"),
    [
        (motion_of(np.zeros((5, 22, 3))), RigError, "no size"),
        (motion_of(np.zeros((0, 22, 3))), FormatError, "no frames"),
        (motion_of(walking(5), fps=0.001), FormatError, "frame time"),
        (motion_of(walking(5), fps=1e6), FormatError, "frame time"),
        (motion_of(np.full((5, 22, 3), np.nan)), FormatError, "no samples"),
        (motion_of(np.concatenate([walking(60), np.full((1, 22, 3), -3e38)]), fps=60.0), FormatError, "absurd"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_made_canonical_is_refused_with_the_file(motion, error, said):
    with pytest.raises(error, match=said) as refused:
        canonicalise(motion)
    assert str(refused.value).startswith("walk.bvh: ")


def test_what_comes_out_is_what_a_clip_promises(walk):
    clip = canonicalise(replace(walk, fps=47.0))
    assert clip.positions.dtype == np.float32
    assert clip.observed.dtype == np.bool_
    assert clip.positions.flags.c_contiguous


@pytest.mark.parametrize("fps", [24000 / 1001, 30000 / 1001, 59.94])
def test_a_long_take_at_a_rate_that_is_no_whole_number_keeps_its_time(fps):
    frames = round(60 * fps)
    clip = canonicalise(motion_of(walking(frames, fps), fps=fps))
    assert clip.duration_s == pytest.approx(frames / fps, abs=1.5 / 30)
    went = np.linalg.norm(clip.positions[-1, 0] - clip.positions[0, 0])
    assert went == pytest.approx(clip.metres_per_unit * 1.2 * (clip.frame_count - 1) / 30, rel=2e-4)
