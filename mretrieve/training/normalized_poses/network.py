"""The networks of `normalized-pose` as they are trained: E_Q, from views to quaternions, and E_P, to features."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from ...encoders.systems.normalized_pose import FEATURE_COUNT, POSE_COUNT
from ...lifting.weights_file import shipped_network
from ...motion.bones import USED_JOINTS
from ...motion.quaternion_pose import NUMBER_COUNT, QUATERNION_COUNT
from ..quaternion_pose import pose_quaternions
from ..systems.lifting import LiftingTorch
from .recipe import NormalizedPoseRecipe


class FeatureNetwork(nn.Module):
    """E_P: fully connected layers with a residual block, as in Martinez et al. 2017, without batch norm."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.enter = nn.Linear(POSE_COUNT, hidden)
        self.blocks = nn.ModuleList([_Block(hidden)])
        self.leave = nn.Linear(hidden, FEATURE_COUNT)

    def forward(self, poses: Tensor) -> Tensor:
        """Features (..., 64) of length 1, of normalised poses (..., 18, 3)."""
        hidden = torch.relu(self.enter(poses.flatten(-2)))
        for block in self.blocks:
            hidden = hidden + block(hidden)
        return nn.functional.normalize(self.leave(hidden), dim=-1)


class _Block(nn.Module):
    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(hidden, hidden), nn.Linear(hidden, hidden)

    def forward(self, hidden: Tensor) -> Tensor:
        added: Tensor = torch.relu(self.second(torch.relu(self.first(hidden))))
        return added


class NormalizedPoseTorch(nn.Module):
    """E_Q and E_P."""

    def __init__(self, recipe: NormalizedPoseRecipe) -> None:
        super().__init__()
        outputs = 3 * len(USED_JOINTS) if recipe.direct else NUMBER_COUNT
        self.rotations = LiftingTorch(recipe.width, recipe.dilations)
        lifting = _fitting_lifting(self.rotations) if recipe.from_lifting else {}
        self.rotations.load_state_dict(lifting, strict=False)
        self.rotations.leave = nn.Linear(recipe.width, outputs)
        with torch.no_grad():
            self.rotations.leave.weight.mul_(0.1)
            if not recipe.direct:
                self.rotations.leave.bias.copy_(torch.tensor([*(1.0, 0.0, 0.0, 0.0) * QUATERNION_COUNT, 0.0, 0.0]))
                if lifting:
                    _start_heading(self.rotations.leave, lifting)
        self.features = FeatureNetwork(recipe.hidden)

    def quaternions(self, frames: Tensor, valid: Tensor) -> Tensor:
        """Unit quaternions (B, N, 18, 4) of frames (B, N, 39), of which `valid` (B, N, 1) are 1 and not 0."""
        return pose_quaternions(self.rotations(frames, valid).float())


def _fitting_lifting(network: LiftingTorch) -> dict[str, Tensor]:
    """The weights of the lifting network that comes with mretrieve; none if they do not fit the network."""
    shipped = shipped_network()
    found = {name: torch.from_numpy(value.astype(np.float32)) for name, value in shipped.to_tensors().items()}
    shapes = {name: value.shape for name, value in network.state_dict().items()}
    fit = shipped.dilations == network.dilations and all(shapes[name] == value.shape for name, value in found.items())
    return found if fit else {}


def _start_heading(leave: nn.Linear, lifting: Mapping[str, Tensor]) -> None:
    """Start with the heading of the hips that the lifting network gives: +X of the body is along their line."""
    for name, own in leave.named_parameters():
        bones = lifting[f"leave.{name}"]
        to_the_left = bones[:3] - bones[3:6]  # the first two are from the pelvis to the hips
        own[-2], own[-1] = to_the_left[0], -to_the_left[2]
