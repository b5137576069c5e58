"""Rigs in motion as BVH: any rest pose, axes, unit and channel order; what is written is checked by own kinematics."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from support.bodies.figure import Floats, outward, part_of, side_of
from support.bodies.rig_plan import MovedRig, Plan, parents_of

_ARM = ("shoulder", "elbow", "wrist")
_LEG = ("hip", "knee", "ankle", "foot")


@dataclass(frozen=True, eq=False)
class Frame:
    """The conventions of a file.

    Attributes:
        file_from_world: (3, 3) orthogonal; its determinant is -1 in left-handed files.
        metres_per_unit: the unit.
        up: "+Y", "-Z" ...
    """

    file_from_world: Floats
    metres_per_unit: float = 0.01
    up: str = "+Y"

    @property
    def left_handed(self) -> bool:
        """Whether the file mirrors the world."""
        return bool(np.linalg.det(self.file_from_world) < 0)


def frame(up: str = "+Y", left_handed: bool = False, metres_per_unit: float = 0.01, quarter_turns: int = 0) -> Frame:
    """The frame of a file; people who face +Z are turned about the vertical by quarters before."""
    axis, sign = "XYZ".index(up[1]), -1.0 if up[0] == "-" else 1.0
    matrix = np.zeros((3, 3))
    matrix[axis, 1] = sign
    side = 2 if axis == 0 else 0
    matrix[side, 0] = 1.0
    matrix[:, 2] = np.cross(matrix[:, 0], matrix[:, 1])
    if left_handed:
        matrix[side] = -matrix[side]
    cosine, sine = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[quarter_turns % 4]
    turn = np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
    return Frame(matrix @ turn, metres_per_unit, up)


def rest_pose(plan: Plan, kind: str) -> Floats:
    """Rotations (J, 3, 3) from T-pose to a rest pose: "T", "A", "arms down", "lying", or "zero", all bones along Y.

    Raises:
        ValueError: there is no such rest pose.
    """
    rest = np.tile(np.eye(3), (len(plan), 1, 1))
    parents = parents_of(plan)
    if kind == "lying":
        rest[:] = [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]]  # on the back
        return rest
    if kind == "zero":
        for number, joint in enumerate(plan):
            bones = [np.array(plan[child].place) - joint.place for child in np.flatnonzero(parents == number)]
            longest = max(bones, key=np.linalg.norm, default=np.zeros(3))
            if np.linalg.norm(longest) > 1e-6:
                rest[number] = Rotation.align_vectors([[0.0, 1.0, 0.0]], [longest])[0].as_matrix()
            elif parents[number] >= 0:
                rest[number] = rest[parents[number]]
        return rest
    arms, legs = {"T": (0.0, 0.0), "A": (45.0, 8.0), "arms down": (84.0, 0.0)}[kind]
    for number, joint in enumerate(plan):
        side, part = side_of(joint.follows), part_of(joint.follows)
        angle = -arms if part in _ARM else legs if part in _LEG else 0.0
        if joint.follows in ("", "world"):
            rest[number] = rest[parents[number]] if parents[number] >= 0 else np.eye(3)
        elif angle:
            rest[number] = Rotation.from_euler("z", outward(side) * angle, degrees=True).as_matrix()
    return rest


@dataclass(frozen=True, eq=False)
class BvhBody:
    """One tree of a BVH file: a rig in the file's frame and unit.

    Attributes:
        names: J names; "" of an end site.
        parents: (J,), -1 for the root.
        offsets: (J, 3).
        rotations: (T, J, 3, 3) against the parent.
        translations: joint to (T, 3): its position channels, which replace its offset.
        zero_channels: joints that have position channels which are all zero and mean nothing.
    """

    names: list[str]
    parents: NDArray[np.int32]
    offsets: Floats
    rotations: Floats
    translations: dict[int, Floats]
    zero_channels: frozenset[int] = field(default=frozenset())

    def positions(self) -> Floats:
        """World positions (T, J, 3) in the file's unit, by forward kinematics."""
        world = self.rotations.copy()
        positions = np.empty(world.shape[:-1])
        for number, parent in enumerate(self.parents.tolist()):
            local = self.translations.get(number, np.broadcast_to(self.offsets[number], positions[:, 0].shape))
            if parent < 0:
                positions[:, number] = local
                continue
            world[:, number] = world[:, parent] @ world[:, number]
            positions[:, number] = positions[:, parent] + (world[:, parent] @ local[..., None])[..., 0]
        return positions


