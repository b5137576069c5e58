"""The training of `normalized-pose` (Liu et al. 2021): E_Q on filmed clips, and E_P on the poses that it gives.

Both are trained by one run, but apart: no gradient of the metric reaches E_Q.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...encoders.encoder import numbers_of
from ...encoders.systems.normalized_pose import ARCHITECTURE, NormalizedPose
from ...evaluation.anthropometry import joint_errors_mm, two_bodies
from ...evaluation.direct_lifting import DirectLifting
from ...lifting.weights_file import shipped_network
from ...motion import LabelledClip
from ..filmed_pieces import FilmedPieces, mean_length, padded
from ..held_out import clips_hash
from ..normalized_poses.examples import Example, PoseBatch
from ..normalized_poses.losses import CONDITION, pose_losses, triplet_loss
from ..normalized_poses.network import NormalizedPoseTorch
from ..normalized_poses.recipe import NormalizedPoseRecipe
from ..quaternion_pose import facing_forwards, positions_of
from ..task import Optimiser
from ..triplet_mining import mined_triplets, timed_triplets

RECIPES = {
    ARCHITECTURE: NormalizedPoseRecipe(
        architecture=ARCHITECTURE,
        optimiser=Optimiser("adam", 1e-3, "cosine", largest_gradient=1.0, averaging=0.99),
        batch=12,
        updates=12000,
        validate_every=100,
    )
}
LOSSES: Mapping[str, Any] = {}


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
        rows = {name: [getattr(example, name) for example in examples] for name in Example.__dataclass_fields__}
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
        condition = CONDITION.to(device)
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

    def _example(self, generator: np.random.Generator, progress: float) -> Example:
        example = Example.of(self._pieces.draw(generator))
        count = len(example.frames)
        if self.recipe.adaptive:
            places = positions_of(torch.from_numpy(example.directions), CONDITION)
            triplets = mined_triplets(facing_forwards(places).numpy(), self.recipe.triplets, progress, generator)
        else:
            triplets = timed_triplets(count, self.recipe.triplets, generator)
        return Example(**{**vars(example), "triplets": triplets})


def _arrays(network: nn.Module) -> dict[str, NDArray[np.float32]]:
    return {name: value.detach().cpu().numpy().copy() for name, value in network.state_dict().items()}


def make_task(
    recipe: NormalizedPoseRecipe, clips: Sequence[LabelledClip], held_out: Sequence[LabelledClip]
) -> NormalizedPoseTask:
    """See training.system.TrainingModule."""
    return NormalizedPoseTask(recipe, clips, held_out)
