"""`skip-pose` as an encoder: a vector for each frame, of the poses around it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from support.filmed_bodies import random_view

from mretrieve.encoders.encoder import StoredContent, fingerprint_of
from mretrieve.encoders.systems.skip_pose import SkipPose, SkipPoseNetwork, SkipPoseSettings
from mretrieve.encoders.view_poses import VIEW_JOINTS
from mretrieve.encoders.weights_file import encoder_bytes, read_view_encoder
from mretrieve.errors import FormatError
from mretrieve.motion.skeleton import joint

POSE = 2 * len(VIEW_JOINTS)


def small(**settings: object) -> SkipPose:
    torch.manual_seed(0)
    return SkipPose(SkipPoseNetwork(replace(SkipPoseSettings(hidden=8, apart=1), **settings)))  # type: ignore[arg-type]


@pytest.mark.parametrize("frames", [2, 4, 6])
@pytest.mark.parametrize("recurrent", [True, False])
def test_past_and_future_are_as_long_as_what_is_read(frames: int, recurrent: bool):
    network = small(frames=frames, recurrent=recurrent).network
    vectors = network.encode(torch.zeros(3, frames, POSE))
    future, past = network.decode(vectors)
    assert vectors.shape == (3, 8)
    assert future.shape == (3, frames, POSE)
    assert past is not None
    assert past.shape == (3, frames, POSE)


def test_the_decoded_vector_is_the_mean_of_both_directions_and_the_compared_one_holds_both():
    network = small().network
    torch.nn.init.zeros_(network.backwards.weight_hh_l0)
    poses = torch.randn(2, 4, POSE)
    steps = torch.relu(network.pose_in(poses))
    ahead, back = network.forwards(steps)[1][0], network.backwards(steps.flip(1))[1][0]
    assert torch.allclose(network.encode(poses), 0.5 * (ahead + back), atol=1e-6)
    assert torch.equal(network.compared(poses), torch.cat([ahead, back], dim=1))


def test_without_past_only_the_future_is_decoded():
    network = small(past=False).network
    assert network.decode(network.encode(torch.zeros(1, 4, POSE)))[1] is None


def test_each_frame_has_a_vector():
    vectors = small().frame_vectors(random_view(0, 23))
    assert vectors.shape == (23, 16)
    assert np.isfinite(vectors).all()
    assert small().frame_vectors(random_view(0, 1)).shape == (1, 16)
    assert small(recurrent=False).frame_vectors(random_view(0, 1)).shape == (1, 8)


@pytest.mark.parametrize(("apart", "around"), [(1, [8, 9, 10, 11]), (3, [5, 8, 11, 14])])
def test_a_vector_depends_on_the_poses_around_its_frame_alone(apart: int, around: list[int]):
    view = random_view(1, 20)
    changed = replace(view, points=view.points.copy())
    changed.points[10, joint("left_wrist")] += 0.1
    vectors, others = (small(apart=apart).frame_vectors(each) for each in (view, changed))
    differ = np.abs(vectors - others).max(axis=1)
    near, far = differ[around], np.delete(differ, around)
    assert near.min() > 3 * far.max()  # of the others only the size of the body in all frames has changed


def test_where_a_joint_that_is_not_observed_stands_does_not_matter():
    view = random_view(2)
    wrist, knee = joint("left_wrist"), joint("left_knee")
    observed = view.observed.copy()
    observed[:, wrist] = False
    hidden, moved = replace(view, observed=observed), replace(view, observed=observed, points=view.points.copy())
    moved.points[:, wrist] = moved.points[:, knee]
    cosine = np.sum(small().frame_vectors(hidden) * small().frame_vectors(moved), axis=1)
    lengths = np.linalg.norm(small().frame_vectors(hidden), axis=1) * np.linalg.norm(
        small().frame_vectors(moved), axis=1
    )
    assert (cosine / lengths).min() > 0.999  # the size of the body changes a little


def test_what_views_of_one_moment_differ_in_is_scaled_down():
    network = small().network
    torch.manual_seed(1)
    moments = torch.randn(200, 1, 4, POSE)
    disturbed = moments.repeat(1, 3, 1, 1)
    disturbed[..., 5] += 3 * torch.randn(200, 3, 4)  # of one coordinate cameras disagree
    network.learn_whitening(moments[:, 0], disturbed)
    with torch.no_grad():
        seen = network.compared(disturbed.flatten(0, 1)).unflatten(0, (200, 3))
    residuals = (seen - seen.mean(dim=1, keepdim=True)).flatten(0, 1)
    within = residuals.T @ residuals / 400
    assert torch.linalg.eigvalsh(within).max() < 1.01
    assert seen.mean(dim=1).var(dim=0).sum() > 3 * within.diagonal().sum()


def test_a_view_is_nearest_to_itself():
    views = [random_view(seed) for seed in range(4)]
    distances = small().distances(views[2], views)
    assert distances.argmin() == 2
    assert distances[2] == pytest.approx(0, abs=1e-6)


def test_a_weights_file_gives_the_same_encoder():
    encoder = small(frames=6)
    read, _ = read_view_encoder(encoder_bytes(encoder, {}))
    assert isinstance(read, SkipPose)
    assert read.fingerprint == encoder.fingerprint == fingerprint_of(encoder, 2)
    assert np.array_equal(read.frame_vectors(random_view(0)), encoder.frame_vectors(random_view(0)))


def test_settings_that_do_not_fit_the_weights_are_refused():
    tensors = small().to_tensors()
    with pytest.raises(FormatError):
        SkipPose.from_content(StoredContent("skip-pose", tensors, {**small().settings(), "hidden": 9}))
    with pytest.raises(FormatError):
        SkipPose.from_content(StoredContent("skip-pose", tensors, {**small().settings(), "horizon": 9}))
