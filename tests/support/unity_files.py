"""Clips of Unity as it writes them, with curves of transforms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

Floats = NDArray[np.float64]


def _curve(path: str, times_s: Floats, values: Floats) -> str:
    """A curve through values (K, C); its slopes are differences, so that it is smooth."""
    slopes = np.gradient(values, times_s, axis=0)
    keys = "".join(
        "      - serializedVersion: 3\n"
        f"        time: {time_s:.9g}\n"
        f"        value: {_vector(value)}\n"
        f"        inSlope: {_vector(slope)}\n"
        f"        outSlope: {_vector(slope)}\n"
        "        tangentMode: 0\n"
        for time_s, value, slope in zip(times_s, values, slopes, strict=True)
    )
    return f"  - curve:\n      serializedVersion: 2\n      m_Curve:\n{keys}      m_PreInfinity: 2\n    path: {path}\n"


def _vector(values: Floats) -> str:
    return "{" + ", ".join(f"{name}: {value:.9g}" for name, value in zip("xyzw", values, strict=False)) + "}"


def clip(
    paths: Sequence[str],
    times_s: Floats,
    places: Floats,
    turns: list[Rotation],
    *,
    euler: bool = False,
    fps: float = 60,
) -> str:
    """A clip of transforms: places (T, J, 3) and turns (T), one for each transform, in the axes of Unity."""
    if euler:
        angles = [turn.as_euler("YXZ", degrees=True)[:, [1, 0, 2]] for turn in turns]
        turned = "".join(_curve(path, times_s, own) for path, own in zip(paths, angles, strict=True))
    else:
        turned = "".join(_curve(path, times_s, own.as_quat()) for path, own in zip(paths, turns, strict=True))
    moved = "".join(_curve(path, times_s, places[:, joint]) for joint, path in enumerate(paths))
    return (
        "%YAML 1.1\n%TAG !u! tag:unity3d.com,2011:\n--- !u!74 &7400000\nAnimationClip:\n  m_Name: Walk\n"
        f"  m_RotationCurves:{' []' if euler else ''}\n{'' if euler else turned}"
        f"  m_EulerCurves:{'' if euler else ' []'}\n{turned if euler else ''}"
        f"  m_PositionCurves:\n{moved}  m_ScaleCurves: []\n  m_FloatCurves: []\n  m_SampleRate: {fps:g}\n"
    )
