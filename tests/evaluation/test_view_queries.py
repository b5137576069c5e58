"""The protocol view-queries: what a camera finds under each condition, and the scores in a small library."""

from __future__ import annotations

import math

import numpy as np
import pytest
from support.generated_library import Library as Generated

from mretrieve.evaluation.measurements import MEASUREMENTS
from mretrieve.evaluation.view_queries import CONDITIONS, FilmedLibrary, SearchedLibrary
from mretrieve.motion import Clip, LabelledClip
from mretrieve.motion.camera import film
from mretrieve.motion.detection import DETECTED, LEGS

BY_NAME = {condition.name: condition for condition in CONDITIONS}


@pytest.fixture(scope="module")
def filmed(library: Generated) -> FilmedLibrary:
    snapshot = library.snapshot
    names = library.opened.clips
    kinds = [name.split("_")[1] for name in names]
    performers = [name.split("/")[-1].split("_")[0] for name in names]
    items = [
        LabelledClip(Clip(*snapshot.motion(snapshot.clip_row(name))), kind, performer, name)
        for name, kind, performer in zip(names, kinds, performers, strict=True)
    ]
    asked = list(range(0, len(names), 3))
    return FilmedLibrary(items, names, np.array(kinds), np.array(performers), asked, set(asked[::2]))


def test_conditions_lose_what_they_say(filmed: FilmedLibrary):
    clip, chance = filmed.items[0].clip, np.random.default_rng(0)
    for condition in CONDITIONS:
        view = condition.view(clip, condition.cameras.draw(chance), chance)
        lost = [number for number in DETECTED if not view.seen_joints[number]]
        assert view.frame_count == clip.frame_count - condition.offset
        assert len(lost) == (0 if condition.name == "all joints" else len(LEGS) if "legs" in condition.name else 3)


def test_noise_has_its_size_in_every_frame(filmed: FilmedLibrary):
    condition, clip = BY_NAME["3 joints lost, 2 cm noise"], filmed.items[0].clip
    camera = condition.cameras.draw(np.random.default_rng(1))
    view = condition.view(clip, camera, np.random.default_rng(2))
    seen = [number for number in DETECTED if view.seen_joints[number]]
    errors = view.points[:, seen] - film(clip, camera).points[:, seen]
    assert math.sqrt((errors**2).sum(axis=2).mean()) == pytest.approx(0.02, rel=0.1)


def test_a_small_library_is_measured(library: Generated, filmed: FilmedLibrary):
    searched = SearchedLibrary(filmed, library.snapshot)
    scores = searched.scores(CONDITIONS[0], 6, seed=0)
    assert len(scores) == 6
    assert np.mean([score.own_rank <= 5 for score in scores]) >= 0.9
    assert np.mean([score.first_is_of_class for score in scores]) >= 0.8
    assert np.nanmedian([score.azimuth_error_deg for score in scores]) < 5
    assert {score.unseen for score in scores} == {False, True}
    again = searched.scores(CONDITIONS[0], 1, seed=0)
    assert [score.own_rank for score in again] == [score.own_rank for score in scores[:1]]


def test_the_protocol_is_known_by_name():
    assert MEASUREMENTS["view-queries"].needs == ("hdm05", "cmu/bvh", "cmu/expmap")
