"""Keypoints as a JSON file in the format of COCO, which other tools read as well."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..atomic_file import atomic_write
from ..motion.joint_sets import JOINT_SETS
from ..motion.keypoints import ASSUMED_FPS, Keypoints


def write_keypoints(path: Path, people: Sequence[Keypoints]) -> None:
    """Write the keypoints of the people in one video, who have one joint set and one rate.

    Frames are numbered from 0 by `frame_index` of each image; the rate is `info.fps`; a point is x, y in pixels and
    its confidence in place of COCO's visibility; people are told apart by `track_id`.

    Raises:
        OSError: the file cannot be written.
    """
    first = people[0]
    width, height = first.image_size or (None, None)
    size = {} if width is None else {"width": round(width), "height": round(height or 0)}
    last = max(person.start_frame + person.frame_count for person in people)
    document = {
        "info": {"description": "keypoints found by mretrieve", "fps": first.fps or ASSUMED_FPS},
        "images": [{"id": frame, "frame_index": frame, **size} for frame in range(last)],
        "categories": [{"id": 1, "name": "person", "keypoints": list(JOINT_SETS[first.joint_set].joints)}],
        "annotations": [entry for number, person in enumerate(people, start=1) for entry in _entries(person, number)],
    }
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(document, separators=(",", ":")), encoding="utf-8")


def _entries(person: Keypoints, number: int) -> list[dict[str, Any]]:
    """An annotation for each frame in which a person is seen."""
    seen = person.confidence > 0
    values = np.concatenate([person.points.astype(np.float64).round(2), person.confidence[..., None].round(3)], axis=2)
    values[~seen] = 0.0
    return [
        {
            "id": number * 10_000_000 + frame,
            "image_id": person.start_frame + frame,
            "category_id": 1,
            "track_id": number,
            "keypoints": [round(value, 3) for value in values[frame].ravel().tolist()],
        }
        for frame in np.flatnonzero(seen.any(axis=1)).tolist()
    ]
