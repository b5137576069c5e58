"""The kernels compiled from C compute what the plain ones compute; without them the plain ones are used."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mretrieve.kernels import jit
from mretrieve.kernels.scan_results import PADDING
from mretrieve.motion.body_view import body_view, facing_pairs, origin_joints

native = pytest.importorskip("mretrieve.kernels.native", reason="installed without a C compiler", exc_type=ImportError)

SEEDS = st.integers(0, 2**32 - 1)
TYPES = st.sampled_from([np.float32, np.float64])


def walk(random: np.random.Generator, length: int, width: int, dtype: type) -> np.ndarray:
    """A sequence whose frames follow each other, as those of a motion do."""
    return (0.1 * np.cumsum(random.normal(size=(length, width)), axis=0)).astype(dtype)


@given(seed=SEEDS, dtype=TYPES, width=st.integers(1, 70))
def test_warping_distances_are_those_of_the_plain_kernel(seed, dtype, width):
    random = np.random.default_rng(seed)
    query = walk(random, int(random.integers(1, 40)), width, dtype)
    candidates = [walk(random, int(length), width, dtype) for length in random.integers(1, 60, 20)]
    candidates[3][-1, -1] = np.nan
    order = np.argsort([-len(candidate) for candidate in candidates], kind="stable")
    found, expected = np.empty(20), np.empty(20)
    native.dtw_distances(query, candidates, order, found)
    jit.dtw_distances(query, candidates, order, expected)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("kernels", [native, jit])
def test_only_sequences_that_are_listed_are_looked_up(kernels):
    """A thread has a part of them, and must not pay for all."""
    sequence, order = np.arange(6.0).reshape(3, 2), np.array([2])
    costs, starts, ends = np.full(4, -1.0), np.full(4, -1), np.full(4, -1)
    kernels.dtw_distances(sequence, [None, None, sequence, None], order, costs)
    assert costs.tolist() == [-1.0, -1.0, 0.0, -1.0]
    kernels.subsequence_matches(sequence, [None, None, sequence, None], order, costs, starts, ends)
    assert (starts.tolist(), ends.tolist()) == ([-1, -1, 0, -1], [-1, -1, 3, -1])


@given(seed=SEEDS, dtype=TYPES, width=st.integers(1, 70))
def test_warping_paths_are_those_of_the_plain_kernel(seed, dtype, width):
    random = np.random.default_rng(seed)
    query, candidate = (walk(random, int(length), width, dtype) for length in random.integers(1, 50, 2))
    path, cost = native.dtw_path(query, candidate)
    expected_path, expected_cost = jit.dtw_path(query, candidate)
    np.testing.assert_array_equal(path, expected_path)
    assert cost == pytest.approx(expected_cost, rel=1e-5)


@given(seed=SEEDS, dtype=TYPES, width=st.integers(1, 70))
def test_subsequence_matches_are_those_of_the_plain_kernel(seed, dtype, width):
    random = np.random.default_rng(seed)
    query = walk(random, int(random.integers(1, 40)), width, dtype)
    sequences = [walk(random, int(length), width, dtype) for length in random.integers(1, 200, 5)]
    sequences[2][len(sequences[2]) // 2, 0] = np.inf
    order = np.arange(5)
    found, expected = ((np.empty(5), np.zeros(5, np.int64), np.zeros(5, np.int64)) for _ in range(2))
    native.subsequence_matches(query, sequences, order, *found)
    jit.subsequence_matches(query, sequences, order, *expected)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-5)
    np.testing.assert_array_equal(found[1:], expected[1:])


@given(seed=SEEDS)
def test_alignments_at_a_fixed_speed_are_those_of_the_plain_kernel(seed):
    random = np.random.default_rng(seed)
    products = [random.random((12, length), np.float32) for length in random.integers(1, 300, 3).tolist()]
    frames, speeds = np.arange(12) * 3, np.array([0.5, 0.8, 1.0, 1.7])
    squares = random.random(12, np.float32), random.random(sum(each.shape[1] for each in products), np.float32)
    found, expected = (
        kernels.cheapest_fixed_speeds([each.copy() for each in products], *squares, frames, speeds)
        for kernels in (native, jit)
    )
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


@given(seed=SEEDS, joints=st.integers(1, 40), frames=st.integers(0, 150))
def test_positions_of_joints_are_those_of_the_plain_kernel(seed, joints, frames):
    random = np.random.default_rng(seed)
    parents = np.array([int(random.integers(-1, joint)) for joint in range(joints)], np.int32)
    is_parent = np.isin(np.arange(joints), parents)
    counts = random.integers(0, 7, joints)
    kinds = np.concatenate([random.permutation(6)[:count] for count in counts]).astype(np.int32)
    is_turned = random.random(joints) < 0.5
    turns = np.linalg.qr(random.normal(size=(joints, 3, 3)))[0].astype(np.float32)
    turns[~is_turned] = np.eye(3)
    offsets = random.normal(size=(joints, 3)).astype(np.float32)
    channels = random.uniform(-7, 7, (frames, len(kinds)))
    rig = parents, is_parent, offsets, turns, is_turned, turns.copy(), np.cumsum(counts), kinds
    found, expected = (np.empty((frames, joints, 3), np.float32) for _ in range(2))
    native.forward_kinematics(*rig, channels, found)
    jit.forward_kinematics(*rig, channels, expected)
    np.testing.assert_allclose(found, expected, rtol=0, atol=3e-6 * max(1.0, np.abs(expected).max(initial=0)))


@given(seed=SEEDS, step=st.sampled_from([0.4, 0.8, 1.0, 1.5, 2.0, 4.0]), frames=st.integers(2, 80))
def test_resampled_frames_are_those_of_the_plain_kernel(seed, step, frames):
    samples = np.random.default_rng(seed).normal(size=(frames, 5)).astype(np.float32)
    wanted = int((frames - 1) / step) + 1
    found, expected = (kernels.resample_frames(samples, step, 3, wanted) for kernels in (native, jit))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


DECIMALS = st.floats(-1e9, 1e9).map(repr) | st.from_regex(r"[+-]?[0-9]{1,9}\.[0-9]{1,20}", fullmatch=True)


@given(numbers=st.lists(DECIMALS))
def test_numbers_are_those_of_the_plain_kernel_or_left_to_float(numbers):
    text = "\n".join(numbers).encode()
    content = np.frombuffer(text + b"\n" * PADDING, np.uint8)
    for kernels in (native, jit):
        values, state = np.zeros(len(numbers)), np.array([0, 0, 0, -1], np.int64)
        while kernels.scan_rows(content, len(text), ord("."), 1, values, state):
            values[state[1]] = float(numbers[state[1]])
            state[0] += len(numbers[state[1]])
            state[1] += 1
        np.testing.assert_array_equal(values, np.array(numbers, float))


def test_a_kernel_takes_no_array_of_another_type():
    with pytest.raises(ctypes.ArgumentError):
        native.inner_products([], np.arange(2), np.arange(2), np.arange(2), np.ones((1, 5), np.float32), np.ones(2))


def test_without_compiled_kernels_the_plain_ones_are_used():
    program = (
        "import sys; sys.modules['mretrieve.kernels.native'] = None\n"
        "from mretrieve.kernels import compiled, jit; assert compiled.dtw_path is jit.dtw_path"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_with_compiled_kernels_numba_is_not_imported():
    program = "import sys, mretrieve.search; assert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


@given(seed=SEEDS, width=st.integers(1, 100), others=st.integers(0, 3), k=st.integers(1, 30), filtered=st.booleans())
def test_shortlists_from_codes_are_those_of_the_plain_kernel_and_have_the_best(seed, width, others, k, filtered):
    """All numbers are whole, so that both compute the same."""
    random = np.random.default_rng(seed)
    rows, queries = int(random.integers(1, 700)), 3
    codes = random.integers(118, 139, (rows, width)).astype(np.uint8)
    factors = [random.integers(1, 3, rows), random.integers(0, 9, rows), random.integers(-50, 50, (others, rows))]
    asked = random.integers(-9, 9, (queries, width)).astype(np.int16)
    clips, allowed_clips = random.integers(-1, 9, rows).astype(np.int32), random.random(9) < 0.6
    filters = (clips, allowed_clips) if filtered else (None, None)
    numbers = [random.integers(-2, 3, (queries, others)), np.full(queries, 2), np.ones(queries), np.full(queries, 4)]
    coded = codes, *(values.astype(np.float32) for values in factors), *filters
    wanted = asked, *(values.astype(np.float32) for values in numbers)
    shortlists = []
    for kernels in (native, jit):
        smallest, counts = np.full((queries, k), -np.inf, np.float32), np.zeros(queries, np.int64)
        found, bounds = np.zeros((queries, rows + 1), np.int32), np.zeros((queries, rows + 1), np.float32)
        kernels.code_shortlists(*coded, *wanted, smallest, found, bounds, counts)
        shortlists.append(
            [(set(each[:count]), min(low)) for each, count, low in zip(found, counts, smallest, strict=True)]
        )
    assert shortlists[0] == shortlists[1]
    products = 2 * asked.astype(int) @ ((codes - 128.0) * factors[0][:, None]).T + numbers[0] @ factors[2]
    allowed = (clips >= 0) & allowed_clips[clips] if filtered else np.ones(rows, bool)
    for own, (found, limit) in zip(products, shortlists[0], strict=True):
        lower, upper = own - factors[1], own + factors[1]
        kth = np.sort(np.where(allowed, lower, -np.inf))[::-1][:k][-1] if k <= rows else -np.inf
        assert limit == kth
        assert set(np.flatnonzero(allowed & (upper >= kth - 4))) <= found <= set(np.flatnonzero(allowed))


@pytest.mark.parametrize("kernels", [native, jit])
def test_shortlists_that_fill_their_room_say_so(kernels):
    """Every row is nearer than all before it; if there is room for some, the far ones are forgotten."""
    codes = np.arange(200, dtype=np.uint8)[:, None]
    ones, nothing = np.ones(200, np.float32), np.zeros(200, np.float32)
    query = np.ones((1, 1), np.int16), np.zeros((1, 0), np.float32), *(np.ones(1, np.float32) for _ in range(2))
    for slack, expected in ((0.0, range(190, 200)), (500.0, None)):
        smallest, counts = np.full((1, 10), -np.inf, np.float32), np.zeros(1, np.int64)
        found, bounds = np.zeros((1, 30), np.int32), np.zeros((1, 30), np.float32)
        slacks = np.array([slack], np.float32)
        others = np.zeros((0, 200), np.float32)
        kernels.code_shortlists(
            codes, ones, nothing, others, None, None, *query, slacks, smallest, found, bounds, counts
        )
        if expected is None:
            assert counts[0] == 30
        else:
            assert counts[0] < 30 and set(expected) <= set(found[0, : counts[0]].tolist())


@given(seed=SEEDS, joints=st.integers(1, 22))
def test_warping_features_are_those_of_the_plain_kernel_and_of_body_views(seed, joints):
    random = np.random.default_rng(seed)
    motions = [walk(random, int(length), 66, np.float32).reshape(-1, 22, 3) for length in random.integers(1, 40, 3)]
    motions[0][: len(motions[0]) // 2] = 0.1  # lies across no heading
    seen = random.random(22) < 0.8
    pairs = facing_pairs(seen)
    chosen = np.sort(random.permutation(22)[:joints]).astype(np.int32)
    factors = random.random(joints).astype(np.float32)
    body = np.array([pair[:2] for pair in pairs], np.int32), np.array([pair[2] for pair in pairs], np.float32)
    arguments = motions, *body, np.array(origin_joints(seen), np.int32), chosen, factors, 0.3, 30.0
    found, expected = (np.empty((sum(map(len, motions)), 3 * joints + 3), np.float32) for _ in range(2))
    native.warping_features(*arguments, found)
    jit.warping_features(*arguments, expected)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    views = [body_view(motion, np.tile(seen, (len(motion), 1))) for motion in motions]
    poses = np.concatenate([view.positions[:, chosen] * factors[:, None] for view in views])
    np.testing.assert_allclose(found[:, :-3], poses.reshape(len(found), -1), atol=1e-5)
    velocity = np.concatenate([view.velocity() for view in views])
    np.testing.assert_allclose(np.sign(found[:, -3:]) * (found[:, -3:] / 0.3) ** 2, velocity, atol=1e-4)


@given(seed=SEEDS, joint_count=st.integers(1, 22), frames=st.integers(1, 40))
def test_body_channels_are_those_of_the_plain_kernel_and_of_body_views(seed, joint_count, frames):
    random = np.random.default_rng(seed)
    positions = walk(random, frames, 66, np.float32).reshape(-1, 22, 3)
    positions[: frames // 4] = 0.1  # lies across no heading
    seen = random.random(22) < 0.8
    joints = np.sort(random.permutation(22)[:joint_count]).astype(np.int32)
    pairs, bones = (random.integers(0, joint_count, (2, count)).astype(np.int32) for count in (7, 3))
    sides = facing_pairs(seen)
    body = np.array([pair[:2] for pair in sides], np.int32), np.array([pair[2] for pair in sides], np.float32)
    arguments = *body, np.array(origin_joints(seen), np.int32), joints, pairs, bones, 3 + joint_count, 30.0
    other = walk(random, 20, 66, np.float32).reshape(-1, 22, 3)
    found, expected = (kernels.body_channels([positions, other, positions], *arguments) for kernels in (native, jit))
    np.testing.assert_allclose(found, expected, atol=1e-4)
    np.testing.assert_array_equal(found[-frames:], found[:frames])
    for kernels, rates in product((native, jit), (0, 4)):
        fewer = kernels.body_channels([positions], *arguments[:-2], rates, 30.0)
        np.testing.assert_allclose(fewer, expected[:frames, : 7 + 9 + rates], atol=1e-4)
    found = found[:frames]
    view = body_view(positions, np.tile(seen, (frames, 1)))
    own = view.positions[:, joints]
    along = own[:, bones[1]] - own[:, bones[0]]
    directions = along / np.maximum(np.linalg.norm(along, axis=2, keepdims=True), 1e-6)
    moved = np.gradient(own[:, 1:], axis=0) if frames > 1 else np.zeros_like(own[:, 1:])
    parts = (
        np.linalg.norm(own[:, pairs[0]] - own[:, pairs[1]], axis=2),
        directions.reshape(frames, -1),
        view.velocity(),
        view.turning()[:, None],
        30 * np.linalg.norm(moved, axis=2),
    )
    np.testing.assert_allclose(found, np.concatenate(parts, axis=1), atol=1e-3)


@given(seed=SEEDS, frames=st.integers(0, 30))
def test_signs_of_facing_and_distances_are_those_of_the_plain_kernel(seed, frames):
    random = np.random.default_rng(seed)
    poses = random.normal(size=(frames, 22, 3)).astype(np.float32)
    places = np.where(random.random((7, 2)) < 0.8, random.permutation(22)[:14].reshape(7, 2), -1).astype(np.int32)
    found, expected = (kernels.facing_signs(poses, places) for kernels in (native, jit))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    ends = random.integers(0, 22, (5, 4)).astype(np.int32)
    found, expected = (kernels.distances_between(poses, ends) for kernels in (native, jit))
    np.testing.assert_allclose(found, expected)
    middles = poses[:, ends].reshape(frames, 5, 2, 2, 3).astype(np.float64).mean(axis=3)
    np.testing.assert_allclose(found, np.linalg.norm(middles[:, :, 0] - middles[:, :, 1], axis=2))


@given(seed=SEEDS, frames=st.integers(1, 30), count=st.integers(1, 22))
def test_signs_of_a_floor_are_those_of_the_plain_kernel(seed, frames, count):
    random = np.random.default_rng(seed)
    here = random.normal(scale=0.1, size=(frames, 22, 3)).astype(np.float32)
    later = here + random.normal(scale=0.02, size=here.shape).astype(np.float32)
    joints = random.permutation(22)[:count].astype(np.int32)
    flesh, head = (0.1 * random.random(count)).astype(np.float32), random.random(count) < 0.2
    limits = np.array([0.05, 0.03, 0.2, 0.02, 1.5], np.float32)
    found, expected = (kernels.floor_signs(here, later, joints, flesh, head, 0.1, limits) for kernels in (native, jit))
    for mine, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)


@given(seed=SEEDS, width=st.integers(1, 600), columns=st.integers(1, 70))
def test_mapped_rows_are_those_of_the_plain_kernel_and_do_not_depend_on_each_other(seed, width, columns):
    random = np.random.default_rng(seed)
    rows, matrix = (random.normal(size=size).astype(np.float32) for size in ((20, width), (width, columns)))
    centre = random.normal(size=columns).astype(np.float32)
    blocks = np.pad(matrix, ((0, 0), (0, -columns % 16))).reshape(width, -1, 16).transpose(1, 0, 2).copy()
    for kernels in (native, jit):
        found = kernels.map_rows(rows, blocks, centre)
        np.testing.assert_allclose(found, rows @ matrix - centre, rtol=0, atol=1e-5 * width**0.5)
        np.testing.assert_array_equal(kernels.map_rows(rows[7:8], blocks, centre), found[7:8])


@given(seed=SEEDS, width=st.integers(1, 40), frames=st.integers(1, 150))
def test_window_statistics_are_those_of_the_plain_kernel_and_of_numpy(seed, width, frames):
    random = np.random.default_rng(seed)
    channels = walk(random, frames, width, np.float32)
    channels[:, random.integers(width)] = random.integers(-1, 2, frames)  # equal values
    ordered = int(random.integers(width + 1))
    waved = int(random.integers(ordered + 1))
    spans = np.sort(random.integers(0, frames + 1, (6, 2)), axis=1)
    spans = np.concatenate([spans[spans[:, 0] < spans[:, 1]], [[0, frames], [frames - 1, frames]]])
    angles = 2 * np.pi / 32 * np.outer(np.arange(32), np.arange(1, 7))
    waves = (np.concatenate([np.cos(angles), np.sin(angles)], axis=1) / 32).astype(np.float32)
    found, plain = (kernels.window_statistics(channels, spans, waves, waved, ordered) for kernels in (native, jit))
    for mine, other in zip(found, plain, strict=True):
        np.testing.assert_allclose(mine, other, atol=2e-3)  # the root of a rounding error
    for number, (start, end) in enumerate(spans):
        window = channels[start:end].astype(np.float64)
        places = np.linspace(0, end - start - 1, 32)
        for channel in range(waved):
            samples = np.interp(places, np.arange(end - start), window[:, channel])
            bins = np.abs(np.fft.rfft(samples))[1:7] / 32
            np.testing.assert_allclose(found[0][number, channel] ** 2, bins, atol=1e-5)
        quantiles = np.quantile(window[:, :ordered], [0.1, 0.25, 0.5, 0.75, 0.9], axis=0).T
        np.testing.assert_allclose(found[1][number] * np.abs(found[1][number]), quantiles, atol=1e-5)
        means = window[:, ordered:].mean(axis=0), np.abs(window[:, ordered:]).mean(axis=0)
        np.testing.assert_allclose(found[2][number], means, atol=1e-5)


@given(seed=SEEDS, width=st.integers(1, 70))
def test_inner_products_are_those_of_the_plain_kernel_to_the_last_bit(seed, width):
    random = np.random.default_rng(seed)
    arrays = [random.standard_normal((count, width)).astype(np.float32) for count in (5, 0, 9)]
    arrays[2][3] = arrays[0][1]
    numbers = np.concatenate([[0, 2], random.choice([0, 2], 20)])
    rows = np.concatenate([[1, 3], random.integers(0, 5, 20)])
    asked, queries = random.integers(0, 3, 22), random.standard_normal((3, width))
    asked[:2] = 2
    found, expected = np.ones(22), np.ones(22)
    native.inner_products(arrays, numbers, rows, asked, queries, found)
    jit.inner_products(arrays, numbers, rows, asked, queries, expected)
    np.testing.assert_array_equal(found, expected)
    assert found[0] == found[1], "equal rows have equal sums"
    vectors = np.array([arrays[number][row] for number, row in zip(numbers, rows, strict=True)])
    np.testing.assert_allclose(found, 1 + (vectors * queries[asked]).sum(axis=1), rtol=0, atol=1e-11)


@given(seed=SEEDS, width=st.integers(1, 200))
def test_rough_products_are_added_for_all_rows_of_the_blocks(seed, width):
    random = np.random.default_rng(seed)
    arrays = [random.standard_normal((count, width)).astype(np.float32) for count in (5, 0, 9)]
    chosen, starts = [None, None, np.array([0, 2, 3, 7, 8])], np.array([0, 5, 5, 10])
    queries = random.standard_normal((2, width)).astype(np.float32)
    vectors = np.concatenate([arrays[0], arrays[2][chosen[2]]])
    for kernels in (native, jit):
        products = np.ones((2, 10), np.float32)
        kernels.rough_products(arrays, chosen, starts, queries, products)
        np.testing.assert_allclose(products, 1 + queries @ vectors.T, rtol=0, atol=1e-4)


@given(seed=SEEDS, width=st.integers(1, 40), k=st.integers(1, 9))
def test_shortlists_are_ranked_as_by_the_plain_kernel(seed, width, k):
    """Over blocks that are empty, whole, or some rows of their array; with equal rows, and shortlists of any length."""
    random = np.random.default_rng(seed)
    arrays = [random.integers(-2, 3, (count, width)).astype(np.float32) for count in (5, 0, 9)]
    chosen = [None, None, np.array([0, 2, 3, 7, 8])]
    starts, rows = np.array([0, 5, 5, 10]), np.random.default_rng(seed).permutation(10)
    shortlists = np.full((3, 12), -1)
    for row, count in zip(shortlists, random.integers(k, 11, 3), strict=True):
        row[:count] = random.permutation(10)[:count]
    queries = random.standard_normal((3, width)).astype(np.float32)
    results = []
    for kernels in (native, jit):
        products, found = np.empty((3, k), np.float32), np.empty((3, k), np.int64)
        rank = kernels.shortlist_ranker(arrays, chosen, starts, rows)
        assert rank(shortlists, queries, products, found)
        results.append((products, found))
    np.testing.assert_array_equal(results[0][0], results[1][0])
    np.testing.assert_array_equal(results[0][1], results[1][1])
    arrays[0][0, 0] = np.nan
    shortlists[0, 0] = 0
    for kernels in (native, jit):
        assert not kernels.shortlist_ranker(arrays, chosen, starts, rows)(shortlists, queries, *results[0])
