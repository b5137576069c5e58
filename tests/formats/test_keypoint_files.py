"""Files of pose detectors: each format is told by its content and read as the keypoints that were written."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.moving_bodies import random_clip
from support.walking_body import motion_of, t_pose, walking
from support.written_keypoints import (
    COCO,
    HEIGHT,
    WIDTH,
    Floats,
    alphapose_document,
    coco_document,
    fractions,
    landmarks,
    mmpose_document,
    one_body,
    pixels,
    seen_from,
    write_json,
    write_openpose,
)

import mretrieve
from mretrieve.errors import FormatError
from mretrieve.formats import read, read_keypoints, recognise
from mretrieve.motion import JOINTS, Clip
from mretrieve.motion.joint_sets import JOINT_SETS
from mretrieve.motion.keypoints import Keypoints
from mretrieve.motion.view import View

VIEW = seen_from(random_clip(3, 45))


def bending(frame_count: int = 60) -> View:
    """What a camera in front of it sees of a body that tips over from standing to lying."""
    angle = np.linspace(0, np.pi / 2, frame_count)[:, None]
    x, y = np.moveaxis(seen_from(Clip(t_pose().astype(np.float32), np.ones((1, 22), bool)), 0.0).points, -1, 0)
    points = np.stack([np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x], axis=-1)
    return View(points.astype(np.float32), np.ones(points.shape[:2], bool), np.ones(points.shape[:2], np.float32))


BENDING = bending()


def only(path: Path) -> Keypoints:
    (person,) = read_keypoints(path)
    assert person.body == ""
    assert person.source == path
    return person


def assert_holds(person: Keypoints, joint_set: str, written: Floats) -> None:
    assert person.joint_set == joint_set
    np.testing.assert_allclose(person.points, written[..., :2], atol=0.01)
    np.testing.assert_allclose(person.confidence, written[..., 2], atol=1e-4)


def frames_of_landmarks(joints: Floats, confidence: str) -> list[dict[str, Any]]:
    return [{"keypoints": landmarks(body, confidence)} for body in joints]


DOCUMENTS: dict[str, tuple[str, Callable[[Floats], Any]]] = {
    "COCO annotations": ("coco-17", lambda joints: coco_document(one_body(joints), COCO)),
    "PoseTrack": (
        "posetrack-17",
        lambda joints: coco_document(one_body(joints), JOINT_SETS["posetrack-17"].joints, track_ids=True),
    ),
    "COCO results, AlphaPose": ("coco-17", lambda joints: alphapose_document(one_body(joints))),
    "AlphaPose followed": ("halpe-26", lambda joints: alphapose_document(one_body(joints), followed=True)),
    "AlphaPose by image": (
        "mpii-16",
        lambda joints: {f"{n}.jpg": [{"keypoints": body.ravel().tolist()}] for n, body in enumerate(joints)},
    ),
    "AlphaPose like OpenPose": (
        "coco-18",
        lambda joints: {f"{n}.jpg": {"bodies": [{"joints": body.ravel().tolist()}]} for n, body in enumerate(joints)},
    ),
    "MMPose": ("coco-17", lambda joints: mmpose_document(one_body(joints), COCO)),
    "MoveNet": ("coco-17", lambda joints: frames_of_landmarks(joints, "score")),
    "MoveNet, several people a frame": (
        "coco-17",
        lambda joints: [[{"score": 0.8, "keypoints": landmarks(body, "score")}] for body in joints],
    ),
    "plain": (
        "human36m-17",
        lambda joints: {
            "joint_set": "human36m-17",
            "frames": [{"people": [{"keypoints": b.tolist()}]} for b in joints],
        },
    ),
}


@pytest.mark.parametrize("form", DOCUMENTS)
def test_json_holds_what_was_written(tmp_path: Path, form: str):
    joint_set, document = DOCUMENTS[form]
    written = pixels(VIEW, joint_set)
    assert_holds(only(write_json(tmp_path / "dance.data", document(written))), joint_set, written)


@pytest.mark.parametrize("joint_set", ["body-25", "coco-18"])
def test_openpose_writes_a_file_a_frame(tmp_path: Path, joint_set: str):
    written = pixels(VIEW, joint_set)
    first = write_openpose(tmp_path / "frames", one_body(written), first=7)
    person = only(first)
    assert_holds(person, joint_set, written)
    assert person.start_frame == 7
    assert read_keypoints(tmp_path / "frames")[0].frame_count == len(written)


def test_a_recording_may_begin_with_an_empty_frame(tmp_path: Path):
    written = pixels(VIEW, "body-25")
    person = only(write_openpose(tmp_path, [[], [], *one_body(written)]))
    assert (person.start_frame, person.frame_count) == (2, len(written))


def test_frames_are_in_the_order_of_their_numbers_and_not_of_their_names(tmp_path: Path):
    written = pixels(VIEW, "body-25")
    write_openpose(tmp_path, one_body(written))
    for number, path in enumerate(sorted(tmp_path.iterdir())):
        path.rename(tmp_path / f"dance_{number}_keypoints.json")
    assert_holds(only(tmp_path / "dance_0_keypoints.json"), "body-25", written)


def test_a_plain_file_with_a_version_is_not_taken_for_a_frame_of_openpose(tmp_path: Path):
    written = pixels(VIEW, "coco-17")
    document = {"version": 1, "frames": [{"people": [{"keypoints": body.tolist()}]} for body in written]}
    assert_holds(only(write_json(tmp_path / "plain.json", document)), "coco-17", written)


def test_a_folder_with_frames_of_two_videos_is_no_recording(tmp_path: Path):
    for video in ("dance", "fight"):
        write_openpose(tmp_path, one_body(pixels(VIEW, "body-25")), video)
    with pytest.raises(FormatError, match="frames of 2 videos"):
        read_keypoints(tmp_path)
    assert only(tmp_path / "fight_000000000000_keypoints.json").frame_count == VIEW.frame_count


def test_mediapipe_has_fractions_of_width_and_height(tmp_path: Path):
    written = pixels(VIEW, "mediapipe-33")
    frames = [{"landmarks": [landmarks(body, "visibility")]} for body in fractions(written)]
    document = {"fps": 24, "width": WIDTH, "height": HEIGHT, "frames": frames}
    person = only(write_json(tmp_path / "pose.json", document))
    assert_holds(person, "mediapipe-33", written)
    assert (person.fps, person.image_size, person.repairs) == (24, (WIDTH, HEIGHT), ())


@pytest.mark.parametrize(("width", "height", "shape"), [(1280, 720, "16:9"), (720, 1280, "9:16")])
def test_without_a_size_the_body_tells_a_wide_picture_from_a_high_one(
    tmp_path: Path, width: float, height: float, shape: str
):
    body = Clip(walking(60).astype(np.float32), np.ones((60, len(JOINTS)), bool))
    written = pixels(seen_from(body, 90.0), "mediapipe-33", (width / 2, height / 2))
    parts = written / (width, height, 1)
    person = only(write_json(tmp_path / "pose.json", frames_of_landmarks(parts, "visibility")))
    np.testing.assert_allclose(person.points * max(width, height) / 16, written[..., :2], rtol=1e-3)
    assert person.repairs == (
        f"picture: its size is not in the file, taken to be {shape} by the proportions of the body",
    )


@pytest.mark.parametrize(("squeezed", "stretch"), [((1, 9 / 16), "vertically"), ((9 / 16, 1), "horizontally")])
def test_a_body_that_was_seen_in_a_square_with_bars_gets_its_proportions_back(
    tmp_path: Path, squeezed: tuple[float, float], stretch: str
):
    written = pixels(BENDING, "coco-17")
    person = only(write_json(tmp_path / "pose.json", frames_of_landmarks(written * (*squeezed, 1), "score")))
    assert f"squeezed {stretch}" in person.repairs[0]
    np.testing.assert_allclose(person.points, written[..., :2], rtol=1e-4)
    whole = only(write_json(tmp_path / "pose.json", frames_of_landmarks(written, "score")))
    assert whole.repairs == ()


def test_world_landmarks_are_motion_in_space_with_the_right_way_up(tmp_path: Path):
    clip = random_clip(3, 45)
    world = np.zeros((45, 33, 3))
    for number, place in enumerate(JOINT_SETS["mediapipe-33"].canonical):
        if place is not None:  # from the middle of the hips, y down, z away from the camera
            world[:, place] = (clip.positions[:, number] - clip.positions[:, 1:3].mean(axis=1)) * (1, -1, -1)
    frames = [
        {
            "pose_landmarks": landmarks(body, "visibility"),
            "pose_world_landmarks": [dict(zip("xyz", point, strict=True)) for point in points.tolist()],
        }
        for body, points in zip(fractions(pixels(VIEW, "mediapipe-33")), world, strict=True)
    ]
    path = write_json(tmp_path / "pose.json", {"fps": 30, "frames": frames})
    (motion,) = read(path)
    found = mretrieve.canonicalise(motion).positions
    shank, truth = found[:, 7] - found[:, 4], clip.positions[:, 7] - clip.positions[:, 4]
    np.testing.assert_allclose(shank / np.linalg.norm(shank), truth / np.linalg.norm(truth), atol=1e-3)
    with pytest.raises(FormatError, match=r"mretrieve\.read$"):
        read_keypoints(path)

    for frame in frames:
        frame["pose_world_landmarks"][27] = None  # an ankle below the picture
    (without,) = read(write_json(tmp_path / "unseen.json", {"fps": 30, "frames": frames}))
    before, after = (mretrieve.canonicalise(each).seen_joints for each in (motion, without))
    assert np.flatnonzero(before & ~after).tolist() == [7]


def npz(**arrays: Any) -> bytes:
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


@pytest.mark.parametrize("joint_set", ["human36m-17", "jhmdb-15", "coco-17", "body-25", "canonical-22"])
def test_an_array_is_told_by_its_number_of_joints(tmp_path: Path, joint_set: str):
    written = pixels(VIEW, joint_set)
    np.save(tmp_path / "flat.npy", written[..., :2])
    assert_holds(only(tmp_path / "flat.npy"), joint_set, np.where([True, True, False], written, 1.0))
    np.save(tmp_path / "sure.npy", written)
    assert_holds(only(tmp_path / "sure.npy"), joint_set, written)


def test_an_archive_may_state_set_rate_and_confidences(tmp_path: Path):
    written = pixels(VIEW, "human36m-17")
    (tmp_path / "pose.npz").write_bytes(
        npz(keypoints=written[..., :2], scores=written[..., 2], fps=50, joint_set="human36m-17", extra=np.arange(3))
    )
    person = only(tmp_path / "pose.npz")
    assert_holds(person, "human36m-17", written)
    assert person.fps == 50


def test_an_archive_may_name_its_joints_in_any_order(tmp_path: Path):
    written = pixels(VIEW, "coco-17")
    names = [f"{part.title()}{side.title()}" if part else side for side, _, part in (n.partition("_") for n in COCO)]
    (tmp_path / "pose.npz").write_bytes(npz(pose=written[:, ::-1], joints=np.array(names[::-1])))
    assert_holds(only(tmp_path / "pose.npz"), "coco-17", written)


_ARM, _LEG = ("Shoulder", "Elbow", "Wrist", "Hand"), ("Hip", "Knee", "Ankle", "Foot")
KINECT = [
    *("SpineBase", "SpineMid", "Neck", "Head"),
    *(part + side for limb in (_ARM, _LEG) for side in ("Left", "Right") for part in limb),
    *("SpineShoulder", "HandTipLeft", "ThumbLeft", "HandTipRight", "ThumbRight"),
]


def kinect(walk: np.ndarray) -> np.ndarray:
    """The joints (T, 25, 3) of Kinect's set in a walk (T, 22, 3); hands, thumbs and tips are at the wrists."""
    nearest = {"SpineBase": "pelvis", "SpineMid": "spine2", "SpineShoulder": "spine3", "Neck": "neck", "Head": "head"}
    for side in ("Left", "Right"):
        for part in ("Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle", "Foot"):
            nearest[part + side] = f"{side}_{part}".lower()
        nearest |= {part + side: f"{side}_wrist".lower() for part in ("Hand", "HandTip", "Thumb")}
    return walk[:, [JOINTS.index(nearest[name]) for name in KINECT]]


