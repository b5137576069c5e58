"""Query perturbations that should not change the ranking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..encoders.statistics.pose_channels import USED_JOINTS
from ..motion import Clip, LabelledClip
from ..motion.augmentation import change_speed, lose_joints, other_body

LOST_JOINTS = 4  # of the 17 below the pelvis that every rig has in the same place
LIMB_SCALE = 0.2
JOINT_OFFSET_M = 0.015


@dataclass(frozen=True)
class Perturbation:
    """A random change of a clip.

    Attributes:
        name: what is changed.
        change: returns the changed clip.
    """

    name: str
    change: Callable[[Clip, np.random.Generator], Clip]

    def __call__(self, items: Sequence[LabelledClip]) -> tuple[LabelledClip, ...]:
        """The items, each perturbed in its own way; the same items always in the same way."""
        generator = np.random.default_rng(0)
        return tuple(replace(item, clip=self.change(item.clip, generator)) for item in items)


def drop_joints(clip: Clip, generator: np.random.Generator) -> Clip:
    """The clip without 4 random joints in all frames; the pelvis always stays."""
    return lose_joints(clip, generator.choice(USED_JOINTS[1:], LOST_JOINTS, replace=False))


def other_rig(clip: Clip, generator: np.random.Generator) -> Clip:
    """The clip on a body whose bones are .8 to 1.2 times as long, its joints displaced by 15 mm (RMS)."""
    return other_body(clip, generator, LIMB_SCALE, JOINT_OFFSET_M)


PERTURBATIONS = (
    Perturbation("clean", lambda clip, _: clip),
    Perturbation("20 % of the joints missing", drop_joints),
    Perturbation("half speed", lambda clip, _: change_speed(clip, 0.5)),
    Perturbation("double speed", lambda clip, _: change_speed(clip, 2.0)),
    Perturbation("other rig", other_rig),
)
