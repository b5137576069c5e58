"""Refits the maps that `part-statistics` ships with: no labels, only motions whose licence allows it.

    python benchmarks/weights/fit_part_statistics.py

reads $MRETRIEVE_MOCAP (or shared/mocap beside this checkout) and writes mretrieve/encoders/weights/. The same data,
seed and versions give the same bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from textwrap import fill

import numpy as np
from numpy.typing import NDArray
from statistics_maps import Recipe, archive, card_text, fit_command, fit_map, windows_of

from mretrieve import Clip
from mretrieve.encoders.statistics.part_statistics import LAYOUTS, part_channels, part_features
from mretrieve.motion.augmentation import Augmentation

sys.path.append(str(Path(__file__).parents[1]))
from mocap_sets import training_clips

BLOCK_WEIGHTS = {
    "fourier magnitudes of directions": 1.0,
    "fourier magnitudes of distances": 1.0,
    "quantiles of directions": 0.5,
    "quantiles of distances": 0.5,
    "mean root rates": 1.0,
    "mean absolute root rates": 1.0,
}
RECIPE = Recipe(dimension=32, basis_dimension=64)


def features(clips: Sequence[Clip]) -> dict[str, NDArray[np.float32]]:
    """Features (N, F) of each part of whole clips."""
    described = [part_features(part_channels(clip), np.array([[0, clip.frame_count]])) for clip in clips]
    return {part: np.concatenate([one[part] for one in described]) for part in LAYOUTS}


def fit(clips: Sequence[Clip], recipe: Recipe = RECIPE) -> bytes:
    """The weights file of the encoder, fitted on clips."""
    generator, augmentation = np.random.default_rng(recipe.seed), Augmentation()
    windows = [part for clip in clips for part in windows_of(clip, recipe.window_frames, recipe.window_frames)]
    originals = features(windows)
    copies = [features([augmentation.draw(clip, generator) for clip in windows]) for _ in range(recipe.copies)]
    arrays: dict[str, NDArray[np.floating]] = {}
    for part, layout in LAYOUTS.items():
        own = replace(recipe, block_weights=tuple(BLOCK_WEIGHTS[name] for name in layout.blocks))
        changed = np.stack([copy[part] for copy in copies], axis=1)
        fitted = fit_map(originals[part], changed, tuple(layout.blocks.values()), own)
        arrays |= {f"{part}_{key}": value for key, value in fitted.items()}
    return archive(arrays)


CARD = """# part_statistics.npz

The maps of the encoder `part-statistics`: a linear map for each part of the body, with the centres and scales of its
features. No network, no labels.

- **Fitted on** {count} clips: HDM05 cut clips of performers bd, bk, dg, mm (CC BY-SA 3.0; never performer tr), CMU
  Graphics Lab motions as BVH and as exponential-map text (free for all uses). No label is used in the fit. The kinds of
  features and their weights were chosen on the chimeras of `benchmarks/part_statistics.py`, made of HDM05 with tr. No
  other data: Bandai Namco's sets are for evaluation only.
{licence}
{made_by}
{versions}
- **Accuracy** is printed by `python benchmarks/part_statistics.py`.
"""
MADE_BY = """- **Made by** `python benchmarks/weights/fit_part_statistics.py`: weights of the blocks {weights},
seed {recipe.seed}, dimension {recipe.dimension} of {recipe.basis_dimension},
noise correlation {recipe.noise_correlation}, ridge {recipe.ridge},
{recipe.copies} copies of windows of {recipe.window_frames} frames, augmentation of
`mretrieve/motion/augmentation.py`."""


def weights_and_card(mocap: Path) -> tuple[bytes, str]:
    """The maps of part-statistics, and their card."""
    clips = [item.clip for item in training_clips(mocap)]
    weights = fit(clips)
    made_by = fill(MADE_BY.format(weights=BLOCK_WEIGHTS, recipe=RECIPE), 118, subsequent_indent="  ")
    return weights, card_text(CARD, weights, count=len(clips), made_by=made_by)


if __name__ == "__main__":
    fit_command("part_statistics", weights_and_card)()