@pytest.mark.parametrize("with_names", [True, False])
def test_the_25_joints_of_kinect_are_not_taken_for_those_of_openpose(tmp_path: Path, with_names: bool):
    walk = walking(60) + np.array([0, 0, 2])
    arrays = {"pose": kinect(walk)} | ({"joints": np.array(KINECT)} if with_names else {})
    (tmp_path / "walk.npz").write_bytes(npz(fps=30, **arrays))
    clip = mretrieve.canonicalise(mretrieve.read(tmp_path / "walk.npz")[0])
    expected = mretrieve.canonicalise(motion_of(walk))
    shown = clip.observed.all(axis=0)
    assert {JOINTS[j] for j in np.flatnonzero(~shown)} == {"spine1", "spine2", "left_collar", "right_collar"}
    limbs = [j for j in np.flatnonzero(shown) if "spine" not in JOINTS[j]]
    np.testing.assert_allclose(clip.positions[:, limbs], expected.positions[:, limbs], atol=0.02)


def test_names_of_no_set_are_those_of_a_rig(tmp_path: Path):
    names = [name.replace("left_", "L ").replace("right_", "R ").replace("knee", "shin") for name in JOINTS]
    (tmp_path / "walk.npz").write_bytes(npz(pose=walking(60), joints=np.array(names)))
    clip = mretrieve.canonicalise(mretrieve.read(tmp_path / "walk.npz")[0])
    np.testing.assert_allclose(clip.positions, mretrieve.canonicalise(motion_of(walking(60))).positions, atol=0.02)


