"""Points in space from what several calibrated cameras see of them."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CalibratedCamera:
    """A camera of a Qualisys calibration; lens distortion is left out.

    Attributes:
        matrix: (3, 4) from a point in the world, millimetres, Z up, to the image, pixels.
        place_mm: (3,) where it stands.
        rotation: (3, 3) rows: to the right and down in the image, and forwards, in the world.
    """

    matrix: Floats
    place_mm: Floats
    rotation: Floats

    def azimuth_deg(self, target_mm: Floats) -> float:
        """Where it stands about the vertical, seen from a point, from +X towards +Y."""
        offset = self.place_mm - target_mm
        return float(np.degrees(np.arctan2(offset[1], offset[0])))


def read_calibration(path: Path) -> list[CalibratedCamera]:
    """The cameras in a calibration file of Qualisys, in its order; numbers of the image are in 64ths of a pixel."""
    cameras = []
    for camera in ElementTree.parse(path).getroot().iter("camera"):
        transform, lens = (
            {key: float(value) for key, value in camera.find(part).attrib.items()}
            for part in ("transform", "intrinsic")
        )
        rotation = np.diag([1.0, -1.0, -1.0]) @ np.array(
            [[transform[f"r{i}{j}"] for j in (1, 2, 3)] for i in (1, 2, 3)]
        )
        place = np.array([transform[axis] for axis in "xyz"])
        image = np.array(
            [
                [lens["focalLengthU"], 0, lens["centerPointU"]],
                [0, lens["focalLengthV"], lens["centerPointV"]],
                [0, 0, 64.0],
            ]
        )
        matrix = image / 64.0 @ np.column_stack([rotation, -rotation @ place])
        cameras.append(CalibratedCamera(matrix, place, rotation))
    return cameras


def triangulated(cameras: Sequence[CalibratedCamera], points: Sequence[Floats], weights: Sequence[Floats]) -> Floats:
    """Points (T, J, 3), millimetres, from what each camera sees (T, J, 2) weighted by (T, J), by least squares."""
    rows = [
        weight[..., None, None]
        * (seen[..., None] * camera.matrix[2] - np.broadcast_to(camera.matrix[:2], (*seen.shape, 4)))
        for camera, seen, weight in zip(cameras, map(np.nan_to_num, points), weights, strict=True)
    ]
    solutions = np.linalg.svd(np.concatenate(rows, axis=-2))[2][..., -1, :]
    return np.asarray(solutions[..., :3] / solutions[..., 3:])
