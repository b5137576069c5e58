"""Tables as Rokoko Studio writes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Rokoko's joints that are canonical ones.
NAMES = {
    "Hips": "pelvis", "Spine1": "spine1", "Spine2": "spine2", "Spine4": "spine3", "Neck": "neck", "Head": "head",
    **{f"{side.title()}{name}": f"{side}_{joint}" for side in ("left", "right") for name, joint in (
        ("Thigh", "hip"), ("Shin", "knee"), ("Foot", "ankle"), ("Toe", "foot"), ("Shoulder", "collar"),
        ("Arm", "shoulder"), ("ForeArm", "elbow"), ("Hand", "wrist"))},
}  # fmt: skip


def rokoko_csv(
    places: NDArray[np.float64], position: str = "{}_position_{}", step_ms: float = 1000 / 60, delimiter: str = ","
) -> str:
    """A table of places (T, J, 3) of the joints of NAMES in right-handed axes."""
    header, rows = ["Timestamp"], [[f"{step_ms * frame:.3f}"] for frame in range(len(places))]
    for joint, name in enumerate(NAMES):
        header += [position.format(name, axis) for axis in "xyz"] + [f"{name}_rotation_{axis}" for axis in "xyzw"]
        for row, (x, y, z) in zip(rows, places[:, joint], strict=True):
            row += [f"{-x:.6f}", f"{y:.6f}", f"{z:.6f}", "0", "0", "0", "1"]  # left-handed
    return "\n".join(delimiter.join(row) for row in [header, *rows]) + "\n"
