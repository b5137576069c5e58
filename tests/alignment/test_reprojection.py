"""Reprojection finds the clip that was filmed, when in it, and where the camera stood."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mretrieve import Clip
from mretrieve.alignment.moment_finder import MomentFinder
from mretrieve.alignment.reprojection import Reprojection
from mretrieve.demo import KINDS, MotionRecipe
from mretrieve.demo.synthesis import synthesise_clip
from mretrieve.errors import QueryError
from mretrieve.lifting import lift
from mretrieve.motion.augmentation import turn
from mretrieve.motion.body_parts import PartWeights
from mretrieve.motion.camera import Camera, film
from mretrieve.motion.detection import DETECTED, LEGS, as_detected, with_stand_ins
from mretrieve.motion.lifted_clip import LiftedClip
from mretrieve.motion.skeleton import joint
from mretrieve.motion.view import View, mirror_view

#: Kinds whose clips a camera tells apart; each is performed once.
PERFORMED = tuple(kind for kind in KINDS if kind not in ("walk_backward", "run"))


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return [synthesise_clip(MotionRecipe(kind, seed=number)) for number, kind in enumerate(PERFORMED)]


def without(view: View, joints: list[int]) -> View:
    observed = view.observed.copy()
    observed[:, joints] = False
    return with_stand_ins(replace(view, observed=observed))


def angle_between(one_deg: float, other_deg: float) -> float:
    return abs((one_deg - other_deg + 180) % 360 - 180)


@pytest.mark.parametrize("azimuth", [7, 98, 171, 263, 352])
@pytest.mark.parametrize("pitch", [-8, 12, 33, 58])
def test_a_filmed_clip_is_nearest_and_its_camera_is_named(clips: list[Clip], azimuth: float, pitch: float):
    asked = PERFORMED.index("kick")
    found = Reprojection(as_detected(film(clips[asked], Camera(azimuth, pitch)))).sightings(clips)
    assert int(found.distances.argmin()) == asked
    assert angle_between(found.azimuths_deg[asked], azimuth) <= 5
    assert abs(found.pitches_deg[asked] - pitch) <= 5


@pytest.mark.parametrize("kind", ["wave", "squat", "dance", "sit"])
@pytest.mark.parametrize(
    "lost", [["left_wrist", "right_hip", "left_knee"], ["right_shoulder", "right_elbow", "right_wrist"]]
)
def test_joints_that_were_not_found_do_not_matter(clips: list[Clip], kind: str, lost: list[str]):
    asked = PERFORMED.index(kind)
    view = without(as_detected(film(clips[asked], Camera(40, 10))), [joint(name) for name in lost])
    found = Reprojection(view).sightings(clips)
    assert int(found.distances.argmin()) == asked
    assert angle_between(found.azimuths_deg[asked], 40) <= 10


def test_a_view_without_legs_is_compared_by_the_rest(clips: list[Clip]):
    asked = PERFORMED.index("throw")
    view = without(as_detected(film(clips[asked], Camera(300, 0))), list(LEGS))
    assert int(Reprojection(view).distances(clips).argmin()) == asked


@pytest.mark.parametrize("distance_m", [2.5, 4.0])
def test_a_camera_near_the_body_is_tolerated(clips: list[Clip], distance_m: float):
    asked = PERFORMED.index("bow")
    found = Reprojection(as_detected(film(clips[asked], Camera(65, 15, 0, distance_m)))).sightings(clips)
    assert int(found.distances.argmin()) == asked
    assert angle_between(found.azimuths_deg[asked], 65) <= 15


def test_place_and_size_in_the_image_do_not_count(clips: list[Clip]):
    view = as_detected(film(clips[0], Camera(20)))
    drifting = np.linspace(0, 2, view.frame_count, dtype=np.float32)[:, None, None]
    moved = replace(view, points=(1.0 + drifting) * view.points + 3.0 * drifting)
    np.testing.assert_allclose(
        Reprojection(moved).distances(clips), Reprojection(view).distances(clips), rtol=0.01, atol=0.01
    )


def test_azimuths_turn_with_the_clip(clips: list[Clip]):
    clip = clips[PERFORMED.index("reach")]
    reprojection = Reprojection(as_detected(film(clip, Camera(100, 20))))
    camera = reprojection.likeness(turn(clip, 45)).camera
    assert camera is not None and angle_between(camera.azimuth_deg, 145) <= 5


def test_the_clip_that_was_filmed_is_alike_in_every_part(clips: list[Clip]):
    likeness = Reprojection(as_detected(film(clips[PERFORMED.index("kick")], Camera(100, 20)))).likeness(
        clips[PERFORMED.index("kick")]
    )
    assert likeness.distance_mm < 15
    assert set(likeness.parts) == {"left_arm", "right_arm", "left_leg", "right_leg"}
    assert min(likeness.parts.values()) > 0.95


def test_the_part_that_moves_otherwise_has_the_lowest_score(clips: list[Clip]):
    clip = clips[PERFORMED.index("wave")]
    lowered = clip.positions.copy()
    lowered[:, joint("left_wrist"), 1] -= 0.4
    likeness = Reprojection(as_detected(film(clip, Camera(20)))).likeness(replace(clip, positions=lowered))
    assert min(likeness.parts, key=lambda part: likeness.parts[part]) == "left_arm"
    assert sorted(likeness.parts.values())[1] > likeness.parts["left_arm"] + 0.1


def test_a_mirrored_view_is_a_view_of_the_mirrored_motion(clips: list[Clip]):
    right, left = (synthesise_clip(MotionRecipe("punch", side=side, seed=3)) for side in ("right", "left"))
    view = as_detected(film(right, Camera(0)))
    of_right, of_left = Reprojection(view).distances([right, left])
    assert of_right < of_left
    of_right, of_left = Reprojection(mirror_view(view)).distances([right, left])
    assert of_left < of_right


@pytest.mark.parametrize("kind", ["jump", "kick", "clap"])
def test_a_moment_is_found_to_a_few_frames(kind: str):
    acts = [synthesise_clip(MotionRecipe(each, seed=1)) for each in ("bow", kind, "wave")]
    take = Clip(*(np.concatenate([getattr(act, name) for act in acts]) for name in ("positions", "observed")))
    start, end = acts[0].frame_count, acts[0].frame_count + acts[1].frame_count
    starts, ends, _ = Reprojection(as_detected(film(acts[1], Camera(210, 10)))).best([take])
    assert abs(starts[0] - start) <= 4 and abs(ends[0] - end) <= 4


def test_a_part_without_weight_does_not_count(clips: list[Clip]):
    clip = clips[PERFORMED.index("wave")]
    still = clip.positions.copy()
    arms = [joint(f"{side}_{name}") for side in ("left", "right") for name in ("shoulder", "elbow", "wrist")]
    still[:, arms] = clip.positions[:1, arms] - clip.positions[:1, :1] + clip.positions[:, :1]
    other = replace(clip, positions=still)
    view = as_detected(film(clip, Camera(10)))
    assert Reprojection(view).distances([clip, other])[1] > 0.1
    legs = Reprojection(view, PartWeights.of("legs=1")).distances([clip, other])
    assert legs[1] == pytest.approx(legs[0], abs=1e-6)


def test_a_view_of_too_few_joints_is_refused(clips: list[Clip]):
    view = without(as_detected(film(clips[0], Camera())), list(DETECTED[3:]))
    with pytest.raises(QueryError, match="shows 3 joints"):
        Reprojection(view)
    with pytest.raises(QueryError, match="4 are needed; choose another part"):
        Reprojection(as_detected(film(clips[0], Camera())), PartWeights.of("left_arm=1"))


def test_no_motion_is_a_copy_of_a_view(clips: list[Clip]):
    view = as_detected(film(clips[0], Camera()))
    assert Reprojection(view).copy_limit < 0
    assert MomentFinder(clips[0]).copy_limit > 0


def test_a_lifted_clip_is_compared_as_its_own_camera_saw_it(clips: list[Clip]):
    filmed = [with_stand_ins(as_detected(film(clip, Camera(40, 10)))) for clip in clips]
    lifted = [LiftedClip.of(lift(view), view) for view in filmed]
    lifted[0] = LiftedClip.of(lifted[0], without(filmed[0], [joint("left_ankle")]))
    noise = 0.01 * np.random.default_rng(0).standard_normal(filmed[0].points.shape).astype(np.float32)
    for asked in (0, PERFORMED.index("kick"), PERFORMED.index("wave")):
        other_detector = without(replace(filmed[asked], points=filmed[asked].points + noise[:1]), [joint("right_knee")])
        found = Reprojection(other_detector).sightings(lifted)
        in_space = Reprojection(other_detector).distances([Clip(each.positions, each.observed) for each in lifted])
        assert int(found.distances.argmin()) == asked
        assert found.as_filmed[asked] and found.camera(asked).azimuth_deg == 0
        assert found.distances[asked] < 0.5 * in_space[asked]
        assert (found.distances <= in_space).all()


def test_a_moment_of_a_lifted_clip_is_found_in_its_points(clips: list[Clip]):
    view = as_detected(film(clips[PERFORMED.index("dance")], Camera(40, 10)))
    clip = LiftedClip.of(lift(view), view)
    starts, ends, distances = Reprojection(view.cut(30, 70)).best([clip])
    assert (starts[0], ends[0]) == (30, 70)
    assert distances[0] < 0.05
    likeness = Reprojection(view.cut(30, 70)).likeness(clip.cut(30, 70))
    assert likeness.distance_mm < 5
