"""Joints that a rig lacks, placed as on a standard adult: for display and shape, not to be trusted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..skeleton import JOINTS, joint

#: Metres of the SMPL mean body, from one joint to the next: what is filled in must look like the rest.
_HALF_HIPS, _PELVIS_HEIGHT, _HALF_SHOULDERS, _SHOULDERS_BELOW_NECK = 0.065, 0.09, 0.17, 0.06
_THIGH, _SHANK, _UPPER_ARM, _FOREARM = 0.38, 0.41, 0.26, 0.26
_TORSO, _SOLE, _ANKLE_HEIGHT, _HEAD_HEIGHT, _HEAD_FORWARD = 0.52, 0.12, 0.06, 0.085, 0.045
#: Joints that `seat_trunk` does not place.
_NOT_SEATED = tuple(
    name for name in JOINTS if not name.startswith("spine") and name != "pelvis" and not name.endswith("_collar")
)


def fill_missing_joints(positions: NDArray[np.float32], mapped: NDArray[np.intp]) -> None:
    """Fill in place what positions (T, 22, 3), metres, Y up, lack: all joints but `mapped`, in whatever state they are.

    The rig must have what RigMap calls required. The missing middle of a limb is bent as knees and elbows are; missing
    ends continue the body that is there. Spine and collars are left to `seat_trunk`.
    """
    has = {JOINTS[index] for index in mapped}
    if has.issuperset(_NOT_SEATED):
        return
    body = {name: positions[:, joint(name)] for name in has}

    def put(name: str, value: NDArray[np.floating]) -> None:
        if name not in has:
            has.add(name)
            body[name] = value
            positions[:, joint(name)] = value

    left = _unit(_left_of(body, len(positions)))
    up = _torso_up(body, left)
    forward = np.cross(left, up)
    if "pelvis" not in has:
        put("pelvis", (body["left_hip"] + body["right_hip"]) / 2 + _PELVIS_HEIGHT * up)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        put(f"{side}_hip", body["pelvis"] + sign * _HALF_HIPS * left - _PELVIS_HEIGHT * up)
    shoulders = {"left_shoulder", "right_shoulder"}
    if "neck" not in has and has.issuperset(shoulders):
        put("neck", (body["left_shoulder"] + body["right_shoulder"]) / 2 + _SHOULDERS_BELOW_NECK * up)
    if "head" in has:
        put("neck", body["head"] - _HEAD_HEIGHT * up - _HEAD_FORWARD * forward)
    put("neck", body["pelvis"] + _TORSO * up)
    put("head", body["neck"] + _HEAD_HEIGHT * up + _HEAD_FORWARD * forward)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        put(f"{side}_shoulder", body["neck"] + sign * _HALF_SHOULDERS * left - _SHOULDERS_BELOW_NECK * up)
        shoulder = body[f"{side}_shoulder"]
        if f"{side}_elbow" not in has and f"{side}_wrist" in has:
            put(f"{side}_elbow", _bent(shoulder, body[f"{side}_wrist"], _UPPER_ARM, _FOREARM, -forward - up))
        put(f"{side}_elbow", shoulder - _UPPER_ARM * up)
        elbow = body[f"{side}_elbow"]
        put(f"{side}_wrist", elbow + _FOREARM * _unit(elbow - shoulder))
        hip = body[f"{side}_hip"]
        if f"{side}_knee" not in has and f"{side}_ankle" in has:
            put(f"{side}_knee", _bent(hip, body[f"{side}_ankle"], _THIGH, _SHANK, forward))
        put(f"{side}_knee", hip - _THIGH * up)
        knee = body[f"{side}_knee"]
        put(f"{side}_ankle", knee + _SHANK * _unit(knee - hip))
        shin = _unit(body[f"{side}_ankle"] - knee)
        toeward = _unit(forward - np.einsum("ti,ti->t", forward, shin)[:, None] * shin)
        put(f"{side}_foot", body[f"{side}_ankle"] + _SOLE * toeward + _ANKLE_HEIGHT * shin)


def _left_of(body: dict[str, NDArray[np.floating]], frame_count: int) -> NDArray[np.floating]:
    """Towards the body's left, (T, 3), from the first pair of joints that the rig has."""
    for part in ("hip", "shoulder", "knee", "ankle"):
        if f"left_{part}" in body and f"right_{part}" in body:
            return body[f"left_{part}"] - body[f"right_{part}"]
    return np.tile(np.array([1.0, 0.0, 0.0], np.float32), (frame_count, 1))


def _torso_up(body: dict[str, NDArray[np.floating]], left: NDArray[np.floating]) -> NDArray[np.floating]:
    """Along the torso from pelvis to neck, square to `left`, (T, 3)."""
    bottom = body["pelvis"] if "pelvis" in body else (body["left_hip"] + body["right_hip"]) / 2
    if "neck" in body:
        top = body["neck"]
    elif "left_shoulder" in body and "right_shoulder" in body:
        top = (body["left_shoulder"] + body["right_shoulder"]) / 2
    else:
        top = body["head"]
    torso = top - bottom
    return _unit(torso - np.einsum("ti,ti->t", torso, left)[:, None] * left)


def _bent(
    start: NDArray[np.floating], end: NDArray[np.floating], upper: float, lower: float, towards: NDArray[np.floating]
) -> NDArray[np.floating]:
    """The middle joint of a limb (T, 3) whose ends are known, bent `towards` as far as its two lengths ask for."""
    limb = end - start
    reach = np.linalg.norm(limb, axis=1, keepdims=True)
    straight = limb / np.maximum(reach, 1e-6)
    along = np.clip((reach**2 + upper**2 - lower**2) / np.maximum(2 * reach, 1e-6), 0, reach)
    aside = np.sqrt(np.maximum(upper**2 - along**2, 0.0))
    direction = _unit(towards - np.einsum("ti,ti->t", towards, straight)[:, None] * straight)
    return np.asarray(start + along * straight + aside * direction)


def _unit(vectors: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.asarray(vectors / np.maximum(np.sqrt(np.einsum("ti,ti->t", vectors, vectors)), 1e-9)[:, None])
