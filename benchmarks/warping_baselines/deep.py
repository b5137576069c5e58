"""DCTW: deep canonical time warping (Trigeorgis et al. 2018), in the way that Coskun et al. compare with it.

A recurrent network, MMD-NCA's inputs and LSTM without its attention (here torch's own LSTM), makes features of frames.
Batches are pairs of clips of one class. Dynamic time warping pairs the frames of each by their features, and the loss
is the negative sum of canonical correlations of the paired features of the batch, through which the network learns. The
two are made by turns, a path and a step at a time.

Any clip may be the query, so both sides have the same network and the same canonical map, which is the case where the
correlations are those of each pair in both orders. Clips are compared by warping of their canonical features.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_sequence, unpack_sequence

from mretrieve.encoders.body_sequence import body_sequence
from mretrieve.encoders.systems.mmd_nca import MmdNcaSettings, mmd_nca_inputs
from mretrieve.evaluation.distances import Distances
from mretrieve.kernels.warping import dtw_distances, dtw_path
from mretrieve.motion import Clip, LabelledClip

_FEATURES, _PAIRS, _LONGEST = 16, 25, 90
_RIDGE = 1e-2


class FrameNetwork(nn.Module):
    """Features of frames: a bidirectional LSTM and a linear layer."""

    def __init__(self, inputs: int, hidden: int = 128) -> None:
        super().__init__()
        self.lstm = nn.LSTM(inputs, hidden, bidirectional=True)
        self.project = nn.Linear(2 * hidden, _FEATURES)

    def forward(self, sequences: Sequence[Tensor]) -> list[Tensor]:
        """Features (T_i, F) of sequences (T_i, C)."""
        states, _ = self.lstm(pack_sequence(list(sequences), enforce_sorted=False))
        return unpack_sequence(states._replace(data=self.project(states.data)))


def frame_inputs(clip: Clip) -> Tensor:
    """(T, C) of `mmd-nca`."""
    return torch.from_numpy(np.ascontiguousarray(mmd_nca_inputs(body_sequence(clip), MmdNcaSettings())))


def correlation(first: Tensor, second: Tensor) -> Tensor:
    """Mean canonical correlation of paired features (N, F), of each pair in both orders, with one map."""
    both, turned = torch.cat([first, second]), torch.cat([second, first])
    mean = both.mean(dim=0)
    both, turned = both - mean, turned - mean
    own = _covariance(both)
    return torch.trace(torch.linalg.solve(own, both.T @ turned / len(both))) / len(own)


def _covariance(centred: Tensor) -> Tensor:
    """Of features (N, F), with a ridge."""
    own = centred.T @ centred / len(centred)
    return own + _RIDGE * torch.trace(own) / len(own) * torch.eye(len(own))


def _whitening(features: Tensor) -> Tensor:
    """(F, F): features times it have unit variance."""
    factor = torch.linalg.cholesky(_covariance(features - features.mean(dim=0)))
    return torch.linalg.inv(factor).T


def deep_distances(clips: Sequence[LabelledClip], updates: int, seed: int) -> Distances:
    """Root mean squared distances of canonical features along the warping path, of a network trained on these clips."""
    inputs = [frame_inputs(item.clip) for item in clips]
    network = trained(inputs, [item.label for item in clips], updates, seed).eval()
    with torch.inference_mode():
        whitening = _whitening(torch.cat(network(inputs)))

    def features(of: Sequence[Clip]) -> list[NDArray[np.float32]]:
        with torch.inference_mode():
            return [(each @ whitening).numpy() for each in network([frame_inputs(clip) for clip in of])]

    def between(queries: Sequence[Clip], gallery: Sequence[Clip]) -> NDArray[np.float64]:
        theirs = features(gallery)
        lengths = np.array([len(each) for each in theirs])
        ours = theirs if queries is gallery else features(queries)
        return np.stack([np.sqrt(dtw_distances(each, theirs) / (len(each) + lengths)) for each in ours])

    return Distances("dctw", between, squared=False)


def trained(inputs: Sequence[Tensor], labels: Sequence[str], updates: int, seed: int) -> FrameNetwork:
    """The network after `updates`, Adam at 1e-3."""
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    network = FrameNetwork(inputs[0].shape[1])
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    members = [np.flatnonzero(np.array(labels) == name) for name in sorted(set(labels))]
    for _ in range(updates):
        chosen = [generator.choice(members[generator.integers(len(members))], 2) for _ in range(_PAIRS)]
        features = network([_piece(inputs[clip], generator) for clip in np.ravel(chosen)])
        with torch.no_grad():
            whitening = _whitening(torch.cat(features))
            seen = [(each @ whitening).numpy() for each in features]
        first, second = [], []
        for pair in range(0, len(features), 2):
            path = torch.from_numpy(dtw_path(seen[pair], seen[pair + 1])[0]).long()
            first.append(features[pair][path[:, 0]])
            second.append(features[pair + 1][path[:, 1]])
        loss = -correlation(torch.cat(first), torch.cat(second))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return network


def _piece(inputs: Tensor, generator: np.random.Generator) -> Tensor:
    start = int(generator.integers(max(len(inputs) - _LONGEST, 0) + 1))
    return inputs[start : start + _LONGEST]
