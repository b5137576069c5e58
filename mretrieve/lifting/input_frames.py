"""What the lifting network looks at: the joints of DETECTED at 15 frames a second, from the hips, on one scale."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..motion.clip import CANONICAL_FPS
from ..motion.detection import DETECTED
from ..motion.skeleton import MIRROR, joint
from ..motion.view import View

#: Two frames of a view are one of the network.
FRAMES_TOGETHER = 2
NETWORK_FPS = CANONICAL_FPS / FRAMES_TOGETHER
_COUNT = len(DETECTED)
#: Channels of a frame: x and y of each joint, whether it is observed, velocity of the hips, whether they are observed.
CHANNEL_COUNT = 3 * _COUNT + 3
_PELVIS = joint("pelvis")

#: Bones that tell how large a body is in the image, and their lengths on the mean body of the training clips, metres.
_MEASURED = np.array(
    [
        *[(joint(f"{side}_hip"), joint(f"{side}_knee")) for side in ("left", "right")],
        *[(joint(f"{side}_knee"), joint(f"{side}_ankle")) for side in ("left", "right")],
        *[(joint(f"{side}_shoulder"), joint(f"{side}_elbow")) for side in ("left", "right")],
        *[(joint(f"{side}_elbow"), joint(f"{side}_wrist")) for side in ("left", "right")],
        (joint("pelvis"), joint("neck")),
    ]
)
_MEASURED_M = np.array([0.395, 0.395, 0.415, 0.415, 0.26, 0.26, 0.24, 0.24, 0.45], np.float32)
#: A bone is longest where it is seen from the side: this quantile of its lengths over time, because noise has longer
#: ones, and this quantile over the bones, because some are never seen from the side.
_LONGEST, _LARGEST = 0.9, 0.75

_SWAPPED = [DETECTED.index(MIRROR[number]) for number in DETECTED]


def input_frames(view: View) -> NDArray[np.float32]:
    """Channels (N, 39) of a view (T frames, N = T / 2 rounded up) that has stand-ins (`detection.with_stand_ins`).

    Positions are in metres of a standard body and velocities in metres a second; both are 0 if not observed.
    """
    points = view.points * np.float32(metres_per_unit(view))
    hips = points[:, _PELVIS]
    joints = list(DETECTED)
    seen = view.observed[:, joints].astype(np.float32)
    shown = (points[:, joints] - hips[:, None]) * seen[..., None]
    both = view.observed[:, _PELVIS].astype(np.float32)
    counts = _summed(seen)
    positions = _summed(shown) / np.maximum(counts, 1.0)[..., None]
    path = _summed(hips) / _summed(np.ones((len(hips), 1), np.float32))
    velocity = np.gradient(path, axis=0) * np.float32(NETWORK_FPS) if len(path) > 1 else np.zeros_like(path)
    known = 0.5 * _summed(both)[:, None]
    return np.concatenate(
        [positions.reshape(len(path), -1), 0.5 * counts, velocity * (known > 0), known], axis=1, dtype=np.float32
    )


def mirrored_frames(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """The channels (N, 39) of the view in a mirror."""
    mirrored = frames.copy()
    positions = frames[:, : 2 * _COUNT].reshape(-1, _COUNT, 2)[:, _SWAPPED] * np.array([-1, 1], np.float32)
    mirrored[:, : 2 * _COUNT] = positions.reshape(len(frames), -1)
    mirrored[:, 2 * _COUNT : 3 * _COUNT] = frames[:, 2 * _COUNT : 3 * _COUNT][:, _SWAPPED]
    mirrored[:, 3 * _COUNT] *= -1
    return mirrored


def metres_per_unit(view: View) -> float:
    """Metres of a standard body per unit of the view, by the longest views of its bones; 1 if no bone is observed."""
    start, end = _MEASURED.T
    bones = view.points[:, end] - view.points[:, start]
    seen = view.observed[:, start] & view.observed[:, end]
    counts = seen.sum(axis=0)
    if not counts.any():
        return 1.0
    lengths = np.where(seen, np.sqrt((bones**2).sum(axis=2)), -1.0)
    lengths.sort(axis=0)
    place = len(lengths) - counts + _LONGEST * np.maximum(counts - 1, 0)
    low = np.minimum(place.astype(int), len(lengths) - 1)
    high = np.minimum(low + 1, len(lengths) - 1)
    bone = np.arange(len(_MEASURED))
    longest = lengths[low, bone] + (place - low) * (lengths[high, bone] - lengths[low, bone])
    ratio = np.quantile((longest / _MEASURED_M)[counts > 0], _LARGEST)
    return float(1 / ratio) if ratio > 1e-6 else 1.0


def _summed(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sums (N, ...) of FRAMES_TOGETHER frames of values (T, ...); the last one is of those that are left."""
    left = -len(values) % FRAMES_TOGETHER
    if left:
        values = np.concatenate([values, np.zeros((left, *values.shape[1:]), np.float32)])
    return np.asarray(values.reshape(-1, FRAMES_TOGETHER, *values.shape[1:]).sum(axis=1))
