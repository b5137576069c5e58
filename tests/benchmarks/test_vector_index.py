"""The library of the benchmark of vector indexes, and the answers that it compares with."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from vector_index import brute_force, ours, random_library, recall, written


def test_exact_searches_of_the_library_on_the_disk_give_the_rows_of_brute_force(tmp_path: Path):
    library = random_library(1050, 16, 4)
    exact = brute_force(library)
    for each in ours(written(tmp_path / "index", library.stored), library, ["flat-codes"], exact):
        np.testing.assert_array_equal(each.search(each.queries), exact)


def test_recall_is_the_share_of_the_nearest_that_was_found():
    exact = np.array([[0, 1, 2], [3, 4, 5]])
    assert recall(np.array([[1, 0, 9], [9, 8, 3]]), exact, 2) == 0.5
