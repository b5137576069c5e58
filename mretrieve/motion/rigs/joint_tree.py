"""A joint tree without a root: its bones, the branches at each joint, and how far they reach."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

#: A link whose length varies by more than this part of itself plus this part of the longest bone is not a bone, but a
#: root that stays behind or a target that follows a foot. The second part is for bones of zero length and for captured
#: points, which vary.
_RIGID_VARIATION, _RIGID_NOISE = 0.25, 0.01
#: Lengths of a left and a right bone differ by less than this part of themselves plus this part of the body.
_LIKE_BONES, _LIKE_BODY = 0.2, 0.02
#: A limb reaches at least this part of the longest way through the body.
_LEAST_LIMB = 0.2


@dataclass(frozen=True)
class LimbPair:
    """Two branches alike that leave one joint: the joints of each, from the first of the limb to its farthest end."""

    branching: int
    first: tuple[int, ...]
    second: tuple[int, ...]
    reach: float


class JointTree:
    """The bones of a rig as a tree without direction. Joints that nothing rigid ties to the body are left out."""

    def __init__(self, parents: NDArray[np.int32], positions: NDArray[np.floating]) -> None:
        """`parents` (J,), `positions` (T, J, 3) finite."""
        self.positions = positions
        joint_count = len(parents)
        self.neighbours: list[list[int]] = [[] for _ in range(joint_count)]
        self._lengths: dict[tuple[int, int], float] = {}
        self._reaches: dict[tuple[int, int], tuple[float, int]] = {}
        children = np.flatnonzero(parents >= 0)
        bones = np.linalg.norm(positions[:, children] - positions[:, parents[children]], axis=2)
        (low, lengths, high) = np.percentile(bones, (10, 50, 90), axis=0)
        rigid = high - low <= _RIGID_VARIATION * lengths + _RIGID_NOISE * lengths.max(initial=0.0)
        for index, length in zip(children[rigid].tolist(), lengths[rigid].tolist(), strict=True):
            parent = int(parents[index])
            self.neighbours[index].append(parent)
            self.neighbours[parent].append(index)
            self._lengths[index, parent] = self._lengths[parent, index] = length
        self.joints = self._largest_part()
        self._cut_handles(parents)
        self.span = max(
            (reach for a in self.joints for b in self.neighbours[a] if (reach := self.reach(a, b))), default=0
        )

    def _largest_part(self) -> list[int]:
        unseen, parts = set(range(len(self.neighbours))), []
        while unseen:
            part, open_ends = [], [unseen.pop()]
            while open_ends:
                part.append(open_ends.pop())
                further = unseen.intersection(self.neighbours[part[-1]])
                unseen -= further
                open_ends += further
            parts.append(sorted(part))
        return max(parts, key=len)

    def _cut_handles(self, parents: NDArray[np.int32]) -> None:
        """Drop roots with one child: handles on the floor or in the world's origin, never part of a body."""
        top = next((index for index in self.joints if parents[index] < 0), -1)
        while top >= 0 and len(self.neighbours[top]) == 1:
            below = self.neighbours[top].pop()
            self.neighbours[below].remove(top)
            self.joints.remove(top)
            top = below

    def length(self, a: int, b: int) -> float:
        """Median distance between any two joints."""
        if (a, b) not in self._lengths:
            length = float(np.median(np.linalg.norm(self.positions[:, a] - self.positions[:, b], axis=1)))
            self._lengths[a, b] = self._lengths[b, a] = length
        return self._lengths[a, b]

    def reach(self, start: int, towards: int) -> float:
        """Length of the longest way that leaves `start` through its neighbour `towards`."""
        return self._reach(start, towards)[0]

    def _reach(self, start: int, towards: int) -> tuple[float, int]:
        """The reach, and through which neighbour of `towards` it goes on (-1: it ends there)."""
        if (start, towards) not in self._reaches:
            # an explicit stack: trees of hair and tails can be deeper than Python recurses
            stack = [(start, towards)]
            while stack:
                origin, here = stack[-1]
                waiting = [
                    (here, far) for far in self.neighbours[here] if far != origin and (here, far) not in self._reaches
                ]
                if waiting:
                    stack += waiting
                    continue
                stack.pop()
                beyond = [(self._reaches[here, far][0], far) for far in self.neighbours[here] if far != origin]
                # of equal ways the one through the earlier joint, so that order never depends on rounding
                longest = max((length for length, _ in beyond), default=0.0)
                near = [far for length, far in beyond if length >= longest * (1 - 1e-6)]
                self._reaches[origin, here] = (self.length(origin, here) + longest, min(near) if near else -1)
        return self._reaches[start, towards]

    def chain(self, start: int, towards: int) -> tuple[int, ...]:
        """Joints of the longest way that leaves `start` through `towards`, without `start`."""
        joints = [towards]
        origin, here = start, towards
        while (following := self._reach(origin, here)[1]) >= 0:
            origin, here = here, following
            joints.append(here)
        return tuple(joints)

    def path(self, start: int, end: int) -> list[int]:
        """Joints from `start` to `end`, both included."""
        came_from = {start: start}
        open_ends = [start]
        while open_ends:
            here = open_ends.pop()
            for far in self.neighbours[here]:
                if far not in came_from:
                    came_from[far] = here
                    open_ends.append(far)
        way = [end]
        while way[-1] != start:
            way.append(came_from[way[-1]])
        return way[::-1]

    def limb_pairs(self) -> list[LimbPair]:
        """All pairs of long branches that leave one joint and are alike bone by bone, the longest first."""
        pairs = []
        for branching in self.joints:
            for a, b in combinations(self.neighbours[branching], 2):
                reach = min(self.reach(branching, a), self.reach(branching, b))
                if reach < _LEAST_LIMB * self.span:
                    continue
                first, second = self.chain(branching, a), self.chain(branching, b)
                if self._alike((branching, *first), (branching, *second)):
                    pairs.append(LimbPair(branching, first, second, reach))
        return sorted(pairs, key=lambda pair: -pair.reach)

    def _alike(self, first: tuple[int, ...], second: tuple[int, ...]) -> bool:
        if abs(len(first) - len(second)) > 1:
            return False
        ours = [self.length(a, b) for a, b in pairwise(first)]
        theirs = [self.length(a, b) for a, b in pairwise(second)]
        return all(
            abs(a - b) <= _LIKE_BONES * max(a, b) + _LIKE_BODY * self.span for a, b in zip(ours, theirs, strict=False)
        )