@pytest.mark.parametrize("fps", [-1.0, 0.0, np.nan, np.inf])
def test_a_rate_is_a_number_above_0(tmp_path: Path, fps: float):
    np.save(tmp_path / "pose.npy", pixels(VIEW, "coco-17"))
    with pytest.raises(ValueError, match="give frames per second above 0"):
        read_keypoints(tmp_path / "pose.npy", fps=fps)


def test_takes_one_after_another_are_bodies_of_their_own(tmp_path: Path):
    written = pixels(VIEW, "jhmdb-15")[..., :2]
    (tmp_path / "takes.npz").write_bytes(npz(pose=written, length=np.array([20, 25])))
    first, second = read_keypoints(tmp_path / "takes.npz")
    assert (first.body, second.body) == ("1", "2")
    np.testing.assert_allclose(second.points, written[20:], rtol=1e-6)
    assert second.start_frame == 0


def test_joints_in_space_are_an_ordinary_motion(tmp_path: Path):
    positions = random_clip(3, 45).positions * 1000
    np.save(tmp_path / "space.npy", positions)
    (motion,) = read(tmp_path / "space.npy")
    assert mretrieve.canonicalise(motion).frame_count == 45


def test_a_table_has_columns_for_each_joint(tmp_path: Path):
    written = pixels(VIEW, "coco-17")
    header = ["frame", *(f"{name}_{what}" for name in COCO for what in "xyc")]
    rows = [[number, *body.ravel().round(4)] for number, body in enumerate(written.tolist() and written)]
    rows[4][1:4] = ["", "", ""]
    (tmp_path / "dance.csv").write_text("\n".join(",".join(map(str, row)) for row in [header, *rows]))
    person = only(tmp_path / "dance.csv")
    assert np.isnan(person.points[4, 0]).all()
    assert person.confidence[4, 0] == 0
    np.testing.assert_allclose(person.points[:, 1:], written[:, 1:, :2], atol=0.01)


