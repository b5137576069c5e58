"""Motion in FBX: the takes of a file, sampled at its rate, on the bones that they move.

ufbx reads the file, in a process of its own (`worker`), because it can crash. Bones without an animation are where
their properties put them. The unit is not read: many exporters declare a wrong one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import FormatError
from ...motion.motion import Motion
from ..keyframes import SPARSE_FPS, Track
from ..numpy_file import load_arrays
from ..reader import MotionFile, Reader
from ..scene import Scene, depth_first

#: Time for one file, seconds; ufbx reads some 100 MB/s.
LONGEST_READ_S = 120.0
_LARGEST_FILE = 1 << 30
_UP = ("+X", "-X", "+Y", "-Y", "+Z", "-Z")
_CONVERT = "open it in Blender or MotionBuilder and export the skeleton as BVH or GLB"


def read_fbx(file: MotionFile) -> list[Motion]:
    """A motion for each take and each tree of bones that it moves, at the frame rate of the file.

    Raises:
        FormatError: ufbx cannot read the file or crashes, or the file holds no animation of bones.
    """
    arrays = _read_in_worker(file)
    document = json.loads(str(arrays["document"]))
    up = document["up"]
    order = depth_first(arrays["parents"].tolist())
    place_of = {node: place for place, node in enumerate(order)}
    scene = Scene(
        file.path,
        tuple(document["names"][node] for node in order),
        np.array([place_of.get(parent, -1) for parent in arrays["parents"][order].tolist()], np.int32),
        arrays["translations"][order],
        arrays["rotations"][order],
        arrays["scales"][order],
        arrays["is_joint"][order],
        arrays["has_shape"][order],
        declared_up=_UP[up] if up < len(_UP) else None,
    )
    takes = [
        (take["name"], [replace(track, node=place_of[track.node]) for track in _tracks(arrays, number)])
        for number, take in enumerate(document["takes"])
    ]
    joints = scene.joints([track for _, tracks in takes for track in tracks])
    motions: list[Motion] = []
    for name, tracks in takes:
        if tracks:
            motions += scene.motions(joints, tracks, document["fps"] or SPARSE_FPS, name if len(takes) > 1 else "")
    if not motions:
        raise FormatError(f"{file.path}: holds no animation of bones; export the motion with the skeleton")
    return motions


def _tracks(arrays: dict[str, NDArray[Any]], take: int) -> list[Track]:
    tracks = []
    for target in ("translation", "rotation", "scale"):
        rows = arrays.get(f"{target}-{take}", np.zeros((0, 6)))
        starts = np.flatnonzero(np.diff(rows[:, 0], prepend=-1.0))
        for own in np.split(rows, starts[1:]) if len(rows) else ():
            is_new = np.diff(own[:, 1], prepend=-np.inf) > 0  # a step is two key frames at one time
            if np.isfinite(own).all():
                tracks.append(Track(int(own[0, 0]), target, own[is_new, 1], own[is_new, 2:]))
    return tracks


def _read_in_worker(file: MotionFile) -> dict[str, NDArray[Any]]:
    if file.size_bytes > _LARGEST_FILE:
        raise FormatError(f"{file.path}: {file.size_bytes >> 20} MiB; export the skeleton without its meshes")
    worker = Path(__file__).with_name("worker.py")
    try:
        done = subprocess.run(
            [sys.executable, "-P", str(worker)], input=file.read_bytes(), capture_output=True, timeout=LONGEST_READ_S
        )
    except subprocess.TimeoutExpired:
        raise FormatError(f"{file.path}: not read after {LONGEST_READ_S:g} s; {_CONVERT}") from None
    if done.returncode == 1:
        reason = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise FormatError(
            f"{file.path}: ufbx cannot read it ({reason[-1] if reason else 'no reason given'}); {_CONVERT}"
        )
    if done.returncode:
        raise FormatError(f"{file.path}: ufbx crashed on it; {_CONVERT}")
    return load_arrays(MotionFile(file.path, done.stdout))


FBX = Reader(
    "fbx",
    ("fbx",),
    lambda head, _: head.startswith((b"Kaydara FBX Binary", b"; FBX")),
    lambda file, _: read_fbx(file),
    modules=("ufbx",),
    extra="formats",
)
