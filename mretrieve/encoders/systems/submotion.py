"""`submotion`: from a piece of a motion to the vector of the whole (Battan, Venkat, Sharma 2020, section 4.5).

An encoder is trained on whole motions, and the vector of a piece differs from that of its whole. A recurrent network
learns the difference. The paper's network (figure 11) makes the whole's embedding out of the piece alone; here
the encoder's own vector of the piece is the start, and the network says how much of it stays and what is added. So what
the encoder knows of motions that the mapping was not trained on is not lost (docs/research/encoders/submotion.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...errors import FormatError, MRetrieveError
from ...motion import Clip
from ..body_sequence import body_sequence
from ..embedding_network import checked_settings
from ..encoder import StoredContent, WindowEncoder, fingerprint_of
from ..learned import filled_network, network_arrays
from .gru import Gru, GruSettings

ARCHITECTURE = "submotion"
#: Part of the fingerprint: to be raised whenever the same weights would give other vectors.
_PREPROCESSING = 1


class Submotion(Gru):
    """A BiGRU with attention over the piece, whose output is added to the piece's own vector, column by column.

    `settings.embedding` is D, the length of the encoder's stored vectors. All is computed on columns that have mean 0
    and variance 1 over the vectors of the motions trained on.

    Attributes:
        mean: (D,) mean of the stored vectors.
        spread: (D,) standard deviation; 0 for columns that are the same for every motion.
        lowest: (D,) minimum.
        highest: (D,) maximum.
    """

    mean: Tensor
    spread: Tensor
    lowest: Tensor
    highest: Tensor

    def __init__(self, settings: GruSettings) -> None:
        super().__init__(settings)
        self.kept = nn.Parameter(torch.ones(settings.embedding))  # how much of the piece's own vector stays
        nn.init.zeros_(self.projection.weight)
        nn.init.zeros_(self.projection.bias)
        for name in ("mean", "spread", "lowest", "highest"):
            self.register_buffer(name, torch.zeros(settings.embedding))

    def learn_columns(self, vectors: Tensor) -> None:
        """Take mean, spread and range of the columns of stored vectors (N, D)."""
        self.mean, self.spread = vectors.mean(dim=0), vectors.std(dim=0, correction=0)
        self.spread[self.spread <= 1e-5 * self.mean.abs()] = 0.0  # varies by rounding errors alone
        self.lowest, self.highest = vectors.amin(dim=0), vectors.amax(dim=0)

    def standardised(self, vectors: Tensor) -> Tensor:
        """Stored vectors (B, D) as the network computes with them."""
        return (vectors - self.mean) / torch.where(self.spread > 0, self.spread, torch.inf)

    def stored(self, standardised: Tensor) -> Tensor:
        """Stored vectors (B, D) again, each number within the range that motions have."""
        return torch.clamp(self.mean + self.spread * standardised, self.lowest, self.highest)

    def completed(self, x: Tensor, lengths: Tensor, own: Tensor) -> Tensor:
        """Standardised vectors (B, D) of wholes, from pieces (B, T, C) of `lengths` (B,) with vectors `own` (B, D)."""
        pooled = nn.functional.dropout(self.pooled(x, lengths), self.settings.dropout, self.training)
        added: Tensor = self.projection(pooled)
        return self.kept * own + added


class SubmotionMapper:
    """A trained network, and the encoder that it was trained for."""

    architecture = ARCHITECTURE

    def __init__(self, network: Submotion, over: str, over_fingerprint: str, name: str | None = None) -> None:
        """
        Args:
            network: the trained network; it is put into evaluation mode.
            over: name of the encoder into whose space it maps.
            over_fingerprint: that encoder's fingerprint.
            name: what it calls itself; else as its architecture and that encoder.
        """
        self.network = network.eval()
        self.over = over
        self.over_fingerprint = over_fingerprint
        self.dimension = network.dimension
        self.name = name or f"{self.architecture}-{over}"
        self.fingerprint = fingerprint_of(self, _PREPROCESSING)

    @classmethod
    def from_content(cls, content: StoredContent) -> SubmotionMapper:
        """See StoredContent. FormatError if tensors and settings do not fit each other."""
        given = checked_settings(GruSettings, content.settings["network"])
        over, over_fingerprint = content.settings["over"], content.settings["over_fingerprint"]
        if not (isinstance(over, str) and isinstance(over_fingerprint, str)):
            raise FormatError("it does not say which encoder it maps into; the file is damaged")
        network = filled_network(content, lambda: Submotion(given))
        if not bool((network.lowest <= network.highest).all()):
            raise FormatError("the range of its vectors is empty; the file is damaged")
        return cls(network, over, over_fingerprint, content.name)

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        """All weights by name."""
        return network_arrays(self.network)

    def settings(self) -> dict[str, Any]:
        """What besides the weights decides its vectors, as JSON holds it."""
        return {
            "network": asdict(self.network.settings),
            "over": self.over,
            "over_fingerprint": self.over_fingerprint,
        }

    def check(self, encoder: WindowEncoder) -> None:
        """MRetrieveError where the mapper was trained for another encoder, or for other weights of it."""
        if (encoder.fingerprint, encoder.dimension) != (self.over_fingerprint, self.dimension):
            raise MRetrieveError(
                f"the sub-motion mapping {self.name} was trained over {self.over} {self.over_fingerprint[:12]}, not "
                f"over {encoder.name} {encoder.fingerprint[:12]}; train one with `mretrieve train submotion --over ...`"
            )

    def map(
        self, encoder: WindowEncoder, clips: Sequence[Clip], encoded: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Vectors (N, D) of the wholes that pieces are taken from, as `encoder` would store them.

        Args:
            encoder: the one that the mapper was trained for.
            clips: the pieces.
            encoded: `encoder.encode(clips)`, where that is known already.

        Raises:
            MRetrieveError: it is another encoder, or the mapper's file was damaged.
        """
        self.check(encoder)
        vectors = encoder.encode(clips) if encoded is None else encoded
        completed = np.empty((len(clips), self.dimension), np.float32)
        for row, clip in enumerate(clips):  # one by one: what else is asked changes no bit of an answer
            completed[row] = self._completed(clip, vectors[row : row + 1])
        # a stored vector has numbers that follow from the others: blending brings it back among those
        with np.errstate(all="ignore"):
            vectors = encoder.blend(completed[:, None], np.ones((len(clips), 1)))
        if not np.isfinite(vectors).all():
            raise MRetrieveError(f"the sub-motion mapping {self.name} gives no finite vectors; train or copy it again")
        return vectors

    def _completed(self, clip: Clip, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        inputs = torch.from_numpy(self.network.inputs(body_sequence(clip, self.network.settings.as_filmed)))[None]
        device = next(self.network.parameters()).device
        with torch.inference_mode():
            own = self.network.standardised(torch.from_numpy(vector.copy()).to(device))
            length = torch.tensor([clip.frame_count], device=device)
            whole = self.network.stored(self.network.completed(inputs.to(device), length, own))
        return np.asarray(whole[0].cpu().numpy(), np.float32)