def test_points_at_the_corner_of_the_picture_were_not_found(tmp_path: Path):
    written = pixels(VIEW, "body-25")
    written[5, 4] = 0
    person = only(write_openpose(tmp_path, one_body(written)))
    assert np.isnan(person.points[5, 4]).all()


def test_visibility_flags_of_annotations_become_confidences(tmp_path: Path):
    written = pixels(VIEW, "coco-17")
    written[..., 2] = np.arange(17) % 3
    person = only(write_json(tmp_path / "coco.json", coco_document(one_body(written), COCO)))
    assert person.confidence[0].tolist() == [0, 0.5, 1] * 5 + [0, 0.5]


def test_motion_and_keypoints_are_not_mistaken_for_each_other(tmp_path: Path):
    path = write_json(tmp_path / "m.json", frames_of_landmarks(pixels(VIEW, "coco-17"), "score"))
    with pytest.raises(FormatError, match="read_keypoints"):
        read(path)
    from support.sample_files import BVH

    (tmp_path / "take.bvh").write_text(BVH)
    with pytest.raises(FormatError, match=r"mretrieve\.read$"):
        read_keypoints(tmp_path / "take.bvh")


def test_other_json_is_no_motion_file(tmp_path: Path):
    for document in ({"schema": "mretrieve.query/2", "results": []}, [1, 2], {"pelvis": "Hips"}, {"images": []}):
        assert recognise(write_json(tmp_path / "other.json", document)) is None


