"""The canonical body: its size, its trunk, and the joints that a rig lacks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ...kernels.compiled import distances_between
from ..frames import medians
from ..rotations import unit_vectors
from ..skeleton import JOINTS, joint

#: Metres between joints of a standard adult: the mean body of SMPL, rounded to the centimetre.
STANDARD_METRES: dict[tuple[str, str], float] = {
    ("left_hip", "left_knee"): 0.38,
    ("right_hip", "right_knee"): 0.38,
    ("left_knee", "left_ankle"): 0.41,
    ("right_knee", "right_ankle"): 0.41,
    ("left_shoulder", "left_elbow"): 0.26,
    ("right_shoulder", "right_elbow"): 0.26,
    ("left_elbow", "left_wrist"): 0.26,
    ("right_elbow", "right_wrist"): 0.26,
}
#: Distances over several bones of an upright body, used only if a rig has none of the bones above.
_STANDING_METRES: dict[tuple[str, str], float] = {
    ("pelvis", "neck"): 0.52,
    ("pelvis", "head"): 0.60,
    ("left_hip", "left_ankle"): 0.79,
    ("right_hip", "right_ankle"): 0.79,
    ("pelvis", "left_ankle"): 0.88,
    ("pelvis", "right_ankle"): 0.88,
}
#: A bone this much shorter than it should be, against the body's other bones, is a defect of the rig (zero length).
_LEAST_PROPORTION = 0.2


def metres_per_unit(positions: NDArray[np.floating], mapped: Sequence[int] | NDArray[np.intp]) -> float | None:
    """Metres per unit of finite `positions` (T, 22, 3), for a body of adult size; None if it has no size.

    The rule: standard lengths of thighs, shanks, upper arms and forearms, summed over those that the rig has, divided
    by the sum of their measured lengths (each the median over the frames). Bones of no plausible length are left out.
    """
    positions = np.ascontiguousarray(positions, np.float32)
    for ends, standard in _known_metres(tuple(int(index) for index in mapped)):
        measured = medians(distances_between(positions, ends))
        proportion = measured / standard
        usable = proportion > _LEAST_PROPORTION * proportion.max()
        if usable.any():
            return float(standard[usable].sum() / measured[usable].sum())
    return None


@lru_cache(maxsize=64)
def _known_metres(mapped: tuple[int, ...]) -> list[tuple[NDArray[np.int32], NDArray[np.float64]]]:
    """Of each table with distances between joints that are known: `ends` of `distances_between`, and metres (B,)."""
    known = []
    for table in (STANDARD_METRES, _STANDING_METRES):
        distances = [((joint(a), joint(b)), metres) for (a, b), metres in table.items()]
        distances = [(ends, metres) for ends, metres in distances if set(ends) <= set(mapped)]
        if distances:
            ends = np.repeat(np.array([ends for ends, _ in distances], np.int32), 2, axis=1)
            known.append((ends, np.array([metres for _, metres in distances])))
    return known


#: Where SMPL's mean body has them on the way from the middle of the hips (0) to the neck (1).
_SEATS = {"pelvis": 0.15, "spine1": 0.33, "spine2": 0.55, "spine3": 0.64}
#: A collar is at this part of the distance from neck to shoulder, and this part of that from neck to spine3 below it.
_COLLAR_OUT, _COLLAR_DOWN = 0.46, 0.30
_LEAST_BONE_M = 0.005
_SEATED = [joint(name) for name in (*_SEATS, "left_collar", "right_collar")]
_HIPS, _SHOULDERS = ([joint(f"{side}_{part}") for side in ("left", "right")] for part in ("hip", "shoulder"))


def seat_trunk(positions: NDArray[np.float32], mapped: NDArray[np.intp]) -> None:
    """Move pelvis, spine1 to spine3 and the collars of positions (T, 22, 3), metres, in place to where SMPL has them.

    These joints are not anatomy: one tool's "Spine" is 8 cm above the hips, another's 20 cm; one's collars are 3 cm
    from the midline, another's on it. The curve from the middle of the hips through the pelvis and those spine joints
    that are `mapped` to the neck is measured, and the canonical joints are placed on it at fixed parts of its length.
    Hips, neck and shoulders, which are anatomy, must hold values.
    """
    has = set(mapped.tolist())
    known = [index for name in _SEATS if (index := joint(name)) in has]
    points = positions.take([*_HIPS, *known, joint("neck"), *_SHOULDERS], axis=1).transpose(1, 0, 2).copy()
    points[1] = (points[0] + points[1]) / 2
    curve = np.arange(1, len(points) - 2)
    lengths = _bone_lengths(points[curve])
    while len(short := np.flatnonzero(lengths <= _LEAST_BONE_M)):
        curve = np.delete(curve, short[0] + 1)
        lengths = _bone_lengths(points[curve])
    if len(curve) == 1:  # a rig whose neck is in its hips
        curve, lengths = curve[[0, 0]], np.ones(1)
    ends = np.concatenate([[0.0], np.cumsum(lengths)])
    places = np.array(list(_SEATS.values())) * ends[-1]
    above = np.minimum(np.searchsorted(ends, places, side="right"), len(curve) - 1)
    weights = ((places - ends[above - 1]) / (ends[above] - ends[above - 1])).astype(np.float32)
    lower, upper = points[curve[above - 1]], points[curve[above]]
    neck, shoulders = points[-3], points[-2:]
    spine = lower + weights[:, None, None] * (upper - lower)
    outwards, below_neck = np.float32(_COLLAR_OUT) * (shoulders - neck), np.float32(_COLLAR_DOWN) * (spine[-1] - neck)
    positions[:, _SEATED] = np.concatenate([spine, neck + outwards + below_neck]).transpose(1, 0, 2)


def _bone_lengths(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean lengths (P - 1,) of the lines between points (P, T, 3) that follow each other."""
    bones = points[1:] - points[:-1]
    return np.asarray(np.sqrt(np.einsum("pti,pti->pt", bones, bones)).mean(axis=1), np.float64)


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

    left = unit_vectors(_left_of(body, len(positions)))
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
        put(f"{side}_wrist", elbow + _FOREARM * unit_vectors(elbow - shoulder))
        hip = body[f"{side}_hip"]
        if f"{side}_knee" not in has and f"{side}_ankle" in has:
            put(f"{side}_knee", _bent(hip, body[f"{side}_ankle"], _THIGH, _SHANK, forward))
        put(f"{side}_knee", hip - _THIGH * up)
        knee = body[f"{side}_knee"]
        put(f"{side}_ankle", knee + _SHANK * unit_vectors(knee - hip))
        shin = unit_vectors(body[f"{side}_ankle"] - knee)
        toeward = unit_vectors(forward - np.einsum("ti,ti->t", forward, shin)[:, None] * shin)
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
    return unit_vectors(torso - np.einsum("ti,ti->t", torso, left)[:, None] * left)


def _bent(
    start: NDArray[np.floating], end: NDArray[np.floating], upper: float, lower: float, towards: NDArray[np.floating]
) -> NDArray[np.floating]:
    """The middle joint of a limb (T, 3) whose ends are known, bent `towards` as far as its two lengths ask for."""
    limb = end - start
    reach = np.linalg.norm(limb, axis=1, keepdims=True)
    straight = limb / np.maximum(reach, 1e-6)
    along = np.clip((reach**2 + upper**2 - lower**2) / np.maximum(2 * reach, 1e-6), 0, reach)
    aside = np.sqrt(np.maximum(upper**2 - along**2, 0.0))
    direction = unit_vectors(towards - np.einsum("ti,ti->t", towards, straight)[:, None] * straight)
    return np.asarray(start + along * straight + aside * direction)
