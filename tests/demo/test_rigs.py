"""Every rig tells the same motion: written, read and made canonical, a recipe is the same whoever captured it."""

import numpy as np
import pytest

from mretrieve.demo import RIGS, Body, MotionRecipe, synthesise, synthesise_clip
from mretrieve.demo.retarget import retarget, rig_of
from mretrieve.demo.synthesis import perform
from mretrieve.formats import read
from mretrieve.formats.asf_writer import write_amc, write_asf
from mretrieve.formats.bvh_writer import write_bvh
from mretrieve.motion import JOINTS, canonicalise, find_rig_map
from mretrieve.motion.motion import joint_positions
from mretrieve.motion.skeleton import joint

BODY = Body(1.62, 1.04, 0.97, 1.05)


def written_and_read(recipe, template, folder):
    rig, channels = retarget(perform(recipe, template.fps), template)
    path = folder / f"{template.name}_{recipe.kind}{template.suffix}"
    if template.suffix == ".amc":
        write_asf(folder / f"{template.name}.asf", rig, template.metres_per_unit)
        write_amc(path, rig, channels, template.fps, template.decimals)
    else:
        write_bvh(path, rig, channels, template.fps, template.decimals)
    (motion,) = read(path)
    return motion


def at_one_place_and_heading(clip):
    """Positions with the first frame's pelvis over the origin and its hips along X."""
    positions = clip.positions.astype(float) - clip.positions[0, 0] * [1, 0, 1]
    x, _, z = positions[0, joint("left_hip")] - positions[0, joint("right_hip")]
    cosine, sine = np.array([x, z]) / np.hypot(x, z)
    return positions @ np.array([[cosine, 0, -sine], [0, 1, 0], [sine, 0, cosine]])


@pytest.mark.parametrize("kind", ["walk", "throw", "crawl", "sit"])
def test_the_canonical_motion_does_not_depend_on_the_rig(kind, tmp_path):
    recipe = MotionRecipe(kind, "neutral", seed=2, body=BODY)
    clips = {name: canonicalise(written_and_read(recipe, template, tmp_path)) for name, template in RIGS.items()}
    reference = at_one_place_and_heading(clips["mixamo"])
    for name, clip in clips.items():
        own = at_one_place_and_heading(clip)
        frames = min(len(own), len(reference)) - 1  # rates that divide 30 differently end at different moments
        apart = np.linalg.norm(own[:frames] - reference[:frames], axis=2)
        assert apart.mean() < 0.003, name  # metres
        assert apart.max() < 0.03, name  # the rates keep more or less of the quickest movements


@pytest.mark.parametrize("template", RIGS.values(), ids=RIGS)
def test_every_joint_of_the_canonical_skeleton_is_found_on_its_side(template):
    motion = synthesise(MotionRecipe("walk", "proud", seed=1, body=BODY), template)
    found = find_rig_map(motion.rig, motion.positions).joints
    plays = {joint.name: joint.plays for joint in template.joints}
    for side in ("left", "right"):
        for part in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist"):
            index = found[JOINTS.index(f"{side}_{part}")]
            assert index is not None
            assert plays[motion.rig.joint_names[index]].startswith(side)


@pytest.mark.parametrize("template", RIGS.values(), ids=RIGS)
def test_the_rig_stands_where_the_body_does(template):
    performance = perform(MotionRecipe("punch", seed=3, body=BODY), template.fps)
    rig, channels = retarget(performance, template)
    metres = joint_positions(rig, channels).astype(float) @ template.world * template.metres_per_unit
    body = performance.positions()
    for number, rig_joint in enumerate(template.joints):
        if rig_joint.plays and not rig_joint.at:
            np.testing.assert_allclose(metres[:, number], body[:, JOINTS.index(rig_joint.plays)], atol=1e-4)


@pytest.mark.parametrize("template", RIGS.values(), ids=RIGS)
def test_a_written_file_reads_as_the_motion_that_is_synthesised(template, tmp_path):
    recipe = MotionRecipe("kick", seed=1, body=BODY)
    motion, synthesised = written_and_read(recipe, template, tmp_path), synthesise(recipe, template)
    assert motion.rig.joint_names == synthesised.rig.joint_names
    assert motion.fps == pytest.approx(synthesised.fps, rel=1e-12)
    assert motion.metres_per_unit == pytest.approx(synthesised.metres_per_unit)
    millimetre = 0.001 / template.metres_per_unit
    np.testing.assert_allclose(motion.positions, synthesised.positions, atol=0.1 * millimetre)


def test_rest_poses_units_and_orders_differ_between_the_rigs():
    rigs = {name: rig_of(template, BODY) for name, template in RIGS.items()}
    assert len({template.metres_per_unit for template in RIGS.values()}) >= 4
    assert len({template.fps for template in RIGS.values()}) == len(RIGS)
    assert len({tuple(rig.channel_kinds[:6]) for rig in rigs.values()}) >= 3
    assert len({(t.arms_down_deg, t.legs_apart_deg) for t in RIGS.values()}) == len(RIGS)


def test_knees_of_the_acclaim_rig_turn_about_one_axis():
    template = RIGS["cmu"]
    rig = rig_of(template, BODY)
    knee = rig.joint_names.index("ltibia")
    assert (rig.channel_joints == knee).sum() == 1


def test_a_synthesised_clip_is_the_performance_in_the_size_of_an_adult():
    recipe = MotionRecipe("squat", seed=6, body=Body(1.9))
    clip = synthesise_clip(recipe)
    assert clip.observed.all()
    performed = perform(recipe, 30.0).positions()
    thigh = [
        np.linalg.norm(p[:, joint("left_hip")] - p[:, joint("left_knee")], axis=1) for p in (clip.positions, performed)
    ]
    frames = min(map(len, thigh))
    scale = thigh[0].mean() / thigh[1].mean()
    ankles = [joint("left_ankle"), joint("right_ankle"), joint("left_wrist")]
    np.testing.assert_allclose(clip.positions[:frames, ankles], performed[:frames, ankles] * scale, atol=0.01)
