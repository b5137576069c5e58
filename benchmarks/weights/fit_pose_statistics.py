"""Refits the maps that `pose-statistics` ships with: no labels, only motions whose licence allows it.

    python benchmarks/weights/fit_pose_statistics.py

reads $MRETRIEVE_MOCAP (or shared/mocap beside this checkout) and writes mretrieve/encoders/weights/. The same data,
seed and versions give the same bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from statistics_maps import Recipe, archive, card_text, fit_command, fit_map, windows_of

from mretrieve import Clip
from mretrieve.encoders.statistics.pose_features import BLOCKS, pose_channels, window_features
from mretrieve.encoders.statistics.pose_statistics import PIECE_FRAMES, PIECE_HOP, PoseStatistics
from mretrieve.evaluation import cross_group, retrieval_scores
from mretrieve.motion.augmentation import Augmentation
from mretrieve.motion.bones import USED_JOINTS

sys.path.append(str(Path(__file__).parents[1]))
from mocap_sets import bandai1, hdm05, training_clips

EVERY_JOINT = np.ones((1, len(USED_JOINTS)), bool)


def features(clips: Sequence[Clip]) -> NDArray[np.float32]:
    """Features (N, 1965) of whole clips."""
    return np.concatenate(
        [window_features(pose_channels(clip), np.array([[0, clip.frame_count]]), EVERY_JOINT) for clip in clips]
    )


def fit(clips: Sequence[Clip], recipe: Recipe) -> bytes:
    """The weights file of the encoder, fitted on clips."""
    generator = np.random.default_rng(recipe.seed)
    augmentation, slight = Augmentation(), Augmentation(shortest_part=0.7, fastest=1.5)
    windows = [part for clip in clips for part in windows_of(clip, recipe.window_frames, recipe.window_frames)]
    pieces = [part for clip in clips for part in windows_of(clip, PIECE_FRAMES, PIECE_HOP)]
    arrays: dict[str, NDArray[np.floating]] = {"piece_share": np.float32(recipe.piece_share)}
    for name, originals, change in (("whole", windows, augmentation), ("piece", pieces, slight)):
        copies = [features([change.draw(clip, generator) for clip in originals]) for _ in range(recipe.copies)]
        fitted = fit_map(features(originals), np.stack(copies, axis=1), tuple(BLOCKS.values()), recipe)
        arrays |= {f"{name}_{key}": value for key, value in fitted.items()}
    return archive(arrays)


CARD = """# pose_statistics.npz

The maps of the encoder `pose-statistics`: two linear maps (whole window, 2-second pieces) with the centres and scales
of the features. No network, no labels.

- **Fitted on** {count} clips: HDM05 cut clips of performers bd, bk, dg, mm (CC BY-SA 3.0; never performer tr), CMU
  Graphics Lab motions as BVH and as exponential-map text (free for all uses). Their labels were used to choose
  settings, never in the fit. No other data: Bandai Namco's sets are for evaluation only.
{licence}
- **Made by** `python benchmarks/weights/fit_pose_statistics.py`, {recipe}, augmentation of
  `mretrieve/motion/augmentation.py`.
{versions}
- **Accuracy** of its distances alone, `python benchmarks/accuracy.py` (cross-group mean average precision / top-1;
  settings were chosen on the training sets, but these figures were inspected during development, so they are not
  blind):
  {figures}.
"""


def figures(weights: bytes, mocap: Path) -> str:
    """Accuracy of the fitted encoder on whole sets, of which nothing but hdm05 without tr was chosen on."""
    encoder = PoseStatistics(weights)
    texts = []
    for name, items in (("hdm05 cross-performer", hdm05(mocap)), ("bandai1 cross-style", bandai1(mocap))):
        vectors = encoder.encode([item.clip for item in items])
        relevant, allowed = cross_group([item.label for item in items], [item.group for item in items])
        scores = retrieval_scores(-(encoder.as_queries(vectors) @ vectors.T), relevant, allowed)
        texts.append(f"{name} {scores.mean_average_precision:.3f} / {scores.top1:.3f}")
    return ", ".join(texts)


def weights_and_card(mocap: Path) -> tuple[bytes, str]:
    """The maps of pose-statistics, and their card."""
    recipe = Recipe()
    clips = [item.clip for item in training_clips(mocap)]
    weights = fit(clips, recipe)
    return weights, card_text(CARD, weights, count=len(clips), recipe=recipe, figures=figures(weights, mocap))


if __name__ == "__main__":
    fit_command("pose_statistics", weights_and_card)()
