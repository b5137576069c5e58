"""What a generated file truly holds, and how a reading of it is judged: by positions, not by words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mretrieve.motion import CANONICAL_FPS, JOINTS, Clip, Motion, RigMap
from mretrieve.motion.skeleton import MIRROR
from support.bodies.bvh_file import BvhBody, Frame
from support.bodies.figure import Floats, part_of
from support.bodies.rig_plan import Plan

#: A joint is the one that is meant if it is never farther from it than this, for an adult.
SAME_PLACE_M = 0.025
#: Of joints that the rig lacks, how near another one must be that is taken for it.
_STAND_IN_M = {"neck": 0.14, "foot": 0.20, "collar": 0.16, "pelvis": 0.12}
_TRUNK = ("pelvis", "spine1", "spine2", "spine3", "left_collar", "right_collar")
_ADULT_M = 1.75
#: Notes that say how a file was read, not that anything is doubtful about the body.
_ORDINARY_NOTES = ("axes:", "rest pose:", "joints that the rig lacks", "samples:", "unit:", "rate:")


@dataclass(frozen=True, eq=False)
class TrueBody:
    """A person in a file.

    Attributes:
        joints: index in the rig of each canonical joint that exists; spine1 to spine3 are listed in `spine` instead.
        spine: indices of all joints between pelvis and neck, bottom to top.
        necks: indices of the joints of the neck, bottom to top; each may be taken for the neck.
        lost: canonical joints that the person does not have at all.
        file_positions: (T, J, 3) of the rig in the file's unit and axes.
        height_m: of the person.
        frame: the file's conventions.
        names: of the rig's joints, for messages.
    """

    joints: dict[str, int]
    spine: tuple[int, ...]
    necks: tuple[int, ...]
    lost: frozenset[str]
    file_positions: Floats
    height_m: float
    frame: Frame
    names: tuple[str, ...]

    @property
    def tolerance(self) -> float:
        """SAME_PLACE_M for this person, in the file's unit."""
        return SAME_PLACE_M * self.height_m / _ADULT_M / self.frame.metres_per_unit

    def world(self) -> tuple[tuple[str, ...], Floats]:
        """The names of the anatomical joints that exist, and their positions (T, K, 3): metres, Y up, right-handed."""
        names = tuple(name for name in self.joints if name not in _TRUNK)
        into = self.frame.file_from_world
        points = self.file_positions[:, [self.joints[name] for name in names]]
        return names, points @ into * self.frame.metres_per_unit


@dataclass(frozen=True, eq=False)
class GeneratedFile:
    """A BVH file and its truth.

    Attributes:
        name: what it is, for messages.
        text: the content.
        bodies: the people in it; none in files of animals and things.
        fps: the true rate.
        rest_frames: frames at the start that are no motion.
        tags: properties by which results are tabulated.
    """

    name: str
    text: str
    bodies: tuple[TrueBody, ...]
    fps: float
    rest_frames: int = 0
    tags: dict[str, str] = field(default_factory=dict)


def true_body(plan: Plan, body: BvhBody, file: Frame, height_m: float, lost: Sequence[str] = ()) -> TrueBody:
    """The truth of a person on a rig."""
    joints = {joint.plays: number for number, joint in enumerate(plan) if joint.plays and "spine" not in joint.plays}
    spine = tuple(number for number, joint in enumerate(plan) if "spine" in joint.plays)
    necks = tuple(number for number, joint in enumerate(plan) if joint.slot.partition(".")[0] == "neck")
    names = tuple(name or body.names[parent] + "_end" for name, parent in zip(body.names, body.parents, strict=True))
    return TrueBody(joints, spine, necks, frozenset(lost), body.positions(), height_m, file, names)


def map_faults(rig_map: RigMap, motion: Motion, body: TrueBody) -> list[str]:
    """Each joint of a map that is not the one that is meant, with names; empty for a right map."""
    faults = []
    for canonical, index in zip(JOINTS, rig_map.joints, strict=True):
        if "spine" in canonical:
            continue
        true = body.joints.get(canonical)
        if index is None:
            if true is not None:
                faults.append(f"{canonical} is {body.names[true]}, called missing")
            continue
        at = motion.positions[:, index].astype(np.float64)
        name = motion.rig.joint_names[index]
        if true is not None:
            reach = 4.0 if part_of(canonical) in ("pelvis", "collar") else 1.0
            meant = body.necks if canonical == "neck" else (true,)
            if min(_farthest(at, body.file_positions[:, one]) for one in meant) > reach * body.tolerance:
                faults.append(f"{canonical} is {body.names[true]}, not {name}")
        elif canonical in body.lost or not _stands_in(canonical, at, body):
            faults.append(f"{canonical} does not exist, called {name}")
    return faults + _spine_faults(rig_map, motion, body)


