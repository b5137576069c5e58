"""How well trajectory similarity (DeepHuMS: motion field, distance, mean pose) foretells labels that it does not see.

    python benchmarks/trajectory_similarity.py

Of the training clips of HDM05 and CMU: how far a clip differs from its own copies at half and double speed and from
random clips; then, by set, which pairs of other performers or files count as similar and dissimilar, and the mean
average precision of the two differences as a distance. No test set is read.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mocap_sets import cmu_bvh, cmu_expmap, hdm05, mocap_folder
from numpy.typing import NDArray

from mretrieve import Clip
from mretrieve.encoders.body_sequence import body_sequence, normalised_positions
from mretrieve.motion import LabelledClip
from mretrieve.motion.augmentation import change_speed
from mretrieve.training import default_recipe
from mretrieve.training.trajectory import (
    DISSIMILAR,
    SIMILAR,
    SimilarityThresholds,
    Trajectories,
    distance_differences,
    field_differences,
    mean_posture,
    motion_distance,
    motion_field,
    posture_differences_m,
    trajectory_similarity,
)


def main() -> None:
    mocap = mocap_folder()
    sets = {
        "hdm05": [item for item in hdm05(mocap) if item.group != "tr"],
        "cmu-expmap": cmu_expmap(mocap),
        "cmu-bvh": cmu_bvh(mocap),
    }
    clips = [item.clip for items in sets.values() for item in items]
    rows = trajectories(clips)
    copies = [trajectories([change_speed(clip, factor) for clip in clips]) for factor in (0.5, 2.0)]
    upper = np.triu_indices(len(clips), 1)
    cues = (
        ("field", field_differences, "fields"),
        ("distance", distance_differences, "distances"),
        ("mean pose, m", posture_differences_m, "postures"),
    )
    for name, differences, part in cues:
        to_copy = [
            differences(np.stack([own, copy]))[0, 1]
            for group in copies
            for own, copy in zip(getattr(rows, part), getattr(group, part), strict=True)
        ]
        print(f"{name}: own copies 50/95/99 % {np.percentile(to_copy, [50, 95, 99]).round(3)}", end="; ")
        among = differences(getattr(rows, part))[upper]
        print(f"random pairs 5/25/50/75 % {np.percentile(among, [5, 25, 50, 75]).round(3)}")
    with_mean_pose = default_recipe("deephums-unlabelled").objective.alike
    for about, limits in (("field and distance", SimilarityThresholds()), ("and mean pose", with_mean_pose)):
        random = trajectory_similarity(rows, limits)[upper]
        print(f"\n{about}: of random pairs {(random == SIMILAR).mean():.3f} similar", end=", ")
        print(f"{(random == DISSIMILAR).mean():.3f} dissimilar")
        print("set | pairs of the same class: of all | of similar | of dissimilar | same-class pairs found similar")
        for name, items in sets.items():
            print_pairs(name, items, limits)

    print("\nmAP as a distance: set | field and distance | and mean pose | field in the body's own view | no field")
    for name, items in sets.items():
        print_distances(name, items, with_mean_pose)


def same_and_other(items: Sequence[LabelledClip]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which pairs are of the same class, and which of other groups."""
    labels, groups = np.array([item.label for item in items]), np.array([item.group for item in items])
    return labels[:, None] == labels, groups[:, None] != groups


def print_pairs(name: str, items: Sequence[LabelledClip], limits: SimilarityThresholds) -> None:
    """How many of the pairs of a set that count as similar, and as dissimilar, are of one class."""
    same, other = same_and_other(items)
    similarity = trajectory_similarity(trajectories([item.clip for item in items]), limits)
    similar, dissimilar = other & (similarity == SIMILAR), other & (similarity == DISSIMILAR)
    shares = " | ".join(f"{same[pairs].mean():.3f}" for pairs in (other, similar, dissimilar))
    print(f"{name} | {shares} | {(similar & same).sum() / (other & same).sum():.3f}")


def print_distances(name: str, items: Sequence[LabelledClip], limits: SimilarityThresholds) -> None:
    """Mean average precision of the sums of differences, each in units of its limit."""
    same, other = same_and_other(items)
    own = trajectories([item.clip for item in items])
    in_own_view = trajectories([item.clip for item in items], root_moves=False).fields
    paths = distance_differences(own.distances) / limits.similar_distance
    both, in_view = (paths + field_differences(fields) / limits.similar_field for fields in (own.fields, in_own_view))
    posed = both + posture_differences_m(own.postures) / limits.similar_posture_m
    precisions = (mean_average_precision(way, same, other) for way in (both, posed, in_view, paths))
    print(" | ".join([name, *(f"{precision:.3f}" for precision in precisions)]))


def trajectories(clips: Sequence[Clip], root_moves: bool = True) -> Trajectories:
    """What of clips is compared, on bones of one length; the fields with or without the motion of the root."""
    sequences = [body_sequence(clip) for clip in clips]
    positions = [normalised_positions(sequence) for sequence in sequences]
    rates = [sequence.rates * np.float32(root_moves) for sequence in sequences]
    return Trajectories(
        np.stack([motion_field(place, rate) for place, rate in zip(positions, rates, strict=True)]),
        np.stack([motion_distance(place) for place in positions]),
        np.stack([mean_posture(place[None], np.array([len(place)]))[0] for place in positions]),
    )


def mean_average_precision(distance: NDArray[np.float64], same: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Over the queries that have an answer in another group; the gallery of each is the other groups' clips."""
    precisions = []
    for row, right, gallery in zip(distance, same, other, strict=True):
        hits = right[gallery][np.argsort(row[gallery], kind="stable")]
        if hits.any():
            precisions.append((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())
    return float(np.mean(precisions))


if __name__ == "__main__":
    main()
