"""Part similarity: algorithm 1 of Park et al. 2021 as it is printed, body flip, and clips that are filmed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from support.moving_bodies import random_clip
from support.small_part_encoder import body_view_of, small_part_encoder

from mretrieve import MRetrieveError
from mretrieve.encoders.part_similarity import filmed_similarity, part_similarity
from mretrieve.motion import PARTS
from mretrieve.motion.camera import Camera, film
from mretrieve.motion.detection import LEGS, as_detected
from mretrieve.motion.view import View, mirror_view

ENCODER = small_part_encoder()
ONE, OTHER = body_view_of(1, 90), body_view_of(2, 120, azimuth_deg=70)


def algorithm_1(view: View, other: View, part: str) -> float:
    """Every window cut out and embedded alone; a table of all costs; the path followed back; the mean cosine."""

    def embedded(of: View) -> NDArray[np.float64]:
        starts = [*range(0, of.frame_count - 32, 4), of.frame_count - 32]
        return np.array([ENCODER.embed([of.cut(start, start + 32)])[0].vectors[part][0] for start in starts], float)

    ours, theirs = embedded(view), embedded(other)
    cosines = ours @ theirs.T / np.outer(np.linalg.norm(ours, axis=1), np.linalg.norm(theirs, axis=1))
    costs = np.full((len(ours) + 1, len(theirs) + 1), np.inf)
    costs[0, 0] = 0
    for i, j in np.ndindex(cosines.shape):
        costs[i + 1, j + 1] = 1 - cosines[i, j] + min(costs[i, j], costs[i, j + 1], costs[i + 1, j])
    i, j, along = len(ours), len(theirs), []
    while i and j:
        along.append(cosines[i - 1, j - 1])
        i, j = min([(i - 1, j - 1), (i - 1, j), (i, j - 1)], key=lambda cell: costs[cell])
    return float(np.mean(along))


@pytest.mark.parametrize("part", PARTS)
def test_a_parts_similarity_is_the_mean_cosine_along_its_own_path(part: str):
    similarity = part_similarity(ONE, OTHER, ENCODER, flip=False)
    assert similarity.parts[part] == pytest.approx(algorithm_1(ONE, OTHER, part), abs=1e-5)


def test_the_total_is_the_mean_over_the_parts():
    similarity = part_similarity(ONE, OTHER, ENCODER)
    assert tuple(similarity.parts) == tuple(PARTS)
    assert similarity.total == pytest.approx(np.mean([similarity.parts[part] for part in PARTS]))


def test_a_view_is_exactly_like_itself_along_the_diagonal():
    similarity = part_similarity(ONE, ONE, ENCODER)
    assert similarity.total == pytest.approx(1, abs=1e-6) and not similarity.flipped
    for path in similarity.paths.values():
        np.testing.assert_array_equal(path[:, 0], path[:, 1])


def test_with_body_flip_a_mirrored_view_is_exactly_like_the_view_itself_in_every_part():
    similarity = part_similarity(ONE, mirror_view(ONE), ENCODER)
    assert similarity.flipped
    assert min(similarity.parts.values()) == pytest.approx(1, abs=1e-6)
    assert part_similarity(ONE, mirror_view(ONE), ENCODER, flip=False).total < 0.999


def test_body_flip_gives_the_more_similar_of_both_ways():
    ways = [part_similarity(ONE, other, ENCODER, flip=False).total for other in (OTHER, mirror_view(OTHER))]
    assert part_similarity(ONE, OTHER, ENCODER).total == pytest.approx(max(ways))


def test_parts_that_one_view_does_not_show_are_left_out():
    observed = ONE.observed.copy()
    observed[:, list(LEGS)] = False
    legless = replace(ONE, observed=observed)
    assert tuple(part_similarity(legless, OTHER, ENCODER).parts) == ("torso", "left_arm", "right_arm")


def test_views_without_a_part_in_common_are_refused():
    unseen = replace(ONE, observed=np.zeros_like(ONE.observed))
    with pytest.raises(MRetrieveError, match="no body part in common"):
        part_similarity(unseen, OTHER, ENCODER)


def test_a_clip_is_filmed_and_the_camera_that_saw_the_view_is_found():
    clip, cameras = random_clip(5, 60), [Camera(azimuth_deg=angle, pitch_deg=10) for angle in (0, 90, 180, 270)]
    view = as_detected(film(clip, cameras[2]))
    similarity = filmed_similarity(view, clip, ENCODER, cameras=cameras)
    assert similarity.camera == cameras[2] and not similarity.flipped
    assert similarity.total == pytest.approx(1, abs=1e-6)
