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
from ...encoders.view_poses import VIEW_JOINTS, VIEW_MIRROR, masked_poses, view_masks, view_poses, windows_around
from ...errors import MRetrieveError
from ...motion import Clip, LabelledClip
from ...motion.augmentation import other_body
from ...motion.camera import CameraRange, film
from ...motion.detection import DetectionErrors
from ...motion.view import LabelledView, View
from ..task import Optimiser, Recipe


@dataclass(frozen=True, kw_only=True)
class SkipPoseRecipe(Recipe):
    """The recipe of the network.

    Attributes:
        network: settings of the network.
        batch: sequences of 3 T poses in a batch.
        views_per_clip: cameras that film each clip, each time on another body.
        cameras: the cameras (section 3.3).
        errors: what a detector makes of what they film.
        filmed_share: part of a batch that is filmed, if there are views as well.
        mirror: whether half of the sequences are mirrored.
        seed: of cameras and errors.
    """

    network: SkipPoseSettings = field(default_factory=SkipPoseSettings)
    batch: int = 64
    views_per_clip: int = 3
    cameras: CameraRange = field(default_factory=CameraRange)
    errors: DetectionErrors = field(default_factory=DetectionErrors)
    filmed_share: float = 0.5
    mirror: bool = True
    seed: int = 0


#: Batches from which the mean of the states is taken.
_BATCHES = 64
#: Frames between the moments at which the states of the cameras are compared.
_COMPARED_EVERY = 5
#: Differences of bodies, in each bone and each joint, as in the fit of `pose-statistics`.
_LIMB_SCALE, _JOINT_OFFSET_M = 0.2, 0.015
#: Adam, its rate and its decay are the paper's (section 4.1).
RECIPES = {
    "skip-pose": SkipPoseRecipe(
        architecture=ARCHITECTURE,
        optimiser=Optimiser("adam", 2e-3, "cosine", weight_decay=1e-5, largest_gradient=5.0),
        updates=600,
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
    """Poses (F, J, 2) and masks (F, J) of many views, and the frames `starts` at which sequences of one view begin."""

    poses: NDArray[np.float32]
    masks: NDArray[np.bool_]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, views: Sequence[View], frames: int) -> _Pool:
        """Views shorter than `frames` frames are left out."""
        long_enough = [view for view in views if view.frame_count >= frames]
        if not long_enough:
            joints = (0, len(VIEW_JOINTS))
            return cls(np.empty((*joints, 2), np.float32), np.empty(joints, bool), np.empty(0, np.int64))
        ends = np.cumsum([view.frame_count for view in long_enough])
        starts = [
            np.arange(end - view.frame_count, end - frames + 1) for end, view in zip(ends, long_enough, strict=True)
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
            MRetrieveError: nothing is as long as the 3 T poses of a sequence.
        """
        self.recipe = recipe
        frames = recipe.network.sequence_frames
        generator = np.random.default_rng(recipe.seed)
        self._filmed = [[_filmed(clip, recipe, generator) for _ in range(recipe.views_per_clip)] for clip in clips]
        filmed = [view for of_clip in self._filmed for view in of_clip]
        self._pools = [pool for pool in (_Pool.of(views, frames), _Pool.of(filmed, frames)) if len(pool.starts)]
        if not self._pools:
            raise MRetrieveError(f"nothing to train on is as long as {frames} frames; give longer motions")
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
            poses_of = self.recipe.network.apart * np.arange(3 * self.recipe.network.frames)
            rows = generator.choice(pool.starts, count)[:, None] + poses_of
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
        """See Task. The mean of the states is that of some batches."""
        network, frames = self.network.cpu(), self.recipe.network.frames
        drawn = [self.draw(np.random.default_rng((self.recipe.seed, number)), 1.0) for number in range(_BATCHES)]
        read = torch.cat([(poses * seen)[:, frames : 2 * frames].flatten(2) for poses, seen in drawn])
        network.learn_whitening(read, self._same_moments())
        return SkipPose(network)

    def _same_moments(self) -> Tensor | None:
        """Poses at some moments of the clips, as each camera sees them: (M, K, T, 28); None without two views."""
        if self.recipe.views_per_clip < 2:
            return None
        settings = self.recipe.network
        moments = [
            np.stack(
                [windows_around(masked_poses(v), settings.frames, settings.apart)[::_COMPARED_EVERY] for v in views], 1
            )
            for views in self._filmed
        ]
        return torch.from_numpy(np.concatenate(moments)) if moments else None

    def report(self, result: SkipPose) -> tuple[str, ...]:
        """See Task."""
        return ()


def _filmed(clip: Clip, recipe: SkipPoseRecipe, generator: np.random.Generator) -> View:
    """What a detector finds in a random camera's view of the clip on a random body."""
    body = other_body(clip, generator, _LIMB_SCALE, _JOINT_OFFSET_M)
    return recipe.errors.draw(film(body, recipe.cameras.draw(generator)), generator)


def _error(drawn: Tensor, wanted: Tensor, weights: Tensor) -> Tensor:
    """Mean squared error over the coordinates that weigh 1 and not 0."""
    return ((drawn - wanted).square() * weights).sum() / weights.sum().clamp(min=1)
