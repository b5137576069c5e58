"""Ablations of `body-part-embedding` on the protocol `part-agreement`, and how long algorithm 1 takes.

    python benchmarks/part_embedding.py [--mocap DIR] [--seeds N] [--updates N] [--only NAME]... [--checkpoints DIR]
                                        [--speed]

Trained on the protocol's training split and measured on its test split, as `mretrieve evaluate part-agreement` does.
`--speed` trains nothing: two views of 5,040 frames (3.5 minutes at 24 frames a second, section V-D of Park et al. 2021)
are compared with the shipped weights.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from mocap_sets import mocap_folder

from mretrieve.encoders.part_similarity import part_similarity
from mretrieve.encoders.systems.body_part_embedding import BodyPartEncoder
from mretrieve.evaluation.part_agreement import part_clips, part_tables
from mretrieve.evaluation.tables import tables_markdown
from mretrieve.motion.camera import Camera, film
from mretrieve.motion.clip import Clip
from mretrieve.motion.detection import as_detected
from mretrieve.motion.view import View
from mretrieve.training import default_recipe, train

#: Changes of the recipe. With triplets and reconstruction every term of the paper's loss is there (table 3).
VARIANTS: dict[str, dict[str, Any]] = {
    "body-part-embedding": {},
    "triplets in place of the variation loss": {"loss.alpha": 0.0, "loss.triplets": 1.0},
    "with triplets": {"loss.triplets": 1.0},
    "with triplets and reconstruction": {"loss.triplets": 1.0, "loss.reconstruction": 1.0},
    "limbs without the torso": {"network.context": False},
    "limbs never borrowed": {"variations.borrowed": 0.0},
}
_LONG_FRAMES = 5040


def long_view(mocap: Path, azimuth_deg: float) -> View:
    """5,040 frames: held-out clips one after the other."""
    clips = [item.clip for item in part_clips(mocap).test]
    positions = np.concatenate([clip.positions for clip in clips])[:_LONG_FRAMES]
    clip = Clip(positions, np.ones(positions.shape[:2], bool))
    return as_detected(film(clip, Camera(azimuth_deg=azimuth_deg)))


def measure_speed(mocap: Path) -> None:
    """Print the median of nine runs after a first one: by the clock, and CPU time, which hardly depends on the load."""
    first, second = long_view(mocap, 0.0), long_view(mocap, 60.0)
    for flip in (False, True):
        part_similarity(first, second, flip=flip)
        runs = []
        for _ in range(9):
            started = time.perf_counter(), time.process_time()
            part_similarity(first, second, flip=flip)
            runs.append((time.perf_counter() - started[0], time.process_time() - started[1]))
        passed, worked = np.median(runs, axis=0)
        way = "with" if flip else "without"
        click.echo(
            f"{_LONG_FRAMES} frames each, {way} body flip, {torch.get_num_threads()} thread(s): {passed:.2f} s, "
            f"{worked:.2f} s of CPU time"
        )


@click.command(help=__doc__)
@click.option("--mocap", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--seeds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--updates", type=click.IntRange(min=1), help="Else the recipe's own.")
@click.option("--only", multiple=True, type=click.Choice(list(VARIANTS)))
@click.option(
    "--checkpoints",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the states of the trainings there, and continue from those that exist.",
)
@click.option("--speed", is_flag=True)
@click.option("--threads", type=click.IntRange(min=1), default=2, show_default=True)
def main(
    mocap: Path | None,
    seeds: int,
    updates: int | None,
    only: tuple[str, ...],
    checkpoints: Path | None,
    speed: bool,
    threads: int,
) -> None:
    """Train every variant with every seed, and print the tables."""
    torch.set_num_threads(threads)
    folder = mocap_folder(mocap)
    if speed:
        measure_speed(folder)
        return
    clips = part_clips(folder)
    recipe = default_recipe("body-part-embedding")
    recipe = replace(recipe, updates=updates or recipe.updates)
    networks: dict[str, list[BodyPartEncoder]] = {}
    if checkpoints:
        checkpoints.mkdir(parents=True, exist_ok=True)
    for name in only or VARIANTS:
        changed = recipe.with_changes(VARIANTS[name])
        networks[name] = []
        for seed in range(seeds):
            checkpoint = checkpoints / f"{name} {seed}.ckpt" if checkpoints else None
            trained = train(changed, clips.train, seed=seed, checkpoint=checkpoint, resume=checkpoint is not None)
            networks[name].append(trained.encoder)
        click.echo(f"{name}: trained", err=True)
    click.echo(tables_markdown("part-agreement", part_tables(clips.test, networks)))


if __name__ == "__main__":
    main()
