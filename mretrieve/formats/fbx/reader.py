"""Motion in FBX: the takes of a file, sampled at its rate, on the bones that they move.

ufbx reads the file, in a process of its own (`worker`), because it can crash. Bones without an animation are where
their properties put them. The unit is not read: many exporters declare a wrong one.
"""

from __future__ import annotations

from pathlib import Path

from ...motion.motion import Motion
from ..reader import MotionFile, Reader
from ..scene_worker import SceneWorker

#: Time for one file, seconds; ufbx reads some 100 MB/s.
LONGEST_READ_S = 120.0


def read_fbx(file: MotionFile) -> list[Motion]:
    """A motion for each take and each tree of bones that it moves, at the frame rate of the file.

    Raises:
        FormatError: ufbx cannot read the file or crashes, or the file holds no animation of bones.
    """
    conversion = "open it in Blender or MotionBuilder and export the skeleton as BVH or GLB"
    worker = SceneWorker(Path(__file__).with_name("worker.py"), "ufbx", conversion)
    return worker.motions(file, LONGEST_READ_S)


FBX = Reader(
    "fbx",
    ("fbx",),
    lambda head, _: head.startswith((b"Kaydara FBX Binary", b"; FBX")),
    lambda file, _: read_fbx(file),
    modules=("ufbx",),
    extra="formats",
)
