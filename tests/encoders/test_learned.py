"""Learned encoders: a vector depends on its motion alone, and vectors compare as the protocol says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.moving_bodies import random_clip
from support.small_encoders import LENGTHS, NAMES, small_encoder

from mretrieve.encoders.embedding_network import checked_settings
from mretrieve.encoders.learned import LearnedEncoder, Lengths, build_network
from mretrieve.encoders.systems.gru import GruSettings
from mretrieve.errors import FormatError, QueryError
from mretrieve.motion import Clip
from mretrieve.motion.augmentation import lose_joints
from mretrieve.motion.camera import Camera, film
from mretrieve.motion.lifted_clip import LiftedClip

CLIPS = [random_clip(seed, frames) for seed, frames in enumerate((30, 1, 58, 2, 140, 60, 61, 45))]
ALL = pytest.mark.parametrize("name", NAMES)


def distances(encoder: LearnedEncoder, queries: np.ndarray, stored: np.ndarray) -> np.ndarray:
    return -(encoder.as_queries(queries) @ stored.T)


# -- a vector depends on its motion alone ------------------------------------------------------------------------------


@ALL
def test_padding_and_company_move_no_embedding(name: str):
    encoder = small_encoder(name)
    together = encoder.embed(CLIPS)
    for row, clip in enumerate(CLIPS):
        np.testing.assert_allclose(encoder.embed([clip])[0], together[row], atol=1e-5)
    assert np.ptp(together, axis=0).max() > 0.05, "all embeddings are alike: the test tests nothing"


@ALL
def test_more_clips_than_a_batch_have_the_vectors_of_single_ones(name: str):
    encoder = small_encoder(name)
    many = [random_clip(seed, 5 + seed % 13) for seed in range(70)]
    np.testing.assert_allclose(encoder.encode(many)[63:], encoder.encode(many[63:]), atol=1e-5)


@ALL
def test_the_order_of_clips_is_the_order_of_vectors(name: str):
    encoder = small_encoder(name)
    order = [3, 0, 7, 5, 1, 6, 2, 4]
    shuffled = encoder.encode([CLIPS[row] for row in order])
    np.testing.assert_allclose(shuffled, encoder.encode(CLIPS)[order], atol=1e-5)


@ALL
def test_the_same_clips_give_the_same_vectors_again(name: str):
    encoder = small_encoder(name)
    first = encoder.encode(CLIPS)
    encoder.encode([random_clip(99, 80)])  # no state stays behind
    assert np.array_equal(encoder.encode(CLIPS), first)


@ALL
def test_neither_place_nor_heading_of_the_body_counts(name: str):
    encoder = small_encoder(name)
    turn = np.array([[0, 0, 1], [0, 1, 0], [-1, 0, 0]], np.float32)
    moved = [replace(clip, positions=clip.positions @ turn + np.float32([3, 0.2, -5])) for clip in CLIPS]
    np.testing.assert_allclose(encoder.embed(moved), encoder.embed(CLIPS), atol=2e-3)


# -- windows and long clips --------------------------------------------------------------------------------------------


@ALL
def test_a_window_has_the_same_vector_alone_as_among_others(name: str):
    encoder, clip = small_encoder(name), random_clip(1, 200)
    windows = np.array([[0, 60], [30, 90], [199, 200], [0, 200], [10, 130], [140, 200]])
    together = encoder.encode_windows(clip, windows)
    for row, window in enumerate(windows):
        np.testing.assert_allclose(encoder.encode_windows(clip, window[None])[0], together[row], atol=1e-5)


@ALL
def test_the_window_of_a_whole_clip_is_the_clip(name: str):
    encoder = small_encoder(name)
    for clip in CLIPS:
        whole = encoder.encode_windows(clip, np.array([[0, clip.frame_count]]))
        np.testing.assert_allclose(whole, encoder.encode([clip]), atol=1e-6)


@ALL
def test_a_long_clip_is_the_mean_of_its_pieces_the_last_at_its_end(name: str):
    encoder, clip = small_encoder(name), random_clip(4, 140)
    pieces = encoder.encode_windows(clip, np.array([[0, 40], [25, 65], [50, 90], [75, 115], [100, 140]]))[:, :-2]
    mean = pieces.sum(axis=0)
    np.testing.assert_allclose(encoder.embed([clip])[0], mean / np.linalg.norm(mean), atol=1e-5)


@ALL
def test_up_to_the_longest_a_clip_is_seen_at_once(name: str):
    clip = random_clip(5, LENGTHS.longest)
    at_once = small_encoder(name, Lengths(longest=600, piece=40, hop=25)).embed([clip])
    assert np.array_equal(small_encoder(name).embed([clip]), at_once)
    longer = random_clip(5, LENGTHS.longest + 1)
    at_once = small_encoder(name, Lengths(longest=600, piece=40, hop=25)).embed([longer])
    assert np.abs(small_encoder(name).embed([longer]) - at_once).max() > 1e-4


@ALL
@pytest.mark.parametrize("window", [[5, 5], [6, 5], [-1, 5], [0, 31]])
def test_a_window_that_is_empty_or_leaves_the_clip_is_refused(name: str, window: list[int]):
    with pytest.raises(ValueError, match="leave the clip's 30 frames"):
        small_encoder(name).encode_windows(CLIPS[0], np.array([[0, 3], window]))


@ALL
def test_no_windows_and_no_clips_give_no_vectors(name: str):
    encoder = small_encoder(name)
    assert encoder.encode_windows(CLIPS[0], np.zeros((0, 2), int)).shape == (0, encoder.dimension)
    assert encoder.encode([]).shape == (0, encoder.dimension)


# -- missing joints ----------------------------------------------------------------------------------------------------


@ALL
def test_what_stands_at_a_missing_joint_does_not_count(name: str):
    encoder, clip = small_encoder(name), random_clip(6, 40)
    lost = np.array([18, 20, 4])
    without = lose_joints(clip, lost)
    other = replace(without, positions=without.positions.copy())
    other.positions[:, lost] += np.float32(0.7)
    np.testing.assert_allclose(encoder.embed([other]), encoder.embed([without]), atol=1e-5)
    assert np.abs(encoder.embed([without]) - encoder.embed([clip])).max() > 1e-3


@ALL
def test_a_body_of_which_little_is_seen_has_a_finite_vector(name: str):
    clip = random_clip(6, 20)
    for seen in ([0], [0, 1, 2], []):
        observed = np.zeros_like(clip.observed)
        observed[:, seen] = True
        vectors = small_encoder(name).encode([Clip(clip.positions, observed)])
        assert np.isfinite(vectors).all()
    frozen = Clip(np.zeros_like(clip.positions), clip.observed)
    assert np.isfinite(small_encoder(name).encode([frozen])).all()


# -- the protocol ------------------------------------------------------------------------------------------------------


@ALL
def test_vectors_are_float32_of_the_dimension_and_embeddings_of_norm_one(name: str):
    encoder = small_encoder(name)
    vectors = encoder.encode(CLIPS)
    assert vectors.dtype == np.float32 and vectors.shape == (len(CLIPS), encoder.dimension)
    np.testing.assert_allclose(np.linalg.norm(encoder.embed(CLIPS), axis=1), 1, atol=1e-6)


@ALL
def test_the_distance_is_the_squared_one_over_the_typical_one(name: str):
    encoder = small_encoder(name, typical_distance=0.25)
    embedded, vectors = encoder.embed(CLIPS).astype(np.float64), encoder.encode(CLIPS)
    expected = ((embedded[:, None] - embedded) ** 2).sum(axis=2) / 0.25
    found = distances(encoder, vectors, vectors)
    np.testing.assert_allclose(found, expected, atol=2e-5)
    assert abs(np.diagonal(found)).max() < 1e-5 and found.min() > -1e-4


@ALL
def test_a_blend_is_the_mean_of_embeddings_brought_back_to_norm_one(name: str):
    encoder = small_encoder(name)
    vectors = encoder.encode(CLIPS)
    weights = np.array([[1.0, 0, 0], [2, 1, 1]])
    blended = encoder.blend(np.stack([vectors[:3], vectors[3:6]]), weights)
    np.testing.assert_allclose(blended[0], vectors[0], atol=1e-6)
    mean = 2 * vectors[3, :-2] + vectors[4, :-2] + vectors[5, :-2]
    np.testing.assert_allclose(blended[1, :-2], mean / np.linalg.norm(mean), atol=1e-6)
    assert abs(distances(encoder, blended, blended)[1, 1]) < 1e-5


@ALL
def test_the_fingerprint_tells_weights_settings_and_lengths_apart_and_nothing_else(name: str):
    encoder = small_encoder(name)
    assert small_encoder(name).fingerprint == encoder.fingerprint
    assert LearnedEncoder(name, encoder.network, 0.4, LENGTHS, "another name").fingerprint == encoder.fingerprint
    others = {
        small_encoder(name, Lengths(longest=60, piece=41, hop=25)).fingerprint,
        small_encoder(name, typical_distance=0.5).fingerprint,
        LearnedEncoder(name, build_network(name, encoder.network.settings), 0.4, LENGTHS).fingerprint,
        *(small_encoder(other).fingerprint for other in NAMES if other != name),
    }
    assert len(others) == 5 and encoder.fingerprint not in others


def test_an_encoder_never_trains():
    encoder = small_encoder("mmd-nca")
    assert not encoder.network.training
    before = encoder.to_tensors()
    before = {key: value.copy() for key, value in before.items()}
    encoder.encode(CLIPS)
    assert all(np.array_equal(value, before[key]) for key, value in encoder.to_tensors().items())


def test_an_unknown_architecture_is_refused():
    with pytest.raises(ValueError, match="no architecture 'lstm'"):
        build_network("lstm", None)  # type: ignore[arg-type]


def test_a_lifted_clip_is_seen_as_the_camera_saw_it():
    from support.small_encoders import SETTINGS

    network = build_network("gru", replace(SETTINGS["gru"], view="filmed"))
    encoder = LearnedEncoder("gru", network, 1.0, LENGTHS)
    clip = random_clip(3, 30)
    front, back = (
        LiftedClip(clip.positions, clip.observed, view=film(clip, Camera(azimuth_deg))) for azimuth_deg in (0, 180)
    )
    assert np.abs(encoder.embed([front]) - encoder.embed([back])).max() > 1e-3
    with pytest.raises(QueryError, match="not lifted from a video"):
        encoder.embed([clip])


def test_weights_that_saw_flat_clips_are_refused_in_a_line():
    with pytest.raises(FormatError, match="its setting view is 'camera'"):
        checked_settings(GruSettings, {"view": "camera"})


def test_attention_says_how_much_each_frame_counts_and_is_none_without_attention():
    clip = random_clip(0, 40)
    weights = small_encoder("mmd-nca").attention(clip)
    assert weights is not None and weights.shape == (40,)
    assert weights.sum() == pytest.approx(1, abs=1e-5) and (weights >= 0).all()
    assert small_encoder("gru").attention(clip) is None