# -- damage ------------------------------------------------------------------------------------------------------------


def refusal(path: Path) -> str:
    with pytest.raises(FormatError) as refused:
        read_keypoints(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_broken_json_is_named_with_its_line(tmp_path: Path):
    text = json.dumps(frames_of_landmarks(pixels(VIEW, "coco-17"), "score"), indent=1)
    (tmp_path / "broken.json").write_text(text[: len(text) // 2])
    assert "broken JSON" in refusal(tmp_path / "broken.json")


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"people": [{"pose_keypoints_2d": [1, 2, 3]}], "version": 1}, "not a list `people`"),
        ({"people": 5, "version": 1}, "not a list `people`"),
        ([{"keypoints": [{"x": 1}]}], "not a list of frames"),
        ([{"keypoints": [[1, 2, 1]] * 19}], "19 joints are of no known set"),
        ([{"keypoints": [[1, 2, 1]] * 17}, {"keypoints": [[1, 2, 1]] * 16}], "bodies of 16 and of 17 joints"),
        (
            {"joint_set": "coco-99", "frames": [{"keypoints": [[1, 2, 1]] * 17}] * 40},
            "'coco-99'; mretrieve knows body-25",
        ),
        ({"joint_set": 17, "frames": [{"keypoints": [[1, 2, 1]] * 17}] * 40}, "unknown joint set '17'"),
        ([{"keypoints": []}] * 9, "nobody is found in any of 9 frames"),
        ([{"keypoints": [[1e400, 2, 1]] * 17}] * 40, "nobody is found"),
        ([{"keypoints": [[10**400, 2, 1]] * 17}] * 40, "not a list of frames"),
        ([{"keypoints": [["a", "b", "c"]] * 17}] * 40, "not a list of frames"),
        ([{"image_id": {}, "keypoints": [1] * 51}], "image"),
        ([{"image_id": None, "keypoints": [1, 2, 1] * 17}], "nobody is seen"),
        (
            [{"image_id": 1, "keypoints": [9, 9, 1] * 17}, {"image_id": 90_000_000_000, "keypoints": [9, 9, 1] * 17}],
            "nobody",
        ),
        (
            {"images": [{"id": 1}], "annotations": [{"image_id": 3, "keypoints": [9, 9, 1] * 17}]},
            "not in the list of images",
        ),
        ({"images": 3, "annotations": [{"image_id": 3, "keypoints": 7}]}, "not keypoints by image"),
        ({"images": [{"id": 1}], "annotations": [], "x": {"keypoints": 0}}, "holds no keypoints"),
    ],
)
def test_documents_that_are_not_what_they_seem(tmp_path: Path, document: Any, reason: str):
    assert reason in refusal(write_json(tmp_path / "odd.json", document))


