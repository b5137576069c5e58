"""The branches of a joint tree: their lengths, and the joints at which long ones part."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

#: A branch is long from this part of the longest one that leaves a branching: of a body that is the way from the hips
#: to a hand. Legs and arms are long; a head, fingers and twist joints are not.
_LONG = 0.3


class Branches:
    """The branches of the trees of a rig, measured from each joint away from its root.

    Attributes:
        children: of each joint.
        lengths: of the bone that leads to each joint, in the unit of the positions.
        reaches: of each joint, the length of the longest way down from it.
    """

    def __init__(self, parents: NDArray[np.int32], bones: NDArray[np.floating]) -> None:
        """`parents` (J,); `bones` (T, J, 3), finite, from each joint's parent to the joint."""
        self.lengths: list[float] = np.median(np.sqrt(np.einsum("tji,tji->tj", bones, bones)), axis=0).tolist()
        self.parents: list[int] = parents.tolist()
        self.children: list[list[int]] = [[] for _ in self.parents]
        for joint, parent in enumerate(self.parents):
            if parent >= 0:
                self.children[parent].append(joint)
        self.reaches = [0.0] * len(self.parents)
        for joint in range(len(self.parents) - 1, -1, -1):
            parent = self.parents[joint]
            if parent >= 0:
                self.reaches[parent] = max(self.reaches[parent], self.branch_length(joint))

    @staticmethod
    def moving(parents: NDArray[np.int32], positions: NDArray[np.floating]) -> Branches:
        """The branches of a rig in motion: `positions` (T, J, 3)."""
        places = np.nan_to_num(np.asarray(positions, np.float64))
        return Branches(parents, places - places[:, np.maximum(parents, 0)])

    def branch_length(self, joint: int) -> float:
        """Length of the longest way from a joint's parent down through the joint."""
        return self.lengths[joint] + self.reaches[joint]

    @cached_property
    def partings(self) -> dict[int, list[int]]:
        """The joints that several long branches leave, and the first joints of these branches, longest first."""
        branchings = [joint for joint, own in enumerate(self.children) if len(own) > 1]
        longest = max((self.reaches[joint] for joint in branchings), default=0.0)
        partings = {}
        for joint in branchings:
            long = [child for child in self.children[joint] if self.branch_length(child) >= _LONG * longest]
            if len(long) > 1:
                partings[joint] = sorted(long, key=self.branch_length, reverse=True)
        return partings

    def chain(self, joint: int) -> list[int]:
        """The joints of the longest way down from a joint, itself included."""
        way = [joint]
        while self.children[way[-1]]:
            way.append(max(self.children[way[-1]], key=self.branch_length))
        return way

    def ancestors(self, joint: int) -> list[int]:
        """The joints above a joint, nearest first."""
        return ancestors(self.parents, joint)


def ancestors(parents: Sequence[int], joint: int) -> list[int]:
    """The joints above a joint, nearest first; parents are -1 for roots."""
    above = []
    while (joint := parents[joint]) >= 0:
        above.append(joint)
    return above
