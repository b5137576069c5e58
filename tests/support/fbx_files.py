"""ASCII FBX 7.4 written for tests, from arrays (the layout is that of files exported by Maya)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_TICKS_PER_SECOND = 46186158000


def fbx_text(
    names: Sequence[str],
    parents: Sequence[int],
    offsets: NDArray[np.float64],
    angles_deg: NDArray[np.float64],
    root_path: NDArray[np.float64],
    fps: int = 30,
    take: str = "Take 001",
) -> str:
    """J joints, their Euler angles about X, then Y, then Z (T, J, 3) in degrees, and the path (T, 3) of joint 0.

    Time mode 6 is 30 frames per second (`fps` must be 30), 11 is 24.
    """
    objects, connections = [], ['C: "OO",900001,0']
    curves: list[str] = []
    times = [round(frame * _TICKS_PER_SECOND / fps) for frame in range(len(root_path))]

    def animate(joint: int, target: str, values: NDArray[np.float64]) -> None:
        node = 10_000 + 100 * joint + (50 if target == "Lcl Rotation" else 0)
        kind = "R" if target == "Lcl Rotation" else "T"
        curves.append(f'AnimationCurveNode: {node}, "AnimCurveNode::{kind}", "" {{\n}}')
        connections.append(f'C: "OO",{node},900002')
        connections.append(f'C: "OP",{node},{1000 + joint}, "{target}"')
        for axis, name in enumerate("XYZ"):
            curve = node + 1 + axis
            numbers = ",".join(f"{value:.9g}" for value in values[:, axis])
            curves.append(
                f'AnimationCurve: {curve}, "AnimCurve::", "" {{\nKeyVer: 4008\n'
                f"KeyTime: *{len(times)} {{\na: {','.join(map(str, times))}\n}}\n"
                f"KeyValueFloat: *{len(times)} {{\na: {numbers}\n}}\n"
                "KeyAttrFlags: *1 {\na: 260\n}\nKeyAttrDataFloat: *4 {\na: 0,0,0,0\n}\n"
                f"KeyAttrRefCount: *1 {{\na: {len(times)}\n}}\n}}"
            )
            connections.append(f'C: "OP",{curve},{node}, "d|{name}"')

    for joint, (name, parent, offset) in enumerate(zip(names, parents, offsets, strict=True)):
        place = ",".join(f"{value:.9g}" for value in offset)
        objects.append(f'NodeAttribute: {2000 + joint}, "NodeAttribute::", "LimbNode" {{\nTypeFlags: "Skeleton"\n}}')
        objects.append(
            f'Model: {1000 + joint}, "Model::{name}", "LimbNode" {{\nVersion: 232\nProperties70: {{\n'
            f'P: "Lcl Translation", "Lcl Translation", "", "A",{place}\n}}\n}}'
        )
        connections.append(f'C: "OO",{1000 + joint},{1000 + parent if parent >= 0 else 0}')
        connections.append(f'C: "OO",{2000 + joint},{1000 + joint}')
        animate(joint, "Lcl Rotation", angles_deg[:, joint])
    animate(0, "Lcl Translation", root_path)
    stop = times[-1]
    objects.append(
        f'AnimationStack: 900001, "AnimStack::{take}", "" {{\nProperties70: {{\n'
        f'P: "LocalStop", "KTime", "Time", "",{stop}\nP: "ReferenceStop", "KTime", "Time", "",{stop}\n}}\n}}'
    )
    objects.append('AnimationLayer: 900002, "AnimLayer::BaseLayer", "" {\n}')
    connections.append('C: "OO",900002,900001')
    newline = "\n"
    return (
        "; FBX 7.4.0 project file\nFBXHeaderExtension:  {\nFBXHeaderVersion: 1003\nFBXVersion: 7400\n}\n"
        'GlobalSettings:  {\nVersion: 1000\nProperties70:  {\nP: "UpAxis", "int", "Integer", "",1\n'
        'P: "UpAxisSign", "int", "Integer", "",1\nP: "FrontAxis", "int", "Integer", "",2\n'
        'P: "FrontAxisSign", "int", "Integer", "",1\nP: "CoordAxis", "int", "Integer", "",0\n'
        'P: "CoordAxisSign", "int", "Integer", "",1\nP: "UnitScaleFactor", "double", "Number", "",1\n'
        f'P: "TimeMode", "enum", "", "",{ {30: 6, 24: 11}[fps] }\n}}\n}}\n'
        f"Objects:  {{\n{newline.join(objects + curves)}\n}}\nConnections:  {{\n{newline.join(connections)}\n}}\n"
    )
