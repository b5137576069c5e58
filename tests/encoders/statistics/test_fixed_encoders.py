"""The promises of both encoders of clips that need no training: to the index, and for every motion."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.moving_bodies import random_clip

from mretrieve import Clip
from mretrieve.encoders import WindowEncoder, load_encoder
from mretrieve.motion.augmentation import lose_joints
from mretrieve.motion.skeleton import PARTS


@pytest.fixture(scope="module", params=["pose-statistics", "part-statistics"])
def encoder(request: pytest.FixtureRequest) -> WindowEncoder:
    return load_encoder(request.param)


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return [random_clip(seed, 20 + 30 * seed) for seed in range(12)]


def test_each_clip_is_encoded_as_if_it_were_alone(encoder, clips):
    together = encoder.encode(clips)
    assert together.dtype == np.float32
    assert together.shape == (len(clips), encoder.dimension)
    assert encoder.dimension <= 200
    for clip, vector in zip(clips, together, strict=True):
        assert encoder.encode([clip])[0] == pytest.approx(vector, abs=1e-5)
    assert encoder.encode([]).shape == (0, encoder.dimension)


def test_the_window_of_all_frames_is_the_clip(encoder, clips):
    clip = clips[5]
    windows = np.array([[0, clip.frame_count], [30, 90], [0, 60]])
    assert encoder.encode_windows(clip, windows)[0] == pytest.approx(encoder.encode([clip])[0], abs=1e-5)


def test_a_window_is_nearly_what_the_same_frames_are_when_cut_out(encoder, clips):
    clip = clips[8]
    inside = encoder.encode_windows(clip, np.array([[45, 105]]))
    assert -(encoder.as_queries(encoder.encode([clip.cut(45, 105)])) @ inside.T)[0, 0] < 0.01


def test_windows_of_several_clips_have_the_vectors_of_each_clip_alone(encoder, clips):
    left_leg, head = np.array(PARTS["left_leg"]), np.array([15])
    lost = [lose_joints(clips[number], joints) for number, joints in ((2, left_leg), (3, head), (4, head))]
    bodies = [clips[3], lost[0], clips[0], *lost[1:]]
    windows = [np.array([[0, clip.frame_count], [5, 20], [0, 12]]) for clip in bodies]
    windows[2] = windows[2][:0]
    together = encoder.encode_clips(bodies, windows)
    for clip, own, vectors in zip(bodies, windows, together, strict=True):
        np.testing.assert_array_equal(encoder.encode_windows(clip, own), vectors)


@pytest.mark.parametrize("window", [(0, 0), (40, 20), (-1, 10), (0, 131)])
def test_a_window_without_frames_or_outside_the_clip_is_refused(encoder, window):
    with pytest.raises(ValueError, match="window"):
        encoder.encode_windows(random_clip(0, 130), np.array([window]))


def test_blending_a_vector_with_itself_or_with_weight_0_changes_nothing(encoder, clips):
    without_a_leg = lose_joints(clips[1], np.array(PARTS["left_leg"]))
    vectors = encoder.encode([clips[0], without_a_leg, clips[2]])
    groups = np.stack([vectors, vectors[::-1]], axis=1)
    assert encoder.blend(groups, np.array([[1.0, 0.0]] * 3)) == pytest.approx(vectors, abs=1e-5)
    assert encoder.blend(groups[:, [0, 0]], np.array([[1.0, 2.0]] * 3)) == pytest.approx(vectors, abs=1e-5)


@pytest.mark.parametrize("frame_count", [1, 2, 3, 7, 59, 60, 61, 200])
def test_motions_of_any_length_have_finite_vectors(encoder, frame_count):
    assert np.isfinite(encoder.encode([random_clip(1, frame_count)])).all()


def test_bodies_without_extent_or_observed_joints_have_finite_vectors(encoder):
    point = Clip(np.zeros((10, 22, 3), np.float32), np.ones((10, 22), bool))
    unseen = replace(point, observed=np.zeros((10, 22), bool))
    moving_unseen = lose_joints(random_clip(4, 60), np.arange(22))
    assert np.isfinite(encoder.encode([point, unseen, moving_unseen])).all()
