"""The axes of a file by the evidence: its up axis, and whether they are left-handed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .axes_evidence import DIRECTIONS, AxesEvidence

#: Log-odds. With a lead below this, what is usual stands.
_LEAST_LEAD = 0.3
#: What is named in the note leads by at least this.
_NAMED_LEAD = 0.5


@dataclass(frozen=True, eq=False)
class WorldAxes:
    """The axes of a file.

    Attributes:
        canonical_from_file: (3, 3) rotates (and, if left-handed, mirrors) them to Y up.
        up: the file's up axis: "+Y", "-Z" ...
        left_handed: whether they are left-handed.
        notes: what was found and by what; empty for right-handed axes with Y up.
    """

    canonical_from_file: NDArray[np.float64]
    up: str
    left_handed: bool
    notes: tuple[str, ...]


def find_world_axes(evidence: AxesEvidence, others: Callable[[], Iterable[AxesEvidence]] = tuple) -> WorldAxes:
    """The most likely axes of a file; `others` is called if the evidence is thin, for that of other files of its rig.

    If it is still thin, the direction is taken in which the rest pose stands, or else that of the format's convention.
    """
    if evidence.is_thin:
        evidence = evidence.with_others(others())
    order = np.argsort(-evidence.up, kind="stable")
    best, second = order[:2].tolist()
    notes = []
    if evidence.up[best] - evidence.up[second] < _LEAST_LEAD:
        best = int(np.argmax(evidence.usual + evidence.rest))
        ground = "the rest pose stands" if evidence.rest.any() else "is usual"
        notes.append(f"axes: the motion does not show which is up; {DIRECTIONS[best]} was taken, as {ground}")
    elif DIRECTIONS[best] != "+Y":
        rival = int(np.argmax(evidence.usual)) if best != int(np.argmax(evidence.usual)) else second
        grounds = {
            "declared in the file": evidence.usual,
            "rest pose": evidence.rest,
            "floor": evidence.floor,
            "posture": evidence.posture,
        }
        named = [name for name, score in grounds.items() if score[best] - score[rival] > _NAMED_LEAD]
        if evidence.others:
            named.append(f"with {evidence.others} other files of the rig")
        notes.append(f"axes: {DIRECTIONS[best]} is up in the file ({', '.join(named)}), turned to +Y")
    axis, sign = best // 2, 1.0 - 2.0 * (best % 2)
    basis = np.zeros((3, 3))
    basis[1, axis] = sign
    basis[0, 2 if axis == 0 else 0] = 1.0
    basis[2] = np.cross(basis[0], basis[1])
    left_handed = evidence.left_handed > 0
    if left_handed:
        basis[0] = -basis[0]
        notes.append("axes: left-handed in the file (feet and knees point backwards), mirrored")
    return WorldAxes(basis, DIRECTIONS[best], left_handed, tuple(notes))
