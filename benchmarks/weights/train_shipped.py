"""Train the weights of the learned encoders and mappers that come with mretrieve, and write them with their cards.

    python benchmarks/weights/train_shipped.py [mmd-nca] [deephums] [submotion-deephums] [body-part-embedding]
                                       [skip-pose] [--mocap DIR] [--output DIR] [--updates N] [--checkpoint FILE]

Trained on what its licence allows: HDM05 without performer tr (CC BY-SA 3.0) and CMU motion capture (free for all
uses). Nothing is selected on performer tr, whose clips, among each other, give the figures on the card.
body-part-embedding is trained on the training split of the protocol `part-agreement`, whose figures on unseen clips
are on its card.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import torch

from mretrieve.encoders import load_encoder
from mretrieve.encoders.encoder import Stored
from mretrieve.encoders.learned import LearnedEncoder
from mretrieve.encoders.registry import ENCODER_SUFFIX
from mretrieve.encoders.systems.body_part_embedding import ARCHITECTURE as BODY_PARTS
from mretrieve.encoders.systems.body_part_embedding import BodyPartEncoder
from mretrieve.encoders.systems.submotion import ARCHITECTURE, SubmotionMapper
from mretrieve.evaluation.part_agreement import part_clips, part_tables
from mretrieve.evaluation.tables import tables_markdown
from mretrieve.motion import LabelledClip
from mretrieve.training import Trained, TrainingProgress, default_recipe, train
from mretrieve.training.card import Card, data_card, retrieval, save_encoder, training_card
from mretrieve.training.systems.submotion import submotion_report

sys.path.append(str(Path(__file__).parents[1]))
from mocap_sets import LICENCE, hdm05, mocap_folder, training_clips

WEIGHTS = Path(__file__).parents[2] / "mretrieve" / "encoders" / "weights"
FOLDERS = ("hdm05 (performers bd, bk, dg, mm)", "cmu/expmap", "cmu/bvh")
#: The same action under two names in the two sets of CMU.
_SAME = {"walking": "walk", "running": "run", "jumping": "jump", "washwindow": "wash"}
ENCODERS = ("mmd-nca", "deephums")
PARTS_FOLDERS = ("hdm05 (performers bd, bk, dg)", "cmu/expmap and cmu/bvh (every second file)")
#: Sub-motion mappings by the encoder that they map into, which is trained before. None over pose-statistics: pieces of
#: takes that it was not trained on find them no better than by their own vectors (`benchmarks/submotion.py`).
MAPPERS = {f"{ARCHITECTURE}-deephums": "deephums"}
#: Encoders of views, which are measured by protocols of their own.
OF_VIEWS = ("skip-pose",)


def labelled(items: Sequence[LabelledClip]) -> list[LabelledClip]:
    """The clips with classes of one name for one action; a class of one clip teaches nothing and loses its label."""
    named = [replace(item, label=_SAME.get(item.label, item.label)) for item in items]
    counts = Counter(item.label for item in named)
    return [item if counts[item.label] > 1 else replace(item, label="") for item in named]


def echo_progress(now: TrainingProgress) -> None:
    """Print a line every 50 updates."""
    if now.update % 50 == 0:
        click.echo(f"update {now.update}, loss {now.loss:.3f}, {now.left_s:.0f} s left")


def train_encoder(
    name: str, clips: Sequence[LabelledClip], held_out: Sequence[LabelledClip], updates: int | None
) -> tuple[Trained[LearnedEncoder], dict[str, Any]]:
    """An encoder, and what its card says of performer tr."""
    recipe = default_recipe(name)
    recipe = replace(recipe, updates=updates or recipe.updates, validate_every=50)
    trained = train(recipe, clips, progress=echo_progress)
    measured = [retrieval(one.name, one, held_out) for one in (trained.encoder, load_encoder())]
    return trained, {"held_out": tuple(one for one in measured if one is not None)}


def train_parts(
    mocap: Path, updates: int | None, seed: int, command: str, checkpoint: Path | None
) -> tuple[BodyPartEncoder, Card]:
    """Body part embeddings, with the agreement of their similarities with known differences."""
    clips = part_clips(mocap)
    recipe = default_recipe(BODY_PARTS)
    recipe = replace(recipe, updates=updates or recipe.updates, validate_every=50)
    trained: Trained[BodyPartEncoder] = train(
        recipe, clips.train, seed=seed, progress=echo_progress, checkpoint=checkpoint, resume=checkpoint is not None
    )
    tables = part_tables(clips.test, {BODY_PARTS: [trained.encoder]})
    report = tables_markdown("part-agreement", tables).splitlines()
    data = data_card(PARTS_FOLDERS, clips.train, clips.test, LICENCE)
    return trained.encoder, training_card(trained, data, command, report=("\n".join(report[2:]),))


def train_mapper(
    over: str, clips: Sequence[LabelledClip], held_out: Sequence[LabelledClip], updates: int | None
) -> tuple[Trained[SubmotionMapper], dict[str, Any]]:
    """A sub-motion mapping, and what its card says of pieces of clips that were trained on and of performer tr's."""
    recipe = default_recipe(ARCHITECTURE)
    recipe = replace(recipe, over=over, updates=updates or recipe.updates, validate_every=50)
    trained = train(recipe, clips, progress=echo_progress)
    return trained, {"report": submotion_report(load_encoder(over), trained.encoder, clips, held_out)}


