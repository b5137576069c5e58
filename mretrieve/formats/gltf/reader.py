"""Motion in glTF 2.0: an animation of nodes becomes a motion of the skeleton that it moves; VRM names the joints.

Humanoid bones are those of VRM 0.x (`extensions.VRM.humanoid.humanBones`), of VRM 1.0 (`VRMC_vrm`) and of VRMA
(`VRMC_vrm_animation`). Lengths are metres and +Y is up (glTF 2.0, section 3.4).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ...motion.motion import Motion
from ..json_file import has_key, starts_json
from ..keyframes import raster_fps
from ..reader import MotionFile, Reader
from .animation import tracks_of
from .document import load_gltf
from .nodes import scene_of, text_of


def read_gltf(file: MotionFile) -> list[Motion]:
    """A motion for each animation and each tree of joints that it moves, sampled at the rate of its key frames.

    Raises:
        FormatError: the file is damaged, is compressed, or holds no animation of a skeleton.
    """
    document = load_gltf(file)
    scene, place_of = scene_of(document)
    animations = document.objects("animations")
    takes = [
        [replace(track, node=place_of[track.node]) for track in tracks_of(document, animation)]
        for animation in animations
    ]
    joints = scene.joints([track for tracks in takes for track in tracks])
    motions: list[Motion] = []
    for number, (animation, tracks) in enumerate(zip(animations, takes, strict=True), start=1):
        if tracks:
            name = text_of(animation.get("name")) or f"animation {number}"
            motions += scene.motions(joints, tracks, raster_fps(tracks), name if len(animations) > 1 else "")
    if not motions:
        what = "its animations move no skeleton" if animations else "a model without animation"
        raise document.error(f"{what}; export the motion with the skeleton")
    return motions


def _is_gltf(head: bytes, path: Path) -> bool:
    return head.startswith(b"glTF") or (starts_json(head) and path.suffix.lower() == ".gltf" and has_key(head, "asset"))


GLTF = Reader("gltf", ("glb", "gltf", "vrm", "vrma"), _is_gltf, lambda file, _: read_gltf(file))
