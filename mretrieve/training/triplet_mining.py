"""Adaptive mining of triplets of frames by the similarity of their poses (Liu et al. 2021, section 3.3, figure 4)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Upper end of the positive range of the primary similarity, which is 0 for the anchor and 1 for its farthest frame.
POSITIVE = 0.1
#: Negative range at the start of a training, easy, and at its end, semi-hard.
EASY, SEMI_HARD = (0.5, 1.0), (0.2, 0.6)
#: In clips in which the body moves less than this, metres a joint, no frame is another one's negative.
_STILL_M = 0.02
#: Frames that are positives and negatives by time alone.
_NEAR_FRAMES, _FAR_FRAMES = 2, 15


def primary_similarities(poses: NDArray[np.floating]) -> NDArray[np.float64]:
    """Mean distance of the joints of normalised poses (N, J, 3) from each other, each row divided by its largest."""
    distances = _distances(poses)
    return np.asarray(distances / np.maximum(distances.max(axis=1, keepdims=True), 1e-9))


def negative_range(progress: float) -> tuple[float, float]:
    """The range of the primary similarity in which negatives lie, by how much of the training is done."""
    low, high = ((1 - progress) * easy + progress * hard for easy, hard in zip(EASY, SEMI_HARD, strict=True))
    return low, high


def mined_triplets(
    poses: NDArray[np.floating], count: int, progress: float, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Random frames (count, 3) of a clip: anchor, positive, negative; thrice the anchor if there is no such triplet.

    Args:
        poses: (N, J, 3) normalised.
        count: number of triplets.
        progress: of the training, from 0 to 1.
        generator: draws.
    """
    moving = _distances(poses).max(axis=1) > _STILL_M
    similarities = primary_similarities(poses)
    low, high = negative_range(progress)
    return _drawn(
        similarities <= POSITIVE, (similarities >= low) & (similarities <= high) & moving[:, None], count, generator
    )


def timed_triplets(frame_count: int, count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Random frames (count, 3): a positive is next to its anchor in time, a negative a second away or more."""
    apart = np.abs(np.subtract.outer(np.arange(frame_count), np.arange(frame_count)))
    return _drawn(apart <= _NEAR_FRAMES, apart >= _FAR_FRAMES, count, generator)


def _drawn(
    positive: NDArray[np.bool_], negative: NDArray[np.bool_], count: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    anchors = generator.integers(len(positive), size=count)
    chances = generator.random((2, count, len(positive)))
    chosen = np.where(np.stack([positive[anchors], negative[anchors]]), chances, -1.0).argmax(axis=2)
    triplets = np.stack([anchors, *chosen], axis=1)
    triplets[~negative[anchors].any(axis=1)] = anchors[~negative[anchors].any(axis=1), None]
    return triplets


def _distances(poses: NDArray[np.floating]) -> NDArray[np.float64]:
    """Mean distance of the joints (N, N) of poses (N, J, 3)."""
    offsets = poses[:, None].astype(np.float32) - poses[None].astype(np.float32)
    return np.asarray(np.sqrt(np.einsum("abjc,abjc->abj", offsets, offsets)).mean(axis=2), np.float64)
