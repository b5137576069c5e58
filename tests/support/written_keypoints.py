"""Keypoints of a body that moves, as a detector would find them in a video, and files of them in each format."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mretrieve.motion import JOINTS, Clip
from mretrieve.motion.camera import Camera, film
from mretrieve.motion.joint_sets import JOINT_SETS
from mretrieve.motion.view import View

Floats = NDArray[np.float64]

COCO = JOINT_SETS["coco-17"].joints
WIDTH, HEIGHT, PIXELS_PER_METRE = 1280.0, 720.0, 250.0


def pixels(view: View, joint_set: str, centre: tuple[float, float] = (WIDTH / 2, HEIGHT / 2)) -> Floats:
    """The joints (T, J, 3) of a set in a picture of WIDTH and HEIGHT: x, y (down) and confidence 0.9.

    A hint, such as a nose or an eye, is placed at the head, and a joint of the feet at the foot.
    """
    names = JOINT_SETS[joint_set].joints
    found = np.full((view.frame_count, len(names), 3), 0.9)
    for place, name in enumerate(names):
        x, y = np.moveaxis(_point(view, name), -1, 0)
        found[:, place, 0] = centre[0] + PIXELS_PER_METRE * x
        found[:, place, 1] = centre[1] - PIXELS_PER_METRE * y
    return found


def _point(view: View, name: str) -> NDArray[np.float32]:
    if name in JOINTS:
        return view.points[:, JOINTS.index(name)]
    middle = {"mid_hip": "hip", "hip": "hip", "thorax": "shoulder", "neck": "shoulder"}.get(name)
    if middle is not None:
        sides = [JOINTS.index(f"{side}_{middle}") for side in ("left", "right")]
        return view.points[:, sides].mean(axis=1)
    for side in ("left", "right"):
        if name.startswith(side) and any(part in name for part in ("toe", "heel", "foot")):
            return view.points[:, JOINTS.index(f"{side}_foot")]
    return view.points[:, JOINTS.index("head")]


def seen_from(clip: Clip, azimuth_deg: float = 40.0) -> View:
    """What a level camera far away sees."""
    return film(clip, Camera(azimuth_deg=azimuth_deg))


Bodies = Sequence[Sequence[Floats]]  # the bodies of each frame, (J, 3) each


def one_body(joints: Floats) -> Bodies:
    return [[body] for body in joints]


def write_json(path: Path, document: Any) -> Path:
    path.write_text(json.dumps(document))
    return path


def write_openpose(folder: Path, frames: Bodies, video: str = "dance", first: int = 0) -> Path:
    """A file a frame, as OpenPose names and writes them; the path of the first."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, bodies in enumerate(frames, first):
        people = [{"person_id": [-1], "pose_keypoints_2d": body.ravel().tolist()} for body in bodies]
        write_json(folder / f"{video}_{number:012d}_keypoints.json", {"version": 1.3, "people": people})
    return folder / f"{video}_{first:012d}_keypoints.json"


def coco_document(
    frames: Bodies, names: Sequence[str], *, track_ids: bool = False, size: bool = True
) -> dict[str, Any]:
    """Annotations as COCO and, with track ids, PoseTrack have them."""
    picture = {"width": int(WIDTH), "height": int(HEIGHT)} if size else {}
    images = [{"id": 100 + number, "file_name": f"{number:06d}.jpg", **picture} for number in range(len(frames))]
    annotations = [
        {
            "id": 1000 * number + person,
            "image_id": 100 + number,
            "category_id": 1,
            "keypoints": body.ravel().tolist(),
            **({"track_id": person} if track_ids else {}),
        }
        for number, bodies in enumerate(frames)
        for person, body in enumerate(bodies)
    ]
    categories = [{"id": 1, "name": "person", "keypoints": list(names)}]
    return {"images": images, "annotations": annotations, "categories": categories}


def alphapose_document(frames: Bodies, followed: bool = False) -> list[dict[str, Any]]:
    return [
        {
            "image_id": f"{number}.jpg",
            "category_id": 1,
            "keypoints": body.ravel().tolist(),
            "score": 2.8,
            **({"idx": [float(person + 1)]} if followed else {}),
        }
        for number, bodies in enumerate(frames)
        for person, body in enumerate(bodies)
    ]


def mmpose_document(frames: Bodies, names: Sequence[str]) -> dict[str, Any]:
    return {
        "meta_info": {"keypoint_id2name": dict(enumerate(names))},
        "instance_info": [
            {
                "frame_id": number + 1,
                "instances": [
                    {"keypoints": body[:, :2].tolist(), "keypoint_scores": body[:, 2].tolist(), "bbox": [[0, 0, 1, 1]]}
                    for body in bodies
                ],
            }
            for number, bodies in enumerate(frames)
        ],
    }


def landmarks(body: Floats, confidence: str) -> list[dict[str, float]]:
    return [{"x": x, "y": y, confidence: c} for x, y, c in body.tolist()]


def fractions(joints: Floats) -> Floats:
    """Pixels as fractions of the picture's width and height."""
    return joints / (WIDTH, HEIGHT, 1)
