"""The sub-motion mapping as a task of the training loop (Battan, Venkat, Sharma 2020, section 4.5, figure 11)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..encoders import Encoder
from ..encoders.body_sequence import body_sequence
from ..encoders.learned import LearnedEncoder
from ..encoders.systems.gru import GruSettings
from ..encoders.systems.submotion import ARCHITECTURE, Submotion, SubmotionMapper
from ..errors import MRetrieveError
from ..motion import Clip, LabelledClip
from .held_out import clips_hash
from .loop import RunOptions, Trained, run_task
from .pieces import ParentsFound, Pieces, asked_pieces, parent_ranks, parents_found
from .recipe import Optimiser

#: A clip is drawn as often as the root of its frames says, within these limits: long ones have more pieces.
_FRAMES_THAT_COUNT = (30, 300)


@dataclass(frozen=True)
class SubmotionRecipe:
    """A training of the mapping but for encoder, data and seed. Meets task.Plan."""

    network: GruSettings = field(default_factory=GruSettings)  # `embedding` and `view` become the encoder's
    pieces: Pieces = field(default_factory=Pieces)
    optimiser: Optimiser = field(default_factory=lambda: Optimiser("adam", 2e-3, "cosine", largest_gradient=5.0))
    updates: int = 800
    validate_every: int = 100
    patience: int = 0
    alone: bool = (
        False  # as in the paper, the network alone says what the whole is; the piece's own vector counts nothing
    )

    @property
    def architecture(self) -> str:
        """What the file calls it."""
        return ARCHITECTURE

    def to_json(self) -> dict[str, Any]:
        """All of it, as JSON holds it."""
        content: dict[str, Any] = json.loads(json.dumps({"architecture": self.architecture, **asdict(self)}))
        return content


_SUBMOTION = SubmotionRecipe()


def submotion_recipe() -> SubmotionRecipe:
    """The default one."""
    return _SUBMOTION


def train_submotion(
    encoder: Encoder,
    clips: Sequence[LabelledClip],
    recipe: SubmotionRecipe | None = None,
    *,
    seed: int = 0,
    held_out: Sequence[LabelledClip] = (),
    options: RunOptions | None = None,
) -> Trained[SubmotionMapper]:
    """Train the mapping from pieces of clips to the vectors that an encoder, which stays as it is, gives to the clips.

    The same in, the same out, as of `train`.

    Args:
        encoder: into whose space.
        clips: whole motions; labels do not count.
        recipe: what else; the default one where None.
        seed: of everything that is drawn.
        held_out: clips that are not trained on; how often their pieces find them among all clips is measured every
            `validate_every` updates, and the weights that were best there are returned.
        options: how the run is made.

    Raises:
        InterruptedTrainingError: the run was stopped.
        MRetrieveError: too few clips, or a checkpoint that does not fit.
    """
    torch.manual_seed(seed)
    return run_task(
        _SubmotionTask(encoder, clips, recipe or submotion_recipe(), held_out), seed, options or RunOptions()
    )


@dataclass(frozen=True, eq=False)
class _Batch:
    inputs: Tensor  # (B, T, C)
    lengths: Tensor  # (B,)
    own: Tensor  # (B, D) the pieces' vectors, as the encoder stores them
    clips: NDArray[np.int64]  # (B,)


class _SubmotionTask:
    """Meets task.Task."""

    def __init__(
        self,
        encoder: Encoder,
        clips: Sequence[LabelledClip],
        recipe: SubmotionRecipe,
        held_out: Sequence[LabelledClip],
    ) -> None:
        if len(clips) < 2:
            raise MRetrieveError("training needs two clips or more")
        camera = isinstance(encoder, LearnedEncoder) and getattr(encoder.network.settings, "view", "") == "camera"
        settings = replace(recipe.network, embedding=encoder.dimension, view="camera" if camera else "heading")
        self.recipe = replace(recipe, network=settings)
        self._encoder, self._clips, self._held_out, self._camera = encoder, clips, held_out, camera
        stored = torch.from_numpy(encoder.encode([item.clip for item in clips]))
        self._network = Submotion(settings)
        self._network.learn_columns(stored)
        self._wholes = self._network.standardised(stored)
        if recipe.alone:
            self._network.kept.requires_grad_(False).zero_()
        frames = np.array([item.clip.frame_count for item in clips])
        often = np.sqrt(np.clip(frames, *_FRAMES_THAT_COUNT))
        self._chances = often / often.sum()

    @property
    def network(self) -> nn.Module:
        """See Task."""
        return self._network

    @cached_property
    def data_hash(self) -> str:
        """See Task."""
        return self._encoder.fingerprint + clips_hash([*self._clips, *self._held_out])

    def draw(self, generator: np.random.Generator, progress: float) -> _Batch:
        """See Task."""
        pieces = self.recipe.pieces
        drawn = generator.choice(len(self._clips), pieces.count, p=self._chances)
        clips = [pieces.draw(self._clips[number].clip, generator) for number in drawn]
        lengths = np.array([clip.frame_count for clip in clips])
        seen = [self._network.inputs(body_sequence(clip, self._camera)) for clip in clips]
        inputs = np.zeros((len(clips), lengths.max(), seen[0].shape[1]), np.float32)
        for row, values in enumerate(seen):
            inputs[row, : len(values)] = values
        own = torch.from_numpy(self._encoder.encode(clips))
        return _Batch(torch.from_numpy(inputs), torch.from_numpy(lengths), own, drawn)

    def loss(self, batch: _Batch, device: torch.device) -> Tensor:
        """Squared distance from the wholes' vectors, in units of the columns' variance (section 4.5)."""
        network = self._network
        own = network.standardised(batch.own.to(device))
        completed = network.completed(batch.inputs.to(device), batch.lengths.to(device), own)
        varied = network.spread > 0
        return nn.functional.mse_loss(completed[:, varied].float(), self._wholes[batch.clips].to(device)[:, varied])

    def score(self) -> float | None:
        """Part of the pieces of held-out clips that find them among the first answers."""
        if not self._held_out:
            return None
        return held_out_share(self._encoder, self.made(), self._clips, self._held_out)

    def made(self) -> SubmotionMapper:
        """See Task."""
        return SubmotionMapper(self._network, self._encoder.name, self._encoder.fingerprint)


def submotion_report(
    encoder: Encoder, mapper: SubmotionMapper, clips: Sequence[LabelledClip], held_out: Sequence[LabelledClip]
) -> tuple[str, ...]:
    """Lines for a card: into which space, and how pieces of clips trained on, and of others, find them among all."""
    every = [item.clip for item in (*clips, *held_out)]
    lines = [f"Maps into the space of {mapper.over}, fingerprint {mapper.over_fingerprint}."]
    for what, parents in (("trained on", range(len(clips))), ("not trained on", range(len(clips), len(every)))):
        if len(parents):
            mapped, itself = pieces_found(encoder, mapper, every, parents)
            lines.append(f"{mapped.pieces} disturbed pieces of {len(parents)} clips {what} ({mapped.length_s:.2g} s)")
            lines += [f"- {mapped}", f"- {itself}"]
    return tuple(lines)


def held_out_share(
    encoder: Encoder, mapper: SubmotionMapper, clips: Sequence[LabelledClip], held_out: Sequence[LabelledClip]
) -> float:
    """Part of the pieces of held-out clips that find them, mapped, among the first answers of all clips."""
    every = [item.clip for item in (*clips, *held_out)]
    return pieces_found(encoder, mapper, every, range(len(clips), len(every)))[0].among_first


def pieces_found(
    encoder: Encoder,
    mapper: SubmotionMapper,
    clips: Sequence[Clip],
    parents: Sequence[int],
    length_s: float | None = None,
) -> tuple[ParentsFound, ParentsFound]:
    """How pieces of the clips that `parents` names find them among all: mapped, and by the encoder's own vectors.

    Pieces are `length_s` long, or two seconds; of half the longest of these clips, where that is shorter.
    """
    length_s = length_s or min(2.0, 0.5 * max(clips[parent].duration_s for parent in parents))
    asked = asked_pieces(clips, parents, length_s=length_s)
    stored, own = encoder.encode(clips), encoder.encode(asked.pieces)
    mapped = mapper.map(encoder, asked.pieces, own)
    ways = {"mapped": mapped, f"{encoder.name} of the piece itself": own}
    found = [
        parents_found(way, parent_ranks(encoder, vectors, stored, asked.parents), len(clips), length_s)
        for way, vectors in ways.items()
    ]
    return found[0], found[1]