def fault_kind(rig_map: RigMap, motion: Motion, body: TrueBody) -> str:
    """The kind of a wrong map: "sides" are swapped and all else is right, joints are "missing", "trunk" or "limbs"."""
    faults = map_faults(rig_map, motion, body)
    if not faults:
        return ""
    swapped = RigMap(tuple(rig_map.joints[j] for j in MIRROR), rig_map.origin, rig_map.confidence)
    if not map_faults(swapped, motion, body):
        return "sides"
    if all("called missing" in fault or "are taken" in fault for fault in faults):
        return "missing"
    trunk = all(fault.startswith((*_TRUNK, "neck", "head", "the back")) or "of the back" in fault for fault in faults)
    return "trunk" if trunk else "limbs"


def remarks(clip: Clip) -> list[str]:
    """Notes of a clip that doubt whether it is a person, or which of its joints is which."""
    return [note for note in clip.notes if not note.startswith(_ORDINARY_NOTES)]


def _stands_in(canonical: str, at: Floats, body: TrueBody) -> bool:
    """Whether a joint is near where one that the rig lacks would be: toes for a foot, the chest's top for a neck."""
    part = part_of(canonical)
    holder = {"neck": "head", "foot": canonical.replace("foot", "ankle"), "pelvis": "left_hip"}.get(part)
    holder = canonical.replace("collar", "shoulder") if part == "collar" else holder
    if holder is None or holder not in body.joints:
        return False
    near = _STAND_IN_M[part] / SAME_PLACE_M * body.tolerance
    return _farthest(at, body.file_positions[:, body.joints[holder]]) < 1.5 * near


def _spine_faults(rig_map: RigMap, motion: Motion, body: TrueBody) -> list[str]:
    """Joints of the back: those that are mapped are in order, in the back, and as many as the rig has, up to three."""
    mapped = [index for name, index in zip(JOINTS, rig_map.joints, strict=True) if "spine" in name]
    orders = []
    for index in mapped:
        if index is None:
            continue
        at = motion.positions[:, index].astype(np.float64)
        near = [
            order for order, true in enumerate((*body.spine, *body.necks[:-1]))
            if _farthest(at, body.file_positions[:, true]) <= body.tolerance
        ]  # fmt: skip
        if not near:
            return [f"{motion.rig.joint_names[index]} is not of the back"]
        orders.append(near[0])
    if orders != sorted(set(orders)):
        return ["the back is out of order"]
    if len(orders) < min(2, len(body.spine)):
        return [f"the back has {len(body.spine)} joints, {len(orders)} are taken"]
    return []


def _farthest(first: Floats, second: Floats) -> float:
    frames = min(len(first), len(second))
    return float(np.linalg.norm(first[-frames:] - second[-frames:], axis=1).max())


@dataclass(frozen=True)
class Orientation:
    """How a clip is turned against the truth.

    Attributes:
        up_degrees: between true and read up.
        mirrored: whether the clip is the mirror image of what happened.
        residual_m: root mean square distance of joints after the best heading, place and size.
    """

    up_degrees: float
    mirrored: bool
    residual_m: float


def orientation(clip: Clip, generated: GeneratedFile, body: TrueBody) -> Orientation:
    """Compare a clip with the truth: by the rotation, of either hand, that brings the true body to the clip's."""
    names, true = body.world()
    frames = np.arange(clip.frame_count) / CANONICAL_FPS + clip.start_s
    at = np.clip(frames * generated.fps, 0, len(true) - 1)
    low = np.minimum(at.astype(int), max(len(true) - 2, 0))
    weight = (at - low)[:, None, None]
    true = true[low] * (1 - weight) + true[np.minimum(low + 1, len(true) - 1)] * weight
    columns = [JOINTS.index(name) for name in names]
    seen = [n for n, column in enumerate(columns) if clip.observed[:, column].all()]
    read = clip.positions[:, [columns[n] for n in seen]].astype(np.float64)
    true = true[:, seen]
    read, true = (points - points.mean(axis=(0, 1)) for points in (read, true))
    turn, mirrored = _best_turn(true.reshape(-1, 3), read.reshape(-1, 3))
    fitted = true @ turn.T
    scale = float((fitted * read).sum() / max(float((fitted**2).sum()), 1e-12))
    residual = float(np.sqrt(((scale * fitted - read) ** 2).sum(axis=2).mean()))
    up = float(np.degrees(np.arccos(np.clip(turn[1, 1], -1, 1))))
    return Orientation(up, mirrored, residual)


def _best_turn(source: Floats, target: Floats) -> tuple[NDArray[np.float64], bool]:
    """The orthogonal matrix that brings `source` (N, 3) nearest to `target` (Kabsch, 1976), and whether it mirrors."""
    left, _, right = np.linalg.svd(target.T @ source)
    turn = left @ right
    return turn, bool(np.linalg.det(turn) < 0)
