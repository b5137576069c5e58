"""The map of a library: principal components of what the encoder sees, the same for a query as for its clip."""

from __future__ import annotations

import numpy as np
import pytest
from support.generated_library import Library

from mretrieve.search.library_map import LibraryMap


class Euclidean:
    """As encoders have it: the product with a query is minus the squared distance."""

    def stored(self, vectors):
        squares = (vectors**2).sum(axis=1, keepdims=True)
        return np.concatenate([vectors, squares, np.ones_like(squares)], axis=1)

    def as_queries(self, stored):
        vectors, squares, ones = stored[:, :-2], stored[:, -2:-1], stored[:, -1:]
        return np.concatenate([2 * vectors, -ones, -squares], axis=1)


def test_places_are_the_principal_components():
    vectors = np.random.default_rng(1).normal(size=(300, 6)) * [5, 3, 1, 0.5, 0.2, 0.1]
    drawn = LibraryMap.of(Euclidean(), Euclidean().stored(vectors)).places
    centred = vectors - vectors.mean(axis=0)
    expected = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
    for axis in (0, 1):
        assert abs(np.corrcoef(drawn[:, axis], expected[:, axis])[0, 1]) == pytest.approx(1, abs=1e-6)
        assert drawn[:, axis].std() == pytest.approx(expected[:, axis].std(), rel=1e-4)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_and_equal_clips_have_places_too(count: int):
    stored = Euclidean().stored(np.ones((count, 6)))
    assert np.abs(LibraryMap.of(Euclidean(), stored).places).max() < 1e-3


def test_clips_of_one_action_are_near_each_other_and_a_query_is_where_its_clip_is(library: Library):
    opened = library.opened
    drawn = opened.map()
    labels = np.array(opened.snapshot.clips["label"].to_pylist())
    pairs = np.linalg.norm(drawn.places[:, None] - drawn.places[None], axis=2)
    alike = (labels[:, None] == labels[None]) & ~np.eye(len(labels), dtype=bool)
    assert np.median(pairs[alike]) < 0.5 * np.median(pairs[labels[:, None] != labels[None]])
    clip = library.short_clip
    assert drawn.place(opened.encoded(clip))[0] == pytest.approx(drawn.places[opened.clips.index(clip)], abs=1e-3)
