"""The losses of `normalized-pose`: those of E_Q (section 3.2) and the triplet loss of E_P (section 3.3)."""

from __future__ import annotations

import torch
from torch import Tensor

from ...encoders.body_sequence import BONE_LENGTHS_M
from ...lifting.input_frames import NETWORK_FPS
from ...motion.bones import USED_JOINTS
from ...motion.detection import DETECTED
from ...motion.quaternion_pose import QUATERNION_COUNT
from ..filmed_pieces import mean_length
from ..quaternion_pose import bone_directions_of, positions_of, projected
from .examples import FEET, PoseBatch
from .network import FeatureNetwork, NormalizedPoseTorch
from .recipe import NormalizedPoseRecipe

#: Lengths of the bones of the condition skeleton, metres.
CONDITION = torch.from_numpy(BONE_LENGTHS_M)
_FEET_USED = [USED_JOINTS.index(number) for number in FEET]
#: The joints of DETECTED among USED_JOINTS.
_DETECTED = [USED_JOINTS.index(number) for number in DETECTED]


def pose_losses(network: NormalizedPoseTorch, batch: PoseBatch, recipe: NormalizedPoseRecipe) -> dict[str, Tensor]:
    """The losses of section 3.2 by name, and the quaternions' directions under "directions".

    Distances instead of their squares, as means over joints and frames; those whose weight is 0 are left out.
    """
    valid, lengths = batch.valid, batch.lengths[:, None]
    counted = valid * batch.has[:, None]
    true = positions_of(batch.directions, lengths)
    rotations = network.quaternions(batch.frames, valid)
    directions = bone_directions_of(rotations)
    found = positions_of(directions, lengths)
    losses = {"directions": directions, "reconstruction": mean_length(found - true, counted)}
    if recipe.cycle or recipe.consistency:
        again = network.quaternions(filmed_again(batch, directions), valid)
        cycled = positions_of(bone_directions_of(again), lengths)
        losses["cycle"] = mean_length(cycled - true, counted)
        same = (rotations * again).sum(dim=-1).abs()  # q and -q are one rotation
        losses["consistency"] = ((2 - 2 * same) * valid).sum() / (valid.sum() * QUATERNION_COUNT)
    if recipe.contact:
        feet = found[..., _FEET_USED, :] + batch.path[..., None, :]
        slips = ((feet[:, 1:] - feet[:, :-1]) * NETWORK_FPS).square().sum(dim=-1)
        stands = batch.standing[:, :-1] * valid[:, 1:]
        losses["contact"] = (slips * stands).sum() / stands.sum().clamp(min=1.0)
    return losses


def filmed_again(batch: PoseBatch, directions: Tensor) -> Tensor:
    """What E_Q would look at (B, N, 39) if the condition skeleton performed, in front of the same camera."""
    positions = positions_of(directions, CONDITION.to(directions.device))
    image = projected(positions[..., _DETECTED, :], batch.path, batch.axes, batch.nearness)
    count = len(_DETECTED)
    seen = (batch.frames[..., 2 * count : 3 * count] > 0).to(image.dtype)
    return torch.cat([(image * seen[..., None]).flatten(-2), batch.frames[..., 2 * count :]], dim=-1)


def triplet_loss(network: FeatureNetwork, estimated: Tensor, exact: Tensor, triplets: Tensor, margin: float) -> Tensor:
    """The triplet loss (FaceNet's) of features: estimated anchors against exact poses, and the other way round.

    Args:
        network: E_P.
        estimated: (B, N, 18, 3) normalised poses from E_Q.
        exact: (B, N, 18, 3) the true ones.
        triplets: (B, K, 3) frames.
        margin: of the loss.
    """
    features = network(torch.stack([estimated, exact]))
    rows = torch.arange(len(triplets), device=triplets.device)[:, None]
    anchors, positives, negatives = (features[:, rows, frames] for frames in triplets.unbind(dim=-1))
    near = (anchors - positives.flip(0)).square().sum(dim=-1)
    far = (anchors - negatives.flip(0)).square().sum(dim=-1)
    counted = (triplets[..., 0] != triplets[..., 2]).expand(near.shape)
    return (torch.relu(near - far + margin) * counted).sum() / counted.sum().clamp(min=1)
