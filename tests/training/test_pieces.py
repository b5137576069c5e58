"""Pieces of motions: how they are drawn and disturbed, and how it is counted who finds their parents."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.moving_bodies import random_clip

from mretrieve import MRetrieveError
from mretrieve.encoders import load_encoder
from mretrieve.motion import CANONICAL_FPS
from mretrieve.motion.body_view import heading_view
from mretrieve.training.pieces import Pieces, asked_pieces, noisy, parent_ranks, parents_found, turned

CLIP = random_clip(3, 200)
#: Nothing but the cut.
PLAIN = Pieces(fastest=1.0, limb_scale=0.0, joint_offset_m=0.0, noise_m=0.0, missing_share=0.0)


def drawn(pieces: Pieces, count: int = 300) -> list:
    generator = np.random.default_rng(1)
    return [pieces.draw(CLIP, generator) for _ in range(count)]


def test_pieces_are_of_all_lengths_short_ones_as_often_as_long_ones():
    frames = np.array([piece.frame_count for piece in drawn(PLAIN)])
    assert frames.min() == PLAIN.shortest and frames.max() >= 140 and frames.max() <= PLAIN.longest
    middle = np.sqrt(PLAIN.shortest * PLAIN.longest)
    assert 0.4 < (frames < middle).mean() < 0.6


def test_a_plain_piece_is_cut_out_of_its_clip():
    for piece in drawn(PLAIN, 20):
        starts = [
            start
            for start in range(CLIP.frame_count - piece.frame_count + 1)
            if np.allclose(CLIP.positions[start : start + piece.frame_count], piece.positions, atol=1e-5)
        ]
        assert len(starts) == 1


def test_speeds_are_of_half_to_twice():
    fixed = replace(PLAIN, shortest=60, longest=60, fastest=2.0)  # frames after the change of speed
    steps = [np.abs(np.diff(piece.positions[:, 0], axis=0)).sum() / len(piece.positions) for piece in drawn(fixed)]
    own = np.abs(np.diff(CLIP.positions[:, 0], axis=0)).sum() / CLIP.frame_count
    assert 0.3 < min(steps) / own < 0.7 and 1.4 < max(steps) / own < 3.0


def test_a_clip_shorter_than_a_piece_is_taken_whole():
    short = CLIP.cut(0, 5)
    generator = np.random.default_rng(0)
    assert {PLAIN.draw(short, generator).frame_count for _ in range(20)} == {5}
    assert PLAIN.draw(CLIP.cut(0, 1), generator).frame_count == 1


def test_some_pieces_lack_joints():
    lacking = [int((~piece.observed.any(axis=0)).sum()) for piece in drawn(replace(PLAIN, missing_share=0.3))]
    assert set(lacking) == {0, PLAIN.missing_joints} and 0.2 < np.mean([count > 0 for count in lacking]) < 0.4


def test_noise_is_as_large_as_said_and_a_turn_changes_nothing_that_the_body_sees():
    generator = np.random.default_rng(0)
    errors = noisy(CLIP, 0.01, generator).positions - CLIP.positions
    assert np.sqrt((errors**2).sum(axis=-1).mean()) == pytest.approx(0.01, rel=0.02)
    other = turned(CLIP, 2.0)
    assert np.abs(other.positions - CLIP.positions).max() > 0.5
    np.testing.assert_allclose(heading_view(other.positions), heading_view(CLIP.positions), atol=1e-4)


def test_asked_pieces_are_the_same_by_their_seed_and_of_clips_that_are_long_enough():
    clips = [CLIP, CLIP.cut(0, 40), random_clip(5, 70), random_clip(6, 300)]
    asked = asked_pieces(clips, range(3), count=50, seed=4)
    again = asked_pieces(clips, range(3), count=50, seed=4)
    assert set(asked.parents) == {0, 2} and np.array_equal(asked.parents, again.parents)
    assert all(
        np.array_equal(one.positions, other.positions) for one, other in zip(asked.pieces, again.pieces, strict=True)
    )
    lengths_s = np.array([piece.frame_count for piece in asked.pieces]) / CANONICAL_FPS
    assert 2.0 / 1.4 - 0.1 < lengths_s.min() < 1.6 and 2.6 < lengths_s.max() < 2.0 / 0.7 + 0.1
    with pytest.raises(MRetrieveError, match="no clip has the 4 s of a piece"):
        asked_pieces(clips, [1, 2], length_s=4.0)


def test_a_parent_is_ranked_by_how_many_clips_are_nearer():
    encoder = load_encoder()
    clips = [random_clip(seed, 60) for seed in range(5)]
    stored = encoder.encode(clips)
    ranks = parent_ranks(encoder, stored[[2, 2]], stored, np.array([2, 4]))
    nearness = -(encoder.as_queries(stored[2:3]) @ stored.T)[0]
    assert ranks.tolist() == [1, 1 + int((nearness < nearness[4]).sum())]
    found = parents_found("itself", np.array([1, 5, 6, 1]), 9, 2.0)
    assert (found.first, found.among_first, found.pieces, found.clips) == (0.5, 0.75, 4, 9)
    assert str(found) == "itself: 0.750 among the first 5 of 9 clips, 0.500 first"
