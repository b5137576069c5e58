"""Adapting to somebody's labels: what is tried, what is kept, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from support.raised_arms import arms_held, relabelled

from mretrieve.encoders.adapted import Gate
from mretrieve.encoders.statistics.linear_metric import default_encoder
from mretrieve.encoders.weights_file import encoder_bytes, read_encoder
from mretrieve.errors import MRetrieveError
from mretrieve.evaluation import average_precision, retrieval_scores
from mretrieve.training.adaptation import Adaptation, adapt, linear
from mretrieve.training.adaptation.crossvalidation import (
    SHARES,
    Answers,
    Trial,
    best_trial,
    class_precision,
    standard_error,
    trial,
)
from mretrieve.training.adaptation.folds import folds, labelled_set

QUICK = 0.05  # minutes: linear metrics alone
ITEMS = arms_held(classes=6, per_class=9, groups=5, frames=40)


def asked_map(encoder, queries) -> float:
    """Queries among all clips but themselves."""
    asking, stored = (encoder.encode([item.clip for item in items]) for items in (queries, ITEMS))
    relevant = np.array([[query.label == item.label for item in ITEMS] for query in queries])
    allowed = np.array([[query.path != item.path for item in ITEMS] for query in queries])
    return retrieval_scores(-(encoder.as_queries(asking) @ stored.T), relevant, allowed).mean_average_precision


# -- what is kept --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def learned() -> tuple[Adaptation, list[str]]:
    """What is learned from clips with labels, and the progress on the way."""
    told: list[str] = []
    return adapt(ITEMS[:42], minutes=QUICK, progress=told.append), told


def test_labels_that_can_be_learned_are_and_new_clips_are_found_by_them(learned):
    adaptation, _ = learned
    assert adaptation.chosen in ("lda", "nca")
    assert not adaptation.is_default
    assert adaptation.trials[0].gain > 0.05
    fresh = ITEMS[42:]
    assert asked_map(adaptation.encoder, fresh) > asked_map(default_encoder(), fresh) + 0.05
    stored = read_encoder(encoder_bytes(adaptation.encoder, adaptation.card())).encoder
    json.dumps(adaptation.card(), allow_nan=False)
    assert stored.fingerprint == adaptation.encoder.fingerprint


def test_the_explanation_says_what_each_candidate_gained_and_what_was_not_tried(learned):
    adaptation, told = learned
    text = adaptation.explanation
    assert "42 labelled clips of 6 classes" in text
    assert "default, pose-statistics: 0." in text
    assert "linear metric (LDA): 0." in text
    assert "classes whose labels it did not see" in text
    assert "not tried, for want of time: recurrent network" in text
    assert any(line.startswith("trial 1 of 3") for line in told)


@pytest.mark.parametrize("seed", range(2))
def test_random_labels_are_refused(seed):
    labels = [item.label for item in ITEMS]
    shuffled = [str(label) for label in np.random.default_rng(seed).permutation(labels)]
    adaptation = adapt(relabelled(ITEMS, shuffled), minutes=QUICK, seed=seed)
    assert adaptation.chosen == "pose-statistics"
    assert adaptation.encoder is default_encoder()
    assert "The default stays" in adaptation.explanation


def test_the_order_of_clips_and_clips_without_a_label_change_nothing(monkeypatch):
    monkeypatch.setattr(linear, "NcaSettings", partial(linear.NcaSettings, updates=10))
    some = ITEMS[:30]
    mixed = [*some[::-1], *relabelled(ITEMS[30:33], [""] * 3)]
    first, second = adapt(some, minutes=QUICK), adapt(mixed, minutes=QUICK)
    assert first.encoder.fingerprint == second.encoder.fingerprint
    assert first.trials == second.trials


# -- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([""] * 6, "none of the 6 clips has a label"),
        (["walk"] * 6, "one class, 'walk'"),
        (list("abcdef"), "one clip only"),
    ],
)
def test_labels_that_nothing_can_be_learned_from_are_refused_in_one_line(labels, message):
    with pytest.raises(MRetrieveError, match=message) as error:
        adapt(relabelled(ITEMS[:6], labels), minutes=QUICK)
    assert "\n" not in str(error.value)


def test_two_clips_of_one_class_are_few_but_no_error():
    adaptation = adapt(relabelled(ITEMS[:4], ["a", "a", "b", "c"]), minutes=QUICK)
    assert adaptation.is_default


# -- how it is measured --------------------------------------------------------------------------------------------


def test_no_group_is_learned_and_asked_and_every_clip_asks_once():
    items = labelled_set(ITEMS)
    made = folds(items, seed=0)
    assert sorted(np.concatenate([fold.queries for fold in made])) == list(range(len(ITEMS)))
    for fold in made:
        assert not {items.groups[row] for row in fold.learned} & {items.groups[row] for row in fold.queries}
        assert not {items.labels[row] for row in fold.learned} & fold.unlabelled
        assert len(fold.unlabelled) == 2
    assert len(set.union(*(set(fold.unlabelled) for fold in made))) == 6  # other classes in each


def test_where_a_group_holds_a_class_alone_files_are_the_groups():
    items = [replace(item, group=item.label) for item in ITEMS]
    assert labelled_set(items).grouped_by == "file"
    assert labelled_set(ITEMS).grouped_by == "group"


def test_precision_of_every_class_is_the_average_precision_of_each():
    generator = np.random.default_rng(0)
    distances, classes = generator.random((5, 20)), np.arange(20) % 3
    allowed = generator.random((5, 20)) < 0.8
    table = class_precision(distances, classes, allowed)
    for query in range(5):
        row = allowed[query]
        for number in range(3):
            expected = average_precision(-distances[query, row], classes[row] == number)
            assert table[query, number] == pytest.approx(expected, abs=1e-12)


def test_a_ranking_that_is_drawn_together_for_any_class_gains_nothing():
    precision = np.tile(np.linspace(0.2, 0.5, len(SHARES)), (30, 1))
    everywhere = Answers(precision, precision.copy(), np.zeros(30), np.ones(30, bool), np.array(list("abc") * 10))
    result = trial(("lda",), [everywhere])
    assert result.gain == pytest.approx(0)
    assert not result.is_certain


def test_what_costs_classes_without_labels_is_gated_away():
    rises, falls = np.linspace(0.5, 0.8, len(SHARES)), np.linspace(0.5, 0.1, len(SHARES))
    precision = np.concatenate([np.tile(rises, (40, 1)), np.tile(falls, (40, 1))])
    labelled = np.arange(80) < 40
    nearest = np.where(labelled, 0.05, 0.5)  # those without labels are far from all that is labelled
    groups = np.array(list("abcd") * 20)
    result = trial(("gru",), [Answers(precision, np.full_like(precision, 0.3), nearest, labelled, groups)])
    assert result.adapted == pytest.approx(0.8, abs=0.01)
    assert result.unlabelled_adapted > result.unlabelled_default - 0.01
    close = np.full(80, 0.05)  # where they cannot be told apart, what was learned is used less
    result = trial(("gru",), [Answers(precision, np.full_like(precision, 0.3), close, labelled, groups)])
    assert result.unlabelled_adapted >= result.unlabelled_default - 0.01 - 1e-9
    assert result.adapted < 0.6


def test_of_gains_that_cannot_be_told_apart_that_of_most_spaces_is_taken():
    def result(gain: float, error: float, *spaces: str, is_recognised: bool = True) -> Trial:
        return Trial(spaces, Gate(), 0.5, 0.5 + gain, gain, error, is_recognised, np.nan, np.nan)

    alone, sum_of_two, clear = result(0.10, 0.03, "gru"), result(0.08, 0.03, "lda", "gru"), result(0.2, 0.03, "nca")
    assert best_trial([alone, sum_of_two]) is sum_of_two
    assert best_trial([alone, sum_of_two, clear]) is clear
    assert best_trial([result(0.10, 0.06, "gru"), result(0.005, 0.001, "lda")]) is None  # noise; not worth it
    assert best_trial([result(0.10, 0.03, "gru", is_recognised=False)]) is None  # classes that the default cannot see


def test_the_error_of_a_mean_is_the_larger_of_that_over_groups_and_that_over_values():
    values = np.array([1.0, 1.0, 0.0, 0.0])
    by_values = values.std(ddof=1) / 2
    assert standard_error(values, np.array(list("abab"))) == pytest.approx(by_values)
    assert standard_error(values, np.array(list("aabb"))) == pytest.approx(0.5)  # two groups, 1 and 0
    assert standard_error(values[:1], np.array(["a"])) == np.inf