def train_on_views(
    name: str, clips: Sequence[LabelledClip], updates: int | None
) -> tuple[Trained[Any], dict[str, Any]]:
    """An encoder of views, trained on what random cameras see of the clips."""
    recipe = default_recipe(name)
    recipe = replace(recipe, updates=updates or recipe.updates, validate_every=50)
    return train(recipe, clips, progress=echo_progress), {}


@click.command(help=__doc__)
@click.argument("names", nargs=-1, type=click.Choice([*ENCODERS, *MAPPERS, BODY_PARTS, *OF_VIEWS]))
@click.option("--mocap", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), default=WEIGHTS)
@click.option("--updates", type=click.IntRange(min=1), help="Else the recipe's own.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of body-part-embedding.")
@click.option(
    "--checkpoint",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the state of the training of body-part-embedding there, and continue from it if it exists.",
)
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True)
def main(
    names: tuple[str, ...],
    mocap: Path | None,
    output: Path,
    updates: int | None,
    seed: int,
    checkpoint: Path | None,
    threads: int,
) -> None:
    """Train them one after the other."""
    torch.set_num_threads(threads)
    folder = mocap_folder(mocap)
    clips = labelled(training_clips(folder))
    held_out = [item for item in hdm05(folder) if item.group == "tr"]
    for name in names or (*ENCODERS, *MAPPERS, BODY_PARTS, *OF_VIEWS):
        command = f"python benchmarks/weights/train_shipped.py {name} --threads {threads}"
        command += f" --updates {updates}" if updates else ""
        trained: Trained[Any]
        if name == BODY_PARTS:
            command += f" --seed {seed}" if seed else ""
            encoder, card = train_parts(folder, updates, seed, command, checkpoint)
            _save(output, name, encoder, card)
            continue
        if name in MAPPERS:
            trained, said = train_mapper(MAPPERS[name], clips, held_out, updates)
        elif name in OF_VIEWS:
            trained, said = train_on_views(name, clips, updates)
        else:
            trained, said = train_encoder(name, clips, held_out, updates)
        data = data_card(FOLDERS, clips, held_out, LICENCE)
        _save(output, name, trained.encoder, training_card(trained, data, command, **said))


def _save(output: Path, name: str, encoder: Stored, card: Card) -> None:
    save_encoder(output / f"{name.replace('-', '_')}{ENCODER_SUFFIX}", encoder, card)
    click.echo(card.to_markdown())


if __name__ == "__main__":
    main()
