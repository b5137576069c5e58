"""MDDTW: dynamic time warping with a learned Mahalanobis distance of frames (Mei, Liu, Wang, Gao 2016).

The distance of two frames is d^T M d. M is learned from triplets of labelled sequences: x is to be nearer to y, of its
own class, than to z, of another one, by a margin. Along their warping paths the mean distance of two sequences is
tr(M S), with S the mean of d d^T, so a violated triplet has the gradient S_xy - S_xz, and the step that is least in the
LogDet divergence adds it to the inverse of M. The paths are found again, under the M so far, for each triplet.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mretrieve.evaluation.distances import Distances
from mretrieve.kernels.warping import dtw_distances, dtw_path
from mretrieve.motion import Clip, LabelledClip, heading_view
from mretrieve.motion.bones import USED_JOINTS

#: With M scaled so that the mean distance of frames of two clips is 1. Not tuned.
_MARGIN, _RATE = 1.0, 0.03

_Array = NDArray[np.float64]


def flat_poses(clip: Clip) -> _Array:
    """Poses (T, 54) of 18 joints, each frame turned into its own heading, hips at the origin."""
    poses = heading_view(clip.positions, clip.observed)[:, USED_JOINTS]
    return poses.reshape(len(poses), -1).astype(np.float64)


def mahalanobis_distances(clips: Sequence[LabelledClip], triplets: int, seed: int) -> Distances:
    """Root mean squared distances along the warping path, under what is learned from `triplets` of these clips."""
    metric = learned_map([flat_poses(item.clip) for item in clips], [item.label for item in clips], triplets, seed)

    def between(queries: Sequence[Clip], gallery: Sequence[Clip]) -> _Array:
        theirs = [flat_poses(clip) @ metric for clip in gallery]
        lengths = np.array([len(poses) for poses in theirs])
        ours = theirs if queries is gallery else [flat_poses(clip) @ metric for clip in queries]
        return np.stack([np.sqrt(dtw_distances(poses, theirs) / (len(poses) + lengths)) for poses in ours])

    return Distances("mddtw", between, squared=False)


def learned_map(sequences: Sequence[_Array], labels: Sequence[str], triplets: int, seed: int) -> _Array:
    """L (D, D) with M = L L^T: distances of frames (T, D) that are multiplied by it from the right are M's."""
    generator = np.random.default_rng(seed)
    names, classes = np.unique(labels, return_inverse=True)
    frames = np.concatenate(sequences)
    inverse = 2 * frames.var(axis=0).sum() * np.eye(frames.shape[1])  # the mean squared distance of two frames
    factor = _factor(inverse)
    for _ in range(triplets):
        own = generator.integers(len(names))
        x, y = generator.choice(np.flatnonzero(classes == own), 2)
        z = generator.choice(np.flatnonzero(classes != own))
        near, far = (_scatter(sequences[x], sequences[other], factor) for other in (y, z))
        if np.sum(factor @ factor.T * (near - far)) + _MARGIN > 0:
            inverse, factor = _step(inverse, near - far)
    return factor


def _scatter(first: _Array, second: _Array, factor: _Array) -> _Array:
    """S of two sequences, along their path under a map."""
    path, _ = dtw_path(first @ factor, second @ factor)
    apart = first[path[:, 0]] - second[path[:, 1]]
    return np.asarray(apart.T @ apart / len(apart))


def _step(inverse: _Array, gradient: _Array) -> tuple[_Array, _Array]:
    """The inverse of M and its factor after a step that is as long as leaves M positive definite."""
    rate = _RATE
    while True:
        try:
            return inverse + rate * gradient, _factor(inverse + rate * gradient)
        except np.linalg.LinAlgError:
            rate /= 2


def _factor(inverse: _Array) -> _Array:
    return np.asarray(np.linalg.inv(np.linalg.cholesky(inverse)).T)
