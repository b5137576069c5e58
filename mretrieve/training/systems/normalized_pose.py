"""The training of `normalized-pose` (Liu et al. 2021): E_Q on filmed clips, and E_P on the poses that it gives.

Both are trained by one run, but apart: no gradient of the metric reaches E_Q.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...encoders.body_sequence import BONE_LENGTHS_M
from ...encoders.encoder import numbers_of
from ...encoders.systems.normalized_pose import (
    ARCHITECTURE,
    FEATURE_COUNT,
    POSE_COUNT,
    NormalizedPose,
)
from ...evaluation.anthropometry import joint_errors_mm, two_bodies
from ...evaluation.direct_lifting import DirectLifting
from ...evaluation.lifting import bones_of
from ...lifting.body import LENGTHS_M
from ...lifting.input_frames import FRAMES_TOGETHER, NETWORK_FPS, input_frames, mirrored_frames
from ...lifting.network import SWAPPED_BONES
from ...lifting.weights_file import shipped_network
from ...motion import LabelledClip
from ...motion.bones import USED_JOINTS
from ...motion.detection import DETECTED
from ...motion.quaternion_pose import NUMBER_COUNT, QUATERNION_COUNT
from ...motion.skeleton import MIRROR, joint
from ..filmed_pieces import FilmedPiece, FilmedPieces, FilmingRecipe, mean_length, padded
from ..held_out import clips_hash
from ..quaternion_pose import bone_directions_of, facing_forwards, pose_quaternions, positions_of, projected
from ..task import Optimiser
from ..triplet_mining import mined_triplets, timed_triplets
from .lifting import LiftingTorch

_PELVIS, _HIPS = joint("pelvis"), [joint("left_hip"), joint("right_hip")]
_FEET = [joint(f"{side}_{name}") for name in ("ankle", "foot") for side in ("left", "right")]
_FEET_USED = [USED_JOINTS.index(number) for number in _FEET]
_SWAPPED_JOINTS = [USED_JOINTS.index(MIRROR[number]) for number in USED_JOINTS]
_OTHER_FEET = [1, 0, 3, 2]
#: The joints of DETECTED among USED_JOINTS.
_DETECTED = [USED_JOINTS.index(number) for number in DETECTED]
#: A foot that is slower than this stands on the floor, metres a second.
_STANDING_M_S = 0.25
_CONDITION = torch.from_numpy(BONE_LENGTHS_M)


@dataclass(frozen=True, kw_only=True)
class NormalizedPoseRecipe(FilmingRecipe):
    """The recipe of `normalized-pose`.

    Attributes:
        width: numbers per frame inside E_Q.
        dilations: frames between the three that a block of E_Q looks at, one a block.
        from_lifting: whether E_Q starts from the lifting network that comes with mretrieve, but for the quaternions of
            its last layer, if both are of one size.
        cycle: weight of the cycle reconstruction loss, the paper's phi; that of the reconstruction loss is 1.
        consistency: weight of the rotation consistency loss, the paper's beta.
        contact: weight of the foot contact loss, the paper's lambda.
        hidden: numbers inside E_P.
        triplets: triplets of frames that are drawn from each view.
        margin: of the triplet loss.
        adaptive: whether triplets are mined by the similarity of poses, or by time.
        direct: whether joint positions are regressed instead of quaternions, to compare with.
    """

    width: int = 160
    dilations: tuple[int, ...] = (1, 2, 4, 8, 1)
    from_lifting: bool = True
    cycle: float = 0.5
    consistency: float = 0.1
    contact: float = 0.02
    hidden: int = 256
    triplets: int = 24
    margin: float = 0.2
    adaptive: bool = True
    direct: bool = False


RECIPES = {
    ARCHITECTURE: NormalizedPoseRecipe(
        architecture=ARCHITECTURE,
        optimiser=Optimiser("adam", 1e-3, "cosine", largest_gradient=1.0, averaging=0.99),
        batch=12,
        updates=1200,
        validate_every=100,
    )
}
LOSSES: Mapping[str, Any] = {}


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


@dataclass(frozen=True, eq=False)
class PoseBatch:
    """Padded views, and what they show. All lengths are those of the body at standard size.

    Attributes:
        frames: (B, N, 39) what E_Q looks at.
        valid: (B, N, 1) frames that are not padding.
        directions: (B, N, 17, 3) of the true bones.
        has: (B, 18) joints that the clip has.
        lengths: (B, 17) of the true bones, metres: the source skeletons.
        path: (B, N, 3) of the middle of the hips, from what the camera looks at.
        axes: (B, 3, 3) of the camera.
        nearness: (B,) one over the distance of the camera.
        standing: (B, N, 4) whether an ankle or a foot stands still until the next frame.
        triplets: (B, K, 3) anchor, positive and negative frames.
    """

    frames: Tensor
    valid: Tensor
    directions: Tensor
    has: Tensor
    lengths: Tensor
    path: Tensor
    axes: Tensor
    nearness: Tensor
    standing: Tensor
    triplets: Tensor


@dataclass(frozen=True, eq=False)
class _Example:
    """One view: the fields of PoseBatch."""

    frames: NDArray[np.float32]
    directions: NDArray[np.float32]
    has: NDArray[np.bool_]
    lengths: NDArray[np.float32]
    path: NDArray[np.float32]
    axes: NDArray[np.float32]
    nearness: float
    standing: NDArray[np.float32]
    triplets: NDArray[np.int64]

    @classmethod
    def of(cls, piece: FilmedPiece, triplets: NDArray[np.int64] | None = None) -> _Example:
        clip, camera = piece.clip, piece.camera
        left = -clip.frame_count % FRAMES_TOGETHER
        positions = np.concatenate([clip.positions, np.repeat(clip.positions[-1:], left, axis=0)])
        positions = positions.reshape(-1, FRAMES_TOGETHER, *positions.shape[1:]).mean(axis=1)
        directions, lengths = bones_of(positions)
        size = np.float32(LENGTHS_M.sum() / max(float(lengths.mean(axis=0).sum()), 1e-6))
        path = positions[:, _HIPS].mean(axis=1) - clip.positions[:, _PELVIS].mean(axis=0)
        speed = np.linalg.norm(np.diff(positions[:, _FEET], axis=0), axis=2) * NETWORK_FPS
        standing = np.concatenate([speed < _STANDING_M_S, np.zeros((1, len(_FEET)), bool)])
        return cls(
            frames=input_frames(piece.view),
            directions=directions,
            has=clip.seen_joints[list(USED_JOINTS)],
            lengths=size * lengths.mean(axis=0),
            path=size * path,
            axes=camera.axes,
            nearness=0.0 if camera.distance_m is None else 1 / float(size * camera.distance_m),
            standing=standing.astype(np.float32),
            triplets=np.zeros((0, 3), np.int64) if triplets is None else triplets,
        )

    def mirrored(self) -> _Example:
        """The example in a mirror."""
        flip = np.array([-1, 1, 1], np.float32)
        return _Example(
            mirrored_frames(self.frames),
            self.directions[:, SWAPPED_BONES] * flip,
            self.has[_SWAPPED_JOINTS],
            self.lengths[SWAPPED_BONES],
            self.path * flip,
            self.axes * flip * flip[:, None],
            self.nearness,
            self.standing[:, _OTHER_FEET],
            self.triplets,
        )


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
    positions = positions_of(directions, _CONDITION.to(directions.device))
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


class NormalizedPoseTask:
    """Meets task.Task."""

    score_name = "1 - joint error / 500 mm, held out"

    def __init__(
        self, recipe: NormalizedPoseRecipe, clips: Sequence[LabelledClip], held_out: Sequence[LabelledClip] = ()
    ) -> None:
        """Labels do not count. MRetrieveError if there are too few clips."""
        self.recipe = recipe
        self._clips, self._held_out = clips, held_out
        self._pieces = FilmedPieces(recipe, clips)
        self._network = NormalizedPoseTorch(recipe)

    @property
    def network(self) -> nn.Module:
        """See Task."""
        return self._network

    @cached_property
    def data_hash(self) -> str:
        """See Task; the start of E_Q counts."""
        start = shipped_network().fingerprint if self.recipe.from_lifting else ""
        return clips_hash([*self._clips, *self._held_out]) + start

    def draw(self, generator: np.random.Generator, progress: float) -> PoseBatch:
        """See Task."""
        drawn = [self._example(generator, progress) for _ in range(self.recipe.batch)]
        examples = [*drawn, *(example.mirrored() for example in drawn)]
        rows = {name: [getattr(example, name) for example in examples] for name in _Example.__dataclass_fields__}
        stacked = {name: torch.from_numpy(np.stack(rows[name])) for name in ("lengths", "axes", "triplets")}
        return PoseBatch(
            **{name: padded(rows[name]) for name in ("frames", "directions", "path", "standing")},
            **stacked,
            valid=padded([np.ones((len(frames), 1), np.float32) for frames in rows["frames"]]),
            has=torch.from_numpy(np.stack(rows["has"]).astype(np.float32)),
            nearness=torch.tensor(rows["nearness"], dtype=torch.float32),
        )

    def loss(self, batch: PoseBatch, device: torch.device) -> Tensor:
        """The weighted sum of section 3.2, and the triplet loss of section 3.3."""
        recipe, network = self.recipe, self._network
        batch = PoseBatch(**{name: getattr(batch, name).to(device) for name in PoseBatch.__dataclass_fields__})
        if recipe.direct:
            found = network.rotations(batch.frames, batch.valid).float().unflatten(-1, (-1, 3))
            true = positions_of(batch.directions, batch.lengths[:, None])
            return mean_length(found - true, batch.valid * batch.has[:, None])
        losses = pose_losses(network, batch, recipe)
        total = losses["reconstruction"]
        for name in ("cycle", "consistency", "contact"):
            if weight := getattr(recipe, name):
                total = total + weight * losses[name]
        condition = _CONDITION.to(device)
        estimated, exact = (
            facing_forwards(positions_of(each, condition)) for each in (losses["directions"].detach(), batch.directions)
        )
        return total + triplet_loss(network.features, estimated, exact, batch.triplets, recipe.margin)

    def score(self) -> float | None:
        """Quality of the poses of clips that are not trained on, exactly projected."""
        if not self._held_out or self.recipe.direct:
            return None
        encoder = self._encoder(1.0)
        pairs = two_bodies([item.clip for item in self._held_out], 0)
        found = [encoder.directions(pair.views[0]) for pair in pairs]
        return max(0.0, 1 - float(joint_errors_mm([pair.clips[0] for pair in pairs], found).mean()) / 500)

    def result(self) -> Any:
        """See Task: the encoder; a DirectLifting if the recipe says so."""
        if self.recipe.direct:
            return DirectLifting(_arrays(self._network.rotations), self.recipe.dilations)
        pooled = numbers_of(self._encoder(1.0).encode([item.clip for item in self._clips])).astype(np.float64)
        return self._encoder(max(float(2 * pooled.var(axis=0, ddof=1).sum()), 1e-6))

    def report(self, result: Any) -> tuple[str, ...]:
        """See Task."""
        return ()

    def _encoder(self, typical_distance: float) -> NormalizedPose:
        return NormalizedPose(_arrays(self._network), self.recipe.dilations, typical_distance)

    def _example(self, generator: np.random.Generator, progress: float) -> _Example:
        example = _Example.of(self._pieces.draw(generator))
        count = len(example.frames)
        if self.recipe.adaptive:
            places = positions_of(torch.from_numpy(example.directions), _CONDITION)
            triplets = mined_triplets(facing_forwards(places).numpy(), self.recipe.triplets, progress, generator)
        else:
            triplets = timed_triplets(count, self.recipe.triplets, generator)
        return _Example(**{**vars(example), "triplets": triplets})


def _arrays(network: nn.Module) -> dict[str, NDArray[np.float32]]:
    return {name: value.detach().cpu().numpy().copy() for name, value in network.state_dict().items()}


def make_task(
    recipe: NormalizedPoseRecipe, clips: Sequence[LabelledClip], held_out: Sequence[LabelledClip]
) -> NormalizedPoseTask:
    """See training.system.TrainingModule."""
    return NormalizedPoseTask(recipe, clips, held_out)
