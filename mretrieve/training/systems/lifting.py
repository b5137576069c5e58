"""The training of the network that lifts views to clips: random cameras film augmented clips, a detector errs.

It is a task of the one loop (`run_task`), but not an encoder: benchmarks/weights/train_lifting.py makes the weights
that come with mretrieve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...errors import MRetrieveError
from ...evaluation.lifting import bones_of, lifting_errors
from ...lifting import lift_with_camera
from ...lifting.body import LENGTHS_M, joint_places
from ...lifting.input_frames import CHANNEL_COUNT, FRAMES_TOGETHER, NETWORK_FPS, input_frames, mirrored_frames
from ...lifting.network import ARCHITECTURE, OUTPUT_COUNT, SWAPPED_BONES, VARIANCE_FLOOR, LiftingNetwork
from ...motion import Clip, LabelledClip
from ...motion.augmentation import change_speed, exchange_upper_body, other_body, turn
from ...motion.bones import BONES, USED_JOINTS
from ...motion.camera import CameraRange, film
from ...motion.detection import DetectionErrors
from ...motion.skeleton import joint
from ..held_out import clips_hash
from ..task import Optimiser, Recipe

_BONE_COUNT = len(BONES)
_HIPS = [joint("left_hip"), joint("right_hip")]
#: A clip is drawn with a chance proportional to the root of its frames, within these limits.
_FRAMES_THAT_COUNT = (30, 300)


@dataclass(frozen=True, kw_only=True)
class LiftingRecipe(Recipe):
    """The recipe of the lifting network.

    Attributes:
        width: numbers per frame inside the network.
        dilations: frames between the three that a block looks at, one a block.
        batch: clips of a batch; each is seen once, and once in the mirror.
        longest: frames of a view; longer clips are cut.
        fastest: speed lies between 1 / fastest and fastest, evenly on a logarithmic scale.
        exchanged: part of the clips that get the upper body of another one.
        limb_scale: each pair of bones is scaled by 1 - limb_scale to 1 + limb_scale.
        cameras: the cameras that film.
        errors: what a detector finds of it.
        weights: of the losses: positions (m), velocities of joints (m/s), velocity of the hips (m/s), pitch (radians);
            that of directions (1 - cosine) is 1.
    """

    width: int = 160
    dilations: tuple[int, ...] = (1, 2, 4, 8, 1)
    batch: int = 16
    longest: int = 96
    fastest: float = 1.5
    exchanged: float = 0.3
    limb_scale: float = 0.25
    cameras: CameraRange = field(
        default_factory=lambda: CameraRange(highest_pitch_deg=70.0, largest_roll_deg=5.0, nearest_m=2.5)
    )
    errors: DetectionErrors = field(default_factory=lambda: DetectionErrors(legless_share=0.15))
    weights: tuple[float, float, float, float] = (4.0, 0.1, 0.4, 0.3)


RECIPE = LiftingRecipe(
    architecture=ARCHITECTURE,
    optimiser=Optimiser("adam", 2e-3, "cosine", largest_gradient=1.0, averaging=0.995),
    updates=1600,
    validate_every=500,
)


class LiftingTorch(nn.Module):
    """The network of `lifting.network` in torch, with the same names of weights."""

    def __init__(self, width: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.dilations = tuple(dilations)
        self.enter = nn.Linear(CHANNEL_COUNT, width)
        self.blocks = nn.ModuleList(_Block(width, dilation) for dilation in dilations)
        self.norm = nn.LayerNorm(width, eps=VARIANCE_FLOOR)
        self.leave = nn.Linear(width, OUTPUT_COUNT)

    def forward(self, frames: Tensor, valid: Tensor) -> Tensor:
        """Numbers (B, N, 55) for frames (B, N, 39), of which `valid` (B, N, 1) are 1 and not 0."""
        hidden = self.enter(frames)
        for block in self.blocks:
            hidden = hidden + block(hidden, valid)
        numbers: Tensor = self.leave(self.norm(hidden))
        return numbers

    def for_queries(self) -> LiftingNetwork:
        """The same network in NumPy."""
        tensors = {name: value.detach().cpu().numpy().copy() for name, value in self.state_dict().items()}
        return LiftingNetwork(tensors, self.dilations)


class _Block(nn.Module):
    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.norm = nn.LayerNorm(width, eps=VARIANCE_FLOOR)
        self.mix = nn.Linear(3 * width, width)
        self.back = nn.Linear(width, width)
        nn.init.zeros_(self.back.weight)

    def forward(self, hidden: Tensor, valid: Tensor) -> Tensor:
        """What is added to hidden (B, N, W)."""
        count, step = hidden.shape[1], self.dilation
        padded = nn.functional.pad(self.norm(hidden) * valid, (0, 0, step, step))
        seen = torch.cat([padded[:, first : first + count] for first in (0, step, 2 * step)], dim=2)
        added: Tensor = self.back(torch.relu(self.mix(seen)))
        return added


@dataclass(frozen=True, eq=False)
class _Batch:
    """Padded views and what they show: see `_Example`; valid (B, N, 1) are the frames that are not padding."""

    frames: Tensor
    valid: Tensor
    directions: Tensor
    has: Tensor
    velocity: Tensor
    pitch: Tensor


@dataclass(frozen=True, eq=False)
class _Example:
    """One view.

    frames (N, 39), directions (N, 17, 3) of the true bones, which of them the clip has (17,), velocity of the hips
    (N, 3) on a standard body, pitch in radians.
    """

    frames: NDArray[np.float32]
    directions: NDArray[np.float32]
    has: NDArray[np.bool_]
    velocity: NDArray[np.float32]
    pitch: float


class LiftingTask:
    """Meets task.Task."""

    score_name = "1 - bone error / 90 degrees, held out"

    def __init__(
        self, recipe: LiftingRecipe, clips: Sequence[LabelledClip], held_out: Sequence[LabelledClip] = ()
    ) -> None:
        """Labels do not count. MRetrieveError if there are too few clips."""
        if len(clips) < 2:
            raise MRetrieveError("training needs two clips or more")
        self.recipe = recipe
        self._clips, self._held_out = clips, held_out
        self._network = LiftingTorch(recipe.width, recipe.dilations)
        often = np.sqrt(np.clip([item.clip.frame_count for item in clips], *_FRAMES_THAT_COUNT))
        self._chances = often / often.sum()

    @property
    def network(self) -> nn.Module:
        """See Task."""
        return self._network

    @cached_property
    def data_hash(self) -> str:
        """See Task."""
        return clips_hash([*self._clips, *self._held_out])

    def draw(self, generator: np.random.Generator, progress: float) -> _Batch:
        """See Task."""
        drawn = [self._example(generator) for _ in range(self.recipe.batch)]
        examples = [*drawn, *map(_mirrored, drawn)]
        frames = _padded([example.frames for example in examples])
        valid = _padded([np.ones((len(example.frames), 1), np.float32) for example in examples])
        return _Batch(
            frames,
            valid,
            _padded([example.directions for example in examples]),
            torch.from_numpy(np.array([example.has for example in examples], np.float32))[:, None] * valid,
            _padded([example.velocity for example in examples]),
            torch.tensor([example.pitch for example in examples], dtype=torch.float32),
        )

    def loss(self, batch: _Batch, device: torch.device) -> Tensor:
        """Errors of directions, of places and velocities of joints on a standard body, of the path and of the pitch."""
        valid, true = batch.valid.to(device), batch.directions.to(device)
        numbers = self._network(batch.frames.to(device), valid).float()
        vectors = numbers[..., :-1].unflatten(-1, (-1, 3))
        found = nn.functional.normalize(vectors[..., :_BONE_COUNT, :], dim=-1)
        has = batch.has.to(device)
        off = 1 - (found * true).sum(dim=-1)
        directions = (off * has).sum() / has.sum()
        error = _places(found - true)  # places are linear in directions
        positions = _mean_length(error, valid)
        together = valid[:, 1:] * valid[:, :-1]
        joints = _mean_length((error[:, 1:] - error[:, :-1]) * NETWORK_FPS, together)
        path = _mean_length((vectors[..., _BONE_COUNT, :] - batch.velocity.to(device))[..., None, :], valid)
        pitch = ((numbers[..., -1] - batch.pitch.to(device)[:, None]).abs() * valid[..., 0]).sum() / valid.sum()
        parts = zip(self.recipe.weights, (positions, joints, path, pitch), strict=True)
        total: Tensor = directions + sum(weight * part for weight, part in parts)
        return total

    def score(self) -> float | None:
        """Quality on clips that are not trained on, seen with errors."""
        if not self._held_out:
            return None
        network = self._network.for_queries()
        clips = [item.clip for item in self._held_out]
        errors = lifting_errors(
            clips, lambda view: lift_with_camera(view, network), self.recipe.cameras, self.recipe.errors
        )
        return max(0.0, 1 - errors.bone_deg / 90)

    def result(self) -> LiftingNetwork:
        """See Task."""
        return self._network.for_queries()

    def report(self, result: LiftingNetwork) -> tuple[str, ...]:
        """See Task."""
        return ()

    def _example(self, generator: np.random.Generator) -> _Example:
        recipe = self.recipe
        clip = self._piece(generator)
        if generator.random() < recipe.exchanged:
            clip = exchange_upper_body(clip, self._piece(generator))
        clip = other_body(clip, generator, recipe.limb_scale, 0.0)
        camera = recipe.cameras.draw(generator)
        clip = turn(clip, -camera.azimuth_deg)
        view = recipe.errors.draw(film(clip, replace(camera, azimuth_deg=0.0)), generator)
        return _Example(input_frames(view), *_targets(clip), pitch=float(np.deg2rad(camera.pitch_deg)))

    def _piece(self, generator: np.random.Generator) -> Clip:
        """A random piece of a random clip, at another speed."""
        clip = self._clips[generator.choice(len(self._clips), p=self._chances)].clip
        speed = self.recipe.fastest ** generator.uniform(-1, 1)
        frames = min(clip.frame_count, int(self.recipe.longest * speed))
        start = int(generator.integers(clip.frame_count - frames + 1))
        return change_speed(clip.cut(start, start + frames), speed)


def _mirrored(example: _Example) -> _Example:
    """The example in a mirror."""
    flip = np.array([-1, 1, 1], np.float32)
    return _Example(
        mirrored_frames(example.frames),
        example.directions[:, SWAPPED_BONES] * flip,
        example.has[SWAPPED_BONES],
        example.velocity * flip,
        example.pitch,
    )


def _targets(clip: Clip) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float32]]:
    """Directions, bones and velocity of an example."""
    left = -clip.frame_count % FRAMES_TOGETHER
    positions = np.concatenate([clip.positions, np.repeat(clip.positions[-1:], left, axis=0)])
    positions = positions.reshape(-1, FRAMES_TOGETHER, *positions.shape[1:]).mean(axis=1)
    directions, lengths = bones_of(positions)
    hips = positions[:, _HIPS].mean(axis=1)
    standard = LENGTHS_M.sum() / max(float(lengths.mean(axis=0).sum()), 1e-6)
    velocity = np.gradient(hips, axis=0) * NETWORK_FPS * standard if len(hips) > 1 else np.zeros_like(hips)
    seen = clip.seen_joints[list(USED_JOINTS)]
    has = np.array([seen[parent] and seen[child] for parent, child in BONES])
    return directions, has, np.asarray(velocity, np.float32)


def _padded(rows: Sequence[NDArray[np.float32]]) -> Tensor:
    """Rows (N, ...) of different lengths in one tensor (B, N, ...), followed by zeros."""
    padded = np.zeros((len(rows), max(map(len, rows)), *rows[0].shape[1:]), np.float32)
    for place, row in zip(padded, rows, strict=True):
        place[: len(row)] = row
    return torch.from_numpy(padded)


#: Places of the 18 joints from the directions of the 17 bones, on the standard body: (18, 17).
_FROM_BONES = torch.from_numpy(
    np.stack([joint_places(np.eye(_BONE_COUNT, dtype=np.float32)[bone][None, :, None].repeat(3, 2))[0, :, 0]
              for bone in range(_BONE_COUNT)], axis=1)
)  # fmt: skip


def _places(directions: Tensor) -> Tensor:
    """Places (B, N, 18, 3) from the middle of the hips, by directions (B, N, 17, 3)."""
    return torch.einsum("jb,tnbc->tnjc", _FROM_BONES.to(directions.device), directions)


def _mean_length(vectors: Tensor, valid: Tensor) -> Tensor:
    """Mean length of vectors (B, N, J, 3) over the joints and the frames that are `valid` (B, N, 1)."""
    lengths = (vectors.square().sum(dim=-1) + 1e-8).sqrt()
    return (lengths * valid).sum() / (valid.sum() * vectors.shape[2]).clamp(min=1.0)
