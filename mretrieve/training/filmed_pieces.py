"""What networks that look at views are trained on: random pieces of clips, filmed by random cameras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import MRetrieveError
from ..motion import Clip, LabelledClip
from ..motion.augmentation import change_speed, exchange_upper_body, other_body, turn
from ..motion.camera import Camera, CameraRange, film
from ..motion.detection import DetectionErrors
from ..motion.view import View
from .task import Recipe

#: A clip is drawn with a chance proportional to the root of its frames, within these limits.
_FRAMES_THAT_COUNT = (30, 300)


@dataclass(frozen=True, kw_only=True)
class FilmingRecipe(Recipe):
    """The part of a recipe that says how views are drawn.

    Attributes:
        batch: clips of a batch; each is seen once, and once in the mirror.
        longest: frames of a view; longer clips are cut.
        fastest: speed lies between 1 / fastest and fastest, evenly on a logarithmic scale.
        exchanged: part of the clips that get the upper body of another one.
        limb_scale: each pair of bones is scaled by 1 - limb_scale to 1 + limb_scale.
        cameras: the cameras that film.
        errors: what a detector finds of it.
    """

    batch: int = 16
    longest: int = 96
    fastest: float = 1.5
    exchanged: float = 0.3
    limb_scale: float = 0.25
    cameras: CameraRange = field(
        default_factory=lambda: CameraRange(highest_pitch_deg=70.0, largest_roll_deg=5.0, nearest_m=2.5)
    )
    errors: DetectionErrors = field(default_factory=lambda: DetectionErrors(legless_share=0.15))


@dataclass(frozen=True, eq=False)
class FilmedPiece:
    """A piece of a clip and what is found of it.

    Attributes:
        clip: the piece, turned so that the camera stands at azimuth 0.
        camera: the camera, at azimuth 0.
        view: what a detector finds.
    """

    clip: Clip
    camera: Camera
    view: View


class FilmedPieces:
    """Draws pieces of clips."""

    def __init__(self, recipe: FilmingRecipe, clips: Sequence[LabelledClip]) -> None:
        """MRetrieveError if there are too few clips."""
        if len(clips) < 2:
            raise MRetrieveError("training needs two clips or more")
        self._recipe, self._clips = recipe, clips
        often = np.sqrt(np.clip([item.clip.frame_count for item in clips], *_FRAMES_THAT_COUNT))
        self._chances = often / often.sum()

    def draw(self, generator: np.random.Generator) -> FilmedPiece:
        """A random piece on a random body, filmed by a random camera, with a detector's errors."""
        recipe = self._recipe
        clip = self._piece(generator)
        if generator.random() < recipe.exchanged:
            clip = exchange_upper_body(clip, self._piece(generator))
        clip = other_body(clip, generator, recipe.limb_scale, 0.0)
        camera = recipe.cameras.draw(generator)
        clip = turn(clip, -camera.azimuth_deg)
        camera = replace(camera, azimuth_deg=0.0)
        return FilmedPiece(clip, camera, recipe.errors.draw(film(clip, camera), generator))

    def _piece(self, generator: np.random.Generator) -> Clip:
        """A random piece of a random clip, at another speed."""
        clip = self._clips[generator.choice(len(self._clips), p=self._chances)].clip
        speed = self._recipe.fastest ** generator.uniform(-1, 1)
        frames = min(clip.frame_count, int(self._recipe.longest * speed))
        start = int(generator.integers(clip.frame_count - frames + 1))
        return change_speed(clip.cut(start, start + frames), speed)


def padded(rows: Sequence[NDArray[np.float32]]) -> Tensor:
    """Rows (N, ...) of different lengths in one tensor (B, N, ...), followed by zeros."""
    values = np.zeros((len(rows), max(map(len, rows)), *rows[0].shape[1:]), np.float32)
    for place, row in zip(values, rows, strict=True):
        place[: len(row)] = row
    return torch.from_numpy(values)


def mean_length(vectors: Tensor, valid: Tensor) -> Tensor:
    """Mean length of vectors (B, N, J, 3) over those that are `valid` (B, N, 1) or (B, N, J)."""
    lengths = (vectors.square().sum(dim=-1) + 1e-8).sqrt()
    counted = valid.expand(lengths.shape)
    return (lengths * counted).sum() / counted.sum().clamp(min=1.0)
