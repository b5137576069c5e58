"""BVH files of the demo's performers: any kind of motion, at any rate, on the rigs of several tools."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mretrieve.demo import MotionRecipe
from mretrieve.demo.retarget import retarget
from mretrieve.demo.rigs import BIPED, MIXAMO, NUMBERED, UNREAL, RigTemplate
from mretrieve.demo.synthesis import perform_whole
from mretrieve.formats import MotionFile, ReadingOptions, read_file
from mretrieve.formats.bvh_writer import bvh_text
from mretrieve.motion import Motion, Rig

Floats = NDArray[np.float64]

TEMPLATES = {"mixamo": MIXAMO, "unreal": UNREAL, "numbered": NUMBERED, "biped": BIPED}


def performed(kind: str, fps: float, template: RigTemplate = MIXAMO, style: str = "energetic") -> tuple[Rig, Floats]:
    """A rig and its channels (T, C), from standing to standing; radians and the template's unit."""
    performance, _ = perform_whole(MotionRecipe(kind, style, seed=7), max(fps, 10.0))
    rig, channels = retarget(performance, template)
    return rig, channels[:: round(max(fps, 10.0) / fps)]


def t_pose(template: RigTemplate) -> Floats:
    """Channels (1, C) that put the rig into T-pose, with the root at the origin."""
    performance, _ = perform_whole(MotionRecipe("bow", seed=7), 10.0)
    unturned = np.tile(np.eye(3), (1, 22, 1, 1))
    return retarget(replace(performance, rotations=unturned, root=np.zeros((1, 3))), template)[1]


def read_bvh_of(rig: Rig, channels: Floats, fps: float) -> Motion:
    """The motion as it comes out of a BVH file of these channels."""
    text = "".join(bvh_text(rig, channels, fps))
    (motion,) = read_file(MotionFile(Path("take.bvh"), text.encode()), ReadingOptions())
    return motion
