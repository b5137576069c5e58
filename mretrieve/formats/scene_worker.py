"""Scenes that a library reads in a process of its own, because it can crash or take any amount of memory and time.

The program of the process writes an .npz archive to standard output: `parents`, `translations`, `rotations`,
`scales`, `is_joint` and `has_shape` of N nodes as in `Scene`, in any order; `document`, JSON with `names`, `fps` (0
for none), `up` (0 to 5 for +X, -X, +Y ... -Z) and `takes`, each with a `name`; and for each take and property a table
such as `rotation-0` with a row a key frame: node, seconds, values. It ends with 1 and a reason in one line on standard
error if it cannot read the file.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..motion.motion import Motion
from .keyframes import SPARSE_FPS, Track
from .numpy_file import load_arrays
from .reader import MotionFile
from .scene import Scene, depth_first

_LARGEST_FILE = 1 << 30
_UP = ("+X", "-X", "+Y", "-Y", "+Z", "-Z")


@dataclass(frozen=True)
class SceneWorker:
    """A program that reads scenes.

    Attributes:
        program: the file of the program.
        library: its name in messages.
        conversion: what the user can do with a file that it does not read.
    """

    program: Path
    library: str
    conversion: str

    def motions(self, file: MotionFile, longest_s: float, arguments: Sequence[str] = ()) -> list[Motion]:
        """A motion for each take and each tree of joints that it moves, at the frame rate of the file.

        Args:
            file: its bytes are the program's standard input.
            longest_s: seconds that the program may take.
            arguments: of the program.

        Raises:
            FormatError: the library cannot read the file or crashes, or the file holds no animation of joints.
        """
        arrays = self._run(file, longest_s, arguments)
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
        found: list[Motion] = []
        for name, tracks in takes:
            if tracks:
                found += scene.motions(joints, tracks, document["fps"] or SPARSE_FPS, name if len(takes) > 1 else "")
        if not found:
            raise FormatError(f"{file.path}: holds no animation of bones; export the motion with the skeleton")
        return found

    def _run(self, file: MotionFile, longest_s: float, arguments: Sequence[str]) -> dict[str, NDArray[Any]]:
        if file.size_bytes > _LARGEST_FILE:
            raise FormatError(f"{file.path}: {file.size_bytes >> 20} MiB; export the skeleton without its meshes")
        command = [sys.executable, "-P", str(self.program), *arguments]
        try:
            done = subprocess.run(command, input=file.read_bytes(), capture_output=True, timeout=longest_s)
        except subprocess.TimeoutExpired:
            raise FormatError(f"{file.path}: not read after {longest_s:g} s; {self.conversion}") from None
        if done.returncode == 1:
            reason = done.stderr.decode("utf-8", "replace").strip().splitlines()
            said = reason[-1] if reason else "no reason given"
            raise FormatError(f"{file.path}: {self.library} cannot read it ({said}); {self.conversion}")
        if done.returncode:
            raise FormatError(f"{file.path}: {self.library} crashed on it; {self.conversion}")
        return load_arrays(MotionFile(file.path, done.stdout))


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
