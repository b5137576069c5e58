"""Motions as BVH files, whatever format they came from."""

from __future__ import annotations

from pathlib import Path

from mretrieve.formats.bvh_writer import write_bvh
from mretrieve.formats.rotation_channels import frame_blocks, rig_in_poses, rig_with_channels
from mretrieve.motion import Motion


def write_motion_bvh(path: Path | str, motion: Motion, decimals: int = 6) -> None:
    """Write a motion as BVH, see `write_bvh`; FormatError if it has positions only."""
    rig, channels = rig_with_channels(motion), motion.channels
    if channels is None:
        blocks = (motion.poses(block) for block in frame_blocks(rig, motion.frame_count))
        rig, channels = rig_in_poses(rig, blocks, motion.frame_count)
    write_bvh(path, rig, channels, motion.fps, decimals)
