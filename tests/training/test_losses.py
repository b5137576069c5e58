"""The losses of MMD-NCA and DeepHuMS: equal to their equations computed pair by pair, and of the right sign."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from mretrieve.training.losses import (
    KERNELS,
    ContrastiveLoss,
    LinearKernel,
    MmdNcaLoss,
    PolynomialKernel,
    RbfMixture,
    mmd_squared,
)
from mretrieve.training.trajectory import DISSIMILAR, IGNORED, SIMILAR

KERNEL_CASES = [RbfMixture(), RbfMixture((0.3, 5.0)), LinearKernel(), PolynomialKernel(3, 0.5)]


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def on_sphere(*shape: int, seed: int = 0) -> Tensor:
    return torch.nn.functional.normalize(normal(*shape, seed=seed), dim=-1)


# -- plain recomputations, number by number ----------------------------------------------------------------------------


def plain_kernel(kernel: object, x: list[float], y: list[float]) -> float:
    inner = sum(a * b for a, b in zip(x, y, strict=True))
    match kernel:
        case RbfMixture(bandwidths):
            squared = sum((a - b) ** 2 for a, b in zip(x, y, strict=True))
            return sum(math.exp(-squared / (2 * sigma**2)) for sigma in bandwidths)
        case LinearKernel():
            return inner
        case PolynomialKernel(degree, offset):
            return (inner + offset) ** degree
    raise AssertionError(kernel)


def plain_mmd_squared(x: Tensor, y: Tensor, kernel: object) -> float:
    def mean(first: Tensor, second: Tensor) -> float:
        total = 0.0
        for a in first.tolist():
            for b in second.tolist():
                total += plain_kernel(kernel, a, b)
        return total / (len(first) * len(second))

    return mean(x, x) - 2 * mean(x, y) + mean(y, y)


def printed_equation_8(groups: Tensor, kernel: object, squared: bool) -> float:
    def mmd(group: Tensor) -> float:
        square = plain_mmd_squared(groups[0], group, kernel)
        return square if squared else math.sqrt(square)

    return math.exp(-mmd(groups[1])) / sum(math.exp(-mmd(negative)) for negative in groups[2:])


def plain_contrastive(embeddings: Tensor, similarity: Tensor, margin: float, balanced: bool) -> float:
    costs: dict[int, list[float]] = {SIMILAR: [], DISSIMILAR: [], IGNORED: []}
    for i in range(len(embeddings)):
        for j in range(i + 1, len(embeddings)):
            distance = math.dist(embeddings[i].tolist(), embeddings[j].tolist())
            kind = int(similarity[i, j])
            costs[kind].append(distance**2 / 2 if kind == SIMILAR else max(0.0, margin - distance) ** 2 / 2)
    if balanced:
        return sum(sum(costs[kind]) / max(1, len(costs[kind])) for kind in (SIMILAR, DISSIMILAR)) / 2
    counted = costs[SIMILAR] + costs[DISSIMILAR]
    return sum(counted) / max(1, len(counted))


# -- MMD ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kernel", KERNEL_CASES)
def test_mmd_is_equation_7(kernel):
    x, y = normal(4, 3), normal(6, 3, seed=1) + 0.5
    assert float(mmd_squared(x, y, kernel)) == pytest.approx(plain_mmd_squared(x, y, kernel), abs=1e-6)


@pytest.mark.parametrize("kernel", KERNEL_CASES)
def test_mmd_is_zero_between_equal_sets_and_larger_the_farther_they_are(kernel):
    x = on_sphere(5, 4)
    near, far = (mmd_squared(x, x + shift, kernel) for shift in (0.1, 0.5))
    assert float(mmd_squared(x, x, kernel)) == pytest.approx(0, abs=1e-12)
    assert 0 < near < far


def test_only_kernels_of_higher_moments_tell_sets_of_equal_mean_apart():
    narrow = torch.tensor([[-0.1, 0.0], [0.1, 0.0]], dtype=torch.float64)
    assert float(mmd_squared(narrow, 5 * narrow, LinearKernel())) == pytest.approx(0, abs=1e-12)
    assert mmd_squared(narrow, 5 * narrow, PolynomialKernel()) > 1e-3
    assert mmd_squared(narrow, 5 * narrow, RbfMixture()) > 1e-3


# -- MMD-NCA -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("kernel", KERNEL_CASES)
def test_mmd_nca_is_the_negative_logarithm_of_equation_8(kernel, squared):
    groups = on_sphere(2 + 3, 4, 6)
    expected = -math.log(printed_equation_8(groups, kernel, squared))
    assert float(MmdNcaLoss(kernel, squared)(groups)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)
def test_mmd_nca_costs_less_where_embeddings_are_better_while_equation_8_as_printed_grows(kernel, squared):
    # three tight categories at right angles; in the worse case the positives lie among the first negatives
    centres = torch.eye(3, dtype=torch.float64)
    spread = 0.1 * normal(4, 5, 3)
    better = torch.stack([centres[0], centres[0], centres[1], centres[2]])[:, None] + spread
    worse = better[[0, 2, 1, 3]]
    loss = MmdNcaLoss(kernel, squared)
    assert loss(better) < loss(worse)
    assert printed_equation_8(better, kernel, squared) > printed_equation_8(worse, kernel, squared)


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)
def test_gradient_of_mmd_nca(kernel, squared):
    groups = on_sphere(4, 3, 4).requires_grad_()
    assert torch.autograd.gradcheck(MmdNcaLoss(kernel, squared), (groups,))


@pytest.mark.parametrize("squared", [False, True])
def test_a_collapsed_embedding_has_a_finite_gradient(squared):
    groups = torch.eye(8)[0].repeat(4, 5, 1).requires_grad_()  # kernels of exactly 5, discrepancies of exactly 0
    MmdNcaLoss(squared=squared)(groups).backward()
    assert groups.grad is not None and groups.grad.isfinite().all()


def test_mmd_nca_takes_anchors_positives_and_at_least_one_category_of_negatives():
    with pytest.raises(ValueError, match="anchors, positives and negatives"):
        MmdNcaLoss()(on_sphere(2, 4, 6))


# -- contrastive -------------------------------------------------------------------------------------------------------


def random_similarity(count: int, seed: int = 0) -> Tensor:
    kinds = torch.randint(-1, 2, (count, count), generator=torch.Generator().manual_seed(seed))
    return kinds.triu(1) + kinds.triu(1).T + SIMILAR * torch.eye(count, dtype=torch.long)


@pytest.mark.parametrize("balanced", [False, True])
def test_contrastive_is_equation_1_with_similar_pairs_attracting(balanced):
    embeddings, similarity = on_sphere(7, 4), random_similarity(7)
    expected = plain_contrastive(embeddings, similarity, 1.3, balanced)
    assert float(ContrastiveLoss(1.3, balanced)(embeddings, similarity)) == pytest.approx(expected, abs=1e-6)


def test_a_similar_pair_costs_less_the_nearer_and_a_dissimilar_one_the_farther():
    near, far = torch.tensor([[0.0], [0.2]]), torch.tensor([[0.0], [0.9]])
    loss = ContrastiveLoss(margin=1.0)
    similar, dissimilar = (torch.tensor([[1, kind], [kind, 1]]) for kind in (SIMILAR, DISSIMILAR))
    assert loss(near, similar) < loss(far, similar)
    assert loss(far, dissimilar) < loss(near, dissimilar)
    assert loss(torch.tensor([[0.0], [1.1]]), dissimilar) == 0


def test_ignored_pairs_and_the_diagonal_cost_nothing():
    embeddings = on_sphere(4, 3).requires_grad_()
    loss = ContrastiveLoss()(embeddings, torch.full((4, 4), IGNORED))
    loss.backward()
    assert loss == 0 and embeddings.grad is not None and not embeddings.grad.any()
    assert ContrastiveLoss()(embeddings, torch.eye(4) * DISSIMILAR) == 0


@pytest.mark.parametrize("balanced", [False, True])
def test_gradient_of_contrastive(balanced):
    embeddings, similarity = on_sphere(6, 3).requires_grad_(), random_similarity(6)
    assert torch.autograd.gradcheck(lambda x: ContrastiveLoss(1.3, balanced)(x, similarity), (embeddings,))


def test_dissimilar_embeddings_at_one_point_have_a_finite_gradient():
    embeddings = torch.ones(3, 4, requires_grad=True)
    ContrastiveLoss()(embeddings, torch.full((3, 3), DISSIMILAR)).backward()
    assert embeddings.grad is not None and embeddings.grad.isfinite().all()


def test_contrastive_wants_one_row_an_embedding():
    with pytest.raises(ValueError, match="for 4 embeddings"):
        ContrastiveLoss()(on_sphere(4, 3), random_similarity(5))


# -- precision ---------------------------------------------------------------------------------------------------------


def test_losses_are_computed_in_float32_under_mixed_precision():
    groups, similarity = on_sphere(7, 25, 16).float(), random_similarity(25)
    outside = MmdNcaLoss()(groups), ContrastiveLoss()(groups[0], similarity)
    with torch.autocast("cpu", torch.bfloat16):
        inside = MmdNcaLoss()(groups), ContrastiveLoss()(groups[0], similarity)
        of_half = MmdNcaLoss()(groups.bfloat16())
    assert inside == outside
    assert of_half.dtype == torch.float32 and float(of_half) == pytest.approx(float(outside[0]), abs=0.02)


def test_float32_and_float64_agree():
    groups, similarity = on_sphere(7, 25, 128), random_similarity(25)
    assert float(MmdNcaLoss()(groups.float())) == pytest.approx(float(MmdNcaLoss()(groups)), abs=1e-4)
    single, double = (ContrastiveLoss()(rows, similarity) for rows in (groups[0].float(), groups[0]))
    assert (single.dtype, double.dtype) == (torch.float32, torch.float64)
    assert float(single) == pytest.approx(float(double), abs=1e-5)
