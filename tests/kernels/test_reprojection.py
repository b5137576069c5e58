"""Reprojection paths: what plain loops over frames give, in every view, whatever else is compared."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mretrieve.kernels import compiled, jit
from mretrieve.kernels import reprojection as tested
from mretrieve.kernels.reprojection import reprojection_paths
from mretrieve.motion.camera import Camera

SEEDS = st.integers(0, 2**32 - 1)
AXES = np.array([Camera(azimuth, pitch).axes[:2] for pitch in (-20, 0, 40) for azimuth in range(0, 360, 45)])


def moving(random: np.random.Generator, frames: int, joints: int, dimensions: int) -> NDArray[np.float64]:
    """Frames that follow each other, as those of a motion do, of points that stay apart."""
    return random.normal(size=(joints, dimensions)) + 0.1 * np.cumsum(
        random.normal(size=(frames, joints, dimensions)), axis=0
    )


def unit(frames: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = frames - np.average(frames, axis=1, weights=weights)[:, None]
    centred = centred * np.sqrt(weights)[:, None]
    return centred / np.linalg.norm(centred, axis=(1, 2), keepdims=True)


def textbook_paths(
    query: NDArray[np.float64],
    axes: NDArray[np.float64],
    candidate: NDArray[np.float64],
    weights: NDArray[np.float64],
    anywhere: bool,
) -> float:
    """The cost of the best path in one view, cell by cell."""
    shown = unit(candidate @ axes.astype(np.float64).T, weights)
    distances = np.linalg.norm(unit(query, weights)[:, None] - shown[None], axis=(2, 3))
    costs = np.full((len(query) + 1, len(candidate) + 1), np.inf)
    costs[0, 0 if not anywhere else slice(None)] = 0.0
    for row in range(1, len(query) + 1):
        for time in range(1, len(candidate) + 1):
            before = min(costs[row - 1, time - 1], costs[row - 1, time], costs[row, time - 1])
            costs[row, time] = distances[row - 1, time - 1] + before
    return float(costs[-1, 1:].min() if anywhere else costs[-1, -1])


@pytest.mark.parametrize("kernels", [compiled, jit])
@pytest.mark.parametrize("anywhere", [False, True])
@settings(max_examples=10)
@given(seed=SEEDS)
def test_costs_are_those_of_the_textbook(monkeypatch_kernels, kernels, anywhere, seed):
    random = np.random.default_rng(seed)
    joints = int(random.integers(2, 14))
    query = moving(random, int(random.integers(1, 12)), joints, 2)
    candidates = [moving(random, int(frames), joints, 3) for frames in random.integers(1, 15, 3)]
    weights = random.uniform(0.2, 2.0, joints)
    with monkeypatch_kernels(kernels):
        found = reprojection_paths(query, AXES, candidates, weights=weights, anywhere=anywhere)
    for number, candidate in enumerate(candidates):
        expected = [textbook_paths(query, axes, candidate, weights, anywhere) for axes in AXES]
        np.testing.assert_allclose(found.costs[number], expected, rtol=1e-3, atol=2e-3)


@pytest.fixture(scope="module")
def monkeypatch_kernels():
    """Uses other kernels for a while; of the module, because a test of many examples shares its fixtures."""
    from contextlib import contextmanager

    @contextmanager
    def use(kernels):
        before, tested.compiled = tested.compiled, kernels
        try:
            yield
        finally:
            tested.compiled = before

    return use


def test_the_kernels_agree_on_where_a_path_begins_and_ends(monkeypatch_kernels):
    random = np.random.default_rng(5)
    query, candidates = moving(random, 9, 8, 2), [moving(random, frames, 8, 3) for frames in (40, 7, 25)]
    found = []
    for kernels in (compiled, jit):
        with monkeypatch_kernels(kernels):
            found.append(reprojection_paths(query, AXES, candidates, anywhere=True))
    np.testing.assert_array_equal(found[0].starts, found[1].starts)
    np.testing.assert_array_equal(found[0].ends, found[1].ends)


def test_a_candidate_and_a_view_cost_the_same_whatever_else_is_compared():
    random = np.random.default_rng(0)
    query, candidates = moving(random, 20, 9, 2), [moving(random, frames, 9, 3) for frames in (30, 12, 30, 5, 61)]
    together = reprojection_paths(query, AXES, candidates)
    for number, candidate in enumerate(candidates):
        alone = reprojection_paths(query, AXES[3:7], [candidate], threads=1)
        np.testing.assert_array_equal(alone.costs[0], together.costs[number, 3:7])
    shared = reprojection_paths(query, AXES, candidates[::-1], threads=2)
    np.testing.assert_array_equal(shared.costs[::-1], together.costs)


def test_each_candidate_may_be_seen_in_views_of_its_own():
    random = np.random.default_rng(3)
    query, candidates = moving(random, 15, 7, 2), [moving(random, frames, 7, 3) for frames in (20, 9, 33)]
    for_all = reprojection_paths(query, AXES, candidates, anywhere=True)
    chosen = np.array([[3, 0], [11, 5], [2, 2]])
    own = reprojection_paths(query, AXES[chosen], candidates, anywhere=True)
    for name in ("costs", "starts", "ends"):
        expected = np.take_along_axis(getattr(for_all, name), chosen, axis=1)
        np.testing.assert_array_equal(getattr(own, name), expected)
    with pytest.raises(ValueError, match="axes have shape"):
        reprojection_paths(query, AXES[chosen], candidates[:2])


def test_a_motion_seen_by_one_of_the_cameras_costs_nothing_there_and_something_elsewhere():
    motion = moving(np.random.default_rng(1), 25, 10, 3)
    seen = 3.0 * (motion @ AXES[9].T) + np.array([5.0, -2.0])  # place and size in the image do not count
    costs = reprojection_paths(seen, AXES, [motion]).costs[0]
    assert costs[9] < 0.01 * 25
    assert np.delete(costs, 9).min() > 10 * costs[9]


def test_a_piece_is_found_where_it_is():
    motion = moving(np.random.default_rng(2), 60, 10, 3)
    seen = motion[20:45] @ AXES[2].T
    found = reprojection_paths(seen, AXES, [motion], anywhere=True)
    assert int(found.costs[0].argmin()) == 2
    assert (found.starts[0, 2], found.ends[0, 2]) == (20, 45)


@pytest.mark.parametrize(
    ("query", "candidate"),
    [
        ((0, 5, 2), (4, 5, 3)),
        ((4, 5, 2), (0, 5, 3)),
        ((4, 5, 2), (4, 6, 3)),
        ((4, 5, 3), (4, 5, 3)),
        ((4, 5, 2), (4, 5)),
    ],
)
def test_shapes_that_do_not_fit_are_refused(query, candidate):
    with pytest.raises(ValueError, match="shape"):
        reprojection_paths(np.ones(query), AXES, [np.ones(candidate)])


def test_values_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="candidate holds NaN"):
        reprojection_paths(np.ones((2, 3, 2)), AXES, [np.full((2, 3, 3), np.nan)])
