"""The training of the network that lifts views to clips: random cameras film augmented clips, a detector errs.

It is a task of the one loop (`run_task`), but not an encoder: benchmarks/weights/train_lifting.py makes the weights
that come with mretrieve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...evaluation.lifting import bones_of, lifting_errors
from ...lifting import lift_with_camera
from ...lifting.body import LENGTHS_M, joint_places
from ...lifting.input_frames import CHANNEL_COUNT, FRAMES_TOGETHER, NETWORK_FPS, input_frames, mirrored_frames
from ...lifting.network import ARCHITECTURE, OUTPUT_COUNT, SWAPPED_BONES, VARIANCE_FLOOR, LiftingNetwork
from ...motion import Clip, LabelledClip
from ...motion.bones import BONES, USED_JOINTS
from ...motion.skeleton import joint
from ..filmed_pieces import FilmedPieces, FilmingRecipe, mean_length, padded
from ..held_out import clips_hash
from ..task import Optimiser

_BONE_COUNT = len(BONES)
_HIPS = [joint("left_hip"), joint("right_hip")]


@dataclass(frozen=True, kw_only=True)
class LiftingRecipe(FilmingRecipe):
    """The recipe of the lifting network.

    Attributes:
        width: numbers per frame inside the network.
        dilations: frames between the three that a block looks at, one a block.
        weights: of the losses: positions (m), velocities of joints (m/s), velocity of the hips (m/s), pitch (radians);
            that of directions (1 - cosine) is 1.
    """

    width: int = 160
    dilations: tuple[int, ...] = (1, 2, 4, 8, 1)
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
        self.recipe = recipe
        self._clips, self._held_out = clips, held_out
        self._pieces = FilmedPieces(recipe, clips)
        self.network = LiftingTorch(recipe.width, recipe.dilations)

    @cached_property
    def data_hash(self) -> str:
        """See Task."""
        return clips_hash([*self._clips, *self._held_out])

    def draw(self, generator: np.random.Generator, progress: float) -> _Batch:
        """See Task."""
        drawn = [self._example(generator) for _ in range(self.recipe.batch)]
        examples = [*drawn, *map(_mirrored, drawn)]
        frames = padded([example.frames for example in examples])
        valid = padded([np.ones((len(example.frames), 1), np.float32) for example in examples])
        return _Batch(
            frames,
            valid,
            padded([example.directions for example in examples]),
            torch.from_numpy(np.array([example.has for example in examples], np.float32))[:, None] * valid,
            padded([example.velocity for example in examples]),
            torch.tensor([example.pitch for example in examples], dtype=torch.float32),
        )

    def loss(self, batch: _Batch, device: torch.device) -> Tensor:
        """Errors of directions, of places and velocities of joints on a standard body, of the path and of the pitch."""
        valid, true = batch.valid.to(device), batch.directions.to(device)
        numbers = self.network(batch.frames.to(device), valid).float()
        vectors = numbers[..., :-1].unflatten(-1, (-1, 3))
        found = nn.functional.normalize(vectors[..., :_BONE_COUNT, :], dim=-1)
        has = batch.has.to(device)
        off = 1 - (found * true).sum(dim=-1)
        directions = (off * has).sum() / has.sum()
        error = _places(found - true)  # places are linear in directions
        positions = mean_length(error, valid)
        together = valid[:, 1:] * valid[:, :-1]
        joints = mean_length((error[:, 1:] - error[:, :-1]) * NETWORK_FPS, together)
        path = mean_length((vectors[..., _BONE_COUNT, :] - batch.velocity.to(device))[..., None, :], valid)
        pitch = ((numbers[..., -1] - batch.pitch.to(device)[:, None]).abs() * valid[..., 0]).sum() / valid.sum()
        parts = zip(self.recipe.weights, (positions, joints, path, pitch), strict=True)
        total: Tensor = directions + sum(weight * part for weight, part in parts)
        return total

    def score(self) -> float | None:
        """Quality on clips that are not trained on, seen with errors."""
        if not self._held_out:
            return None
        network = self.network.for_queries()
        clips = [item.clip for item in self._held_out]
        errors = lifting_errors(
            clips, lambda view: lift_with_camera(view, network), self.recipe.cameras, self.recipe.errors
        )
        return max(0.0, 1 - errors.bone_deg / 90)

    def result(self) -> LiftingNetwork:
        """See Task."""
        return self.network.for_queries()

    def report(self, result: LiftingNetwork) -> tuple[str, ...]:
        """See Task."""
        return ()

    def _example(self, generator: np.random.Generator) -> _Example:
        piece = self._pieces.draw(generator)
        return _Example(
            input_frames(piece.view), *_targets(piece.clip), pitch=float(np.deg2rad(piece.camera.pitch_deg))
        )


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


#: Places of the 18 joints from the directions of the 17 bones, on the standard body: (18, 17).
_FROM_BONES = torch.from_numpy(
    np.stack([joint_places(np.eye(_BONE_COUNT, dtype=np.float32)[bone][None, :, None].repeat(3, 2))[0, :, 0]
              for bone in range(_BONE_COUNT)], axis=1)
)  # fmt: skip


def _places(directions: Tensor) -> Tensor:
    """Places (B, N, 18, 3) from the middle of the hips, by directions (B, N, 17, 3)."""
    return torch.einsum("jb,tnbc->tnjc", _FROM_BONES.to(directions.device), directions)
