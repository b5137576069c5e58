"""Lifting a view to joint positions without a skeleton in between, to compare `normalized-pose` with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..lifting.input_frames import input_frames, mirrored_frames
from ..lifting.lifted import at_full_rate
from ..lifting.network import LiftingNetwork
from ..motion.bones import USED_JOINTS
from ..motion.detection import as_detected
from ..motion.skeleton import MIRROR
from ..motion.view import View

_SWAPPED = [USED_JOINTS.index(MIRROR[number]) for number in USED_JOINTS]


class DirectLifting:
    """The network of E_Q with another last layer: the positions of the joints instead of quaternions."""

    def __init__(self, tensors: Mapping[str, NDArray[Any]], dilations: Sequence[int]) -> None:
        """The weights by name, and the frames between the three that each block looks at."""
        self._network = LiftingNetwork(tensors, dilations)

    def positions(self, view: View) -> NDArray[np.float32]:
        """Positions (T, 18, 3) from the middle of the hips, metres, of a body of standard size, camera at azimuth 0."""
        frames = input_frames(as_detected(view))
        seen = self._network.forward(frames).reshape(len(frames), -1, 3)
        mirrored = self._network.forward(mirrored_frames(frames)).reshape(len(frames), -1, 3)[:, _SWAPPED]
        return at_full_rate(0.5 * (seen + mirrored * np.array([-1, 1, 1], np.float32)), view.frame_count)
