"""A trained network as an encoder: clips of any length in, vectors for the index out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import FormatError
from ..motion import Clip
from ..motion.spans import overlapping_spans
from .body_sequence import BodySequence, body_sequence
from .network_settings import checked_settings
from .systems.deephums import DeepHums, DeepHumsSettings
from .systems.gru import Gru, GruSettings
from .systems.mmd_nca import MmdNca, MmdNcaSettings
from .weights_file import fingerprint_of

#: Part of the fingerprint: to be raised whenever the same weights would give other vectors.
_PREPROCESSING = 1
_BATCH = 64
NETWORKS: dict[str, tuple[type[Any], type[Any]]] = {
    "mmd-nca": (MmdNcaSettings, MmdNca),
    "deephums": (DeepHumsSettings, DeepHums),
    "gru": (GruSettings, Gru),
}
Network = TypeVar("Network", bound=nn.Module)
Settings = MmdNcaSettings | DeepHumsSettings | GruSettings


def build_network(architecture: str, settings: Settings) -> nn.Module:
    """A network with fresh weights. ValueError for an unknown architecture."""
    if architecture not in NETWORKS:
        raise ValueError(f"no architecture {architecture!r}, only {', '.join(NETWORKS)}")
    network = NETWORKS[architecture][1](settings)
    assert isinstance(network, nn.Module)
    return network


@dataclass(frozen=True)
class Lengths:
    """How clips are cut before they are embedded, in frames.

    What is longer than `longest` is embedded as the mean of pieces of `piece` frames, `hop` apart and one at the end,
    which is how Coskun et al. (section 7.1) treat sequences of over 5 seconds.
    """

    longest: int = 150
    piece: int = 90
    hop: int = 60


class LearnedEncoder:
    """A network with its weights. The distance of two windows is |q - x|^2 / typical_distance.

    Stored as (x, |x|^2, 1) and asked as (2 q, -1, -|q|^2) / typical_distance, it is an inner product.
    """

    def __init__(
        self, architecture: str, network: nn.Module, typical_distance: float, lengths: Lengths, name: str | None = None
    ) -> None:
        """
        Args:
            architecture: a key of NETWORKS.
            network: the trained network; it is put into evaluation mode.
            typical_distance: mean squared distance of unrelated motions, which becomes 1.
            lengths: how long clips are cut.
            name: the name of its space in an index; else the architecture's.
        """
        self.name = name or architecture
        self.architecture = architecture
        self.network = network.eval()
        self.typical_distance = typical_distance
        self.lengths = lengths
        self.dimension = int(network.dimension) + 2  # type: ignore[arg-type]
        self._camera = getattr(network.settings, "view", "heading") == "camera"
        self.fingerprint = fingerprint_of(self, _PREPROCESSING)

    @classmethod
    def from_tensors(
        cls,
        architecture: str,
        tensors: Mapping[str, NDArray[Any]],
        settings: Mapping[str, Any],
        name: str | None = None,
    ) -> LearnedEncoder:
        """The encoder that `to_tensors` and `settings` describe. FormatError where they do not fit each other."""
        given = checked_settings(NETWORKS[architecture][0], settings["network"])
        lengths = checked_settings(Lengths, settings["lengths"])
        typical = float(settings["typical_distance"])
        if getattr(given, "layers", 0) > len(tensors):
            raise FormatError(f"weights do not fit {architecture}: {len(tensors)} tensors for {given.layers} layers")
        if not (0 < lengths.piece <= lengths.longest and lengths.hop > 0 and 0 < typical < math.inf):
            raise FormatError("its lengths or its typical distance cannot be; the file is damaged")
        network = filled_network(architecture, lambda: build_network(architecture, given), tensors)
        return cls(architecture, network, typical, lengths, name)

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        """All weights by name."""
        return network_arrays(self.network)

    def settings(self) -> dict[str, Any]:
        """What besides the weights decides its vectors, as JSON holds it."""
        return {
            "network": asdict(self.network.settings),  # type: ignore[call-overload]
            "typical_distance": self.typical_distance,
            "lengths": asdict(self.lengths),
        }

    def embed(self, clips: Sequence[Clip]) -> NDArray[np.float32]:
        """Embeddings (N, E) of clips as a whole, as the paper's metric compares them."""
        spans = [(body_sequence(clip, self._camera), np.array([[0, clip.frame_count]])) for clip in clips]
        return self._embed(spans)

    def attention(self, clip: Clip) -> NDArray[np.float32] | None:
        """How much each frame counts in the embedding of a clip (T,), of sum 1; None of networks without attention."""
        if not isinstance(self.network, MmdNca):
            return None
        sequence = body_sequence(clip)
        inputs = torch.from_numpy(self.network.inputs(sequence))[None]
        device = next(self.network.parameters()).device
        with torch.inference_mode():
            _, weights = self.network.with_attention(inputs.to(device), torch.tensor([clip.frame_count], device=device))
        return np.asarray(weights[0].cpu().numpy(), np.float32)

    def encode(self, clips: Sequence[Clip]) -> NDArray[np.float32]:
        """See Encoder."""
        return self._stored(self.embed(clips))

    def encode_windows(self, clip: Clip, windows: NDArray[np.integer]) -> NDArray[np.float32]:
        """See Encoder. ValueError for a window that is empty or leaves the clip."""
        windows = np.asarray(windows, np.int64).reshape(-1, 2)
        if (windows < 0).any() or (windows > clip.frame_count).any() or (windows[:, 0] >= windows[:, 1]).any():
            raise ValueError(f"windows are empty or leave the clip's {clip.frame_count} frames")
        return self._stored(self._embed([(body_sequence(clip, self._camera), windows)]))

    def as_queries(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """See Encoder."""
        queries = np.empty_like(vectors)
        queries[:, :-2] = 2 * vectors[:, :-2]
        queries[:, -2] = -vectors[:, -1]
        queries[:, -1] = -vectors[:, -2]
        return queries / np.float32(self.typical_distance)

    def blend(self, vectors: NDArray[np.float32], weights: NDArray[np.floating]) -> NDArray[np.float32]:
        """See Encoder. Means of embeddings of norm 1 are brought back to norm 1."""
        weights = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
        return self._stored(_normalised(np.einsum("nk,nkd->nd", weights, vectors[..., :-2])))

    def _stored(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        squares = np.einsum("nd,nd->n", embeddings, embeddings)[:, None]
        return np.concatenate([embeddings, squares, np.ones_like(squares)], axis=1)

    def _embed(self, spans: Sequence[tuple[BodySequence, NDArray[np.integer]]]) -> NDArray[np.float32]:
        """Embeddings (N, E) of windows (W, 2) of sequences, in their order."""
        owners: list[int] = []
        parts: list[tuple[BodySequence, int, int]] = []
        count = 0
        for sequence, windows in spans:
            for start, end in windows.tolist():
                pieces = self._pieces(start, end)
                parts += [(sequence, first, last) for first, last in pieces]
                owners += [count] * len(pieces)
                count += 1
        embedded = np.empty((len(parts), self.dimension - 2), np.float32)
        order = sorted(range(len(parts)), key=lambda part: parts[part][2] - parts[part][1])  # alike lengths together
        for first in range(0, len(order), _BATCH):
            rows = order[first : first + _BATCH]
            embedded[rows] = self._forward([parts[row] for row in rows])
        sums = np.zeros((count, self.dimension - 2), np.float32)
        np.add.at(sums, np.array(owners, np.int64), embedded)
        return _normalised(sums)

    def _pieces(self, start: int, end: int) -> list[list[int]]:
        cut = self.lengths
        if end - start <= cut.longest:
            return [[start, end]]
        pieces: list[list[int]] = overlapping_spans(start, end, cut.piece, cut.hop).tolist()
        return pieces

    def _forward(self, parts: Sequence[tuple[BodySequence, int, int]]) -> NDArray[np.float32]:
        longest = max(last - first for _, first, last in parts)
        inputs = None
        for row, (sequence, first, last) in enumerate(parts):
            cut = BodySequence(sequence.positions[first:last], sequence.rates[first:last], sequence.observed)
            values = self.network.inputs(cut)  # type: ignore[operator]
            if inputs is None:
                inputs = np.zeros((len(parts), longest, values.shape[1]), np.float32)
            inputs[row, : last - first] = values
        assert inputs is not None
        lengths = torch.tensor([last - first for _, first, last in parts])
        device = next(self.network.parameters()).device
        with torch.inference_mode():
            embeddings: Tensor = self.network(torch.from_numpy(inputs).to(device), lengths.to(device))
        return np.asarray(embeddings.cpu().numpy(), np.float32)


def network_arrays(network: nn.Module) -> dict[str, NDArray[Any]]:
    """All weights of a network by name."""
    return {key: value.detach().cpu().contiguous().numpy() for key, value in network.state_dict().items()}


def filled_network(architecture: str, build: Callable[[], Network], arrays: Mapping[str, NDArray[Any]]) -> Network:
    """What `build` makes, with the weights of `network_arrays`. FormatError where they do not fit it."""
    try:
        with torch.device("meta"):  # shapes without memory, until they are known to be those of the arrays
            network = build()
        weights = {key: torch.from_numpy(np.array(value)) for key, value in arrays.items()}
        for key, wanted in network.state_dict().items():
            if key in weights and weights[key].dtype != wanted.dtype:
                raise FormatError(f"weights {key} are {weights[key].dtype}, not {wanted.dtype}")
            if key in weights and not bool(torch.isfinite(weights[key]).all()):
                raise FormatError(f"weights {key} are not all finite: the training that made them diverged")
        network.load_state_dict(weights, assign=True)
    except (RuntimeError, ArithmeticError) as error:
        raise FormatError(f"weights do not fit {architecture}: {str(error).splitlines()[-1].strip()}") from None
    return network


def _normalised(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12))
