"""The names of a rig as numbers: a score for each joint and part, its side, and the joint on the other side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .joint_tree import Floats, Indices, JointTree
from .names import NameReading
from .vocabulary import LEFT, PARTS

#: A name that clearly means a part means no other; the first four of PARTS have no sides.
#: Pelvis, neck and head are often numbered as joints of the back.
_KNOWN, _OTHER_PART, _OF_THE_BACK, _CENTRAL_PARTS = 2.0, -2.0, -0.5, 4
#: Cost of a joint within a bone. Tools that have both a wrist and a hand do not agree which of them ends the forearm.
_SKIPPED, _SKIPPED_HELPER, _SKIPPED_WRIST = 1.0, 0.15, 0.4


@dataclass(frozen=True, eq=False)
class NameEvidence:
    """What the names of a rig of J joints say.

    Attributes:
        readings: of each joint's name.
        scores: (J, 12) for each of PARTS.
        sides: (J,) 1 left, -1 right, 0 unknown.
        stems: (J,) equal for names that differ in their side only; -1 without a side.
        skipping: (J,) cost of a joint that a bone passes over, summed from the root.
    """

    readings: tuple[NameReading, ...]
    scores: Floats
    sides: Indices
    stems: Indices
    skipping: Floats

    @classmethod
    def of(cls, readings: tuple[NameReading, ...], tree: JointTree) -> NameEvidence:
        """The evidence of a rig's names on its tree."""
        scores = np.zeros((len(readings), len(PARTS)))
        stems: dict[str, int] = {}
        stem_of = np.full(len(readings), -1, np.intp)
        for index, reading in enumerate(readings):
            if reading.parts or reading.is_helper:
                scores[index] = [reading.score(part) for part in PARTS]
            if max(reading.parts.values(), default=0.0) >= _KNOWN and not reading.is_helper:
                other = _OF_THE_BACK if reading.score("spine") >= _KNOWN else _OTHER_PART
                scores[index, scores[index] == 0] = _OTHER_PART
                scores[index, :_CENTRAL_PARTS] = np.maximum(scores[index, :_CENTRAL_PARTS], other)
            if reading.side:
                scores[index, :_CENTRAL_PARTS] = np.minimum(scores[index, :_CENTRAL_PARTS], _OTHER_PART)
            if reading.side:
                stem_of[index] = stems.setdefault(reading.stem, len(stems))
        sides = np.array([(1 if r.side == LEFT else -1) if r.side else 0 for r in readings], np.intp)
        skipping = np.zeros(len(readings))
        for index, parent in enumerate(tree.parents.tolist()):
            own = _SKIPPED_HELPER if readings[index].is_helper else _SKIPPED
            if readings[index].score("wrist") >= _KNOWN:
                own = _SKIPPED_WRIST
            skipping[index] = own + (skipping[parent] if parent >= 0 else 0.0)
        return cls(readings, scores, sides, stem_of, skipping)

    def partners(self, joints: Indices, excluded: NDArray[np.bool_]) -> Indices:
        """The joint of the other side with the same name for each of `joints`, -1 without one."""
        same = self.stems[None, :] == self.stems[joints, None]
        found = same & (self.sides[None, :] == -self.sides[joints, None]) & ~excluded & (self.stems[joints, None] >= 0)
        return np.where(found.any(axis=1), found.argmax(axis=1), -1)

    def score(self, index: int, part: str) -> float:
        """How well the name of a joint fits a part."""
        return float(self.scores[index, PARTS.index(part)])
