"""Damaged files of keypoints: refused in one line that names the file, or read as arrays that fit each other.

MRETRIEVE_MUTATIONS sets how many damaged files of each kind are tried.
"""

from __future__ import annotations

import io
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.moving_bodies import random_clip
from support.mutations import mutate
from support.written_keypoints import (
    COCO,
    Bodies,
    alphapose_document,
    coco_document,
    fractions,
    landmarks,
    mmpose_document,
    pixels,
    seen_from,
)

from mretrieve.errors import FormatError
from mretrieve.formats import MotionFile, ReadingOptions, read_file
from mretrieve.motion.canonical.keypoint_view import view_of_keypoints
from mretrieve.motion.joint_sets import JOINT_SETS
from mretrieve.motion.keypoints import Keypoints

COUNT = int(os.environ.get("MRETRIEVE_MUTATIONS", "1000")) // 10
LONGEST_SECONDS = 10.0  # of processor time, for one file

VIEW = seen_from(random_clip(3, 16))


def two_people(joint_set: str) -> Bodies:
    joints = pixels(VIEW, joint_set).round(1)
    return [[body, body + np.array([200, 0, 0])] for body in joints]


def openpose_frame() -> dict:
    body = pixels(VIEW, "body-25")[0].round(1)
    return {"version": 1.3, "people": [{"person_id": [-1], "pose_keypoints_2d": body.ravel().tolist()}]}


def npy() -> bytes:
    content = io.BytesIO()
    np.save(content, pixels(VIEW, "human36m-17").astype(np.float32))
    return content.getvalue()


def npz() -> bytes:
    content = io.BytesIO()
    np.savez_compressed(content, keypoints=pixels(VIEW, "jhmdb-15"), fps=30, joint_set="jhmdb-15")
    return content.getvalue()


def table() -> bytes:
    header = ["frame", "person", *(f"{name}_{what}" for name in COCO for what in "xyc")]
    rows = [[number, 1, *body.ravel().round(2)] for number, body in enumerate(pixels(VIEW, "coco-17"))]
    return "\n".join(",".join(map(str, row)) for row in [header, *rows]).encode()


def _lines(document: Any) -> bytes:
    """JSON with a number, a name or a bracket a line, for damage by lines."""
    return json.dumps(document, indent=0).encode()


SEEDS: dict[str, bytes] = {
    "COCO": _lines(coco_document(two_people("coco-17"), COCO)),
    "PoseTrack": _lines(coco_document(two_people("posetrack-17"), JOINT_SETS["posetrack-17"].joints, track_ids=True)),
    "AlphaPose": _lines(alphapose_document(two_people("coco-17"))),
    "MMPose": _lines(mmpose_document(two_people("coco-17"), COCO)),
    "MediaPipe": _lines([{"landmarks": landmarks(b, "visibility")} for b in fractions(pixels(VIEW, "mediapipe-33"))]),
    "OpenPose": _lines(openpose_frame()),
    "npy": npy(),
    "npz": npz(),
    "CSV": table(),
}


@pytest.mark.parametrize("form", SEEDS)
def test_damaged_files_are_refused_or_whole(form: str):
    path = Path("damaged folder/take.data")
    for seed in range(COUNT):
        content = mutate(SEEDS[form], seed)
        started = time.process_time()
        try:
            bodies = read_file(MotionFile(path, content), ReadingOptions(fps=30))
        except FormatError as error:
            assert str(path) in str(error), error
            assert len(str(error).splitlines()) == 1, error
            continue
        for body in bodies:
            if isinstance(body, Keypoints):
                assert_whole(body)
        assert time.process_time() - started < LONGEST_SECONDS


def assert_whole(person: Keypoints) -> None:
    joints = len(JOINT_SETS[person.joint_set].joints)
    assert person.points.shape == (person.frame_count, joints, 2)
    assert person.confidence.shape == (person.frame_count, joints)
    found = np.isfinite(person.points).all(axis=2)
    assert (found == (person.confidence > 0)).all()
    assert (person.confidence <= 1).all()
    try:
        view = view_of_keypoints(person)
    except FormatError:
        return
    assert np.isfinite(view.points).all()
    assert np.isfinite(view.confidence).all()
