"""Body part embeddings: what each part's embedding depends on, its size, and the file that holds the weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from support.small_part_encoder import body_view_of, small_part_encoder

from mretrieve import MRetrieveError
from mretrieve.encoders.encoder import StoredContent
from mretrieve.encoders.systems.body_part_embedding import (
    PART_JOINTS,
    BodyPartEmbedding,
    BodyPartEncoder,
    BodyPartSettings,
    part_coordinates,
    seen_parts,
)
from mretrieve.encoders.weights_file import encoder_bytes, read_view_encoder
from mretrieve.motion import MIRROR, PARTS
from mretrieve.motion.detection import DETECTED, MIDDLES
from mretrieve.motion.skeleton import joint
from mretrieve.motion.view import View

VIEW = body_view_of(1)
EVERY_LIMB = pytest.mark.parametrize("part", [part for part in PARTS if part != "torso"])


def with_other_joints(view: View, numbers: list[int]) -> View:
    """The view with the joints of another motion in place of these."""
    points = view.points.copy()
    points[:, numbers] = body_view_of(2, view.frame_count).points[:, numbers] + 0.3
    return replace(view, points=points)


# -- what the parts are ------------------------------------------------------------------------------------------------


def test_the_parts_are_those_of_the_skeleton_and_consist_of_joints_that_detectors_find():
    assert tuple(PART_JOINTS) == tuple(PARTS)
    for of in PART_JOINTS.values():
        assert {of.reference, *of.joints} <= {*DETECTED, *MIDDLES}


@pytest.mark.parametrize("limb", ["arm", "leg"])
def test_left_and_right_limbs_mirror_each_other(limb: str):
    left, right = PART_JOINTS[f"left_{limb}"], PART_JOINTS[f"right_{limb}"]
    assert (right.reference, *right.joints) == tuple(MIRROR[each] for each in (left.reference, *left.joints))


def test_coordinates_are_relative_to_the_reference_joint():
    elbow, shoulder = (VIEW.points[:, joint(name)] for name in ("left_elbow", "left_shoulder"))
    np.testing.assert_array_equal(part_coordinates(VIEW.points, "left_arm")[:, :2], elbow - shoulder)
    moved = part_coordinates(VIEW.points + np.float32(0.5), "left_arm")
    np.testing.assert_allclose(moved, part_coordinates(VIEW.points, "left_arm"), atol=1e-6)


# -- embeddings --------------------------------------------------------------------------------------------------------


def test_the_embedding_has_a_step_every_8_frames_and_the_papers_channels():
    network = BodyPartEmbedding(BodyPartSettings())
    coordinates = {
        part: network.normalised(torch.zeros(3, 32, 2 * len(of.joints)), part) for part, of in PART_JOINTS.items()
    }
    for part in PARTS:
        assert network.embed(coordinates, part).shape == (3, 128 if part == "torso" else 64, 4)


def test_windows_are_a_hop_apart_and_the_last_one_ends_with_the_view():
    (embedded,) = small_part_encoder().embed([body_view_of(1, 75)], hop=8)
    assert embedded.spans.tolist() == [[0, 32], [8, 40], [16, 48], [24, 56], [32, 64], [40, 72], [43, 75]]
    for vectors in embedded.vectors.values():
        assert len(vectors) == 7
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_windows_are_4_frames_apart_and_8_if_one_view_is_longer_than_a_minute():
    encoder, short, long = small_part_encoder(), body_view_of(1, 60), body_view_of(1, 1801)
    assert [len(each.spans) for each in encoder.embed([short, short])] == [8, 8]
    assert [len(each.spans) for each in encoder.embed([short, long])] == [5, 223]


def test_a_window_is_embedded_as_if_it_were_a_view_of_its_own():
    encoder = small_part_encoder()
    (whole,) = encoder.embed([VIEW])
    for number, (start, end) in enumerate(whole.spans.tolist()):
        (alone,) = encoder.embed([VIEW.cut(start, end)])
        for part in PARTS:
            np.testing.assert_allclose(alone.vectors[part][0], whole.vectors[part][number], atol=1e-5)


def test_a_view_among_others_has_the_embeddings_that_it_has_alone():
    encoder = small_part_encoder()
    views = [VIEW, body_view_of(3, 40), body_view_of(4, 100)]
    for view, together in zip(views, encoder.embed(views), strict=True):
        (alone,) = encoder.embed([view])
        for part in PARTS:
            np.testing.assert_allclose(alone.vectors[part], together.vectors[part], atol=1e-5)


def test_a_view_shorter_than_a_window_is_one_window_with_its_last_frame_repeated():
    encoder = small_part_encoder()
    short = VIEW.cut(0, 10)
    frames = np.minimum(np.arange(32), 9)
    filled = replace(VIEW.cut(0, 32), points=VIEW.points[frames])
    ours, theirs = encoder.embed([short, filled])
    for part in PARTS:
        np.testing.assert_allclose(ours.vectors[part], theirs.vectors[part], atol=1e-6)


@EVERY_LIMB
@pytest.mark.parametrize("context", [True, False])
def test_a_replaced_limb_changes_its_own_embedding_and_that_of_no_other_part(part: str, context: bool):
    encoder = small_part_encoder(context)
    before, after = encoder.embed([VIEW, with_other_joints(VIEW, list(PART_JOINTS[part].joints))])
    for other in PARTS:
        same = np.array_equal(before.vectors[other], after.vectors[other])
        assert same == (other != part)


def test_without_context_a_limb_does_not_depend_on_the_torso_as_in_the_paper_and_with_it_does():
    hips = [joint("left_hip"), joint("right_hip"), joint("neck"), joint("right_shoulder")]
    for context in (True, False):
        before, after = small_part_encoder(context).embed([VIEW, with_other_joints(VIEW, hips)])
        assert np.array_equal(before.vectors["left_arm"], after.vectors["left_arm"]) != context


def test_a_part_whose_joints_are_lost_in_most_frames_has_no_embedding():
    observed = VIEW.observed.copy()
    observed[: VIEW.frame_count // 2 + 1, joint("left_ankle")] = False
    view = replace(VIEW, observed=observed)
    assert seen_parts(view) == ("torso", "left_arm", "right_arm", "right_leg")
    (embedded,) = small_part_encoder().embed([view])
    assert tuple(embedded.vectors) == seen_parts(view)


def test_a_view_without_frames_is_refused():
    with pytest.raises(MRetrieveError, match="no frames"):
        small_part_encoder().embed([VIEW.cut(0, 0)])


# -- its file ----------------------------------------------------------------------------------------------------------


def test_a_file_gives_the_same_embeddings_and_fingerprint():
    encoder = small_part_encoder()
    read, _ = read_view_encoder(encoder_bytes(encoder, {}))
    assert isinstance(read, BodyPartEncoder) and read.fingerprint == encoder.fingerprint
    ours, theirs = encoder.embed([VIEW])[0], read.embed([VIEW])[0]
    for part in PARTS:
        np.testing.assert_array_equal(ours.vectors[part], theirs.vectors[part])


@pytest.mark.parametrize("network", [{"limb": 0}, {"limb": 20}, {"context": False}, {"limb": "many"}, {"no": 1}])
def test_settings_that_do_not_fit_the_weights_are_refused(network: dict[str, object]):
    encoder = small_part_encoder()
    settings = {"network": {"torso": 16, "limb": 12, "context": True, **network}}
    with pytest.raises(MRetrieveError):
        BodyPartEncoder.from_content(StoredContent(encoder.architecture, encoder.to_tensors(), settings))
