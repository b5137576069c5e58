"""Train `normalized-pose` and write its weights with their card.

    python benchmarks/weights/train_normalized_pose.py [--mocap DIR] [--output FILE] [--updates N] [--seed N]
                                                       [--part-minutes N] [--resume]

Trained on the clips that the lifting network is trained on, and from its weights. The weights of the last update are
kept. How good they are: `mretrieve evaluate dense-correspondence` and `anthropometry`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click
from train_lifting import FOLDERS, LICENCE, mocap_folder, training_clips
from training_in_parts import checkpoint_of, train_in_parts

from mretrieve.encoders.catalogue import WEIGHTS
from mretrieve.encoders.systems.normalized_pose import ARCHITECTURE
from mretrieve.training.card import data_card, save_encoder, training_card
from mretrieve.training.systems.normalized_pose import RECIPES, NormalizedPoseTask

_RECIPE = RECIPES[ARCHITECTURE]
_WEIGHTS = WEIGHTS / "normalized_pose.safetensors"
_COMMAND = "python benchmarks/weights/train_normalized_pose.py --updates {} --seed {} --threads {}"


@click.command(help=__doc__)
@click.option("--mocap", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), default=_WEIGHTS)
@click.option("--updates", type=click.IntRange(min=1), default=_RECIPE.updates, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--part-minutes", type=click.FloatRange(min=0, min_open=True), help="Stop then, to be resumed.")
@click.option("--resume", is_flag=True, help="Continue from the checkpoint beside the output.")
def main(
    mocap: Path | None,
    output: Path,
    updates: int,
    seed: int,
    threads: int,
    part_minutes: float | None,
    resume: bool,
) -> None:
    """Train, or train a part."""
    clips = training_clips(mocap_folder(mocap))
    recipe = replace(_RECIPE, updates=updates)
    trained = train_in_parts(
        lambda: NormalizedPoseTask(recipe, clips),
        output,
        seed,
        threads,
        part_minutes,
        resume,
    )
    data = data_card(FOLDERS, clips, (), LICENCE)
    card = training_card(trained, data, _COMMAND.format(updates, seed, threads))
    output.parent.mkdir(exist_ok=True)
    save_encoder(output, trained.encoder, card)
    checkpoint_of(output).unlink(missing_ok=True)
    click.echo(card.to_markdown())


if __name__ == "__main__":
    main()
