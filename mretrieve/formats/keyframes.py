"""Key frames of a node's translation, rotation or scale, and the values between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..motion.rotations import from_quaternions, slerp

#: Rate of animations whose key frames do not lie on a raster (frames per second), the one of canonical motion.
SPARSE_FPS = 30.0
_LOWEST_RASTER_FPS, _HIGHEST_RASTER_FPS = 20.0, 480.0


@dataclass(frozen=True, eq=False)
class Track:
    """One animated property of a node.

    Attributes:
        node: index of the node.
        target: "translation", "rotation" (quaternions x, y, z, w) or "scale".
        times_s: (K,) increasing, seconds.
        values: (K, C); for "CUBICSPLINE" (K, 3, C), each with its tangents.
        interpolation: "LINEAR", "STEP" or "CUBICSPLINE", as in glTF 2.0 (appendix C).
    """

    node: int
    target: str
    times_s: NDArray[np.float64]
    values: NDArray[np.float64]
    interpolation: str = "LINEAR"

    def at(self, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Vectors (T, 3) or rotations (T, 3, 3) at times (T,); outside the key frames those of the nearest one."""
        times_s = np.clip(times_s, self.times_s[0], self.times_s[-1])
        after = np.clip(np.searchsorted(self.times_s, times_s, side="right"), 1, max(len(self.times_s) - 1, 1))
        before = after - 1
        after = np.minimum(after, len(self.times_s) - 1)
        step_s = np.where(after > before, self.times_s[after] - self.times_s[before], 1.0)[:, None]
        share = (times_s - self.times_s[before])[:, None] / step_s
        if self.interpolation == "STEP":
            values = self.values[np.where(share[:, 0] >= 1, after, before)]
        elif self.interpolation == "CUBICSPLINE":
            values = self._cubic(before, after, share, step_s)
        elif self.target == "rotation":
            return slerp(from_quaternions(self.values[before]), from_quaternions(self.values[after]), share)
        else:
            values = (1 - share) * self.values[before] + share * self.values[after]
        return from_quaternions(values) if self.target == "rotation" else values

    def _cubic(
        self,
        before: NDArray[np.intp],
        after: NDArray[np.intp],
        share: NDArray[np.float64],
        step_s: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Cubic Hermite splines (glTF 2.0, appendix C.5)."""
        square, cube = share**2, share**3
        values: NDArray[np.float64] = (
            (2 * cube - 3 * square + 1) * self.values[before, 1]
            + step_s * (cube - 2 * square + share) * self.values[before, 2]
            + (-2 * cube + 3 * square) * self.values[after, 1]
            + step_s * (cube - square) * self.values[after, 0]
        )
        return values


def raster_fps(tracks: Sequence[Track]) -> float:
    """The rate of the key frames (frames per second) if they lie on a raster, else SPARSE_FPS."""
    steps_s = np.concatenate([np.diff(track.times_s) for track in tracks])
    step_s = float(np.quantile(steps_s, 0.1)) if len(steps_s) else 0.0
    if step_s < 0.5 / _HIGHEST_RASTER_FPS:
        return SPARSE_FPS
    fps = 1.0 / step_s
    fps = round(fps) if abs(fps - round(fps)) < 0.005 * fps else fps
    on_raster = np.abs(steps_s * fps - np.round(steps_s * fps)) < 0.05
    is_raster = _LOWEST_RASTER_FPS <= fps <= _HIGHEST_RASTER_FPS and on_raster.mean() > 0.9
    return float(fps) if is_raster else SPARSE_FPS
