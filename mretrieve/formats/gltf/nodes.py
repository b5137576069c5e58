"""The nodes of a glTF 2.0 scene (section 3.5) and the names that VRM gives to them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...motion.rotations import rotation_vectors
from ..reader import MOST_JOINTS
from ..scene import Scene, depth_first
from .document import GltfDocument

_HUMANOIDS = ("VRM", "VRMC_vrm", "VRMC_vrm_animation")
_SHAPES = ("mesh", "camera")


def scene_of(document: GltfDocument) -> tuple[Scene, dict[int, int]]:
    """The nodes, depth first, and the place there of each node of the document.

    Raises:
        FormatError: there are no nodes, they are not a forest, or are not placed by finite numbers.
    """
    nodes = document.objects("nodes")
    if not nodes:
        raise document.error("holds no nodes; export the motion with the skeleton")
    parents = _parents(document, nodes)
    try:
        order = depth_first(parents)
    except ValueError as error:
        raise document.error(f"{error}; export the file again") from None
    place_of = {node: place for place, node in enumerate(order)}
    bones = _human_bones(document)
    joints = set(bones)
    for skin in document.objects("skins"):
        of_skin = skin.get("joints")
        joints.update(joint for joint in (of_skin if isinstance(of_skin, list) else []) if isinstance(joint, int))
    placed = [_placement(document, node, nodes[node]) for node in order]
    translations, rotations, scales = (
        np.array([placement[part] for placement in placed]).reshape(len(order), -1) for part in range(3)
    )
    scene = Scene(
        document.path,
        tuple(bones.get(node) or text_of(nodes[node].get("name")) or f"node {node}" for node in order),
        np.array([place_of.get(parents[node], -1) for node in order], np.int32),
        translations,
        rotations,
        scales,
        np.array([node in joints for node in order], np.bool_),
        np.array([any(shape in nodes[node] for shape in _SHAPES) for node in order], np.bool_),
        declared_up="+Y",
    )
    return scene, place_of


def _parents(document: GltfDocument, nodes: list[dict[str, Any]]) -> list[int]:
    """The parent of each node, -1 for none."""
    parents = [-1] * len(nodes)
    if len(nodes) > 10 * MOST_JOINTS:
        raise document.error(f"{len(nodes)} nodes are more than a scene of people has")
    for parent, node in enumerate(nodes):
        children = node.get("children", [])
        if not isinstance(children, list):
            raise document.error(f"the children of node {parent} are not a list; export the file again")
        for child in children:
            if not isinstance(child, int) or not 0 <= child < len(nodes) or parents[child] >= 0:
                raise document.error(f"node {str(child)[:20]} does not exist or has two parents")
            parents[child] = parent
    return parents


def _placement(
    document: GltfDocument, index: int, node: dict[str, Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Translation, rotation as a quaternion, and scale of a node, from its matrix if it has one."""
    try:
        matrix = np.array(node.get("matrix", np.eye(4)), np.float64).reshape(4, 4).T
        if not np.isfinite(matrix).all():
            raise ValueError
        turn, scale = _decomposed(matrix[:3, :3])
        placed = (
            np.array(node.get("translation", matrix[:3, 3]), np.float64).reshape(3),
            np.array(node.get("rotation", turn), np.float64).reshape(4),
            np.array(node.get("scale", scale), np.float64).reshape(3),
        )
    except (ValueError, TypeError, OverflowError):
        raise document.error(f"node {index} is not placed by numbers; export the file again") from None
    if not all(np.isfinite(part).all() for part in placed):
        raise document.error(f"node {index} is placed by numbers that are not finite")
    return placed


def _decomposed(matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The rotation, as a quaternion, and the scale of a matrix (3, 3) without shear, which glTF does not allow."""
    scale = np.linalg.norm(matrix, axis=0)
    if np.linalg.det(matrix) < 0:
        scale[0] = -scale[0]
    vector = rotation_vectors(matrix / np.where(scale == 0, 1.0, scale))
    angle = float(np.linalg.norm(vector))
    axis = vector / angle if angle > 0 else vector
    return np.array([*(axis * np.sin(angle / 2)), np.cos(angle / 2)]), scale


def _human_bones(document: GltfDocument) -> dict[int, str]:
    """The nodes that VRM or VRMA name as bones of a human, with these names."""
    extensions = document.json.get("extensions")
    found: dict[int, str] = {}
    for name in _HUMANOIDS:
        extension = extensions.get(name) if isinstance(extensions, dict) else None
        humanoid = extension.get("humanoid") if isinstance(extension, dict) else None
        bones = humanoid.get("humanBones") if isinstance(humanoid, dict) else None
        pairs: list[tuple[Any, Any]] = []
        if isinstance(bones, dict):  # 1.0: {"hips": {"node": 3}}
            pairs = [(bone, entry.get("node")) for bone, entry in bones.items() if isinstance(entry, dict)]
        elif isinstance(bones, list):  # 0.x: [{"bone": "hips", "node": 3}]
            pairs = [(entry.get("bone"), entry.get("node")) for entry in bones if isinstance(entry, dict)]
        found.update({node: bone for bone, node in pairs if isinstance(node, int) and isinstance(bone, str)})
    return found


def text_of(value: Any) -> str:
    """A name in the document; "" if it is none."""
    return value.strip() if isinstance(value, str) else ""
