"""Train the weights of the learned encoders that come with mretrieve, and write them with their cards.

    python benchmarks/train_shipped.py [mmd-nca] [deephums] [--mocap DIR] [--output DIR] [--updates N]

Trained on what its licence allows: HDM05 without performer tr (CC BY-SA 3.0) and CMU motion capture (free for all
uses). Nothing is selected on performer tr, whose clips, among each other, give the figures on the card.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
import torch
from mocap_sets import hdm05, mocap_folder, training_clips

from mretrieve.encoders import load_encoder
from mretrieve.encoders.registry import ENCODER_SUFFIX
from mretrieve.motion import LabelledClip
from mretrieve.training import Progress, default_recipe, train
from mretrieve.training.card import data_card, retrieval, save_encoder, training_card

WEIGHTS = Path(__file__).parents[1] / "mretrieve" / "encoders" / "weights"
LICENCE = (
    "CC BY-SA 3.0 (HDM05: Müller, Röder, Clausen, Eberhardt, Krüger, Weber, Universität Bonn 2007) and free for all "
    "uses (CMU Graphics Lab, mocap.cs.cmu.edu, created with funding from NSF EIA-0196217); the weights are CC BY-SA 3.0"
)
FOLDERS = ("hdm05 (performers bd, bk, dg, mm)", "cmu/expmap", "cmu/bvh")
#: The same action under two names in the two sets of CMU.
_SAME = {"walking": "walk", "running": "run", "jumping": "jump", "washwindow": "wash"}
ENCODERS = ("mmd-nca", "deephums")


def labelled(items: Sequence[LabelledClip]) -> list[LabelledClip]:
    """The clips with classes of one name for one action; a class of one clip teaches nothing and loses its label."""
    named = [replace(item, label=_SAME.get(item.label, item.label)) for item in items]
    counts = Counter(item.label for item in named)
    return [item if counts[item.label] > 1 else replace(item, label="") for item in named]


def tell(now: Progress) -> None:
    """A line now and then."""
    if now.update % 50 == 0:
        click.echo(f"update {now.update}, loss {now.loss:.3f}, {now.left_s:.0f} s left")


@click.command(help=__doc__)
@click.argument("encoders", nargs=-1, type=click.Choice(ENCODERS))
@click.option("--mocap", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), default=WEIGHTS)
@click.option("--updates", type=click.IntRange(min=1), help="Else the recipe's own.")
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True)
def main(encoders: tuple[str, ...], mocap: Path | None, output: Path, updates: int | None, threads: int) -> None:
    """Train them one after the other."""
    torch.set_num_threads(threads)
    folder = mocap_folder(mocap)
    clips = labelled(training_clips(folder))
    held_out = [item for item in hdm05(folder) if item.group == "tr"]
    for name in encoders or ENCODERS:
        recipe = default_recipe(name)
        recipe = replace(recipe, updates=updates or recipe.updates, validate_every=50)
        trained = train(recipe, clips, progress=tell)
        command = f"python benchmarks/train_shipped.py {name} --threads {threads}"
        command += f" --updates {updates}" if updates else ""
        data = data_card(FOLDERS, clips, held_out, LICENCE)
        measured = [retrieval(one.name, one, held_out) for one in (trained.encoder, load_encoder())]
        figures = [one for one in measured if one is not None]
        card = training_card(trained, data, command, "cpu", figures)
        save_encoder(output / f"{name.replace('-', '_')}{ENCODER_SUFFIX}", trained.encoder, card)
        click.echo(card.to_markdown())


if __name__ == "__main__":
    main()
