"""Refits the map that `view-statistics` ships with: no labels, only views of motions whose licence allows it.

    python benchmarks/weights/fit_view_statistics.py

reads $MRETRIEVE_MOCAP (or shared/mocap beside this checkout) and writes mretrieve/encoders/weights/. The same data,
seed and versions give the same bytes. `mretrieve evaluate jhmdb` measures the result.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from statistics_maps import Recipe, archive, card_text, fit_command, fit_map

from mretrieve import Clip
from mretrieve.encoders.statistics.view_features import BLOCKS, view_features
from mretrieve.motion.augmentation import Augmentation
from mretrieve.motion.camera import CameraRange, film
from mretrieve.motion.detection import as_detected
from mretrieve.motion.view import View

sys.path.append(str(Path(__file__).parents[1]))
from mocap_sets import training_clips


@dataclass(frozen=True)
class ViewRecipe:
    """Everything that was chosen: by the training clips of JHMDB, of which some ask the others."""

    windows: int = 1500  # for each seed
    shortest_frames: int = 25
    longest_frames: int = 60
    views: int = 4  # of each window
    shortest_part: float = 0.8  # of a window, in a view of it
    fastest: float = 1.3
    slow_weight: float = 1 / 3  # of each block of slow changes, which together weigh as much as any other block
    dimension: int = 192
    basis_dimension: int = 192
    ridge: float = 0.5
    seeds: tuple[int, ...] = (0, 1)


def filmed_windows(clips: Sequence[Clip], recipe: ViewRecipe) -> Iterator[list[View]]:
    """Random windows of clips, each as several views: another body, speed and camera."""
    augmentation, cameras = Augmentation(recipe.shortest_part, recipe.fastest), CameraRange()
    often = np.sqrt(np.clip([clip.frame_count for clip in clips], 30, 300))
    for seed in recipe.seeds:
        generator = np.random.default_rng(seed)
        for _ in range(recipe.windows):
            clip = clips[generator.choice(len(clips), p=often / often.sum())]
            frames = int(generator.integers(recipe.shortest_frames, recipe.longest_frames))
            if clip.frame_count > frames:
                start = int(generator.integers(clip.frame_count - frames + 1))
                clip = clip.cut(start, start + frames)
            yield [
                as_detected(film(augmentation.draw(clip, generator), cameras.draw(generator)))
                for _ in range(recipe.views)
            ]


def fit(windows: Iterable[Sequence[View]], recipe: ViewRecipe) -> bytes:
    """The weights file of the encoder, fitted on several views of each window."""
    features = np.array([[view_features(view) for view in views] for views in windows], np.float32)
    settings = Recipe(
        block_weights=tuple(recipe.slow_weight if name.startswith("slow") else 1.0 for name in BLOCKS),
        dimension=recipe.dimension,
        basis_dimension=recipe.basis_dimension,
        ridge=recipe.ridge,
    )
    fitted = fit_map(features[:, 0], features[:, 1:], tuple(BLOCKS.values()), settings)
    return archive({f"whole_{key}": value for key, value in fitted.items()})


CARD = """# view_statistics.npz

The map of the encoder `view-statistics`: a linear map with the centres and scales of the features. No network, no
labels.

- **Fitted on** views of {count} clips by random cameras: HDM05 cut clips of performers bd, bk, dg, mm (CC BY-SA 3.0;
  never performer tr), CMU Graphics Lab motions as BVH and as exponential-map text (free for all uses). No other data;
  settings were chosen on the labels of the training clips of JHMDB's splits.
{licence}
- **Made by** `python benchmarks/weights/fit_view_statistics.py`, {recipe}.
{versions}
- **Accuracy**: `mretrieve evaluate jhmdb`, docs/research/encoders/skip-pose.md.
"""


def weights_and_card(mocap: Path) -> tuple[bytes, str]:
    """The map of view-statistics, and its card."""
    recipe = ViewRecipe()
    clips = [item.clip for item in training_clips(mocap)]
    weights = fit(filmed_windows(clips, recipe), recipe)
    return weights, card_text(CARD, weights, count=len(clips), recipe=recipe)


if __name__ == "__main__":
    fit_command("view_statistics", weights_and_card)()
