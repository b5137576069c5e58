"""DTW error of what was retrieved, in millimetres."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.moving_bodies import random_clip

from mretrieve.evaluation import EvaluationTask, retrieved_errors_mm, warped_error_mm
from mretrieve.motion import LabelledClip, heading_view
from mretrieve.motion.augmentation import change_speed, lose_joints


def plain_error_mm(query: np.ndarray, found: np.ndarray) -> float:
    """Mean joint distance along the best path of (n, 22, 3) and (m, 22, 3), written out."""
    n, m = len(query), len(found)
    cost, came = np.full((n + 1, m + 1), np.inf), {}
    cost[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            before = [(i - 1, j - 1), (i - 1, j), (i, j - 1)]
            best = min(before, key=lambda cell: cost[cell])
            came[i, j] = best
            cost[i, j] = cost[best] + float(((query[i - 1].astype(float) - found[j - 1]) ** 2).sum())
    cell, errors = (n, m), []
    while cell != (0, 0):
        errors.append(np.linalg.norm(query[cell[0] - 1] - found[cell[1] - 1], axis=1).mean())
        cell = came[cell]
    return 1000 * float(np.mean(errors))


def labelled(seed: int, label: str, group: str) -> LabelledClip:
    return LabelledClip(random_clip(seed, 15 + seed), label, group, f"{seed}.bvh")


def test_the_error_is_the_mean_joint_distance_along_the_best_path():
    query, found = random_clip(0, 14), random_clip(1, 19)
    expected = plain_error_mm(heading_view(query.positions), heading_view(found.positions))
    assert warped_error_mm(query, found) == pytest.approx(expected, rel=1e-5)


def test_where_one_stands_where_one_looks_and_how_fast_one_moves_hardly_count():
    clip = random_clip(2, 40)
    turned = replace(clip, positions=clip.positions[..., [2, 1, 0]] * np.array([1, 1, -1], np.float32) + 3)
    assert warped_error_mm(clip, turned) == pytest.approx(0, abs=0.01)
    assert warped_error_mm(clip, change_speed(clip, 0.5)) < 0.3 * warped_error_mm(clip, random_clip(3, 40))


def test_a_joint_that_one_of_both_lacks_does_not_count():
    clip = random_clip(4, 20)
    assert warped_error_mm(clip, lose_joints(clip, np.array([20, 21]))) == pytest.approx(0, abs=1e-6)


def test_the_first_allowed_answer_is_compared_and_of_equal_ones_the_first_by_path():
    queries = [labelled(5, "walk", "a")]
    gallery = [labelled(9, "walk", "b"), labelled(7, "run", "b"), labelled(6, "walk", "a")]
    task = EvaluationTask.of("", queries, gallery)
    error = retrieved_errors_mm(task, np.array([[2.0, 2.0, 0.0]]))
    assert error == pytest.approx([warped_error_mm(queries[0].clip, gallery[1].clip)])


def test_a_query_that_has_no_right_answer_has_no_error():
    task = EvaluationTask.of("", [labelled(5, "swim", "a")], [labelled(6, "walk", "b")])
    assert np.isnan(retrieved_errors_mm(task, np.ones((1, 1)))).all()
