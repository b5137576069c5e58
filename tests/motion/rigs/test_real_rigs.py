"""The real motion capture: four rigs, and the same performances on two of them."""

import numpy as np
import pytest

from mretrieve.motion import canonicalise, heading_view
from mretrieve.motion.canonical.facing import forward_evidence
from mretrieve.motion.skeleton import joint

FILES = [
    ("hdm05/HDM_bd_depositFloorR_001_120.amc", 0.0254 / 0.45),
    ("hdm05/HDM_tr_squat1Reps_052_120.amc", 0.0254 / 0.45),
    ("cmu/asfamc/02_01.amc", 0.0254 / 0.45),
    ("cmu/bvh/002_01.bvh", 0.01),
    ("bandai1/dataset-1_bow_active_001.bvh", 0.01),
    ("bandai1/dataset-1_dash_active_001.bvh", 0.01),
]


@pytest.mark.parametrize(("name", "metres_per_unit"), FILES)
def test_bodies_stand_upright_face_forwards_and_have_the_size_of_people(read_real, name, metres_per_unit):
    clip = canonicalise(read_real(name))
    assert clip.metres_per_unit == pytest.approx(metres_per_unit, rel=0.2)  # people are not all of one size
    view = heading_view(clip.positions)
    assert np.median(view[:, joint("head"), 1] - view[:, joint("left_ankle"), 1]) > 0.9
    assert (view[:, joint("left_hip"), 0] > view[:, joint("right_hip"), 0]).mean() > 0.95
    assert forward_evidence(clip.positions, np.arange(22)) > 0.2
    assert clip.positions[..., 1].min() > -0.3


@pytest.mark.parametrize("number", range(1, 11))
def test_one_performance_on_two_rigs_at_two_rates_is_one_clip(read_real, number):
    acclaim = canonicalise(read_real(f"cmu/asfamc/02_{number:02d}.amc"))
    character = canonicalise(read_real(f"cmu/bvh/002_{number:02d}.bvh"))
    assert abs(acclaim.frame_count - character.frame_count) <= 1
    count = min(acclaim.frame_count, character.frame_count)
    apart = np.linalg.norm(heading_view(acclaim.positions)[:count] - heading_view(character.positions)[:count], axis=2)
    assert apart.mean() < 0.055  # the character's legs are 8 % longer than the performer's


def test_the_leading_t_poses_of_cmu_bvh_are_found_and_no_other_frame_is_dropped(read_real, mocap):
    starts = {
        path.stem: canonicalise(read_real(f"cmu/bvh/{path.name}")).start_s for path in (mocap / "cmu/bvh").glob("*.bvh")
    }
    dropped = {stem for stem, start_s in starts.items() if start_s > 0}
    assert dropped == {
        f"007_{number:02d}" for number in range(3, 13)
    }  # looked at by hand: the other 48 begin in motion
    assert all(starts[stem] == pytest.approx(1 / 60, abs=1e-4) for stem in dropped)


def test_no_frame_of_hdm05_or_bandai_is_dropped(read_real, mocap):
    names = sorted([*(mocap / "hdm05").glob("*.amc")])[::6] + sorted((mocap / "bandai1").glob("*.bvh"))[::6]
    assert {canonicalise(read_real(str(path.relative_to(mocap)))).start_s for path in names} == {0.0}
