"""The losses of Park et al. 2021 against the equations as they are printed, by plain loops in double precision."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

from mretrieve.training.body_parts.losses import (
    distance,
    foot_velocity,
    reconstruction,
    triplet,
    variation_difference,
)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def plain_distance(first: Tensor, second: Tensor) -> float:
    a, b = first.flatten().tolist(), second.flatten().tolist()
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return 1 - dot / (sum(x * x for x in a) ** 0.5 * sum(y * y for y in b) ** 0.5)


def test_the_distance_of_embeddings_is_one_minus_the_cosine_of_all_their_numbers():
    first, second = random(5, 6, 4), random(5, 6, 4, seed=1)
    expected = [plain_distance(*pair) for pair in zip(first, second, strict=True)]
    assert distance(first, second).tolist() == pytest.approx(expected, abs=1e-12)


def test_equation_1_is_the_hinge_of_both_distances_and_the_margin():
    reference, positive, negative = (random(40, 3, 4, seed=seed) for seed in range(3))
    expected = [
        max(plain_distance(r, p) - plain_distance(r, n) + 0.5, 0)
        for r, p, n in zip(reference, positive, negative, strict=True)
    ]
    assert 0 in expected and max(expected) > 0
    assert float(triplet(reference, positive, negative, 0.5)) == pytest.approx(np.mean(expected), abs=1e-12)


def test_a_triplet_in_order_by_more_than_the_margin_costs_nothing_and_one_out_of_order_does():
    near, far = torch.tensor([[1.0, 0.1]]), torch.tensor([[-1.0, 0.0]])
    reference = torch.tensor([[1.0, 0.0]])
    assert float(triplet(reference, near, far, 0.5)) == 0
    assert float(triplet(reference, far, near, 0.5)) > 2


def test_equation_3_brings_all_views_to_the_distances_that_their_motions_have():
    embeddings, motions = random(6, 3, 4), torch.tensor([[0, 1, 0], [2, 3, 2]])
    variation = torch.from_numpy(np.random.default_rng(2).uniform(0, 2, (4, 4)))
    errors: dict[bool, list[float]] = {True: [], False: []}
    for first, second in itertools.permutations(range(6), 2):
        wanted = min(0.8 * float(variation[motions.flatten()[first], motions.flatten()[second]]), 1)
        one_set = first // 3 == second // 3
        errors[one_set].append((plain_distance(embeddings[first], embeddings[second]) - wanted) ** 2)
    expected = np.mean(errors[True]) + np.mean(errors[False])
    assert float(variation_difference(embeddings, motions, variation, 0.8)) == pytest.approx(expected, abs=1e-12)


def test_equation_5_counts_every_combination_coordinate_and_frame_alike():
    decoded, truth = random(2, 3, 2, 2, 4, 8), random(2, 3, 2, 2, 4, 8, seed=1)
    expected = np.mean([(decoded[each] - truth[each]).item() ** 2 for each in np.ndindex(*decoded.shape)])
    assert float(reconstruction(decoded, truth)) == pytest.approx(expected, abs=1e-12)


def test_the_foot_velocity_loss_compares_displacements_and_not_places():
    decoded, truth = [random(2, 2, 9, seed=seed) for seed in range(4)], [random(2, 2, 9, seed=9)] * 4
    expected = np.mean(
        [
            (one[b, c, t + 1] - one[b, c, t] - (other[b, c, t + 1] - other[b, c, t])).item() ** 2
            for one, other in zip(decoded, truth, strict=True)
            for b, c, t in np.ndindex(2, 2, 8)
        ]
    )
    assert float(foot_velocity(decoded, truth)) == pytest.approx(expected, abs=1e-12)
    assert float(foot_velocity([each + 3 for each in truth], truth)) == pytest.approx(0, abs=1e-12)
