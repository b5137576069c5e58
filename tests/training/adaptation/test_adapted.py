"""The encoder that asks learned spaces as far as a query resembles what was labelled."""

from __future__ import annotations

import numpy as np
import pytest
from support.moving_bodies import random_clip
from support.raised_arms import arms_held

from mretrieve.encoders.adapted import AdaptedEncoder, Gate, nearest_labelled
from mretrieve.encoders.encoder import StoredContent
from mretrieve.encoders.statistics.linear_metric import default_encoder
from mretrieve.encoders.weights_file import encoder_bytes, read_encoder
from mretrieve.errors import FormatError
from mretrieve.training.adaptation.linear import described_copies, fit_lda, fit_nca

ITEMS = arms_held(per_class=6)
CLIPS = [item.clip for item in ITEMS]
LABELLED = CLIPS[:9]


@pytest.fixture(scope="module")
def encoder() -> AdaptedEncoder:
    described, labels = described_copies(LABELLED, seed=0), [item.label for item in ITEMS[:9]]
    parts = [(fit_lda(described, labels), 1.0), (fit_nca(described, labels, seed=0), 3.0)]
    return AdaptedEncoder(parts, Gate(0.25, 0.8), default_encoder().encode(LABELLED))


def distances(encoder, queries, gallery) -> np.ndarray:
    return -(encoder.as_queries(encoder.encode(queries)) @ encoder.encode(gallery).T)


def test_a_gate_opens_for_what_is_near_and_closes_for_what_is_far():
    gate = Gate(threshold=0.25, ceiling=0.8, softness=0.03)
    near, half, far = gate(np.array([0.0, 0.25, 1.0]))
    assert near == pytest.approx(0.8, abs=1e-3)
    assert half == pytest.approx(0.4)
    assert far < 1e-6


def test_the_distance_is_the_default_one_and_the_parts_means_as_the_gate_says(encoder):
    default = default_encoder()
    vectors = default.encode(CLIPS)
    share = encoder.gate(nearest_labelled(vectors, default.encode(LABELLED)))[:, None]
    lda, nca = (distances(part, CLIPS, CLIPS) for part in encoder._parts)
    expected = (1 - share) * distances(default, CLIPS, CLIPS) + share * (0.25 * lda + 0.75 * nca)
    assert distances(encoder, CLIPS, CLIPS) == pytest.approx(expected, abs=1e-4)
    assert share.max() > 0.7


def test_a_query_unlike_anything_labelled_is_ranked_by_the_default(encoder):
    stranger = random_clip(77, 60)
    stranger.positions[..., 1] *= -1.0  # upside down
    assert encoder.learned_share(encoder.encode([stranger])).max() < 0.01
    plain, adapted = (distances(one, [stranger], CLIPS)[0] for one in (default_encoder(), encoder))
    assert adapted == pytest.approx(plain, abs=0.02)


def test_the_same_window_is_at_distance_0_and_nothing_is_below(encoder):
    table = distances(encoder, CLIPS, CLIPS)
    assert np.abs(np.diag(table)).max() < 1e-4
    assert table.min() > -1e-4


def test_windows_and_blends_are_those_of_the_parts(encoder):
    clip = CLIPS[-1]
    whole = encoder.encode([clip])
    assert whole.shape == (1, encoder.dimension)
    assert encoder.encode_windows(clip, np.array([[0, clip.frame_count]])) == pytest.approx(whole, abs=1e-5)
    assert encoder.blend(whole[:, None], np.ones((1, 1))) == pytest.approx(whole, abs=1e-5)


def test_a_file_gives_the_same_vectors_back_whatever_the_space_is_called(encoder):
    read = read_encoder(encoder_bytes(encoder, {})).encoder
    assert read.fingerprint == encoder.fingerprint
    assert read.encode(CLIPS[:2]).tobytes() == encoder.encode(CLIPS[:2]).tobytes()


def test_a_damaged_file_is_refused(encoder):
    tensors, settings = encoder.to_tensors(), encoder.settings()
    with pytest.raises(FormatError, match="labelled"):
        AdaptedEncoder.from_content(StoredContent("adapted", tensors | {"labelled": tensors["labelled"][:0]}, settings))
    nested = settings | {"parts": [settings["parts"][0] | {"architecture": "adapted"}]}
    with pytest.raises(FormatError, match="adapted"):
        AdaptedEncoder.from_content(StoredContent("adapted", tensors, nested))