def bvh_body(rig: MovedRig, names: Sequence[str], rest: Floats, file: Frame) -> BvhBody:
    """A rig in motion in a file's frame, with rotations against the rest pose (J, 3, 3)."""
    into, unit = file.file_from_world, file.metres_per_unit
    parents = parents_of(rig.plan)
    world = into @ rig.rotations @ rest.transpose(0, 2, 1) @ into.T
    local = world.copy()
    offsets = np.zeros((len(rig.plan), 3))
    translations = {0: rig.positions[:, 0] @ into.T / unit}
    for number, parent in enumerate(parents.tolist()):
        if parent < 0:
            continue
        local[:, number] = world[:, parent].swapaxes(1, 2) @ world[:, number]
        bone = np.array(rig.plan[number].place) - np.array(rig.plan[parent].place)
        offsets[number] = into @ rest[parent] @ bone / unit
        moves = (rig.positions[:, number] - rig.positions[:, parent]) @ into.T / unit
        moves = (world[:, parent].swapaxes(1, 2) @ moves[..., None])[..., 0]
        if np.abs(moves - offsets[number]).max() * unit > 1e-6:
            translations[number] = moves
    return BvhBody(list(names), parents, offsets, local, translations)


def led_in(body: BvhBody, pose: Floats, root: Floats) -> BvhBody:
    """The body with one frame before the others: local rotations `pose` (J, 3, 3), root at `root` (3,)."""
    translations = {}
    for joint, values in body.translations.items():
        first = root if joint == 0 else body.offsets[joint]
        translations[joint] = np.concatenate([first[None], values])
    return replace(body, rotations=np.concatenate([pose[None], body.rotations]), translations=translations)


def below_one_root(bodies: Sequence[BvhBody], name: str) -> BvhBody:
    """Several bodies below one root that stands still at the origin."""
    frames = len(bodies[0].rotations)
    names, parents, offsets, translations = [name], [np.array([-1])], [np.zeros((1, 3))], {0: np.zeros((frames, 3))}
    rotations = [np.tile(np.eye(3), (frames, 1, 1, 1))]
    for body in bodies:
        first = len(names)
        names += body.names
        own = body.parents + first
        own[body.parents < 0] = 0
        parents.append(own)
        offsets.append(body.offsets)
        rotations.append(body.rotations)
        translations |= {joint + first: values for joint, values in body.translations.items()}
    return BvhBody(
        names, np.concatenate(parents).astype(np.int32), np.concatenate(offsets), np.concatenate(rotations, axis=1),
        translations,
    )  # fmt: skip


def bvh_text(bodies: Sequence[BvhBody], frame_time: str, order: str = "ZXY", decimals: int = 5) -> str:
    """The bodies as the roots of a BVH file, turning about three axes in this order, outermost first."""
    lines = ["HIERARCHY"]
    columns: list[Floats] = []
    for body in bodies:
        _write_tree(body, order, decimals, lines, columns)
    rows = np.concatenate(columns, axis=1)
    lines += ["MOTION", f"Frames: {len(rows)}", f"Frame Time: {frame_time}"]
    row = " ".join([f"%.{decimals}f"] * rows.shape[1])
    rows = np.round(rows, decimals) + 0.0
    return "\n".join([*lines, *(row % tuple(values) for values in rows.tolist())]) + "\n"


def _write_tree(body: BvhBody, order: str, decimals: int, lines: list[str], columns: list[Floats]) -> None:
    frames = len(body.rotations)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # gimbal lock: any of the solutions will do
        flat = Rotation.from_matrix(body.rotations.reshape(-1, 3, 3)).as_euler(order, degrees=True)
    angles = flat.reshape(frames, -1, 3)
    children: list[list[int]] = [[] for _ in body.names]
    for number, parent in enumerate(body.parents.tolist()):
        if parent >= 0:
            children[parent].append(number)
    rotations = " ".join(f"{axis}rotation" for axis in order)
    positions = "Xposition Yposition Zposition"

    def write(number: int, depth: int) -> None:
        indent, name = "\t" * depth, body.names[number]
        keyword = ("JOINT" if depth else "ROOT") if name else "End Site"
        lines.append(f"{indent}{keyword} {name}".rstrip())
        offset = " ".join(f"{value + 0.0:.{decimals}f}" for value in body.offsets[number])
        lines.extend([f"{indent}{{", f"{indent}\tOFFSET {offset}"])
        if name:
            if number in body.translations or number in body.zero_channels:
                lines.append(f"{indent}\tCHANNELS 6 {positions} {rotations}")
                columns.append(body.translations.get(number, np.zeros((frames, 3))))
            else:
                lines.append(f"{indent}\tCHANNELS 3 {rotations}")
            columns.append(angles[:, number])
        for child in children[number]:
            write(child, depth + 1)
        lines.append(f"{indent}}}")

    write(0, 0)
