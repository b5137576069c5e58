"""Search on a device is exact: the ids of brute force in float64, whatever ties, repeats or cancels."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mretrieve.encoders.encoder import query_vectors, stored_vectors
from mretrieve.kernels.device import exact
from mretrieve.kernels.device.exact import ExactSearch, full_float32
from mretrieve.storage.rows import VectorBlock
from mretrieve.vectors.flat import best_rows

torch.set_num_threads(1)
Vectors = NDArray[np.float32]


def brute_force(
    vectors: Vectors, queries: Vectors, k: int, rows: NDArray[np.int64]
) -> tuple[Vectors, NDArray[np.int64]]:
    """All products in float64, rounded to float32; equal ones by row."""
    products = (queries.astype(np.float64) @ vectors[rows].astype(np.float64).T).astype(np.float32)
    order = np.stack([np.lexsort((rows, -each))[:k] for each in products])
    return np.take_along_axis(products, order, axis=1), rows[order]


def check(vectors: Vectors, queries: Vectors, k: int, rows: NDArray[np.int64] | None = None) -> None:
    chosen = None if rows is None else torch.from_numpy(rows)
    found = ExactSearch(torch.from_numpy(vectors)).best(torch.from_numpy(queries), k, chosen)
    expected = brute_force(vectors, queries, k, np.arange(len(vectors)) if rows is None else rows)
    np.testing.assert_array_equal(found[1].numpy(), expected[1])
    np.testing.assert_array_equal(found[0].numpy(), expected[0])


def whole_numbers(seed: int, *shape: int) -> Vectors:
    """Small whole numbers, whose products are exact in float32 and tie often."""
    return np.random.default_rng(seed).integers(-2, 3, shape).astype(np.float32)


@given(
    seed=st.integers(0, 10**6),
    count=st.integers(1, 300),
    width=st.integers(1, 9),
    queries=st.integers(1, 5),
    k=st.integers(1, 400),
    share=st.none() | st.floats(0.01, 1.0),
)
def test_ids_are_those_of_brute_force_in_float64_with_ties_by_row(seed, count, width, queries, k, share):
    rows = None
    if share is not None:
        rows = np.flatnonzero(np.random.default_rng(seed).random(count) < share)
        if not len(rows):
            return
    check(whole_numbers(seed, count, width), whole_numbers(seed + 1, queries, width), k, rows)


@pytest.mark.parametrize("queries", [1, 7])
@pytest.mark.parametrize("k", [1, 10, 100, 4000])
def test_vectors_whose_large_terms_cancel_are_ranked_as_in_float64(queries: int, k: int):
    generator = np.random.default_rng(3)
    numbers = 1.0 + 0.1 * generator.standard_normal((3000, 40)).astype(np.float32)
    stored = stored_vectors(numbers)
    check(stored, query_vectors(stored[:queries]), k)


def test_chunks_of_rows_change_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exact, "chunk_size", lambda device, numbers: max(1, 200 // numbers))
    monkeypatch.setattr(exact, "_QUERIES", 3)
    vectors = np.random.default_rng(4).standard_normal((500, 12)).astype(np.float32)
    check(vectors, vectors[:7], 20)
    check(whole_numbers(1, 500, 12), whole_numbers(2, 7, 12), 20)
    check(vectors, vectors[:7], 20, np.arange(3, 500, 7))


def test_more_equal_rows_than_the_first_pass_keeps_are_still_ranked_by_row():
    vectors = np.random.default_rng(5).standard_normal((2000, 16)).astype(np.float32)
    vectors[500:1500] = vectors[0]
    check(vectors, vectors[[0, 700, 3]], 40)


def test_the_same_rows_and_products_as_the_flat_index():
    vectors = np.random.default_rng(6).standard_normal((5000, 196)).astype(np.float32)
    vectors[::3] = vectors[np.random.default_rng(7).integers(0, 40, len(vectors[::3]))]
    queries = vectors[:9] + np.float32(0.1)
    largest = float(np.linalg.norm(vectors, axis=1).max()) * 1.001
    expected = best_rows(queries, [VectorBlock((vectors,), None, np.arange(5000), (largest,))], 100)
    products, rows = ExactSearch(torch.from_numpy(vectors)).best(torch.from_numpy(queries), 100)
    np.testing.assert_array_equal(rows.numpy(), expected.rows)
    np.testing.assert_allclose(products.numpy(), expected.products, rtol=2e-7)


def test_no_rows_no_queries_and_no_vectors_give_nothing():
    search = ExactSearch(torch.zeros(5, 3))
    for answer in (
        search.best(torch.ones(2, 3), 4, torch.zeros(0, dtype=torch.int64)),
        ExactSearch(torch.zeros(0, 3)).best(torch.ones(2, 3), 4),
    ):
        assert [tuple(each.shape) for each in answer] == [(2, 0), (2, 0)]
    assert [tuple(each.shape) for each in search.best(torch.ones(0, 3), 4)] == [(0, 4), (0, 4)]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(value: float):
    bad = torch.ones(4, 3)
    bad[2, 1] = value
    with pytest.raises(ValueError, match="the vectors are not finite numbers"):
        ExactSearch(bad)
    with pytest.raises(ValueError, match="the queries are not finite, or their products"):
        ExactSearch(torch.ones(4, 3)).best(bad, 1)


def test_products_too_large_for_float32_are_refused():
    with pytest.raises(ValueError, match="too large for float32"):
        ExactSearch(torch.full((4, 3), 1e20)).best(torch.full((1, 3), 1e20), 1)


@pytest.mark.parametrize(("queries", "k"), [(torch.ones(2, 4), 1), (torch.ones(3), 1), (torch.ones(2, 3), 0)])
def test_arguments_that_do_not_fit_are_refused(queries: torch.Tensor, k: int):
    with pytest.raises(ValueError, match=r"needed: \(Q, 3\) float32"):
        ExactSearch(torch.zeros(5, 3)).best(queries, k)
    with pytest.raises(ValueError, match=r"needed: \(Q, 3\) float32"):
        ExactSearch(torch.zeros(5, 3)).best(torch.ones(1, 3).double(), 1)


def test_a_lower_precision_of_products_that_the_caller_chose_is_not_used_and_stays():
    torch.set_float32_matmul_precision("medium")
    try:
        with full_float32():
            assert torch.get_float32_matmul_precision() == "highest"
        assert torch.get_float32_matmul_precision() == "medium"
        vectors = np.random.default_rng(8).standard_normal((3000, 64)).astype(np.float32)
        check(vectors, vectors[:5], 50)
    finally:
        torch.set_float32_matmul_precision("highest")
