"""The training of `submotion` (Battan, Venkat, Sharma 2020, section 4.5, figure 11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...encoders import WindowEncoder, load_encoder
from ...encoders.body_sequence import body_sequence
from ...encoders.systems.gru import GruSettings
from ...encoders.systems.submotion import ARCHITECTURE, Submotion, SubmotionMapper
from ...errors import MRetrieveError
from ...motion import Clip, LabelledClip
from ..held_out import clips_hash
from ..pieces import ParentsFound, Pieces, asked_pieces, parent_ranks, parents_found
from ..task import Optimiser, Recipe

#: A clip is drawn with a chance proportional to the root of its frames, within these limits.
_FRAMES_THAT_COUNT = (30, 300)


@dataclass(frozen=True, kw_only=True)
class SubmotionRecipe(Recipe):
    """The recipe of the mapping.

    Attributes:
        over: the encoder into whose space it maps, as `load_encoder` takes it.
        network: settings of the network; `embedding` and `view` are set to those of the encoder.
        pieces: how pieces are drawn.
        alone: as in the paper, the network alone predicts the whole; the piece's own vector counts nothing.
    """

    over: str = ""
    network: GruSettings = field(default_factory=GruSettings)
    pieces: Pieces = field(default_factory=Pieces)
    alone: bool = False


RECIPES = {
    "submotion": SubmotionRecipe(
        architecture=ARCHITECTURE,
        optimiser=Optimiser("adam", 2e-3, "cosine", largest_gradient=5.0),
        updates=800,
    )
}
LOSSES: dict[str, object] = {}


def make_task(
    recipe: SubmotionRecipe, clips: Sequence[LabelledClip], held_out: Sequence[LabelledClip]
) -> SubmotionTask:
    """See TrainingModule. QueryError, FormatError if the encoder cannot be loaded."""
    return SubmotionTask(load_encoder(recipe.over), recipe, clips, held_out)


@dataclass(frozen=True, eq=False)
class _Batch:
    """Inputs (B, T, C), lengths (B,), the encoder's vectors of the pieces (B, D), numbers of their clips (B,)."""

    inputs: Tensor
    lengths: Tensor
    own: Tensor
    clips: NDArray[np.int64]


class SubmotionTask:
    """Meets task.Task."""

    score_name = "held-out clips found by pieces"

    def __init__(
        self,
        encoder: WindowEncoder,
        recipe: SubmotionRecipe,
        clips: Sequence[LabelledClip],
        held_out: Sequence[LabelledClip],
    ) -> None:
        """
        Args:
            encoder: the encoder into whose space the mapping is trained; it stays as it is.
            recipe: everything else but data and seed.
            clips: whole motions; labels do not count.
            held_out: clips that are not trained on.

        Raises:
            MRetrieveError: there are too few clips.
        """
        if len(clips) < 2:
            raise MRetrieveError("training needs two clips or more")
        settings = replace(recipe.network, embedding=encoder.dimension)
        self.recipe = replace(recipe, network=settings)
        self._encoder, self._clips, self._held_out = encoder, clips, held_out
        stored = torch.from_numpy(encoder.encode([item.clip for item in clips]))
        self.network = Submotion(settings)
        self.network.learn_columns(stored)
        self._wholes = self.network.standardised(stored)
        if recipe.alone:
            self.network.kept.requires_grad_(False).zero_()
        frames = np.array([item.clip.frame_count for item in clips])
        often = np.sqrt(np.clip(frames, *_FRAMES_THAT_COUNT))
        self._chances = often / often.sum()

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
        seen = [self.network.inputs(body_sequence(clip)) for clip in clips]
        inputs = np.zeros((len(clips), lengths.max(), seen[0].shape[1]), np.float32)
        for row, values in enumerate(seen):
            inputs[row, : len(values)] = values
        own = torch.from_numpy(self._encoder.encode(clips))
        return _Batch(torch.from_numpy(inputs), torch.from_numpy(lengths), own, drawn)

    def loss(self, batch: _Batch, device: torch.device) -> Tensor:
        """Squared distance from the wholes' vectors, in units of the columns' variance (section 4.5)."""
        network = self.network
        own = network.standardised(batch.own.to(device))
        completed = network.completed(batch.inputs.to(device), batch.lengths.to(device), own)
        varied = network.spread > 0
        return nn.functional.mse_loss(completed[:, varied].float(), self._wholes[batch.clips].to(device)[:, varied])

    def score(self) -> float | None:
        """Part of the pieces of held-out clips that find them among the first answers."""
        if not self._held_out:
            return None
        return held_out_share(self._encoder, self.result(), self._clips, self._held_out)

    def result(self) -> SubmotionMapper:
        """See Task."""
        return SubmotionMapper(self.network, self._encoder.name, self._encoder.fingerprint)

    def report(self, result: SubmotionMapper) -> tuple[str, ...]:
        """See Task."""
        return submotion_report(self._encoder, result, self._clips, self._held_out)


def submotion_report(
    encoder: WindowEncoder, mapper: SubmotionMapper, clips: Sequence[LabelledClip], held_out: Sequence[LabelledClip]
) -> tuple[str, ...]:
    """Lines for a card: the target space, and how well pieces of trained and of held-out clips find their clips."""
    every = [item.clip for item in (*clips, *held_out)]
    lines = [f"Maps into the space of {mapper.over}, fingerprint {mapper.over_fingerprint}."]
    for kind, parents in (("trained on", range(len(clips))), ("not trained on", range(len(clips), len(every)))):
        if len(parents):
            mapped, itself = pieces_found(encoder, mapper, every, parents)
            lines.append(f"{mapped.pieces} disturbed pieces of {len(parents)} clips {kind} ({mapped.length_s:.2g} s)")
            lines += [f"- {mapped}", f"- {itself}"]
    return tuple(lines)


def held_out_share(
    encoder: WindowEncoder, mapper: SubmotionMapper, clips: Sequence[LabelledClip], held_out: Sequence[LabelledClip]
) -> float:
    """Part of the pieces of held-out clips that find them, mapped, among the first answers of all clips."""
    every = [item.clip for item in (*clips, *held_out)]
    return pieces_found(encoder, mapper, every, range(len(clips), len(every)))[0].among_first


def pieces_found(
    encoder: WindowEncoder,
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
