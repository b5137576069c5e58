"""Keypoints by image: COCO annotations and results, PoseTrack and AlphaPose."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..motion.keypoints import Keypoints
from .detections import Detections, people_in
from .joint_list import bodies_of_one_set, joint_list
from .json_file import has_key, load_json, number, starts_json
from .reader import HEAD_BYTES, MotionFile, Reader, ReadingOptions

#: Numbers in the names of images are those of frames if there are no more than this many of them to each image.
_FRAMES_PER_IMAGE = 100


class _Body(NamedTuple):
    image: str | int
    joints: NDArray[np.float32]
    person: str


def _read(file: MotionFile, options: ReadingOptions) -> list[Keypoints]:
    document = load_json(file)
    images: list[Any] = []
    names = fps = None
    try:
        if isinstance(document, list):  # results of COCO and AlphaPose
            bodies = [_body(entry["image_id"], entry) for entry in document]
        elif "annotations" in document:
            images, names = list(document["images"]), _joint_names(document)
            bodies = [_body(entry["image_id"], entry) for entry in document["annotations"] if "keypoints" in entry]
            fps = next(
                (rate for part in (document.get("info"), *document.get("videos", ())) if (rate := number(part, "fps"))),
                None,
            )
        else:
            bodies = [_body(image, entry) for image, entries in document.items() for entry in _entries(entries)]
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        raise FormatError(f"{file.path}: not keypoints by image as COCO, PoseTrack or AlphaPose write them") from None
    bodies = [body for body in bodies if len(body.joints)]
    if not bodies:
        raise FormatError(f"{file.path}: holds no keypoints; run a pose detector on the images")
    joint_set, points = bodies_of_one_set([body.joints for body in bodies], names, file.path)
    if points[..., 2].max() == 2 and np.isin(points[..., 2], (0, 1, 2)).all():
        points[..., 2] /= 2  # annotated: 0 not labelled, 1 occluded, 2 visible
    try:
        frames, repairs = _frames(images or sorted({body.image for body in bodies}, key=_in_order))
        of_body = np.array([frames[body.image] for body in bodies], np.int64)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise FormatError(f"{file.path}: keypoints of an image that is not in the list of images") from None
    order = np.argsort(of_body, kind="stable")
    found = Detections(
        joint_set.name,
        of_body[order],
        points[order],
        _followed([bodies[row] for row in order], of_body[order]),
        fps,
        _one_size(images),
        repairs,
    )
    return people_in(found, file.path, file.size_bytes, options.fps)


def _body(image: str | int, entry: dict[str, Any]) -> _Body:
    person = next((entry[name] for name in ("track_id", "idx", "person_id") if name in entry), None)
    if isinstance(person, list):  # AlphaPose has lists of one
        person = person[0] if len(person) == 1 else None
    joints = entry["keypoints"] if "keypoints" in entry else entry["joints"]
    return _Body(
        image, joint_list(joints), "" if person is None else f"{person:g}" if isinstance(person, float) else str(person)
    )


def _entries(entries: Any) -> list[dict[str, Any]]:
    """The bodies in an image of AlphaPose: a list, or an object with one."""
    return list(entries["bodies" if "bodies" in entries else "people"] if isinstance(entries, dict) else entries)


def _joint_names(document: dict[str, Any]) -> list[str] | None:
    categories = [each for each in document.get("categories", ()) if each.get("keypoints")]
    return [str(name) for name in categories[0]["keypoints"]] if len(categories) == 1 else None


def _followed(bodies: list[_Body], frames: NDArray[np.int64]) -> tuple[str, ...]:
    """The names of people, unless one is in a frame twice or some have none."""
    named = {(body.person, frame) for body, frame in zip(bodies, frames.tolist(), strict=True) if body.person}
    return tuple(body.person if len(named) == len(bodies) else "" for body in bodies)


def _frames(images: list[Any]) -> tuple[dict[str | int, int], tuple[str, ...]]:
    """The frame of each image, by its id: the numbers in the file or in the names of the images, else their order."""
    ids = [image["id"] if isinstance(image, dict) else image for image in images]
    numbers = [_number(image) for image in images]
    known = [each for each in numbers if each is not None]
    if len(set(known)) == len(ids) and max(known) - min(known) < _FRAMES_PER_IMAGE * len(ids):
        return {image: each - min(known) for image, each in zip(ids, known, strict=True)}, ()
    repairs = ("frames: the images are not numbered, taken in order",) if len(ids) > 1 else ()
    return {image: place for place, image in enumerate(dict.fromkeys(ids))}, repairs


def _number(image: Any) -> int | None:
    """The frame that an image is, by its number in the file or the last number in its name."""
    if isinstance(image, dict):
        for name in ("frame_index", "frame_id", "frame"):
            if isinstance(image.get(name), int):
                return int(image[name])
        image = image.get("file_name", image["id"])
    if isinstance(image, int):
        return image
    digits = re.findall(r"\d+", str(image).rpartition("/")[2])
    return int(digits[-1]) if digits and len(digits[-1]) < 16 else None


def _in_order(image: str | int) -> tuple[int, str]:
    return _number(image) or 0, str(image)


def _one_size(images: list[Any]) -> tuple[float, float] | None:
    """Width and height of all images, if they are the same."""
    sizes = {(number(image, "width"), number(image, "height")) for image in images}
    width, height = sizes.pop() if len(sizes) == 1 else (None, None)
    return None if width is None or height is None else (width, height)


def _recognises(head: bytes) -> bool:
    if not starts_json(head):
        return False
    if has_key(head, "images") and has_key(head, "file_name") and len(head) >= HEAD_BYTES:
        return True  # the annotations come later
    by_name = re.match(rb'\W*"[^"]*\.(?:jpe?g|png|bmp)"\s*:', head, re.IGNORECASE) is not None
    return (by_name or has_key(head, "image_id", "annotations", "images")) and has_key(head, "keypoints", "joints")


IMAGE_KEYPOINTS = Reader("coco", (), lambda head, _: _recognises(head), _read)
