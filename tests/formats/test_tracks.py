"""People in a video: followed from frame to frame, by their own names or by where they are expected."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.moving_bodies import random_clip
from support.written_keypoints import (
    COCO,
    Bodies,
    Floats,
    alphapose_document,
    coco_document,
    pixels,
    seen_from,
    write_json,
    write_openpose,
)

from mretrieve.errors import FormatError
from mretrieve.formats import read_keypoints
from mretrieve.motion.joint_sets import JOINT_SETS
from mretrieve.motion.keypoints import Keypoints

FRAMES = 60


def person(
    seed: int, start: tuple[float, float], step: tuple[float, float] = (0.0, 0.0), joint_set: str = "body-25"
) -> Floats:
    """A body (T, J, 3) whose middle moves by a step (x, y), in pixels, each frame."""
    joints = pixels(seen_from(random_clip(seed, FRAMES)), joint_set)
    joints[..., :2] -= joints[..., :2].mean(axis=1, keepdims=True)
    joints[..., :2] += np.array(start) + np.arange(FRAMES)[:, None, None] * np.array(step)
    return joints


def together(*people: Floats) -> Bodies:
    """The bodies of each frame, in an order that changes from frame to frame; NaN bodies are left out."""
    order = np.random.default_rng(0)
    return [
        [people[n][t] for n in order.permutation(len(people)) if np.isfinite(people[n][t]).all()] for t in range(FRAMES)
    ]


def read_frames(folder: Path, bodies: Bodies) -> list[Keypoints]:
    return read_keypoints(write_openpose(folder, bodies))


def assert_is(found: Keypoints, truth: Floats) -> None:
    frames = slice(found.start_frame, found.start_frame + found.frame_count)
    seen = np.isfinite(found.points)
    assert seen.any(axis=(1, 2)).mean() > 0.7
    np.testing.assert_allclose(found.points[seen], truth[frames, :, :2][seen], atol=0.01)


def of(people: list[Keypoints], truth: Floats) -> Keypoints:
    """The person who is where a body is in the first frame of theirs."""
    return min(people, key=lambda each: np.abs(each.points[0] - truth[each.start_frame, :, :2]).max())


def test_people_side_by_side_are_bodies_of_their_own(tmp_path: Path):
    left, right = person(1, (300, 360)), person(2, (900, 360))
    people = read_frames(tmp_path, together(left, right))
    assert sorted(each.body for each in people) == ["1", "2"]
    for truth in (left, right):
        assert_is(of(people, truth), truth)


def test_people_whose_ways_cross_are_not_exchanged(tmp_path: Path):
    going, coming = person(1, (300, 360), (10, 0)), person(2, (900, 380), (-10, 0))
    people = read_frames(tmp_path, together(going, coming))
    assert len(people) == 2
    for truth in (going, coming):
        assert_is(of(people, truth), truth)


def test_a_person_who_is_lost_for_a_while_stays_the_same(tmp_path: Path):
    lost, other = person(1, (300, 360), (6, 0)), person(2, (900, 360))
    lost[20:32] = np.nan  # 0.4 s
    people = read_frames(tmp_path, together(lost, other))
    assert len(people) == 2
    found = of(people, np.nan_to_num(lost))
    assert found.frame_count == FRAMES
    assert np.isnan(found.points[20:32]).all()
    assert (found.confidence[20:32] == 0).all()


def test_after_half_a_second_it_is_another_person(tmp_path: Path):
    lost = person(1, (300, 360))
    lost[20:40] = np.nan
    people = read_frames(tmp_path, together(lost, person(2, (900, 360))))
    assert sorted((each.start_frame, each.frame_count) for each in people) == [(0, 20), (0, 60), (40, 20)]


def test_the_rate_says_how_many_frames_that_is(tmp_path: Path):
    lost = person(1, (300, 360))
    lost[20:40] = np.nan
    first = write_openpose(tmp_path, together(lost, person(2, (900, 360))))
    assert len(read_keypoints(first, fps=60)) == 2


def test_whoever_is_seen_for_less_than_half_a_second_is_left_out_with_a_note(tmp_path: Path):
    passer = person(1, (300, 360))
    passer[10:] = np.nan
    (found,) = read_frames(tmp_path, together(passer, person(2, (900, 360))))
    assert found.body == ""
    assert found.repairs == ("1 person is seen for less than 0.5 s and left out",)


@pytest.mark.parametrize("form", ["PoseTrack", "AlphaPose"])
def test_people_keep_the_names_that_the_file_gives_them(tmp_path: Path, form: str):
    one, two = (person(seed, (300 * seed, 360), joint_set="coco-17") for seed in (1, 2))
    frames = [[one[t], two[t]] if t % 2 else [two[t], one[t]][::-1] for t in range(FRAMES)]
    document = coco_document(frames, COCO, track_ids=True) if form == "PoseTrack" else alphapose_document(frames, True)
    people = read_keypoints(write_json(tmp_path / "people.json", document))
    assert [each.body for each in people] == (["0", "1"] if form == "PoseTrack" else ["1", "2"])
    for found, truth in zip(people, (one, two), strict=True):
        assert_is(found, truth)


def test_a_crowd_is_followed_in_a_picture_of_its_own_order(tmp_path: Path):
    crowd = [person(seed, (120 * seed, 300 + 40 * (seed % 3)), (2 * (seed % 4) - 3, 0)) for seed in range(1, 9)]
    people = read_frames(tmp_path, together(*crowd))
    assert len(people) == 8
    for truth in crowd:
        assert_is(of(people, truth), truth)


def test_more_bodies_in_a_frame_than_anyone_can_follow_are_refused(tmp_path: Path):
    from mretrieve.errors import FormatError

    frames = [{"image_id": 1, "keypoints": [9 + n, 9, 1] * 17} for n in range(600)]
    with pytest.raises(FormatError, match="600 bodies in one frame"):
        read_keypoints(write_json(tmp_path / "crowd.json", frames))


def test_a_person_whose_left_and_right_the_detector_exchanges_for_a_while_stays_one(tmp_path: Path):
    joints = np.zeros((FRAMES, 25, 3))
    names = JOINT_SETS["body-25"].joints
    for number, name in enumerate(names):  # arms spread wide
        side = {"left": 1.0, "right": -1.0}.get(name.partition("_")[0], 0.0)
        joints[:, number] = 500 + 300 * side, 200 + 15 * number, 0.9
    exchanged = [names.index(_other_side(name)) for name in names]
    joints[20:30] = joints[20:30, exchanged]
    (found,) = read_frames(tmp_path, together(joints))
    assert np.isfinite(found.points).all()


def _other_side(name: str) -> str:
    side, _, rest = name.partition("_")
    return {"left": f"right_{rest}", "right": f"left_{rest}"}.get(side, name)


@pytest.mark.filterwarnings("error")
def test_bodies_whose_points_are_all_in_one_place_are_refused_without_warnings(tmp_path: Path):
    path = write_json(tmp_path / "dots.json", coco_document(together(np.ones((FRAMES, 17, 3))), COCO))
    with pytest.raises(FormatError, match=r"nobody is seen for 0\.5 s, only for 1 frame in succession"):
        read_keypoints(path)


def test_frames_without_any_point_show_nobody(tmp_path: Path):
    path = tmp_path / "nothing.npy"
    np.save(path, np.zeros((FRAMES, 17, 2)))
    with pytest.raises(FormatError, match="nobody is found in any frame"):
        read_keypoints(path)


def test_people_who_were_lost_one_after_the_other_are_expected_where_they_go(tmp_path: Path):
    """A body that is seen in every tenth frame only goes no faster than it does."""
    seldom, other = person(1, (200, 360), (9, 0)), person(1, (330, 360), (9, 0))
    missing = np.arange(FRAMES) % 10 > 0
    seldom[missing] = np.nan
    people = read_frames(tmp_path, together(seldom, other))
    assert len(people) == 2
    for truth in (np.nan_to_num(seldom), other):
        found = of(people, truth)
        seen = np.isfinite(found.points)
        np.testing.assert_allclose(found.points[seen], truth[: found.frame_count, :, :2][seen], atol=0.01)
