"""The axes of a file by the evidence: its up axis, and whether they are left-handed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .axes_evidence import DIRECTIONS, AxesEvidence

#: Log-odds below which a note says that the direction is not certain: a chance of one in twenty and more.
_CERTAIN_LEAD = 3.0
#: By how much what is named in a note favours the direction over the usual one.
_NAMED_LEAD = 0.5


@dataclass(frozen=True, eq=False)
class WorldAxes:
    """The axes of a file.

    Attributes:
        canonical_from_file: (3, 3) rotates (and, if left-handed, mirrors) them to Y up.
        up: the file's up axis: "+Y", "-Z" ...
        left_handed: whether they are left-handed.
        notes: what was found and by what; empty for right-handed axes that clearly have Y up.
    """

    canonical_from_file: NDArray[np.float64]
    up: str
    left_handed: bool
    notes: tuple[str, ...]


def find_world_axes(evidence: AxesEvidence, others: Callable[[], Iterable[AxesEvidence]] = tuple) -> WorldAxes:
    """The most likely axes of a file; `others` is called if the evidence is thin, for that of other files of its rig.

    Where the motion shows nothing, the rest pose decides, and without one the convention of the format.
    """
    if evidence.is_thin:
        evidence = evidence.with_others(others())
    second, best = np.argsort(evidence.up, kind="stable")[-2:].tolist()
    certain = evidence.up[best] - evidence.up[second] >= _CERTAIN_LEAD
    notes = []
    if DIRECTIONS[best] != "+Y":
        doubt = "" if certain else ", which is not certain"
        grounds = ", ".join(_grounds(evidence, best, second))
        notes.append(f"axes: {DIRECTIONS[best]} is up in the file ({grounds}), turned to +Y{doubt}")
    elif not certain:
        notes.append("axes: +Y was taken to be up, as is usual; the motion does not show it clearly")
    basis = _basis(best).copy()
    left_handed = evidence.left_handed > 0
    if left_handed:
        basis[0] = -basis[0]
        notes.append("axes: left-handed in the file (feet and knees point backwards), mirrored")
    elif not evidence.shows_hand:
        notes.append("axes: they were taken to be right-handed, as is usual; neither feet nor knees show it")
    return WorldAxes(basis, DIRECTIONS[best], left_handed, tuple(notes))


@lru_cache(maxsize=6)
def _basis(up: int) -> NDArray[np.float64]:
    """Rotates (3, 3) the direction that has the index `up` in DIRECTIONS to +Y."""
    axis, sign = up // 2, 1.0 - 2.0 * (up % 2)
    basis = np.zeros((3, 3))
    basis[1, axis] = sign
    basis[0, 2 if axis == 0 else 0] = 1.0
    basis[2] = np.cross(basis[0], basis[1])
    return basis


def _grounds(evidence: AxesEvidence, best: int, second: int) -> list[str]:
    """What shows that a direction is up and not the usual one, or the second best if it is the usual one."""
    usual = int(np.argmax(evidence.usual))
    rival = second if best == usual else usual
    scores = {
        "declared in the file": evidence.usual,
        "rest pose": evidence.rest,
        "floor": evidence.floor,
        "travel": evidence.travel,
        "posture": evidence.posture,
    }
    grounds = [name for name, score in scores.items() if score[best] - score[rival] > _NAMED_LEAD]
    return grounds + [f"with {evidence.others} other files of the rig"] * (evidence.others > 0)
