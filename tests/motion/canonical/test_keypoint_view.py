"""Keypoints as a view: y up, about a metre a unit, 30 frames a second, and only what a detector is sure of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.walking_body import walking
from support.written_keypoints import PIXELS_PER_METRE, pixels, seen_from

from mretrieve.errors import FormatError
from mretrieve.motion import Clip
from mretrieve.motion.canonical.keypoint_view import view_of_keypoints
from mretrieve.motion.detection import DETECTED
from mretrieve.motion.joint_sets import JOINT_SETS, joint_set_by_names
from mretrieve.motion.keypoints import Keypoints
from mretrieve.motion.skeleton import JOINT_COUNT, JOINTS, joint

SEEN = seen_from(Clip(walking(60).astype(np.float32), np.ones((60, JOINT_COUNT), bool)))


def keypoints(joint_set: str = "coco-17", fps: float | None = 30.0) -> Keypoints:
    found = pixels(SEEN, joint_set).astype(np.float32)
    return Keypoints(joint_set, found[..., :2], found[..., 2], Path("dance.json"), fps)


def with_confidence(joint_name: str, confidences: np.ndarray) -> Keypoints:
    """Keypoints of COCO with other confidences of a joint."""
    whole = keypoints()
    changed = whole.confidence.copy()
    changed[:, JOINT_SETS["coco-17"].joints.index(joint_name)] = confidences
    return replace(whole, confidence=changed)


@pytest.mark.parametrize("joint_set", JOINT_SETS)
def test_every_set_gives_the_limbs_that_the_camera_saw(joint_set: str):
    view = view_of_keypoints(keypoints(joint_set))
    assert view.observed[:, list(DETECTED)].all()
    shape = view.points[:, list(DETECTED)]
    truth = SEEN.points[:, list(DETECTED)]
    moved = [points - points.mean(axis=(0, 1)) for points in (shape, truth)]
    scale = (moved[0] * moved[1]).sum() / (moved[1] ** 2).sum()
    np.testing.assert_allclose(moved[0] / scale, moved[1], atol=0.002)
    assert 0.85 < scale < 1.15


@pytest.mark.parametrize("joint_set", sorted(set(JOINT_SETS) - {"canonical-22", "kinect-20", "kinect-25"}))
def test_heads_are_never_observed(joint_set: str):
    view = view_of_keypoints(keypoints(joint_set))
    assert not view.observed[:, [joint("head"), joint("spine2")]].any()


def test_y_is_up():
    points = view_of_keypoints(keypoints()).points
    assert (points[:, joint("neck"), 1] > points[:, joint("left_ankle"), 1]).all()


def test_the_body_is_in_the_middle():
    view = view_of_keypoints(keypoints())
    assert np.abs(view.points[view.observed].mean(axis=0)).max() < 0.1


def test_the_scale_is_near_a_metre_without_legs():
    whole = keypoints()
    legs = [place for place, name in enumerate(JOINT_SETS["coco-17"].joints) if name.endswith(("knee", "ankle"))]
    confidence = whole.confidence.copy()
    confidence[:, legs] = 0
    view = view_of_keypoints(replace(whole, confidence=confidence))
    trunk = view.points[:, joint("neck")] - view.points[:, joint("pelvis")]
    truth = pixels(SEEN, "body-25")[:, 1, :2] - pixels(SEEN, "body-25")[:, 8, :2]
    assert np.linalg.norm(trunk) == pytest.approx(np.linalg.norm(truth) / PIXELS_PER_METRE, rel=0.15)


@pytest.mark.parametrize(("fps", "frame_count"), [(60.0, 30), (30.0, 60), (15.0, 119)])
def test_frames_are_resampled_to_thirty_a_second(fps: float, frame_count: int):
    assert view_of_keypoints(keypoints(fps=fps)).frame_count == frame_count


def test_without_a_rate_thirty_is_assumed_and_noted():
    view = view_of_keypoints(keypoints(fps=None))
    assert view.frame_count == 60
    assert any("give it with --fps" in note for note in view.notes)
    assert view_of_keypoints(keypoints()).notes == ()


def test_the_first_frame_is_where_it_is_in_the_video():
    assert view_of_keypoints(replace(keypoints(fps=60.0), start_frame=90)).start_s == 1.5


def test_unsure_points_are_lost_but_for_those_next_to_sure_ones():
    confidences = np.full(60, 0.9)
    confidences[10:20] = 0.1  # lost
    confidences[20:30] = 0.25  # leads up to frames that are sure
    confidences[40:50] = 0.19
    confidences[5] = np.nan
    view = view_of_keypoints(with_confidence("left_wrist", confidences))
    lost = ~view.observed[:, joint("left_wrist")]
    assert np.flatnonzero(lost).tolist() == [5, *range(10, 20), *range(40, 50)]
    assert (view.confidence[lost, joint("left_wrist")] == 0).all()


def test_moderate_confidence_alone_is_not_trusted():
    confidences = np.full(60, 0.25)
    view = view_of_keypoints(with_confidence("left_wrist", confidences))
    assert not view.observed[:, joint("left_wrist")].any()


def test_gaps_are_filled_by_interpolation():
    confidences = np.full(60, 0.9)
    confidences[20:28] = 0
    wrist = joint("left_wrist")
    filled = view_of_keypoints(with_confidence("left_wrist", confidences)).points[:, wrist]
    straight = filled[19] + np.linspace(0, 1, 10)[:, None] * (filled[28] - filled[19])
    np.testing.assert_allclose(filled[19:29], straight, atol=1e-5)


def test_a_joint_that_is_lost_in_over_half_of_the_frames_is_unseen():
    confidences = np.where(np.arange(60) % 3 == 0, 0.9, 0.0)
    view = view_of_keypoints(with_confidence("left_wrist", confidences))
    assert not view.observed[:, joint("left_wrist")].any()
    assert view.notes == ("joints lost in over half of the frames: left_wrist",)


def test_neck_and_pelvis_need_both_of_their_sides():
    view = view_of_keypoints(with_confidence("left_hip", np.where(np.arange(60) < 10, 0.0, 0.9)))
    assert not view.observed[:10, joint("pelvis")].any()
    assert view.observed[10:, joint("pelvis")].all()
    assert view.observed[:, joint("neck")].all()


def test_a_set_with_a_neck_of_its_own_gives_it_even_if_a_shoulder_is_lost():
    whole = keypoints("coco-18")
    confidence = whole.confidence.copy()
    confidence[:, JOINT_SETS["coco-18"].joints.index("left_shoulder")] = 0
    assert view_of_keypoints(replace(whole, confidence=confidence)).observed[:, joint("neck")].all()


@pytest.mark.parametrize(
    ("spoiled", "reason"),
    [
        (
            replace(keypoints(), points=np.zeros((0, 17, 2), np.float32), confidence=np.zeros((0, 17), np.float32)),
            "no frames",
        ),
        (replace(keypoints(), fps=0.5), "not a rate"),
        (replace(keypoints(), confidence=np.zeros((60, 17), np.float32)), "too few"),
        (replace(keypoints(), points=np.full((60, 17, 2), np.nan, np.float32)), "too few"),
        (replace(keypoints(), points=np.ones((60, 17, 2), np.float32)), "in one place"),
    ],
)
def test_keypoints_that_show_no_body_are_refused(spoiled: Keypoints, reason: str):
    with pytest.raises(FormatError, match=reason) as refused:
        view_of_keypoints(spoiled)
    assert "dance.json" in str(refused.value)


def test_names_of_joints_tell_their_set_in_any_order():
    names = ["Left Shoulder", "left-elbow", *reversed(JOINT_SETS["coco-17"].joints)]
    joint_set, places = joint_set_by_names(names)
    assert joint_set.name == "coco-17"
    assert [names[place] for place in places if place is not None][-1] == "right_ankle"
    assert joint_set_by_names(("x", "y", "left_hip")) is None


def test_each_set_maps_every_limb_and_no_joint_twice():
    for joint_set in JOINT_SETS.values():
        places = [place for place in joint_set.canonical if place is not None]
        assert len(set(places)) == len(places)
        assert len(joint_set.canonical) == JOINT_COUNT
        assert all(joint_set.canonical[number] is not None for number in DETECTED)
        for number, place in enumerate(joint_set.canonical):
            if place is not None and JOINTS[number].startswith(("left", "right")):
                assert joint_set.joints[place].startswith(JOINTS[number].partition("_")[0])
