"""The training of `skip-pose`, from views, from views that random cameras have of clips, or from both."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...encoders.systems.skip_pose import ARCHITECTURE, SkipPose, SkipPoseNetwork, SkipPoseSettings
from ...encoders.view_poses import VIEW_JOINTS, VIEW_MIRROR, view_masks, view_poses
from ...errors import MRetrieveError
from ...motion import Clip, LabelledClip
from ...motion.camera import CameraRange, film
from ...motion.detection import DetectionErrors
from ...motion.view import LabelledView, View
from ..task import Optimiser, Recipe


@dataclass(frozen=True, kw_only=True)
class SkipPoseRecipe(Recipe):
    """The recipe of the network.

    Attributes:
        network: settings of the network.
        batch: sequences of 3 T frames in a batch.
        views_per_clip: cameras that film each clip.
        cameras: the cameras (section 3.3).
        errors: what a detector makes of what they film.
        filmed_share: part of a batch that is filmed, if there are views as well.
        mirror: whether half of the sequences are mirrored.
        seed: of cameras and errors.
    """

    network: SkipPoseSettings = field(default_factory=SkipPoseSettings)
    batch: int = 256
    views_per_clip: int = 3
    cameras: CameraRange = field(default_factory=CameraRange)
    errors: DetectionErrors = field(default_factory=DetectionErrors)
    filmed_share: float = 0.25
    mirror: bool = True
    seed: int = 0


#: From which the vectors' mean and deviation are taken.
_BATCHES = 16
#: Adam, its rate and its decay are the paper's (section 4.1).
RECIPES = {
    "skip-pose": SkipPoseRecipe(
        architecture=ARCHITECTURE,
        optimiser=Optimiser("adam", 1e-3, "cosine", weight_decay=1e-5, largest_gradient=5.0),
        updates=800,
    )
}
LOSSES: dict[str, object] = {}


def make_task(
    recipe: SkipPoseRecipe, clips: Sequence[LabelledClip | LabelledView], held_out: Sequence[LabelledClip]
) -> SkipPoseTask:
    """See TrainingModule; clips are filmed, views are taken as they are, labels and held-out clips do not count."""
    return SkipPoseTask(
        recipe,
        clips=[item.clip for item in clips if isinstance(item, LabelledClip)],
        views=[item.view for item in clips if isinstance(item, LabelledView)],
    )


@dataclass(frozen=True, eq=False)
class _Pool:
    """Poses (F, J, 2) and masks (F, J) of many views, and the frames `starts` at which 3 T of one view begin."""

    poses: NDArray[np.float32]
    masks: NDArray[np.bool_]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, views: Sequence[View], frames: int) -> _Pool:
        """Views shorter than 3 T frames are left out."""
        long_enough = [view for view in views if view.frame_count >= 3 * frames]
        if not long_enough:
            joints = (0, len(VIEW_JOINTS))
            return cls(np.empty((*joints, 2), np.float32), np.empty(joints, bool), np.empty(0, np.int64))
        ends = np.cumsum([view.frame_count for view in long_enough])
        starts = [
            np.arange(end - view.frame_count, end - 3 * frames + 1) for end, view in zip(ends, long_enough, strict=True)
        ]
        return cls(
            np.concatenate([view_poses(view) for view in long_enough]),
            np.concatenate([view_masks(view) for view in long_enough]),
            np.concatenate(starts),
        )


#: Poses (B, 3 T, J, 2) and masks (B, 3 T, J, 1): past, what is read, and future.
_Batch = tuple[Tensor, Tensor]


class SkipPoseTask:
    """Meets task.Task."""

    score_name = ""

    def __init__(self, recipe: SkipPoseRecipe, *, clips: Sequence[Clip] = (), views: Sequence[View] = ()) -> None:
        """
        Args:
            recipe: everything but data and seed.
            clips: motion in three dimensions, which random cameras film.
            views: motion in two dimensions, as it is.

        Raises:
            MRetrieveError: nothing is as long as 3 T frames.
        """
        self.recipe = recipe
        frames = recipe.network.frames
        generator = np.random.default_rng(recipe.seed)
        filmed = [
            recipe.errors.draw(film(clip, recipe.cameras.draw(generator)), generator)
            for clip in clips
            for _ in range(recipe.views_per_clip)
        ]
        self._pools = [pool for pool in (_Pool.of(views, frames), _Pool.of(filmed, frames)) if len(pool.starts)]
        if not self._pools:
            raise MRetrieveError(f"nothing to train on is as long as {3 * frames} frames; give longer motions")
        self.network = SkipPoseNetwork(recipe.network)

    @cached_property
    def data_hash(self) -> str:
        """See Task."""
        digest = hashlib.sha256()
        for pool in self._pools:
            for array in (pool.poses, pool.masks, pool.starts):
                digest.update(array.tobytes())
        return digest.hexdigest()

    def draw(self, generator: np.random.Generator, progress: float) -> _Batch:
        """See Task."""
        counts = [self.recipe.batch]
        if len(self._pools) > 1:
            filmed = round(self.recipe.batch * self.recipe.filmed_share)
            counts = [self.recipe.batch - filmed, filmed]
        poses, masks = [], []
        for pool, count in zip(self._pools, counts, strict=True):
            rows = generator.choice(pool.starts, count)[:, None] + np.arange(3 * self.recipe.network.frames)
            poses.append(pool.poses[rows])
            masks.append(pool.masks[rows])
        drawn, seen = np.concatenate(poses), np.concatenate(masks)
        if self.recipe.mirror:
            turned = generator.random(len(drawn)) < 0.5
            drawn[turned] = drawn[turned][:, :, VIEW_MIRROR] * np.array([-1, 1], np.float32)
            seen[turned] = seen[turned][:, :, VIEW_MIRROR]
        return torch.from_numpy(drawn), torch.from_numpy(seen)[..., None]

    def loss(self, batch: _Batch, device: torch.device) -> Tensor:
        """Equation 5, as the mean over the coordinates that are observed; the past counts 0 if it is not decoded."""
        poses, seen = (part.to(device) for part in batch)
        frames = self.recipe.network.frames
        masked = (poses * seen).flatten(2)
        vectors = self.network.encode(masked[:, frames : 2 * frames])
        future, past = self.network.decode(vectors)
        weights = seen.expand_as(poses).flatten(2).float()
        loss = _error(future, masked[:, 2 * frames :], weights[:, 2 * frames :])
        if past is not None:
            loss = loss + _error(past, masked[:, :frames], weights[:, :frames])
        return 0.25 * loss

    def score(self) -> float | None:
        """See Task."""
        return None

    def result(self) -> SkipPose:
        """See Task. Mean and deviation of the vectors are those of a few batches."""
        network, frames = self.network.cpu(), self.recipe.network.frames
        drawn = [self.draw(np.random.default_rng((self.recipe.seed, number)), 1.0) for number in range(_BATCHES)]
        network.learn_spread(torch.cat([(poses * seen)[:, frames : 2 * frames].flatten(2) for poses, seen in drawn]))
        return SkipPose(network)

    def report(self, result: SkipPose) -> tuple[str, ...]:
        """See Task."""
        return ()


def _error(drawn: Tensor, wanted: Tensor, weights: Tensor) -> Tensor:
    """Mean squared error over the coordinates that weigh 1 and not 0."""
    return ((drawn - wanted).square() * weights).sum() / weights.sum().clamp(min=1)
