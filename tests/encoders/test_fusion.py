"""Several encoders as one: distances are the weighted means of the parts' distances, whatever the parts are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from support.encoder_files import write_encoder
from support.moving_bodies import random_clip

from mretrieve.encoders import WindowEncoder, load_encoder
from mretrieve.encoders.encoder import FusedEncoder, encoder_names, mean_weights
from mretrieve.errors import QueryError
from mretrieve.motion import Clip


class RootSpeeds:
    """An encoder of two numbers: where the root got to in a window; squared Euclidean distance as an inner product."""

    name, fingerprint, dimension = "root-speeds", "f00d", 4

    def encode(self, clips: Sequence[Clip]) -> NDArray[np.float32]:
        return np.concatenate([self.encode_windows(clip, np.array([[0, clip.frame_count]])) for clip in clips])

    def encode_windows(self, clip: Clip, windows: NDArray[np.integer]) -> NDArray[np.float32]:
        root = clip.positions[:, 0, [0, 2]]
        moved = np.stack([root[end - 1] - root[start] for start, end in windows])
        return np.concatenate([moved, (moved**2).sum(axis=1, keepdims=True), np.ones((len(moved), 1))], 1, dtype="f4")

    def as_queries(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        minus = -np.ones((len(vectors), 1))
        return np.concatenate([2 * vectors[:, :2], minus, -vectors[:, 2:3]], axis=1, dtype=np.float32)

    def blend(self, vectors: NDArray[np.float32], weights: NDArray[np.floating]) -> NDArray[np.float32]:
        mean = np.einsum("nk,nkd->nd", weights / weights.sum(axis=1, keepdims=True), vectors[..., :2])
        return np.concatenate([mean, (mean**2).sum(axis=1, keepdims=True), np.ones((len(mean), 1))], 1, dtype="f4")


CLIPS = [random_clip(seed, 60 + 10 * seed) for seed in range(6)]


def _distances(encoder: WindowEncoder, clips: Sequence[Clip]) -> NDArray[np.float64]:
    vectors = encoder.encode(clips)
    assert vectors.shape == (len(clips), encoder.dimension) and vectors.dtype == np.float32
    return -(encoder.as_queries(vectors).astype(np.float64) @ vectors.astype(np.float64).T)


@pytest.mark.parametrize(("weights", "shares"), [((1, 1), (0.5, 0.5)), ((3, 1), (0.75, 0.25)), ((0, 2), (0, 1))])
def test_the_distance_is_the_weighted_mean_of_the_parts_distances(weights, shares):
    parts = [load_encoder(), RootSpeeds()]
    fused = FusedEncoder(list(zip(parts, weights, strict=True)))
    expected = sum(share * _distances(part, CLIPS) for part, share in zip(parts, shares, strict=True))
    np.testing.assert_allclose(_distances(fused, CLIPS), expected, atol=1e-5)
    assert fused.weights == shares
    assert (fused.name, fused.dimension) == ("pose-statistics,root-speeds", parts[0].dimension + 4)


def test_windows_are_encoded_part_by_part():
    parts = [load_encoder(), RootSpeeds()]
    windows = np.array([[0, 60], [10, 50], [5, 6]])
    vectors = FusedEncoder([(part, 1.0) for part in parts]).encode_windows(CLIPS[2], windows)
    apart = [part.encode_windows(CLIPS[2], windows) for part in parts]
    np.testing.assert_array_equal(vectors, np.concatenate(apart, axis=1))


def test_a_blend_is_the_parts_blends_and_does_not_depend_on_the_weights_of_the_parts():
    parts, generator = [load_encoder(), RootSpeeds()], np.random.default_rng(1)
    groups = np.array([[0, 1, 2], [3, 4, 5]])
    weights = generator.random(groups.shape)
    blends = [part.blend(part.encode(CLIPS)[groups], weights) for part in parts]
    for shares in ((0.5, 0.5), (0.9, 0.1)):
        fused = FusedEncoder(list(zip(parts, shares, strict=True)))
        np.testing.assert_array_equal(fused.blend(fused.encode(CLIPS)[groups], weights), np.concatenate(blends, axis=1))


def test_a_part_may_weigh_itself_by_the_query():
    class Cautious(RootSpeeds):
        """Counts for nothing where the query hardly moves."""

        def as_queries(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
            return np.where(vectors[:, 2:3] > 0.5, super().as_queries(vectors), np.float32(0))

    fused, default = FusedEncoder([(load_encoder(), 1.0), (Cautious(), 1.0)]), load_encoder()
    moved = Cautious().encode(CLIPS)[:, 2] > 0.5
    assert 0 < moved.sum() < len(CLIPS)
    alone, together = 0.5 * _distances(default, CLIPS), _distances(fused, CLIPS)
    np.testing.assert_allclose(together[~moved], alone[~moved], atol=1e-6)
    assert np.abs(together[moved] - alone[moved]).max() > 0.1


def test_another_weight_or_part_is_another_fingerprint():
    one, other = load_encoder(), RootSpeeds()
    prints = [
        FusedEncoder(parts).fingerprint
        for parts in ([(one, 1), (other, 1)], [(one, 2), (other, 1)], [(one, 1)], [(other, 1), (one, 1)])
    ]
    assert len(set(prints)) == 4
    assert prints[0] == FusedEncoder([(one, 7), (other, 7)]).fingerprint


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        ((), "weights none: 2 are needed, one for each of a, b"),
        ((1,), "weights 1: 2 are needed"),
        ((1, 2, 3), "weights 1, 2, 3: 2 are needed"),
        ((0, 0), "one of them above 0"),
        ((-0.5, 1), "numbers from 0 on"),
        ((float("nan"), 1), "numbers from 0 on"),
        ((float("inf"), 1), "numbers from 0 on"),
        ((1e308, 1e308), "numbers from 0 on"),
    ],
)
def test_weights_are_as_many_as_the_encoders_and_finite_and_not_all_nothing(weights, says: str):
    with pytest.raises(QueryError, match=says):
        mean_weights(weights, ("a", "b"))


def test_a_fusion_of_nothing_is_refused():
    with pytest.raises(QueryError, match="at least one"):
        FusedEncoder([])


def test_names_are_a_list_with_commas_or_several_of_them(tmp_path: Path):
    assert encoder_names("a") == ("a",)
    assert encoder_names("a, b/c.safetensors") == ("a", "b/c.safetensors")
    assert encoder_names(["a,b", "c"]) == ("a", "b", "c")
    file = tmp_path / "walk, run.safetensors"
    file.touch()
    assert encoder_names(["a", str(file)]) == ("a", str(file))


@pytest.mark.parametrize("given", ["", ",", "a,,b", "a,", [], ["a", ""]])
def test_an_empty_name_is_refused(given):
    with pytest.raises(QueryError, match="a name is empty"):
        encoder_names(given)


def test_a_name_twice_is_refused():
    with pytest.raises(QueryError, match="b is there twice"):
        encoder_names("a,b,b")


def test_encoders_are_loaded_together_by_a_list_of_names(tmp_path: Path):
    pytest.importorskip("torch", reason="NO TORCH: learned encoders are not tested")
    mine = write_encoder(tmp_path / "mine.safetensors")
    fused, parts = load_encoder(f"pose-statistics,{mine}"), [load_encoder(), load_encoder(str(mine))]
    expected = sum(0.5 * _distances(part, CLIPS) for part in parts)
    np.testing.assert_allclose(_distances(fused, CLIPS), expected, atol=1e-5)
