"""The losses that are compared with, named, against plain recomputations of their definitions."""

from __future__ import annotations

import math
import sys

import pytest
import torch
from torch import Tensor

from mretrieve.errors import MRetrieveError
from mretrieve.training.objectives import BASELINE_LOSSES, baseline_loss, global_orthogonal_regularisation

LABELS = [0, 1, 0, 2, 1, 1, 2, 0, 3]  # three classes of several samples, unordered, and one sample that is alone


def on_sphere(count: int = len(LABELS), width: int = 4, seed: int = 0) -> Tensor:
    rows = torch.randn(count, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.nn.functional.normalize(rows)


def inner(x: list[float], y: list[float]) -> float:
    return sum(a * b for a, b in zip(x, y, strict=True))


def mean_of_positive(costs: list[float]) -> float:
    positive = [cost for cost in costs if cost > 0]
    return sum(positive) / max(1, len(positive))


# -- plain recomputations, on the unit sphere --------------------------------------------------------------------------


def plain_contrastive(x: list[list[float]], labels: list[int]) -> float:
    everyone = range(len(x))
    same = [math.dist(x[i], x[j]) for i in everyone for j in everyone if i != j and labels[i] == labels[j]]
    other = [max(0, 1 - math.dist(x[i], x[j])) for i in everyone for j in everyone if labels[i] != labels[j]]
    return mean_of_positive(same) + mean_of_positive(other)


def plain_triplet(x: list[list[float]], labels: list[int]) -> float:
    everyone = range(len(x))
    triplets = [
        (a, p, n)
        for a in everyone
        for p in everyone
        for n in everyone
        if a != p and labels[a] == labels[p] and labels[a] != labels[n]
    ]
    return mean_of_positive(
        [max(0, math.dist(x[a], x[p]) ** 2 - math.dist(x[a], x[n]) ** 2 + 0.2) for a, p, n in triplets]
    )


def plain_spread(x: list[list[float]], labels: list[int]) -> float:
    cosines = [inner(x[i], x[j]) for i in range(len(x)) for j in range(len(x)) if i != j and labels[i] != labels[j]]
    first = sum(cosines) / len(cosines)
    second = sum(cosine**2 for cosine in cosines) / len(cosines)
    return first**2 + max(0, second - 1 / len(x[0]))


def plain_triplet_gor(x: list[list[float]], labels: list[int]) -> float:
    return plain_triplet(x, labels) + plain_spread(x, labels)


def plain_triplet_anchors(x: list[list[float]], labels: list[int]) -> float:
    """Triplets whose anchor and positive are of the first sample's class."""
    ours = [i for i, label in enumerate(labels) if label == labels[0]]
    others = [i for i, label in enumerate(labels) if label != labels[0]]
    return mean_of_positive(
        [
            max(0, math.dist(x[a], x[p]) ** 2 - math.dist(x[a], x[n]) ** 2 + 0.2)
            for a in ours
            for p in ours
            for n in others
            if a != p
        ]
    )


def plain_n_pair(x: list[list[float]], labels: list[int]) -> float:
    members = {label: [i for i, other in enumerate(labels) if other == label] for label in sorted(set(labels))}
    rounds = []
    for first in range(0, max(map(len, members.values())), 2):
        pairs = [rows[first : first + 2] for rows in members.values() if len(rows) >= first + 2]
        if len(pairs) < 2:
            continue
        costs = []
        for anchor, positive in pairs:
            total = sum(math.exp(inner(x[anchor], x[other])) for _, other in pairs)
            costs.append(-math.log(math.exp(inner(x[anchor], x[positive])) / total))
        rounds.append(sum(costs) / len(costs))
    return sum(rounds) / max(1, len(rounds))


def plain_supcon(x: list[list[float]], labels: list[int]) -> float:
    costs = []
    for i in range(len(x)):
        others = [j for j in range(len(x)) if j != i]
        total = sum(math.exp(inner(x[i], x[j]) / 0.1) for j in others)
        positives = [j for j in others if labels[j] == labels[i]]
        if positives:
            costs.append(-sum(inner(x[i], x[j]) / 0.1 - math.log(total) for j in positives) / len(positives))
    return sum(costs) / max(1, len(costs))


def plain_nca(x: list[list[float]], labels: list[int]) -> float:
    costs = []
    for i in range(len(x)):
        chance = {j: math.exp(-(math.dist(x[i], x[j]) ** 2)) for j in range(len(x)) if j != i}
        right = sum(value for j, value in chance.items() if labels[j] == labels[i])
        if right:
            costs.append(-math.log(right / sum(chance.values())))
    return sum(costs) / max(1, len(costs))


PLAIN = {
    "contrastive": plain_contrastive,
    "triplet": plain_triplet,
    "triplet-gor": plain_triplet_gor,
    "triplet-anchors": plain_triplet_anchors,
    "n-pair": plain_n_pair,
    "supcon": plain_supcon,
    "nca": plain_nca,
}


def test_every_loss_has_a_plain_recomputation_here():
    assert PLAIN.keys() == BASELINE_LOSSES.keys()


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("labels", [LABELS, [0, 0, 0, 0, 1, 1, 1, 1, 2]], ids=["few-pairs", "two-rounds"])
def test_a_loss_is_what_its_definition_says(name, labels):
    x = on_sphere(seed=1)
    expected = PLAIN[name](x.tolist(), labels)
    assert float(baseline_loss(name)(x, torch.tensor(labels))) == pytest.approx(expected, abs=1e-6)


def test_a_regularisation_is_what_its_definition_says():
    x = on_sphere(seed=2)
    spread = float(global_orthogonal_regularisation(x, torch.tensor(LABELS)))
    assert spread == pytest.approx(plain_spread(x.tolist(), LABELS), abs=1e-6)


@pytest.mark.parametrize("name", PLAIN)
def test_the_better_embedding_costs_less(name):
    labels = torch.tensor([0, 0, 0, 1, 1, 1, 2, 2, 2])
    better = torch.eye(4, dtype=torch.float64)[labels] + 0.2 * on_sphere()
    worse = better.roll(1, 0)  # each class has one sample where another class is
    loss = baseline_loss(name)
    assert loss(better, labels) < loss(worse, labels)


def test_spread_out_classes_cost_less_than_classes_side_by_side():
    labels = torch.arange(4)
    spread, together = torch.eye(4), torch.eye(4) + 2
    assert global_orthogonal_regularisation(spread, labels) == 0
    assert global_orthogonal_regularisation(together, labels) > 0.5


@pytest.mark.parametrize("name", PLAIN)
def test_gradient(name):
    x, labels = on_sphere(seed=3).requires_grad_(), torch.tensor(LABELS)
    assert torch.autograd.gradcheck(lambda rows: baseline_loss(name)(rows, labels), (x,))


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2], [0]], ids=["one-class", "no-class-twice", "one-sample"])
def test_a_batch_with_little_to_learn_from_has_a_finite_cost_and_gradient(name, labels):
    x = on_sphere(len(labels)).requires_grad_()
    cost = baseline_loss(name)(x, torch.tensor(labels))
    cost.backward()
    assert cost.isfinite() and x.grad is not None and x.grad.isfinite().all()


@pytest.mark.parametrize("name", PLAIN)
def test_a_loss_is_computed_in_float32_under_mixed_precision(name):
    x, labels = on_sphere().float(), torch.tensor(LABELS)
    outside = baseline_loss(name)(x, labels)
    with torch.autocast("cpu", torch.bfloat16):
        assert baseline_loss(name)(x, labels) == outside
        assert baseline_loss(name)(x.bfloat16(), labels).dtype == torch.float32


def test_an_unknown_name_is_told_the_known_ones():
    with pytest.raises(MRetrieveError, match="no loss 'tripled'; choose one of contrastive, triplet"):
        baseline_loss("tripled")


def test_without_the_library_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pytorch_metric_learning", None)
    with pytest.raises(MRetrieveError, match=r"pip install 'mretrieve-mocap\[learned\]'"):
        baseline_loss("triplet")
