"""The training of `body-part-embedding` (Park et al. 2021, section III-A)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from ...encoders.systems.body_part_embedding import (
    ARCHITECTURE,
    PART_JOINTS,
    BodyPartEncoder,
    BodyPartSettings,
    part_coordinates,
)
from ...errors import MRetrieveError
from ...motion import LabelledClip
from ..body_parts.losses import LossSettings, distance, foot_velocity, reconstruction, triplet, variation_difference
from ..body_parts.network import DecodingSettings, DisentanglingNetwork
from ..body_parts.variations import Variations, VariationSettings, VariationSource
from ..held_out import clips_hash
from ..task import Optimiser, Recipe

#: Sets of motions that the z-normalisation is measured on, and that held-out clips are measured with.
_MEASURED = 128


@dataclass(frozen=True, kw_only=True)
class BodyPartRecipe(Recipe):
    """The recipe of the network.

    Attributes:
        network: sizes of the motion encoders.
        decoding: sizes of the rest.
        variations: how motions are generated.
        loss: weights and margins.
        sets: sets of twelve motions in a batch.
    """

    network: BodyPartSettings = field(default_factory=BodyPartSettings)
    decoding: DecodingSettings = field(default_factory=DecodingSettings)
    variations: VariationSettings = field(default_factory=VariationSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    sets: int = 16


RECIPES = {
    ARCHITECTURE: BodyPartRecipe(
        architecture=ARCHITECTURE,
        optimiser=Optimiser("adam", 1e-3, "cosine", largest_gradient=5.0, weight_decay=0.01, averaging=0.98),
        updates=1500,
    )
}
LOSSES: dict[str, object] = {}


def make_task(recipe: BodyPartRecipe, clips: Sequence[LabelledClip], held_out: Sequence[LabelledClip]) -> BodyPartTask:
    """See TrainingModule."""
    return BodyPartTask(recipe, clips, held_out)


class BodyPartTask:
    """Meets task.Task."""

    score_name = "held-out triplets in order"

    def __init__(self, recipe: BodyPartRecipe, clips: Sequence[LabelledClip], held_out: Sequence[LabelledClip]) -> None:
        """Make a network, and measure the coordinates. MRetrieveError if there are too few clips."""
        if len(clips) < 2:
            raise MRetrieveError("training needs two clips or more")
        self.recipe = recipe
        self._clips, self._held_out = clips, held_out
        self._source = VariationSource(clips, recipe.variations)
        self._network = DisentanglingNetwork(recipe.network, recipe.decoding)
        measured = self._source.draw(_MEASURED, np.random.default_rng(0)).points
        self._network.embedding.learn_normalisation(
            {part: part_coordinates(measured, part).reshape(-1, 2 * len(of.joints)) for part, of in PART_JOINTS.items()}
        )

    @property
    def network(self) -> nn.Module:
        """See Task."""
        return self._network

    @cached_property
    def data_hash(self) -> str:
        """See Task."""
        return clips_hash([*self._clips, *self._held_out])

    def draw(self, generator: np.random.Generator, progress: float) -> Variations:
        """See Task."""
        return self._source.draw(self.recipe.sets, generator)

    def loss(self, batch: Variations, device: torch.device) -> Tensor:
        """Equation 6."""
        settings = self.recipe.loss
        coordinates = self._coordinates(batch, device)
        motions = {}
        total = torch.zeros((), device=device)
        for part in PART_JOINTS:
            loss, motions[part] = self._motion(coordinates, part, torch.from_numpy(batch.variation[part]).to(device))
            total = total + settings.similarity * loss
        return total + self._decoding(coordinates, motions) if settings.reconstruction else total

    def _decoding(self, coordinates: Mapping[str, Tensor], motions: Mapping[str, Tensor]) -> Tensor:
        """Reconstruction, and the triplets of skeletons and cameras, which serve nothing else."""
        settings = self.recipe.loss
        camera_loss, cameras = self._camera(coordinates)
        total = settings.similarity * camera_loss
        decoded, truth = [], []
        for part in PART_JOINTS:
            skeleton_loss, skeletons = self._skeleton(coordinates[part], part)
            made, true = self._network.decode(motions[part], skeletons, cameras, part), coordinates[part]
            total = total + settings.similarity * skeleton_loss + settings.reconstruction * reconstruction(made, true)
            if part != "torso":
                decoded.append(made[..., -2:, :])
                truth.append(true[..., -2:, :])
        return total + settings.foot_velocity * foot_velocity(decoded, truth)

    def _coordinates(self, batch: Variations, device: torch.device) -> dict[str, Tensor]:
        """Normalised coordinates (B, 3, 2, 2, C, 32) of each part."""
        coordinates = {}
        for part in PART_JOINTS:
            values = torch.from_numpy(part_coordinates(batch.points, part)).to(device)
            normalised = self._network.embedding.normalised(values.flatten(0, 3), part)
            coordinates[part] = normalised.view(*values.shape[:4], *normalised.shape[1:])
        return coordinates

    def _motion(self, coordinates: Mapping[str, Tensor], part: str, variation: Tensor) -> tuple[Tensor, Tensor]:
        """Equation 3, and the embeddings (B, 3, h1, 4) of m, m' and m'' as they are decoded."""
        settings = self.recipe.loss
        inputs = [(0, 0, 0), (1, 1, 1), (2, 0, 0), (0, 1, 1), (2, 1, 1)]  # motion, skeleton, camera
        together = {each: torch.cat([values[:, m, s, c] for m, s, c in inputs]) for each, values in coordinates.items()}
        embedded = self._network.embedding.embed(together, part)
        sets = len(embedded) // len(inputs)
        views = embedded.view(len(inputs), sets, *embedded.shape[1:])
        first, other, second, first_elsewhere, second_elsewhere = views
        loss = triplet(first_elsewhere, first, other, settings.margin)
        loss = loss + triplet(second_elsewhere, second, other, settings.margin)
        shown = torch.tensor([m for m, _, _ in inputs]) + 3 * torch.arange(sets)[:, None]
        beta = settings.torso_beta if part == "torso" else settings.beta
        difference = variation_difference(views.transpose(0, 1).flatten(0, 1), shown, variation, beta)
        loss = settings.triplets * loss + settings.alpha * difference
        return loss, torch.stack([first, other, second], dim=1)

    def _skeleton(self, coordinates: Tensor, part: str) -> tuple[Tensor, Tensor]:
        """The triplet loss of skeletons, and the embeddings (B, 2, h2) of s and s' as they are decoded.

        The reference m s' c' shares its skeleton alone with the positive m' s' c, and all but that with m s c'.
        """
        inputs = [(0, 1, 1), (1, 1, 0), (0, 0, 1), (0, 0, 0), (1, 1, 1)]
        embedded = self._network.skeleton(torch.cat([coordinates[:, m, s, c] for m, s, c in inputs]), part)
        reference, positive, negative, first, second = embedded.chunk(len(inputs))
        return triplet(reference, positive, negative, self.recipe.loss.margin), torch.stack([first, second], dim=1)

    def _camera(self, coordinates: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """The same for cameras: the positive of m s' c' is m' s c', the negative m s' c."""
        inputs = [(0, 1, 1), (1, 0, 1), (0, 1, 0), (0, 0, 0), (1, 1, 1)]
        together = {part: torch.cat([values[:, m, s, c] for m, s, c in inputs]) for part, values in coordinates.items()}
        reference, positive, negative, first, second = self._network.camera(together).chunk(len(inputs))
        return triplet(reference, positive, negative, self.recipe.loss.margin), torch.stack([first, second], dim=1)

    def score(self) -> float | None:
        """Part of the triplets of held-out motions in which the positive is nearer than the negative."""
        if len(self._held_out) < 2:
            return None
        batch = VariationSource(self._held_out, self.recipe.variations).draw(_MEASURED, np.random.default_rng(0))
        device = next(self._network.parameters()).device
        training = self._network.training
        self._network.eval()
        with torch.inference_mode():
            coordinates = self._coordinates(batch, device)
            orders = []
            for part in PART_JOINTS:
                first, other, elsewhere = (
                    self._network.embedding.embed({each: v[:, m, s, c] for each, v in coordinates.items()}, part)
                    for m, s, c in ((0, 0, 0), (1, 1, 1), (0, 1, 1))
                )
                orders.append((distance(elsewhere, first) < distance(elsewhere, other)).float().mean())
        self._network.train(training)
        return float(torch.stack(orders).mean())

    def result(self) -> BodyPartEncoder:
        """The motion encoders; the rest has served its purpose."""
        return BodyPartEncoder(self._network.embedding.cpu())

    def report(self, result: BodyPartEncoder) -> tuple[str, ...]:
        """See Task."""
        score = self.score()
        return () if score is None else (f"{self.score_name}: {score:.3f}",)
