"""Variants of a motion: left and right exchanged, and parts of the body that count more or less."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from math import isfinite
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..errors import QueryError
from .body_view import body_view, mirror
from .clip import Clip
from .skeleton import JOINT_COUNT, MIRROR, PARTS, joint

#: The part of the body in which left and right are exchanged.
Flip = Literal["none", "whole", "arms", "legs"]
FLIPS: tuple[Flip, ...] = get_args(Flip)

#: Remarks after the name of a flipped motion.
REMARKS: dict[Flip, str] = {
    "none": "",
    "whole": " (mirrored)",
    "arms": " (arms exchanged)",
    "legs": " (legs exchanged)",
}

#: The joint that limbs are attached to: they are flipped about it, so that they stay attached.
_ROOT = {"arms": joint("spine3"), "legs": joint("pelvis")}


def flip(clip: Clip, what: Flip) -> Clip:
    """The clip with left and right exchanged in what is named.

    Arms and legs alone take the place of each other's mirror image as the body sees it (body_view), the rest stays.
    """
    if what == "none":
        return clip
    if what == "whole":
        return mirror(clip)
    limbs = np.array([*PARTS[f"left_{what[:-1]}"], *PARTS[f"right_{what[:-1]}"]])
    others = np.array(MIRROR)[limbs]
    root = _ROOT[what]
    heading = body_view(clip.positions, clip.observed).heading
    left = np.stack([np.cos(heading), np.zeros_like(heading), -np.sin(heading)], axis=1)[:, None]  # (T, 1, 3)
    offsets = clip.positions[:, others] - clip.positions[:, [root]]
    positions, observed = clip.positions.copy(), clip.observed.copy()
    positions[:, limbs] = clip.positions[:, [root]] + offsets - 2 * (offsets * left).sum(axis=2, keepdims=True) * left
    observed[:, limbs] = clip.observed[:, others]
    return replace(clip, positions=positions, observed=observed)


#: Names that mean several parts.
UNIONS: Mapping[str, tuple[str, ...]] = {
    "arms": ("left_arm", "right_arm"),
    "legs": ("left_leg", "right_leg"),
    "upper": ("torso", "left_arm", "right_arm"),
    "lower": ("left_leg", "right_leg"),
    "left": ("left_arm", "left_leg"),
    "right": ("right_arm", "right_leg"),
    "body": tuple(PARTS),
}


@dataclass(frozen=True)
class PartWeights:
    """Weights of the body parts, at least 0; only their ratios count."""

    torso: float = 1.0
    left_arm: float = 1.0
    right_arm: float = 1.0
    left_leg: float = 1.0
    right_leg: float = 1.0

    def __post_init__(self) -> None:
        """QueryError: a weight is negative or not a number, or all are 0."""
        for part, weight in self.items():
            if not (isfinite(weight) and weight >= 0):
                raise QueryError(f"the weight of {part} is {weight:g}; give 0 or more")
        if not any(weight for _, weight in self.items()):
            raise QueryError("every body part has weight 0, so there is nothing to compare; give one of them a weight")

    @classmethod
    def of(cls, weights: Parts) -> PartWeights:
        """Weights from what a caller gives: `{"arms": 1}`, "arms=1,legs=0.2", weights as they are; even ones for None.

        A later entry replaces an earlier one. Parts that are not named have weight 0, unless all named weights are 0:
        "legs=0" is everything but the legs. In text, a name without a weight has weight 1.

        Raises:
            QueryError: a name is not a body part, or a weight not a number.
        """
        if weights is None:
            return cls()
        if isinstance(weights, PartWeights):
            return weights
        if isinstance(weights, str):
            entries = [entry.partition("=")[::2] for entry in weights.split(",")]
            weights = {name.strip(): cls._number(name.strip(), weight.strip()) for name, weight in entries}
        given: dict[str, float] = {}
        for name, weight in weights.items():
            known = str(name).lower().replace("-", "_")
            if known not in PARTS and known not in UNIONS:
                raise QueryError(f"{name!r} is not a body part; there are {', '.join([*PARTS, *UNIONS])}")
            given.update(dict.fromkeys(UNIONS.get(known, (known,)), cls._number(known, weight)))
        rest = 0.0 if any(given.values()) else 1.0
        return cls(**{part: given.get(part, rest) for part in PARTS})

    @staticmethod
    def _number(name: str, weight: float | str) -> float:
        try:
            return float(weight if weight != "" else 1.0)
        except (ValueError, TypeError):
            raise QueryError(f"the weight of {name} is {weight!r}; give a number, as in {name}=0.5") from None

    def items(self) -> tuple[tuple[str, float], ...]:
        """Parts and their weights, in the order of `skeleton.PARTS`."""
        return tuple((part, float(getattr(self, part))) for part in PARTS)

    @property
    def even(self) -> bool:
        """Whether every part has the same weight, the default."""
        return len({weight for _, weight in self.items()}) == 1

    def of_joints(self) -> NDArray[np.float32]:
        """The weight of each joint, (22,), read-only: that of its part."""
        return _joint_weights(self)

    def masked(self, clip: Clip) -> Clip:
        """The clip without the limbs of weight 0: their joints are marked as not observed.

        So position and heading of the body do not depend on them either. The torso stays, because the other parts are
        seen from it; with weight 0 it does not count in distances.
        """
        unseen = _left_out(self)
        if not unseen:
            return clip
        observed = clip.observed.copy()
        observed[:, unseen] = False
        return replace(clip, observed=observed)


#: What a caller gives for weights: see `PartWeights.of`.
Parts = PartWeights | Mapping[str, float] | str | None


@lru_cache(256)
def _joint_weights(part_weights: PartWeights) -> NDArray[np.float32]:
    weights = np.zeros(JOINT_COUNT, np.float32)
    for part, weight in part_weights.items():
        weights[list(PARTS[part])] = weight
    weights.flags.writeable = False  # shared by all that ask
    return weights


@lru_cache(256)
def _left_out(part_weights: PartWeights) -> list[int]:
    """The joints of the limbs of weight 0."""
    limbs = [part for part, weight in part_weights.items() if not weight and part != "torso"]
    return [joint for part in limbs for joint in PARTS[part]]