def test_frames_that_are_far_apart_take_no_memory(tmp_path: Path):
    bodies = [{"image_id": frame, "keypoints": [9, 9, 1] * 17, "track_id": 1} for frame in (*range(1000), 99_999)]
    few = [{"image_id": frame * 90_000_000, "keypoints": [9, 9, 1] * 17, "idx": 1} for frame in range(40)]
    assert "frames: the images are not numbered" in only(write_json(tmp_path / "few.json", few)).repairs[0]
    assert only(write_json(tmp_path / "far.json", bodies)).frame_count == 100_000


def test_deep_json_is_refused(tmp_path: Path):
    (tmp_path / "deep.json").write_text('[{"keypoints": ' + "[" * 200_000)
    refusal(tmp_path / "deep.json")


def header(shape: str, descr: str = "'<f4'") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (header("(1000000000, 17, 2)") + bytes(100), "should hold 1000000000 x 17 x 2"),
        (header("(2, -1, 2)") + bytes(16), "should hold|damaged header"),
        (header("(1, 17, 2)", "'|O'") + bytes(272), "Python objects"),
        (header("(1, 17, 2)", "__import__('os')") + bytes(136), "damaged header"),
        (b"\x93NUMPY\x01\x00\xff\xff", "damaged header"),
        (header("(3, 3)") + bytes(36), r"not float32 of \(3, 3\)"),
        (header("(2, 19, 2)") + bytes(304), "19 joints are of no known set"),
        (npz(a=np.zeros(3)), "no array of joints"),
        (npz(pose=np.zeros((5, 15, 2)), length=np.array([3, 3])), "sum up to 5"),
        (npz(pose=np.zeros((40, 15, 2)), scores=np.zeros(3)), "confidences are"),
        (npz(pose=np.array([None])), "Python objects"),
        (npz(pose=np.zeros((40, 19, 3))), "Add the names of the joints to an .npz file, as an array `joints`"),
        (npz(pose=np.zeros((40, 25, 3)), joints=np.array(["Hips", "Spine"])), "2 names of joints, but positions of 25"),
        (
            npz(pose=np.ones((40, 3, 2)), joints=np.array(["nose", "tail", "paw"])),
            "names of the joints are of no",
        ),
        (npz(pose=np.zeros((40, 15, 2)), joint_set="body-25"), "15 joints, but body-25 has 25"),
        (npz(pose=np.zeros((40, 15, 2)), joint_set="dog"), "unknown joint set 'dog'"),
        (npz(pose=np.zeros((40, 15, 2)))[:-60], "damaged archive"),
    ],
)
def test_damaged_arrays_are_refused(tmp_path: Path, content: bytes, reason: str):
    import re

    (tmp_path / "pose.npz").write_bytes(content)
    assert re.search(reason, refusal(tmp_path / "pose.npz"))


# -- the samples of other tools ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "joint_set", "frame_count"),
    [
        ("mediapipe_correct1.json", "mediapipe-33", 61),
        ("movenet_wrong10.json", "coco-17", 93),
        ("2d_pose.npy", "body-25", 900),
        ("bicep_bad_1.npy", "coco-18", 108),
    ],
)
def test_real_files_of_detectors(mocap: Path, name: str, joint_set: str, frame_count: int):
    person = only(mocap / "formats" / "pose2d" / name)
    assert (person.joint_set, person.frame_count) == (joint_set, frame_count)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("alpha-pose-results-sample.json", "164: broken JSON"),
        ("012834_mpii_test.json", "nobody is seen for 0.5 s"),
        ("test_coco.json", "nobody is seen for 0.5 s"),
        ("3d_pose.npy", "motion in space"),
        ("sample.pkl", "not a known motion format"),
    ],
)
def test_real_files_that_hold_no_keypoints_of_a_video(mocap: Path, name: str, reason: str):
    assert reason in refusal(mocap / "formats" / "pose2d" / name)


def test_the_clips_of_jhmdb(mocap: Path):
    people = read_keypoints(mocap / "jhmdb" / "split1_test.npz")
    assert len(people) == 176
    assert {person.joint_set for person in people} == {"jhmdb-15"}
