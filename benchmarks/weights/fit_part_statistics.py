"""Refits the maps that `part-statistics` ships with: no labels, only motions whose licence allows it.

    python benchmarks/weights/fit_part_statistics.py

reads $MRETRIEVE_MOCAP (or shared/mocap beside this checkout) and writes mretrieve/encoders/weights/. The same data,
seed and versions give the same bytes.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from textwrap import fill

import click
import numpy as np
from fit_pose_statistics import WEIGHTS, Recipe, archive, fit_map, windows_of
from numpy.typing import NDArray

from mretrieve import Clip
from mretrieve.encoders.statistics.part_statistics import LAYOUTS, part_channels, part_features
from mretrieve.motion.augmentation import Augmentation

sys.path.append(str(Path(__file__).parents[1]))
from mocap_sets import mocap_folder, training_clips

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
- **Licence** of this file: CC BY-SA 3.0, as of HDM05 (Müller, Röder, Clausen, Eberhardt, Krüger, Weber: Documentation
  Mocap Database HDM05, Universität Bonn, 2007), from which a part of it is derived. The CMU data came from
  mocap.cs.cmu.edu, created with funding from NSF EIA-0196217.
{made_by}
- **Versions** numpy {numpy}; another version or processor may differ in the last bits, which gives another fingerprint.
- **sha256** `{digest}`, {size} bytes.
- **Accuracy** is printed by `python benchmarks/part_statistics.py`.
"""
MADE_BY = """- **Made by** `python benchmarks/weights/fit_part_statistics.py`: weights of the blocks {weights},
seed {recipe.seed}, dimension {recipe.dimension} of {recipe.basis_dimension},
noise correlation {recipe.noise_correlation}, ridge {recipe.ridge},
{recipe.copies} copies of windows of {recipe.window_frames} frames, augmentation of
`mretrieve/motion/augmentation.py`."""


@click.command()
@click.option(
    "--mocap", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of motion capture."
)
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), default=WEIGHTS, show_default=True)
def main(mocap: Path | None, output: Path) -> None:
    """Fit the maps of part-statistics and write them with their card."""
    clips = [item.clip for item in training_clips(mocap_folder(mocap))]
    weights = fit(clips)
    card = CARD.format(
        count=len(clips),
        made_by=fill(MADE_BY.format(weights=BLOCK_WEIGHTS, recipe=RECIPE), 118, subsequent_indent="  "),
        numpy=np.__version__,
        digest=hashlib.sha256(weights).hexdigest(),
        size=len(weights),
    )
    output.mkdir(parents=True, exist_ok=True)
    (output / "part_statistics.npz").write_bytes(weights)
    (output / "part_statistics.md").write_text(card, encoding="utf-8")
    click.echo(card)


if __name__ == "__main__":
    main()
