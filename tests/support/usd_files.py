"""Small stages of USD as text, with skeletons and animations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

Floats = NDArray[np.float64]


def _tuples(rows: Floats) -> str:
    return "[" + ", ".join("(" + ", ".join(f"{value:.7g}" for value in row) + ")" for row in rows) + "]"


def _matrices(places: Floats, turns: Rotation) -> str:
    """Transforms of row vectors, as USD has them."""
    matrices = np.tile(np.eye(4), (len(places), 1, 1))
    matrices[:, :3, :3] = turns.as_matrix().transpose(0, 2, 1)
    matrices[:, 3, :3] = places
    return "[" + ", ".join("( " + ", ".join(_tuples(row[None])[1:-1] for row in each) + " )" for each in matrices) + "]"


def animation(name: str, joints: Sequence[str], places: Floats, turns: list[Rotation]) -> str:
    """A SkelAnimation of T time codes from 1 on: places (T, J, 3) and turns, J for each frame."""
    translations = ",\n".join(f"{code}: {_tuples(own)}" for code, own in enumerate(places, start=1))
    rotations = ",\n".join(
        f"{code}: {_tuples(np.roll(own.as_quat(), 1, axis=1))}" for code, own in enumerate(turns, start=1)
    )
    return f"""def SkelAnimation "{name}" {{
        uniform token[] joints = [{", ".join(f'"{joint}"' for joint in joints)}]
        float3[] translations.timeSamples = {{ {translations} }}
        quatf[] rotations.timeSamples = {{ {rotations} }}
        half3[] scales = {_tuples(np.ones((len(joints), 3)))}
    }}
"""


def stage(
    joints: Sequence[str],
    rest_places: Floats,
    rest_turns: Rotation,
    animations: Mapping[str, str],
    *,
    bound: str = "",
    fps: float = 24.0,
    up: str = "Y",
    root: str = "",
) -> str:
    """A stage with a skeleton of these joints (paths) and animations as `animation` writes them.

    Args:
        joints: J paths.
        rest_places: (J, 3) in the parent.
        rest_turns: J, in the parent.
        animations: texts by name.
        bound: the name of the one that the skeleton is bound to.
        fps: time codes a second.
        up: the axis that points up.
        root: properties of the prim around the skeleton.
    """
    bind = f"rel skel:animationSource = </Root/Skeleton/{bound}>" if bound else ""
    return f"""#usda 1.0
(
    startTimeCode = 1
    timeCodesPerSecond = {fps:g}
    metersPerUnit = 0.01
    upAxis = "{up}"
)
def SkelRoot "Root" {{
    {root}
    def Skeleton "Skeleton" (prepend apiSchemas = ["SkelBindingAPI"]) {{
        {bind}
        uniform token[] joints = [{", ".join(f'"{joint}"' for joint in joints)}]
        uniform matrix4d[] restTransforms = {_matrices(rest_places, rest_turns)}
        uniform matrix4d[] bindTransforms = {_matrices(rest_places, rest_turns)}
        {"".join(animations.values())}
    }}
}}
"""
