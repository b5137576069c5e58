"""The joints of one body as JSON has them: [x, y, c, x, y, c, ...], [[x, y], ...] or [{"x": ..., "y": ...}, ...]."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..motion.joint_sets import JOINT_SETS, JointSet, joint_set_by_count, joint_set_by_names, joints_at

_CONFIDENCE = ("score", "visibility", "confidence", "presence", "c")
_MOST_JOINTS = 1000


def joint_list(value: Any, confidence: Any = None) -> NDArray[np.float32]:
    """Joints (J, 3) as x, y and confidence, which is 1 if there is none; no joints for an empty list.

    Of four numbers a joint, as MediaPipe has them, the third is a depth and left out.

    Raises:
        ValueError: the value is not a list of joints.
    """
    if not isinstance(value, list) or len(value) > 4 * _MOST_JOINTS:
        raise ValueError("joints are not a list, or more than any body has")
    if not value:
        return np.zeros((0, 3), np.float32)
    if isinstance(value[0], dict):
        names = next(([name] for name in _CONFIDENCE if name in value[0]), [])
        rows = np.array([[joint[name] for name in ("x", "y", *names)] for joint in value], np.float64)
    else:
        rows = np.array(value, np.float64)
        if rows.ndim == 1:
            rows = rows.reshape(-1, 3 if joint_set_by_count(len(rows) // 3) and len(rows) % 3 == 0 else 2)
    if rows.ndim != 2 or not 2 <= rows.shape[1] <= 4:
        raise ValueError(f"joints of {rows.shape[-1]} numbers")
    found = np.ones((len(rows), 3))
    found[:, :2] = rows[:, :2]
    if confidence is not None:
        found[:, 2] = np.array(confidence, np.float64).reshape(len(rows))
    elif rows.shape[1] > 2:
        found[:, 2] = rows[:, -1]
    with np.errstate(over="ignore"):  # beyond single precision is infinite, and not found
        return found.astype(np.float32)


def bodies_of_one_set(
    bodies: Sequence[NDArray[np.float32]], names: Sequence[str] | None, source: object
) -> tuple[JointSet, NDArray[np.float32]]:
    """The joint set of the bodies in a file, and their joints (N, J, 3) in its order.

    Args:
        bodies: joints of each, as from `joint_list`.
        names: of the joints, if the file has them.
        source: the file.

    Raises:
        FormatError: the bodies differ in their number of joints, or no known set has as many.
    """
    counts = {len(body) for body in bodies}
    if len(counts) > 1:
        raise FormatError(f"{source}: bodies of {min(counts)} and of {max(counts)} joints; run one detector on all")
    count = counts.pop() if counts else len(names or ())
    named = joint_set_by_names(names) if names is not None and len(names) == count else None
    if named is not None:
        joint_set, places = named
    else:
        by_count = joint_set_by_count(count)
        if by_count is None:
            known = ", ".join(f"{name} ({len(each.joints)})" for name, each in JOINT_SETS.items())
            raise FormatError(f"{source}: bodies of {count} joints are of no known set; mretrieve knows {known}")
        joint_set, places = by_count, tuple(range(len(by_count.joints)))
    stacked = np.stack(bodies) if len(bodies) else np.zeros((0, count, 3), np.float32)
    return joint_set, joints_at(places, stacked).astype(np.float32)


def named_joint_set(name: Any, path: Path) -> JointSet:
    """The joint set that a file names. FormatError: there is none of this name."""
    if not isinstance(name, str) or name not in JOINT_SETS:
        raise FormatError(f"{path}: unknown joint set {str(name)[:40]!r}; mretrieve knows {', '.join(JOINT_SETS)}")
    return JOINT_SETS[name]
