"""The size of a body in its file's unit, measured on its bones: the only way in which mretrieve finds a unit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..skeleton import joint

#: Metres between joints of a standard adult: the mean body of SMPL, rounded to the centimetre.
STANDARD_METRES: dict[tuple[str, str], float] = {
    ("left_hip", "left_knee"): 0.38,
    ("right_hip", "right_knee"): 0.38,
    ("left_knee", "left_ankle"): 0.41,
    ("right_knee", "right_ankle"): 0.41,
    ("left_shoulder", "left_elbow"): 0.26,
    ("right_shoulder", "right_elbow"): 0.26,
    ("left_elbow", "left_wrist"): 0.26,
    ("right_elbow", "right_wrist"): 0.26,
}
#: Distances over several bones of an upright body, used only if a rig has none of the bones above.
_STANDING_METRES: dict[tuple[str, str], float] = {
    ("pelvis", "neck"): 0.52,
    ("pelvis", "head"): 0.60,
    ("left_hip", "left_ankle"): 0.79,
    ("right_hip", "right_ankle"): 0.79,
    ("pelvis", "left_ankle"): 0.88,
    ("pelvis", "right_ankle"): 0.88,
}
#: A bone this much shorter than it should be, against the body's other bones, is a defect of the rig (zero length).
_LEAST_PROPORTION = 0.2


def metres_per_unit(positions: NDArray[np.floating], mapped: Sequence[int] | NDArray[np.intp]) -> float | None:
    """Metres per unit of finite `positions` (T, 22, 3), for a body of adult size; None if it has no size.

    The rule: standard lengths of thighs, shanks, upper arms and forearms, summed over those that the rig has, divided
    by the sum of their measured lengths (each the median over the frames). Bones of no plausible length are left out.
    """
    positions = np.asarray(positions, np.float64)  # squares of what single precision can hold
    has = {int(index) for index in mapped}
    for table in (STANDARD_METRES, _STANDING_METRES):
        pairs = [(joint(a), joint(b)) for a, b in table]
        present = [number for number, (a, b) in enumerate(pairs) if a in has and b in has]
        if not present:
            continue
        ends = np.array(pairs)[present]
        standard = np.array(list(table.values()))[present]
        bones = positions[:, ends[:, 0]] - positions[:, ends[:, 1]]
        measured = np.median(np.sqrt(np.einsum("tbi,tbi->tb", bones, bones)), axis=0)
        proportion = measured / standard
        usable = proportion > _LEAST_PROPORTION * proportion.max()
        if usable.any():
            return float(standard[usable].sum() / measured[usable].sum())
    return None
