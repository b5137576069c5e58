"""A trained network as an encoder: clips of any length in, vectors for the index out."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pkgutil import resolve_name
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import FormatError
from ..kernels.device.exact import full_float32
from ..motion import Clip
from ..motion.clip import overlapping_spans
from .body_sequence import BodySequence, body_sequence
from .catalogue import find_spec
from .embedding_network import EmbeddingNetwork, NetworkSettings, checked_settings
from .encoder import StoredContent, blended_numbers, checked_windows, fingerprint_of, query_vectors, stored_vectors

#: Part of the fingerprint: to be raised whenever the same weights would give other vectors.
_PREPROCESSING = 1
#: Windows or pieces of clips that pass the network together, on the CPU and on a GPU.
_BATCH, _GPU_BATCH = 64, 2048
Network = TypeVar("Network", bound=nn.Module)


def network_class(architecture: str) -> type[EmbeddingNetwork]:
    """The network of an architecture. ValueError if there is none."""
    spec = find_spec(architecture)
    if spec is None or spec.network is None:
        raise ValueError(f"no architecture {architecture!r} of a network")
    network: type[EmbeddingNetwork] = resolve_name(spec.network)
    return network


def build_network(architecture: str, settings: NetworkSettings) -> EmbeddingNetwork:
    """A network with fresh weights. ValueError if there is no such architecture."""
    build: Any = network_class(architecture)  # each has an __init__ of its own, which takes its settings
    network: EmbeddingNetwork = build(settings)
    return network


@dataclass(frozen=True)
class Lengths:
    """How clips are cut before they are embedded, in frames.

    Coskun et al. (section 7.1) treat sequences of over 5 seconds like this.

    Attributes:
        longest: longer clips are embedded as the mean of their pieces.
        piece: length of a piece.
        hop: distance between the starts of two pieces; the last piece ends with the clip.
    """

    longest: int = 150
    piece: int = 90
    hop: int = 60


class LearnedEncoder:
    """A network with its weights. The distance of two windows is |q - x|^2 / typical_distance."""

    def __init__(
        self,
        architecture: str,
        network: EmbeddingNetwork,
        typical_distance: float,
        lengths: Lengths,
        name: str | None = None,
    ) -> None:
        """
        Args:
            architecture: name of the network's `EncoderSpec`.
            network: the trained network; it is put into evaluation mode.
            typical_distance: mean squared distance of unrelated motions, which becomes 1.
            lengths: how long clips are cut.
            name: the name of its space in an index; else the architecture's.
        """
        self.name = name or architecture
        self.architecture = architecture
        self.network: EmbeddingNetwork = network.eval()
        self.typical_distance = typical_distance
        self.lengths = lengths
        self.dimension = network.dimension + 2
        self.fingerprint = fingerprint_of(self, _PREPROCESSING)

    @classmethod
    def from_content(cls, content: StoredContent) -> LearnedEncoder:
        """See StoredContent. FormatError if tensors and settings do not fit each other."""
        architecture = content.architecture
        given = checked_settings(network_class(architecture).settings_class, content.settings["network"])
        lengths = checked_settings(Lengths, content.settings["lengths"])
        typical = float(content.settings["typical_distance"])
        if given.depth > len(content.tensors):
            raise FormatError(
                f"weights do not fit {architecture}: {len(content.tensors)} tensors for {given.depth} layers"
            )
        if not (0 < lengths.piece <= lengths.longest and lengths.hop > 0 and 0 < typical < math.inf):
            raise FormatError("its lengths or its typical distance cannot be; the file is damaged")
        network = filled_network(content, lambda: build_network(architecture, given))
        return cls(architecture, network, typical, lengths, content.name)

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        """All weights by name."""
        return network_arrays(self.network)

    def settings(self) -> dict[str, Any]:
        """Everything but the weights that decides its vectors, as JSON holds it."""
        return {
            "network": asdict(self.network.settings),
            "typical_distance": self.typical_distance,
            "lengths": asdict(self.lengths),
        }

    def embed(self, clips: Sequence[Clip]) -> NDArray[np.float32]:
        """Embeddings (N, E) of clips as a whole, as the paper's metric compares them."""
        spans = [(self._sequence(clip), np.array([[0, clip.frame_count]])) for clip in clips]
        return self._embed(spans)

    def attention(self, clip: Clip) -> NDArray[np.float32] | None:
        """How much each frame counts in the embedding of a clip (T,), of sum 1; None for networks without attention."""
        inputs = torch.from_numpy(self.network.inputs(self._sequence(clip)))[None]
        device = self._device
        with torch.inference_mode():
            weights = self.network.frame_weights(inputs.to(device), torch.tensor([clip.frame_count], device=device))
        return None if weights is None else np.asarray(weights[0].cpu().numpy(), np.float32)

    def encode(self, clips: Sequence[Clip]) -> NDArray[np.float32]:
        """See WindowEncoder."""
        return stored_vectors(self.embed(clips))

    def encode_windows(self, clip: Clip, windows: NDArray[np.integer]) -> NDArray[np.float32]:
        """See WindowEncoder. ValueError for a window that is empty or leaves the clip."""
        return stored_vectors(self._embed([(self._sequence(clip), checked_windows(clip, windows))]))

    def on_device(self, device: torch.device) -> LearnedEncoder:
        """See DeviceEncoder. It computes in float32 there too."""
        moved = copy.copy(self)
        moved.network = copy.deepcopy(self.network).to(device)
        return moved

    def encode_all(self, clips: Sequence[Clip], windows: Sequence[NDArray[np.integer]]) -> list[NDArray[np.float32]]:
        """See DeviceEncoder."""
        checked = [checked_windows(clip, own) for clip, own in zip(clips, windows, strict=True)]
        spans = [(self._sequence(clip), own) for clip, own in zip(clips, checked, strict=True)]
        ends = np.cumsum([len(own) for own in checked])
        return np.split(stored_vectors(self._embed(spans)), ends[:-1])

    def as_queries(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """See WindowEncoder."""
        return query_vectors(vectors) / np.float32(self.typical_distance)

    def blend(self, vectors: NDArray[np.float32], weights: NDArray[np.floating]) -> NDArray[np.float32]:
        """See WindowEncoder. Means of embeddings of norm 1 are brought back to norm 1."""
        return stored_vectors(_normalised(blended_numbers(vectors, weights)))

    def _sequence(self, clip: Clip) -> BodySequence:
        return body_sequence(clip, self.network.settings.as_filmed)

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
        order = sorted(range(len(parts)), key=lambda part: parts[part][2] - parts[part][1])  # similar lengths together
        batch = _GPU_BATCH if self._device.type == "cuda" else _BATCH
        for first in range(0, len(order), batch):
            rows = order[first : first + batch]
            embedded[rows] = self._forward([parts[row] for row in rows])
        sums = np.zeros((count, self.dimension - 2), np.float32)
        np.add.at(sums, np.array(owners, np.int64), embedded)
        return _normalised(sums)

    @property
    def _device(self) -> torch.device:
        return next(self.network.parameters()).device

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
            values = self.network.inputs(cut)
            if inputs is None:
                inputs = np.zeros((len(parts), longest, values.shape[1]), np.float32)
            inputs[row, : last - first] = values
        assert inputs is not None
        lengths = torch.tensor([last - first for _, first, last in parts])
        device = self._device
        with torch.inference_mode(), full_float32() if device.type == "cuda" else nullcontext():
            embeddings: Tensor = self.network(torch.from_numpy(inputs).to(device), lengths.to(device))
        return np.asarray(embeddings.cpu().numpy(), np.float32)


def encoder_class(architecture: str) -> type[LearnedEncoder]:
    """The class of the encoder of an architecture, which is or derives from LearnedEncoder."""
    spec = find_spec(architecture)
    assert spec is not None
    code: type[LearnedEncoder] = resolve_name(spec.code)
    return code


def network_arrays(network: nn.Module) -> dict[str, NDArray[Any]]:
    """All weights of a network by name."""
    return {key: value.detach().cpu().contiguous().numpy() for key, value in network.state_dict().items()}


def filled_network(content: StoredContent, build: Callable[[], Network]) -> Network:
    """The network that `build` makes, with the weights of a file. FormatError if they do not fit it."""
    try:
        with torch.device("meta"):  # shapes without memory, until they are known to be those of the arrays
            network = build()
        weights = {key: torch.from_numpy(np.array(value)) for key, value in content.tensors.items()}
        for key, wanted in network.state_dict().items():
            if key in weights and weights[key].dtype != wanted.dtype:
                raise FormatError(f"weights {key} are {weights[key].dtype}, not {wanted.dtype}")
            if key in weights and not bool(torch.isfinite(weights[key]).all()):
                raise FormatError(f"weights {key} are not all finite: the training that made them diverged")
        network.load_state_dict(weights, assign=True)
    except (RuntimeError, ArithmeticError) as error:
        raise FormatError(f"weights do not fit {content.architecture}: {str(error).splitlines()[-1].strip()}") from None
    return network


def _normalised(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12))
