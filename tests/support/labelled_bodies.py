"""Labelled clips made by arithmetic, and recipes so small that a run takes a second."""

from __future__ import annotations

from dataclasses import replace

import torch

from mretrieve.encoders.systems.deephums import DeepHumsSettings
from mretrieve.encoders.systems.gru import GruSettings
from mretrieve.encoders.systems.mmd_nca import MmdNcaSettings
from mretrieve.motion import LabelledClip
from mretrieve.training import default_recipe
from mretrieve.training.batches import Sampling
from mretrieve.training.embedding import EmbeddingRecipe
from support.moving_bodies import random_clip

torch.set_num_threads(1)


def labelled_clips(
    classes: int = 4, per_class: int = 4, frames: int = 45, first: int = 0, groups: int = 2
) -> list[LabelledClip]:
    """Pieces of one motion a class; their groups take turns."""
    clips = []
    for number in range(first, first + classes):
        whole = random_clip(number, frames + 11 * per_class)
        for piece in range(per_class):
            clip = whole.cut(11 * piece, 11 * piece + frames - 3 * piece)
            clips.append(LabelledClip(clip, f"class{number}", f"group{piece % groups}", f"{number}_{piece}.bvh"))
    return clips


def small(name: str, updates: int = 6) -> EmbeddingRecipe:
    """The recipe of an encoder with a tiny network and tiny batches."""
    recipe: EmbeddingRecipe = default_recipe(name)
    networks = {
        "mmd-nca": MmdNcaSettings(hidden=8, fully_connected=16, embedding=8),
        "deephums": DeepHumsSettings(layers=2, hidden=16, embedding=16),
        "gru": GruSettings(hidden=8, hops=1, embedding=8),
    }
    sampling = Sampling(per_class=4, others=3, longest=30)
    network = networks[recipe.architecture]
    return replace(recipe, network=network, sampling=sampling, updates=updates, validate_every=2)
