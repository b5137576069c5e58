"""How much each part of the body counts in a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from ..errors import QueryError
from .clip import Clip
from .skeleton import JOINT_COUNT, PARTS

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
        """QueryError for a weight that is negative or no number, and where nothing counts."""
        for part, weight in self.items():
            if not (isfinite(weight) and weight >= 0):
                raise QueryError(f"the weight of {part} is {weight:g}; give 0 or more")
        if not any(weight for _, weight in self.items()):
            raise QueryError("every body part has weight 0, so there is nothing to compare; give one of them a weight")

    @classmethod
    def parse(cls, text: str) -> PartWeights:
        """What a user writes: "arms", "arms=1,legs=0.2", "body=1,right_arm=3".

        A name without a weight counts 1; a later entry replaces an earlier one. What is not named counts 0, unless all
        that is named counts 0: "legs=0" is everything but the legs.

        Raises:
            QueryError: a name is no part, or a weight no number.
        """
        given: dict[str, float] = {}
        for entry in text.split(","):
            name, _, weight = entry.strip().partition("=")
            name = name.strip().lower().replace("-", "_")
            if name not in PARTS and name not in UNIONS:
                raise QueryError(f"{name!r} is no body part; there are {', '.join([*PARTS, *UNIONS])}")
            try:
                number = float(weight) if weight else 1.0
            except ValueError:
                raise QueryError(f"the weight of {name} is {weight!r}; give a number, as in {name}=0.5") from None
            given.update(dict.fromkeys(UNIONS.get(name, (name,)), number))
        rest = 0.0 if any(given.values()) else 1.0
        return cls(**{part: given.get(part, rest) for part in PARTS})

    def items(self) -> tuple[tuple[str, float], ...]:
        """Parts and their weights, in the order of `skeleton.PARTS`."""
        return tuple((part, float(getattr(self, part))) for part in PARTS)

    @property
    def even(self) -> bool:
        """Whether every part counts alike, as where no weights are given."""
        return len({weight for _, weight in self.items()}) == 1

    def of_joints(self) -> NDArray[np.float32]:
        """The weight of each joint, (22,): that of its part."""
        weights = np.zeros(JOINT_COUNT, np.float32)
        for part, weight in self.items():
            weights[list(PARTS[part])] = weight
        return weights

    def masked(self, clip: Clip) -> Clip:
        """The clip without the limbs that count nothing: their joints are marked as not observed.

        So they do not tell where the body is and which way it faces either. The torso stays, as what the other parts
        are seen from; it counts nothing in distances where its weight is 0.
        """
        unseen = [joint for part, weight in self.items() if not weight and part != "torso" for joint in PARTS[part]]
        if not unseen:
            return clip
        observed = clip.observed.copy()
        observed[:, unseen] = False
        return replace(clip, observed=observed)
