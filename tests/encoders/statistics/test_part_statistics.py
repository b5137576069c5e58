"""What the vectors of the body's parts promise: each is of its part alone, and only a query weighs them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
from support.moving_bodies import random_clip

from mretrieve import Clip
from mretrieve.encoders import load_encoder
from mretrieve.encoders.statistics.part_statistics import LAYOUTS, PartStatistics, part_channels, part_features
from mretrieve.evaluation import retrieval_scores
from mretrieve.motion.augmentation import lose_joints
from mretrieve.motion.body_parts import UNIONS, PartWeights
from mretrieve.motion.bones import USED_JOINTS
from mretrieve.motion.skeleton import JOINTS, PARTS, joint

LIMBS = [part for part in PARTS if part != "torso"]


@pytest.fixture(scope="module")
def encoder() -> PartStatistics:
    return PartStatistics()


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return [random_clip(seed, 20 + 30 * seed) for seed in range(10)]


def distances(encoder: PartStatistics, queries: list[Clip], gallery: list[Clip], parts: str = "body") -> np.ndarray:
    asking = encoder.weighted(PartWeights.of(parts))
    return -(asking.as_queries(encoder.encode(queries)) @ encoder.encode(gallery).T)


def joints_of(name: str) -> np.ndarray:
    return np.concatenate([PARTS[part] for part in UNIONS.get(name, (name,))])


def with_joints_of(clip: Clip, other: Clip, name: str) -> Clip:
    """The clip with a part's joints where the other's are."""
    positions = clip.positions.copy()
    positions[:, joints_of(name)] = other.positions[: clip.frame_count, joints_of(name)]
    return replace(clip, positions=positions)


def without(clip: Clip, name: str) -> Clip:
    return lose_joints(clip, joints_of(name))


# -- a part's vector is of the part --------------------------------------------------------------------------------


@pytest.mark.parametrize(("kept", "replaced"), [(a, b) for a in PARTS for b in LIMBS if a != b])
def test_nothing_in_a_parts_vector_changes_when_another_limb_is_replaced(encoder, kept, replaced):
    clip, other = random_clip(1, 150), random_clip(2, 150)
    windows = np.array([[0, 150], [0, 60], [45, 105], [7, 9]])
    before = encoder.encode_windows(clip, windows)[:, encoder.places[kept]]
    after = encoder.encode_windows(with_joints_of(clip, other, replaced), windows)[:, encoder.places[kept]]
    np.testing.assert_array_equal(after, before)


@pytest.mark.parametrize("part", PARTS)
def test_a_parts_vector_changes_when_the_part_is_replaced(encoder, part):
    clip, other = random_clip(1, 150), random_clip(2, 150)
    vectors = encoder.encode([clip, with_joints_of(clip, other, part)])[:, encoder.places[part]]
    assert np.abs(vectors[0] - vectors[1]).max() > 0.01


@pytest.mark.parametrize(("asked", "replaced"), [("arms", "legs"), ("upper", "legs"), ("legs", "arms")])
def test_a_query_by_parts_is_answered_alike_whatever_the_rest_of_the_body_does(encoder, clips, asked, replaced):
    others = [random_clip(100 + seed, clip.frame_count) for seed, clip in enumerate(clips)]
    mixed = [with_joints_of(clip, other, replaced) for clip, other in zip(clips, others, strict=True)]
    table = distances(encoder, clips, clips, asked)
    np.testing.assert_array_equal(distances(encoder, mixed, clips, asked), table)
    np.testing.assert_array_equal(distances(encoder, clips, mixed, asked), table)


def test_collars_and_the_inner_spine_whose_place_is_convention_do_not_matter(encoder, clips):
    unused = [joint(name) for name in JOINTS if joint(name) not in USED_JOINTS]
    np.testing.assert_array_equal(encoder.encode([lose_joints(clips[5], np.array(unused))]), encoder.encode([clips[5]]))


@pytest.mark.parametrize("part", PARTS)
def test_a_feature_moves_only_with_the_joints_that_it_is_said_to_be_made_of(part):
    clip, other = random_clip(3, 90), random_clip(4, 90)
    span = np.array([[0, 90]])
    before = part_features(part_channels(clip), span)[part][0]
    for place, number in enumerate(USED_JOINTS):
        if JOINTS[number] == "pelvis":  # where everything is seen from
            continue
        positions = clip.positions.copy()
        positions[:, number] = other.positions[:, number]
        after = part_features(part_channels(replace(clip, positions=positions)), span)[part][0]
        changed = np.abs(after - before) > 1e-3
        assert not (changed & ~LAYOUTS[part].feature_joints[:, place]).any(), JOINTS[number]


# -- distances and weights -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("parts", ["body", "arms", "left_leg", "torso=1,legs=3"])
def test_distances_are_a_symmetric_dissimilarity_of_about_1(encoder, clips, parts):
    table = distances(encoder, clips, clips, parts)
    assert table.min() > -1e-5
    assert np.abs(np.diag(table)).max() < 1e-5
    assert table == pytest.approx(table.T, abs=1e-5)
    assert 0.2 < np.median(table[~np.eye(len(clips), dtype=bool)]) < 2.0


def test_a_distance_is_the_mean_of_the_parts_by_their_weights(encoder, clips):
    torso, arm, leg = (distances(encoder, clips, clips, part) for part in ("torso", "left_arm", "right_leg"))
    table = distances(encoder, clips, clips, "torso=2,left_arm=0.5,right_leg=1.5")
    assert table == pytest.approx((2 * torso + 0.5 * arm + 1.5 * leg) / 4, abs=1e-5)


def test_without_weights_all_parts_count_alike(encoder, clips):
    vectors = encoder.encode(clips)
    alike = encoder.weighted(PartWeights(2, 2, 2, 2, 2))
    np.testing.assert_array_equal(encoder.as_queries(vectors), alike.as_queries(vectors))


def test_weights_are_of_the_query_alone(encoder, clips):
    arms = encoder.weighted(PartWeights.of("arms"))
    assert (arms.name, arms.fingerprint, arms.dimension) == (encoder.name, encoder.fingerprint, encoder.dimension)
    np.testing.assert_array_equal(arms.encode(clips), encoder.encode(clips))
    table = distances(encoder, clips, clips, "body")
    assert not np.allclose(distances(encoder, clips, clips, "arms"), table)
    np.testing.assert_array_equal(distances(encoder, clips, clips, "body"), table)  # the first one is as it was


# -- what is not there ---------------------------------------------------------------------------------------------


def test_a_stored_part_of_which_nothing_is_seen_is_at_distance_1(encoder, clips):
    armless = [without(clip, "left_arm") for clip in clips]
    assert distances(encoder, clips, armless, "left_arm") == pytest.approx(np.ones((10, 10)), abs=1e-6)
    np.testing.assert_array_equal(
        distances(encoder, clips, armless, "right_arm"), distances(encoder, clips, clips, "right_arm")
    )


def test_a_part_of_which_the_query_shows_nothing_is_left_out(encoder, clips):
    armless = [without(clip, "left_arm") for clip in clips]
    assert distances(encoder, armless, clips, "arms") == pytest.approx(
        distances(encoder, clips, clips, "right_arm"), abs=1e-6
    )
    assert np.abs(np.diag(distances(encoder, armless, armless))).max() < 1e-5


def test_a_query_that_shows_nothing_of_what_is_asked_for_is_at_distance_1_from_everything(encoder, clips):
    armless = [without(clip, "arms") for clip in clips]
    for gallery in (clips, armless):
        np.testing.assert_array_equal(distances(encoder, armless, gallery, "arms"), np.ones((10, 10)))


@pytest.mark.parametrize(
    ("lost", "part"), [("left_wrist", "left_arm"), ("right_foot", "right_leg"), ("right_hip", "right_leg"),
                       ("head", "torso"), ("neck", "left_arm"), ("left_shoulder", "left_arm")]
)  # fmt: skip
def test_what_stands_in_for_an_unobserved_joint_does_not_matter(encoder, lost, part):
    clip = lose_joints(random_clip(4, 100), np.array([joint(lost)]))
    disturbed = clip.positions.copy()
    disturbed[:, joint(lost)] += np.random.default_rng(0).normal(0, 0.5, (100, 3)).astype(np.float32)
    vectors = encoder.encode([clip, replace(clip, positions=disturbed)])[:, encoder.places[part]]
    np.testing.assert_array_equal(vectors[0], vectors[1])


def test_a_part_with_a_missing_joint_is_nearest_to_itself(encoder):
    clips = [random_clip(seed, 90) for seed in range(20)]
    handless = [lose_joints(clip, np.array([joint("left_wrist"), joint("right_foot")])) for clip in clips]
    assert (distances(encoder, handless, clips).argmin(axis=1) == np.arange(20)).all()


# -- to the index --------------------------------------------------------------------------------------------------


def test_many_windows_at_once_are_the_windows_one_by_one(encoder):
    clip = random_clip(5, 700)
    windows = np.array([[start, start + 40] for start in range(600)])
    together = encoder.encode_windows(clip, windows)
    for number in (0, 511, 512, 599):
        assert encoder.encode_windows(clip, windows[[number]])[0] == pytest.approx(together[number], abs=1e-5)


def test_a_blend_takes_a_part_from_those_that_show_it(encoder, clips):
    vectors = encoder.encode([clips[2], without(clips[3], "left_arm")])
    blended = encoder.blend(vectors[None], np.array([[1.0, 1.0]]))
    arm = encoder.places["left_arm"]
    assert blended[0, arm] == pytest.approx(vectors[0, arm], abs=1e-5)
    apart = distances(encoder, [clips[2]], [clips[3]], "legs")[0, 0]
    assert -(encoder.weighted(PartWeights.of("legs")).as_queries(blended) @ vectors.T).max() < apart


def test_the_fingerprint_is_of_the_weights_and_the_card_is_of_them_too(encoder):
    folder = files("mretrieve.encoders") / "weights"
    shipped = (folder / "part_statistics.npz").read_bytes()
    assert PartStatistics(shipped).fingerprint == encoder.fingerprint == load_encoder("part-statistics").fingerprint
    assert PartStatistics(shipped + b"\0").fingerprint != encoder.fingerprint
    assert hashlib.sha256(shipped).hexdigest() in (folder / "part_statistics.md").read_text(encoding="utf-8")
    assert len(shipped) < 200_000


# -- to the user ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", PARTS)
def test_where_a_motion_happens_and_which_way_it_faces_does_not_matter(encoder, clips, part):
    turn = np.array([[0.6, 0, 0.8], [0, 1, 0], [-0.8, 0, 0.6]], np.float32)
    elsewhere = replace(clips[6], positions=clips[6].positions @ turn.T + np.array([40, 0, -25], np.float32))
    assert distances(encoder, [elsewhere], [clips[6]], part)[0, 0] < 1e-3


def test_an_arm_held_forwards_is_no_arm_held_backwards(encoder):
    clip = random_clip(3, 60)
    neck, shoulder = clip.positions[:, joint("neck")], clip.positions[:, joint("left_shoulder")]
    across = (shoulder - neck) * [1, 0, 1]
    forwards = np.cross(across, [0, 1, 0])
    forwards *= 0.5 / np.linalg.norm(forwards, axis=1, keepdims=True)
    held = []
    for sign in (1, -1):
        positions = clip.positions.copy()
        positions[:, joint("left_elbow")] = shoulder + sign * 0.5 * forwards
        positions[:, joint("left_wrist")] = shoulder + sign * forwards
        held.append(replace(clip, positions=positions))
    assert distances(encoder, held[:1], held[1:], "left_arm")[0, 0] > 0.5


def test_legs_that_walk_forwards_are_no_legs_that_walk_backwards(encoder):
    clip = random_clip(3, 120)
    path = (clip.positions[:, :1] - clip.positions[:1, :1]) * np.array([1, 0, 1], np.float32)
    backwards = replace(clip, positions=clip.positions - 2 * path)
    assert distances(encoder, [clip], [backwards], "legs")[0, 0] > 0.05
    assert distances(encoder, [clip], [backwards], "arms")[0, 0] < 1e-3


# -- on real motion ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def performers_vectors(encoder, performers) -> np.ndarray:
    return encoder.encode(performers[0])


@pytest.mark.parametrize(("parts", "least"), [("body", 0.95), ("arms", 0.8), ("legs", 0.85)])
def test_another_performers_clips_of_the_same_action_come_first(encoder, performers, performers_vectors, parts, least):
    _, relevant, allowed = performers
    queries = encoder.weighted(PartWeights.of(parts)).as_queries(performers_vectors)
    scores = retrieval_scores(-(queries @ performers_vectors.T), relevant, allowed)
    assert scores.mean_average_precision >= least
