"""Classes by labelled examples: a dictionary that grows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.filmed_bodies import random_view

from mretrieve import QueryError
from mretrieve.encoders.view_poses import masked_poses
from mretrieve.motion.camera import Camera
from mretrieve.motion.view import View
from mretrieve.search.classification import Classified, ViewDictionary, vote


class Poses:
    """An encoder whose vectors are the poses themselves."""

    name, fingerprint, dimension = "poses", "", 28

    def frame_vectors(self, view: View) -> np.ndarray:
        return masked_poses(view)


def nearly(seed: int) -> View:
    return random_view(seed, camera=Camera(azimuth_deg=5))


def test_a_view_gets_the_class_of_the_example_most_like_it():
    dictionary = ViewDictionary(Poses())
    for seed, label in ((0, "kick"), (1, "wave"), (2, "bow")):
        dictionary.add(random_view(seed), label)
    assert [dictionary.classify(nearly(seed)).label for seed in range(3)] == ["kick", "wave", "bow"]


def test_a_class_is_there_as_soon_as_it_has_an_example():
    dictionary = ViewDictionary(Poses())
    dictionary.add(random_view(0), "kick")
    assert dictionary.classify(nearly(1)).label == "kick"
    dictionary.add(random_view(1), "wave")
    assert dictionary.classify(nearly(1)).label == "wave"
    assert dictionary.labels == ("kick", "wave")
    assert len(dictionary) == 2


def test_the_speed_of_a_motion_hardly_counts():
    view = random_view(0)
    slow = replace(
        view,
        points=np.repeat(view.points, 2, axis=0),
        observed=np.repeat(view.observed, 2, axis=0),
        confidence=np.repeat(view.confidence, 2, axis=0),
    )
    dictionary = ViewDictionary(Poses())
    dictionary.add(slow, "slow")
    assert dictionary.classify(view).nearest == pytest.approx(0, abs=1e-6)


def test_most_of_the_nearest_decide_and_the_nearest_among_equals():
    assert vote(["a", "b", "b"], [0.1, 0.2, 0.3]) == Classified("b", 2 / 3, 0.2)
    assert vote(["a", "b"], [0.1, 0.2]) == Classified("a", 0.5, 0.1)


def test_without_examples_nothing_is_classified():
    with pytest.raises(QueryError, match="label"):
        ViewDictionary(Poses()).classify(random_view(0))
