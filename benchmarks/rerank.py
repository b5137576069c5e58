"""How the choices of the search room were made: on the training sets, before any test set was asked.

    python benchmarks/rerank.py [--data DIR]

Table 1: the joined distance of embedding and DTW, for a range of weights and of what the root's velocity counts, with
queries at their own, half and double speed. Sets: HDM05 without performer tr, CMU exponential maps and CMU BVH (query
and answer never from the same performer or file), and walks whose path was turned by 0, 90, 180 and 270 degrees, with
the direction as class, because the other sets hold hardly a step that is not forwards. Cells are mAP; the last rows are
the mean change against the embedding alone, which the choice goes by, and the worst.

Table 2: which rows of a clip compete, the whole or its two-second windows.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from mocap_sets import cmu_bvh, cmu_expmap, hdm05, mocap_folder
from numpy.typing import NDArray
from retrieval import at_speed
from rich.console import Console
from rich.table import Table

from mretrieve.alignment.alignment import DTW_WEIGHT, combined_distance
from mretrieve.alignment.pose_features import VELOCITY_M, PoseFeatures, pose_distances, thinned
from mretrieve.encoders import load_encoder
from mretrieve.evaluation.metrics import cross_group, retrieval_scores
from mretrieve.indexer.ingest import DEFAULT_WINDOWS, cut_windows
from mretrieve.motion import JOINT_COUNT, Clip, LabelledClip

SPEEDS = (1.0, 0.5, 2.0)
WEIGHTS = (0.05, 0.1, 0.2, 0.3)
VELOCITIES_M = (0.0, 0.3, 0.4, 0.5)
RATIOS = (1.0, 2.0, 3.0, 4.0)


@dataclass(frozen=True, eq=False)
class ValidationSet:
    """Labelled clips of a training set."""

    name: str
    items: list[LabelledClip]

    def mean_average_precision(self, distances: NDArray[np.floating]) -> float:
        """Of (N, N) distances, query and answer never of one group."""
        relevant, allowed = cross_group([item.label for item in self.items], [item.group for item in self.items])
        return retrieval_scores(distances, relevant, allowed).mean_average_precision


def validation_sets(mocap: Path) -> Iterator[ValidationSet]:
    """The four sets."""
    exponential_maps, bvh = cmu_expmap(mocap), cmu_bvh(mocap)
    yield ValidationSet("hdm05 without tr", [item for item in hdm05(mocap) if item.group != "tr"])
    yield ValidationSet("cmu exp-map", exponential_maps)
    yield ValidationSet("cmu bvh", bvh)
    walks = [item for item in exponential_maps + bvh if "walk" in item.label and _path_m(item.clip) > 1.0]
    turned = [
        LabelledClip(_path_turned(item.clip, quarter), f"{90 * quarter} degrees", item.group, item.path)
        for item in walks
        for quarter in range(4)
    ]
    yield ValidationSet("walks, path turned", turned)


def joined(sets: list[ValidationSet]) -> Table:
    """Table 1."""
    encoder = load_encoder("pose-statistics")
    choices = [(velocity_m, weight) for velocity_m in VELOCITIES_M for weight in WEIGHTS]
    table = Table("set", "speed", "embedding", *(f"v {v:g}\nw {w:g}" for v, w in choices), title="mAP x 1000")
    changes = []
    joints = np.arange(JOINT_COUNT)
    for validation in sets:
        clips = [item.clip for item in validation.items]
        stored = encoder.encode(clips)
        for speed in SPEEDS:
            queries = [at_speed(speed)(clip) if speed != 1.0 else clip for clip in clips]
            embedding = np.maximum(-(encoder.as_queries(encoder.encode(queries)) @ stored.T), 0.0).astype(np.float64)
            alone = validation.mean_average_precision(embedding)
            scores = []
            for velocity_m in VELOCITIES_M:
                features = PoseFeatures.by(np.ones(JOINT_COUNT, bool), joints, velocity_m=velocity_m)
                gallery, asked = (
                    list(map(thinned, features.of([clip.positions for clip in each]))) for each in (clips, queries)
                )
                poses = np.stack([pose_distances(query, gallery, JOINT_COUNT) for query in asked])
                scores += [
                    validation.mean_average_precision(combined_distance(embedding, poses, weight)) for weight in WEIGHTS
                ]
            changes.append(np.subtract(scores, alone))
            table.add_row(validation.name, f"{speed:g}", *(f"{1000 * score:.1f}" for score in (alone, *scores)))
    table.add_section()
    table.add_row("mean change", "", "", *(f"{1000 * change:+.1f}" for change in np.mean(changes, axis=0)))
    table.add_row("worst change", "", "", *(f"{1000 * change:+.1f}" for change in np.min(changes, axis=0)))
    return table


def competing(sets: list[ValidationSet]) -> Table:
    """Table 2."""
    encoder = load_encoder("pose-statistics")
    columns = ["whole only", *(f"windows of clips\nover {ratio:g}x the query" for ratio in RATIOS)]
    table = Table("set", *columns, title="mAP of the embedding, by the rows that compete")
    for validation in sets:
        windows = [cut_windows(item.clip.frame_count, DEFAULT_WINDOWS) for item in validation.items]
        vectors = np.concatenate(
            [encoder.encode_windows(item.clip, cut) for item, cut in zip(validation.items, windows, strict=True)]
        )
        counts = np.array([len(cut) for cut in windows])
        first = np.cumsum(counts) - counts
        lengths = np.concatenate([cut[:, 1] - cut[:, 0] for cut in windows]).astype(np.float64)
        distances = np.maximum(-(encoder.as_queries(vectors[first]) @ vectors.T), 0.0)
        whole = np.zeros(len(lengths), bool)
        whole[first] = True
        mismatch = np.abs(np.log(lengths / lengths[first][:, None]))
        nearest = mismatch <= np.repeat(np.minimum.reduceat(mismatch, first, axis=1), counts, axis=1) + 1e-9
        rows = [whole[None]]
        for ratio in RATIOS:
            longer = np.repeat(lengths[first], counts) > ratio * lengths[first][:, None]
            rows.append(np.where(longer, nearest, whole))
        scores = [
            validation.mean_average_precision(np.minimum.reduceat(np.where(mask, distances, np.inf), first, axis=1))
            for mask in rows
        ]
        table.add_row(validation.name, *(f"{score:.4f}" for score in scores))
    return table


def _path_m(clip: Clip) -> float:
    return float(np.linalg.norm((clip.positions[-1, 0] - clip.positions[0, 0])[[0, 2]]))


def _path_turned(clip: Clip, quarter: int) -> Clip:
    """The same steps, the body carried in another direction, a quarter turn at a time."""
    path = (clip.positions[:, 0] - clip.positions[0, 0])[:, [0, 2]]
    cosine, sine = ((1, 0), (0, 1), (-1, 0), (0, -1))[quarter]
    other = path @ np.array([[cosine, -sine], [sine, cosine]])
    positions = clip.positions.copy()
    positions[:, :, [0, 2]] += (other - path)[:, None]
    return replace(clip, positions=positions)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the folder of real motion capture; else as the tests find it")
    sets = list(validation_sets(mocap_folder(parser.parse_args().data)))
    console = Console(width=190)
    console.print(joined(sets))
    console.print(f"chosen: velocity {VELOCITY_M:g} m, weight {DTW_WEIGHT:g}")
    console.print(competing(sets))


if __name__ == "__main__":
    main()
