"""The accuracy table: how well an encoder's distances alone rank real motion capture, clean and disturbed.

    python benchmarks/accuracy.py [--encoder NAME]

Cross-group: query and answers are never of the same performer (hdm05) or style (bandai1). Every clip is a query; means
over the queries that have a right answer. "baseline" is what one would write in an afternoon: mean, standard deviation
and mean absolute velocity of the heading-normalised joints and the root's velocity, Euclidean. The whole pipeline is
measured by benchmarks/retrieval.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from mocap_sets import bandai1, cmu_asfamc, cmu_bvh, hdm05, mocap_folder
from numpy.typing import NDArray

from mretrieve import Clip
from mretrieve.encoders import DEFAULT_ENCODER, load_encoder
from mretrieve.evaluation import cross_group, encoder_distances, false_positive_rates, retrieval_scores
from mretrieve.evaluation.task import drop_joints
from mretrieve.motion import CANONICAL_FPS, LabelledClip
from mretrieve.motion.augmentation import change_speed
from mretrieve.motion.body_view import body_view

Distances = Callable[[Sequence[Clip], Sequence[Clip]], NDArray[np.float64]]  # queries (Q), gallery (G) -> (Q, G)


@dataclass(frozen=True)
class Perturbation:
    """What is done to the clips of one side before they are compared."""

    name: str
    change: Callable[[Clip, np.random.Generator], Clip]
    of_gallery: bool = False


PERTURBATIONS = (
    Perturbation("clean", lambda clip, _: clip),
    Perturbation("query lacks 20 % of the joints", drop_joints),
    Perturbation("gallery lacks 20 % of the joints", drop_joints, of_gallery=True),
    Perturbation("query at half speed", lambda clip, _: change_speed(clip, 0.5)),
    Perturbation("query at double speed", lambda clip, _: change_speed(clip, 2.0)),
)


def baseline_distances(queries: Sequence[Clip], gallery: Sequence[Clip]) -> NDArray[np.float64]:
    """Euclidean distances of means, deviations and mean speeds of all joint coordinates, and of the root's rates."""

    def described(clip: Clip) -> NDArray[np.floating]:
        view = body_view(clip.positions, clip.observed)
        poses = view.positions.reshape(clip.frame_count, -1)
        change = np.gradient(poses, axis=0) * CANONICAL_FPS if len(poses) > 1 else np.zeros_like(poses)
        root = view.velocity()
        return np.concatenate([poses.mean(0), poses.std(0), np.abs(change).mean(0), root.mean(0), np.abs(root).mean(0)])

    ours, theirs = (np.stack([described(clip) for clip in clips]) for clips in (queries, gallery))
    return np.asarray(np.linalg.norm(ours[:, None] - theirs[None], axis=2))


def print_scores(
    title: str, items: Sequence[LabelledClip], distances: Distances, perturbations: Sequence[Perturbation]
) -> None:
    """One row a disturbance."""
    relevant, allowed = cross_group([item.label for item in items], [item.group for item in items])
    clips = [item.clip for item in items]
    for disturbance in perturbations:
        generator = np.random.default_rng(0)
        changed = [disturbance.change(clip, generator) for clip in clips]
        table = distances(clips, changed) if disturbance.of_gallery else distances(changed, clips)
        scores = retrieval_scores(table, relevant, allowed)
        rates = " / ".join(f"{100 * rate:.1f}" for rate in false_positive_rates(table, relevant, allowed))
        click.echo(
            f"| {title} | {disturbance.name} | {scores.mean_average_precision:.3f} | {scores.top1:.3f} | "
            f"{scores.precision_at_k:.3f} | {rates} |"
        )


def twins_found(mocap: Path, distances: Distances) -> tuple[int, int]:
    """How many clips of cmu/asfamc find the same performance on the rig of cmu/bvh first, and how many there are."""
    queries, gallery = cmu_asfamc(mocap), cmu_bvh(mocap)
    table = distances([item.clip for item in queries], [item.clip for item in gallery])
    found = sum(Path(gallery[row.argmin()].path).stem == item.group for item, row in zip(queries, table, strict=True))
    return found, len(queries)


@click.command()
@click.option(
    "--mocap", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of motion capture."
)
@click.option("--encoder", "name", default=DEFAULT_ENCODER, show_default=True, help="Which encoder.")
def main(mocap: Path | None, name: str) -> None:
    """Print the accuracy table of an encoder."""
    folder = mocap_folder(mocap)
    distances = encoder_distances(load_encoder(name)).between
    click.echo("| set | queries | mAP | top-1 | P@10 | FPR at 90 / 80 / 70 % TPR |\n|---|---|---|---|---|---|")
    for title, items in (("hdm05, cross-performer", hdm05(folder)), ("bandai1, cross-style", bandai1(folder))):
        print_scores(f"{title}: {name}", items, distances, PERTURBATIONS)
        print_scores(f"{title}: baseline", items, baseline_distances, PERTURBATIONS[:1])
    click.echo(
        "\ncmu/asfamc clips that find their twin in cmu/bvh first: {} of {}".format(*twins_found(folder, distances))
    )


if __name__ == "__main__":
    main()
