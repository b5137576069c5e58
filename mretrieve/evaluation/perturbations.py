"""What a query may have gone through that its answer should not depend on."""

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
class Disturbance:
    """A change of a clip by chance."""

    name: str
    change: Callable[[Clip, np.random.Generator], Clip]

    def __call__(self, items: Sequence[LabelledClip]) -> tuple[LabelledClip, ...]:
        """The items, each disturbed in its own way; the same items always in the same way."""
        generator = np.random.default_rng(0)
        return tuple(replace(item, clip=self.change(item.clip, generator)) for item in items)


def lose_some(clip: Clip, generator: np.random.Generator) -> Clip:
    """The clip without 4 random joints, all the time; never without the pelvis."""
    return lose_joints(clip, generator.choice(USED_JOINTS[1:], LOST_JOINTS, replace=False))


def other_rig(clip: Clip, generator: np.random.Generator) -> Clip:
    """The clip on a body whose bones are .8 to 1.2 times as long, its joints placed 15 mm (RMS) beside their places."""
    return other_body(clip, generator, LIMB_SCALE, JOINT_OFFSET_M)


DISTURBANCES = (
    Disturbance("clean", lambda clip, _: clip),
    Disturbance("20 % of the joints missing", lose_some),
    Disturbance("half speed", lambda clip, _: change_speed(clip, 0.5)),
    Disturbance("double speed", lambda clip, _: change_speed(clip, 2.0)),
    Disturbance("other rig", other_rig),
)
