"""Clusters and their scores, against loops over all pairs and against scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mretrieve.evaluation import agreement, classical_scaling, cluster_scores


def plain_scores(clusters: list[int], labels: list[str]) -> tuple[float, float]:
    count = len(labels)
    information = 0.0
    entropies = {"clusters": 0.0, "labels": 0.0}
    for cluster in set(clusters):
        for label in set(labels):
            both = sum(c == cluster and x == label for c, x in zip(clusters, labels, strict=True)) / count
            if both:
                apart = clusters.count(cluster) / count * labels.count(label) / count
                information += both * math.log(both / apart)
    for name, values in (("clusters", clusters), ("labels", labels)):
        for value in set(values):
            part = values.count(value) / count
            entropies[name] -= part * math.log(part)
    right = same_cluster = same_label = 0
    for first in range(count):
        for second in range(first):
            together, alike = clusters[first] == clusters[second], labels[first] == labels[second]
            right, same_cluster, same_label = right + (together and alike), same_cluster + together, same_label + alike
    precision, recall = right / same_cluster, right / same_label
    return 2 * information / sum(entropies.values()), 2 * precision * recall / (precision + recall)


@pytest.mark.parametrize("seed", range(4))
def test_nmi_and_f1_are_as_defined(seed: int):
    from sklearn.metrics import normalized_mutual_info_score
    from sklearn.metrics.cluster import pair_confusion_matrix

    generator = np.random.default_rng(seed)
    labels = [f"class {number}" for number in generator.integers(0, 4, 40)]
    clusters = [int(label[-1]) if generator.random() < 0.6 else int(generator.integers(5)) for label in labels]
    found = agreement(clusters, labels)
    assert (found.nmi, found.f1) == pytest.approx(plain_scores(clusters, labels), abs=1e-9)
    assert found.nmi == pytest.approx(normalized_mutual_info_score(labels, clusters), abs=1e-9)
    (_, only_cluster), (only_label, both) = pair_confusion_matrix(labels, clusters)
    assert found.f1 == pytest.approx(2 * both / (2 * both + only_cluster + only_label), abs=1e-9)


def test_perfect_clusters_are_1_and_a_single_cluster_tells_nothing():
    assert agreement([0, 0, 1, 1], list("aabb")).nmi == pytest.approx(1)
    assert agreement([0, 0, 1, 1], list("aabb")).f1 == 1
    assert agreement([0, 0, 0, 0], list("aabb")).nmi == 0


def test_scaling_gives_an_embedding_back_so_its_clusters_are_those_of_the_embedding_itself():
    from sklearn.cluster import KMeans

    generator = np.random.default_rng(0)
    centres = generator.normal(size=(4, 16))
    embedding = np.repeat(centres, 12, axis=0) + 0.9 * generator.normal(size=(48, 16))
    embedding /= np.linalg.norm(embedding, axis=1, keepdims=True)
    squares = ((embedding[:, None] - embedding) ** 2).sum(axis=2)
    coordinates = classical_scaling(squares / 1.7)
    assert coordinates.shape == (48, 16)
    again = ((coordinates[:, None] - coordinates) ** 2).sum(axis=2)
    assert again == pytest.approx(squares / 1.7, abs=1e-9)
    labels = np.repeat(list("abcd"), 12).tolist()
    direct = agreement(KMeans(4, n_init=20, random_state=0).fit_predict(embedding).tolist(), labels)
    ours = cluster_scores(coordinates, labels)
    assert (ours.nmi, ours.f1) == pytest.approx((direct.nmi, direct.f1), abs=1e-9)
    assert ours == cluster_scores(coordinates, labels)


def test_distances_that_no_space_has_are_scaled_to_what_is_nearest_and_equal_items_share_a_place():
    squares = np.array([[0, 1, 9, 9], [1, 0, 1, 9], [9, 1, 0, 1], [9, 9, 1, 0]], float) ** 2  # no triangle inequality
    assert np.isfinite(classical_scaling(squares)).all()
    nowhere = classical_scaling(np.zeros((3, 3)))
    assert nowhere.shape == (3, 0)
    assert cluster_scores(nowhere, list("aab")).nmi == 0
    with pytest.raises(ValueError, match="finite"):
        classical_scaling([[0, np.inf], [np.inf, 0]])
